"""The questions of day 7: checks, prices of parameters, a map of residuals."""

import numpy as np

import mmteach as mm

from ..question import Question
from .common import data, mixed

BARLEY = "yield_t_ha ~ fungicide + (1 | block) + (1 | block:fungicide) + (1 | genotype)"
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
SLEEP = "reaction_ms ~ days + (days | subject)"
SORGHUM = "yield_kg_ha ~ genotype + (1 | block)"


def pairs(n):
    """Variances and covariances of a term with n effects."""
    return n * (n + 1) / 2


def criterion_and_count():
    """(ML criterion, number of parameters) of the sorghum trial, blocks random."""
    fit = mixed(SORGHUM, "sorghum", False)
    return fit.criterion, fit.n_parameters


def farthest():
    """(t, h, p) of the barley plot with the largest standardised residual."""
    fit = mixed(BARLEY, "barley")
    table = mm.influence(fit)
    row = table.loc[table.standardised.abs().idxmax()]
    return row.standardised, row.leverage, len(fit.beta)


def standardised(logarithm=True):
    """Standardised residuals of clover in the order of the rows."""
    fit = mixed(CLOVER.replace("biomass", "np.log(biomass)") if logarithm else CLOVER, "clover")
    return mm.influence(fit).standardised.to_numpy()


def straight(values, share_only=False):
    """Correlation of values with what is expected of normal ones, or with the shares alone."""
    from scipy.stats import norm

    share = (np.arange(1, len(values) + 1) - 3 / 8) / (len(values) + 1 / 4)
    return np.corrcoef(values, share if share_only else norm.ppf(share))[0, 1]


def change_without(driver):
    """Change of the average slope when a driver is left out."""
    sleep = data("sleepstudy")
    others = mm.lmm(SLEEP, sleep[sleep.subject != driver])
    return others.beta["days"] - mixed(SLEEP, "sleepstudy").beta["days"]


def matters_most():
    drivers = data("sleepstudy").subject.cat.categories
    return str(max(drivers, key=lambda driver: abs(change_without(driver))))


def strangest():
    """The driver with the largest standardised residual."""
    row = mm.influence(mixed(SLEEP, "sleepstudy")).standardised.abs().idxmax()
    return str(data("sleepstudy").subject[row])


def steepest():
    table = mm.shrinkage(mixed(SLEEP, "sleepstudy"))
    return str(table[table.term == "days"].set_index("level").no_pooling.idxmax())


def slowest():
    return str(data("sleepstudy").groupby("subject", observed=True).reaction_ms.mean().idxmax())


def aic_of_log(times, reml=False):
    """AIC of the logarithm of the barley yield, and so many times the sum of the logarithms."""
    field = data("barley")
    fit = mixed(BARLEY.replace("yield_t_ha", "np.log(yield_t_ha)"), "barley", reml)
    return fit.aic + times * np.log(field.yield_t_ha).sum()


def alike(column, across="bed", apart=1):
    """Correlation of a column with the same in the neighbouring bed or row."""
    fit, field = mixed(BARLEY, "barley"), data("barley")
    values = {"residual": fit.residuals, "yield": field.yield_t_ha}[column]
    other = "row" if across == "bed" else "bed"
    table = field.assign(value=values).pivot(index=other, columns=across, values="value")
    matrix = table.to_numpy()
    return np.corrcoef(matrix[:, :-apart].ravel(), matrix[:, apart:].ravel())[0, 1]


