"""Leverage, Cook's distance, simulated residuals: against R, dense matrices, and by behaviour."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from reference_values import frame, reference
from scipy.stats import kstest

import mmteach as mm
from mmteach.inference.diagnostics import influence, simulated_residuals, uniform_distance
from mmteach.inference.pictures import show_qq, show_ranef_qq, show_residuals, show_scale_location

MODELS = {model["id"]: model for model in reference("diagnostics")["models"]}


def fit_of(model):
    data = frame(model["data"])
    if not model["random"]:
        return mm.lm(model["formula"], data, weights=model["weights"])
    return mm.lmm(model["formula"], data, weights=model["weights"], reml=model["reml"])


@pytest.fixture(scope="module")
def slopes():
    return mm.lmm("reaction_ms ~ days + (days | subject)", frame("sleepstudy"))


@pytest.fixture(autouse=True)
def no_open_figures():
    yield
    plt.close("all")


# --- influence ----------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_leverage_and_cooks_distance_equal_R(model):
    table = influence(fit_of(model))
    np.testing.assert_allclose(table.leverage, model["leverage"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(table.cooks_distance, model["cooks_distance"], rtol=1e-4, atol=1e-5)
    if "standardised_residuals" in model:
        np.testing.assert_allclose(
            table.standardised, model["standardised_residuals"], rtol=1e-9, atol=1e-9
        )


def test_the_models_with_influence_in_the_main_reference():
    inference = reference("inference")
    entries = [m for m in inference["mixed"] + inference["fixed"] if m.get("influence")]
    assert len(entries) >= 3
    for entry in entries:
        fit = (mm.lmm if entry in inference["mixed"] else mm.lm)(
            entry["formula"], frame(entry["data"])
        )
        table = influence(fit)
        np.testing.assert_allclose(table.leverage, entry["influence"]["leverage"], atol=1e-6)
        np.testing.assert_allclose(
            table.cooks_distance, entry["influence"]["cooks_distance"], atol=1e-5
        )


def test_leverage_is_the_diagonal_of_the_hat_matrix_from_V():
    fit = mm.lmm(
        "reaction_ms ~ days + (days | subject)", frame("sleepstudy_weighted"), weights="weight"
    )
    X, V, R = fit.X.to_numpy(), fit.V.to_numpy(), fit.R.to_numpy()
    Vi = np.linalg.inv(V)
    P = Vi - Vi @ X @ np.linalg.inv(X.T @ Vi @ X) @ X.T @ Vi
    H = np.eye(fit.nobs) - R @ P
    np.testing.assert_allclose(H @ fit.y, fit.fitted, rtol=1e-8)
    table = influence(fit)
    np.testing.assert_allclose(table.leverage, np.diag(H), atol=1e-9)
    variance = np.diag(R @ P @ R)  # of the residuals, as R P V P R = R P R
    np.testing.assert_allclose(table.standardised, fit.residuals / np.sqrt(variance), rtol=1e-7)


def test_a_row_alone_in_its_cell_has_leverage_one_and_no_distance():
    data = pd.DataFrame({"f": list("aabbc"), "y": [1.0, 2.0, 4.0, 3.0, 9.0]})
    table = influence(mm.lm("y ~ f", data))
    assert table.leverage[4] == pytest.approx(1)
    assert np.isnan(table.cooks_distance[4]) and np.isnan(table.standardised[4])
    assert "1 rows decide their own fitted value" in str(table)


def test_a_gross_error_is_found(slopes):
    data = frame("sleepstudy")
    data.loc[100, "reaction_ms"] += 400
    table = influence(mm.lmm(slopes.formula, data))
    assert table.cooks_distance.idxmax() == 100 and abs(table.standardised[100]) > 5


def test_a_streamed_fit_has_no_rows_to_look_at():
    data = frame("sleepstudy")
    streamed = mm.lmm("reaction_ms ~ days + (1 | subject)", iter([data.iloc[:90], data.iloc[90:]]))
    with pytest.raises(ValueError, match="rows of a streamed fit are not kept"):
        influence(streamed)


# --- simulated residuals ------------------------------------------------------------------


def test_the_distance_is_that_of_kolmogorov_and_smirnov():
    U = np.random.default_rng(1).uniform(size=(40, 3)) ** [1, 2, 0.5]
    np.testing.assert_allclose(uniform_distance(U), [kstest(u, "uniform").statistic for u in U.T])


def test_ranks_are_those_of_the_simulations(slopes):
    simulated = simulated_residuals(slopes, n=60, seed=4)
    Y = slopes.simulate(60, seed=np.random.default_rng(4)).to_numpy()
    below = (slopes.y.to_numpy()[:, None] > Y).sum(axis=1)
    np.testing.assert_allclose(simulated.values, (below + 0.5) / 61)
    assert simulated.outside == np.sum((below == 0) | (below == 60))
    both = np.column_stack([slopes.y, Y])
    ranks = (both[:, :, None] > both[:, None, :]).sum(axis=2)  # of every data set among all of them
    distances = [kstest((r + 0.5) / 61, "uniform").statistic for r in ranks.T]
    assert simulated.distance == pytest.approx(distances[0])
    assert simulated.p == np.mean(np.array(distances) >= distances[0] - 1e-12)


def test_units_do_not_matter():
    data = frame("sleepstudy")
    here, there = (
        simulated_residuals(mm.lmm("reaction_ms ~ days + (1 | subject)", d), n=50, seed=2)
        for d in (data, data.assign(reaction_ms=100 + 7 * data.reaction_ms))
    )
    np.testing.assert_array_equal(here.values, there.values)
    assert here.p == there.p


def test_p_values_are_right_although_rows_of_a_group_go_together():
    """Six groups of twenty share most of their variation: a plain KS test rejects far too often."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(6), 20)
    p, plain = [], []
    for _ in range(60):
        data = pd.DataFrame({"g": g, "y": 3 * rng.normal(size=6)[g] + rng.normal(size=120)})
        simulated = simulated_residuals(
            mm.lmm("y ~ 1 + (1 | g)", data), n=39, seed=int(rng.integers(1e6))
        )
        p.append(simulated.p)
        plain.append(kstest(simulated.values, "uniform").pvalue)
    assert np.mean(np.array(p) <= 0.05) <= 0.1
    assert np.mean(np.array(plain) <= 0.05) > 0.3


