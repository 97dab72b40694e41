"""Variances of what is predicted, against dense matrices: two terms with two effects each, weights."""

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.engine import crossproducts
from mmteach.engine.fit import Fit
from mmteach.engine.henderson import conditional_variance, henderson_inverse

FORMULA = "y ~ x + f + (x | g) + (x | h)"


def data():
    rng = np.random.default_rng(11)
    n = 90
    g, h, x = np.arange(n) % 8, rng.integers(0, 3, n), rng.normal(size=n)
    y = (
        x
        + rng.normal(size=8)[g]
        + 0.7 * rng.normal(size=8)[g] * x
        + rng.normal(size=3)[h]
        + 0.5 * rng.normal(size=3)[h] * x
        + rng.normal(size=n)
    )
    return pd.DataFrame(
        {
            "y": y,
            "x": x,
            "g": g,
            "h": h,
            "f": np.where(rng.random(n) < 0.4, "a", "b"),
            "w": rng.uniform(0.5, 2, n),
        }
    )


THETA = [0.9, 0.4, 0.6, 0.7, -0.3, 0.5]  # not the estimate, so that nothing hangs on the search


@pytest.fixture(params=[None, 0, 10], ids=["dense", "sparse", "sparse, few levels at a time"])
def fit(request, monkeypatch):
    if request.param is not None:
        monkeypatch.setattr(crossproducts, "DENSE_CELLS", request.param)
    design = mm.design(FORMULA, data(), "w")
    made = Fit(design, crossproducts.CrossProducts.from_design(design), theta=THETA)
    assert isinstance(made.products.B21, np.ndarray) == (request.param is None)
    return made


def dense(fit):
    """W, Z, X and Lambda as plain matrices, from the labelled ones."""
    weights = np.diag(fit.design.weights)
    G = fit.G.to_numpy() / fit.sigma2
    return weights, fit.Z.to_numpy(), fit.X.to_numpy(), np.linalg.cholesky(G)


def test_products_are_those_of_the_rows(fit):
    W, Z, X, _ = dense(fit)
    cp = fit.products
    Q = X @ np.linalg.inv(cp.R)  # the products stand for Q; X = Q R
    both = np.hstack([Z, Q])
    np.testing.assert_allclose(cp.normal_matrix(), both.T @ W @ both, atol=1e-10)


def test_henderson_inverse(fit):
    W, Z, X, Lambda = dense(fit)
    both = np.hstack([Z, X])
    left = both.T @ W @ both
    q = Z.shape[1]
    left[:q, :q] += np.linalg.inv(Lambda @ Lambda.T)
    np.testing.assert_allclose(
        henderson_inverse(fit.profiled, fit.theta), np.linalg.inv(left), atol=1e-9
    )


def test_conditional_variance_and_the_sd_of_ranef(fit):
    W, Z, _, Lambda = dense(fit)
    V = Lambda @ np.linalg.inv(Lambda.T @ Z.T @ W @ Z @ Lambda + np.eye(len(Lambda))) @ Lambda.T
    at = 0
    for C, (J, k) in zip(
        conditional_variance(fit.profiled, fit.theta), zip(fit.products.J, fit.products.k)
    ):
        assert C.shape == (J, k, k)
        for level in range(J):
            here = slice(at, at + k)
            np.testing.assert_allclose(C[level], V[here, here], atol=1e-10)
            at += k
    np.testing.assert_allclose(fit.ranef().sd, fit.sigma * np.sqrt(np.diag(V)), rtol=1e-8)


def test_standard_errors_of_predicted_means(fit):
    W, Z, X, Lambda = dense(fit)
    both = np.hstack([Z, X])
    C = fit.sigma2 * henderson_inverse(fit.profiled, fit.theta)
    expected = np.sqrt(np.einsum("ni,ij,nj->n", both, C, both))
    np.testing.assert_allclose(fit.predict(se=True).se, expected, rtol=1e-9)


def test_the_fitted_equations_at_this_theta(fit):
    """b = G Z'V^-1 (y - X beta), and beta by generalised least squares."""
    estimate = mm.gls(fit.X.to_numpy(), fit.y, fit.V.to_numpy())
    np.testing.assert_allclose(fit.beta, estimate.beta, rtol=1e-9)
    np.testing.assert_allclose(fit.cov_beta, estimate.cov_beta, rtol=1e-8)
    b = (
        fit.G.to_numpy()
        @ fit.Z.to_numpy().T
        @ np.linalg.solve(fit.V.to_numpy(), estimate.residuals)
    )
    np.testing.assert_allclose(fit.ranef().estimate, b, atol=1e-9)
