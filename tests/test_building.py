"""A notebook is rebuilt from its script to the same bytes, and stays when a cell fails."""

import functools
import json
import re
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output

from mmteach.__main__ import main as command
from mmteach.course.authoring import building, executing, lessons, ties

ROOT = Path(__file__).parents[1]
HEADER = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

"""
MARKDOWN = '# %% [markdown] slideshow={"slide_type": "-"}\n'
TRIAL = (
    HEADER
    + """# %% [markdown] slideshow={"slide_type": "-"} minutes=5 notes="A.\\nB." tags=["discuss"]
# # A trial
# with $x_1$ and 100 %

# %% slideshow={"slide_type": "skip"}
import os, sys, warnings
import pandas as pd
from ipywidgets import Dropdown, FloatSlider, interact
print(os.environ["OMP_NUM_THREADS"], os.path.basename(os.getcwd()))

# %% [markdown] slideshow={"slide_type": "-"}
# What differs from run to run:

# %% slideshow={"slide_type": "-"} tags=["warning-shown"]
print("one", end=" ", flush=True)
print("aside", file=sys.stderr, flush=True)
print("two", object(), flush=True)
warnings.warn("with the kernel's file name")
pd.DataFrame({"a": [1.5]}).style.format("{:.2f}")

# %% [markdown] slideshow={"slide_type": "-"}
# A knob:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
@interact(ratio=FloatSlider(0.5, description="σ_b²/σ²"), method=Dropdown(options=["ML", "REML"]))
def show(ratio, method):
    print(f"{method} at {ratio:.2f}")
"""
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The trial lesson, built once."""
    folder = tmp_path_factory.mktemp("lessons")
    script = folder / "trial.py"
    script.write_text(TRIAL, encoding="utf-8")
    return building.build(script)


def outputs(path, number):
    return lessons.read(path).cells[number].outputs


def test_two_builds_give_identical_bytes(built, tmp_path, monkeypatch):
    # what is stored comes from the run that is not nudged
    monkeypatch.setattr(ties, "nudged_runs", lambda *_: [nbformat.v4.new_notebook()] * 2)
    script = tmp_path / built.parent.name / "trial.py"  # another place, another process
    script.parent.mkdir()
    script.write_text(TRIAL, encoding="utf-8")
    assert building.build(script).read_bytes() == built.read_bytes()
    assert [path.name for path in sorted(script.parent.iterdir())] == ["trial.ipynb", "trial.py"]


def test_the_cells_run_in_their_folder_on_one_thread(built):
    assert outputs(built, 1)[0].text.split() == ["1", built.parent.name]


def test_the_script_gets_the_form_that_jupyterlab_writes(built, tmp_path, capsys):
    import jupytext

    script, notebook = copy(built, tmp_path)
    text = script.read_text(encoding="utf-8")
    assert text != TRIAL
    before, after = (jupytext.reads(one, "py:percent").cells for one in (TRIAL, text))
    assert list(map(lessons.essence, before)) == list(map(lessons.essence, after))
    script.write_text(TRIAL, encoding="utf-8")
    assert lessons.out_of_step(script, notebook) == ""
    assert command(["build", "--check", str(script)]) == 1
    assert "may refuse to open" in capsys.readouterr().out


def test_a_script_that_is_being_edited_is_left_alone(built, tmp_path):
    script, notebook = copy(built, tmp_path)
    script.write_text(TRIAL + "# edited meanwhile\n", encoding="utf-8")
    building.tidy_script(script, notebook, TRIAL)
    assert script.read_text(encoding="utf-8") == TRIAL + "# edited meanwhile\n"


def test_the_pair_is_in_step_and_executed(built):
    assert building.state(built.with_suffix(".py"), built) == ""
    assert [cell.get("execution_count", "-") for cell in lessons.read(built).cells] == [
        *("-", 1, "-", 2, "-", 3),
    ]


def test_metadata_is_minimal_and_kept_keys_survive(built):
    notebook = json.loads(built.read_text(encoding="utf-8"))
    assert notebook["metadata"] == {
        "kernelspec": lessons.KERNELSPEC,
        "language_info": {"name": "python"},
    }
    assert notebook["cells"][0]["metadata"] == {
        "slideshow": {"slide_type": "-"},
        "minutes": 5,
        "notes": "A.\nB.",
        "tags": ["discuss"],
    }
    assert notebook["cells"][1]["metadata"] == {"slideshow": {"slide_type": "skip"}}


def test_nothing_of_this_run_or_machine_is_stored(built):
    text = built.read_text(encoding="utf-8")
    assert not re.search(r"ipykernel_\d|/tmp/|site-packages|iopub|widget-view|\"widgets\"", text)
    assert set(re.findall(r"0x[0-9a-f]+", text)) == {"0x000000"}
    stdout, stderr, table = outputs(built, 3)
    assert stdout.text == "one two <object object at 0x000000>\n"
    assert stderr.text.startswith("aside\na-cell.py:4: UserWarning: with the kernel's")
    assert 'id="T_00003"' in table.data["text/html"]