@pytest.mark.parametrize("fit", [mm.lmm, mm.lm], ids=["mixed", "fixed"])
def test_skewed_errors_are_noticed(fit):
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(30), 10)
    data = pd.DataFrame({"g": g, "x": rng.normal(size=300)})
    random = " + (1 | g)" if fit is mm.lmm else ""
    good, bad = (
        fit("y ~ x" + random, data.assign(y=data.x + rng.normal(size=30)[g] * (fit is mm.lmm) + e))
        for e in (rng.normal(size=300), 3 * (rng.exponential(size=300) ** 2 - 2))
    )
    assert simulated_residuals(good, n=199, seed=1).p > 0.1
    assert simulated_residuals(bad, n=199, seed=1).p <= 0.01


def test_simulated_residuals_refuse_too_few_and_too_many(slopes):
    with pytest.raises(ValueError, match="n=5 simulations cannot give.*19 or more"):
        simulated_residuals(slopes, n=5)
    with pytest.raises(ValueError, match="too many to rank.*use n="):
        simulated_residuals(slopes, n=10**6)


# --- pictures and their readings ----------------------------------------------------------


def drawn_points(ax):
    return max((line.get_xydata() for line in ax.lines), key=len)


def test_residual_plot_shows_every_row_and_says_where_the_largest_is(slopes):
    reading = show_residuals(slopes)
    points = drawn_points(plt.gca())
    np.testing.assert_allclose(points, np.column_stack([slopes.fitted, slopes.residuals]))
    assert reading.startswith("180 residuals from -101.2 to 132.5, the largest in row 56;")


def test_scale_location_says_how_the_spread_goes():
    rng = np.random.default_rng(4)
    x = np.linspace(1, 10, 400)
    fit = mm.lm("y ~ x", pd.DataFrame({"x": x, "y": x + x * rng.normal(size=400)}))
    reading = show_scale_location(fit)
    spreads = [float(v) for v in reading.split(": ")[1].split(";")[0].split(", ")]
    assert spreads == sorted(spreads) and spreads[-1] > 3 * spreads[0]
    table = influence(fit)
    np.testing.assert_allclose(
        drawn_points(plt.gca())[:, 1] ** 2, table.standardised.abs(), rtol=1e-9
    )


