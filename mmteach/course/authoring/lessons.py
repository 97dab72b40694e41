"""Where the lessons live, and how the two files of a lesson are read.

A lesson is a pair: ``NAME.py``, the source (jupytext percent script), and
``NAME.ipynb``, the same cells with stored outputs.
"""

from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

# the cell metadata that a lesson may carry; everything else is dropped on building
CELL_KEYS = ("slideshow", "tags", "minutes", "notes", "numbers_from")
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebooks_folder(start=None):
    """Return the folder ``notebooks/`` of the checkout around `start` (default: here).

    Raises FileNotFoundError outside a checkout: an installed wheel holds no lessons.
    """
    here = Path(start or Path.cwd()).resolve()
    package = Path(__file__).resolve().parents[3]
    for folder in (here, *here.parents, package):
        if (folder / "notebooks").is_dir() and (folder / "pyproject.toml").is_file():
            return folder / "notebooks"
    raise FileNotFoundError(
        f"no folder 'notebooks' at or above {here}: change into the project folder "
        "(the one that holds pyproject.toml) and try again"
    )


def files(folder, suffix):
    """Return every file of `folder` and below with this suffix, sorted, hidden folders left out."""
    folder = Path(folder)
    return sorted(
        path
        for path in folder.rglob(f"*{suffix}")
        if not any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
    )


def pairs(folder):
    """Return [(script, notebook), …] for all lessons at or below `folder`.

    Either of the two may be missing on disk; the name is listed all the same.
    """
    stems = {path.with_suffix("") for suffix in (".py", ".ipynb") for path in files(folder, suffix)}
    return [(stem.with_suffix(".py"), stem.with_suffix(".ipynb")) for stem in sorted(stems)]


def find(name, folder=None):
    """Return the pairs that `name` means: a file, a folder, or the beginning of a lesson's name.

    Raises ValueError, with the closest names, when nothing fits.

    >>> find("nowhere_to_be_found")
    Traceback (most recent call last):
    ...
    ValueError: no lesson begins with 'nowhere_to_be_found'...
    """
    path = Path(name)
    if path.is_dir():
        return pairs(path)
    if path.suffix in (".py", ".ipynb") and any(
        path.with_suffix(suffix).is_file() for suffix in (".py", ".ipynb")
    ):
        return [(path.with_suffix(".py"), path.with_suffix(".ipynb"))]
    every = pairs(folder or notebooks_folder())
    found = [pair for pair in every if pair[0].stem.startswith(path.stem)]
    if not found:
        stems = [script.stem for script, _ in every] or ["(there are none yet)"]
        close = get_close_matches(path.stem, stems, n=3, cutoff=0.3) or stems
        raise ValueError(f"no lesson begins with {name!r}; the closest: {', '.join(close)}")
    return found


def text_of(path):
    """Return the text of a file; raises ValueError, naming it, when that is not UTF-8."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{Path(path).name}, line {line}: not UTF-8; save the file in the encoding UTF-8"
        ) from None


def read(path):
    """Return the notebook in `path` (``.py`` or ``.ipynb``) as a NotebookNode of format 4.

    Raises ValueError, naming the file, when it holds no notebook.
    """
    path = Path(path)
    text = text_of(path)
    if path.suffix == ".py":
        import jupytext

        return jupytext.reads(text, fmt="py:percent")
    import nbformat

    try:
        notebook = nbformat.reads(text, as_version=4)
        [cell.source for cell in notebook.cells]
    except Exception as error:  # whatever a file that is no notebook makes of its reader
        words = str(error).split("\n")[0][:60] or type(error).__name__
        raise ValueError(
            f"{path.name} is no notebook ({words}); make it anew: python -m mmteach build "
            f"{path.with_suffix('.py').name}"
        ) from None
    return notebook


def essence(cell):
    """Return what the two files of a lesson must share: (cell type, source, kept metadata)."""
    kept = {key: cell.metadata[key] for key in CELL_KEYS if key in cell.metadata}
    return cell.cell_type, cell.source, kept


def cell_id(number, cell):
    """Return a cell's id, made from its position and source alone."""
    words = f"{number}\n{cell.cell_type}\n{cell.source}"
    return f"c{number:03d}-{sha256(words.encode()).hexdigest()[:8]}"