QUESTIONS = {
    "day7.parameters": Question(
        "the number of variances and covariances of (diet * day | room), 6 diets and 3 days",
        lambda: pairs(6 * 3),
        {
            "this is the number of effects; each pair of them has a covariance, too": lambda: 6 * 3,
            "these are the covariances alone; add the 18 variances": lambda: pairs(18) - 18,
            "this counts each covariance twice; the matrix is symmetric": lambda: 18**2,
            "this is without the interaction; diet * day has 18 effects": lambda: pairs(6 + 3 - 1),
        },
        worked=True,
    ),
    "day7.aic": Question(
        "the AIC of the sorghum trial by ML, genotypes fixed and blocks random",
        lambda: sum(criterion_and_count()) + criterion_and_count()[1],
        {
            "this is from a REML fit; take ML to compare fixed parts": lambda: (
                mixed(SORGHUM, "sorghum").aic
            ),
            "this counts the variances only; the 18 fixed effects cost, too": lambda: (
                criterion_and_count()[0] + 2 * 2
            ),
            "this asks 1 for each parameter; AIC asks 2": lambda: sum(criterion_and_count()),
            "this is BIC, which asks log n for each parameter": lambda: (
                mixed(SORGHUM, "sorghum", False).bic
            ),
            "the residual variance is a parameter, too": lambda: (
                criterion_and_count()[0] + 2 * (criterion_and_count()[1] - 1)
            ),
        },
        absolute=0.5,
        worked=True,
    ),
    "day7.cook": Question(
        "the Cook's distance of the barley plot with the largest standardised residual",
        lambda: farthest()[0] ** 2 / farthest()[2] * farthest()[1] / (1 - farthest()[1]),
        {
            "divide by p, the number of fixed effects": lambda: (
                farthest()[0] ** 2 * farthest()[1] / (1 - farthest()[1])
            ),
            "the standardised residual is squared": lambda: (
                abs(farthest()[0]) / farthest()[2] * farthest()[1] / (1 - farthest()[1])
            ),
            "divide by 1 − h as well": lambda: farthest()[0] ** 2 / farthest()[2] * farthest()[1],
            "this is the leverage of the plot": lambda: farthest()[1],
        },
        worked=True,
    ),
    "day7.qq": Question(
        "the correlation r in the Q-Q plot of the standardised residuals, log of the clover biomass",
        lambda: straight(np.sort(standardised())),
        {
            "the values are not sorted; the k-th belongs to the k-th smallest": lambda: straight(
                standardised()
            ),
            "this is the correlation with the shares; norm.ppf turns them into values": lambda: (
                straight(np.sort(standardised()), share_only=True)
            ),
            "this is r²": lambda: straight(np.sort(standardised())) ** 2,
            "this is for the biomass; take the fit of its logarithm": lambda: straight(
                np.sort(standardised(logarithm=False))
            ),
        },
        absolute=0.001,
    ),
    "day7.driver": Question(
        "the driver without whom the average slope changes most",
        matters_most,
        {
            "he has the strangest row, but the slope hardly moves without him": strangest,
            "his own slope is the steepest; another one lies farther from the average": steepest,
            "he is the slowest; what counts for the slope is his slope": slowest,
        },
        words=lambda: data("sleepstudy").subject.cat.categories,
    ),
    "day7.scales": Question(
        "the AIC by ML of the log of the barley yield, on the scale of the yield",
        lambda: aic_of_log(2),
        {
            "this is still on the scale of the logarithm; add twice the sum of log y": lambda: (
                aic_of_log(0)
            ),
            "this adds the sum of log y once; a criterion is twice a logarithm": lambda: aic_of_log(
                1
            ),
            "the sign is wrong; the correction is added": lambda: aic_of_log(-2),
            "this is from a REML fit; the correction belongs to ML": lambda: aic_of_log(2, True),
            "this is the yield as it is": lambda: mixed(BARLEY, "barley", False).aic,
        },
        absolute=0.5,
    ),
    "day7.neighbours": Question(
        "the correlation of the residuals of neighbouring beds",
        lambda: alike("residual"),
        {
            "this is for the yields; take the residuals": lambda: alike("yield"),
            "these are neighbours along a bed, in the next row": lambda: alike("residual", "row"),
            "these plots lie two beds apart": lambda: alike("residual", apart=2),
            "this is r²": lambda: alike("residual") ** 2,
        },
    ),
}
