"""Answers to exercises, checked offline: ``check("day4.sigma2", value)``.

A `Question` knows how its answer is computed and which wrong answers people arrive at, so a
wrong number gets the reason and not only a "no". The questions stand in ``answers.py``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

import numpy as np

TOLERANCE = 2e-3   # relative; an answer rounded to four digits is right

_given = {}        # question -> True once it was answered rightly in this session


@dataclass(frozen=True)
class Question:
    """One question: the right answer, and the known wrong ones with what to say.

    Parameters
    ----------
    what : str
        The quantity in words, with its unit.
    right : callable without arguments, returning a number, a word or a tuple of numbers
    wrong : dict of hint -> callable returning the wrong answer
    tolerance : float
        Relative tolerance for numbers; smaller where a wrong answer lies close.
    words : tuple of str
        The words to choose from, for questions that are answered by a word.
    """

    what: str
    right: Callable
    wrong: dict = field(default_factory=dict)
    tolerance: float = TOLERANCE
    words: tuple = ()


def check(key, value=None):
    """Say in one line whether `value` answers the question `key`; never raises.

    Parameters
    ----------
    key : str
        Such as "day4.sigma2"; `questions` lists them.
    value : number, text, array or Series with one value; tuple or list for several

    Examples
    --------
    >>> check("day4.sigma2", None)
    day4.sigma2: not answered yet (residual variance of the schools by REML)
    """
    try:
        line, right = judge(key, value)
    except Exception as error:  # an exercise must go on, whatever was typed
        line, right = f"{key}: this answer could not be read ({type(error).__name__}: {error})", False
    _given[key] = right
    print(line)


def judge(key, value):
    """Return (line to print, whether it is right)."""
    from .answers import QUESTIONS

    if key not in QUESTIONS:
        close = get_close_matches(str(key), QUESTIONS, n=1, cutoff=0.4)
        return f"{key}: there is no such question" + (f"; did you mean {close[0]}?" if close else ""), False
    question = QUESTIONS[key]
    if value is None or value is Ellipsis or (isinstance(value, str) and not value.strip()):
        return f"{key}: not answered yet ({question.what})", False
    if question.words:
        return _judge_word(key, question, value)
    right, given = numbers(_computed(key)[0]), numbers(value)
    if given is None:
        shown = repr(value) if isinstance(value, str) else f"this {type(value).__name__}"
        return f"{key}: {shown} is not a number; give {question.what}", False
    if len(given) != len(right):
        return f"{key}: {len(given)} number(s) where {len(right)} belong; give {question.what}", False
    if same(given, right, question.tolerance):
        return f"{key}: right, {_shown(right)}", True
    for hint, wrong in _computed(key)[1].items():
        if same(given, numbers(wrong), question.tolerance):
            return f"{key}: not yet: {hint}", False
    if same([-g for g in given], right, question.tolerance):
        return f"{key}: not yet: the size is right, the sign is not", False
    if np.isnan(given).any():
        return f"{key}: not yet: the answer holds a missing value (NaN)", False
    return f"{key}: not yet: {_shown(given)} is not {question.what}", False


def _judge_word(key, question, value):
    word = str(value).strip().strip(".").lower()
    if word not in [w.lower() for w in question.words]:
        return f"{key}: choose one of: {', '.join(question.words)}", False
    if word == question.right().lower():
        return f"{key}: right, {word}", True
    for hint, wrong in question.wrong.items():
        if word == wrong().lower():
            return f"{key}: not yet: {hint}", False
    return f"{key}: not yet: {word} is not {question.what}", False


@cache
def _computed(key):
    from .answers import QUESTIONS

    question = QUESTIONS[key]
    return question.right(), {hint: wrong() for hint, wrong in question.wrong.items()}


def numbers(value):
    """The number or numbers in any reasonable form of answer, as a list of floats; else None.

    >>> numbers("2,906.0 kg²/ha²"), numbers("−66.52"), numbers((1, np.float64(2.5)))
    ([2906.0], [-66.52], [1.0, 2.5])
    >>> numbers("about the same") is None
    True
    """
    if isinstance(value, str):
        text = value.replace("−", "-").replace("\u2009", "").replace("\u00a0", "")
        found = re.search(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][-+]?\d+)?(?=\D|$)", text.lstrip())
        if not found or not re.search(r"\d", found.group()) or found.start():
            return None
        number = float(found.group().replace(",", ""))
        return [number / 100] if text.rstrip().endswith("%") else [number]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        parts = [numbers(part) for part in value]
        return None if None in parts else [number for part in parts for number in part]
    try:
        return [float(number) for number in np.asarray(value, dtype=float).ravel()]
    except (TypeError, ValueError):
        return None


def same(given, right, tolerance):
    """Whether all numbers agree to the relative tolerance."""
    return right is not None and len(given) == len(right) and all(
        abs(g - r) <= tolerance * max(abs(r), 1e-12) for g, r in zip(given, right, strict=True))


def _shown(values):
    return ", ".join(f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}" for value in values)


def questions(day=""):
    """The questions of one day (all when empty): key -> what is asked.

    >>> questions("day4")["day4.sigma2"]
    'residual variance of the schools by REML'
    """
    from .answers import QUESTIONS

    return {key: question.what for key, question in QUESTIONS.items() if key.startswith(f"{day}." if day else "")}


def progress(day):
    """Print how many questions of the day have been answered rightly in this session.

    >>> progress("day99")
    day99: there are no questions yet
    """
    keys = questions(day)
    if not keys:
        print(f"{day}: there are no questions yet")
        return
    done = sum(_given.get(key, False) for key in keys)
    print(f"{day}: {done} of {len(keys)} done" + ("; all green" if done == len(keys) else ""))
