"""The quiz of a day: four answers that differ, the key, and a diagnosis for each wrong letter."""

import re

import pytest
from test_exercises import DAYS, EDITIONS, code_cells

from mmteach.course import answers, quiz
from mmteach.course.checks import judge, numbers
from mmteach.course.quizzes import LETTERS, key_of, of_day


class Odd:
    """Raises whatever one tries."""

    def _raise(self, *args):
        raise RuntimeError("no")

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = _raise


ITEMS = [(day, item) for day in DAYS for item in of_day(day)]
each_item = pytest.mark.parametrize(("day", "item"), ITEMS, ids=[item.key for _, item in ITEMS])


def printed(capsys, *given):
    assert quiz(*given) is None
    return capsys.readouterr().out


@pytest.mark.parametrize("day", DAYS)
def test_a_day_ends_on_six_questions_of_its_own(day, capsys):
    items, text = of_day(day), printed(capsys, day)
    assert len(items) == 6 and all(item.key.startswith(f"{day}.") for item in items)
    assert re.findall(r"(?m)^(\d)\. \S", text) == list("123456")
    assert text.count(" d) ") == 6 and max(map(len, text.splitlines())) <= 80
    assert len(set(key_of(day))) > 1  # not always the same letter


@each_item
def test_one_option_is_right_and_the_others_are_diagnosed_as_by_check(day, item):
    question = answers.question(item.key)
    assert len(set(item.options)) == len(LETTERS) and item.hints[item.right] == ""
    known = question.wrong | question.also
    for option, hint in zip(item.options, item.hints, strict=True):
        value = option if question.words else numbers(option.strip("()").split(", "))
        line, right = judge(item.key, value)
        assert right == (hint == ""), line
        if hint:
            assert hint in known and line == f"{item.key}: not yet: {hint}"


@each_item
def test_the_place_of_an_option_tells_nothing(day, item):
    """Numbers stand in the order of size, words in that of the alphabet."""
    values = [numbers(option.strip("()").split(", ")) or option for option in item.options]
    assert values == sorted(values, key=lambda value: value if isinstance(value, list) else value)


@pytest.mark.parametrize("day", DAYS)
def test_letters_are_judged(day, capsys):
    key, items = key_of(day), of_day(day)
    assert printed(capsys, day, key).endswith("\n6 of 6 right\n")
    assert printed(capsys, day, ", ".join(key.upper())).endswith("\n6 of 6 right\n")
    for number, item in enumerate(items):
        for letter, option, hint in zip(LETTERS, item.options, item.hints, strict=True):
            if hint:
                told = printed(capsys, day, key[:number] + letter + key[number + 1 :])
                flat = " ".join(told.split())
                assert f"{number + 1}. {letter}) {option}: not yet: {hint}" in flat
                assert told.endswith("\n5 of 6 right\n")


@pytest.mark.parametrize(
    ("letters", "told"),
    [
        (None, 'not answered yet: give 6 letters, such as "abcdab"\n'),
        ("", '0 letters where 6 should stand, such as "abcdab"; "-" leaves a question out\n'),
        ("abc", '3 letters where 6 should stand, such as "abcdab"; "-" leaves a question out\n'),
        ("abcdax", "x is none of a, b, c, d\n"),
        (3, 'give 6 letters in quotes, such as "abcdab"\n'),
        (["a"], 'give 6 letters in quotes, such as "abcdab"\n'),
        (Odd(), 'give 6 letters in quotes, such as "abcdab"\n'),
    ],
    ids=range(7),
)
def test_odd_letters_get_a_sentence(letters, told, capsys):
    assert printed(capsys, "day2", letters) == told


def test_a_question_may_be_left_out(capsys):
    told = printed(capsys, "day2", key_of("day2")[:5] + "-")
    assert told.endswith("6. left out\n5 of 6 right\n")


@pytest.mark.parametrize("day", ["day99", None, 3, Odd()], ids=range(4))
def test_a_day_without_a_quiz_is_no_error(day, capsys):
    assert "Traceback" not in printed(capsys, day) and "no quiz yet" in printed(capsys, "day99")


@pytest.mark.parametrize(("solutions", "student"), EDITIONS, ids=DAYS)
def test_the_exercises_end_on_the_quiz(solutions, student, capsys):
    day = solutions.stem.removesuffix("_solutions")
    asked = printed(capsys, day)
    for script, told in ((solutions, "6 of 6 right\n"), (student, 'such as "abcdab"\n')):
        cells = code_cells(script)
        assert cells[-2] == (f'quiz("{day}")', asked)
        assert cells[-1][0].endswith(f'quiz("{day}", letters)') and cells[-1][1].endswith(told)
