"""The glossary, and that each of its terms is explained where the course first uses it."""

import contextlib
import io
import itertools
import re
from pathlib import Path

import pytest
from not_yet import UNEXPLAINED

from mmteach.course import glossary, terms
from mmteach.course.authoring import lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
READING_ORDER = sorted(
    (path for path in FOLDER.glob("*.py")),
    key=lambda path: (not path.stem[0].isdigit() and not path.stem.startswith("day"), path.stem),
)
# terms that are ordinary words, or that lessons may explain in other words than the glossary's
SEEN = {
    "Kenward-Roger": r"Kenward",
    "balanced": r"\bbalanced\b",
    "orthogonal": r"\borthogonal",
    "nested": r"\bnested\b",
    "crossed": r"\bcrossed\b",
    "conditional mode": r"\bconditional modes?\b",
    "partial pooling": r"\b(partial|no|complete) pooling\b",
    "pseudoreplication": r"\bpseudoreplicat",
    "shrinkage": r"\bshrink|\bshrunken|\bshrank",
    "plug-in": r"\bplug",
    "split-plot": r"\bsplit[- ]plot",
    "experimental unit": r"\bexperimental units?\b",
    "observational unit": r"\bobservational units?\b",
    "random effect": r"\brandom effects?\b",
    "fixed effect": r"\bfixed effects?\b",
    "contrast": r"\bcontrasts?\b",
    "profile": r"\bprofiled?\b",
    "BLUP": r"\bBLUPs?\b",
    "BLUE": r"\bBLUEs?\b",
    "SE": r"\bSEs?\b",
    "SED": r"\bSEDs?\b",
}
EXPLAINED = {
    "AIC": r"information criterion",
    "BIC": r"information criterion",
    "BLUE": r"best linear unbiased estimat",
    "BLUP": r"best linear unbiased predict",
    "GLS": r"generali[sz]ed least squares",
    "Kenward-Roger": r"degrees of freedom",
    "Satterthwaite": r"degrees of freedom",
    "balanced": r"equally often|same number|as many|complete|once|each|every",
    "orthogonal": r"as if|once|each|every|perpendicular|product|uncorrelated",
    "nested": r"inside|within|only|belong|special case",
    "crossed": r"each|every|both",
    "conditional mode": r"most probable|given the data|most likely",
    "partial pooling": r"between|own|alone",
    "pseudoreplication": r"same|one",
    "shrinkage": r"towards|toward|smaller|nearer|closer|keep",
    "plug-in": r"estimates? (are )?(put )?in|act as if|as if",
    "split-plot": r"plots",
    "experimental unit": r"at random|random|given|receive",
    "observational unit": r"measur|row|observ",
    "random effect": r"drawn|distribution|random amount|sample|at random|variance",
    "fixed effect": r"constant|coefficient|unknown|parameter|number",
    "contrast": r"difference|minus|add up|sum|zero",
    "profile": r"best|minim|other",
    "LRT": r"likelihood[- ]ratio",
    "ICC": r"intraclass correlation",
    "RCBD": r"complete block",
    "SED": r"standard errors? of (a|the) difference|standard errors?\b.*\bdifference",
    "CI": r"confidence interval",
}
CHECKED = sorted(
    {*SEEN, "REML", "ML", "SED", "SD", "df", "Satterthwaite", "GLS", "ICC", "LRT", "AIC", "BIC"}
    | {"RCBD", "CI"}
)


def prose(cell):
    """What a reader of a cell sees as words: no code, formulas or addresses.

    Nor tables: that of the days announces what comes, that of names translates.
    """
    text = re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", " ", cell.source, flags=re.S)
    text = re.sub(r"(?m)^\|.*$", " ", re.sub(r"\]\([^)]*\)", "]", text))
    return " ".join(re.sub(r"<[^>]*>", " ", text).replace("–", "-").split())


def without_appendix(cells):
    """The cells that are read in order: an appendix is looked up."""
    return itertools.takewhile(
        lambda cell: "appendix" not in lessons.heading(cell)[1].lower(), cells
    )


def first_use(term, cells):
    """(lesson, cell number, prose) where a term first occurs; None when it does not."""
    words = 0 if term[:2].isupper() else re.IGNORECASE  # ML is not ml, Nested is nested
    seen = re.compile(SEEN.get(term, rf"\b{re.escape(term)}\b"), words)
    for lesson, number, text in cells:
        if seen.search(text):
            return lesson, number, text
    return None


def is_explained(term, text):
    spelled = terms.TERMS[term].spelled
    words = EXPLAINED.get(term) or r"\W+".join(map(re.escape, re.split(r"\W+", spelled)))
    return re.search(words, text, re.IGNORECASE) is not None


@pytest.fixture(scope="module")
def cells():
    return [
        (path.stem, number, prose(cell))
        for path in READING_ORDER
        for number, cell in enumerate(without_appendix(lessons.read(path).cells))
        if cell.cell_type == "markdown"
    ]


