"""The questions of day 3: which data made this V, and what it says of standard errors."""

import numpy as np
import pandas as pd

import mmteach as mm

from ..question import Question
from .common import data, mixed, root

PIGS = "dry_matter_pct ~ day * diet + (1 | room) + (1 | pen)"
SLOPES = "reaction_ms ~ days + (days | subject)"
BARLEY = "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)"
BLOCK, HALF, PLOT = 200.0, 100.0, 180.0  # the variances of the small trial of four plots
LEVELS = 5  # of the factor that varies


def pigs():
    """The variances (room, pen, residual) of the pigs in rooms."""
    variance = mixed(PIGS, "pigs_rooms").varcomp.set_index("group").variance
    return variance[["room", "pen", "Residual"]].to_numpy()


def share(variances, shared):
    return sum(variances[k] for k in shared) / sum(variances)


def rice():
    """The df of a split plot: 6 blocks, 3 water regimes on whole plots, 5 rates on subplots."""
    n = {"block": 6, "water": 3, "nitrogen": 5}
    return mm.anova_shell("water*nitrogen", blocks="block/water", n=n).df


def drivers():
    fit = mixed(SLOPES, "sleepstudy")
    return fit.covariances[0], fit.sigma2


def shared_by_days(one=2, other=7, G=None):
    """The covariance of two days of one driver."""
    G = drivers()[0] if G is None else G
    return np.array([1, one]) @ G @ np.array([1, other])


def correlation_of_days():
    sigma2 = drivers()[1]
    variances = [shared_by_days(day, day) + sigma2 for day in (2, 7)]
    return shared_by_days() / root(np.prod(variances))


def four_plots(block=BLOCK, half=HALF, plot=PLOT):
    """V of four plots: two of one half, one of the other half of the block, one of another block."""
    blocks, halves = ["I", "I", "I", "II"], ["Ia", "Ia", "Ib", "IIa"]
    return mm.build_V_cs(block, plot, blocks) + mm.build_V_cs(half, 0, halves)


def without_the_shared_half():
    """The same, but the half is in the variance of a plot only."""
    return mm.build_V_cs(BLOCK, HALF + PLOT, ["I", "I", "I", "II"])


def moved():
    """V when plot 1 stands alone in a third block."""
    blocks, halves = ["III", "I", "I", "II"], ["IIIa", "Ia", "Ib", "IIa"]
    return mm.build_V_cs(BLOCK, PLOT, blocks) + mm.build_V_cs(HALF, 0, halves)


def pairs(k):
    return k * (k - 1) // 2


def equal_at(halves=4, of_fungicide=280, of_genotype=8):
    """theta_w where 2 (theta²/halves + 1/280) = 2/8: the two SEDs agree."""
    return root(halves * (1 / of_genotype - 1 / of_fungicide))


def estimated_theta():
    sd = mixed(BARLEY, "barley").varcomp.set_index("group").sd
    return sd["block:fungicide"] / sd["Residual"]


def factors():
    plants = data("arabidopsis")
    return [name for name in plants if isinstance(plants[name].dtype, pd.CategoricalDtype)]


def lies_inside(inner, outer):
    """Whether each level of `inner` occurs with one level of `outer` only."""
    counts = data("arabidopsis").groupby(inner, observed=True)[outer].nunique()
    return inner != outer and counts.max() == 1


def crossed_with_population():
    plants = data("arabidopsis")
    return [c for c in factors() if (pd.crosstab(plants.population, plants[c]) > 0).all(axis=None)]


