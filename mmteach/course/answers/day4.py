"""The questions of day 4: the schools, REML from scratch."""

import numpy as np

import mmteach as mm

from ..question import Question
from .common import (
    BETWEEN_LINE,
    GAIN,
    LRT,
    ML,
    OTHER_LINE,
    SD,
    data,
    fixed,
    mixed,
    root,
    rss,
    school_means,
    schools,
    variances,
)

TRUTH = 100, 225  # the variances the schools were drawn with; 3 schools of 4


def within_schools(name="schools"):
    """RSS of the scores around the means of their schools."""
    return rss(fixed("score ~ school", name))


def average_ml(J, k):
    """Expected value of the balanced ML formula for sigma_b², J schools of k students."""
    between, within = TRUTH
    return ((J - 1) / J * (k * between + within) - within) / k


def balanced_formula(name, ddof=1, size=None):
    """The balanced formula for sigma_b² where it does not belong; ddof=0: that of ML; size: for k."""
    scores = data(name).groupby("school", observed=True).score
    within = within_schools(name) / (len(data(name)) - 3)
    return scores.mean().var(ddof=ddof) - within / (size or scores.size().mean())


def criterion_at(between, within):
    """The REML criterion of the schools with these variances in V."""
    scores = data("schools")
    V = mm.build_V_cs(between, within, scores.school)
    return mm.minus2_loglik(scores.score, np.ones((len(scores), 1)), V, reml=True)


def third_term():
    """log|X'V⁻¹X| of the schools at the REML estimates: minus the log-variance of the mean."""
    return -2 * np.log(schools().se.iloc[0])


def gain(reml):
    """Drop of the criterion from one mean to five potash levels, blocks random."""
    small, large = (
        mixed(f"strength ~ {x} + (1 | block)", "potash", reml) for x in ("1", "C(k2o_lb_ac)")
    )
    return small.criterion - large.criterion


QUESTIONS = {
    "day4.var_mean": Question(
        "the variance of the mean of all 12 scores, at σ_b² = 100 and σ² = 225",
        lambda: TRUTH[0] / 3 + TRUTH[1] / 12,
        {
            "this takes 12 students as independent; students of a school share its u_j": lambda: (
                sum(TRUTH) / 12
            ),
            "this is the variance of the mean of one school": lambda: TRUTH[0] + TRUTH[1] / 4,
            "you forgot σ_b²: this is σ²/12": lambda: TRUTH[1] / 12,
            "this is the standard error; square it": lambda: root(TRUTH[0] / 3 + TRUTH[1] / 12),
            "this is the variance of one score; the mean runs over twelve": lambda: sum(TRUTH),
        },
        unit="points²",
        worked=True,
    ),
    "day4.sigma2": Question(
        "the residual variance of the schools by REML",
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
            BETWEEN_LINE: lambda: variances(schools())[0],
        },
        also={"this is the truth; estimate it from the scores": lambda: float(TRUTH[1])},
        unit="points²",
        worked=True,
    ),
    "day4.sigma2_b": Question(
        "the variance between schools by REML",
        lambda: variances(schools())[0],
        {
            "this is the ML value; it divides by J where REML divides by J − 1": lambda: variances(
                schools(reml=False)
            )[0],
            "this is the variance of the school means, which still holds σ²/4": lambda: (
                school_means().var()
            ),
            "this is MS_b, whose expectation is 4σ_b² + σ²": lambda: 4 * school_means().var(),
            "this is MS_b − MS_w; divide it by 4, the students of a school": lambda: (
                4 * variances(schools())[0]
            ),
            "you divided by 3, the number of schools; a school has 4 students": lambda: (
                4 * variances(schools())[0] / 3
            ),
            OTHER_LINE: lambda: schools().sigma2,
            SD: lambda: root(variances(schools())[0]),
        },
        also={
            "this is the truth, from which the scores were drawn; estimate it from the scores": (
                lambda: float(TRUTH[0])
            ),
        },
        unit="points²",
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
            "this is the REML criterion at the ML variances; put in those of REML": lambda: (
                criterion_at(*variances(schools(reml=False)))
            ),
            "here σ_b² is the variance of the school means; take σ²/4 off it first": lambda: (
                criterion_at(school_means().var(), schools().sigma2)
            ),
            "this is the criterion at the true variances; put in the estimates": lambda: (
                criterion_at(*TRUTH)
            ),
        },
        also={
            "log|X'X| is subtracted; programs leave this constant out": lambda: (
                schools().criterion - np.log(12)
            ),
        },
        suspect={
            "log|X'V⁻¹X| is missing; the rest is right": (
                lambda given: abs(given - schools().criterion + third_term()) < 0.02
            ),
            "log|X'V⁻¹X| is added in the criterion, you subtracted it": (
                lambda given: abs(given - schools().criterion + 2 * third_term()) < 0.02
            ),
            "the criterion can be lower: some variance in your V is not the REML estimate": (
                lambda given: 0 < given - schools().criterion < 20
            ),
            "this is below the minimum, so a term of the criterion is missing": (
                lambda given: 0 < schools().criterion - given < 50
            ),
        },
        absolute=0.01,
    ),
    "day4.ml_average": Question(
        "the average ML estimate of σ_b², 3 schools of 40 students",
        lambda: average_ml(3, 40),
        {
            "this is the average with 4 students a school; put 40 there": lambda: average_ml(3, 4),
            "this is the average of REML, the truth itself": lambda: float(TRUTH[0]),
            "this is 30 schools of 4; change the students, not the schools": lambda: average_ml(
                30, 4
            ),
        },
        unit="points²",
        tolerance=0.015,  # the average of 20,000 draws has an SE of 0.5 points²
        worked=True,
    ),
    "day4.uneven": Question(
        "the variance between schools by REML, two students of S2 absent",
        lambda: variances(schools(name="schools, uneven"))[0],
        {
            ML: lambda: variances(schools(False, "schools, uneven"))[0],
            "this is the formula for balanced data; unequal schools need a search": lambda: (
                balanced_formula("schools, uneven")
            ),
            "these are all 12 scores; leave out the last two of S2": lambda: variances(schools())[
                0
            ],
            OTHER_LINE: lambda: schools(name="schools, uneven").sigma2,
            SD: lambda: root(variances(schools(name="schools, uneven"))[0]),
        },
        also={
            "these are the last two of S3, the case of the lesson; here those of S2 are absent": (
                lambda: mm.lmm("score ~ 1 + (1 | school)", data("schools")[:10]).varcomp.variance[0]
            ),
            "this is a formula with 3 for the students; REML weights the schools, by a search": (
                lambda: balanced_formula("schools, uneven", size=3)
            ),
            "this is ML's formula for balanced data; unequal schools need a search, by REML": (
                lambda: balanced_formula("schools, uneven", ddof=0)
            ),
        },
        unit="points²",
    ),
    "day4.potash": Question(
        "the likelihood-ratio statistic for the five potash levels",
        lambda: gain(reml=False),
        {
            "this compares REML criteria of different fixed parts; refit both by ML": lambda: gain(
                True
            ),
            GAIN: lambda: gain(False) / 2,
            "the size is right, the sign is not; take the larger criterion first": lambda: (
                -gain(False)
            ),
        },
        absolute=LRT,
    ),
}
