"""`python -m mmteach start`: copies without outputs, and nothing of the student's is ever lost."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from mmteach.__main__ import main as command
from mmteach.course import classroom
from mmteach.course.authoring import lessons

ROOT = Path(__file__).parents[1]
NAMES = list(classroom.originals(ROOT / "notebooks"))
LESSON, EXERCISE = "day4_reml_from_scratch.ipynb", "exercises/day2_exercises.ipynb"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A project of the lessons alone, in a folder whose name is not plain."""
    project = tmp_path_factory.mktemp("classroom") / "mixed models, 2 ü"
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", project)
    return project


@pytest.fixture(scope="module")
def copies(checkout):
    """The copies of a first start."""
    classroom.copy(checkout / "notebooks", checkout / "my_course")
    return checkout / "my_course"


@pytest.fixture
def own(checkout):
    """Copies that a test may spoil, and the lessons they come from."""
    project = checkout / "spoilt"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(checkout / "notebooks", project / "notebooks")
    shutil.copy(ROOT / "pyproject.toml", project)
    classroom.copy(project / "notebooks", project / "my_course")
    return project / "my_course"


def again(folder, **options):
    return classroom.copy(folder.parent / "notebooks", folder, **options)


def edit(path, change):
    notebook = lessons.read(path)
    change(notebook.cells)
    nbformat.write(notebook, path)


def type_in(path, text="my_answer = 42"):
    edit(path, lambda cells: cells[-1].update(source=text + "\n" + cells[-1].source))


def links(path):
    """The local targets of a notebook's links and pictures."""
    text = "\n".join(c.source for c in lessons.read(path).cells if c.cell_type == "markdown")
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) + re.findall(r'(?:src|href)="([^"#]+)', text)
    return [target for target in found if "://" not in target]


# --- what is made -------------------------------------------------------------------------------


def test_every_lesson_and_every_exercise_is_copied():
    expected = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    expected |= {
        f"exercises/{path.name}" for path in (ROOT / "notebooks/exercises").glob("*.ipynb")
    }
    assert set(NAMES) == expected and len(NAMES) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_no_copy_holds_an_output(copies, name):
    original, copy = lessons.read(ROOT / "notebooks" / name), lessons.read(copies / name)
    nbformat.validate(copy)
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert len(code) > 2
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert [cell.id for cell in copy.cells] == [cell.id for cell in original.cells]
    assert [c.source for c in code] == [c.source for c in original.cells if c.cell_type == "code"]


def test_no_copy_has_a_script_beside_it(copies):
    assert list(copies.rglob("*.py")) == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(copies, name):
    missing = [
        link for link in links(copies / name) if not (copies / name).parent.joinpath(link).exists()
    ]
    assert not missing


def test_solutions_are_linked_where_they_are_and_copied_on_demand(own):
    start = own / "00_start_here.ipynb"
    before = [link for link in links(start) if "solutions" in link]
    assert before and all(link.startswith("../notebooks/solutions/") for link in before)
    assert not (own / "solutions").exists()
    report = again(own, solutions=True)
    there = list((own.parent / "notebooks" / "solutions").glob("*.ipynb"))
    assert len(report.new) == len(there) >= 4 and "00_start_here" in report.refreshed
    after = [link for link in links(start) if "solutions" in link]
    assert len(after) == len(before) and all(link.startswith("solutions/") for link in after)
    report = again(own)  # once there, they are looked after
    assert "solutions/day4_solutions" in report.same and report.new == report.refreshed == []


