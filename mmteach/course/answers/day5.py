"""The questions of day 5: BLUPs."""

import numpy as np

import mmteach as mm

from ..question import TOLERANCE, Question
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


def kept_inside_its_population():
    """The part that genotype 5 keeps when the populations are in the model, as in the lesson."""
    fit = mixed(f"{PLANTS} + (1 | population) + (1 | genotype)", "arabidopsis")
    variance = fit.varcomp.set_index("group").variance
    return factor(variance["genotype"], fit.sigma2, plants_a_genotype()["5"])


def line(kind, subject="335"):
    """(intercept, slope) of one subject: no_pooling, partial or complete."""
    table = mm.shrinkage(mixed(SLEEP, "sleepstudy"))
    return tuple(table[table.level == subject].set_index("term")[kind][["Intercept", "days"]])


def deviation():
    return tuple(np.subtract(line("partial"), line("complete")))


def shrinker():
    """W = G(G + E)^-1 of a driver with all ten days."""
    fit, Z = mixed(SLEEP, "sleepstudy"), np.column_stack([np.ones(10), np.arange(10)])
    return fit.covariances[0] @ np.linalg.inv(
        fit.covariances[0] + fit.sigma2 * np.linalg.inv(Z.T @ Z)
    )


def shrunken_by(W):
    """(intercept, slope) of subject 335 when W, right or wrong, shrinks its own line."""
    average = np.array(line("complete"))
    return average + W @ (np.array(line("no_pooling")) - average)


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
        {
            "this is another school; S3 is the last of the four unknowns": lambda x: any(
                np.isclose(x, schools().ranef().estimate[:2], rtol=TOLERANCE)
            ),
        },
        unit="points",
        also={
            "this is the first unknown, the mean; S3 is the last of the four": lambda: (
                school_means().mean()
            ),
            "with 1/λ on the diagonal, this is too large; λ is σ²/σ_b²": lambda: (
                school_effect()[0] * factor(*variances(schools())[::-1], 4)
            ),
            "this is the factor; multiply it by the raw deviation of S3": lambda: school_effect()[
                1
            ],
            "this puts SDs where variances belong": lambda: (
                school_effect()[0] * factor(*np.sqrt(variances(schools())), 4)
            ),
        },
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
        worked=True,
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
        also={
            "this puts SDs where variances belong": lambda: factor(
                *np.sqrt(variances(plants())), plants_a_genotype()["5"]
            ),
            "this is the part with populations in the model; here they are left out": (
                kept_inside_its_population
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
        also={
            "W is transposed; the intercept is its first row times the distances": lambda: (
                shrunken_by(shrinker().T)
            ),
            "W lacks its cells off the diagonal; E is a full matrix": lambda: shrunken_by(
                np.diag(np.diag(shrinker()))
            ),
            "this is I − W, the part that is taken away; use W": lambda: shrunken_by(
                np.eye(2) - shrinker()
            ),
        },
        unit=("ms", "ms/day"),
        tolerance=0.013,  # a slope near zero: three decimals of it are enough
    ),
}
