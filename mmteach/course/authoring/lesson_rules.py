"""The rules a lesson keeps, each a small function from its cells to a list of complaints.

Every complaint names the cell (counted from 0) and the remedy; an empty list means that the rule
is kept.
"""

import ast
import re

from .lessons import CELL_KEYS, cell_id, heading

SLIDE_TYPES = ("slide", "subslide", "fragment", "skip", "notes", "-")
LONGEST = 30  # lines of a code cell that still fit on a screen
NETWORK_MODULES = {
    *("requests", "urllib", "urllib3", "http", "httpx", "aiohttp", "socket", "ssl", "ftplib"),
    *("smtplib", "webbrowser", "websockets", "pooch"),
}
STARTING_PROGRAMS = {"subprocess", "pip", "conda", "ensurepip"}
DOWNLOADERS = {"get_rdataset", "load_dataset", "fetch_openml", "urlopen", "urlretrieve"}
SHELL_MAGICS = re.compile(
    r"^\s*(?:!|%%?(?:pip|conda|mamba|uv|sx|system|bash|sh|script|cmd)\b)|=\s*!|^\s*%%?!", re.M
)
SAYING = {"print", "display", "Markdown", "HTML"}  # they show an address and do not open it


def tags(cell):
    """Return a cell's tags."""
    return list(cell.metadata.get("tags", ()))


def code_cells(cells):
    """Return [(position, cell), …] of the code cells."""
    return [(number, cell) for number, cell in enumerate(cells) if cell.cell_type == "code"]


def tree(source):
    """Return the syntax tree of a code cell, lines of IPython magic left out."""
    lines = ["pass" if re.match(r"[%!?]", line) else line for line in source.split("\n")]
    return ast.parse("\n".join(lines))


def one_title(cells):
    """The lesson begins with its only H1 heading; sections are H2 and below."""
    titles = [number for number, cell in enumerate(cells) if heading(cell)[0] == 1]
    # a second title may also hide further down in a cell
    for number, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            text = re.sub(r"(?ms)^```.*?^```", "", cell.source)
            more = len(re.findall(r"(?m)^# \S", text)) - (number in titles)
            titles += [number] * more
    if titles == [0]:
        return []
    return [
        f"cell {number}: a second H1 title; make it a section, '## …'"
        for number in titles
        if number
    ] + (["cell 0: begin the lesson with its title, '# Verb and subject'"] * (0 not in titles))


def slides_marked(cells):
    """Every cell says what it is in the slide show."""
    complaints = []
    for number, cell in enumerate(cells):
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind not in SLIDE_TYPES:
            complaints.append(
                f"cell {number}: slide type {kind!r}; write "
                f'slideshow={{"slide_type": "slide"}} (or {", ".join(SLIDE_TYPES[1:])})'
            )
    return complaints


def minutes_planned(cells, low=None, high=None):
    """Every section (H2) carries its minutes, and they add up to a lesson."""
    complaints, total = [], 0
    for number, cell in enumerate(cells):
        level, title = heading(cell)
        minutes = cell.metadata.get("minutes")
        if minutes is None:
            if level == 2:
                complaints.append(f"cell {number}: section '{title}' has no minutes; add minutes=5")
            continue
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes <= 0:
            complaints.append(f"cell {number}: minutes={minutes!r} is no number of minutes")
        elif level not in (1, 2):
            complaints.append(
                f"cell {number}: move minutes={minutes} to the section's heading cell"
            )
        else:
            total += minutes
    if low is not None and not low <= total <= high:
        complaints.append(
            f"the sections add up to {total:g} minutes; a lesson takes {low} to {high}: "
            "adjust minutes=… of its sections"
        )
    return complaints


def short_cells(cells):
    """No code cell is longer than fits on a screen, unless it shows a source."""
    complaints = []
    for number, cell in code_cells(cells):
        lines = sum(bool(line.strip()) for line in cell.source.split("\n"))
        if lines > LONGEST and "shown-source" not in tags(cell):
            complaints.append(
                f"cell {number}: {lines} lines of code, at most {LONGEST} belong in a cell; split "
                'it with a sentence between, or tag a source on show: tags=["shown-source"]'
            )
    return complaints


def _imports(cell):
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree(cell.source).body)


