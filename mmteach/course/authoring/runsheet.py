"""Print what the lecturer needs at the desk: ``python -m mmteach runsheet day2``."""

import re
from textwrap import fill

from . import lesson_rules, lessons

# emphasis, but not the underscore of a name such as sigma_b
MARKS = re.compile(r"\*{1,2}(?=\S)|(?<=\S)\*{1,2}|(?<!\w)_{1,2}(?=\S)|(?<=\S)_{1,2}(?!\w)")
SHORTER = re.compile(r"^With \d+ minutes: *")  # a line of the notes: what to leave out


def clock(minutes):
    """Return minutes as h:mm.

    >>> clock(65)
    '1:05'
    """
    whole = round(minutes)
    return f"{whole // 60}:{whole % 60:02d}"


def first_line(text, prefer=None):
    """Return the first line of a text that says something, without markdown's signs.

    With `prefer`, a pattern, the first line that matches it goes before.

    >>> first_line("*Figure 1. A trial.*\\n\\n**Discuss.** Why 4 blocks?", "discuss")
    'Discuss. Why 4 blocks?'
    >>> first_line("Write *sigma_b* on the board.")
    'Write sigma_b on the board.'
    """
    lines = [MARKS.sub("", line) for line in text.split("\n")]
    lines = [line.strip().lstrip("#>*- ") for line in lines]
    lines = [line for line in lines if line]
    preferred = [line for line in lines if prefer and re.search(prefer, line, re.I)]
    return (preferred + lines + [""])[0]


def entry(mark, words):
    """Return one indented entry of the run sheet, wrapped."""
    start = f"{mark:>17} "
    return fill(words, 96, initial_indent=start, subsequent_indent=" " * len(start))


def runsheet(cells):
    """Return the run sheet of a lesson's cells as text.

    One row for each cell that carries minutes or begins a section: when it starts, how long it
    takes, its heading; beneath it the first line of the speaker notes and, marked ``*``, the
    places where the class discusses. A line of the notes that begins "With 50 minutes:" says
    what to leave out in a shorter class; it is shown as well.
    """
    rows, elapsed = [], 0
    for number, cell in enumerate(cells):
        level, title = lessons.heading(cell)
        minutes = cell.metadata.get("minutes")
        if level == 1:
            rows += [title, "=" * len(title), "start   min  section"]
        if level == 2 or minutes:
            planned = f"{minutes:4g}" if minutes else "   -"
            rows.append(f"{clock(elapsed):>5}  {planned}  {title}")
            elapsed += minutes or 0
        notes = cell.metadata.get("notes", "")
        if note := first_line(notes):
            rows.append(entry("say:", note))
        for line in notes.split("\n")[1:]:
            if shorter := SHORTER.match(line):
                rows.append(entry(f"{shorter.group().split()[1]} min:", line[shorter.end() :]))
        if "discuss" in lesson_rules.tags(cell):
            body = cell.source.split("\n", 1)[-1] if level else cell.source
            words = re.sub(r"(?i)^discuss\w*\s*[.:]\s*", "", first_line(body, "discuss")) or title
            rows.append(entry("* DISCUSS", f"{words} [cell {number}]"))
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
