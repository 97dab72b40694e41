"""The questions of the exercises: right answers and known wrong ones, all computed.

Nothing here is typed in as a result: each answer is a function of the data. Hints say what was
computed instead, and what to change.
"""

from functools import cache

import numpy as np

import mmteach as mm

from .checks import Question

SORGHUM, BARLEY = "yield_kg_ha ~ genotype", "yield_t_ha ~"
SLEEP = "reaction_ms ~ days + (days | subject)"
PLANTS = "log_fruits ~ rack + nutrient * clipping + status"


# hints that several questions share
SD = "this is an SD, not a variance; square it"
ML = "this is the ML value; REML allows for the estimated means"
NO_BLOCKS = "the blocks are missing; their differences now count as error"
GAIN = "this is the gain in the log-likelihood; the statistic is twice that"
ONE = "this is 1/(1 + λ), for one observation a group; with r it is 1/(1 + λ/r)"
TAKEN = "this is the part that is taken away"


# --- the data as the exercises use them ---------------------------------------------------


@cache
def data(name):
    """One of the sets, or the part of it that an exercise works with."""
    if name == "sorghum, uneven":  # G01 has lost two of its four plots
        trial = data("sorghum")
        return trial[~((trial.genotype == "G01") & trial.block.isin(["R1", "R2"]))]
    if name == "schools, uneven":  # two students of S3 are absent
        return data("schools")[:10]
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


def mean_squares(formula, name):
    """Mean squares by term, the residual as ``Residual``."""
    return mm.anova(fixed(formula, name)).mean_sq


def rss(fit):
    return float((fit.residuals**2).sum())


def root(number):
    return float(np.sqrt(number))


# --- day 2: one trial, blocks fixed and blocks random -------------------------------------


def trial_fixed():
    return fixed(f"{SORGHUM} + block", "sorghum")


def trial_variances(reml=True):
    """(sigma_b², sigma²) of the sorghum trial."""
    return variances(mixed(f"{SORGHUM} + (1 | block)", "sorghum", reml))


def block_variance(formula, name, plots):
    """sigma_b² from the mean squares of a complete block design with so many plots a block."""
    squares = mean_squares(formula, name)
    return (squares["block"] - squares["Residual"]) / plots


def correlation(between, within):
    return between / (between + within)


def g02_minus_g01(fit):
    return fit.beta["genotype[T.G02]"]


def raw_g02_minus_g01():
    means = data("sorghum, uneven").groupby("genotype", observed=True).yield_kg_ha.mean()
    return means["G02"] - means["G01"]


POTASH = "strength ~ C(k2o_lb_ac)"

