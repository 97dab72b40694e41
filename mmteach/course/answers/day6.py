"""The questions of day 6: tests, degrees of freedom, comparisons."""

from functools import cache

import mmteach as mm
from mmteach.inference.distributions import chi2_p_value, normal_quantile, t_quantile

from ..question import Question
from .common import GAIN, LRT, NO_BLOCKS, data, fixed, mixed, root

PIGS = "dry_matter_pct ~"
BARLEY = "yield_t_ha ~ fungicide * genotype"
WHOLE_PLOTS = "+ (1 | block:fungicide)"
NEW_TRIAL = {"room": 4, "diet": 6, "day": 3, "rep": 3}


# --- pens ------------------------------------------------------------------------------------


@cache
def pen_means(rooms=3):
    """One row a pen of the first so many rooms."""
    pigs = data("pigs_rooms")
    kept = pigs[pigs.room.isin(pigs.room.cat.categories[:rooms])]
    return kept.groupby(["room", "diet", "pen"], observed=True).dry_matter_pct.mean().reset_index()


@cache
def pen_anova(model="diet + room", rooms=3):
    return mm.anova(mm.lm(f"{PIGS} {model}", pen_means(rooms)))


def satterthwaite(rooms=2, weight=5, rooms_df=None):
    """Satterthwaite's df of a diet mean, MS_r + 5 MS_p, from pen means."""
    table = pen_anova(rooms=rooms)
    one, other = table.mean_sq["room"], weight * table.mean_sq["Residual"]
    dfs = (rooms_df or table.num_df["room"], table.num_df["Residual"])
    return float((one + other) ** 2 / (one**2 / dfs[0] + other**2 / dfs[1]))


@cache
def shell():
    return mm.anova_shell("diet*day", blocks="room/diet:rep", n=NEW_TRIAL).df


def pens_of_new_trial():
    return NEW_TRIAL["room"] * NEW_TRIAL["diet"] * NEW_TRIAL["rep"]


def interaction(reml):
    """How far the criterion drops when the interaction of diet and day joins."""
    random = "+ (1 | room) + (1 | pen)"
    small = mixed(f"{PIGS} diet + day {random}", "pigs_rooms", reml)
    return small.criterion - mixed(f"{PIGS} diet * day {random}", "pigs_rooms", reml).criterion


# --- barley ----------------------------------------------------------------------------------


def barley():
    return mixed(f"{BARLEY} + (1 | block) {WHOLE_PLOTS}", "barley")


def drop_of(term, reml=True):
    """How far the criterion drops when this random term joins the other one."""
    other = WHOLE_PLOTS if term == "block" else "+ (1 | block)"
    large = mixed(f"{BARLEY} + (1 | block) {WHOLE_PLOTS}", "barley", reml)
    return mixed(f"{BARLEY} {other}", "barley", reml).criterion - large.criterion


def exact_p_of_blocks():
    """p of the F test of blocks in the means of the whole plots, exact since none is missing."""
    halves = data("barley").groupby(["block", "fungicide"], observed=True).yield_t_ha.mean()
    return mm.anova(mm.lm("yield_t_ha ~ fungicide + block", halves.reset_index())).p["block"]


def difference(fit):
    """(F1 − F2, its SED, its df)."""
    row = mm.contrasts(mm.emmeans(fit, "fungicide"), "pairwise").iloc[0]
    return float(row.estimate), float(row.se), float(row.df)


def upper(quantile=None, se=None):
    """Upper end of F1 − F2, with the right t and SED or with others."""
    estimate, sed, df = difference(barley())
    return estimate + (quantile or t_quantile(0.975, df)) * (se or sed)


def upper_of_plots():
    """The same when whole plots are forgotten, and each small plot counts."""
    estimate, sed, df = difference(mixed(f"{BARLEY} + (1 | block)", "barley"))
    return estimate + t_quantile(0.975, df) * sed


def variance_of_blocks():
    return barley().varcomp.set_index("group").variance["block"]


def of_a_mean():
    """(SE, df) of the mean of F1."""
    row = mm.emmeans(barley(), "fungicide").iloc[0]
    return float(row.se), float(row.df)


# --- sorghum ---------------------------------------------------------------------------------


@cache
def comparisons(method, adjust="default"):
    """{contrast: p} of the sorghum genotypes."""
    fit = mixed("yield_kg_ha ~ genotype + (1 | block)", "sorghum")
    table = mm.contrasts(mm.emmeans(fit, "genotype"), method, adjust=adjust)
    return dict(zip(table.contrast, table.p.astype(float), strict=True))


