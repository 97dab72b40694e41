"""One notation through all days, and code that can be read: in the sources of the lessons."""

import re
from pathlib import Path

import pytest
from not_yet import LONG_LINES, OLD_NOTATION

from mmteach.course.authoring import lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
SCRIPTS = {path.stem: path for path, _ in lessons.pairs(FOLDER)}
LONGEST = 88
OLD = {
    "pupils": r"\b[Pp]upils?\b",
    "b_j for a random effect": r"(?<![A-Za-z\\])b_\{?[ij]\b|Z\}?\s*\\mathbf\{?\s*b\b|\bZb\b",
    "sigma_u for sigma_b": r"σ_u|sigma2?_\{?u\b|σ<sub>u",
    "rows u and v": r"\b[Rr]ows? \$?u\$?(,| and) \$?v\$?\b",
}
FIXED_WITH_U = "u for a fixed block effect"
SOURCES = pytest.mark.parametrize("name", SCRIPTS)


def old_notation(name, source, cells):
    """The kinds of old notation in one script."""
    found = {kind for kind, pattern in OLD.items() if re.search(pattern, source)}
    if name == "day2_rcbd_fixed":  # here u belongs to the other analysis, and that is said
        found |= {
            FIXED_WITH_U
            for cell in cells
            if re.search(r"\$u_|\\mathbf\{?\s*u\b|\$u\$|<b>u</b>", cell.source)
            and "random" not in cell.source
        }
    return found


def code_lines(cells):
    return [line for c in cells if c.cell_type == "code" for line in c.source.split("\n")]


@SOURCES
def test_a_symbol_keeps_its_meaning(name):
    cells = lessons.read(SCRIPTS[name]).cells
    found = old_notation(name, SCRIPTS[name].read_text(encoding="utf-8"), cells)
    listed = OLD_NOTATION.get(name, set())
    assert not found - listed, f"{name} uses {', '.join(sorted(found - listed))}"
    assert not listed - found, f"mended: take {sorted(listed - found)} off OLD_NOTATION[{name!r}]"


@SOURCES
def test_lines_of_code_can_be_read(name):
    lines = code_lines(lessons.read(SCRIPTS[name]).cells)
    long = [line for line in lines if len(line) > LONGEST]
    allowed = LONG_LINES.get(name, 0)
    assert len(long) <= allowed, f"{name}: over {LONGEST} characters:\n" + "\n".join(long)
    assert len(long) == allowed, f"LONG_LINES[{name!r}] can be lowered to {len(long)}"


@pytest.mark.parametrize("listed", [OLD_NOTATION, LONG_LINES])
def test_exceptions_belong_to_files_that_exist(listed):
    assert set(listed) <= set(SCRIPTS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Twelve pupils", "pupils"),
        (r"y_{ij} = \mu + b_j + e", "b_j for a random effect"),
        (r"$\mathbf Z\mathbf b$", "b_j for a random effect"),
        (r"\sigma_u^2", "sigma_u for sigma_b"),
        ("sigma2_u = 3", "sigma_u for sigma_b"),
        ("Rows $u$ and $v$ are one student", "rows u and v"),
        (
            r"$\beta_j$, $\sigma_b$, $u_j$, \mathbf{u}, \mathbf A\mathbf x = \mathbf b, rows i and i'",
            None,
        ),
    ],
)
def test_old_notation_would_be_found(text, kind):
    assert old_notation("x", text, []) == ({kind} if kind else set())


def test_u_of_a_fixed_block_would_be_found():
    from nbformat.v4 import new_markdown_cell

    wrong = new_markdown_cell("The block effect $u_j$ is a coefficient.")
    right = new_markdown_cell("With blocks random, $u_j$ is drawn.")
    assert old_notation("day2_rcbd_fixed", "", [wrong]) == {FIXED_WITH_U}
    assert old_notation("day2_rcbd_fixed", "", [right]) == set()