def test_a_widget_becomes_its_knobs_and_what_it_shows(built):
    knobs, shown = outputs(built, 5)
    assert (
        knobs.data["text/plain"] == "[Run this cell to move the knobs: σ_b²/σ² = 0.5, method = ML]"
    )
    assert shown.text == "ML at 0.50\n"


def test_ids_depend_on_position_and_source():
    cell = nbformat.v4.new_markdown_cell("words")
    same = nbformat.v4.new_markdown_cell("words")
    assert lessons.cell_id(3, cell) == lessons.cell_id(3, same) != lessons.cell_id(4, same)
    other = nbformat.v4.new_markdown_cell("other words")
    assert lessons.cell_id(3, cell) != lessons.cell_id(3, other)


def test_a_long_output_is_steadied_in_an_instant():
    start = time.perf_counter()
    long = "x" * 200_000
    assert executing.steady(f"{long} '/a/ipykernel_7/1.py'") == f"{long} 'a-cell.py'"
    assert time.perf_counter() - start < 5


def test_streams_are_joined_and_keep_their_place_among_pictures():
    pieces = [("stdout", "a"), ("stderr", "x"), ("stdout", "b"), None, ("stdout", "c")]
    picture = new_output("display_data", {"image/png": "…"})
    before = [
        new_output("stream", name=piece[0], text=piece[1]) if piece else picture for piece in pieces
    ]
    after = [one.get("text", "picture") for one in executing.join_streams(before)]
    assert after == ["ab", "x", "picture", "c"]


def test_a_failing_cell_leaves_the_old_notebook_and_names_the_trouble(tmp_path, capsys):
    script = tmp_path / "sad.py"
    script.write_text(HEADER + '# %%\nraise ValueError("no plots")\n', encoding="utf-8")
    old = tmp_path / "sad.ipynb"
    old.write_text("old", encoding="utf-8")
    with pytest.raises(executing.BuildError, match=r"(?s)sad\.py.*ValueError: no plots"):
        building.build(script)
    assert old.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sad.ipynb", "sad.py"]


def test_an_empty_cell_and_a_missing_script_are_refused(tmp_path):
    (tmp_path / "gap.py").write_text(HEADER + "# %%\nx = 1\n\n# %%\n", encoding="utf-8")
    with pytest.raises(executing.BuildError, match="cell 1 is empty"):
        building.build(tmp_path / "gap.py")
    with pytest.raises(executing.BuildError, match="does not exist"):
        building.build(tmp_path / "none.py")


def copy(built, folder):
    for suffix in (".py", ".ipynb"):
        (folder / f"trial{suffix}").write_bytes(built.with_suffix(suffix).read_bytes())
    return folder / "trial.py", folder / "trial.ipynb"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("A knob:", "A handle:", "cell 4 differs in its source"),
        ("minutes=5", "minutes=6", "cell 0 differs in its metadata"),
        (f"{MARKDOWN}# A knob:", "# %%\n# A knob:", "cell 4 differs in its kind"),
    ],
)
def test_check_says_where_a_pair_is_out_of_step(built, tmp_path, capsys, old, new, what):
    script, notebook = copy(built, tmp_path)
    assert command(["build", "--check", str(tmp_path)]) == 0
    changed = script.read_text(encoding="utf-8").replace(old, new)
    script.write_text(changed, encoding="utf-8")
    capsys.readouterr()
    before = notebook.read_bytes()
    assert command(["build", "--check", str(tmp_path)]) == 1
    assert what in capsys.readouterr().out
    assert notebook.read_bytes() == before