def test_qq_plot_is_a_line_for_normal_residuals_and_not_for_others(slopes):
    reading = show_qq(slopes)
    points = drawn_points(plt.gca())
    assert (np.diff(points, axis=0) >= 0).all() and len(points) == 180
    assert "5.53 (row 56)" in reading and "correlation with normal quantiles 0.943" in reading


def test_ranef_qq_plot_has_a_panel_for_each_effect(slopes):
    reading = show_ranef_qq(slopes)
    panels = plt.gcf().axes
    assert [panel.get_title(loc="left") for panel in panels] == [
        "Intercept | subject",
        "days | subject",
    ]
    assert "18 BLUPs" in reading and "farthest 335" in reading
    with pytest.raises(ValueError, match="no random effects.*show_qq"):
        show_ranef_qq(mm.lm("reaction_ms ~ days", frame("sleepstudy")))


def test_a_boundary_fit_can_be_drawn():
    fit = mm.lmm("yield ~ 1 + (1|batch)", frame("dyestuff2"))
    assert "expected 0" in show_ranef_qq(fit)
    assert show_residuals(fit).startswith("30 residuals")  # one fitted value only
    assert show_scale_location(fit) and show_qq(fit)


def test_plots_draw_on_given_axes_and_do_not_change_the_fit(slopes):
    figure, axes = plt.subplots(1, 3)
    before = slopes.residuals.copy()
    for function, ax in zip((show_residuals, show_scale_location, show_qq), axes):
        function(slopes, ax=ax, title="A title")
        assert ax.get_title(loc="left") == "A title" and ax.lines
    assert plt.get_fignums() == [figure.number]
    pd.testing.assert_series_equal(slopes.residuals, before)


def test_simulated_residuals_draw_two_panels(slopes):
    simulated = simulated_residuals(slopes, n=99, seed=1)
    reading = simulated.plot()
    assert len(plt.gcf().axes) == 2
    assert f"p = {simulated.p:.3f}" in reading and str(simulated) == reading


def fifths(x):
    """Rows by fifths of x, by hand: no ties here."""
    return np.array_split(np.argsort(x), 5)


def test_the_line_of_the_residual_plot_has_fitted_values_across_and_residuals_up(slopes):
    show_residuals(slopes)
    fitted, e = slopes.fitted.to_numpy(), slopes.residuals.to_numpy()
    line = next(line for line in plt.gca().lines if line.get_marker() == "s")
    np.testing.assert_allclose(line.get_xdata(), [fitted[rows].mean() for rows in fifths(fitted)])
    np.testing.assert_allclose(line.get_ydata(), [e[rows].mean() for rows in fifths(fitted)])
    show_scale_location(slopes)
    table = influence(slopes)
    size = np.sqrt(table.standardised.abs().to_numpy())
    line = next(line for line in plt.gca().lines if line.get_marker() == "s")
    np.testing.assert_allclose(line.get_ydata(), [size[rows].mean() for rows in fifths(fitted)])


@pytest.mark.parametrize("random", ["", " + (days | subject)"], ids=["fixed", "mixed"])
def test_simulated_residuals_are_drawn_against_the_population_mean(random):
    fit = (mm.lmm if random else mm.lm)("reaction_ms ~ days" + random, frame("sleepstudy"))
    simulated = simulated_residuals(fit, n=99, seed=1)
    simulated.plot()
    left, right = plt.gcf().axes
    u = simulated.values.to_numpy()
    mean = np.column_stack([np.ones(180), frame("sleepstudy").days]) @ fit.beta.to_numpy()
    np.testing.assert_allclose(drawn_points(right), np.column_stack([mean, u]))
    np.testing.assert_allclose(
        drawn_points(left), np.column_stack([(np.arange(180) + 0.5) / 180, np.sort(u)])
    )
    straight = next(line for line in left.lines if len(line.get_xdata()) == 2)
    np.testing.assert_allclose(straight.get_xydata(), [[0, 0], [1, 1]])
    flat = [line for line in right.lines if line.get_marker() == "None"]
    assert [(line.get_ydata()[0], line.get_linestyle()) for line in flat] == [
        (0.25, "--"),
        (0.5, "-"),
        (0.75, "--"),
    ]
    bent = [line for line in right.lines if line.get_marker() == "s"]
    days = frame("sleepstudy").days.to_numpy()  # ten values, so fifths are pairs of days
    pairs = [np.isin(days, [d, d + 1]) for d in range(0, 10, 2)]
    for line, q, style in zip(bent, (0.25, 0.5, 0.75), ("--", "-", "--")):
        np.testing.assert_allclose(line.get_ydata(), [np.quantile(u[rows], q) for rows in pairs])
        np.testing.assert_allclose(line.get_xdata(), [mean[rows].mean() for rows in pairs])
        assert line.get_linestyle() == style
    assert len(bent) == 3


