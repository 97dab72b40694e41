"""Find numbers typed in a lesson's prose that no output of the lesson shows.

Checked are all decimals and all whole numbers from 13 upwards in markdown cells, those inside
$maths$ and alternative texts of pictures included. A number counts as shown when a text output
(print, table) holds one that rounds to it at the digits typed; pictures hold no text.

Left out, because they are not results:

* 0 to 12, 0.5, the usual levels (0.05, 0.95, 5 %, 95 %, 100 %, …);
* names with glued letters (G02, 24AL-1, lme4, 2nd), sub- and superscripts in maths;
* heading and list numbering, ``day 13``, ``cell 20``, ``equation 14`` and the like, minutes;
* versions (Python 3.11, lme4 1.1), years of citations, dates, URLs, DOIs, HTML tags;
* fenced code, and inline code unless it is nothing but a number;
* list items under a heading that names further reading, references or sources;
* folded answers (``<details>``): no output shows what a reader is asked to find. `folded` returns
  their text, so that the tests of a lesson can compute the numbers in it.

A cell may give another origin: ``numbers_from={"144.39": "lme4's printout"}`` in its metadata.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from .lessons import output_text

LEVELS = {Decimal(level) for level in ("0.5", "0.05", "0.01", "0.001", "0.95", "0.99")}
PERCENT_LEVELS = {Decimal(level) for level in (50, 90, 95, 99, 100)}
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

# a number as people and programs write it: 72, .671, 25,627.3, 12 360.9 (thin space), 7.64e-07
NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>(?<![\w)\]}])[-−])?"
    r"(?P<digits>\d{1,3}(?:[,\u2009\u202f\u00a0]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<power>[eE][-+−]?\d+)?"
    r"(?P<glued>[^\W\d]*)"
    r"(?P<percent>\s*(?:%|per\s?cent))?"
)
ROUGHLY = re.compile(
    r"(?:\b(?:about|roughly|nearly|almost|around|approximately|some)|≈|~)\s*[-−]?$", re.I
)

# what is no result: (pattern, what remains of it)
_PLACES = "day|cell|table|line|page|chapter|exercise|question|step|lesson|lecture|slip|appendix"
_NUMBERED = r"section|sect\.|figure|fig\.|equation|eq\."
_SOFTWARE = (
    "Python|JupyterLab|numpy|scipy|pandas|matplotlib|statsmodels|formulaic|ipywidgets|jupytext"
    "|nbval|pytest|lme4|lmerTest|pbkrtest|emmeans|nlme|CC BY|version"
)
_AND = r"\s*(?:,|and|or|to|–|-)\s*"
_YEAR = r"(?:1[89]|20)\d\d[a-z]?"
FOLDED = r"(?s)<details>(.*?)</details>"
CODE_AND_LINKS = (
    (FOLDED, " "),
    (r"(?ms)^[ \t>]*(```|~~~).*?^[ \t>]*\1[ \t]*$", " "),  # fenced code
    (r"(?s)<!--.*?-->", " "),
    (r"</?[A-Za-z][^<>]*>", " "),  # HTML tags
    (r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)", "] "),  # link targets
    (r"\b(?:https?|ftp)://\S+|\b(?:doi:\s*)?10\.\d{4,9}/\S+", " "),
    (r"`\s*([-−]?[\d.,]+\s*%?)\s*`", r" \1 "),  # inline code that is a bare number stays
    (r"`[^`]*`", " name "),
)
REFERENCES = (
    (r"(?m)^([ \t>]*#{1,6}\s+)\d+(?:\.\d+)*\.?(?=\s)", r"\1"),  # heading numbers
    (r"(?m)^([ \t>]*)\d+[.)](?=\s)", r"\1"),  # list numbers
    (rf"(?i)\b(?:{_PLACES})s?\s+\d+(?:{_AND}\d+)*\b(?![.,]\d)", " "),
    (rf"(?i)\b(?:{_NUMBERED})s?\s+\(?\d+(?:\.\d\d?)?(?:{_AND}\d+(?:\.\d\d?)?)*\b", " "),
    (rf"(?i)\b(?:{_SOFTWARE})\s+(?:version\s+)?(?:≥\s*)?\d(?:\.\d\d?){{0,2}}\b(?!\.\d)", " "),
    (r"\bR\s+(?:version\s+)?[34]\.\d+(?:\.\d+)?", " "),
    (r"\d+(?:\.\d+)?(?:\s*(?:–|-|to|or)\s*\d+)?[\s-]*(?:minutes?|min|hours?|seconds?)\b", " "),
    (r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}:\d\d(?::\d\d)?\b|\b\d+\.\d+\.\d+\b", " "),
    # Henderson (1975), (1971, 1975), (Patterson and Thompson, 1971; Searle 1992), in 1971
    (rf"\((?:see\s+)?{_YEAR}(?:\s*[,;]\s*{_YEAR})*\)", " "),
    (
        rf"\([^()]*[A-Z][^()]*[\s,]{_YEAR}\s*[;,)]?[^()]*\)",
        lambda found: re.sub(rf"(?<=[\s,]){_YEAR}(?=\s*[;,)])", " ", found[0]),
    ),
    (rf"(?i)\b(in|since|until|year)\s+{_YEAR}\b(?![.,]?\d)", r"\1 "),
)
READING = re.compile(r"further reading|references|sources", re.I)


class Number(NamedTuple):
    """A number with its precision: ``decimals`` is −2 for 25,600 after "about", 2 for 53.36."""

    text: str
    value: Decimal
    decimals: int
    percent: bool = False


def maths_as_prose(maths):
    """Return the numbers of a piece of LaTeX as plain text, sub- and superscripts removed.

    >>> maths_as_prose(r"\\hat\\sigma_{b}^{2} = 2906{,}5 \\times 10^{-3}").split()
    ['=', '2906,5e-3']
    """
    text = re.sub(r"\s*\\(?:times|cdot)\s*10\s*\^\s*\{?\s*([-−]?\d+)\s*\}?", r"e\1", maths)
    text = text.replace("{,}", ",").replace(r"\%", "%").replace(r"\approx", "≈")
    text = re.sub(r"(?<=\d)\\[,;:!](?=\d)", "\u2009", text)
    text = re.sub(r"\\\\\[[^\]]*\]|\\[hv]space\*?\{[^}]*\}", " ", text)  # lengths
    text = re.sub(r"\\[td]?frac\s*(\d)\s*(\d)", r" \1 / \2 ", text)
    inner = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
    text = re.sub(rf"[_^]\s*(?:{inner}|\\[A-Za-z]+(?:{inner})?|.)", " ", text)
    text = re.sub(r"\\(?:text|mathrm|textbf|mathbf)\s*\{", " {", text)
    return re.sub(r"\\[A-Za-z]+|\\.|[{}&]", " ", text)


def folded(markdown):
    """Return the text of a cell's folded answers.

    >>> folded("What is it? <details><summary>Answer</summary>It is 113.2.</details> So far.")
    '<summary>Answer</summary>It is 113.2.'
    """
    return "\n".join(re.findall(FOLDED, markdown))


def results_in(markdown):
    """Return `markdown` with everything blanked that is not prose about results."""
    text = markdown
    for pattern, rest in CODE_AND_LINKS:  # first, since they may hold a $
        text = re.sub(pattern, rest, text)
    for pattern in (
        r"(?s)(?<!\\)\$\$(.+?)\$\$",
        r"(?s)(?<![\\$])\$(?!\$)(.+?)(?<!\\)\$",
        r"(?s)\\begin\{(?:align|equation|gather)\*?\}(.+?)\\end",
    ):
        text = re.sub(pattern, lambda found: f" {maths_as_prose(found[1])} ", text)
    for pattern, rest in REFERENCES:
        text = re.sub(pattern, rest, text)
    return text


def _number(found, rough=False):
    digits = re.sub(r"[,\u2009\u202f\u00a0]", "", found["digits"])
    value = Decimal(digits + (found["power"] or "").replace("−", "-"))
    decimals = -value.as_tuple().exponent
    if rough and "." not in digits and not found["power"]:
        decimals = -(len(digits) - len(digits.rstrip("0")))
    if found["sign"]:
        value = -value
    return Number(found[0].strip(), value, decimals, bool(found["percent"]))


def typed_numbers(markdown):
    """Return the numbers of a markdown text that an output must show.

    >>> [n.text for n in typed_numbers("The 18 genotypes of 4 blocks: SED 113.20, G02 at −66.52.")]
    ['18', '113.20', '−66.52']
    """
    text = results_in(markdown)
    text = re.sub(
        r"(?<=\d)\s*[×x]\s*10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)",
        lambda found: "e" + found[1].translate(SUPERSCRIPTS),
        text,
    )
    text = re.sub(r"(?<=\d)\s+(?=e[-−]?\d)", "", text)
    numbers = []
    for found in NUMBER.finditer(text):
        whole = "." not in found["digits"] and not found["power"]
        named = re.search(r"[^\W\d]-$", text[: found.start()])  # the 1 of R-1 names, not counts
        if whole and (found["glued"] or (named and not found["sign"])):
            continue
        if found["sign"] and re.search(r"[^\W\d]$", text[: found.start()]):
            continue
        number = _number(found, bool(ROUGHLY.search(text[: found.start("digits")])))
        size = abs(number.value)
        small = whole and size <= 12
        level = size in LEVELS or (number.percent and size in PERCENT_LEVELS)
        if not (small or level):
            numbers.append(number)
    return numbers


def shown_numbers(text):
    """Return the numbers in a text output, each reading of an ambiguous comma included."""
    numbers = [_number(found) for found in NUMBER.finditer(text)]
    if "," in text:
        numbers += [_number(found) for found in NUMBER.finditer(text.replace(",", " "))]
    return numbers


def supports(shown, typed):
    """Return whether the number `shown` by an output rounds to the number `typed` in prose.

    An unsigned number in prose may stand for a negative output ("66.5 lower"); one typed with a
    minus needs a negative output. 67.1 % is also supported by 0.671.

    >>> supports(shown_numbers("SED 113.2040")[0], typed_numbers("113.20")[0])
    True
    >>> supports(shown_numbers("SED 113.2")[0], typed_numbers("113.20")[0])
    False
    """
    readings = [(typed.value, typed.decimals)]
    if typed.percent:
        readings.append((typed.value / 100, typed.decimals + 2))
    for value, decimals in readings:
        other = shown.value if value < 0 else abs(shown.value)
        exact_enough = shown.decimals >= decimals
        if exact_enough and abs(other - value) * 2 <= Decimal(1).scaleb(-decimals):
            return True
    return False


def _without_reading_list(source, in_reading):
    """Return (source without bibliographic list items, whether its end is in such a section)."""
    kept, in_item = [], False
    for line in source.split("\n"):
        if re.match(r"\s*#{1,6}\s", line):
            in_reading, in_item = bool(READING.search(line)), False
        elif re.match(r"\s*(?:[-*+]|\d+[.)])\s", line):
            in_item = True
        elif not line.strip() or not line.startswith((" ", "\t")):
            in_item = False
        if not (in_reading and in_item):
            kept.append(line)
    return "\n".join(kept), in_reading


def complaints(cells):
    """Return one sentence for each number in the prose of these cells that no output shows."""
    shown = [
        number
        for cell in cells
        if cell.cell_type == "code"
        for number in shown_numbers(output_text(cell.outputs))
    ]
    found, in_reading = [], False
    for position, cell in enumerate(cells):
        if cell.cell_type != "markdown":
            continue
        source, in_reading = _without_reading_list(cell.source, in_reading)
        origins = cell.metadata.get("numbers_from", {})
        unused = dict(origins)
        for typed in typed_numbers(source):
            if any(supports(number, typed) for number in shown):
                continue
            names = [name for name in origins if name in (typed.text, typed.text.lstrip("-−"))]
            for name in names:
                unused.pop(name, None)
            if not any(str(origins[name]).strip() for name in names):
                found.append(
                    f"cell {position}: the prose says {typed.text}, which no text output of this "
                    "lesson shows; print it in a code cell, correct it, or give its origin: "
                    f'numbers_from={{"{typed.text}": "…"}}'
                )
        found += [
            f"cell {position}: numbers_from names {name}, but the prose needs no origin for it; "
            "remove the entry"
            for name in unused
        ]
    return found
