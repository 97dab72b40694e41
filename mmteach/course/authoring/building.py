"""Rebuild a lesson's notebook from its script: ``python -m mmteach build``.

Every cell runs in a fresh kernel; two builds give identical bytes. A lesson whose printed numbers
hang on the last bit of the arithmetic is refused (`ties`).
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from . import lessons, ties
from .executing import BuildError, fresh


def replace(path, text):
    """Write `text` to `path`, whole or not at all.

    Raises BuildError when the disk is full or must not be written to.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise BuildError(
            f"{path.name} cannot be written: {error.strerror or error}; make room, or work in a "
            "folder of your own (what stood there before is unchanged)"
        ) from None


def tidy_script(script, notebook, read):
    """Give a script the form that JupyterLab writes, unless it is no longer as it was `read`."""
    canonical = lessons.canonical_script(lessons.read(notebook))
    if read != canonical and lessons.text_of(script) == read:
        replace(script, canonical)


def build(script, timeout=120):
    """Execute `script` and write the notebook beside it; return the notebook's path.

    The script itself is given the form that JupyterLab writes: cells and words stay, the order of
    metadata and the blank lines between cells may change.
    Raises BuildError, naming the lesson, when a cell fails or prints a number that hangs on the
    last bit; the old notebook then stays.
    """
    import nbformat

    script = Path(script).resolve()
    if not script.is_file():
        raise BuildError(f"{script.name} does not exist; a notebook is built from its script")
    as_read = lessons.text_of(script)
    (notebook,) = fresh(script, timeout)
    found = ties.complaints(*ties.nudged_runs(script, timeout))
    if found:
        raise BuildError("\n".join(f"{script.name}, {complaint}" for complaint in found))
    nbformat.validate(notebook)
    path = script.with_suffix(".ipynb")
    replace(path, nbformat.writes(notebook) + "\n")
    tidy_script(script, path, as_read)
    return path


def state(script, notebook):
    """Return '' when the pair agrees and every cell was run, else one sentence with the remedy."""
    complaint = lessons.out_of_step(script, notebook)
    if not complaint:
        complaint = lessons.unexecuted(lessons.read(notebook).cells)
        complaint = complaint and f"{notebook.name}: {complaint}"
    return complaint or lessons.not_canonical(script, notebook)


def build_one(script, notebook, timeout):
    """Build a lesson and say so; return the number of failures, 0 or 1."""
    start = time.perf_counter()
    try:
        build(script, timeout)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    cells, seconds = lessons.read(notebook).cells, time.perf_counter() - start
    print(f"{notebook.name}: {len(cells)} cells built in {seconds:.1f} s", flush=True)
    return 0


def main(names=(), check=False, force=False, timeout=120, look_for_ties=False):
    """Build, or with `check` inspect, the lessons named (default: all); return the exit code."""
    names = names or [lessons.notebooks_folder()]
    chosen = {pair: None for name in names for pair in lessons.find(name)}
    if not chosen:
        print("There are no lessons here yet: write notebooks/NAME.py first.")
        return 1
    failed = 0
    for script, notebook in chosen:
        if look_for_ties:
            failed += ties.report(script, timeout)
            continue
        complaint = state(script, notebook)
        if check or not (complaint or force):
            print(complaint or f"{notebook.name}: in step")
            failed += bool(complaint)
        else:
            failed += build_one(script, notebook, timeout)
    return min(failed, 1)
