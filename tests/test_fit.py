"""The engine against lme4, against the textbook, and against itself."""

import numpy as np
import pandas as pd
import pytest
from reference_values import assert_close, frame, models, r_names

import mmteach as mm

MODELS = models()


@pytest.fixture(scope="module")
def fits():
    cache = {}

    def fit(name):
        if name not in cache:
            model = MODELS[name]
            cache[name] = mm.lmm(
                model["formula"], frame(model["data"]), reml=model["reml"], weights=model["weights"]
            )
        return cache[name]

    return fit


# --- lme4 ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_criterion_and_what_follows_from_it(fits, name):
    fit, r = fits(name), MODELS[name]
    assert fit.criterion == pytest.approx(r["criterion"], rel=1e-7)
    assert fit.loglik == pytest.approx(r["loglik"], rel=1e-7)
    assert fit.aic == pytest.approx(r["aic"], rel=1e-7)
    assert fit.bic == pytest.approx(r["bic"], rel=1e-7)
    assert (fit.n_parameters, fit.nobs, fit.boundary) == (r["npar"], r["nobs"], r["boundary"])
    assert fit.design.n_dropped == r["n_dropped_rows"]


@pytest.mark.parametrize("name", MODELS)
def test_fixed_effects(fits, name):
    fit, r = fits(name), MODELS[name]["fixed"]
    beta, se = (s.dropna().set_axis(r_names(s.dropna().index)) for s in (fit.beta, fit.se))
    names = r_names(r["name"])
    assert_close(beta[names], r["estimate"], 1e-4)
    assert_close(se[names], r["se"], 1e-4)
    assert sorted(r_names(fit.beta.index[fit.beta.isna()])) == sorted(
        r_names(MODELS[name]["dropped_columns"])
    )


