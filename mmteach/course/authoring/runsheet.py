"""Print what the lecturer needs at the desk: ``python -m mmteach runsheet day2``."""

import re
from textwrap import fill

from . import formulas, lesson_rules, lessons

# emphasis, but not the underscore of a name such as sigma_b
MARKS = re.compile(r"\*{1,2}(?=\S)|(?<=\S)\*{1,2}|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)")
MATHS = re.compile(r"\$\$?([^$]+)\$\$?")
SHORTER = re.compile(r"With (\d+) minutes: *")  # a line of the notes: what to leave out
ASKS = re.compile(r"\*\*(Predict|Check|Discuss|Commit to a (?:guess|choice))\b[^*]*\*\*[.:]?\s*")


def clock(minutes):
    """Return minutes as h:mm.

    >>> clock(65)
    '1:05'
    """
    whole = round(minutes)
    return f"{whole // 60}:{whole % 60:02d}"


def lines_of(text):
    """Return the lines of a text that say something, without markdown's signs.

    >>> lines_of("*Figure 1. A trial.*\\n\\n**Discuss.** Is $\\\\sigma_b^2$ *larger*?")
    ['Figure 1. A trial.', 'Discuss. Is σ_b² larger?']
    """
    text = MATHS.sub(lambda found: formulas.readable(found[1]), MARKS.sub("", text))
    lines = [line.strip().lstrip("#>*- ") for line in text.split("\n")]
    return [line for line in lines if line]


def asked(cell):
    """Return (mark, words) of everything that a text cell asks the class, in order.

    >>> from nbformat.v4 import new_markdown_cell
    >>> asked(new_markdown_cell("**Predict.** Which is *larger*? Why?"))
    [('* PREDICT', 'Which is larger? Why?')]
    """
    if cell.cell_type != "markdown":
        return []
    found = [
        (f"* {start[1].split()[0].upper()}", " ".join(lines_of(line[start.end() :])))
        for line in cell.source.split("\n")
        if (start := ASKS.search(line))
    ]
    if "discuss" in lesson_rules.tags(cell) and not any(mark == "* DISCUSS" for mark, _ in found):
        body = cell.source.split("\n", 1)[-1] if lessons.heading(cell)[0] else cell.source
        found.append(("* DISCUSS", (lines_of(body) or [lessons.heading(cell)[1]])[0]))
    return found


def entry(mark, words):
    """Return one indented entry of the run sheet, wrapped."""
    start = f"{mark:>17} "
    return fill(words, 96, initial_indent=start, subsequent_indent=" " * len(start))


def runsheet(cells):
    """Return the run sheet of a lesson's cells as text.

    One row for each cell that carries minutes or begins a section: when it starts, how long it
    takes, its heading; beneath it the speaker notes and, marked ``*``, what the class is asked,
    with the number that the next code cell shows when all were run in order. A line of the notes
    that begins "With 50 minutes:" says what to leave out in a shorter class.
    """
    rows, elapsed, runs = [], 0, 0
    for cell in cells:
        level, title = lessons.heading(cell)
        minutes = cell.metadata.get("minutes")
        runs += cell.cell_type == "code"
        if level == 1:
            rows += [title, "=" * len(title), "start   min  section"]
        if level == 2 or minutes:
            planned = f"{minutes:4g}" if minutes else "   -"
            rows.append(f"{clock(elapsed):>5}  {planned}  {title}")
            elapsed += minutes or 0
        said = []
        for line in lines_of(cell.metadata.get("notes", "")):
            shorter = SHORTER.match(line)
            mark = f"{shorter[1]} min:" if shorter else "say:"
            said.append(entry(mark, line[shorter.end() :] if shorter else line))
        asks = [entry(mark, f"{words} [before In {runs + 1}]") for mark, words in asked(cell)]
        # the notes of a section open it, those of another cell are about its question
        rows += said + asks if level else asks + said
    rows.append(
        f"{clock(elapsed):>5}        end, {elapsed:g} minutes; {lesson_rules.rhythm(cells)}"
    )
    return "\n".join(rows)


def main(names):
    """Print the run sheet of every lesson that `names` mean; return the exit code."""
    found = {pair: None for name in names for pair in lessons.find(name)}
    # exercises have no minutes; they are shown only when nothing else carries the name
    taught = [pair for pair in found if pair[0].parent.name not in ("exercises", "solutions")]
    chosen = taught or found
    for position, (script, notebook) in enumerate(chosen):
        if position:
            print()
        print(runsheet(lessons.read(notebook if notebook.is_file() else script).cells))
    return 0
