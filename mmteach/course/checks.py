"""Answers to exercises, checked offline: ``check("day4.sigma2", value)``.

A `Question` knows how its answer is computed and which wrong answers people arrive at, so a
wrong number gets the reason and not only a "no". The questions stand in ``answers/``, by day.
"""

import re
from difflib import get_close_matches
from functools import cache

import numpy as np

from . import answers

LONGEST = 40  # characters of an answer that are repeated to its author

_right = {}  # key -> whether the latest answer of this session was right


def check(key, value=None):
    """Say in one line whether `value` answers the question `key`; never raises.

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
    print(line)


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
        return f"{key}: not answered yet: {question.what}", False
    say, right = (_judge_word if question.words else _judge_numbers)(key, question, value)
    return f"{key}: {say}", right


def _judge_numbers(key, question, value):
    right, wrong = _computed(key)
    given, right = numbers(value), numbers(right)
    if given is None:
        shown = _short(value) if isinstance(value, str) else f"this {type(value).__name__}"
        call = "; call it, with ()" if callable(value) and not isinstance(value, type) else ""
        return f"{shown} is not a number{call}; give {question.what}", False
    if len(given) != len(right):
        count = "1 number" if len(given) == 1 else f"{len(given)} numbers"
        return f"{count} where {len(right)} should stand; give {question.what}", False
    if np.isnan(given).any():
        return "not yet: the answer holds a missing value (NaN)", False
    if same(given, right, question.tolerance):
        return f"right, {_shown(right)}", True
    for hint, known in wrong.items():
        if same(given, numbers(known), question.tolerance):
            return f"not yet: {hint}", False
    if same([-g for g in given], right, question.tolerance):
        return "not yet: the size is right, the sign is not", False
    if same([g / 100 for g in given], right, question.tolerance):
        return "not yet: this is a percentage; divide by 100, or add the sign %", False
    return f"not yet: {_shown(given)} is not {question.what}", False


def _judge_word(key, question, value):
    right, wrong = _computed(key)
    value = np.asarray(value, dtype=object).ravel()
    word = str(value[0]).strip().strip(".'\"").lower() if len(value) == 1 else None
    words = list(question.words())
    if word not in [w.lower() for w in words]:
        choice = ", ".join(words) if len(words) < 8 else f"{words[0]}, {words[1]}, … {words[-1]}"
        return f"answer with one of {choice}: {question.what}", False
    if word == right.lower():
        return f"right, {right}", True
    for hint, known in wrong.items():
        if word == known.lower():
            return f"not yet: {hint}", False
    return f"not yet: {_short(str(value[0]))} is not {question.what}", False


@cache
def _computed(key):
    """The right answer of a question and its wrong ones by hint, computed once."""
    question = answers.question(key)
    return question.right(), {hint: wrong() for hint, wrong in question.wrong.items()}


def numbers(value):
    """The number or numbers in any reasonable form of answer, as a list of floats; else None.

    >>> numbers("2,906.0 kg²/ha²"), numbers("−66.52"), numbers((1, np.float64(2.5)))
    ([2906.0], [-66.52], [1.0, 2.5])
    >>> numbers("67.1 %"), numbers("2/3 of it"), numbers("about the same")
    ([0.671], [0.6666666666666666], None)
    """
    if isinstance(value, str):
        return _number_in_text(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        parts = [numbers(part) for part in value]
        return None if None in parts else [number for part in parts for number in part]
    try:
        array = np.asarray(value)
        if array.dtype.kind == "U":
            return numbers(array.ravel().tolist())
        if array.dtype.kind not in "iufO" or isinstance(value, bytes | bool):
            return None  # dates, complex numbers and truth values would turn into floats
        if array.dtype.kind == "O" and array.size != 1:
            return numbers(array.ravel().tolist())
        return [float(number) for number in array.ravel()]
    except Exception:  # whatever an object's own __array__ or __float__ raises
        return None


# 2,906.5 or 2,5 (a decimal comma) or 2.5; then perhaps e-7, /3 and %
NUMBER = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d+|\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
    r"(?:\s*/\s*(\d+))?(?![\d.,]*\d)\s*(%?)"
)


def _number_in_text(text):
    """The number at the start of a text: "≈ −2,906.0 kg", "3/4", "7.6 × 10^-7", "67.1 %"."""
    text = text.strip().lower().replace("\u2212", "-")
    text = re.sub(r"^(≈|~|=|about|roughly)\s*", "", text)
    text = re.sub(r"\s*[×*]\s*10(\^|\*\*)\s*(?=[-+]?\d)", "e", text)
    text = re.sub(r"(?<=\d)[ _\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", text)  # 25 627, 25_627
    found = NUMBER.match(text)
    if not found:
        return None
    number, divisor, percent = found.groups()
    thousands = re.match(r"[-+]?\d{1,3}(,\d{3})+(\.|e|$)", number)
    number = float(number.replace(",", "" if thousands else "."))
    if divisor:
        number = number / float(divisor) if float(divisor) else np.nan
    return [number / 100 if percent else number]


def same(given, right, tolerance):
    """Whether all numbers agree to the relative tolerance."""
    return (
        right is not None
        and len(given) == len(right)
        and all(
            abs(g - r) <= tolerance * max(abs(r), 1e-12) for g, r in zip(given, right, strict=True)
        )
    )


def _shown(values):
    return ", ".join(f"{v:.0f}" if 1e4 <= abs(v) < 1e9 else f"{v:.4g}" for v in values)


def _short(value):
    """A text as its author typed it where it is plain, else quoted; never more than a line."""
    plain = isinstance(value, str) and re.fullmatch(r"[\w.]+", value)
    try:
        text = value if plain else repr(value)
    except Exception:  # an object whose own __repr__ fails
        text = f"a {type(value).__name__}"
    text = text.encode("ascii", "backslashreplace").decode() if not text.isprintable() else text
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def questions(day=""):
    """The questions of one day (all when empty): key -> what is asked.

    >>> questions("day4")["day4.sigma2"]
    'the residual variance of the schools by REML (points²)'
    """
    asked = answers.of_day(day) if day else answers.every()
    return {key: question.what for key, question in asked.items()}


def progress(day):
    """Print how many questions of the day have been answered rightly in this session.

    >>> progress("day99")
    day99: there are no questions yet
    """
    keys = list(questions(day)) if isinstance(day, str) else []
    if not keys:
        print(f"{_short(day)}: there are no questions yet")
        return
    still_open = [key for key in keys if not _right.get(key)]
    print(
        f"{day}: {len(keys) - len(still_open)} of {len(keys)} done"
        + (f"; still open: {', '.join(still_open)}" if still_open else "; all green")
    )