@pytest.mark.parametrize("term", CHECKED)
def test_a_term_is_explained_where_the_course_first_uses_it(term, cells):
    found = first_use(term, cells)
    if found is None:
        assert term not in UNEXPLAINED, f"no lesson uses {term} now: take it off UNEXPLAINED"
        return
    lesson, number, text = found
    explained = is_explained(term, text)
    if UNEXPLAINED.get(term) == lesson:
        assert not explained, f"{term} is explained now: take it off UNEXPLAINED"
    else:
        assert explained, (
            f"{lesson}, cell {number} uses {term} for the first time: spell it out there "
            f"({terms.TERMS[term].spelled}): {text[:300]}"
        )


def test_the_lessons_are_read_in_their_order(cells):
    order = list(dict.fromkeys(lesson for lesson, _, _ in cells))
    assert order[:3] == ["00_start_here", "day1_linear_model", "day2_rcbd_fixed"]
    assert len(order) == len(list(FOLDER.glob("*.ipynb")))


@pytest.mark.parametrize(
    ("term", "text", "explained"),
    [
        ("REML", "REML, restricted maximum likelihood, estimates the variances", True),
        ("REML", "REML chooses the variances", False),
        ("SED", "the standard error of a difference (SED)", True),
        ("SED", "the standard error (SED)", False),
        ("nested", "Nested factors", False),
        ("BLUP", "its best linear unbiased predictor (BLUP)", True),
        ("GLS", "GLS weighs", False),
    ],
)
def test_an_unexplained_term_would_be_found(term, text, explained):
    assert first_use(term, [("a", 0, "nothing"), ("a", 1, text)]) == ("a", 1, text)
    assert is_explained(term, text) == explained


def test_names_in_code_and_addresses_are_no_uses():
    from nbformat.v4 import new_markdown_cell

    cell = new_markdown_cell("See `REML` in [here](REML.ipynb), $REML$ and <b title='REML'>x</b>.")
    assert prose(cell) == "See in [here], and x ."
    assert prose(new_markdown_cell("A table:\n\n| REML | ML |\n|---|---|")) == "A table:"


# --- the glossary itself ------------------------------------------------------------------------


@pytest.mark.parametrize("name", terms.TERMS)
def test_an_entry_is_one_plain_sentence(name):
    one = terms.TERMS[name]
    assert one.sentence.endswith(".") and one.sentence.count(". ") == 0 and one.sentence[0] != " "
    assert 30 < len(one.sentence) < 190 and "\n" not in one.sentence
    assert 1 <= one.day <= 9 and one.spelled


def test_what_the_course_asks_of_a_glossary_is_there():
    asked = {
        "REML",
        "ML",
        "BLUE",
        "BLUP",
        "SE",
        "SED",
        "df",
        "Satterthwaite",
        "Kenward-Roger",
        "GLS",
        "ICC",
        "balanced",
        "orthogonal",
        "nested",
        "crossed",
    }
    asked |= {"conditional mode"}
    assert asked <= set(terms.TERMS)
    assert set(CHECKED) <= set(terms.TERMS)
    assert set(terms.ALSO.values()) <= set(terms.TERMS)
    assert list(terms.TERMS) == sorted(terms.TERMS, key=str.lower)


@pytest.mark.parametrize(
    ("term", "first"),
    [
        ("REML", "REML: restricted maximum likelihood (day 4)"),
        ("reml", "REML: restricted maximum likelihood (day 4)"),
        ("Kenward–Roger", "Kenward-Roger: Kenward and Roger's method (day 6)"),
        ("degrees of freedom", "df: degrees of freedom (day 1)"),
        ("Random effects", "random effect (day 2)"),
        ("remll", "'remll' is not in the glossary; did you mean 'REML'?"),
        ("zzzzz", "'zzzzz' is not in the glossary; glossary() lists all"),
        (3, "3 is not in the glossary; glossary() lists all"),
        ([], "[] is not in the glossary; glossary() lists all"),
    ],
)
def test_a_term_is_found_as_people_write_it(term, first, capsys):
    assert glossary(term) is None
    assert capsys.readouterr().out.splitlines()[0] == first


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_all_of_it_prints_on_any_terminal(encoding):
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with contextlib.redirect_stdout(out):
        glossary()
    out.flush()
    lines = out.buffer.getvalue().decode(encoding).splitlines()
    heads = [line for line in lines if not line.startswith("  ")]
    assert len(heads) == len(terms.TERMS) and max(map(len, lines)) <= 100
    assert not any("?" in line for line in lines)


def test_the_words_of_the_first_lesson_are_in_the_glossary():
    text = "\n".join(cell.source for cell in lessons.read(READING_ORDER[0]).cells)
    listed = re.findall(r"(?m)^- \*\*([^*]+)\*\*: ", text.split("Appendix: words")[-1])
    assert len(listed) >= 15
    missing = [word for name in listed for word in name.split(", ") if not terms.find(word)]
    assert not missing, f"give {missing} a place in TERMS"


def test_the_course_hands_the_glossary_on():
    import mmteach.course.terms as module
    from mmteach import course

    assert course.glossary is glossary is module.glossary
