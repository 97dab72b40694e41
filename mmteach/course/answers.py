"""The questions of the exercises: right answers and known wrong ones, all computed.

Nothing here is typed in as a result: each answer is a function of the data.
"""

from functools import cache

import numpy as np

import mmteach as mm

from .checks import Question


@cache
def schools(reml=True):
    return mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"), reml=reml)


def _rss():
    data = mm.load("schools")
    return ((data.score - data.groupby("school", observed=True).score.transform("mean")) ** 2).sum()


QUESTIONS = {
    "day4.sigma2": Question(
        "residual variance of the schools by REML",
        lambda: schools().sigma2,
        {
            "this is an SD, not a variance; square it": lambda: schools().sigma,
            "this is RSS/n, which forgets that three school means were estimated": lambda: _rss() / 12,
        },
    ),
}
