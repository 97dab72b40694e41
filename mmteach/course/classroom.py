"""A folder of the student's own, and JupyterLab opened on it: ``python -m mmteach start``.

The lessons in ``notebooks/`` carry their outputs and have a script beside them; both are for
reading and for the tests. A student works on copies without outputs, so that no answer stands under
its question. What has been written is kept in a hidden record: a copy that the student has changed
is never overwritten, one that is as it was follows the course.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from .authoring import lessons
from .authoring.building import replace
from .saying import say

FOLDER, FIRST, RECORD = "my_course", "00_start_here.ipynb", ".mmteach.json"
# found before the project's own settings, which pair a notebook with a script
JUPYTEXT = '# copies of the lessons have no script beside them\nformats = "ipynb"\n'
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


@dataclass
class Report:
    """What happened to each copy, by its name without the suffix."""

    new: list = field(default_factory=list)
    refreshed: list = field(default_factory=list)
    same: list = field(default_factory=list)
    changed: list = field(default_factory=list)  # by the student; the course has not moved on
    kept: list = field(default_factory=list)  # by the student, and the course has


def originals(notebooks, solutions=False):
    """The notebooks that a student gets, by their path below `notebooks`, with forward slashes."""
    folders = ["", "exercises"] + ["solutions"] * solutions
    return {
        path.relative_to(notebooks).as_posix(): path
        for folder in folders
        for path in sorted((notebooks / folder).glob("*.ipynb"))
        if not path.name.startswith(".")
    }


def content(notebook):
    """A key for the cells of a notebook, whatever has been run, folded or saved again.

    Empty cells do not count: JupyterLab adds one when the last cell is run.
    """
    cells = [(cell.cell_type, cell.source.rstrip()) for cell in notebook.cells]
    cells = [cell for cell in cells if cell[1]]
    return sha256(json.dumps(cells).encode()).hexdigest()


def content_of(path):
    """The content of a file; of one that is no notebook (any more) a key that fits none."""
    try:
        return content(lessons.read(path))
    except Exception:  # half a file, another format: whatever it is, it is the student's
        return "unreadable"


def blank(original, name, notebooks, folder, held):
    """A copy of a lesson without outputs; links to what is not in `held` lead to the original."""
    notebook = lessons.read(original)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = LINK.sub(
                lambda found: _link(found, name, notebooks, folder, held), cell.source
            )
    return notebook


def _link(found, name, notebooks, folder, held):
    """A link of the lesson `name`, as it must stand in the copy."""
    picture, text, target, part = found.groups()
    if "://" in target or target.startswith(("attachment:", "data:")):
        return found[0]
    original = Path(os.path.normpath(notebooks / Path(name).parent / target))
    if original.is_relative_to(notebooks) and (
        original.relative_to(notebooks).as_posix() in held or original.suffix != ".ipynb"
    ):
        return found[0]  # it is copied as well, to the same place
    project, here = notebooks.parent, (folder / name).parent
    if here.is_relative_to(project) and original.exists():
        return f"{picture}[{text}]({Path(os.path.relpath(original, here)).as_posix()}{part or ''})"
    return text  # another folder than the project's: JupyterLab could not open it from there


def copy(notebooks, folder, solutions=False):
    """Make and refresh the copies in `folder`; return a `Report`.

    Raises ValueError for a folder that cannot serve.
    """
    _fit_for_copies(folder, notebooks)
    record = _read_record(folder)
    has_solutions = solutions or any(name.startswith("solutions/") for name in record)
    held, report = originals(notebooks, has_solutions), Report()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / "jupytext.toml", JUPYTEXT)
        _copy_figures(notebooks, folder)
        for name, original in held.items():
            fresh = blank(original, name, notebooks, folder, held)
            state = _place(fresh, folder / name, record.get(name))
            getattr(report, state).append(name.removesuffix(".ipynb"))
            if state in ("new", "refreshed", "same"):
                record[name] = content(fresh)
        replace(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise ValueError(
            f"{error.filename or folder} cannot be written ({error.strerror}); close what has it "
            "open, or choose a folder of your own: python -m mmteach start --folder FOLDER"
        ) from None
    return report


def _place(fresh, path, written):
    """Put a fresh copy where nothing of the student's would be lost; say what was done."""
    if not path.exists():
        write(fresh, path)
        return "new"
    there, now = content_of(path), content(fresh)
    if there == now:
        return "same"
    if there == written:
        write(fresh, path)
        return "refreshed"
    return "changed" if written == now else "kept"


def write(notebook, path):
    """Write a notebook, whole or not at all."""
    import nbformat

    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, nbformat.writes(notebook) + "\n")


def _copy_figures(notebooks, folder):
    for path in sorted((notebooks / "figures").glob("*.*")):
        there, bytes_ = folder / "figures" / path.name, path.read_bytes()
        if not there.exists() or there.read_bytes() != bytes_:
            there.parent.mkdir(exist_ok=True)
            there.write_bytes(bytes_)


