"""What the questions of several days share: the data, fits made once, hints.

Each answer is a function of the data. Hints say what was computed instead, and what to change.
"""

from functools import cache

import numpy as np

import mmteach as mm

LRT = 0.05  # absolute tolerance of a likelihood-ratio statistic, a difference of two criteria

# hints that several questions share
SD = "this is an SD, not a variance; square it"
ML = "this is the ML value; REML allows for the estimated means"
NO_BLOCKS = "the blocks are missing; their differences now count as error"
OTHER_LINE = "this is the residual variance, the other line of the table"
BETWEEN_LINE = "this is the variance between the groups, the other line of the table"
ROOT = "this is a variance; its square root is the SE"
GAIN = "this is the gain in the log-likelihood; the statistic is twice that"


# --- the data as the exercises use them ---------------------------------------------------


@cache
def data(name):
    """One of the sets, or the part of it that an exercise works with."""
    if name == "sorghum, uneven":  # G01 has lost two of its four plots
        trial = data("sorghum")
        return trial[~((trial.genotype == "G01") & trial.block.isin(["R1", "R2"]))]
    if name == "schools, uneven":  # two students of S2 are absent
        return data("schools").drop(index=[6, 7])
    if name == "barley, F1":  # one fungicide level: complete blocks
        field = mm.load("barley")
        return field[field.fungicide == "F1"]
    if name == "barley, G03 lost":  # the best genotype keeps one plot
        field = data("barley, F1")
        return field[(field.genotype != "G03") | (field.block == "B4")]
    if name == "arabidopsis":
        plants = mm.load("arabidopsis")
        return plants.assign(log_fruits=np.log1p(plants.fruits))
    return mm.load(name)


@cache
def mixed(formula, name, reml=True):
    return mm.lmm(formula, data(name), reml=reml)


@cache
def fixed(formula, name):
    return mm.lm(formula, data(name))


def variances(fit):
    """The variances of a fit in the order of its table, the residual last."""
    return fit.varcomp.variance.to_numpy()


def rss(fit):
    return float((fit.residuals**2).sum())


def root(number):
    return float(np.sqrt(number))


# --- the schools, of day 4 and day 5 -------------------------------------------------------


def schools(reml=True, name="schools"):
    return mixed("score ~ 1 + (1 | school)", name, reml)


def school_means():
    return data("schools").groupby("school", observed=True).score.mean()
