"""Exercises and solutions from one source: ``python -m mmteach exercises``.

``notebooks/solutions/DAY_solutions.py`` is the source. What lies between the marks

    # >>> name: what is asked
    name = the solution
    # <<<

becomes ``name = None  # your answer: what is asked`` in ``notebooks/exercises/DAY_exercises.py``;
everything else is the same in both editions, but for the title.
"""

import re

from . import building, lessons

BLANK = re.compile(
    r"^# >>> (?P<names>\w+(?:, \w+)*): (?P<what>.+)\n(?P<body>(?:(?!# (?:>>>|<<<)).*\n)+)# <<<\n",
    re.MULTILINE,
)
TITLE = re.compile(r"^# # (.+): solutions$", re.MULTILINE)


def blanks(source):
    """[(names, body)] of the solutions that a source marks.

    >>> blanks("# >>> a, b: two numbers\\na, b = 1, 2\\n# <<<\\n")
    [(['a', 'b'], 'a, b = 1, 2\\n')]
    """
    return [(found["names"].split(", "), found["body"]) for found in BLANK.finditer(source)]


def student_edition(source):
    """The text of the exercises, made from the text of the solutions.

    >>> print(student_edition("# # Day 2: solutions\\n# >>> a: one\\na = 1\\n# <<<\\nprint(a)\\n"))
    # # Day 2: exercises
    a = None  # your answer: one
    print(a)
    <BLANKLINE>

    Raises ValueError for a mark without its partner and for a source without its title.
    """
    left = BLANK.sub(
        lambda found: (
            f"{' = '.join(found['names'].split(', '))} = None  # your answer: {found['what']}\n"
        ),
        source,
    )
    stray = re.search(r"^\s*# ?(>>>|<<<).*$", left, re.MULTILINE)
    if stray:
        raise ValueError(
            f"the mark {stray.group().strip()!r} has no partner; write '# >>> name: what', the "
            "solution, and '# <<<' on lines of their own, not indented"
        )
    made, titles = TITLE.subn(r"# # \1: exercises", left)
    if titles != 1:
        raise ValueError(
            f"{titles} titles end in ': solutions'; the first cell begins '# # Day 4: solutions'"
        )
    return made


def editions(folder=None):
    """[(solutions script, exercises script)] of the course."""
    folder = folder or lessons.notebooks_folder()
    return [
        (script, folder / "exercises" / script.name.replace("_solutions", "_exercises"))
        for script in sorted((folder / "solutions").glob("*_solutions.py"))
    ]


def out_of_step(solutions, exercises):
    """One sentence when the exercises are not what the solutions make, else ''."""
    made = student_edition(lessons.text_of(solutions))
    if exercises.is_file() and lessons.text_of(exercises) == made:
        return ""
    return f"{exercises.name} is not what {solutions.name} makes; run: python -m mmteach exercises"


def orphans(folder=None):
    """Scripts and notebooks of exercises that no solutions make."""
    folder = folder or lessons.notebooks_folder()
    made = {exercises.stem for _, exercises in editions(folder)}
    return [
        path
        for path in sorted((folder / "exercises").glob("*_exercises.*"))
        if path.stem not in made
    ]


def main(check=False, timeout=120, folder=None):
    """Write the exercises and build both editions; with `check` only say what is out of step."""
    failed, found = 0, editions(folder)
    if not found:
        print("There are no solutions yet: write notebooks/solutions/DAY_solutions.py first.")
        return 1
    for solutions, exercises in found:
        if check:
            complaint = out_of_step(solutions, exercises)
            print(complaint or f"{exercises.name}: in step")
            failed += bool(complaint)
            continue
        failed += building.main([str(solutions)], timeout=timeout)  # also tidies the source
        if out_of_step(solutions, exercises):
            exercises.parent.mkdir(exist_ok=True)
            made = student_edition(lessons.text_of(solutions))
            building.replace(exercises, made)
        failed += building.main([str(exercises)], timeout=timeout)
    for path in orphans(folder):
        print(
            f"{path.name} has no solutions; delete it, or write notebooks/solutions/"
            f"{path.stem.replace('_exercises', '_solutions')}.py"
        )
        failed += 1
    return min(failed, 1)