DAY2 = {
    "day2.sigma": Question(
        "sigma of a sorghum plot with blocks fixed (kg/ha)",
        lambda: trial_fixed().sigma,
        {
            "this is a variance; its square root has the unit kg/ha": lambda: trial_fixed().sigma2,
            "this is √(RSS/n), the ML value; divide RSS by n − p, the degrees of freedom": lambda: (
                root(rss(trial_fixed()) / trial_fixed().nobs)
            ),
            NO_BLOCKS: lambda: fixed(SORGHUM, "sorghum").sigma,
        },
    ),
    "day2.sigma2_b": Question(
        "the variance between blocks of the sorghum trial by REML (kg²/ha²)",
        lambda: trial_variances()[0],
        {
            SD: lambda: root(trial_variances()[0]),
            ML: lambda: trial_variances(reml=False)[0],
            "you divided by 4, the number of blocks; a block holds 18 plots": lambda: (
                block_variance(f"{SORGHUM} + block", "sorghum", 4)
            ),
            "this is the variance of the block means, which still holds σ²/18": lambda: (
                mean_squares(f"{SORGHUM} + block", "sorghum")["block"] / 18
            ),
        },
    ),
    "day2.correlation": Question(
        "the correlation of two plots of one block, blocks random",
        lambda: correlation(*trial_variances()),
        {
            "this is σ_b²/σ²; divide by the variance of a plot, σ_b² + σ²": lambda: (
                trial_variances()[0] / trial_variances()[1]
            ),
            "this is σ_b/(σ_b + σ); a correlation is a ratio of variances, not of SDs": lambda: (
                correlation(*np.sqrt(trial_variances()))
            ),
            "this is σ²/(σ_b² + σ²), the share of the error": lambda: (
                1 - correlation(*trial_variances())
            ),
        },
    ),
    "day2.sed": Question(
        "the SE of a difference of two genotype means (kg/ha)",
        lambda: root(2 * trial_variances()[1] / 4),
        {
            "this is √(σ²/4), the SE of one mean with blocks fixed; you compare two": lambda: root(
                trial_variances()[1] / 4
            ),
            "this counts σ_b², which cancels: both genotypes stood in the same blocks": lambda: (
                root(2 * sum(trial_variances()) / 4)
            ),
            "this is √(2σ²), the SE of a difference of two plots; a mean has four": lambda: root(
                2 * trial_variances()[1]
            ),
            "this is the square of the SED": lambda: 2 * trial_variances()[1] / 4,
        },
    ),
    "day2.se_mean": Question(
        "the SE of a genotype mean, blocks random (kg/ha)",
        lambda: root(sum(trial_variances()) / 4),
        {
            "you forgot σ_b²: this is the SE with blocks fixed": lambda: root(
                trial_variances()[1] / 4
            ),
            "you forgot σ_b²: this is the SED, the SE of a difference": lambda: root(
                2 * trial_variances()[1] / 4
            ),
            "this does not divide σ_b² by 4; the mean runs over four blocks, too": lambda: root(
                trial_variances()[0] + trial_variances()[1] / 4
            ),
            "this is the SE with ML's variances; take those of REML": lambda: root(
                sum(trial_variances(reml=False)) / 4
            ),
        },
    ),
    "day2.uneven": Question(
        "G02 − G01 with blocks random, after G01 lost two plots (kg/ha)",
        lambda: g02_minus_g01(mixed(f"{SORGHUM} + (1 | block)", "sorghum, uneven")),
        {
            "this is the estimate with blocks fixed; make them random": lambda: g02_minus_g01(
                fixed(f"{SORGHUM} + block", "sorghum, uneven")
            ),
            "this is the difference of raw means; blocks are not in it": raw_g02_minus_g01,
            "this is the complete trial; take the two plots of G01 away": lambda: g02_minus_g01(
                trial_fixed()
            ),
        },
    ),
    "day2.potash": Question(
        "the variance between blocks of the potash trial by REML",
        lambda: block_variance(f"{POTASH} + block", "potash", 5),
        {
            "you divided by 3, the number of blocks; a block holds 5 plots": lambda: block_variance(
                f"{POTASH} + block", "potash", 3
            ),
            SD: lambda: root(block_variance(f"{POTASH} + block", "potash", 5)),
            ML: lambda: variances(mixed(f"{POTASH} + (1 | block)", "potash", False))[0],
            "this is the residual variance, from another line of the table": lambda: mean_squares(
                f"{POTASH} + block", "potash"
            )["Residual"],
            "this is the wrong line, the treatments; take that of the blocks": lambda: (
                (
                    mean_squares(f"{POTASH} + block", "potash")["C(k2o_lb_ac)"]
                    - mean_squares(f"{POTASH} + block", "potash")["Residual"]
                )
                / 5
            ),
        },
    ),
}


# --- day 4: the schools ------------------------------------------------------------------

TRUTH = 100, 225  # the variances the schools were drawn with; 3 schools of 4


def schools(reml=True, name="schools"):
    return mixed("score ~ 1 + (1 | school)", name, reml)


def school_means():
    return data("schools").groupby("school", observed=True).score.mean()


def within_schools(name="schools"):
    """RSS of the scores around the means of their schools."""
    return rss(fixed("score ~ school", name))


def average_ml(J, k):
    """Expected value of the balanced ML formula for sigma_b², J schools of k students."""
    between, within = TRUTH
    return ((J - 1) / J * (k * between + within) - within) / k


def balanced_formula(name):
    """The balanced REML formula for sigma_b², where it does not belong."""
    scores = data(name).groupby("school", observed=True).score
    within = within_schools(name) / (len(data(name)) - 3)
    return scores.mean().var() - within / scores.size().mean()


def gain(reml):
    """Drop of the criterion from one mean to five potash levels, blocks random."""
    small, large = (
        mixed(f"strength ~ {x} + (1 | block)", "potash", reml) for x in ("1", "C(k2o_lb_ac)")
    )
    return small.criterion - large.criterion


