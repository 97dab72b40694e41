"""The two lessons of a pair on one page: complete, self-contained, what differs marked."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mmteach.__main__ import main as command
from mmteach.course.authoring import lessons, pair_page

FOLDER = Path(__file__).parents[1] / "notebooks"
FIXED, MIXED = (FOLDER / f"day2_rcbd_{kind}.ipynb" for kind in ("fixed", "mixed"))
VOID = {"meta", "img", "br", "hr", "link", "input"}


@pytest.fixture(scope="module")
def page():
    return pair_page.page(FIXED, MIXED)


@pytest.fixture(scope="module")
def text(page):
    """What a reader sees, with single blanks."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", bare)).split())


class Balance(HTMLParser):
    """Whether every tag is closed, in its order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append((tag, self.getpos()))


def test_the_page_is_sound_and_the_same_each_time(page):
    balance = Balance()
    balance.feed(page)
    assert balance.wrong == [] and balance.open == []
    assert "\ue000" not in page and page == pair_page.page(FIXED, MIXED)


def test_the_page_needs_no_network(page):
    targets = re.findall(r'\b(?:src|href|data|poster)="([^"]*)"', page)
    assert len(targets) > 20
    for target in targets:
        assert target.startswith(("data:image/png;base64,", "#", "https://", "http://")), target
    assert not re.search(r'src="https?:', page)
    assert not re.search(r"<(script|link|iframe)\b|@import|url\(", page)


def test_each_section_stands_once_in_its_order(page):
    shown = [unescape(title) for title in re.findall(r"<h2>(.*?)</h2>", page)]
    titles = [
        title for level, title in map(lessons.heading, lessons.read(FIXED).cells) if level == 2
    ]
    assert shown == titles and len(titles) >= 12
    for number, title in enumerate(titles, start=1):
        assert f'<a href="#s{number}">{pair_page.escape(title)}</a>' in page
        assert f'<section id="s{number}">' in page


@pytest.mark.parametrize("path", [FIXED, MIXED], ids=lambda path: path.stem)
def test_all_code_and_all_outputs_are_there(path, page, text):
    bare = re.sub(r"</?mark>", "", page)
    for cell in lessons.read(path).cells:
        if cell.cell_type == "markdown":
            continue
        assert pair_page.escape(cell.source) in bare
        for output in cell.outputs:
            if output.output_type == "stream":
                assert " ".join(output.text.split()) in text
            elif "image/png" in output.data:
                assert "".join(output.data["image/png"].split()) in page


@pytest.mark.parametrize("path", [FIXED, MIXED], ids=lambda path: path.stem)
def test_all_prose_is_there(path, text):
    letters = re.sub(r"[\s≠]+", "", text)
    for cell in lessons.read(path).cells:
        if cell.cell_type == "markdown" and "$" not in cell.source and "|" not in cell.source:
            source = re.sub(r"(?m)^(#+|>|\d+\.|-) ?|^ +", "", cell.source)
            source = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*`_]", r"\1", source)
            for line in filter(None, map(str.strip, source.split("\n"))):
                found = re.sub(r"[\s≠]+", "", unescape(line))
                assert found in letters or "[" in cell.source or "_" in cell.source, line


def test_what_both_share_stands_once(page):
    cells = zip(lessons.read(FIXED).cells, lessons.read(MIXED).cells, strict=True)
    shared = [a.source for a, b in cells if a.source == b.source and a.cell_type == "code"]
    assert len(shared) >= 5
    bare = re.sub(r"</?mark>", "", page)
    for source in shared:
        code = f'<div class="both"><pre class="code">{pair_page.escape(source)}</pre></div>'
        assert bare.count(code) == 1


def test_what_differs_is_marked(page):
    assert "<mark>Kenward-Roger</mark>" in page and "print(mm.anova(<mark>fixed</mark>))" in page
    assert page.count("<mark>") > 100 and page.count('class="other') > 20


def test_formulas_are_set_as_mathml(page):
    pytest.importorskip("latex2mathml")
    assert page.count("<math") > 60 and 'class="tex"' not in page
    bare = re.sub(r"<(pre|code|style)\b.*?</\1>", "", page, flags=re.S)
    assert "$" not in bare and "\\mathbf" not in bare
    assert page.count("class='prime'") == page.count("&#x2032;") > 5 and "&#x02032;" not in page


def test_without_latex2mathml_formulas_can_be_read(monkeypatch):
    import sys

    for name in ("latex2mathml", "latex2mathml.converter"):
        monkeypatch.setitem(sys.modules, name, None)
    page = pair_page.page(FIXED, MIXED)
    assert "<math" not in page and page.count('class="tex"') > 60
    formulas = re.findall(r'class="tex">([^<]*)<', page)
    assert not [one for one in formulas if re.search(r"\\|[{}$]|mathbf|hat", one)]
    assert any("σ_b²" in one for one in formulas)
    assert "β̂ = (X′V⁻¹X)⁻¹X′V⁻¹y" in [unescape(one) for one in formulas]
    assert not any("qquad" in one or "mid" in one for one in formulas)


# --- the parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "marked"),
    [
        (
            "<p>a b c</p>",
            "<p>a x c</p>",
            ("<p>a <mark>b</mark> c</p>", "<p>a <mark>x</mark> c</p>"),
        ),
        ("<p>a b</p>", "<p>a b c d</p>", ("<p>a b</p>", "<p>a b <mark>c d</mark></p>")),
        (
            "a <b>b</b> c d",
            "a <b>x</b> c d",
            ("a <b><mark>b</mark></b> c d", "a <b><mark>x</mark></b> c d"),
        ),
        (
            "SE 84.46 &lt; 9 a",
            "SE 80.04 &lt; 9 a",
            ("SE <mark>84.46</mark> &lt; 9 a", "SE <mark>80.04</mark> &lt; 9 a"),
        ),
        # one word alike between two that differ does not break up a mark
        ("p q r x s", "p t r u s", ("p <mark>q r x</mark> s", "p <mark>t r u</mark> s")),
    ],
)
def test_marks(left, right, marked):
    assert pair_page.marked(left, right, []) == marked


def test_a_formula_differs_by_its_tex_not_by_its_number():
    kept = [("x", False), ("y", False), ("x", False), ("z", False)]
    left, right = "\ue0000\ue001 and then \ue0001\ue001", "\ue0002\ue001 and then \ue0003\ue001"
    assert pair_page.marked(left, right, kept) == (
        "\ue0000\ue001 and then <mark>\ue0001\ue001</mark>",
        "\ue0002\ue001 and then <mark>\ue0003\ue001</mark>",
    )
    assert pair_page.row("\ue0000\ue001", "\ue0002\ue001", kept).count('class="both"') == 1


def test_a_paragraph_that_differs_throughout_bears_one_sign():
    same = "<p>one two three four five six</p>"
    left = f"{same}<p>a b c d e f g h</p>"
    right = f'{same}<pre class="code">s t u v w x y z</pre>'
    assert pair_page.marked(left, right, []) == (
        f'{same}<p class="other">a b c d e f g h</p>',
        f'{same}<pre class="other code">s t u v w x y z</pre>',
    )


def test_formulas_and_code_are_told_apart():
    kept = []
    html = pair_page.markdown(
        "Cost $x_i$ and `$HOME`:\n\n$$\ny < 1\n$$\n\n| $a|b$ | 3 |\n|-|-|", ".", kept
    )
    assert kept == [("x_i", False), ("\ny < 1\n", True), ("a|b", False)]
    assert "<code>$HOME</code>" in html and "<table>" in html


@pytest.fixture
def trial(tmp_path, monkeypatch):
    """A pair of two small lessons whose sections are not equally long."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    for name, cells in {
        "day7_one": [
            new_markdown_cell("# Trial: one"),
            new_markdown_cell("## 1. First\n\nShared."),
            new_code_cell("1 + 1", outputs=[new_output("stream", text="2 < 3\n")]),
        ],
        "day7_two": [
            new_markdown_cell("# Trial: two\n\nMore <b>words</b>."),
            new_markdown_cell("## 1. First\n\nShared."),
            new_code_cell("1 + 1", outputs=[new_output("stream", text="2 < 4\n")]),
            new_markdown_cell("Only here, [see](day7_one.ipynb)."),
            new_markdown_cell("## 2. Second\n\n<details><summary>Answer</summary>Yes.</details>"),
        ],
        "day8_alone": [new_markdown_cell("# Alone")],
    }.items():
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pair_of_unequal_lessons(trial, capsys):
    assert command(["pair", "day7", "--out", "pages/new"]) == 0
    path = trial / "pages" / "new" / "day7_side_by_side.html"
    assert "day7_one and day7_two" in capsys.readouterr().out
    page = path.read_text(encoding="utf-8")
    balance = Balance()
    balance.feed(page)
    assert balance.wrong == [] == balance.open
    assert "<title>Trial: one and two</title>" in page
    assert '<div class="both"><p>Shared.</p>' in page
    assert "<pre>2 &lt; <mark>3</mark></pre>" in page and "<pre>2 &lt; <mark>4</mark></pre>" in page
    assert '<div class="blank"></div><div class="right"><p>Only here, <span>see</span>.' in page
    assert "<details><summary>" in page and "<h2>2. Second</h2>" in page
    assert command(["pair", "day7", "--out", "pages/new", "--answers"]) == 0
    assert "<details open><summary>" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("day8", "day8_alone"),
        ("dya7", "no lesson begins with 'dya7'"),
        ("day", "day7_one, day7_two"),
    ],
)
def test_what_is_no_pair_is_named(trial, capsys, day, words):
    assert command(["pair", day]) == 2
    assert words in capsys.readouterr().err
    assert not list(trial.glob("*.html"))