def test_outside_the_project_no_link_is_dead(checkout, tmp_path):
    classroom.copy(checkout / "notebooks", tmp_path / "mine")
    names = list(classroom.originals(checkout / "notebooks"))
    for name in names:
        path = tmp_path / "mine" / name
        assert all((path.parent / link).exists() for link in links(path)), name
    text = (tmp_path / "mine" / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert "solutions/day" not in text


# --- no script twin, by jupytext itself -----------------------------------------------------------


@pytest.mark.parametrize(("folder", "twin"), [("my_course", False), ("notebooks", True)])
def test_saving_in_jupyter_makes_a_script_beside_a_lesson_but_not_beside_a_copy(own, folder, twin):
    import jupytext

    class Server(jupytext.TextFileContentsManager):
        pass

    server = Server(root_dir=str(own.parent))
    script = own.parent / folder / LESSON.replace(".ipynb", ".py")
    script.unlink(missing_ok=True)
    model = server.get(f"{folder}/{LESSON}")
    server.save(model, f"{folder}/{LESSON}")
    model = server.get(f"{folder}/{EXERCISE}")
    server.save(model, f"{folder}/{EXERCISE}")
    assert script.exists() == twin
    assert "jupytext" not in json.loads((own / LESSON).read_text(encoding="utf-8"))["metadata"]


# --- a second start -------------------------------------------------------------------------------


def test_a_second_start_touches_nothing(own):
    files = list(own.rglob("*.ipynb")) + list((own / "figures").iterdir())
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    report = again(own)
    assert len(report.same) == len(NAMES)
    assert not (report.new or report.refreshed or report.changed or report.kept)
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files} == before


def test_what_the_student_changed_survives(own):
    type_in(own / EXERCISE)
    before = (own / EXERCISE).read_bytes()
    report = again(own)
    assert (
        report.changed == ["exercises/day2_exercises"] and (own / EXERCISE).read_bytes() == before
    )
    report = again(own)  # nor does the second time make a difference
    assert (
        report.changed == ["exercises/day2_exercises"] and (own / EXERCISE).read_bytes() == before
    )


def test_a_newer_lesson_replaces_an_unchanged_copy_only(own):
    course = own.parent / "notebooks"
    for name in (LESSON, EXERCISE):
        edit(course / name, lambda cells: cells[0].update(source=cells[0].source + "\n\nNewer."))
    type_in(own / EXERCISE)
    before = (own / EXERCISE).read_bytes()
    for _ in range(2):
        report = again(own)
        assert report.kept == ["exercises/day2_exercises"]
        assert (own / EXERCISE).read_bytes() == before
    assert "Newer." in lessons.read(own / LESSON).cells[0].source
    told = "\n".join(classroom.sentences(report, "my_course"))
    assert "yours, left as it is: exercises/day2_exercises. The course has another version" in told
    assert "--fresh day2_exercises" in told


def test_running_a_lesson_is_not_changing_it(own):
    def run(cells):
        cells[2].outputs = [new_output("stream", text="ran\n")]
        cells[2].execution_count = 1
        cells[2].metadata["execution"] = {"shell.execute_reply": "now"}
        cells.append(new_code_cell(""))  # JupyterLab adds one after the last

    edit(own / LESSON, run)
    ran = (own / LESSON).read_bytes()
    assert LESSON.removesuffix(".ipynb") in again(own).same and (own / LESSON).read_bytes() == ran
    edit(own.parent / "notebooks" / LESSON, lambda cells: cells[0].update(source="# Newer"))
    assert again(own).refreshed == [LESSON.removesuffix(".ipynb")]


@pytest.mark.parametrize("record", ["", "[]", '{"day4_reml_from_scratch.ipynb": 3}', None])
def test_without_the_record_nothing_is_overwritten(own, record):
    type_in(own / LESSON)
    before = (own / LESSON).read_bytes()
    path = own / classroom.RECORD
    path.unlink() if record is None else path.write_text(record, encoding="utf-8")
    report = again(own)
    assert report.kept == [LESSON.removesuffix(".ipynb")] and len(report.same) == len(NAMES) - 1
    assert (own / LESSON).read_bytes() == before


@pytest.mark.parametrize("bytes_", [b"", b"{", b"\xff\xfe", b'{"cells": 3}', b"[1]"])
def test_what_is_no_notebook_is_left_alone(own, bytes_):
    (own / LESSON).write_bytes(bytes_)
    assert LESSON.removesuffix(".ipynb") in again(own).changed
    assert (own / LESSON).read_bytes() == bytes_


