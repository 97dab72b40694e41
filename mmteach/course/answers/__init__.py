"""The questions of the exercises, one file a day: right answers and known wrong ones, all computed.

Nothing in these files is typed in as a result. A day's file is loaded when one of its keys is
asked for: the key "day4.sigma2" stands in ``day4.py``, under ``QUESTIONS``.
"""

from importlib import import_module
from pathlib import Path

DAYS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("day*.py")))


def of_day(day):
    """The questions of one day by their keys; none for a day without questions.

    >>> len(of_day("day4")), of_day("day99")
    (7, {})
    """
    known = isinstance(day, str) and day in DAYS
    return import_module(f"{__name__}.{day}").QUESTIONS if known else {}


def question(key):
    """The question of a key, or None when there is no such question."""
    return of_day(key.partition(".")[0]).get(key)


def every():
    """All questions of the course by their keys, day by day."""
    return {key: asked for day in DAYS for key, asked in of_day(day).items()}
