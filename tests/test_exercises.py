"""The exercises: right answers, the hints of wrong ones, and two editions in step."""

import re
from pathlib import Path

import pytest
from reference_values import reference

from mmteach.__main__ import main as command
from mmteach.course import answers, checks
from mmteach.course.answers import day4
from mmteach.course.authoring import exercises, lesson_rules, lessons
from mmteach.course.checks import judge

FOLDER = Path(__file__).parents[1] / "notebooks"
EDITIONS = exercises.editions(FOLDER)
DAYS = [solutions.stem.removesuffix("_solutions") for solutions, _ in EDITIONS]
QUESTIONS = answers.every()
BY_R = reference("answers")["answers"]
PLANTED = [(key, hint) for key, question in QUESTIONS.items() for hint in question.wrong]
SOURCE = """# # Day 0: solutions
# >>> a: a number
a = 1
# <<<
check("day0.a", a)
"""

of_each_day = pytest.mark.parametrize(("solutions", "student"), EDITIONS, ids=DAYS)


def checks_in(source):
    return re.findall(r'check\("([\w.]+)"', source)


def code_cells(script):
    """[(source, text of its outputs)] of the notebook beside a script."""
    return [
        (cell.source, lessons.output_text(cell.outputs))
        for cell in lessons.read(script.with_suffix(".ipynb")).cells
        if cell.cell_type == "code"
    ]


def shown_by(cells, call):
    """The output of the one cell that ends in this call of the course."""
    (text,) = [text for source, text in cells if source.split("\n")[-1].startswith(f"{call}(")]
    return text


# --- the questions ------------------------------------------------------------------------


def test_each_day_has_seven_questions_each():
    assert DAYS[:4] == ["day1", "day2", "day3", "day4"]
    assert {day: len(checks.questions(day)) for day in DAYS} == dict.fromkeys(DAYS, 7)
    assert {key.split(".")[0] for key in QUESTIONS} == set(DAYS)


@pytest.mark.parametrize("key", QUESTIONS)
def test_the_right_answer_is_right(key):
    line, right = judge(key, QUESTIONS[key].right())
    assert right and line.startswith(f"{key}: right, ")


@pytest.mark.parametrize(
    ("key", "hint"), PLANTED, ids=[f"{key}-{i}" for i, (key, _) in enumerate(PLANTED)]
)
def test_each_wrong_answer_gets_its_own_hint(key, hint):
    wrong = QUESTIONS[key].wrong[hint]()
    assert judge(key, wrong) == (f"{key}: not yet: {hint}", False)


@pytest.mark.parametrize("key", QUESTIONS)
def test_the_answers_of_a_question_are_far_apart(key):
    """Rounding an answer can neither make it right nor give it another one's hint."""
    question = QUESTIONS[key]
    assert 1 <= len(question.wrong) <= 8
    values = [question.right(), *(wrong() for wrong in question.wrong.values())]
    if question.words:
        assert len(set(values)) == len(values) and set(values) <= set(question.words())
        return
    values = [checks.numbers(value) for value in values]
    for i, one in enumerate(values):
        for other in values[:i]:
            assert not question.same(one, other, times=2)
            assert not question.same(other, one, times=2)


def known_values(key):
    """The right answer of a question and then its wrong ones, as a list."""
    question = QUESTIONS[key]
    return [question.right(), *(wrong() for wrong in question.wrong.values())]


def test_every_answer_was_also_computed_by_r():
    assert list(BY_R) == list(QUESTIONS), "tests/reference/answers.R computes other questions"


@pytest.mark.parametrize("key", QUESTIONS)
def test_right_and_wrong_answers_are_those_of_r(key):
    """A hint must stay with the number that students compute, so each is held by its value."""
    ours = known_values(key)
    assert len(ours) == len(BY_R[key]), "bring tests/reference/answers.R up to date"
    for mine, theirs in zip(ours, BY_R[key], strict=True):
        assert mine == (theirs if isinstance(theirs, str) else pytest.approx(theirs, rel=2e-6))


def test_hints_are_sentences_for_one_line():
    for key, hint in PLANTED:
        assert "\n" not in hint and len(hint) < 90 and not hint.endswith("."), (key, hint)