DAY4 = {
    "day4.var_mean": Question(
        "the variance of the mean of all 12 scores, at σ_b² = 100 and σ² = 225 (points²)",
        lambda: TRUTH[0] / 3 + TRUTH[1] / 12,
        {
            "this takes 12 students as independent; students of a school share its b": lambda: (
                sum(TRUTH) / 12
            ),
            "this is the variance of the mean of one school": lambda: TRUTH[0] + TRUTH[1] / 4,
            "you forgot σ_b²: this is σ²/12": lambda: TRUTH[1] / 12,
            "this is the standard error; square it": lambda: root(TRUTH[0] / 3 + TRUTH[1] / 12),
        },
    ),
    "day4.sigma2": Question(
        "the residual variance of the schools by REML (points²)",
        lambda: schools().sigma2,
        {
            SD: lambda: schools().sigma,
            "this is RSS/n, the ML value of a model with fixed schools; divide by 12 − 3": lambda: (
                within_schools() / 12
            ),
            "this is RSS/(n − 1); three school means were estimated, not one": lambda: (
                within_schools() / 11
            ),
            "this is the variance of all scores, which holds the schools as well": lambda: data(
                "schools"
            ).score.var(),
        },
    ),
    "day4.sigma2_b": Question(
        "the variance between schools by REML (points²)",
        lambda: variances(schools())[0],
        {
            "this is the ML value; it divides by J where REML divides by J − 1": lambda: variances(
                schools(reml=False)
            )[0],
            "this is the variance of the school means, which still holds σ²/4": lambda: (
                school_means().var()
            ),
            "this is MS_b, whose expectation is 4σ_b² + σ²": lambda: 4 * school_means().var(),
            SD: lambda: root(variances(schools())[0]),
        },
    ),
    "day4.criterion": Question(
        "the REML criterion of the schools at its minimum",
        lambda: schools().criterion,
        {
            "this is the ML criterion; REML adds log|X'V⁻¹X| and has n − p for n": lambda: (
                schools(reml=False).criterion
            ),
            "this is the log-likelihood; the criterion is −2 times it": lambda: schools().loglik,
            "the constant (n − p) log 2π is missing": lambda: (
                schools().criterion - 11 * np.log(2 * np.pi)
            ),
            "this has n log 2π in the constant; REML has n − p": lambda: (
                schools().criterion + np.log(2 * np.pi)
            ),
        },
    ),
    "day4.ml_average": Question(
        "the average ML estimate of σ_b², 3 schools of 40 students (points²)",
        lambda: average_ml(3, 40),
        {
            "this is the average with 4 students a school; put 40 there": lambda: average_ml(3, 4),
            "this is the average of REML, the truth itself": lambda: float(TRUTH[0]),
            "this is 30 schools of 4; change the students, not the schools": lambda: average_ml(
                30, 4
            ),
        },
        tolerance=0.015,
    ),
    "day4.uneven": Question(
        "the variance between schools by REML, two students of S3 absent (points²)",
        lambda: variances(schools(name="schools, uneven"))[0],
        {
            ML: lambda: variances(schools(False, "schools, uneven"))[0],
            "this is the formula for balanced data; unequal schools need a search": lambda: (
                balanced_formula("schools, uneven")
            ),
            "these are all 12 scores; leave out the last two": lambda: variances(schools())[0],
            "this is the residual variance, the other line of the table": lambda: (
                schools(name="schools, uneven").sigma2
            ),
        },
    ),
    "day4.potash": Question(
        "the likelihood-ratio statistic for the five potash levels",
        lambda: gain(reml=False),
        {
            "this compares REML criteria of different fixed parts; refit both by ML": lambda: gain(
                True
            ),
            GAIN: lambda: gain(False) / 2,
        },
    ),
}


# --- day 5: BLUPs ------------------------------------------------------------------------


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


DAY5 = {
    "day5.school": Question(
        "the BLUP of school S3, its predicted distance from the mean (points)",
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
        },
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
        "the BLUP line of subject 335: intercept (ms) and slope (ms a day)",
        lambda: line("partial"),
        {
            "these are the deviations from the average line; add the fixed effects": deviation,
            "this is no pooling, least squares for this subject alone": lambda: line("no_pooling"),
            "this is complete pooling, the same line for all subjects": lambda: line("complete"),
        },
    ),
}

QUESTIONS = {**DAY2, **DAY4, **DAY5}
