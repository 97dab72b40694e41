"""The questions of day 1: the linear model, and what its numbers rest on."""

import numpy as np
import pandas as pd

import mmteach as mm
from mmteach.inference.distributions import normal_quantile, t_quantile

from ..question import Question
from .common import data, fixed, mixed, root, rss, variances

KG_HA = 1.12085  # one lb/acre
POTASH, PIGS = "strength ~ k2o_lb_ac", "dry_matter_pct ~ diet * day"
SIX_PENS = list("ACBBAC")  # the diets of the pens of "write X"
SIGN = "leave the sign % out; the answer is asked in % already"
BETA = np.array([20, 3, -2])  # the mean of C, A − C, B − C


def line():
    return fixed(POTASH, "potash")


def slope():
    return line().beta["k2o_lb_ac"]


def pigs():
    return fixed(PIGS, "pigs_crd")


def rows_of(diet, day):
    rows = data("pigs_crd")
    return rows.dry_matter_pct[(rows.diet == diet) & (rows.day == day)]


def own_sd(diet, day):
    return rows_of(diet, day).std()


def mean_b3():
    return rows_of("B", "3").mean()


def se_b3():
    return pigs().sigma / root(15)


def half(se=None, level=0.975, df=252):
    """Half of the width of an interval, t · SE; of diet B on day 3 without `se`."""
    t = normal_quantile(level) if df is None else t_quantile(level, df)
    return t * (se_b3() if se is None else se)


def expected(reference="C", intercept=1, otherwise=0, beta=BETA):
    """X beta of the six pens, right or coded wrongly."""
    letters = [letter for letter in "ABC" if letter != reference]
    diets = pd.Series(SIX_PENS)
    last = [(diets == letter) * 1 for letter in letters]
    last[-1] = last[-1].where(last[-1] == 1, otherwise)
    columns = [np.full(len(diets), intercept), *last]
    return tuple(float(value) for value in np.column_stack(columns) @ beta)


def rooms(term):
    """(sum of squares, its df) of a line of the table for pigs in rooms, rooms left out."""
    table = mm.anova(fixed(PIGS, "pigs_rooms"))
    return table.sum_sq[term], {"diet": 5, "day": 2, "Residual": 252}[term]


def mean_square(term):
    squares, df = rooms(term)
    return squares / df


def f_with(terms):
    """F of the diets for pigs in rooms with further terms in the model."""
    return mm.anova(mixed(f"{PIGS} + {terms}", "pigs_rooms")).f["diet"]


def se_with_pens(pens=15, days=6, power=1):
    """SE of a diet mean with so many pens a diet, each seen on so many days; power 1/2: of SDs."""
    between, within = variances(mixed(f"{PIGS} + (1 | pen)", "pigs_crd")) ** power
    return root(between / pens + within / (pens * days))


