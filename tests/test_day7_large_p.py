"""Day 7, what the lesson says of its own checks: Cook's distance, large p, uneven shares."""

import numpy as np
import pytest
from lesson_texts import Lesson
from scipy.stats import kstest, norm

import mmteach as mm

LESSON = Lesson("day7_checking_and_choosing")
PROSE, SHOWN = LESSON.prose, LESSON.shown
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"


@pytest.fixture(scope="module")
def fit():
    return mm.lmm(CLOVER, mm.load("clover"))


@pytest.fixture(scope="module")
def lines():
    return mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))


def cooks_of(one, rows, row, fixed_only):
    """Cook's distance from two solutions of Henderson's equations, variances held."""
    X, Z, G = (np.asarray(part, dtype=float) for part in (one.X, one.Z, one.G))
    W, p = np.hstack([X, Z]), X.shape[1]
    ridge = np.zeros((W.shape[1],) * 2)
    ridge[p:, p:] = one.sigma2 * np.linalg.inv(G)
    y, kept = one.y.to_numpy(), np.arange(rows) != row
    every = W.T @ W + ridge
    moved = np.linalg.solve(every, W.T @ y) - np.linalg.solve(
        W[kept].T @ W[kept] + ridge, W[kept].T @ y[kept]
    )
    if fixed_only:
        return moved[:p] @ np.linalg.solve(np.asarray(one.cov_beta), moved[:p]) / p
    return moved @ every @ moved / one.sigma2 / p


def test_cooks_distance_is_that_of_all_coefficients_together(lines, fit):
    for one, rows, row in ((lines, 180, 59), (lines, 180, 56), (fit, 116, 46)):
        printed = mm.influence(one).cooks_distance[row]
        assert cooks_of(one, rows, row, False) == pytest.approx(printed, rel=1e-6)
        assert cooks_of(one, rows, row, True) < 0.06 < printed


def test_a_large_p_says_nothing(fit, lines):
    """Data drawn from the fit and fitted again: p is not spread evenly, but large."""
    for one, conditional, seen in ((fit, False, 0.98), (lines, True, 0.052)):
        drawn = one.simulate(20, seed=8)
        p = [
            mm.simulated_residuals(one.refit(y=drawn[column]), seed=1, conditional=conditional).p
            for column in drawn
        ]
        assert min(p) > 0.1 and np.median(p) > 0.55  # evenly: 0.5, and two below 0.1
        assert seen > 0.9 or seen < min(p)
    ps = [mm.simulated_residuals(lines, seed=k, conditional=True).p for k in range(1, 6)]
    assert round(ps[0], 3) == 0.052 and max(ps[1:]) < 0.05  # "with another seed below it"
    assert "above 0.90" in PROSE and "log: median 0.90, below 0.1 0 of 80" in SHOWN
    assert "p as small as seen (0.54): 3 of 80" in SHOWN and "3 of 80 are as small" in PROSE


def test_few_groups_make_uneven_shares_though_the_model_is_right():
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1, 2, 3], [60, 12, 12, 6])
    far = []
    for _ in range(40):
        y = 3 * rng.normal(size=4)[group] + rng.normal(size=90)
        far.append(kstest(norm.cdf(y / np.sqrt(10)), "uniform").pvalue < 0.05)
    assert np.mean(far) > 0.6  # independent shares: 0.05