def test_the_answers_are_those_of_the_lectures():
    """The printed results of lme4, independent of how the answers are computed."""
    printed = {
        "day2.sigma": 160.1,
        "day2.sigma2_b": 2906,
        "day2.sed": 113.20,
        "day2.se_mean": 84.46,
        "day4.sigma2_b": 102.6,
        "day4.sigma2": 144.394,
        "day4.criterion": 91.092,
    }
    for key, value in printed.items():
        assert QUESTIONS[key].right() == pytest.approx(value, rel=5e-4), key
    assert checks._computed("day4.sigma2_b")[1][
        "this is the ML value; it divides by J where REML divides by J − 1"
    ] == pytest.approx(56.391, abs=5e-4)


def test_the_average_of_ml_agrees_with_a_simulation():
    import numpy as np

    rng, k = np.random.default_rng(11), 40
    scores = rng.normal(0, 10, (40_000, 3, 1)) + rng.normal(0, 15, (40_000, 3, k))
    between, within = k * scores.mean(-1).var(-1), scores.var(-1, ddof=1).mean(-1)  # divided by J
    estimates = (between - within) / k
    assert abs(estimates.mean() - day4.average_ml(3, 40)) < 4 * estimates.std() / 200


# --- the editions -------------------------------------------------------------------------


@of_each_day
def test_the_editions_do_not_drift(solutions, student):
    assert exercises.out_of_step(solutions, student) == ""
    assert command(["exercises", "--check"]) == 0


@of_each_day
def test_the_editions_differ_in_blanks_and_title_only(solutions, student):
    ours, theirs = (lessons.read(path).cells for path in (solutions, student))
    assert len(ours) == len(theirs)
    filled = 0
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if a.source == b.source:
            continue
        if number == 0:
            assert a.source.replace(": solutions\n", ": exercises\n", 1) == b.source
            continue
        head, _, tail = a.source.partition("# >>> ")
        body, _, after = tail.partition("# <<<\n")
        names = body.split(":")[0]
        assert re.fullmatch(
            re.escape(head) + rf"{names} = None  # your answer: [^\n]+\n" + re.escape(after),
            b.source,
        )
        filled += 1
    assert filled == len(exercises.blanks(solutions.read_text(encoding="utf-8"))) > 0


@of_each_day
def test_each_blank_is_followed_by_its_check_alone(solutions, student):
    for source, _ in code_cells(student):
        if "None  # your answer: " in source:
            last = source.split("# your answer: ")[1].split("\n")[1:]
            name = re.search(r"^(\w+) = None", source, re.M)[1]
            asks = rf'check\("day\d\.\w+", {name}\)|quiz\("day\d", letters\)'
            assert len(last) == 1 and re.fullmatch(asks, last[0]), source


@of_each_day
def test_every_question_of_the_day_is_asked_once(solutions, student):
    for script in (solutions, student):
        asked = [key for source, _ in code_cells(script) for key in checks_in(source)]
        assert sorted(asked) == sorted(checks.questions(solutions.stem.split("_")[0]))


@of_each_day
def test_the_solutions_are_all_green(solutions, student):
    cells, day = code_cells(solutions), solutions.stem.split("_")[0]
    for source, text in cells:
        for key in checks_in(source):
            value = checks._computed(key)[0]
            assert judge(key, value)[0] in text, f"{key}: the notebook shows another answer"
    assert shown_by(cells, "progress") == f"{day}: worked 3, yours 4 of 4; all green\n"


@of_each_day
def test_the_untouched_exercises_run_and_count_the_worked_tasks(solutions, student):
    cells, day = code_cells(student), solutions.stem.split("_")[0]
    blank = [
        key for source, _ in cells if "None  # your answer: " in source for key in checks_in(source)
    ]
    worked = 7 - len(blank)
    assert worked == 3
    for source, text in cells:
        for key in checks_in(source):
            assert (f"{key}: not answered yet" if key in blank else f"{key}: right, ") in text
    left = f"{day}: worked 3, yours 0 of 4; still open: {', '.join(blank)}\n"
    assert shown_by(cells, "progress") == left
    assert {key for key, question in answers.of_day(day).items() if question.worked} == set(
        answers.of_day(day)
    ) - set(blank), "Question(worked=True) is for those that the exercises show solved"


