"""Each rule for lessons finds its breach and accepts its remedy."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mmteach.course.authoring import lesson_rules as rules
from mmteach.course.authoring import lessons

SLIDE = {"slideshow": {"slide_type": "slide"}}


def text(source, **metadata):
    return new_markdown_cell(source, metadata=metadata)


def code(source, *outputs, count=1, **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def stream(name, words):
    return new_output("stream", name=name, text=words)


def test_one_title():
    assert rules.one_title([text("# A"), text("## B"), text("```\n# a comment\n```")]) == []
    assert "begin the lesson" in rules.one_title([text("## A")])[0]
    assert "cell 1: a second" in rules.one_title([text("# A"), text("words\n\n# B")])[0]
    assert rules.one_title([text("words"), text("# B")])


def test_slides_marked():
    assert rules.slides_marked([text("a", **SLIDE), code("b", slideshow={"slide_type": "-"})]) == []
    assert "cell 1" in rules.slides_marked([text("a", **SLIDE), text("b")])[0]
    assert rules.slides_marked([text("a", slideshow={"slide_type": "slyde"})])


def test_minutes_planned():
    cells = [text("# T"), text("## A", minutes=30), text("## B", minutes=12.5)]
    assert rules.minutes_planned(cells, 40, 70) == []
    assert "add up to 42.5" in rules.minutes_planned(cells, 50, 70)[0]
    assert "no minutes" in rules.minutes_planned([text("## A")])[0]
    assert "no number" in rules.minutes_planned([text("## A", minutes="5")])[0]
    assert "heading cell" in rules.minutes_planned([text("words", minutes=5)])[0]


def test_short_cells():
    long = "\n\n".join(["x = 1"] * 31)
    assert "31 lines" in rules.short_cells([code(long)])[0]
    assert rules.short_cells([code(long, tags=["shown-source"])]) == []
    assert rules.short_cells([code("\n\n".join(["x = 1"] * 30))]) == []


def test_prose_between():
    imports, load = code("import mmteach as mm"), code('d = mm.load("sorghum")\nd.head()')
    assert rules.prose_between([imports, load, text("then"), code("x")]) == []
    assert "cell 2" in rules.prose_between([imports, load, code("x")])[0]
    assert rules.prose_between([load, imports])
    assert rules.prose_between([imports, code("x = 1")])


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from urllib.request import urlopen",
        "def f():\n    import socket",
        'import importlib\nimportlib.import_module("http.client")',
        "!pip install lme4",
        "%pip install lme4",
        "%%bash\nwget x",
        "files = !ls",
        "import subprocess",
        'import os\nos.system("x")',
        'import pandas as pd\npd.read_csv("https://example.org/a.csv")',
        'pd.read_csv(filepath_or_buffer="http://" + host)',
        'sm.datasets.get_rdataset("oats")',
    ],
)
def test_a_cell_that_reaches_out_is_found(source):
    (complaint,) = rules.self_contained([code(source)])
    assert complaint.startswith("cell 0")


@pytest.mark.parametrize(
    "source",
    [
        '%matplotlib inline\nimport numpy as np\nprint("see https://example.org")',
        'd = mm.load("sorghum")\nassert not d.isna().any().any()',
        'from IPython.display import Markdown\nMarkdown("[site](https://example.org)")',
        "a != b",
    ],
)
def test_a_cell_that_stays_at_home_passes(source):
    assert rules.self_contained([code(source)]) == []


def test_tidy_cells():
    cells = [text("b", **SLIDE), code("c", minutes=5)]
    for number, cell in enumerate(cells):
        cell.id = lessons.cell_id(number, cell)
    assert rules.tidy_cells(cells) == []
    cells[1].id = cells[0].id
    (complaint,) = rules.tidy_cells(cells)
    assert complaint.startswith("cell 1: its id") and "--force" in complaint
    cells[1].id = lessons.cell_id(1, cells[1])
    cells[1].metadata["collapsed"] = True
    (complaint,) = rules.tidy_cells(cells)
    assert complaint.startswith("cell 1: its metadata hold collapsed;") and "--force" in complaint


def test_clean_outputs():
    good = [
        code("x", stream("stdout", "1.5\n")),
        code("w", stream("stderr", "careful"), tags=["warning-shown"]),
    ]
    assert rules.clean_outputs(good) == []
    error = new_output("error", ename="ValueError", evalue="no", traceback=[])
    assert "ValueError" in rules.clean_outputs([code("x", error)])[0]
    assert "warns" in rules.clean_outputs([code("x", stream("stderr", "careful"))])[0]
    live = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}})
    assert "live widget" in rules.clean_outputs([code("x", live)])[0]
    for words in ("<f at 0x7f12ab34>", "/home/ada/x.csv", "C:\\Users\\ada"):
        assert "every machine" in rules.clean_outputs([code("x", stream("stdout", words))])[0]


def test_honest_comparison():
    skip = {"tags": ["nbval-ignore-output"]}
    widget = "interact(draw, ratio=(0, 1, 0.1))"
    assert (
        rules.honest_comparison([code(widget, **skip), code("from ipywidgets import interact")])
        == []
    )
    assert "add tags" in rules.honest_comparison([code(widget)])[0]
    assert "hides" in rules.honest_comparison([code("print(1)", **skip)])[0]
    assert "hides" in rules.honest_comparison([code("# NBVAL_SKIP\nprint(1)")])[0]
    assert "hides" in rules.honest_comparison([code("1/0", tags=["raises-exception"])])[0]


def test_executed_in_order():
    assert lessons.unexecuted([code("a", count=1), text("b"), code("c", count=2)]) == ""
    assert "cell 1" in lessons.unexecuted([code("a", count=1), code("c", count=None)])
    assert "cell 0" in lessons.unexecuted([code("a", count=2)])


def test_rhythm_counts_what_is_there():
    picture = new_output("display_data", {"image/png": "…"})
    line = rules.rhythm([text("a"), code("x\n\ny", picture), code("z\n" * 5)])
    assert line == "3 cells, 2 of code (median 3.5 lines, longest 5), 1 pictures"
