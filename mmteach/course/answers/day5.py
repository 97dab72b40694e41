"""The questions of day 5: BLUPs."""

import numpy as np

import mmteach as mm

from ..question import Question
from .common import (
    GAIN,
    LRT,
    NO_BLOCKS,
    data,
    fixed,
    mixed,
    school_means,
    schools,
    variances,
)

BARLEY = "yield_t_ha ~"
SLEEP = "reaction_ms ~ days + (days | subject)"
PLANTS = "log_fruits ~ rack + nutrient * clipping + status"
ONE = "this is 1/(1 + λ), for one observation a group; with r it is 1/(1 + λ/r)"
TAKEN = "this is the part that is taken away"


def factor(group, within, rows):
    """Shrinkage factor of a group with so many rows."""
    return rows * group / (rows * group + within)


def school_effect():
    """(deviation of the mean of S3, its factor)."""
    return school_means()["S3"] - school_means().mean(), factor(*variances(schools()), 4)


def field(reml=True):
    return mixed(f"{BARLEY} block + (1 | genotype)", "barley, F1", reml)


def field_anova():
    return mm.anova(fixed(f"{BARLEY} block + genotype", "barley, F1"))


def field_lrt(reml):
    """LRT statistic for the variance between genotypes: the criterion at zero minus its minimum."""
    return field(reml).profiled(np.zeros(1)) - field(reml).criterion


def plants():
    return mixed(f"{PLANTS} + (1 | genotype)", "arabidopsis")


def plants_a_genotype():
    return data("arabidopsis").genotype.value_counts()


def first_by_blup(name):
    """The genotype with the largest BLUP."""
    blups = mixed(f"{BARLEY} block + (1 | genotype)", name).ranef().set_index("level").estimate
    return str(blups.idxmax())


def first_by_mean(name):
    """The genotype with the largest coefficient, blocks and genotypes fixed."""
    effects = fixed(f"{BARLEY} block + genotype", name).beta.filter(like="genotype")
    return effects.idxmax().removeprefix("genotype[T.").removesuffix("]")


def line(kind, subject="335"):
    """(intercept, slope) of one subject: no_pooling, partial or complete."""
    table = mm.shrinkage(mixed(SLEEP, "sleepstudy"))
    return tuple(table[table.level == subject].set_index("term")[kind][["Intercept", "days"]])


def deviation():
    return tuple(np.subtract(line("partial"), line("complete")))


QUESTIONS = {
    "day5.school": Question(
        "the BLUP of school S3, its predicted distance from the mean",
        lambda: np.prod(school_effect()),
        {
            "this is the raw deviation, not yet shrunken": lambda: school_effect()[0],
            "this is the predicted mean of S3; take its distance from the mean": lambda: (
                school_means().mean() + np.prod(school_effect())
            ),
            "this uses 1/(1 + λ), for one observation a group; S3 has 4 students": lambda: (
                school_effect()[0] * factor(*variances(schools()), 1)
            ),
            "this uses the variances of ML; take those of REML": lambda: (
                school_effect()[0] * factor(*variances(schools(False)), 4)
            ),
            TAKEN: lambda: school_effect()[0] * (1 - factor(*variances(schools()), 4)),
        },
        unit="points",
        worked=True,
    ),
    "day5.f_genotype": Question(
        "the F value of the genotypes, blocks and genotypes fixed",
        lambda: field_anova().f["genotype"],
        {
            "this is the F value of the wrong line, the blocks": lambda: field_anova().f["block"],
            NO_BLOCKS: lambda: mm.anova(fixed(f"{BARLEY} genotype", "barley, F1")).f["genotype"],
            "this is a ratio of sums of squares; F is one of mean squares": lambda: (
                field_anova().sum_sq["genotype"] / field_anova().sum_sq["Residual"]
            ),
            "this is 1/F; divide by the mean square of the residual": (
                lambda: 1 / field_anova().f["genotype"]
            ),
        },
        worked=True,
    ),
    "day5.lrt": Question(
        "the likelihood-ratio statistic for the variance between genotypes, by REML",
        lambda: field_lrt(True),
        {
            "this compares ML fits; the fixed part is the same, so REML may be compared": lambda: (
                field_lrt(False)
            ),
            GAIN: lambda: field_lrt(True) / 2,
            "this mixes REML with the ML criterion of mm.lm; use REML for both": lambda: (
                fixed(f"{BARLEY} block", "barley, F1").criterion - field().criterion
            ),
        },
        absolute=LRT,
        worked=True,
    ),
    "day5.factor": Question(
        "the part of its raw effect that a genotype on 4 plots keeps",
        lambda: factor(*variances(field()), 4),
        {
            ONE: lambda: factor(*variances(field()), 1),
            TAKEN: lambda: 1 - factor(*variances(field()), 4),
            "this puts SDs where variances belong": lambda: factor(*np.sqrt(variances(field())), 4),
        },
    ),
    "day5.promote": Question(
        "the genotype with the largest BLUP, after G03 lost three plots",
        lambda: first_by_blup("barley, G03 lost"),
        {
            "it has the largest mean, but on a single plot; its BLUP is shrunken most": lambda: (
                first_by_mean("barley, G03 lost")
            ),
        },
        words=lambda: data("barley, F1").genotype.cat.categories,
    ),
    "day5.few": Question(
        "the part of its raw effect that Arabidopsis genotype 5 keeps",
        lambda: factor(*variances(plants()), plants_a_genotype()["5"]),
        {
            "this uses the average number of plants; genotype 5 has its own": lambda: factor(
                *variances(plants()), plants_a_genotype().mean()
            ),
            ONE: lambda: factor(*variances(plants()), 1),
            TAKEN: lambda: 1 - factor(*variances(plants()), plants_a_genotype()["5"]),
            "this is the genotype with most plants; genotype 5 has the fewest": lambda: factor(
                *variances(plants()), plants_a_genotype().max()
            ),
        },
    ),
    "day5.line": Question(
        "the BLUP line of subject 335: intercept (ms) and slope (ms/day)",
        lambda: line("partial"),
        {
            "these are the deviations from the average line; add the fixed effects": deviation,
            "this is no pooling, least squares for this subject alone": lambda: line("no_pooling"),
            "this is complete pooling, the same line for all subjects": lambda: line("complete"),
            "the slope comes second: (intercept, slope)": lambda: line("partial")[::-1],
        },
        unit=("ms", "ms/day"),
    ),
}