def _fit_for_copies(folder, notebooks):
    """Stop before the lessons themselves, or a file, would be written over."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give the name of a folder: --folder {FOLDER}")
    if folder.is_relative_to(notebooks) or notebooks.is_relative_to(folder):
        raise ValueError(
            f"{folder} holds the lessons themselves; choose another folder: --folder {FOLDER}"
        )


def _read_record(folder):
    """What was written last time, by name; nothing when the record is lost."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {name: key for name, key in record.items() if isinstance(key, str)}
    except (OSError, ValueError, AttributeError):
        return {}


def fresh_copies(beginning, notebooks, folder, today=None):
    """Write new copies, dated, beside those whose name begins so; return their paths.

    Raises ValueError, with the closest names, when no lesson begins so.
    """
    _fit_for_copies(folder, notebooks)
    held = originals(notebooks, solutions=True)
    wanted = Path(beginning).name.removesuffix(".ipynb")
    names = [name for name in held if Path(name).name.startswith(wanted) and wanted]
    if not names:
        stems = [Path(name).stem for name in held]
        close = get_close_matches(wanted, stems, n=3, cutoff=0.3) or stems
        raise ValueError(f"no lesson begins with {beginning!r}; the closest: {', '.join(close)}")
    today, made = today or date.today().isoformat(), []
    for name in names:
        if name.startswith("solutions/") and not (folder / name).exists():
            continue
        path, number = folder / name.replace(".ipynb", f"_{today}.ipynb"), 1
        while path.exists():
            number += 1
            path = folder / name.replace(".ipynb", f"_{today}_{number}.ipynb")
        write(blank(held[name], name, notebooks, folder, originals(notebooks)), path)
        made.append(path)
    return made


def sentences(report, shown):
    """What a student should know about the folder `shown`, in a few lines."""
    number = sum(len(getattr(report, name)) for name in vars(report))
    lines = [f"Your copy of the course is in {shown}: {number} notebooks, nothing run yet."]
    if report.same or report.changed:
        lines = [f"Your copy of the course is in {shown}: {number} notebooks."]
    if report.new:
        lines.append(f"  new: {', '.join(report.new)}")
    if report.refreshed:
        lines.append(
            f"  brought up to date, for you had not changed them: {', '.join(report.refreshed)}"
        )
    if report.changed:
        lines.append(f"  yours, left as they are: {', '.join(report.changed)}")
    for name in report.kept:
        stem = name.split("/")[-1]
        lines.append(
            f"  yours, left as it is: {name}. The course has another version of it; to see it "
            f"beside yours: {python()} -m mmteach start --copies-only --fresh {stem}"
        )
    lines.append(
        "Change what you like. For an untouched copy beside yours: "
        f"{python()} -m mmteach start --copies-only --fresh day4"
    )
    return lines


def python():
    """This Python as one types it where one stands."""
    try:
        here = Path(sys.executable).relative_to(Path.cwd())
        return str(here.with_suffix("") if here.suffix == ".exe" else here)
    except ValueError:
        return "python"


def project_notebooks():
    """The folder of the lessons; raises FileNotFoundError with the way to get them."""
    try:
        return lessons.notebooks_folder()
    except FileNotFoundError:
        raise FileNotFoundError(
            "The lessons are not here: they come with the project, not with the installed package. "
            "Download the project (Code, then Download ZIP), unpack it, open a terminal in its "
            "folder (it holds README.md and notebooks), and give the same command there."
        ) from None


def lab(folder, first, project, browser=True):
    """Open JupyterLab on a notebook of the folder and wait until it ends; return the exit code."""
    root = project if folder.is_relative_to(project) else folder
    address = quote(first.relative_to(root).as_posix())
    command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{address}"]
    command += [f"--ServerApp.root_dir={root}"] + ["--no-browser"] * (not browser)
    say("JupyterLab starts. To end it, press Ctrl + C here, twice.")
    sys.stdout.flush()
    server = subprocess.Popen(command)
    while True:
        try:
            return server.wait()
        except KeyboardInterrupt:
            continue  # JupyterLab has heard it, too: it asks, and ends itself


def _around(here):
    """The student's folder that `here` is in, when the command runs in a cell of a copy."""
    return next((path for path in (here, *here.parents) if (path / RECORD).is_file()), None)


def main(folder=None, browser=True, copies_only=False, fresh=None, solutions=False):
    """Make the copies, say what was done, open JupyterLab; return the exit code."""
    notebooks = project_notebooks()
    project = notebooks.parent
    for need in ["nbformat"] + ["jupyterlab"] * (not copies_only):
        if find_spec(need) is None:
            raise ValueError(
                f"{need} is not installed; in the project folder: "
                f'{python()} -m pip install -e ".[course]"'
            )
    here = Path.cwd().resolve()
    folder = Path(folder or _around(here) or project / FOLDER).resolve()
    report = copy(notebooks, folder, solutions)
    shown = folder.relative_to(here).as_posix() if folder.is_relative_to(here) else str(folder)
    shown = "this folder" if shown == "." else shown
    for line in sentences(report, shown):
        say(line)
    first = folder / FIRST
    if fresh is not None:
        made = fresh_copies(fresh, notebooks, folder)
        say(f"A fresh copy: {', '.join(path.relative_to(folder).as_posix() for path in made)}")
        first = made[0]
    return 0 if copies_only else lab(folder, first, project, browser)