def test_a_deleted_copy_comes_back(own):
    (own / LESSON).unlink()
    assert again(own).new == [LESSON.removesuffix(".ipynb")]
    assert lessons.read(own / LESSON).cells


# --- a fresh copy ---------------------------------------------------------------------------------


def test_fresh_copies_stand_beside_the_old_ones(own):
    type_in(own / LESSON)
    before, course = (own / LESSON).read_bytes(), own.parent / "notebooks"
    made = [
        [
            path.relative_to(own).as_posix()
            for path in classroom.fresh_copies(name, course, own, "2026-11-24")
        ]
        for name in ("day4_reml_from", "day4_reml_from_scratch.ipynb", "day5")
    ]
    assert made[0] == ["day4_reml_from_scratch_2026-11-24.ipynb"]
    assert made[1] == ["day4_reml_from_scratch_2026-11-24_2.ipynb"]
    assert "exercises/day5_exercises_2026-11-24.ipynb" in made[2]
    assert (own / LESSON).read_bytes() == before
    fresh = lessons.read(own / made[0][0])
    assert all("my_answer" not in cell.source for cell in fresh.cells)
    assert again(own).changed == [LESSON.removesuffix(".ipynb")]


@pytest.mark.parametrize("name", ["dya4", "", "nowhere", "day4_reml_from_scratch.py"])
def test_a_fresh_copy_of_nothing_is_met_with_names(own, name):
    with pytest.raises(ValueError, match="no lesson begins with .*; the closest: .*[0d]"):
        classroom.fresh_copies(name, own.parent / "notebooks", own)


# --- folders that cannot serve --------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["notebooks", "notebooks/mine", "."])
def test_the_lessons_themselves_are_never_written_over(checkout, bad):
    before = (checkout / "notebooks" / LESSON).read_bytes()
    with pytest.raises(ValueError, match="holds the lessons themselves; choose another folder"):
        classroom.copy(checkout / "notebooks", (checkout / bad).resolve())
    assert (checkout / "notebooks" / LESSON).read_bytes() == before