@of_each_day
def test_a_fresh_run_of_the_source_is_green(solutions, student, monkeypatch, capsys):
    """Executes the script itself, so a stale notebook cannot hide a wrong solution."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for script, ending in (
        (solutions, ": worked 3, yours 4 of 4; all green"),
        (student, ": worked 3, yours 0 of 4; still open: "),
    ):
        monkeypatch.setattr(checks, "_right", {})
        with plt.rc_context():
            exec(
                compile(script.read_text(encoding="utf-8"), script.name, "exec"),
                {"__name__": "lesson"},
            )
        plt.close("all")
        assert ending in capsys.readouterr().out


@of_each_day
@pytest.mark.parametrize(
    "rule",
    [
        lesson_rules.one_title,
        lesson_rules.slides_marked,
        lesson_rules.short_cells,
        lesson_rules.prose_between,
    ],
    ids=lambda rule: rule.__name__,
)
def test_exercises_keep_the_rules_of_lessons(solutions, student, rule):
    for script in (solutions, student):
        assert rule(lessons.read(script).cells) == []


@of_each_day
def test_sections_are_numbered_and_answers_folded(solutions, student):
    cells = lessons.read(solutions).cells
    titles = [title for level, title in map(lessons.heading, cells) if level == 2]
    assert [int(title.split(".")[0]) for title in titles] == list(range(1, len(titles) + 1))
    folded = re.findall(r"(?s)<details>.*?</details>", "\n\n".join(cell.source for cell in cells))
    assert len(folded) >= 3
    assert not any("\n\n" in html for html in folded), "a blank line ends the HTML block"


def test_the_published_analysis_of_clover_is_followed_to_its_end():
    """Sequential sums of squares, deletions by REML and the comparison by ML, as R printed them."""
    _, student = EDITIONS[DAYS.index("day5")]
    shown = re.findall(r"-?\d+\.\d+", "\n".join(text for _, text in code_cells(student)))
    printed = """4055.3 621.0 11143.9 5389.6 8001.5 3.00386 0.08307 0.25599 0.61289 0.71145 0.39896
        -469.64 -471.14 -469.77 -470.00 957.01 958.75 970.78 975.27 -473.50 -473.37 0.2648 0.6069"""
    for number in printed.split():
        digits = len(number.split(".")[1])
        assert any(f"{float(value):.{digits}f}" == number for value in shown), number


# --- the tool -----------------------------------------------------------------------------


def test_a_blank_takes_the_place_of_a_solution():
    assert exercises.student_edition(SOURCE) == (
        '# # Day 0: exercises\na = None  # your answer: a number\ncheck("day0.a", a)\n'
    )
    both = SOURCE.replace(">>> a:", ">>> a, b:")
    assert "\na = b = None  # your answer: a number\n" in exercises.student_edition(both)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("# <<<\n", "", "# >>> a: a number"),
        ("# >>> a: a number\n", "", "# <<<"),
        (">>> a:", ">>> a", "# >>> a a number"),
        ("a = 1\n# <<<", "    # <<<", "# >>> a"),
        ("a = 1\n", "# >>> b: another\nb = 1\n", "# >>> a"),
        (": solutions", "", "0 titles"),
        ("check(", "# # Again: solutions\ncheck(", "2 titles"),
    ],
)
def test_a_wrong_mark_is_named(before, after, complaint):
    with pytest.raises(ValueError, match=re.escape(complaint)):
        exercises.student_edition(SOURCE.replace(before, after))


def test_what_is_out_of_step_is_found_and_made(tmp_path, capsys):
    (tmp_path / "solutions").mkdir()
    assert exercises.main(check=True, folder=tmp_path) == 1
    script = tmp_path / "solutions" / "day0_solutions.py"
    script.write_text(SOURCE, encoding="utf-8")
    assert exercises.main(check=True, folder=tmp_path) == 1
    assert "day0_exercises.py is not what day0_solutions.py makes" in capsys.readouterr().out
    [(_, student)] = exercises.editions(tmp_path)
    student.parent.mkdir()
    student.write_text(exercises.student_edition(SOURCE), encoding="utf-8")
    assert exercises.main(check=True, folder=tmp_path) == 0
    student.write_text(student.read_text(encoding="utf-8").replace("None", "1"), encoding="utf-8")
    assert exercises.main(check=True, folder=tmp_path) == 1
    script.unlink()
    script.with_name("day1_solutions.py").write_text(SOURCE, encoding="utf-8")
    assert exercises.orphans(tmp_path) == [student]
