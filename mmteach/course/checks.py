"""Answers to exercises, checked offline: ``check("day4.sigma2", value)``.

A `Question` knows how its answer is computed and which wrong answers people arrive at, so a
wrong number gets the reason and not only a "no". The questions stand in ``answers/``, by day.
"""

import re
from difflib import get_close_matches
from functools import cache

import numpy as np

from . import answers, units
from .reading import NO_NUMBER, digits, numbers, quantities, why_not
from .saying import say

LONGEST = 40  # characters of an answer that are repeated to its author
COUNTED = "no one two three four five six seven eight nine ten".split()
NEAR = 0.05  # an answer of one or two digits is called close up to here

_right = {}  # key -> whether the latest answer of this session was right


def check(key: str, value: object = None) -> None:
    """Say in one line whether `value` answers the question `key`; never raises.

    After a right answer of the student's own the line ends in the count of the day.

    Parameters
    ----------
    key : str
        Such as "day4.sigma2"; `questions` lists them.
    value : number, text, array or Series with one value; tuple or list for several

    Examples
    --------
    >>> check("day4.sigma2", "12.02 points")
    day4.sigma2: not yet: this is an SD, not a variance; square it
    >>> check("day4.sigma2", 144.39)
    day4.sigma2: right, 144.4
    """
    try:
        line, right = judge(key, value)
    except Exception as error:  # an exercise must go on, whatever was typed
        line = f"{_short(key)}: this answer could not be read ({type(error).__name__})"
        right = False
    if isinstance(key, str):
        _right[key] = right
        if right and not answers.question(key).worked:
            done, own = count(key.partition(".")[0])
            line += f" ({done} of {own} done)"
    say(line)


def judge(key, value):
    """Return (line to print, whether it is right)."""
    question = answers.question(key) if isinstance(key, str) else None
    if question is None:
        known = isinstance(key, str) and get_close_matches(
            key[:100], answers.every(), n=1, cutoff=0.4
        )
        meant = f"; did you mean {known[0]}?" if known else ""
        return f"{_short(key)}: there is no such question{meant}", False
    if value is None or value is Ellipsis or (isinstance(value, str) and not value.strip()):
        return f"{key}: not answered yet: {question.asked}", False
    verdict, right = (_judge_word if question.words else _judge_numbers)(key, question, value)
    return f"{key}: {verdict}", right


def _judge_numbers(key, question, value):
    right, wrong = _computed(key)
    found, right = quantities(value), numbers(right)
    if found is None:
        return _unreadable(value, question), False
    if len(found) != len(right):
        counted = "1 number" if len(found) == 1 else f"{len(found)} numbers"
        return f"{counted} where {len(right)} should stand; give {question.asked}", False
    typed = [number for number, _ in found]
    if np.isnan(typed).any():
        return "not yet: the answer holds a missing value (NaN)", False
    wanted = question.unit if isinstance(question.unit, tuple) else (question.unit,) * len(found)
    texts = [text for _, text in found]
    kinds, factors = zip(*map(units.compare, texts, wanted), strict=True)
    given = [number * factor for number, factor in zip(typed, factors, strict=True)]
    verdict, good = _verdict(question, given, typed, right, wrong, (texts, kinds, wanted))
    if "unknown" in kinds:
        verdict += f" ({_short(texts[kinds.index('unknown')])} is no unit known here: not read)"
    return verdict, good


def _verdict(question, given, typed, right, wrong, written):
    """(clause, whether right) for numbers in the question's unit and as they were typed."""
    texts, kinds, wanted = written
    misfit = next((i for i, kind in enumerate(kinds) if kind in ("variance", "sd", "other")), None)
    if question.same(given, right):
        if misfit is not None:
            return f"not yet: the number is right, but {_unit_of(question, written, misfit)}", False
        return f"right, {_shown(right)}", True
    for hint, known in wrong.items():
        if question.same(given, numbers(known)):
            return f"not yet: {hint}", False
    if given != typed and question.same(typed, right):
        own = ", ".join(
            f"{number / units.compare(text, unit)[1]:.4g} {text}"
            for number, text, unit in zip(right, texts, wanted, strict=True)
        )
        return f"not yet: {_shown(right)} is in {wanted[0]}; in your unit it is {own}", False
    if misfit is not None:
        return f"not yet: {_unit_of(question, written, misfit)}", False
    if question.same([-g for g in given], right):
        return "not yet: the size is right, the sign is not", False
    if question.same([g / 100 for g in given], right):
        return "not yet: this is a percentage; divide by 100, or add the sign %", False
    if all(_close(question, *pair) for pair in zip(given, right, strict=True)):
        return f"close: give {_finer(question, given, right)}", False
    for hint, fits in question.suspect.items():
        if len(given) == 1 and fits(given[0]):
            return f"not yet: {hint}", False
    return f"not yet: {_shown(given)} is not {question.asked}", False