QUESTIONS = {
    "day1.slope": Question(
        "the slope of the strength per kg/ha of potash",
        lambda: slope() / KG_HA,
        {
            "you multiplied; a kg/ha is less than a lb/acre, so the slope is smaller": lambda: (
                slope() * KG_HA
            ),
            "this is still the slope per lb/acre": slope,
            "this is the intercept, the strength at rate 0": lambda: line().beta["Intercept"],
            "this is t, which has no unit": lambda: slope() / line().se["k2o_lb_ac"],
            "this is for 100 kg/ha more; one is asked": lambda: 100 * slope() / KG_HA,
        },
        worked=True,
    ),
    "day1.error_df": Question(
        "the degrees of freedom of the error: 8 varieties, 3 rates, 4 plots each",
        lambda: 8 * 3 * (4 - 1),
        {
            "this is the total, N − 1; the treatments have to be paid, too": lambda: 8 * 3 * 4 - 1,
            "the interaction is missing; it costs 7 · 2 degrees of freedom": lambda: (
                8 * 3 * 4 - 1 - 7 - 2
            ),
            "you took off the levels, 8 and 3; 24 means are estimated": lambda: 8 * 3 * 4 - 8 - 3,
            "these are the degrees of freedom of the interaction": lambda: 7 * 2,
            "these are the degrees of freedom of the treatments together": lambda: 8 * 3 - 1,
            "you forgot that the overall mean costs one as well": lambda: 8 * 3 * (4 - 1) + 1,
        },
        tolerance=1e-3,
        worked=True,
    ),
    "day1.se_cell": Question(
        "the standard error of the mean of one diet on one day, in %",
        se_b3,
        {
            "this is the SE over three days, 45 rows; on one day there are 15": lambda: (
                pigs().sigma / root(45)
            ),
            "you divided by the root of the 3 days; the mean runs over 15 pens": lambda: (
                pigs().sigma / root(3)
            ),
            "this is σ, the SD of one row; the mean runs over 15": lambda: pigs().sigma,
            "this is a variance; its square root is the SE": lambda: pigs().sigma2 / 15,
            "this divides RSS by n; divide it by the degrees of freedom": lambda: root(
                rss(pigs()) / 270 / 15
            ),
            "this is the SE of a difference of two such means": lambda: root(
                2 * pigs().sigma2 / 15
            ),
        },
        also={
            SIGN: lambda: se_b3() / 100,
            "this is the SE from the 15 rows of A on day 1; take σ of the model": lambda: (
                own_sd("A", "1") / root(15)
            ),
        },
        worked=True,
    ),
    "day1.half": Question(
        "half of the width of the 95 % interval of diet B on day 3, in %",
        half,
        {
            "this is the SE; multiply it by t": se_b3,
            "this is the whole width, from limit to limit; half of it is asked": lambda: 2 * half(),
            "this is the lower limit; its distance from the mean is asked": lambda: (
                mean_b3() - half()
            ),
            "this uses the SE of 45 rows; on one day there are 15": lambda: half(
                pigs().sigma / root(45)
            ),
            "this uses t with 14 df; σ of all rows has 252": lambda: half(df=14),
            "this t cuts off 5 % on one side; 2.5 % belong there: 0.975": lambda: half(level=0.95),
            "this takes σ for the SE; divide it by √15": lambda: half(pigs().sigma),
            "1.96 belongs to a known σ; here it is estimated, with 252 df": lambda: half(df=None),
        },
        also={
            "this is the upper limit; its distance from the mean is asked": lambda: (
                mean_b3() + half()
            ),
            "this uses t with 84 df, for means over three days; σ has 252": lambda: half(df=84),
            "this takes the SD of these 15 rows alone; take σ of the model": lambda: half(
                own_sd("B", "3") / root(15)
            ),
            "this is their own SD and 14 df; take σ of the model, with 252": lambda: half(
                own_sd("B", "3") / root(15), df=14
            ),
            SIGN: lambda: half() / 100,
        },
        tolerance=1e-3,
    ),
    "day1.rows": Question(
        "the six expected values, X @ beta",
        expected,
        {
            "your reference is A; here the first number of beta belongs to C": lambda: expected(
                "A"
            ),
            "the column of ones is missing": lambda: expected(intercept=0),
            "the last column has 1 for everybody; it is 0 for A and C": lambda: expected(
                otherwise=1
            ),
            "your reference is B; here the first number of beta belongs to C": lambda: expected(
                "B"
            ),
        },
        also={
            "the columns of A and B have changed places": lambda: expected(beta=BETA[[0, 2, 1]]),
        },
    ),
    "day1.f": Question(
        "the F of the diets for pigs in rooms, rooms left out, rows independent",
        lambda: mean_square("diet") / mean_square("Residual"),
        {
            "this is a ratio of sums of squares; F is one of mean squares": lambda: (
                rooms("diet")[0] / rooms("Residual")[0]
            ),
            "the sum of squares of the diets is not yet divided by its 5 df": lambda: (
                rooms("diet")[0] / mean_square("Residual")
            ),
            "you divided RSS by n; divide it by the degrees of freedom": lambda: (
                mean_square("diet") / (rooms("Residual")[0] / 270)
            ),
            "this is 1/F; divide by the mean square of the error": lambda: (
                mean_square("Residual") / mean_square("diet")
            ),
            "this is the F of the days": lambda: mean_square("day") / mean_square("Residual"),
            "here the rooms are in the model; leave them out": lambda: mm.anova(
                fixed(f"{PIGS} + room", "pigs_rooms")
            ).f["diet"],
        },
        also={
            "this counts the pens, and is right to; here all rows are independent": lambda: f_with(
                "(1 | pen)"
            ),
            "this has pens and rooms; leave both out here": lambda: f_with("room + (1 | pen)"),
            "this error leaves the interaction out; fit diet * day, error df 252": lambda: mm.anova(
                fixed("dry_matter_pct ~ diet + day", "pigs_rooms")
            ).f["diet"],
            "the error of this table still holds the days and the interaction": lambda: mm.anova(
                fixed("dry_matter_pct ~ diet", "pigs_rooms")
            ).f["diet"],
        },
        tolerance=2e-3,
    ),
    "day1.days": Question(
        "the SE of a diet mean with 15 pens seen on six days, in %",
        se_with_pens,
        {
            "this takes 90 rows as independent; days of a pen share its shift": lambda: (
                pigs().sigma / root(90)
            ),
            "this is the SE with three days": lambda: se_with_pens(days=3),
            "this halves both parts of the variance; more days halve only one": lambda: (
                se_with_pens(30, 3)
            ),
            "only 15 pens are counted; divide the variance within pens by 90": lambda: se_with_pens(
                days=1
            ),
            "this is a variance; its square root is the SE": lambda: se_with_pens() ** 2,
        },
        also={
            SIGN: lambda: se_with_pens() / 100,
            "this puts SDs where variances belong": lambda: se_with_pens(power=0.5),
            "this is the part of the pens alone; the days add theirs": lambda: root(
                variances(mixed(f"{PIGS} + (1 | pen)", "pigs_crd"))[0] / 15
            ),
        },
    ),
}