def test_a_file_in_the_way_and_a_folder_that_cannot_be_written(checkout, tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(ValueError, match="is a file; give the name of a folder"):
        classroom.copy(checkout / "notebooks", tmp_path / "mine")

    def refuse(path, text):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(classroom, "replace", refuse)
    with pytest.raises(ValueError, match=r"cannot be written \(Permission denied\); .*--folder"):
        classroom.copy(checkout / "notebooks", tmp_path / "other")


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def launched(monkeypatch):
    """The commands that would start JupyterLab."""
    calls = []

    class Server:
        def __init__(self, command):
            calls.append(command)

        def wait(self):
            return 0

    monkeypatch.setattr(classroom.subprocess, "Popen", Server)
    return calls


def test_start_from_anywhere_in_the_project(own, monkeypatch, capsys, launched):
    shutil.rmtree(own)
    monkeypatch.chdir(own.parent / "notebooks" / "exercises")
    assert command(["start", "--copies-only"]) == 0
    out = capsys.readouterr().out
    assert f"in {own}: {len(NAMES)} notebooks, nothing run yet" in out and "--fresh day4" in out
    assert "new: 00_start_here, day1_" in out and launched == []
    monkeypatch.chdir(own.parent)
    assert command(["start"]) == 0
    out = capsys.readouterr().out
    assert f"in my_course: {len(NAMES)} notebooks." in out and "Ctrl + C" in out
    [line] = launched
    assert line[:3] == [sys.executable, "-m", "jupyterlab"] and "--no-browser" not in line
    assert "--LabApp.default_url=/lab/tree/my_course/00_start_here.ipynb" in line
    assert f"--ServerApp.root_dir={own.parent}" in line


def test_in_a_cell_of_a_copy_a_fresh_one_comes_beside_it(own, monkeypatch, capsys, tmp_path):
    """JupyterLab runs a cell in the folder of its notebook, wherever the copies were put."""
    assert command(["start", "--copies-only", "--folder", str(tmp_path / "mine")]) == 0
    monkeypatch.chdir(tmp_path / "mine" / "exercises")
    assert command(["start", "--copies-only", "--fresh", "day5_sh"]) == 0
    assert f"in {tmp_path / 'mine'}: {len(NAMES)} notebooks" in capsys.readouterr().out
    assert list((tmp_path / "mine").glob("day5_shrinkage_blups_20*.ipynb"))
    monkeypatch.chdir(tmp_path / "mine")
    assert command(["start", "--copies-only"]) == 0
    assert "Your copy of the course is in this folder: " in capsys.readouterr().out


def test_options_of_start(own, monkeypatch, capsys, launched, tmp_path):
    monkeypatch.chdir(own.parent)
    assert command(["start", "--no-browser", "--fresh", "day5_sh"]) == 0
    assert "A fresh copy: day5_shrinkage_blups_20" in capsys.readouterr().out
    assert "--no-browser" in launched[0] and "/lab/tree/my_course/day5_shrink" in launched[0][3]
    assert command(["start", "--folder", str(tmp_path / "my ü"), "--solutions"]) == 0
    assert "/lab/tree/00_start_here.ipynb" in launched[1][3]
    assert f"--ServerApp.root_dir={tmp_path / 'my ü'}" in launched[1]
    assert (tmp_path / "my ü" / "solutions" / "day4_solutions.ipynb").is_file()
    assert command(["start", "--folder", "my notes"]) == 0
    assert "/lab/tree/my%20notes/00_start_here.ipynb" in launched[2][3]
    assert command(["start", "--copies-only", "--fresh", "zzz"]) == 2
    assert "no lesson begins with 'zzz'" in capsys.readouterr().err and len(launched) == 3


def test_ctrl_c_is_left_to_jupyterlab(own, monkeypatch):
    """The terminal sends it to both; whoever leaves first must not be the one who waits."""
    answers = [KeyboardInterrupt, KeyboardInterrupt, 0]

    class Server:
        def __init__(self, command):
            pass

        def wait(self):
            answer = answers.pop(0)
            if answer:
                raise answer
            return answer

    monkeypatch.setattr(classroom.subprocess, "Popen", Server)
    assert classroom.lab(own, own / classroom.FIRST, own.parent) == 0 and answers == []


def test_without_jupyterlab_the_remedy_is_named(own, monkeypatch, capsys):
    monkeypatch.setattr(classroom, "find_spec", lambda name: None if name == "jupyterlab" else 1)
    monkeypatch.chdir(own.parent)
    assert command(["start", "--copies-only"]) == 0
    assert command(["start"]) == 2
    remedy = capsys.readouterr().err
    assert remedy.startswith("jupyterlab is not installed") and '-e ".[course]"' in remedy
    monkeypatch.setattr(classroom, "find_spec", lambda name: None)
    assert command(["start", "--copies-only"]) == 2
    assert capsys.readouterr().err.startswith("nbformat is not installed")


def test_a_wheel_without_lessons_says_where_they_are(tmp_path):
    shutil.copytree(ROOT / "mmteach", tmp_path / "site" / "mmteach")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    (tmp_path / "elsewhere").mkdir()
    run = subprocess.run(
        [sys.executable, "-m", "mmteach", "start", "--copies-only"],
        **{"cwd": tmp_path / "elsewhere", "env": env, "capture_output": True, "text": True},
    )
    assert run.returncode == 2 and run.stdout == ""
    assert "Download the project" in run.stderr and "Traceback" not in run.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_git_does_not_see_the_copies():
    assert "/my_course/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert classroom.FOLDER == "my_course"


@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_the_python_to_type_is_the_one_that_runs(monkeypatch, tmp_path, platform):
    monkeypatch.chdir(tmp_path)
    place = "Scripts/python.exe" if platform == "win32" else "bin/python"
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / place))
    assert classroom.python().replace("\\", "/") == f".venv/{place.removesuffix('.exe')}"
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert classroom.python() == "python"
