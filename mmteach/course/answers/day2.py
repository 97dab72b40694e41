"""The questions of day 2: one trial, blocks fixed and blocks random."""

import numpy as np

import mmteach as mm

from ..question import Question
from .common import (
    ML,
    NO_BLOCKS,
    OTHER_LINE,
    ROOT,
    SD,
    data,
    fixed,
    mixed,
    root,
    rss,
    variances,
)

SORGHUM, POTASH = "yield_kg_ha ~ genotype", "strength ~ C(k2o_lb_ac)"


def mean_squares(formula, name):
    """Mean squares by term, the residual as ``Residual``."""
    return mm.anova(fixed(formula, name)).mean_sq


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


QUESTIONS = {
    "day2.sigma": Question(
        "sigma of a sorghum plot with blocks fixed",
        lambda: trial_fixed().sigma,
        {
            "this is a variance; its square root has the unit kg/ha": lambda: trial_fixed().sigma2,
            "this is √(RSS/n), the ML value; divide RSS by n − p, the degrees of freedom": lambda: (
                root(rss(trial_fixed()) / trial_fixed().nobs)
            ),
            NO_BLOCKS: lambda: fixed(SORGHUM, "sorghum").sigma,
            "this is the SE of a genotype mean, √(σ²/4); a single plot is asked": lambda: (
                trial_fixed().sigma / 2
            ),
        },
        unit="kg/ha",
        worked=True,
    ),
    "day2.sigma2_b": Question(
        "the variance between blocks of the sorghum trial by REML",
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
            "this is MS_b − MS_e; divide it by 18, the plots of a block": lambda: block_variance(
                f"{SORGHUM} + block", "sorghum", 1
            ),
            OTHER_LINE: lambda: trial_variances()[1],
        },
        unit="kg²/ha²",
        worked=True,
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
        worked=True,
    ),
    "day2.sed": Question(
        "the SE of a difference of two genotype means",
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
            "this is σ, the SD of one plot; a mean has four, and there are two means": lambda: root(
                trial_variances()[1]
            ),
            "this is the SED with ML's variances; take those of REML": lambda: root(
                2 * trial_variances(reml=False)[1] / 4
            ),
            "this is the square of the SED": lambda: 2 * trial_variances()[1] / 4,
        },
        also={
            "this is the SE of a mean, the first cell of the diagonal; take the second": lambda: (
                root(sum(trial_variances()) / 4)
            ),
            "this is a covariance, off the diagonal; take the root of the second cell on it": (
                lambda: -trial_variances()[1] / 4
            ),
        },
        unit="kg/ha",
    ),
    "day2.se_mean": Question(
        "the SE of a genotype mean, blocks random",
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
            ROOT: lambda: sum(trial_variances()) / 4,
            "this is the SD of one plot; the mean of four plots varies less": lambda: root(
                sum(trial_variances())
            ),
        },
        also={
            "this is σ; the SE of a mean also holds σ_b², and both are divided by 4": lambda: root(
                trial_variances()[1]
            ),
            "this is σ_b; the SE of a mean also holds σ², and both are divided by 4": lambda: root(
                trial_variances()[0]
            ),
            "this is the SE in one new block; the mean over blocks has no σ_b² on top": lambda: (
                root(sum(trial_variances()) / 4 + trial_variances()[0])
            ),
        },
        unit="kg/ha",
    ),
    "day2.uneven": Question(
        "G02 − G01 with blocks random, after G01 lost two plots",
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
        unit="kg/ha",
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
            OTHER_LINE: lambda: mean_squares(f"{POTASH} + block", "potash")["Residual"],
            "this is MS_b/5, which still holds σ²/5": lambda: (
                mean_squares(f"{POTASH} + block", "potash")["block"] / 5
            ),
            "this is MS_b − MS_e; divide it by 5, the plots of a block": lambda: block_variance(
                f"{POTASH} + block", "potash", 1
            ),
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