def _close(question, given, right):
    """Whether a number is right, or is the right one rounded or cut to one or two digits."""
    if question.same([given], [right]):
        return True
    if float(right).is_integer():  # a count: 60 for 63 is not a rounded 63
        return False
    shown, last = digits(given)
    above = abs(given) - abs(right)
    return (
        shown < 3
        and given * right > 0
        and -last < above <= 0.5001 * last
        and abs(above) <= NEAR * abs(right)
    )


def _finer(question, given, right):
    """With how many digits or decimals a close answer is right: more than it has."""
    if question.absolute is None:
        return "three digits"
    short = [g for g, r in zip(given, right, strict=True) if not question.same([g], [r])]
    has = max(len(f"{number:.9f}".rstrip("0").partition(".")[2]) for number in short)
    enough = [
        n for n in range(2, len(COUNTED)) if question.same([round(r, n) for r in right], right)
    ]
    return f"{COUNTED[max([has + 1, *enough[:1]])]} decimals"


def _unit_of(question, written, at):
    """What the unit that was typed belongs to, and which is asked for."""
    texts, kinds, wanted = written
    text = _bare(texts[at])
    if not wanted[at]:
        return f"{text} does not belong here: {question.what} has no unit"
    owner = {"variance": "the unit of a variance", "sd": "the unit of an SD"}.get(
        kinds[at], "another unit"
    )
    return f"{text} is {owner}; give {question.asked}"


def _unreadable(value, question):
    """What is amiss with an answer that holds no number."""
    if isinstance(value, str):
        why = why_not(value)
        return f"{_short(value)} {why}" + (f"; give {question.asked}" if why == NO_NUMBER else "")
    call = "; call it, with ()" if callable(value) and not isinstance(value, type) else ""
    return f"this {type(value).__name__} is not a number{call}; give {question.asked}"


def _judge_word(key, question, value):
    right, wrong = _computed(key)
    value = np.asarray(value, dtype=object).ravel()
    word = str(value[0]).strip().strip(".'\"").lower() if len(value) == 1 else None
    words = list(question.words())
    if word not in [w.lower() for w in words]:
        choice = ", ".join(words) if len(words) < 8 else f"{words[0]}, {words[1]}, … {words[-1]}"
        return f"answer with one of {choice}: {question.asked}", False
    if word == right.lower():
        return f"right, {right}", True
    for hint, known in wrong.items():
        if word == known.lower():
            return f"not yet: {hint}", False
    return f"not yet: {_short(str(value[0]))} is not {question.asked}", False


@cache
def _computed(key):
    """The right answer of a question and its wrong ones by hint, computed once."""
    question = answers.question(key)
    wrong = question.wrong | question.also
    return question.right(), {hint: value() for hint, value in wrong.items()}


def _shown(values):
    return ", ".join(f"{v:.0f}" if 1e4 <= abs(v) < 1e9 else f"{v:.4g}" for v in values)


def _bare(text):
    """A short text as it was typed, when it can be printed on one line; else quoted."""
    return text if text.isprintable() and len(text) <= LONGEST else _short(text)


def _short(value):
    """A text as its author typed it where it is plain, else quoted; never more than a line."""
    plain = isinstance(value, str) and re.fullmatch(r"[\w.]+", value)
    try:
        text = value if plain else repr(value)
    except Exception:  # an object whose own __repr__ fails
        text = f"a {type(value).__name__}"
    text = text.encode("ascii", "backslashreplace").decode() if not text.isprintable() else text
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def questions(day: str = "") -> dict[str, str]:
    """The questions of one day (all when empty): key -> what is asked.

    >>> questions("day4")["day4.sigma2"]
    'the residual variance of the schools by REML (points²)'
    """
    asked = answers.of_day(day) if day else answers.every()
    return {key: question.asked for key, question in asked.items()}


def count(day):
    """(questions of the student's own that are answered rightly, how many there are)."""
    own = [key for key, question in answers.of_day(day).items() if not question.worked]
    return sum(bool(_right.get(key)) for key in own), len(own)


def progress(day: str) -> None:
    """Print how many of the day's own tasks are done in this session; worked ones count apart.

    >>> progress("day99")
    day99: there are no questions yet
    """
    asked = answers.of_day(day) if isinstance(day, str) else {}
    if not asked:
        say(f"{_short(day)}: there are no questions yet")
        return
    done, own = count(day)
    still_open = [key for key, one in asked.items() if not one.worked and not _right.get(key)]
    say(
        f"{day}: worked {len(asked) - own}, yours {done} of {own}"
        + (f"; still open: {', '.join(still_open)}" if still_open else "; all green")
    )