QUESTIONS = {
    "day3.pen": Question(
        "the correlation of two days of one pen",
        lambda: share(pigs(), (0, 1)),
        {
            "this is for two pens of one room; two days of one pen share the pen, too": lambda: (
                share(pigs(), (0,))
            ),
            "this is the share of the error, the part that is not shared": lambda: share(
                pigs(), (2,)
            ),
            "this puts SDs where variances belong": lambda: share(np.sqrt(pigs()), (0, 1)),
            "this counts the pen alone; two days of one pen share their room as well": lambda: (
                share(pigs(), (1,))
            ),
            "this is the covariance; divide it by the variance of an observation": lambda: pigs()[
                :2
            ].sum(),
        },
        worked=True,
    ),
    "day3.df": Question(
        "the number of degrees of freedom of the error of the whole plots with rice",
        lambda: float(rice()["error of block:water"]),
        {
            "this forgets that the blocks have used some; take off 5 more": lambda: float(
                rice()["error of block:water"] + rice()["block"]
            ),
            "this is the number of whole plots; take off the mean, blocks and water": lambda: float(
                rice()[["block", "water", "error of block:water"]].sum() + 1
            ),
            "this is the error of the subplots, the last line of errors": lambda: float(
                rice()["error"]
            ),
            "this is the df of the blocks": lambda: float(rice()["block"]),
            "this is the df of the water regimes, not of their error": lambda: float(
                rice()["water"]
            ),
        },
        worked=True,
    ),
    "day3.days": Question(
        "the covariance of days 2 and 7 of one driver",
        lambda: shared_by_days(),
        {
            "this lacks 2 · 7 times the variance of the slopes": lambda: shared_by_days(
                G=np.where([[0, 0], [0, 1]], 0, drivers()[0])
            ),
            "this lacks the covariance of intercept and slope, times 2 + 7": lambda: shared_by_days(
                G=np.diag(np.diag(drivers()[0]))
            ),
            "this is the correlation; the covariance is not divided": correlation_of_days,
            "this adds σ²; the error of a day is not shared with another day": lambda: (
                shared_by_days() + drivers()[1]
            ),
            "this is the variance between drivers of the model without slopes": lambda: mixed(
                "reaction_ms ~ days + (1 | subject)", "sleepstudy"
            ).varcomp.variance[0],
        },
        unit="ms²",
        worked=True,
    ),
    "day3.four_plots": Question(
        "the variance of the mean of the four plots",
        lambda: four_plots().mean(),
        {
            "this takes the plots as independent; the cells off the diagonal count, too": lambda: (
                np.trace(four_plots()) / 16
            ),
            "two plots of one half share block and half: their cell is 300, not 200": lambda: (
                without_the_shared_half().mean()
            ),
            "this divides the sum of the cells by 4; a mean of four needs 4²": lambda: (
                four_plots().sum() / 4
            ),
            "this is the sum of all cells; divide it by 4²": lambda: four_plots().sum(),
            "this is an SD, not a variance; square it": lambda: root(four_plots().mean()),
            "the diagonal lacks σ², the variance of the plot itself": lambda: four_plots(
                plot=0
            ).mean(),
        },
        unit="(kg/ha)²",
        also={
            "this is the variance of one plot, a cell on the diagonal": lambda: four_plots()[0, 0],
            "a plot has three variances, two of one half share two, two of a block one": lambda: (
                four_plots().mean() - 4 * HALF / 16
            ),
            "the diagonal lacks what a plot shares with itself: block and half": lambda: (
                four_plots().mean() - 4 * (BLOCK + HALF) / 16
            ),
            "this is after a plot has moved; take the four as they lie": lambda: moved().mean(),
            "this is the covariance of plots 1 and 2, one cell of V": lambda: four_plots()[0, 1],
            "this is the variance between blocks, one cell of V": lambda: four_plots()[0, 2],
        },
    ),
    "day3.numbers": Question(
        "the number of variances and covariances of a bracket with a five-level factor",
        lambda: float(LEVELS + pairs(LEVELS)),
        {
            "10 is for four effects, or for the covariances alone; here five effects vary": lambda: (
                float(pairs(LEVELS))
            ),
            "this counts each covariance twice; the matrix is symmetric": lambda: float(LEVELS**2),
            "this counts σ² as well; it does not belong to the bracket": lambda: float(
                LEVELS + pairs(LEVELS) + 1
            ),
            "these are the variances only; each pair of effects has a covariance": lambda: float(
                LEVELS
            ),
            "these are the differences only; the intercept varies, too": lambda: float(LEVELS - 1),
        },
    ),
    "day3.theta": Question(
        "the θ_w at which both SEDs are the same",
        equal_at,
        {
            "this is θ_w², a ratio of variances; take its root": lambda: equal_at() ** 2,
            "this leaves out the 280 errors in the mean of a fungicide": lambda: equal_at(
                of_fungicide=np.inf
            ),
            "this is the estimate from the data; turn the knob until the SEDs agree": (
                estimated_theta
            ),
            "a mean of a fungicide averages 4 halves; divide θ_w² by 4": lambda: equal_at(halves=1),
            "this is σ/σ_w; θ_w has σ_w above": lambda: 1 / equal_at(),
        },
    ),
    "day3.inside": Question(
        "the column whose levels are nested in the populations",
        lambda: next(name for name in factors() if lies_inside(name, "population")),
        {
            "the other way round: each population lies in one region": lambda: next(
                name for name in factors() if lies_inside("population", name)
            ),
            "every population is on both racks: they are crossed": lambda: (
                crossed_with_population()[0]
            ),
            "every population got both nutrient levels: they are crossed": lambda: (
                crossed_with_population()[1]
            ),
            "every population has clipped and unclipped plants: they are crossed": lambda: (
                crossed_with_population()[2]
            ),
            "every population has each status: they are crossed": lambda: crossed_with_population()[
                3
            ],
        },
        words=factors,
    ),
}
