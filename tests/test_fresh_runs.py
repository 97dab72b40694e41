"""Each notebook, run afresh with its responses a trifle larger and smaller.

It must print the same both times, so that no number hangs on the last bit of the arithmetic, and
draw what is stored. (What it prints is compared with what is stored by nbval, which skips
pictures.)
"""

from pathlib import Path

import pytest

from mmteach.course.authoring import lessons, pictures, ties

FOLDER = Path(__file__).parents[1] / "notebooks"


@pytest.mark.parametrize("pair", lessons.pairs(FOLDER), ids=lambda pair: pair[0].stem)
def test_numbers_do_not_hang_on_the_last_bit_and_pictures_are_those_stored(pair):
    script, notebook = pair
    larger, smaller = ties.nudged_runs(script)
    stored = lessons.read(notebook).cells
    found = ties.complaints(larger, smaller) + pictures.complaints(stored, larger.cells)
    assert not found, "\n" + "\n".join(f"{script.stem}, {line}" for line in found)
