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

BLANK = re.compile(r"^# >>> (?P<names>[\w, ]+): (?P<what>.+)\n(?P<body>(?:(?!# <<<).*\n)*?)# <<<\n", re.MULTILINE)


def student_edition(source):
    """The text of the exercises, made from the text of the solutions.

    >>> print(student_edition("# >>> a, b: two numbers\\na, b = 1, 2\\n# <<<\\nprint(a)\\n"))
    a = b = None  # your answer: two numbers
    print(a)
    <BLANKLINE>
    """
    left = BLANK.sub(lambda m: f"{' = '.join(m['names'].replace(' ', '').split(','))} = None"
                               f"  # your answer: {m['what']}\n", source)
    stray = re.search(r"^# (>>>|<<<).*$", left, re.MULTILINE)
    if stray:
        raise ValueError(f"the mark {stray.group()!r} has no partner; write '# >>> name: what', the "
                         "solution, and '# <<<' on lines of their own")
    return left.replace(": solutions\n", ": exercises\n")


def editions(folder=None):
    """[(solutions script, exercises script)] of the course."""
    folder = folder or lessons.notebooks_folder()
    return [(script, folder / "exercises" / script.name.replace("_solutions", "_exercises"))
            for script in sorted((folder / "solutions").glob("*_solutions.py"))]


def out_of_step(solutions, exercises):
    """One sentence when the exercises are not what the solutions make, else ''."""
    made = student_edition(solutions.read_text(encoding="utf-8"))
    if exercises.is_file() and exercises.read_text(encoding="utf-8") == made:
        return ""
    return f"{exercises.name} is not what {solutions.name} makes; run: python -m mmteach exercises"


def main(check=False, timeout=120):
    """Write the exercises and build both editions; with `check` only say what is out of step."""
    failed = 0
    for solutions, exercises in editions():
        if check:
            complaint = out_of_step(solutions, exercises)
            print(complaint or f"{exercises.name}: in step")
            failed += bool(complaint)
            continue
        failed += building.main([str(solutions)], timeout=timeout)  # also tidies the source
        made = student_edition(solutions.read_text(encoding="utf-8"))
        exercises.parent.mkdir(exist_ok=True)
        if out_of_step(solutions, exercises):
            exercises.write_text(made, encoding="utf-8", newline="\n")
        failed += building.main([str(exercises)], timeout=timeout)
    return min(failed, 1)
