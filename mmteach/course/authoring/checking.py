"""The rules and the prose check of a lesson, without pytest: ``python -m mmteach check``."""

from . import lesson_prose, lesson_rules, lessons

MINUTES = 40, 70  # what the sections of a day may add up to
# every notebook keeps these ...
ALWAYS = (
    lesson_rules.tidy_cells,
    lesson_rules.clean_outputs,
    lesson_rules.honest_comparison,
    lesson_rules.self_contained,
    lesson_prose.complaints,
)
# ... and these are about how a lesson, or a sheet of exercises, is told
TOLD = (
    lesson_rules.one_title,
    lesson_rules.slides_marked,
    lesson_rules.short_cells,
    lesson_rules.prose_between,
)


def pair_complaints(script, notebook):
    """What is amiss between the two files of a lesson: a list with at most one sentence."""
    complaint = lessons.out_of_step(script, notebook) or lessons.not_canonical(script, notebook)
    return [complaint] if complaint else []


def complaints(script, notebook):
    """Everything that the rules say about one lesson, each with its cell and its remedy."""
    found = pair_complaints(script, notebook)
    try:
        cells = lessons.read(notebook).cells if notebook.is_file() else None
    except ValueError:
        cells = None  # the pair's complaint says so
    if cells is None:
        return found
    unexecuted = lessons.unexecuted(cells)
    found += [unexecuted] if unexecuted else []
    for rule in (*ALWAYS, *TOLD):
        found += rule(cells)
    if notebook.parent.name not in ("exercises", "solutions"):
        limits = MINUTES if notebook.stem.startswith("day") else (None, None)
        found += lesson_rules.minutes_planned(cells, *limits)
    return found


def main(names=()):
    """Print what the rules say about the lessons named (default: all); return the exit code."""
    names = names or [lessons.notebooks_folder()]
    chosen = {pair: None for name in names for pair in lessons.find(name)}
    if not chosen:
        print("There are no lessons here yet: write notebooks/NAME.py first.")
        return 1
    failed = 0
    for script, notebook in chosen:
        found = complaints(script, notebook)
        print(f"{script.stem}: " + ("all rules are kept" if not found else f"{len(found)} to mend"))
        for complaint in found:
            print(f"    {complaint}")
        failed += bool(found)
    return min(failed, 1)
