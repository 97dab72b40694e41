"""The page on other notes holds thirteen slips, each with the number that decides, and it is right."""

import re
from pathlib import Path

import pytest

from mmteach.course.authoring import lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
CELLS = lessons.read(FOLDER / "other_notes.ipynb").cells


def decided():
    """{number of the slip: what the cell after its heading prints}."""
    found, slip = {}, None
    for cell in CELLS:
        if cell.cell_type == "markdown":
            slips = re.findall(r"(?m)^### Slip (\d+) \(days? \d", cell.source)
            slip = int(slips[-1]) if slips else None
        elif slip:
            found[slip] = lessons.output_text(cell.outputs)
    return found


# the numbers of the lectures' own data, and of the package's references
NUMBERS = {
    1: ("0 else: 2", "1 else: 1"),
    2: ("375.17", "363.95"),
    3: ("0.0078 higher",),
    4: ("R: 25627, V: 28533",),
    5: ("90.18", "60.52", "0.671"),
    6: ("0.102", "0.671"),
    7: ("ML   statistic 0.2648, p 0.607", "REML statistic 0.2560, p 0.613", "mixture 0.306"),
    8: ("45 rows, 15 pens", "252", "84"),
    9: ("formula: 250, from the fit: 250",),
    10: ("(1 || subject): variances of ['Intercept']", "['Intercept', 'days']"),
    11: ("mean known 100.0, ML 47.9, REML 100.0",),
    12: ("formula 84.1, search 51.7",),
    13: ("252.89", "169.99", "72.31"),
}


def test_every_slip_has_its_number():
    assert sorted(decided()) == sorted(NUMBERS) == list(range(1, 14))


@pytest.mark.parametrize("slip", sorted(NUMBERS))
def test_the_number_decides(slip):
    shown = decided()[slip]
    assert all(number in shown for number in NUMBERS[slip]), shown


def test_the_lessons_keep_the_slips_that_students_make():
    """A box of a lesson is about a student's mistake; a printed one is found here alone."""
    for path in FOLDER.glob("day*.ipynb"):
        text = "\n".join(cell.source for cell in lessons.read(path).cells)
        for words in ("1 else", "(1 || subject", "treats the mean as known", "that is a $u$"):
            assert words not in text, f"{path.stem}: {words}"  # day 3 explains (1 || s) itself
