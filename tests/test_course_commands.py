"""The commands for people: help, run sheet, doctor."""

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from mmteach.__main__ import main as command
from mmteach.course import checkup
from mmteach.course.authoring import lessons
from mmteach.course.authoring.runsheet import runsheet
from mmteach.course.checkup import Finding

CELLS = [
    new_markdown_cell("# Fit a trial\nwords"),
    new_markdown_cell(
        "## 1. Recall",
        metadata={
            "minutes": 5,
            "notes": "Ask for the *model* of y_ij.\nWait.\n"
            "With 50 minutes: leave section 3 for reading.",
        },
    ),
    new_code_cell("x = 1"),
    new_markdown_cell("## 2. Guess", metadata={"minutes": 12.5}),
    new_markdown_cell("**Before you run it:** which is larger?", metadata={"tags": ["discuss"]}),
    new_markdown_cell("Now.\n\n**Predict.** Is $\\sigma_b^2$ *larger*?"),
    new_markdown_cell("## 3. No plan"),
    new_markdown_cell("## 4. Close\nAnd so?", metadata={"minutes": 50, "tags": ["discuss"]}),
]


def test_alone_the_command_lists_the_commands(capsys):
    assert command([]) == 0
    out = capsys.readouterr().out
    listed = [line.split()[0] for line in out.splitlines() if line.startswith("    ")]
    assert {"doctor", "build", "check", "exercises", "runsheet"} <= set(listed)


def test_every_command_has_its_place():
    from mmteach.__main__ import WHERE, parser

    (commands,) = parser()._subparsers._group_actions
    assert set(commands.choices) == set(WHERE)
    assert all(callable(import_module(f"mmteach.course.{place}").main) for place in WHERE.values())


def spoilt(folder, change):
    """A copy of a lesson that keeps all rules, with its notebook's cells changed."""
    source = Path(__file__).parents[1] / "notebooks" / "day5_shrinkage_blups"
    for suffix in (".py", ".ipynb"):
        shutil.copy(source.with_suffix(suffix), folder)
    path = folder / f"{source.name}.ipynb"
    notebook = lessons.read(path)
    change(notebook.cells)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_check_finds_the_lessons_of_the_course_well(capsys):
    assert command(["check", "day5"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4 and all(line.endswith(": all rules are kept") for line in out)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cells: cells[1].metadata.update(minutes=5), "cell 1: move minutes=5"),
        (lambda cells: cells[1].metadata.update(flavour="sweet"), "metadata hold flavour"),
        (lambda cells: cells[5].update(id=cells[4].id), "cell 5: its id"),
        (lambda cells: cells[0].update(source=cells[0].source + "\n\nAll 987.6 of them."), "987.6"),
        (lambda cells: cells[0].update(source="words"), "cell 0: begin the lesson"),
        (lambda cells: cells[1].metadata.pop("slideshow"), "cell 1: slide type None"),
        (lambda cells: cells.append(new_code_cell("1 + 1")), "execution count None"),
    ],
)
@pytest.mark.filterwarnings("ignore:Non-unique cell id")
def test_check_names_the_cell_and_the_remedy(tmp_path, capsys, change, words):
    path = spoilt(tmp_path, change)
    assert command(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("day5_shrinkage_blups: ") and " to mend" in out
    assert words in out


def test_check_without_a_notebook_says_what_is_missing(tmp_path, capsys):
    (tmp_path / "alone.py").write_text("# %%\n1 + 1\n", encoding="utf-8")
    assert command(["check", str(tmp_path)]) == 1
    assert "alone.py has no alone.ipynb" in capsys.readouterr().out


def test_the_run_sheet_adds_up_and_shows_notes_and_discussions():
    assert runsheet(CELLS).split("\n") == [
        "Fit a trial",
        "===========",
        "start   min  section",
        " 0:00     5  1. Recall",
        "             say: Ask for the model of y_ij.",
        "             say: Wait.",
        "          50 min: leave section 3 for reading.",
        " 0:05  12.5  2. Guess",
        "        * DISCUSS Before you run it: which is larger? [before In 2]",
        "        * PREDICT Is σ_b² larger? [before In 2]",
        " 0:18     -  3. No plan",
        " 0:18    50  4. Close",
        "        * DISCUSS And so? [before In 2]",
        " 1:08        end, 67.5 minutes; "
        "8 cells, 1 of code (median 1 lines, longest 1), 0 pictures",
    ]


def test_the_run_sheet_takes_the_beginning_of_a_name(capsys):
    assert command(["runsheet", "day2"]) == 0
    out = capsys.readouterr().out
    assert out.count("start   min  section") >= 2
    assert "DISCUSS" in out and "say: " in out


def test_the_run_sheet_helps_with_a_wrong_name(capsys):
    assert command(["runsheet", "dya2"]) == 2
    assert "day2_rcbd_" in capsys.readouterr().err


def test_the_doctor_finds_this_computer_well(capsys):
    assert [finding for finding in checkup.findings() if not finding.ok] == []
    assert command(["doctor"]) == 0
    assert f"numpy {checkup.metadata.version('numpy')}" in capsys.readouterr().out


def test_in_a_lesson_the_doctor_prints_the_same_on_every_computer(capsys):
    from mmteach.course import doctor

    assert doctor() is None
    out = capsys.readouterr().out
    assert not any(letter.isdigit() for letter in out)
    assert out.splitlines()[-1] == "All is well: open a lesson."
    assert len(out.splitlines()) == len(checkup.CHECKS) + 1


def test_the_doctor_asks_for_the_versions_that_the_project_declares():
    import tomllib

    path = Path(__file__).parents[1] / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=" + ".".join(map(str, checkup.required_python()))
    detail = checkup.packages().detail
    for need in project["dependencies"] + project["optional-dependencies"]["course"]:
        assert checkup.re.match(r"\w+", need)[0] + " " in detail


ASCII = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}