def test_check_finds_halves_of_pairs_and_cells_that_were_not_run(built, tmp_path, capsys):
    script, notebook = copy(built, tmp_path)
    node = lessons.read(notebook)
    node.cells[3].execution_count = None
    nbformat.write(node, notebook)
    assert command(["build", "--check", str(script)]) == 1
    assert "code cell 3" in capsys.readouterr().out
    script.rename(tmp_path / "other.py")
    assert command(["build", "--check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "other.py has no other.ipynb" in out and "trial.ipynb has no trial.py" in out


def test_a_pair_in_step_is_not_built_again(built, tmp_path, capsys, monkeypatch):
    script, _ = copy(built, tmp_path)
    monkeypatch.setattr(building, "build", lambda *_: pytest.fail("it was built"))
    assert command(["build", str(script)]) == 0
    assert "in step" in capsys.readouterr().out


def test_force_builds_a_pair_in_step_and_nothing_else_does(built, tmp_path, capsys, monkeypatch):
    script, notebook = copy(built, tmp_path)
    seen = []
    monkeypatch.setattr(building, "build", lambda *one: seen.append(one))
    assert command(["build", "--force", "--timeout", "7", str(script)]) == 0
    assert seen == [(script, 7)]
    assert "trial.ipynb: 6 cells built in" in capsys.readouterr().out
    assert command(["build", "--check", "--force", str(script)]) == 0 and len(seen) == 1
    script.write_text(script.read_text(encoding="utf-8").replace("A knob:", "A handle:"), "utf-8")
    assert command(["build", str(script)]) == 0 and len(seen) == 2


@pytest.mark.parametrize("call", ["write_text", "replace"])
def test_a_full_or_protected_disk_is_named_and_leaves_nothing(tmp_path, capsys, monkeypatch, call):
    script, notebook = tmp_path / "small.py", tmp_path / "small.ipynb"
    script.write_text(HEADER + "# %%\n1 + 1\n", encoding="utf-8")
    notebook.write_text("old", encoding="utf-8")
    monkeypatch.setattr(building, "fresh", lambda *_: [executing.prepare(script)])
    monkeypatch.setattr(ties, "nudged_runs", lambda *_: [executing.prepare(script)] * 2)

    real = Path.write_text if call == "write_text" else building.os.replace

    def refuse(path, *rest, **options):
        if not str(path).endswith(".partial"):
            return real(path, *rest, **options)
        if call == "write_text":
            path.touch()  # a full disk still takes the name
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path if call == "write_text" else building.os, call, refuse)
    assert command(["build", str(script)]) == 1
    assert "small.ipynb cannot be written: No space left on device; " in capsys.readouterr().err
    assert notebook.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.ipynb", "small.py"]


def test_a_script_that_is_not_utf8_is_named(tmp_path, capsys):
    (tmp_path / "latin.py").write_bytes(HEADER.encode() + "# %%\nprint('\xe9')\n".encode("latin-1"))
    (tmp_path / "latin.ipynb").write_text("{}", encoding="utf-8")
    for arguments in (["build"], ["build", "--check"], ["check"], ["build", "--force"]):
        assert command([*arguments, str(tmp_path)]) == 2
        assert "latin.py, line 10: not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"cells": [3], "nbformat": 4}', "<html>"]
)
def test_a_notebook_that_is_none_is_named_and_built_anew(tmp_path, capsys, text, monkeypatch):
    script, notebook = tmp_path / "small.py", tmp_path / "small.ipynb"
    script.write_text(HEADER + "# %%\n1 + 1\n", encoding="utf-8")
    notebook.write_text(text, encoding="utf-8")
    for arguments in (["build", "--check"], ["check"]):
        assert command([*arguments, str(script)]) == 1
        assert "small.ipynb is no notebook (" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"small\.ipynb is no notebook"):
        lessons.read(notebook)
    built = []
    monkeypatch.setattr(building, "build_one", lambda *one: built.append(one) or 0)
    assert command(["build", str(script)]) == 0 and len(built) == 1


TIE = """# %%
import mmteach as mm
trial = mm.load("sorghum")
effect = trial.yield_kg_ha[trial.block == "R4"].mean() - trial.yield_kg_ha.mean()
print(f"{effect:.DIGITSf}", len(trial), trial.genotype.iloc[0])
"""


@pytest.fixture
def nudged_once(monkeypatch):
    """`build` and `build --ties` of the same script share its two runs."""
    monkeypatch.setattr(ties, "nudged_runs", functools.cache(ties.nudged_runs))


@pytest.mark.usefixtures("nudged_once")
def test_a_number_that_hangs_on_the_last_bit_is_refused(tmp_path, capsys):
    """The mean of block R4 lies 34.0325 below that of the trial, exactly."""
    script = tmp_path / "tie.py"
    script.write_text(HEADER + TIE.replace("DIGITS", "3"), encoding="utf-8")
    assert command(["build", str(script)]) == 1
    error = capsys.readouterr().err
    assert "tie.py, cell 0: it prints '-34.033 72 G01' or '-34.032 72 G01'" in error
    assert "print other digits" in error and not script.with_suffix(".ipynb").exists()
    assert command(["build", "--ties", str(script)]) == 1
    assert "    cell 0: it prints" in capsys.readouterr().out


@pytest.mark.usefixtures("nudged_once")
def test_the_same_number_with_other_digits_is_built(tmp_path, capsys):
    script = tmp_path / "tie.py"
    script.write_text(HEADER + TIE.replace("DIGITS", "2"), encoding="utf-8")
    assert command(["build", str(script)]) == 0
    assert command(["build", "--ties", str(script)]) == 0
    assert "tie: no number hangs on the last bit" in capsys.readouterr().out
    assert outputs(script.with_suffix(".ipynb"), 0)[0].text == "-34.03 72 G01\n"


def test_an_unknown_lesson_is_answered_with_the_closest(capsys, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    for name in ("00_start_here", "day2_rcbd_fixed", "day2_rcbd_mixed"):
        (tmp_path / "notebooks" / f"{name}.py").touch()
    monkeypatch.chdir(tmp_path)
    assert command(["build", "day2_rcbd_mixt"]) == 2
    assert "closest: day2_rcbd_mixed" in capsys.readouterr().err


def test_the_same_list_steadies_stored_and_fresh_outputs():
    from nbval.plugin import get_sanitize_patterns

    text = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    assert tuple(get_sanitize_patterns(text)) == executing.STEADY


def test_jupytext_keeps_the_keys_that_lessons_use():
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    settings = settings["tool"]["jupytext"]
    assert settings["cell_metadata_filter"] == ",".join([*lessons.CELL_KEYS, "-all"])
    assert settings["formats"] == "ipynb,py:percent"
