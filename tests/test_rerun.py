"""A student's copy runs to its end; then every cell runs again, in reverse order, without an error.

Going back to a cell after the whole lesson is what the lessons ask for: change a number, run again.
"""

import os
import shutil
from pathlib import Path

import pytest
from not_yet import NOT_AGAIN

from mmteach.course import classroom
from mmteach.course.authoring import lessons

ROOT = Path(__file__).parents[1]
NAMES = list(classroom.originals(ROOT / "notebooks", solutions=False))


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    project = tmp_path_factory.mktemp("rerun")
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    classroom.copy(project / "notebooks", project / "my_course")
    return project / "my_course"


def failures(path, profile):
    """([failed on the way down], [failed on the way up]): (first line, error) of each cell."""
    from nbclient import NotebookClient

    notebook = lessons.read(path)
    code = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    client = NotebookClient(
        notebook,
        timeout=120,
        allow_errors=True,
        kernel_name="python3",
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    env = {**os.environ, "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(profile)}

    def run(cells):
        failed = []
        for number, cell in cells:
            client.execute_cell(cell, number)
            errors = [o for o in cell.outputs if o.output_type == "error"]
            failed += [(first_line(cell), f"{o.ename}: {o.evalue}") for o in errors]
        return failed

    with client.setup_kernel(env=env):
        return run(code), run(code[::-1])


def first_line(cell):
    return cell.source.strip().split("\n")[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_copy_runs_to_its_end_and_every_cell_again(copies, tmp_path, name):
    down, up = failures(copies / name, tmp_path)
    assert down == []
    expected = NOT_AGAIN.get(Path(name).stem, ())
    again = dict(up)
    new = {line: error for line, error in again.items() if line not in expected}
    assert not new, "these cells cannot be run again after the lesson: " + repr(new)
    mended = [line for line in expected if line not in again]
    assert not mended, f"these run again now; take them off NOT_AGAIN: {mended}"


def test_exceptions_belong_to_lessons_that_exist():
    assert set(NOT_AGAIN) <= {Path(name).stem for name in NAMES}


def test_a_cell_that_cannot_run_again_would_be_found(tmp_path):
    import nbformat

    cells = ["names = ['a', 'b']", "both = dict(zip(names, (1, 2), strict=True))", "names = 3"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    nbformat.write(notebook, tmp_path / "trial.ipynb")
    down, up = failures(tmp_path / "trial.ipynb", tmp_path)
    assert down == [] and [line for line, _ in up] == [cells[1]] and "TypeError" in up[0][1]
