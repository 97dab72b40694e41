"""The textbook likelihood: known values, identities, and what it says to bad input."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import mmteach as mm


@pytest.fixture(scope="module")
def schools():
    data = mm.load("schools")
    return data.score.to_numpy(), np.ones((12, 1)), data.school


@pytest.fixture(scope="module")
def sorghum():
    data = mm.load("sorghum")
    return data.yield_kg_ha.to_numpy(), pd.get_dummies(data.genotype).to_numpy(float), data.block


def optimum(objective, *args, start):
    return minimize(objective, np.log(start), args=args, method="BFGS", options={"gtol": 1e-7})


def test_reml_of_sorghum(sorghum):
    best = optimum(mm.reml_objective, *sorghum, start=[1000, 10000])
    assert best.fun == pytest.approx(729.7118, abs=1e-4)
    assert np.exp(best.x) == pytest.approx([2906.0, 25627.4], rel=1e-4)


def test_ml_of_sorghum_is_three_quarters_of_reml(sorghum):
    best = optimum(mm.ml_objective, *sorghum, start=[1000, 10000])
    assert np.sqrt(np.exp(best.x)) == pytest.approx([46.69, 138.64], abs=0.005)


def test_schools(schools):
    best = optimum(mm.reml_objective, *schools, start=[50, 200])
    assert best.fun == pytest.approx(91.0922, abs=1e-4)
    assert np.exp(best.x) == pytest.approx([102.6, 144.394], rel=1e-3)
    best = optimum(mm.ml_objective, *schools, start=[50, 200])
    assert np.exp(best.x)[0] == pytest.approx(56.391, abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_ml_is_the_normal_density_at_the_gls_estimate(seed):
    y, X, groups, V = random_case(seed)
    mean = X @ mm.gls(X, y, V).beta
    expected = -2 * multivariate_normal(mean, V).logpdf(y)
    assert mm.minus2_loglik(y, X, V, reml=False) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_reml_is_the_likelihood_of_any_error_contrasts(seed):
    y, X, groups, V = random_case(seed)
    K = mm.error_contrasts(X)
    np.testing.assert_allclose(K.T @ X, 0, atol=1e-12)
    rotate = np.random.default_rng(seed).normal(size=(K.shape[1], K.shape[1]))
    log_XtX = np.linalg.slogdet(X.T @ X)[1]
    for M, log_KtK in ((K, 0.0), (K @ rotate, 2 * np.linalg.slogdet(rotate)[1])):
        density = multivariate_normal(np.zeros(M.shape[1]), M.T @ V @ M).logpdf(M.T @ y)
        assert mm.minus2_loglik(y, X, V) == pytest.approx(
            -2 * density - log_KtK + log_XtX, abs=1e-7
        )


def test_gls_is_ols_when_V_is_a_multiple_of_the_identity():
    y, X, _, _ = random_case(1)
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    result = mm.gls(X, y, 3.0 * np.eye(len(y)))
    np.testing.assert_allclose(result.beta, beta)
    np.testing.assert_allclose(result.cov_beta, 3 * np.linalg.inv(X.T @ X))
    np.testing.assert_allclose(result.residuals, y - X @ beta)


def test_several_grouping_factors_add_up():
    y, X, _, _ = random_case(2)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, len(y)), rng.integers(0, 3, len(y))
    V = 2.0 * (a[:, None] == a) + 0.5 * (b[:, None] == b) + 1.5 * np.eye(len(y))
    assert mm.reml_objective(np.log([2.0, 0.5, 1.5]), y, X, [a, b]) == pytest.approx(
        mm.minus2_loglik(y, X, V)
    )


def test_row_order_does_not_matter(sorghum):
    y, X, groups = sorghum
    order = np.random.default_rng(3).permutation(len(y))
    here = mm.reml_objective(np.log([3000, 25000]), y, X, groups)
    assert mm.reml_objective(
        np.log([3000, 25000]), y[order], X[order], groups[order]
    ) == pytest.approx(here)


@pytest.mark.parametrize("units", [1e-12, 1.0, 1e9])
def test_the_units_of_a_column_do_not_change_what_is_independent(units):
    y, X, groups, V = random_case(4)
    scaled = X * [1, units, units**0.5]
    K = mm.error_contrasts(scaled)
    assert K.shape == (15, 12)
    np.testing.assert_allclose(K.T @ X, 0, atol=1e-12)
    assert mm.error_contrasts(units * X[:, [0, 0]]).shape == (15, 14)  # the same column twice
    np.testing.assert_allclose(mm.gls(scaled, y, V).residuals, mm.gls(X, y, V).residuals, atol=1e-9)
    with pytest.raises(ValueError, match="rank-deficient: column 3"):
        mm.gls(np.column_stack([scaled, scaled[:, 1] - scaled[:, 0]]), y, V)


def test_error_contrasts_are_orthonormal_and_forget_beta():
    _, X, _, _ = random_case(0)
    K = mm.error_contrasts(X)
    np.testing.assert_allclose(K.T @ K, np.eye(12), atol=1e-12)


def random_case(seed):
    rng = np.random.default_rng(seed)
    n = 15
    groups = np.concatenate([[0, 1], rng.integers(0, 4, n - 2)])
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    return (
        rng.normal(size=n),
        X,
        groups,
        mm.build_V_cs(rng.uniform(0.1, 3), rng.uniform(0.1, 3), groups),
    )


y, X, I4 = np.arange(4.0), np.ones((4, 1)), np.eye(4)
FIT = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
STREAMED = mm.lmm("score ~ 1 + (1 | school)", iter([mm.load("schools")]))
BAD = {
    "length of y": (lambda: mm.gls(X, y[:3], I4), "X has 4 rows, so y needs 4 values.*y has 3"),
    "shape of V": (lambda: mm.gls(X, y, np.eye(3)), "V must be 4 x 4"),
    "NaN in y": (lambda: mm.gls(X, [1, np.nan, 2, 3], I4), r"y holds 1 value.*index \[1\].*drop"),
    "X as a vector": (lambda: mm.gls(np.ones(4), y, I4), r"np.ones\(\(n, 1\)\)"),
    "rank of X": (lambda: mm.gls(np.ones((4, 2)), y, I4), "rank-deficient: column 1"),
    "as many columns as rows": (lambda: mm.gls(np.eye(4), y, I4), "4 columns for 4 rows"),
    "singular V": (lambda: mm.gls(X, y, np.ones((4, 4))), "V is singular.*residual variance"),
    "negative V": (lambda: mm.gls(X, y, -I4), "negative"),
    "asymmetric V": (lambda: mm.gls(X, y, I4 + np.eye(4, k=1)), "not symmetric"),
    "number of log-variances": (
        lambda: mm.reml_objective([0.0], y, X, list("aabb")),
        "1 log-variances for 1",
    ),
    "one group": (lambda: mm.reml_objective([0.0, 0.0], y, X, list("aaaa")), "only one level"),
    "groups too short": (
        lambda: mm.reml_objective([0.0, 0.0], y, X, list("aab")),
        "V must be 4 x 4",
    ),
    "X without columns": (lambda: mm.gls(np.ones((4, 0)), y, I4), "X has no columns"),
    "contrasts of no column": (lambda: mm.error_contrasts(np.ones((4, 0))), "X has no columns"),
    "a variance for its logarithm": (
        lambda: mm.reml_objective([1000.0, 10], y, X, list("aabb")),
        "no variance is as",
    ),
    "reml as a word": (
        lambda: mm.minus2_loglik(y, X, I4, reml="ML"),
        "reml='ML' must be True .REML. or False .ML.",
    ),
    "reml as a number": (
        lambda: mm.textbook_objective([1.0], FIT.design, reml=0),
        "reml=0 must be True",
    ),
    "a fit for its design": (
        lambda: mm.textbook_objective([1.0], FIT),
        "takes a design, not Fit; pass fit.design",
    ),
    "data for a design": (
        lambda: mm.textbook_objective([1.0], mm.load("schools")),
        "not DataFrame; make one with mm.d",
    ),
    "a streamed design": (
        lambda: mm.textbook_objective([1.0], STREAMED.design),
        "streamed fit keeps no rows",
    ),
    "number of theta": (
        lambda: mm.textbook_objective([1.0, 2.0], FIT.design),
        "theta has 2 values",
    ),
    "no row to spare": (lambda: mm.error_contrasts(np.eye(3)), "rank 3 with 3 rows"),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=BAD)
def test_bad_input_names_the_culprit_and_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
