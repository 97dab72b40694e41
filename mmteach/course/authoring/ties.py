"""Printed numbers that hang on the last bit: ``python -m mmteach build --ties``.

Where a result ends exactly in the digit 5, rounding goes up or down as the last bit of the
arithmetic falls, and that bit differs between processors and versions of numpy. Balanced data
make such ties likely. So a lesson runs twice more, all responses multiplied by 1 + 1e-12 and by
1 - 1e-12, and must print the same.
"""

from . import executing, lessons

NUDGE = 1e-12
# Runs in the kernel before the first cell. The responses are the columns with decimals; counts,
# rates and days are whole numbers, and stay.
STARTUP = """
def _nudge_responses(factor):
    from mmteach import datasets

    load = datasets.load

    def nudged(name):
        frame = load(name)
        for column in frame.select_dtypes("float"):
            frame[column] *= factor
        return frame

    datasets.load = nudged


_nudge_responses({factor!r})
del _nudge_responses
"""
# only what is printed is compared: no picture need be drawn
NO_PICTURES = "get_ipython().config.InlineBackend.figure_formats = set()\n"


def nudge(factor):
    """Start-up code for a kernel in which all responses of the course are `factor` times as large."""
    return STARTUP.format(factor=factor)


def nudged_runs(script, timeout=120):
    """Execute a script with all responses a trifle larger, and smaller; return both notebooks.

    They hold what the lesson prints, without its pictures.
    """
    startups = [nudge(factor) + NO_PICTURES for factor in (1 + NUDGE, 1 - NUDGE)]
    return executing.fresh(script, timeout, startups)


def complaints(larger, smaller):
    """One sentence for each cell whose text differs between the two runs."""
    found = []
    for number, cells in enumerate(zip(larger.cells, smaller.cells, strict=True)):
        if cells[0].cell_type != "code":
            continue
        one, other = (lessons.output_text(cell.outputs).split("\n") for cell in cells)
        if one == other:
            continue
        lines = [pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]]
        a, b = (line.strip() for line in (lines or [("", "")])[0])
        found.append(
            f"cell {number}: it prints {a!r} or {b!r} as the last bit of the arithmetic falls; "
            "print other digits, fewer or more"
        )
    return found


def report(script, timeout=120):
    """Print what hangs on the last bit in one lesson; return the number of failures, 0 or 1."""
    found = complaints(*nudged_runs(script, timeout))
    print(f"{script.stem}: " + ("no number hangs on the last bit" if not found else ""), flush=True)
    for complaint in found:
        print(f"    {complaint}")
    return min(len(found), 1)