QUESTIONS = {
    "day6.f_pens": Question(
        "the F value of the diets from the means of the 90 pens",
        lambda: pen_anova().f["diet"],
        {
            "this takes the samples of a pen as independent; use one mean for each pen": lambda: (
                mm.anova(fixed(f"{PIGS} diet * day + room", "pigs_rooms")).f["diet"]
            ),
            NO_BLOCKS: lambda: pen_anova("diet").f["diet"],
            "this is the F of the wrong line, the rooms": lambda: pen_anova().f["room"],
            "this is a ratio of sums of squares; F is one of mean squares": lambda: (
                pen_anova().sum_sq["diet"] / pen_anova().sum_sq["Residual"]
            ),
        },
        worked=True,
    ),
    "day6.error_df": Question(
        "the df of the error of the diets in the new trial",
        lambda: int(shell()["error of room:diet:rep"]),
        {
            "the rooms are forgotten; they take 4 − 1 df": lambda: int(
                shell()["error of room:diet:rep"] + shell()["room"]
            ),
            "this counts samples; a diet was given to a pen": lambda: int(
                mm.anova_shell("diet*day", blocks="room", n=NEW_TRIAL).df["error"]
            ),
            "this is the error of the days": lambda: int(shell()["error"]),
            "this is pens less one; rooms and diets take df as well": lambda: (
                pens_of_new_trial() - 1
            ),
            "this is diet × room, as if a room had one pen of each diet; it has three": lambda: int(
                shell()["room"] * shell()["diet"]
            ),
        },
        also={
            "this is pens less rooms and diets; each of the two counts one less": lambda: (
                pens_of_new_trial() - NEW_TRIAL["room"] - NEW_TRIAL["diet"]
            ),
            "this is the number of pens": pens_of_new_trial,
        },
        suspect={
            "subtract from the 72 pens one for the mean, 3 for the rooms and 5 for the diets": lambda n: (
                55 < n < pens_of_new_trial()
            ),
        },
    ),
    "day6.lrt": Question(
        "the likelihood-ratio statistic of diet × day",
        lambda: interaction(False),
        {
            "these are REML criteria of different fixed parts; compare by ML": lambda: interaction(
                True
            ),
            GAIN: lambda: interaction(False) / 2,
            "take the criterion of the smaller model minus that of the larger one": lambda: (
                -interaction(False)
            ),
        },
        absolute=LRT,
        worked=True,
    ),
    "day6.df_mean": Question(
        "Satterthwaite's df of a diet mean in two rooms",
        satterthwaite,
        {
            "two rooms have 1 df, not 2": lambda: satterthwaite(rooms_df=2),
            "the weight of MS_p is missing: the sum is MS_r + 5 MS_p": lambda: satterthwaite(
                weight=1
            ),
            "this is for all three rooms; take the table of two": lambda: satterthwaite(3),
            "this is the df of a comparison of diets, where rooms cancel": lambda: int(
                pen_anova(rooms=2).num_df["Residual"]
            ),
        },
        also={
            "rooms less one: nearly, but the pens add a little; use the formula": lambda: 1,
        },
    ),
    "day6.p_blocks": Question(
        "the p-value of the likelihood-ratio test of the blocks, with half of chi-squared",
        lambda: chi2_p_value(drop_of("block"), 1) / 2,
        {
            "this is the p of chi-squared on 1 df; zero is the boundary of a variance": lambda: (
                chi2_p_value(drop_of("block"), 1)
            ),
            "this compares ML fits; the fixed part is the same, so take REML": lambda: (
                chi2_p_value(drop_of("block", False), 1) / 2
            ),
            "this halves p twice": lambda: chi2_p_value(drop_of("block"), 1) / 4,
            "this is the exact F test, and the better one; here the halved likelihood-ratio p is asked": (
                exact_p_of_blocks
            ),
        },
        also={
            "this is the drop of the criterion; p is asked": lambda: drop_of("block"),
            "this tests the whole plots; the blocks are asked": lambda: (
                chi2_p_value(drop_of("block:fungicide"), 1) / 2
            ),
            "this is the p of chi-squared on 1 df, by ML; take REML, and the boundary": lambda: (
                chi2_p_value(drop_of("block", False), 1)
            ),
        },
        suspect={
            "this is near the p of chi-squared on 1 df; zero is the boundary of a variance": (
                lambda p: abs(p - chi2_p_value(drop_of("block"), 1)) < 0.005
            ),
        },
    ),
    "day6.dunnett": Question(
        "the p-value of G07 − G01 by Dunnett's rule, approximately, as R gives it",
        lambda: comparisons("trt.vs.ctrl")["G07 - G01"],
        {
            "this is unadjusted; there are 17 comparisons": lambda: comparisons(
                "trt.vs.ctrl", "none"
            )["G07 - G01"],
            "this is Bonferroni's, times 17; Dunnett's rule is less strict": lambda: comparisons(
                "trt.vs.ctrl", "bonferroni"
            )["G07 - G01"],
            "this is Tukey's, for all 153 pairs; 17 are asked": lambda: comparisons("pairwise")[
                "G01 - G07"
            ],
            "this is G18 − G01": lambda: comparisons("trt.vs.ctrl")["G18 - G01"],
        },
        also={
            "this is Dunnett's p itself, and the better one; R's approximation is asked": lambda: (
                comparisons("trt.vs.ctrl", "dunnett")["G07 - G01"]
            ),
        },
        worked=True,
    ),
    "day6.upper": Question(
        "the upper end of the 95 % interval of F1 − F2",
        upper,
        {
            "this takes the normal 1.96; the error has few df": lambda: upper(
                normal_quantile(0.975)
            ),
            "this counts small plots; the fungicide was given to whole plots": upper_of_plots,
            "this uses the SE of a mean; blocks cancel in a difference": lambda: upper(
                se=of_a_mean()[0]
            ),
            "this uses the df of a mean; the error of whole plots has 3": lambda: upper(
                t_quantile(0.975, of_a_mean()[1])
            ),
        },
        also={
            "this is the lower end": lambda: 2 * difference(barley())[0] - upper(),
            "this is the difference itself": lambda: difference(barley())[0],
            "the 2 is missing: a difference has the variance of two means": lambda: upper(
                se=difference(barley())[1] / root(2)
            ),
            "this takes the variance of blocks in; they cancel in a difference": lambda: upper(
                se=root(difference(barley())[1] ** 2 + 2 * variance_of_blocks() / 4)
            ),
            "this is the squared SED; take the root": lambda: upper(
                se=difference(barley())[1] ** 2
            ),
        },
        unit="t/ha",
    ),
}
