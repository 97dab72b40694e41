"""Six questions to end a day on: the answers to choose from are the known wrong ones of `check`."""

import re
import textwrap
from typing import NamedTuple

from . import answers
from .checks import _computed, _short, _shown, numbers
from .saying import say

LETTERS = "abcd"
LENGTH = 6  # questions a day
WIDTH = 78


class Item(NamedTuple):
    """A question of the quiz: its key, what is asked, four options, the right one, what is wrong.

    `options` are texts; `hints` says of each what is wrong with it, and of the right one nothing.
    """

    key: str
    asked: str
    options: tuple
    right: int
    hints: tuple


def quiz(day: str, letters: object = ...) -> None:
    """Print the six questions of a day with four answers each; or judge six letters; never raises.

    Parameters
    ----------
    day : str
        Such as "day2".
    letters : str, optional
        One for each question, "abcdab"; spaces and commas are overlooked, and "-" leaves a
        question out. A wrong letter is met with what is wrong with that answer. Without letters
        the questions are printed.

    Examples
    --------
    >>> quiz("day2", "a")
    1 letter where 6 should stand, such as "abcdab"; "-" leaves a question out
    >>> quiz("day99")
    day99: there is no quiz yet
    """
    try:
        items = of_day(day)
        say(_asked(day, items) if letters is ... or not items else _judged(items, letters))
    except Exception as error:  # a lesson must go on, whatever was typed
        say(f"these letters could not be read ({type(error).__name__})")


def of_day(day):
    """The items of a day's quiz, in the order of its questions; none for a day without questions.

    A question with fewer than three known wrong answers is no item.
    """
    items = []
    for key, question in answers.of_day(day).items():
        if len(items) == LENGTH:
            break
        right, wrong = _computed(key)
        shown = {_text(right): ""}
        for hint, value in wrong.items():
            if len(shown) < len(LETTERS):
                shown.setdefault(_text(value), hint)
        if len(shown) == len(LETTERS):
            # in the order of size, or of the alphabet: a place in the list tells nothing
            options = sorted(shown, key=_size)
            hints = tuple(shown[option] for option in options)
            items.append(Item(key, question.asked, tuple(options), hints.index(""), hints))
    return items


def key_of(day):
    """The right letters of a day, the key of the quiz.

    >>> len(key_of("day2")), key_of("day99")
    (6, '')
    """
    return "".join(LETTERS[item.right] for item in of_day(day))


def _asked(day, items):
    if not items:
        return f"{_short(day)}: there is no quiz yet"
    lines = []
    for number, item in enumerate(items, start=1):
        question = f"{item.asked[0].upper()}{item.asked[1:]}?"
        lines += textwrap.wrap(f"{number}. {question}", WIDTH, subsequent_indent="   ")
        options = zip(LETTERS, item.options, strict=True)
        options = [f"   {letter}) {option}" for letter, option in options]
        in_a_row = "  ".join(options)
        lines += [in_a_row, ""] if len(in_a_row) <= WIDTH else [*options, ""]
    return "\n".join(lines[:-1])


def _judged(items, letters):
    given = re.sub(r"[\s,;.)]", "", letters).lower() if isinstance(letters, str) else None
    example = f'such as "{(LETTERS * LENGTH)[: len(items)]}"'
    if letters is None:
        return f"not answered yet: give {len(items)} letters, {example}"
    if given is None:
        return f"give {len(items)} letters in quotes, {example}"
    if len(given) != len(items):
        counted = "1 letter" if len(given) == 1 else f"{len(given)} letters"
        return f'{counted} where {len(items)} should stand, {example}; "-" leaves a question out'
    strange = sorted(set(given) - set(LETTERS + "-"))
    if strange:
        return f"{_short(strange[0])} is none of a, b, c, d"
    lines, right = [], 0
    for number, (letter, item) in enumerate(zip(given, items, strict=True), start=1):
        if letter == "-":
            lines.append(f"{number}. left out")
            continue
        chosen = LETTERS.index(letter)
        right += chosen == item.right
        verdict = "right" if chosen == item.right else f"not yet: {item.hints[chosen]}"
        line = f"{number}. {letter}) {item.options[chosen]}: {verdict}"
        lines += textwrap.wrap(line, WIDTH, subsequent_indent="   ")
    return "\n".join([*lines, f"{right} of {len(items)} right"])


def _size(option):
    """What options are sorted by: their first number, or the word."""
    return numbers(option.strip("()").split(", ")) or option


def _text(value):
    """An answer as an option: a word, a number of four digits, or several in brackets."""
    if isinstance(value, str):
        return value
    values = [float(f"{v:.10g}") for v in numbers(value)]  # the last bits are the machine's
    text = re.sub(r"(?<!e)-", "−", _shown(values))  # a minus, but in 1e-05 as Python writes it
    return text if len(values) == 1 else f"({text})"