@pytest.mark.parametrize(
    "random", ["(1 | g) + (x | h)", "(x | g) + (1 | h) + (1 | k)", "(x | g)", "(1 | g:h)"]
)
@pytest.mark.parametrize("fixed", ["x + k", "0"])
def test_leverages_are_those_of_hendersons_inverse(random, fixed, monkeypatch):
    from mmteach.engine import crossproducts
    from mmteach.inference import variation

    rng, n = np.random.default_rng(9), 150
    data = pd.DataFrame(
        {
            "g": rng.integers(0, 12, n),
            "h": rng.choice(list("abcde"), n),
            "k": rng.choice(list("uvw"), n),
            "x": rng.normal(size=n),
            "w": rng.uniform(0.5, 2, n),
        }
    )
    data["y"] = data.x + rng.normal(size=12)[data.g] * (1 + data.x) + rng.normal(size=n)
    fit = mm.lmm(f"y ~ {fixed} + {random}", data, weights="w")
    Z, X = fit.Z.to_numpy(), fit.X.to_numpy()
    W = np.hstack([Z, X])
    H = W @ fit.joint_covariance() @ W.T / fit.sigma2 * data.w.to_numpy()
    expected = fit.predict().to_numpy()
    np.testing.assert_allclose(H @ fit.y.to_numpy(), expected, rtol=1e-6, atol=1e-8)
    table = mm.influence(fit)
    np.testing.assert_allclose(table.leverage, np.diag(H), rtol=1e-8)
    assert table.cooks_distance.isna().all() == (fixed == "0")
    monkeypatch.setattr(variation, "LEVELS_AT_ONCE", 20)
    monkeypatch.setattr(crossproducts, "DENSE_CELLS", 0)
    again = mm.lmm(f"y ~ {fixed} + {random}", data, weights="w")
    np.testing.assert_allclose(
        data.w * variation.Absorbed(again).mean_variance(X), np.diag(H), rtol=1e-6
    )


def test_large_fits_are_checked_without_large_matrices(monkeypatch):
    """10 000 levels: a matrix of all of them would take 0.8 GB and minutes."""
    import tracemalloc

    from mmteach.inference import diagnostics

    rng, n, J = np.random.default_rng(0), 30_000, 10_000
    g = rng.permutation(np.arange(n) % J)
    data = pd.DataFrame({"g": g, "x": rng.normal(size=n)})
    data["y"] = data.x + rng.normal(size=J)[g] + rng.normal(size=n)
    fit = mm.lmm("y ~ x + (1 | g)", data)
    tracemalloc.start()
    table = influence(fit)
    simulated = simulated_residuals(fit, n=99, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * n * 100 * 7  # a few times the simulations
    assert table.leverage.sum() + 1e4 > J and 0 < simulated.p <= 1
    small = diagnostics.CELLS_AT_ONCE
    monkeypatch.setattr(diagnostics, "CELLS_AT_ONCE", 1e5)  # in pieces: other draws, the same law
    pieces = simulated_residuals(fit, n=99, seed=1)
    assert np.corrcoef(pieces.values, simulated.values)[0, 1] > 0.97 and small > 1e5
    with pytest.raises(
        ValueError, match=r"30000 rows and n=10000 simulations are too many.*use n=1666, or fit"
    ):
        simulated_residuals(fit, n=10_000)