def in_ascii(*arguments):
    """The output of Python on a terminal that knows only ASCII; it must end well."""
    run = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **ASCII},
        capture_output=True,
        text=True,
        encoding="ascii",
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_an_ascii_terminal_stops_no_answer():
    code = """
from mmteach.course import answers, check, doctor, progress, questions
for key, asked in answers.every().items():
    for value in (None, asked.right(), 1, "\\u03c3", *(wrong() for wrong in asked.wrong.values())):
        check(key, value)
progress("day4")
progress("d\\u03b1y")
check("\\u03c3", 1)
doctor(details=True)
print(len(questions()))
"""
    lines = in_ascii("-c", code).splitlines()
    what = "sigma of a sorghum plot with blocks fixed (kg/ha)"
    assert f"day2.sigma: not answered yet: {what}" in lines
    assert lines[0].startswith("day1.slope: not answered yet: ")
    assert "d?y: there are no questions yet" in lines
    assert any("the variance between schools by REML (points^2)" in line for line in lines)


IN_ASCII = {
    "runsheet day4": "Estimat",
    "check day5_shrinkage": "day5_shrinkage_blups: ",
    "build --check day4": "day4_reml_from_scratch.ipynb: ",
    "": "doctor",
}


def test_an_ascii_terminal_stops_no_command():
    """One after another, each as `python -m mmteach` runs it."""
    code = f"""
import runpy, sys
for line in {list(IN_ASCII)!r}:
    sys.argv[1:] = line.split()
    try:
        runpy.run_module("mmteach", run_name="__main__")
    except SystemExit as end:
        assert end.code == 0, (line, end.code)
    print("----")
"""
    printed = in_ascii("-c", code).split("----\n")
    for words, text in zip(IN_ASCII.values(), printed[:-1], strict=True):
        assert words in text


@pytest.mark.parametrize("text", ["-1", "0", "1.5", "soon", "1e3", ""])
def test_a_time_limit_is_whole_seconds(text, capsys):
    with pytest.raises(SystemExit):
        command(["build", "--timeout", text, "day4"])
    assert "whole seconds above zero, such as 120" in capsys.readouterr().err


def trouble(finding, *words):
    assert not finding.ok
    assert all(word in finding.detail + finding.remedy for word in words), finding


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 9, "final", 0))
    trouble(checkup.python_version(), "3.10.9", "install Python 3.11")


def test_missing_and_old_packages(monkeypatch):
    real = checkup.metadata.version

    def version(name):
        if name == "formulaic":
            raise checkup.metadata.PackageNotFoundError(name)
        return "1.4.0" if name == "pandas" else real(name)

    monkeypatch.setattr(checkup.metadata, "version", version)
    words = ("missing: formulaic", "pandas 1.4.0", ">=2.3", "pip install", "[course]")
    trouble(checkup.packages(), *words)


def test_another_kernel_and_no_kernel(monkeypatch):
    from jupyter_client import kernelspec

    def found(argv):
        spec = SimpleNamespace(argv=[argv, "-m", "ipykernel_launcher"])
        monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", lambda *_: spec)
        return checkup.kernel()

    assert found("python").ok and found("python3.11").ok and found(sys.executable).ok
    trouble(found("/opt/other/bin/python"), "another Python", "ipykernel install")

    def nothing(*_):
        raise kernelspec.NoSuchKernel("python3")

    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", nothing)
    trouble(checkup.kernel(), "no kernel named python3")


def test_spoilt_data(monkeypatch, tmp_path):
    datasets = import_module("mmteach.datasets")
    here = datasets._data_folder(datasets.HERE)
    folder = shutil.copytree(here, tmp_path / "data")
    monkeypatch.setattr(datasets, "HERE", tmp_path)
    assert checkup.data().ok
    with (folder / "schools.csv").open("a", encoding="utf-8") as file:
        file.write("4,99\n")
    trouble(checkup.data(), "schools", "SHA-256", "folder data/ anew")


def test_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checkup.tempfile, "TemporaryFile", refuse)
    trouble(checkup.writable(), "Permission denied", "documents")


def test_wrong_arithmetic(monkeypatch):
    import numpy as np

    monkeypatch.setattr(np.linalg, "lstsq", lambda *_, **__: [np.zeros(2)])
    trouble(checkup.arithmetic(), "reinstall numpy")


def test_a_check_that_breaks_becomes_a_finding(monkeypatch, capsys):
    def broken():
        raise ImportError("half a package")

    monkeypatch.setattr(checkup, "CHECKS", (broken, checkup.arithmetic))
    trouble(checkup.findings()[0], "half a package", "reinstall")
    assert command(["doctor"]) == 1
    assert "ATTENTION  Broken: ImportError: half a package" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("remedy", "last"), [("", "All is well"), ("mend it", "Mend the 1 marked")]
)
def test_the_report_ends_with_what_to_do(remedy, last):
    lines = checkup.report([Finding("Data", "detail", remedy)]).split("\n")
    assert lines[-1].startswith(last)
    assert ("mend it" in lines[1]) == bool(remedy)
