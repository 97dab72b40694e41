"""What every fit can say, whether it has random effects or not."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.engine.base import Model
from mmteach.engine.fit import Fit

SLEEP = "reaction_ms ~ days + (days | subject)"


@pytest.fixture(scope="module")
def sleep():
    return mm.load("sleepstudy")


@pytest.fixture(scope="module")
def fits(sleep):
    return {"mixed": mm.lmm(SLEEP, sleep), "fixed": mm.lm("reaction_ms ~ days + subject", sleep)}


@pytest.mark.parametrize("kind", ["mixed", "fixed"])
def test_both_answer_the_same_questions(fits, kind):
    fit = fits[kind]
    assert isinstance(fit, Model)
    assert fit.random == (kind == "mixed") and not fit.streamed
    assert fit.X.shape == (180, len(fit.kept)) and len(fit.cov_beta) == len(fit.kept)
    np.testing.assert_allclose(fit.y, fit.fitted + fit.residuals)
    np.testing.assert_allclose(fit.triangle.T @ fit.triangle, fit.X.T @ fit.X, atol=1e-9)
    assert fit.aic == pytest.approx(-2 * fit.loglik + 2 * fit.n_parameters)
    assert fit.bic == pytest.approx(-2 * fit.loglik + np.log(180) * fit.n_parameters)
    assert fit.loglik_by(fit.reml) == fit.loglik
    assert len(fit.terms) == len(fit.b) == len(fit.covariances)
    population = fit.predict(groups="population")
    np.testing.assert_allclose(population, fit.X @ fit.beta.dropna())
    assert np.allclose(population, fit.fitted) == (kind == "fixed")
    draws = fit.simulate(400, seed=3)
    np.testing.assert_allclose(draws.mean(axis=1), population, atol=0.35 * draws.std(axis=1).max())
    again = fit.refit(fit.y * 2)
    np.testing.assert_allclose(again.beta, 2 * fit.beta, rtol=1e-4)
    assert type(again) is type(fit)


def test_reml_loglik_of_a_fixed_fit_is_the_limit_of_the_mixed_one(sleep):
    fixed = mm.lm("reaction_ms ~ days", sleep)
    mixed = mm.lmm("reaction_ms ~ days + (1 | subject)", sleep)
    for reml in (True, False):
        zero = Fit(mixed.design, mixed.products, reml, theta=[0.0])
        assert fixed.loglik_by(reml) == pytest.approx(zero.loglik, rel=1e-12)


@pytest.mark.parametrize("kind", ["mixed", "fixed"])
def test_a_new_response_is_matched_by_its_index(fits, kind):
    fit = fits[kind]
    y = fit.y + np.arange(180) / 10
    straight = fit.refit(y).beta
    np.testing.assert_allclose(fit.refit(y.sample(frac=1, random_state=1)).beta, straight)
    np.testing.assert_allclose(fit.refit(y.to_numpy()).beta, straight)
    with pytest.raises(ValueError, match="index of y does not fit .* no value for row 0.*to_numpy"):
        fit.refit(y.set_axis(y.index + 1000))
    with pytest.raises(ValueError, match="a label stands there twice"):
        fit.refit(pd.concat([y, y]))
    with pytest.raises(ValueError, match="y has 179 values, but the fit has 180 rows"):
        fit.refit(y.to_numpy()[1:])


def test_se_of_predictions_needs_no_matrix_of_rows_by_effects():
    """The sparse sum equals w'Cw with W laid out, for two terms with two effects each."""
    rng = np.random.default_rng(4)
    d = pd.DataFrame(
        {"x": rng.normal(size=120), "g": rng.integers(0, 7, 120), "h": rng.integers(0, 5, 120)}
    )
    d["y"] = (
        d.x + rng.normal(size=(7, 2))[d.g, 0] + d.x * rng.normal(size=5)[d.h] + rng.normal(size=120)
    )
    fit = mm.lmm("y ~ x + (x | g) + (x | h)", d)
    W = np.hstack([fit.Z, fit.X])
    expected = np.sqrt(np.einsum("ni,ij,nj->n", W, fit.joint_covariance(), W))
    np.testing.assert_allclose(fit.predict(se=True).se, expected, rtol=1e-9)


@pytest.mark.parametrize("kind", ["mixed", "fixed"])
def test_refused_before_anything_is_drawn(fits, kind):
    fit = fits[kind]
    for call, match in [
        (lambda: fit.simulate(10**9), "draw 277777 or fewer"),
        (lambda: fit.simulate("3"), "n is '3'; it must be a whole number"),
        (lambda: fit.simulate(seed="a"), "seed is 'a'"),
        (lambda: fit.simulate(conditional="yes"), "conditional='yes' must be True or False"),
        (lambda: fit.predict(se="no"), "se='no' must be True or False"),
        (lambda: fit.refit(reml="ML"), "reml"),
        (lambda: fit.summary(max_rows=0), "max_rows is 0"),
    ]:
        with pytest.raises(ValueError, match=match):
            call()


@pytest.mark.parametrize("kind", ["mixed", "fixed"])
def test_the_page_can_be_cut(fits, kind):
    fit = fits[kind]
    whole, cut = str(fit.summary()), str(fit.summary(max_rows=1))
    assert str(fit.summary(max_rows=99)) == whole
    assert f"... and {len(fit.beta) - 1} more; fit.beta" in cut
    assert "Intercept" in cut and "\ndays" not in cut and "\ndays" in whole


def test_what_is_derived_is_made_once_and_not_pickled(fits):
    fit, made = fits["mixed"].refit(), []
    assert fit.derived("x", lambda f: made.append(f) or "value") == "value"
    assert fit.derived("x", lambda f: made.append(f) or "other") == "value" and made == [fit]
    copy = pickle.loads(pickle.dumps(fit))
    assert "_derived" not in vars(copy) and copy.criterion == fit.criterion


def test_a_fixed_fit_equals_statsmodels_and_loads_it_only_when_asked(fits):
    fit = fits["fixed"]
    np.testing.assert_allclose(fit.beta, fit.model.params, rtol=1e-10)
    np.testing.assert_allclose(fit.se, fit.model.bse, rtol=1e-10)
    assert fit.loglik == pytest.approx(fit.model.llf, rel=1e-12)
    assert fit.model is fit.model
    code = (
        "import sys, mmteach as mm; fit = mm.lm('score ~ school', mm.load('schools')); print(fit.summary()); "
        "print('LOADED', [m for m in ('statsmodels.api', 'scipy.stats') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "LOADED []" in out


def test_V_is_build_V(fits):
    fit = fits["mixed"]
    np.testing.assert_array_equal(fit.V, mm.build_V(fit.Z, fit.G, fit.R))
