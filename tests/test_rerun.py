"""Each notebook, run afresh with its responses a trifle larger and smaller, and again from its end.

It must print the same both times, so that no number hangs on the last bit of the arithmetic, and
draw what is stored. (What it prints is compared with what is stored by nbval, which skips
pictures.) The run with larger ones is of the student's copy, where there is one; then every cell
runs again, in reverse order, without an error. Going back to a cell after the whole lesson is what
the lessons ask for: change a number, run again.
"""

import asyncio
import copy
import functools
import shutil
from pathlib import Path

import pytest
from not_yet import NOT_AGAIN

from mmteach.course import classroom
from mmteach.course.authoring import executing, lessons, pictures, ties

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
NAMES = list(classroom.originals(FOLDER, solutions=False))
PAIRS = lessons.pairs(FOLDER)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function of a notebook's place in the folder: what came of its run and of its rerun."""
    project = tmp_path_factory.mktemp("rerun")
    shutil.copytree(FOLDER, project / "notebooks")
    classroom.copy(project / "notebooks", project / "my_course")

    @functools.cache
    def once(name):
        path = project / ("my_course" if name in NAMES else "notebooks") / name
        return asyncio.run(there_and_back(path, ties.nudge(1 + ties.NUDGE), name in NAMES))

    return once


async def there_and_back(path, startup="", back=True):
    """(the notebook as a first run leaves it, [failed on the way back]): (first line, error)."""
    notebook, failed = lessons.read(path), []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    async with executing.session(notebook, path.parent, startup=startup) as client:
        await executing.execute(client)
        first = copy.deepcopy(notebook)
        executing.settle(first, copy.deepcopy(client.widget_state))
        client.allow_errors = True
        for number, cell in reversed(list(enumerate(notebook.cells)) if back else []):
            if cell.cell_type == "code":
                await client.async_execute_cell(cell, number)
                errors = [o for o in cell.outputs if o.output_type == "error"]
                failed += [(first_line(cell), f"{o.ename}: {o.evalue}") for o in errors]
    return first, failed


def first_line(cell):
    return cell.source.strip().split("\n")[0]


def place(notebook):
    return notebook.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].stem)
def test_numbers_do_not_hang_on_the_last_bit_and_pictures_are_those_stored(run, pair):
    script, notebook = pair
    larger, _ = run(place(notebook))
    assert lessons.unexecuted(larger.cells) == ""
    startup = ties.nudge(1 - ties.NUDGE) + ties.NO_PICTURES
    [smaller] = executing.fresh(script, startups=[startup])
    stored = lessons.read(notebook).cells
    found = ties.complaints(larger, smaller) + pictures.complaints(stored, larger.cells)
    assert not found, "\n" + "\n".join(f"{script.stem}, {line}" for line in found)


@pytest.mark.parametrize("name", NAMES)
def test_every_copy_runs_to_its_end_and_every_cell_again(run, name):
    _, up = run(name)  # an error on the way down is raised
    expected = NOT_AGAIN.get(Path(name).stem, ())
    again = dict(up)
    new = {line: error for line, error in again.items() if line not in expected}
    assert not new, "these cells cannot be run again after the lesson: " + repr(new)
    mended = [line for line in expected if line not in again]
    assert not mended, f"these run again now; take them off NOT_AGAIN: {mended}"


def test_exceptions_belong_to_lessons_that_exist():
    assert set(NOT_AGAIN) <= {Path(name).stem for name in NAMES}
    assert set(NAMES) <= {place(notebook) for _, notebook in PAIRS}


def trial(folder, *cells):
    import nbformat

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    nbformat.write(notebook, folder / "trial.ipynb")
    return folder / "trial.ipynb"


def test_a_cell_that_cannot_run_or_not_again_would_be_found(tmp_path):
    cells = ["names = ['a', 'b']", "both = dict(zip(names, (1, 2), strict=True))", "names = 3"]
    first, up = asyncio.run(there_and_back(trial(tmp_path, *cells)))
    assert [cell.execution_count for cell in first.cells] == [1, 2, 3]
    assert [line for line, _ in up] == [cells[1]] and "TypeError" in up[0][1]
    with pytest.raises(executing.BuildError, match="TypeError"):
        asyncio.run(there_and_back(trial(tmp_path, cells[2], cells[1])))
