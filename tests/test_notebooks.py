"""Every lesson is a true pair, fully executed, offline, with no number of unknown origin.

What the cells print is compared by nbval, which plain ``pytest`` runs on the same notebooks.
"""

import re
from pathlib import Path

import pytest

from mmteach.course.authoring import lesson_prose, lesson_rules, lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
PAIRS = lessons.pairs(FOLDER)
NOTEBOOKS = [notebook for _, notebook in PAIRS if notebook.is_file()]  # a missing one: in step?
LESSONS = [notebook for notebook in NOTEBOOKS if notebook.parent == FOLDER]
FIRST = {"00_start_here", "day2_rcbd_fixed", "day2_rcbd_mixed"}


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def none(path, complaints):
    """Fail with every complaint on its own line, each with the lesson's name."""
    assert not complaints, "\n" + "\n".join(f"{path.name}, {line}" for line in complaints)


def test_the_course_has_lessons():
    missing = FIRST - {script.stem for script, _ in PAIRS}
    assert not missing, f"notebooks/ lacks {', '.join(sorted(missing))}"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].stem)
def test_script_and_notebook_are_in_step(pair):
    complaint = lessons.out_of_step(*pair) or lessons.not_canonical(*pair)
    assert not complaint, complaint


@each(NOTEBOOKS)
def test_every_code_cell_was_run_in_order(path):
    complaint = lessons.unexecuted(lessons.read(path).cells)
    assert not complaint, f"{path.name}: {complaint}"


@each(NOTEBOOKS)
def test_ids_are_unique_and_metadata_are_the_lessons_own(path):
    none(path, lesson_rules.tidy_cells(lessons.read(path).cells))


@each(NOTEBOOKS)
def test_outputs_are_clean(path):
    none(path, lesson_rules.clean_outputs(lessons.read(path).cells))


@each(NOTEBOOKS)
def test_no_output_hides_from_comparison(path):
    none(path, lesson_rules.honest_comparison(lessons.read(path).cells))


@each(NOTEBOOKS)
def test_no_cell_reaches_the_network_or_installs(path):
    none(path, lesson_rules.self_contained(lessons.read(path).cells))


@each(NOTEBOOKS)
def test_every_number_in_prose_is_shown_by_an_output(path):
    none(path, lesson_prose.complaints(lessons.read(path).cells))


@each(LESSONS)
def test_one_title(path):
    none(path, lesson_rules.one_title(lessons.read(path).cells))


@each(LESSONS)
def test_slides_are_marked(path):
    none(path, lesson_rules.slides_marked(lessons.read(path).cells))


@each(LESSONS)
def test_minutes_are_planned(path):
    limits = (40, 70) if path.stem.startswith("day") else (None, None)
    none(path, lesson_rules.minutes_planned(lessons.read(path).cells, *limits))


@each(LESSONS)
def test_code_cells_are_short(path):
    none(path, lesson_rules.short_cells(lessons.read(path).cells))


@each(LESSONS)
def test_prose_leads_to_every_code_cell(path):
    none(path, lesson_rules.prose_between(lessons.read(path).cells))


def sections(path):
    """The numbered sections of a lesson, in order."""
    titles = [lessons.heading(cell) for cell in lessons.read(path).cells]
    return [title for level, title in titles if level == 2 and re.match(r"\d", title)]


def test_the_pair_of_day_2_has_the_same_sections():
    fixed, mixed = (sections(FOLDER / f"day2_rcbd_{kind}.ipynb") for kind in ("fixed", "mixed"))
    assert len(fixed) >= 5, "number the sections of the pair: '## 1. …'"
    assert fixed == mixed, "an instructor switches between the two at any section"