@pytest.mark.parametrize("name", MODELS)
def test_variance_components(fits, name):
    fit, r = fits(name), MODELS[name]
    assert_close(fit.theta, list(r["theta"].values()), 1e-4)
    sds = [sd for sd, second in zip(r["varcorr"]["sdcor"], r["varcorr"]["var2"]) if second is None]
    assert_close(fit.varcomp.sd, sds, 1e-4)
    correlations = [
        c for c, second in zip(r["varcorr"]["sdcor"], r["varcorr"]["var2"]) if second is not None
    ]
    ours = [
        C[i, j] / np.sqrt(C[i, i] * C[j, j])
        for C in fit.covariances
        for j in range(len(C))
        for i in range(j + 1, len(C))
    ]
    assert_close(ours, correlations, 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_blups_and_their_sds(fits, name):
    ranef, r = fits(name).ranef(), MODELS[name]["ranef"]
    ours = ranef.set_index([ranef.group, ranef.level.astype(str), ranef.term])
    known = set(ranef.group)

    def turn(group, text):  # lme4 writes the a:b of a/b as b:a
        return text if group in known else ":".join(reversed(text.split(":")))

    where = [
        (turn(g, g), turn(g, str(level)), term)
        for g, level, term in zip(r["group"], r["level"], r["term"])
    ]
    assert len(ours) == len(where)
    assert_close(ours.loc[where, "estimate"], r["estimate"], 1e-4)
    assert_close(ours.loc[where, "sd"], r["sd"], 1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_objective_away_from_the_optimum(fits, name):
    r = MODELS[name]["objective"]
    ours = [fits(name).profiled(np.array(theta)) for theta in r["theta"]]
    np.testing.assert_allclose(ours, r["value"], rtol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_fitted_values_and_scaled_residuals(fits, name):
    fit, r = fits(name), MODELS[name]
    assert_close(fit.fitted[r["rows"]], r["fitted"], 1e-4)
    assert_close(fit.predict(groups="population")[r["rows"]], r["population"], 1e-4)
    w = 1.0 if fit.design.weights is None else np.sqrt(fit.design.weights)
    quartiles = np.quantile(fit.residuals * w / fit.sigma, [0, 0.25, 0.5, 0.75, 1])
    assert_close(quartiles, r["scaled_residuals"], 1e-4)


# --- textbook ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [n for n, m in MODELS.items() if not m["dropped_columns"] and m["nobs"] < 300]
)
def test_textbook_objective_is_the_profiled_criterion(fits, name):
    fit = fits(name)
    for theta in (fit.theta, np.where(fit.products.diagonal_places(), 0.7, 0.2)):
        textbook = mm.textbook_objective(theta, fit.design, fit.reml)
        assert fit.profiled(theta) == pytest.approx(textbook, rel=1e-10, abs=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_the_finite_difference(fits, name):
    d = fits(name).profiled
    theta = np.where(d.products.diagonal_places(), 0.8, 0.1)
    _, gradient = d.value_and_gradient(theta)
    steps = 1e-5 * np.eye(len(theta))
    differences = [(d(theta + h) - d(theta - h)) / 2e-5 for h in steps]
    assert_close(gradient, differences, 1e-6)


@pytest.mark.parametrize(
    "name", ["sorghum_reml", "sleepstudy_slopes_ml", "machines_crossed", "sleepstudy_weighted"]
)
def test_the_matrices_rebuild_the_fit(fits, name):
    fit = fits(name)
    V = fit.V.to_numpy()
    np.testing.assert_allclose(
        V, fit.Z.to_numpy() @ fit.G.to_numpy() @ fit.Z.to_numpy().T + fit.R.to_numpy()
    )
    assert mm.minus2_loglik(fit.y, fit.X, V, fit.reml) == pytest.approx(fit.criterion, abs=1e-7)
    estimate = mm.gls(fit.X.to_numpy(), fit.y, V)
    np.testing.assert_allclose(estimate.beta, fit.beta, rtol=1e-6)
    np.testing.assert_allclose(estimate.cov_beta, fit.cov_beta, rtol=1e-6, atol=1e-9)
    blup = fit.G.to_numpy() @ fit.Z.to_numpy().T @ np.linalg.solve(V, estimate.residuals)
    np.testing.assert_allclose(blup, fit.ranef().estimate, rtol=1e-6, atol=1e-8)
    assert fit.V.index.equals(fit.design.rows) and fit.V.columns.equals(fit.design.rows)


# --- identities and invariance ---------------------------------------------------------------


def sleep(**changes):
    return mm.load("sleepstudy").assign(**changes)


SLOPES = "reaction_ms ~ days + (days | subject)"


def test_y_is_fitted_plus_residual(fits):
    fit = fits("sleepstudy_missing")
    np.testing.assert_allclose(fit.fitted + fit.residuals, fit.y)


def test_row_order_and_labels_do_not_matter():
    data = sleep()
    fit = mm.lmm(SLOPES, data)
    shuffled = data.sample(frac=1, random_state=1)
    shuffled["subject"] = shuffled.subject.cat.rename_categories(lambda s: f"subject {s}")
    other = mm.lmm(SLOPES, shuffled)
    assert other.criterion == pytest.approx(fit.criterion, abs=1e-8)
    np.testing.assert_allclose(other.ranef().estimate, fit.ranef().estimate, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.fitted.sort_index(), fit.fitted, rtol=1e-7)


def test_scale_of_y_and_x():
    fit = mm.lmm(SLOPES, sleep())
    other = mm.lmm(SLOPES, sleep(reaction_ms=sleep().reaction_ms * 1000, days=sleep().days / 100))
    assert other.criterion == pytest.approx(
        fit.criterion + (180 - 2) * np.log(1000**2) + np.log(1e-4), abs=1e-6
    )  # log|X'X| moves too
    np.testing.assert_allclose(other.varcomp.sd / fit.varcomp.sd, [1e3, 1e5, 1e3], rtol=1e-4)
    assert other.varcomp["corr"][1] == pytest.approx(fit.varcomp["corr"][1], abs=1e-4)


@pytest.mark.parametrize("reml", [True, False])
def test_an_offset_of_ten_million_costs_no_digits(reml):
    fit = mm.lmm(SLOPES, sleep(), reml=reml)
    other = mm.lmm(SLOPES, sleep(reaction_ms=sleep().reaction_ms + 1e7), reml=reml)
    assert other.criterion == pytest.approx(fit.criterion, abs=1e-6)
    np.testing.assert_allclose(other.varcomp.sd, fit.varcomp.sd, rtol=1e-5)
    assert other.beta.iloc[0] - 1e7 == pytest.approx(fit.beta.iloc[0], abs=1e-6)


def test_the_data_are_never_changed():
    data = sleep()
    data.loc[3, "reaction_ms"] = np.nan
    before = data.copy(deep=True)
    fit = mm.lmm(SLOPES, data, weights=np.ones(180))
    fit.predict(data.dropna())
    fit.refit(y=fit.y.to_numpy())
    pd.testing.assert_frame_equal(data, before)


def test_shared_names_for_the_same_model(fits):
    double, split = fits("sleepstudy_double_bar"), fits("sleepstudy_split_terms")
    assert double.criterion == pytest.approx(split.criterion, abs=1e-9)


# --- 1000 random designs ----------------------------------------------------------------------


def random_design(seed):
    rng = np.random.default_rng(seed)
    kind = rng.integers(5)
    J = int(rng.integers(3, 9))
    n = int(rng.integers(3 * J, 6 * J + 6))
    g = np.concatenate([np.arange(J), rng.integers(0, J, n - J)])
    h = rng.permutation(np.arange(n) % int(rng.integers(2, 6)))
    x = rng.normal(size=n)
    sd = rng.choice([0, 0.1, 0.5, 2.0], size=3)
    y = (
        x
        + sd[0] * rng.normal(size=J)[g]
        + sd[1] * rng.normal(size=J)[g] * x
        + sd[2] * rng.normal(size=h.max() + 1)[h]
        + rng.normal(size=n)
    )
    terms = ["(1 | g)", "(x | g)", "(x || g)", "(1 | g) + (1 | h)", "(1 | g/h)"][kind]
    return f"y ~ x + {terms}", pd.DataFrame({"y": y, "x": x, "g": g, "h": h}), rng


@pytest.mark.parametrize("block", range(10))
def test_no_better_point_on_a_grid_or_after_restarts(block):
    from scipy.optimize import minimize

    checked = 0
    for seed in range(100 * block, 100 * block + 100):
        formula, data, rng = random_design(seed)
        try:
            fit = mm.lmm(formula, data, reml=bool(seed % 2))
        except ValueError:  # a nested factor with as many levels as rows
            continue
        d, size = fit.profiled, len(fit.theta)
        values = [0, 0.05, 0.3, 1, 3] if size < 3 else [0, 0.3, 1.5]
        grid = np.array(np.meshgrid(*[values] * size)).reshape(size, -1).T
        best = min(grid, key=d)
        candidates = [d(best)]
        for start in (best, rng.normal(size=size)):
            candidates.append(minimize(d.value_and_gradient, start, jac=True, method="BFGS").fun)
        assert fit.criterion <= min(candidates) + 1e-5, (seed, formula)
        checked += 1
    assert checked > 80


# --- boundary ---------------------------------------------------------------------------------


def test_a_zero_variance_is_certified_and_explained(fits):
    fit = fits("dyestuff2")
    assert fit.theta[0] == 0 and fit.boundary and fit.varcomp.variance[0] == 0
    assert fit.profiled.score(fit.theta, 0) / fit.sigma2 == pytest.approx(0.717, abs=5e-4)
    (message,) = fit.messages
    assert "Boundary estimate: the data ask for a variance of zero (batch.Intercept)" in message
    assert "fail" not in message and "converge" not in message


def test_a_perfect_correlation_is_explained(fits):
    fit = fits("boundary_slopes")
    assert fit.boundary and abs(fit.varcomp["corr"][1]) == pytest.approx(1)
    assert "correlation of plus or minus one" in fit.messages[0]


def test_an_interior_fit_has_nothing_to_explain(fits):
    assert fits("sorghum_reml").messages == []


# --- predict, simulate, refit ------------------------------------------------------------------


def test_predict_the_rows_of_the_fit(fits):
    fit = fits("sleepstudy_slopes_reml")
    data = frame("sleepstudy")
    np.testing.assert_allclose(fit.predict(), fit.fitted)
    np.testing.assert_allclose(fit.predict(data), fit.fitted)
    np.testing.assert_allclose(fit.predict(data.iloc[::-1]), fit.fitted.iloc[::-1])


def test_new_groups_are_refused_or_put_at_the_population(fits):
    fit = fits("sleepstudy_slopes_reml")
    new = pd.DataFrame({"days": [0, 5], "subject": ["308", "nobody"]})
    with pytest.raises(
        ValueError, match='levels that the fit has not seen: nobody.*new_levels="population"'
    ):
        fit.predict(new)
    both = fit.predict(new, new_levels="population", se=True)
    assert both["mean"][1] == pytest.approx(fit.beta.iloc[0] + 5 * fit.beta.iloc[1])
    x = np.array([1.0, 5.0])
    variance = x @ (fit.cov_beta.to_numpy() + fit.covariances[0]) @ x
    assert both.se[1] == pytest.approx(np.sqrt(variance))
    with pytest.raises(KeyError, match="days"):
        fit.predict(new[["subject"]])
    with pytest.raises(
        ValueError, match="groups='conditonal' is unknown; did you mean 'conditional'"
    ):
        fit.predict(groups="conditonal")


def test_standard_errors_of_predictions_from_the_dense_equations(fits):
    fit = fits("sleepstudy_slopes_reml")
    inverse = mm.henderson(fit).inverse.to_numpy()
    W = np.hstack([fit.X, fit.Z])
    np.testing.assert_allclose(
        fit.predict(se=True).se, np.sqrt(np.einsum("ni,ij,nj->n", W, inverse, W))
    )
    population = fit.predict(groups="population", se=True).se
    np.testing.assert_allclose(
        population, np.sqrt(np.einsum("ni,ij,nj->n", fit.X, fit.cov_beta, fit.X))
    )


def test_simulated_data_have_covariance_V(fits):
    fit = fits("schools_reml")
    draws = fit.simulate(40_000, seed=5).to_numpy()
    V = fit.V.to_numpy()
    assert np.abs(np.cov(draws) - V).max() < 0.05 * V.max()
    np.testing.assert_allclose(draws.mean(axis=1), fit.predict(groups="population"), atol=0.3)
    conditional = fit.simulate(40_000, seed=5, conditional=True).to_numpy()
    assert np.abs(np.cov(conditional) - fit.R.to_numpy()).max() < 0.05 * V.max()
    pd.testing.assert_frame_equal(fit.simulate(2, seed=1), fit.simulate(2, seed=1))


@pytest.mark.parametrize("name", ["sleepstudy_weighted", "machines_crossed", "sleepstudy_aliased"])
def test_refit_with_another_response_is_a_fresh_fit(fits, name):
    fit, data = fits(name), frame(MODELS[name]["data"])
    y = fit.simulate(1, seed=2)[0].to_numpy()
    data[fit.design.y_name] = y
    fresh = mm.lmm(fit.formula, data, weights=MODELS[name]["weights"])
    other = fit.refit(y=y)
    assert other.criterion == pytest.approx(fresh.criterion, abs=1e-8)
    np.testing.assert_allclose(other.beta, fresh.beta, rtol=1e-5)
    np.testing.assert_allclose(other.residuals, fresh.residuals, atol=1e-3)


def test_refit_by_the_other_likelihood(fits):
    ml = fits("sorghum_reml").refit(reml=False)
    assert not ml.reml and ml.criterion == pytest.approx(
        MODELS["sorghum_ml"]["criterion"], rel=1e-9
    )
    with pytest.raises(ValueError, match="y has 3 values, but the fit has 72 rows"):
        ml.refit(y=[1, 2, 3])


# --- streaming ----------------------------------------------------------------------------------


def test_streamed_fit_is_the_fit(tmp_path):
    data = mm.load("barley")
    formula = "yield_t_ha ~ genotype + fungicide + (1 | block/fungicide)"
    whole = mm.lmm(formula, data)
    pieces = (data.iloc[a : a + 100] for a in range(0, len(data), 100))
    streamed = mm.lmm(formula, pieces)
    assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-9)
    np.testing.assert_allclose(streamed.beta, whole.beta, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(streamed.se, whole.se, rtol=1e-6)
    ours, theirs = (f.ranef().set_index(["group", "level"]).estimate for f in (streamed, whole))
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(streamed.predict(data.tail(3)), whole.predict(data.tail(3)))
    with pytest.raises(ValueError, match="rows of a streamed fit are not kept"):
        streamed.residuals
    assert "REML criterion" in str(streamed.summary())


def test_parquet_file_is_read_in_batches(tmp_path):
    pytest.importorskip("pyarrow")
    data = sleep()
    data.to_parquet(tmp_path / "sleep.parquet")
    streamed = mm.lmm(SLOPES, tmp_path / "sleep.parquet")
    assert streamed.criterion == pytest.approx(mm.lmm(SLOPES, data).criterion, rel=1e-9)


def test_data_must_be_a_table():
    with pytest.raises(ValueError, match="must be a pandas DataFrame, not dict"):
        mm.lmm(SLOPES, {"reaction_ms": [1, 2]})


# --- printing and inspection -----------------------------------------------------------------------


def test_summary_shows_the_numbers_of_the_lecture(fits):
    text = str(fits("sorghum_reml").summary())
    for number in (
        "729.7",
        "-1.99895",
        "-0.58043",
        "-0.01854",
        "0.52108",
        "1.92022",
        "2906.0",
        "53.91",
        "25627",
        "160.1",
        "581.86",
        "84.46",
        "6.889",
        "-66.52",
        "113.20",
        "448.28",
        "block 4",
    ):
        assert number in text, number
    assert max(map(len, text.splitlines())) <= 80
    assert "<table" in fits("sorghum_reml").summary()._repr_html_()


def test_varcomp_of_three_effects_has_all_correlations(fits):
    varcomp = fits("machines_slopes").varcomp
    assert list(varcomp.columns) == ["group", "term", "variance", "sd", "corr", "corr_2"]


def test_huge_matrices_are_refused_in_words(monkeypatch, fits):
    monkeypatch.setattr("mmteach.guards.LARGEST_MATRIX", 100)
    with pytest.raises(ValueError, match="V would have .* cells"):
        fits("sorghum_reml").V


def test_trace_ends_at_the_estimate(fits):
    fit = fits("sleepstudy_slopes_reml")
    assert fit.trace.criterion.min() == pytest.approx(fit.criterion, abs=1e-8)
    assert list(fit.trace.columns) == [
        "subject.Intercept",
        "subject.days.Intercept",
        "subject.days",
        "criterion",
        "start",
    ]
    assert fit.trace.start[0] == "moments" and {"all small", "all large"} < set(fit.trace.start)


# --- Henderson and shrinkage ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sorghum_reml", "machines_crossed", "sleepstudy_weighted"])
def test_henderson_solves_for_both_at_once(fits, name):
    fit = fits(name)
    equations = mm.henderson(fit)
    p = len(fit.X.columns)
    np.testing.assert_allclose(equations.solution[:p], fit.beta, rtol=1e-6)
    np.testing.assert_allclose(equations.solution[p:], fit.ranef().estimate, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(equations.left @ equations.solution, equations.right, rtol=1e-8)
    np.testing.assert_allclose(equations.inverse.iloc[:p, :p], fit.cov_beta, rtol=1e-6)
    order = np.r_[len(fit.Z.columns) : len(fit.Z.columns) + p, 0 : len(fit.Z.columns)]
    np.testing.assert_allclose(
        equations.inverse,
        fit.joint_covariance()[np.ix_(order, order)],
        rtol=1e-6,
        atol=1e-9 * fit.sigma2,
    )


def test_henderson_needs_an_invertible_G(fits):
    with pytest.raises(
        ValueError, match="G is singular: the estimate for batch lies on the boundary"
    ):
        mm.henderson(fits("dyestuff2"))


def test_shrinkage_of_a_balanced_intercept(fits):
    table = mm.shrinkage(fits("sorghum_reml"))
    fit = fits("sorghum_reml")
    r, s_u, s = 18, fit.varcomp.variance[0], fit.sigma2
    np.testing.assert_allclose(table.weight, r * s_u / (r * s_u + s))
    assert table.weight[0] == pytest.approx(0.6711719, abs=1e-6)
    np.testing.assert_allclose(
        table.partial - table.complete, table.weight * (table.no_pooling - table.complete)
    )


def test_no_pooling_is_a_regression_per_subject(fits):
    table = mm.shrinkage(fits("sleepstudy_slopes_reml"))
    data = frame("sleepstudy")
    one = data[data.subject == "308"]
    slope, intercept = np.polyfit(one.days, one.reaction_ms, 1)
    np.testing.assert_allclose(table.query("level == '308'").no_pooling, [intercept, slope])
    assert (table.n == 10).all()