def _called(node):
    """The last word of what a call calls: ``load`` in ``mm.load("sorghum")``."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _loads(cell):
    calls = (node for node in ast.walk(tree(cell.source)) if isinstance(node, ast.Call))
    return any(_called(node) == "load" for node in calls)


def prose_between(cells):
    """Two code cells never follow each other, except imports and then the data."""
    return [
        f"cell {number}: follows another code cell; write a sentence between that leads to it"
        for number, (before, cell) in enumerate(zip(cells, cells[1:], strict=False), start=1)
        if before.cell_type == cell.cell_type == "code" and not (_imports(before) and _loads(cell))
    ]


def _code_complaints(source):
    if SHELL_MAGICS.search(source):
        yield "starts a program of the system"
        return
    for node in ast.walk(tree(source)):
        named = []
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            named = [node.module or ""]
        elif isinstance(node, ast.Call):
            called = _called(node)
            texts = [
                part.value
                for argument in (*node.args, *(keyword.value for keyword in node.keywords))
                for part in ast.walk(argument)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if called in ("import_module", "__import__"):
                named = texts
            if called in ("system", "popen", "run_line_magic", "run_cell_magic", "getoutput"):
                yield f"starts a program of the system ({called})"
            if called in DOWNLOADERS:
                yield f"fetches data from the network ({called})"
            if called not in SAYING and any(
                re.match(r"(?:https?|s?ftp|s3|gs)://", t) for t in texts
            ):
                yield f"hands a network address to {called or 'a call'}"
        for name in named:
            root = name.split(".")[0]
            if root in NETWORK_MODULES:
                yield f"imports {name}, which reaches the network"
            if root in STARTING_PROGRAMS:
                yield f"imports {name}, which starts programs"


def self_contained(cells):
    """No code cell reaches the network, installs something or starts a program."""
    return [
        f"cell {number}: {complaint}; lessons run offline, with data from mm.load(…)"
        for number, cell in code_cells(cells)
        for complaint in _code_complaints(cell.source)
    ]


def tidy_cells(cells):
    """Every cell has the id that the build gives it, and no metadata that the build would drop.

    So no two cells can share an id: reading mends a second one, silently, to a random id.
    """
    complaints = []
    for number, cell in enumerate(cells):
        if cell.get("id") != cell_id(number, cell):
            complaints.append(
                f"cell {number}: its id is not the one that the build makes, or another cell has "
                "it as well; rebuild with --force"
            )
        foreign = sorted(set(cell.metadata) - set(CELL_KEYS))
        if foreign:
            complaints.append(
                f"cell {number}: its metadata hold {', '.join(foreign)}; lessons carry only "
                f"{', '.join(CELL_KEYS)}: rebuild with --force"
            )
    return complaints


def clean_outputs(cells):
    """No output is an error, a warning nobody announced, a live widget or a machine's path."""
    complaints = []
    for number, cell in code_cells(cells):
        for output in cell.outputs:
            data = output.get("data", {})
            text = str(output.get("text", "")) + str(data.get("text/plain", ""))
            if output.output_type == "error":
                complaints.append(
                    f"cell {number}: its output is an error ({output.ename}); to show a failure, "
                    "catch it: try … except ValueError as error: print(error)"
                )
            if output.get("name") == "stderr" and "warning-shown" not in tags(cell):
                complaints.append(
                    f"cell {number}: it warns ({text.strip()[:60]!r}); remove the "
                    'cause, or say that it is meant: tags=["warning-shown"]'
                )
            if any("widget" in kind for kind in data):
                complaints.append(f"cell {number}: a live widget is stored; rebuild with --force")
            place = re.search(
                r"(?:/home/|/Users/|/tmp/|/root/|[A-Z]:\\)\S*|0x[0-9a-f]*[1-9a-f]\b", text
            )
            if place:
                complaints.append(
                    f"cell {number}: its output holds {place[0]}, which differs on every machine; "
                    "print something steadier"
                )
    return complaints


def honest_comparison(cells):
    """Only widget cells are exempt from the comparison of stored and fresh outputs."""
    complaints = []
    for number, cell in code_cells(cells):
        marks = {tag for tag in tags(cell) if tag.startswith("nbval") or tag == "raises-exception"}
        marks |= set(re.findall(r"(?m)^\s*#\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)", cell.source))
        has_widget = re.search(r"\b(?:interact|interactive\w*|widgets|ipywidgets)\b", cell.source)
        draws = has_widget and not _imports(cell)
        if draws and "nbval-ignore-output" not in marks:
            complaints.append(
                f"cell {number}: a widget's output cannot be compared; "
                'add tags=["nbval-ignore-output"]'
            )
        for mark in sorted(marks - ({"nbval-ignore-output"} if has_widget else set())):
            complaints.append(f"cell {number}: {mark} hides the output from the tests; remove it")
    return complaints


def rhythm(cells):
    """Return the lesson's measured rhythm as one line for its author."""
    from statistics import median

    code = [
        sum(bool(line.strip()) for line in cell.source.split("\n")) for _, cell in code_cells(cells)
    ]
    pictures = sum(
        "image/png" in output.get("data", {})
        for _, cell in code_cells(cells)
        for output in cell.outputs
    )
    return (
        f"{len(cells)} cells, {len(code)} of code (median {median(code or [0]):g} lines, longest "
        f"{max(code, default=0)}), {pictures} pictures"
    )
