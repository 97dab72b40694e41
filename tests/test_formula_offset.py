"""Offsets: terms whose coefficient is 1, against R's lm and lmer (R 4.2.2, lme4 1.1-31)."""

import numpy as np
import pytest
from reference_values import assert_close, models, reference

import mmteach as mm

MODELS = models("offset")


def data():
    d = mm.load("sleepstudy")
    return d.assign(load=20 * np.sqrt(d.days + 1), weight=1 + np.arange(1, len(d) + 1) % 3)


def fitted_model(about, d):
    if "|" not in about["formula"]:
        return mm.lm(about["formula"], d, weights=about["weights"])
    return mm.lmm(about["formula"], d, reml=about["reml"], weights=about["weights"])


@pytest.fixture(params=MODELS, scope="module")
def pair(request):
    return fitted_model(MODELS[request.param], data()), MODELS[request.param]


def test_estimates_fitted_values_and_predictions_are_those_of_r(pair):
    fit, r = pair
    d = data()
    tolerance = 1e-9 if "|" not in r["formula"] else 3e-6
    assert_close(fit.beta, r["estimate"], tolerance, "beta")
    assert_close(fit.se, r["se"], tolerance, "se")
    assert_close(fit.sigma, r["sigma"], tolerance, "sigma")
    assert_close(fit.loglik, r["loglik"], 1e-9, "loglik")
    assert_close(fit.fitted, r["fitted"], tolerance, "fitted")
    new = d.iloc[reference("offset")["rows"]]
    assert_close(fit.predict(new), r["predict"], tolerance, "predict")
    assert_close(fit.predict(), r["fitted"], tolerance, "predict()")
    if r["population"]:
        assert_close(fit.predict(new, groups="population"), r["population"], tolerance)
    y = np.log(d.reaction_ms) if "log(reaction" in r["formula"] else d.reaction_ms
    np.testing.assert_allclose(fit.y, y, rtol=1e-12)
    np.testing.assert_allclose(fit.residuals, y - fit.fitted, rtol=0, atol=1e-9 * np.abs(y).max())


def test_a_refit_takes_the_response_as_measured(pair):
    fit, r = pair
    if r["refit"]:
        assert_close(fit.refit(fit.y.to_numpy() * 1.1).beta, r["refit"], 3e-6)
        assert fit.refit(fit.y.to_numpy()).criterion == pytest.approx(fit.criterion, rel=1e-9)


def test_simulated_responses_contain_the_offset(pair):
    fit, r = pair
    if r["refit"]:
        draws = fit.simulate(4000, seed=1).to_numpy().mean()
        between = fit.varcomp.variance.sum() if "days |" not in r["formula"] else 1600
        assert abs(draws - r["mean_of_draws"]) < 5 * np.sqrt(2 * between / 4000)
        assert abs(
            fit.simulate(4000, seed=2, conditional=True).to_numpy().mean() - fit.fitted.mean()
        ) < 5 * fit.sigma / np.sqrt(180 * 4000)


def test_a_bootstrap_takes_the_offset_off_again():
    d = data()
    with_offset = mm.lmm("reaction_ms ~ days + offset(load) + (1 | subject)", d)
    by_hand = mm.lmm("rest ~ days + (1 | subject)", d.assign(rest=d.reaction_ms - d.load))
    a, b = (mm.bootstrap(fit, n=4, seed=1).replicates for fit in (with_offset, by_hand))
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_streamed_offset_is_the_offset():
    d = data()
    formula = MODELS["lmm_one"]["formula"]
    whole, streamed = mm.lmm(formula, d), mm.lmm(formula, [d[:70], d[70:]])
    assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-10)
    np.testing.assert_allclose(streamed.beta, whole.beta, rtol=1e-6)
    np.testing.assert_allclose(streamed.predict(d.tail(3)), whole.predict(d.tail(3)), rtol=1e-6)


def test_an_offset_is_the_response_less_a_column():
    d = data()
    fit = mm.lm("reaction_ms ~ days + offset(load)", d)
    same = mm.lm("I(reaction_ms - load) ~ days", d)
    np.testing.assert_allclose(fit.beta, same.beta)
    assert fit.fvalue == pytest.approx((fit.beta.iloc[1] / fit.se.iloc[1]) ** 2)
    assert fit.rsquared == pytest.approx(same.rsquared)
    assert fit.design.X.shape == (180, 2)
    np.testing.assert_allclose(fit.design.y + fit.design.offset, d.reaction_ms)
    np.testing.assert_allclose(fit.design.offset_rows(d), fit.design.offset)
    assert same.design.offset is None and not same.design.offset_rows(d).any()


def test_missing_offsets_drop_their_rows():
    d = data()
    d.loc[3, "load"] = np.nan
    fit = mm.lmm("reaction_ms ~ days + offset(load) + (1 | subject)", d)
    assert fit.nobs == 179 and fit.messages[0].endswith("missing values in load (1)")


@pytest.mark.parametrize(
    "formula, says",
    [
        ("reaction_ms ~ days - offset(load)", r"write offset\(-\(...\)\)"),
        ("reaction_ms ~ days*offset(load)", "a term of its own, added to the others"),
        ("reaction_ms ~ I(offset(load))", "a term of its own, added to the others"),
        ("reaction_ms ~ (days + offset(load))", "a term of its own, added to the others"),
        ("offset(reaction_ms) ~ days", "a term of its own, added to the others"),
        ("reaction_ms ~ offset(3)", "names no column"),
        ("reaction_ms ~ offset(poly(days, 2))", "must be one column of numbers"),
        ("reaction_ms ~ offset(subject)", "must be one column of numbers"),
        ("reaction_ms ~ offset(days, load)", "cannot evaluate"),
        ("reaction_ms ~ offset()", "cannot evaluate"),
        ("reaction_ms ~ offset(nobody)", "no column 'nobody'"),
    ],
)
def test_offsets_that_cannot_be(formula, says):
    with pytest.raises((ValueError, KeyError), match=says):
        mm.lm(formula, data())
    with pytest.raises((ValueError, KeyError), match=says):
        mm.lmm(formula + " + (1 | subject)", data())


def test_an_offset_has_no_slope_by_group():
    with pytest.raises(
        ValueError, match="no coefficient that could vary.*add it to the fixed part"
    ):
        mm.split_bars("y ~ x + (offset(x) | g)")
