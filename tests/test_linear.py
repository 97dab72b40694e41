"""The all-fixed model: the lectures' digits, R's values, and agreement with statsmodels."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from reference_values import assert_close, frame, reference
from test_ddf import any_order, data_of

import mmteach as mm

MODELS = {model["id"]: model for model in reference("inference")["fixed"]}


@pytest.fixture(scope="module")
def sorghum():
    return mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_everything_equals_R(model):
    fit = mm.lm(model["formula"], data_of(model))
    table = model["coefficients"]
    kept = fit.beta.notna()
    assert list(map(any_order, fit.beta.index[kept])) == list(map(any_order, table["name"]))
    dropped = list(map(any_order, fit.beta.index[~kept]))
    assert dropped == list(map(any_order, model["dropped_columns"]))
    assert_close(fit.beta[kept], table["estimate"], 1e-10)
    assert_close(fit.se[kept], table["se"], 1e-10)
    assert fit.df_resid == model["df_residual"] and fit.nobs == model["nobs"]
    for ours, theirs in (
        ("sigma", "sigma"),
        ("rsquared", "r_squared"),
        ("rsquared_adj", "adj_r_squared"),
        ("loglik", "loglik"),
        ("aic", "aic"),
        ("bic", "bic"),
    ):
        assert getattr(fit, ours) == pytest.approx(model[theirs], rel=1e-10), ours
    assert fit.fvalue == pytest.approx(model["f"]["f"], rel=1e-10)
    assert fit.df_model == model["f"]["num_df"]
    assert_close(
        np.quantile(fit.residuals, [0, 0.25, 0.5, 0.75, 1]), model["residual_quantiles"], 1e-10
    )


def test_sorghum_has_the_printed_digits(sorghum):
    page = str(sorghum.summary())
    words = page.split()
    for printed in (
        "672.03",
        "86.46",
        "-66.52",
        "448.28",
        "113.20",
        "-150.83",
        "-85.66",
        "-124.21",
        "53.36",
        "-349.66",
        "-81.58",
        "-1.08",
        "78.47",
        "318.59",
        "160.1",
        "51",
        "5.291",
        "7.64e-07",
    ):
        assert printed in words, printed
    assert "R-squared: 0.6748, adjusted: 0.5473" in page
    assert max(map(len, page.splitlines())) <= 80


def test_weights_missing_rows_and_a_fit_without_intercept_equal_statsmodels():
    data = frame("sleepstudy_missing").assign(w=lambda d: 1 + d.days % 3, x=lambda d: d.days + 1.0)
    for formula, weights in (
        ("reaction_ms ~ days + subject", "w"),
        ("reaction_ms ~ days", None),
        ("reaction_ms ~ 0 + x", None),
        ("reaction_ms ~ 0 + subject", "w"),
    ):
        fit = mm.lm(formula, data, weights=weights)
        complete = data.dropna(subset=["reaction_ms"])
        theirs = (
            smf.ols(formula, complete)
            if weights is None
            else smf.wls(formula, complete, weights=complete.w)
        ).fit()
        for ours, name in (
            (fit.beta, "params"),
            (fit.se, "bse"),
            (fit.residuals, "resid"),
            (fit.fitted, "fittedvalues"),
        ):
            assert_close(
                ours, getattr(theirs, name)[ours.index], 1e-9
            )  # statsmodels sorts factors first
        for name in ("rsquared", "rsquared_adj", "fvalue", "f_pvalue"):
            assert getattr(fit, name) == pytest.approx(getattr(theirs, name), rel=1e-8), name
        assert fit.loglik == pytest.approx(theirs.llf)
        assert fit.aic == pytest.approx(theirs.aic + 2)  # sigma is a parameter too
        assert "missing values" in " ".join(fit.messages)


def test_intercept_alone_and_its_page():
    fit = mm.lm("score ~ 1", mm.load("schools"))
    assert fit.df_model == 0 and fit.rsquared == pytest.approx(0)
    assert "F:" not in str(fit.summary())


def test_predictions_equal_statsmodels(sorghum):
    data = mm.load("sorghum")
    theirs = smf.ols("yield_kg_ha ~ genotype + block", data).fit().get_prediction(data.head(3))
    ours = sorghum.predict(data.head(3), se=True)
    assert_close(ours["mean"], theirs.predicted_mean, 1e-10)
    assert_close(ours["se"], theirs.se_mean, 1e-10)
    pd.testing.assert_series_equal(sorghum.predict(), sorghum.fitted, check_names=False)


def test_identities(sorghum):
    np.testing.assert_allclose(sorghum.fitted + sorghum.residuals, sorghum.y)
    np.testing.assert_allclose(sorghum.X.T @ sorghum.residuals, 0, atol=1e-8)
    assert list(sorghum.X.columns) == list(sorghum.beta.index)
    np.testing.assert_allclose(
        sorghum.cov_beta,
        sorghum.sigma2 * np.linalg.inv(sorghum.X.T @ sorghum.X),
        rtol=1e-8,
        atol=1e-9,
    )
    mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    assert list(mixed.beta.index[1:]) == list(sorghum.beta.index[1:18])  # one naming for both
    np.testing.assert_allclose(mixed.beta.iloc[1:], sorghum.beta.iloc[1:18])
    assert mixed.sigma == pytest.approx(sorghum.sigma)


def test_columns_that_x_does_not_need_are_named():
    data = mm.load("sleepstudy").assign(hours=lambda d: 24 * d.days)
    before = data.copy()
    fit = mm.lm("reaction_ms ~ days + hours + subject", data)
    assert np.isnan(fit.beta["hours"]) and np.isnan(fit.se["hours"])
    assert "1 column(s) were dropped" in fit.messages[0] and "hours" in fit.messages[0]
    assert "NA" in str(fit.summary()) and "hours" not in fit.X
    pd.testing.assert_frame_equal(data, before)


def test_errors():
    data = mm.load("sorghum")
    with pytest.raises(
        ValueError, match=r"\(1 \| block\) is a random term: fit this formula by mm\.lmm"
    ):
        mm.lm("yield_kg_ha ~ genotype + (1 | block)", data)
    with pytest.raises(KeyError, match="there is no column 'genotyp'"):
        mm.lm("yield_kg_ha ~ genotyp", data)
    with pytest.raises(ValueError, match="nothing is left for the residual"):
        mm.lm("yield_kg_ha ~ genotype*block", data)


def test_the_rows_of_the_page():
    page = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash")).summary()
    rows = [line.split() for line in str(page).splitlines()]
    assert ["Intercept", "7.7580", "0.1428", "54.335", "<0.0001"] in rows
    assert ["C(k2o_lb_ac)[T.108]", "-0.3367", "0.1707", "-1.973", "0.0840"] in rows
    assert ["-0.25133", "-0.12767", "0.00867", "0.10533", "0.29867"] in rows