def out_of_step(script, notebook):
    """Return one sentence on where the two files of a lesson differ, or '' when they agree."""
    script, notebook = Path(script), Path(notebook)
    remedy = f"run: python -m mmteach build {script.name}"
    if not script.is_file():
        return f"{notebook.name} has no {script.name}: write the lesson as a script, then build it"
    if not notebook.is_file():
        return f"{script.name} has no {notebook.name}: {remedy}"
    mine = read(script).cells
    try:
        theirs = read(notebook).cells
    except ValueError as error:
        return str(error)
    for number, (a, b) in enumerate(zip(mine, theirs, strict=False)):
        for what, x, y in zip(("kind", "source", "metadata"), essence(a), essence(b), strict=True):
            if x != y:
                return f"{script.stem}: cell {number} differs in its {what}; {remedy}"
    if len(mine) != len(theirs):
        return f"{script.stem}: {len(mine)} cells in the script, {len(theirs)} beside it; {remedy}"
    return ""


def canonical_script(notebook):
    """Return the script of a notebook (as read from disk), in the form that JupyterLab writes.

    JupyterLab refuses to open a notebook that is newer than its script when the script's text
    differs from this form, be it in the order of metadata or in a blank line.
    """
    import jupytext
    from jupytext.config import JupytextConfiguration

    config = JupytextConfiguration(
        notebook_metadata_filter="kernelspec,-all",
        cell_metadata_filter=",".join([*CELL_KEYS, "-all"]),
    )
    return jupytext.writes(notebook, fmt="py:percent", config=config)


def not_canonical(script, notebook):
    """Return one sentence when the script is not in the form that JupyterLab writes, else ''."""
    if text_of(script) == canonical_script(read(notebook)):
        return ""
    return (
        f"{Path(script).name} is not in the form that JupyterLab writes (order of metadata, blank "
        f"lines), so it may refuse to open the pair; run: python -m mmteach build {script.name}"
    )


def unexecuted(cells):
    """Return one sentence on the first code cell that was not run in order 1..n, or ''."""
    code = [(number, cell) for number, cell in enumerate(cells) if cell.cell_type == "code"]
    for expected, (number, cell) in enumerate(code, start=1):
        if cell.execution_count != expected:
            return (
                f"code cell {number} carries the execution count {cell.execution_count} where "
                f"{expected} belongs; rebuild with --force"
            )
    return ""


def output_text(outputs):
    """Return the text that a reader sees in these outputs, without HTML tags and pictures."""
    import re
    from html import unescape

    pieces = []
    for output in outputs:
        if output.output_type == "stream":
            pieces.append(output.text)
        for kind, data in output.get("data", {}).items():
            if kind == "text/html":
                data = re.sub(r"<(style|script)\b.*?</\1>", " ", data, flags=re.S | re.I)
                pieces.append(unescape(re.sub(r"<[^>]*>", " ", data)))
            elif kind in ("text/plain", "text/markdown", "text/latex"):
                # "<Figure size 640x480 with 1 Axes>" is a label of the picture, not a result
                pieces.append("" if data.startswith("<Figure size ") else data)
    return "\n".join(pieces)


def heading(cell):
    """Return (level, title) of a markdown cell that begins with a heading, else (0, '')."""
    first = cell.source.lstrip().split("\n", 1)[0] if cell.cell_type == "markdown" else ""
    level = len(first) - len(first.lstrip("#"))
    if 1 <= level <= 6 and first[level : level + 1] == " ":
        return level, first[level:].strip()
    return 0, ""
