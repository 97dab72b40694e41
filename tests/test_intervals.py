"""Wald, profile and bootstrap intervals: against R, against brute force, and by identities."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from reference_values import frame, r_names, reference
from scipy.stats import norm

import mmteach as mm
from mmteach.engine.criterion import GivenSigma, ProfiledCriterion
from mmteach.inference.bootstrap import bootstrap
from mmteach.inference.intervals import confint
from mmteach.inference.parameters import estimates, model_parameters
from mmteach.inference.profile import profile

PROFILES = {m["id"]: m for m in reference("inference")["profile"]}
BOOTS = {m["id"]: m for m in reference("inference")["bootstrap"]}
SLOPES = "reaction_ms ~ days + (days | subject)"


def r_table(entry, fit):
    """A table of R's limits with our labels as index."""
    table = pd.DataFrame(entry.get("table", {k: v for k, v in entry.items() if k != "messages"}))
    group = table.group.str.replace(":", "|", regex=False)
    groups = {frozenset(t.group.split(":")): t.group for t in fit.terms}

    def label(row, g):
        if row.kind == "sigma":
            return "sigma"
        if row.kind == "fixed":
            return row.term
        name = groups[frozenset(g.split("|"))]
        names = [row.term] if row.kind == "sd" else [row.term2, row.term]
        names = [n.replace("(Intercept)", "Intercept") for n in names]
        return (
            f"sd({names[0]} | {name})"
            if row.kind == "sd"
            else f"corr({names[0]}, {names[1]} | {name})"
        )

    table.index = [label(row, g) for row, g in zip(table.itertuples(), group)]
    table.index = table.index.str.replace("(Intercept)", "Intercept", regex=False)
    return table


@pytest.fixture(scope="module")
def slopes():
    return mm.lmm(SLOPES, frame("sleepstudy"))


@pytest.fixture(scope="module")
def schools():
    return mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))


# --- profile ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", PROFILES.values(), ids=list(PROFILES))
def test_profile_limits_equal_an_exact_search_in_R(model):
    fit = mm.lmm(model["formula"], frame(model["data"]))
    theirs = r_table(model["exact"]["0.95"], fit)
    parameters = list(theirs.index)
    if len(parameters) > 10:  # the genotypes of a balanced trial have one and the same interval
        parameters = parameters[:4] + parameters[-1:]
    ours = confint(fit, "profile", parameters=parameters)
    theirs = theirs.loc[parameters]
    scale = np.maximum(theirs[["lower", "upper"]].abs().max(axis=1), 1e-3).to_numpy()[:, None]
    difference = (ours[["lower", "upper"]] - theirs[["lower", "upper"]]).abs() / scale
    assert difference.max(axis=None) < 1e-6, difference


def test_sleepstudy_limits_as_lme4_prints_them(slopes):
    default = r_table(PROFILES["sleepstudy_slopes"]["default"]["0.95"], slopes)
    ours = confint(slopes, "profile")
    assert list(ours.index) == list(default.index)
    np.testing.assert_allclose(ours[["lower", "upper"]], default[["lower", "upper"]], rtol=1e-4)
    other = profile(slopes, "random").confint(0.8)
    default = r_table(PROFILES["sleepstudy_slopes"]["default"]["0.80"], slopes)
    np.testing.assert_allclose(
        other[["lower", "upper"]], default.loc[other.index, ["lower", "upper"]], rtol=2e-4
    )


def test_zeta_of_a_coefficient_is_that_of_a_fit_without_its_column(slopes):
    data = frame("sleepstudy")
    ml = slopes.refit(reml=False)
    zeta = profile(slopes, "days")
    for b in (6.0, 9.5, 14.0):
        brute = mm.lmm(
            "rest ~ 1 + (days | subject)",
            data.assign(rest=data.reaction_ms - b * data.days),
            reml=False,
        )
        expected = np.sign(b - ml.beta["days"]) * np.sqrt(brute.criterion - ml.criterion)
        assert zeta.zeta("days", b) == pytest.approx(expected, abs=1e-6)


def test_zeta_of_a_variance_parameter_by_brute_force():
    from scipy.optimize import minimize

    fit = mm.lmm("diameter_mm ~ 1 + (1|plate) + (1|sample)", frame("penicillin"), reml=False)
    X, y = fit.X.to_numpy(), fit.y.to_numpy()
    Z = fit.Z.to_numpy()
    J = fit.products.J
    sds = confint(fit, parameters="random").estimate.to_numpy()
    from mmteach.textbook.likelihood import minus2_loglik

    def criterion(sd):
        d = np.repeat(sd[:2] ** 2, J)
        return minus2_loglik(y, X, (Z * d) @ Z.T + sd[2] ** 2 * np.eye(len(y)), reml=False)

    profiled = profile(fit, "random")
    for place, value in ((0, 1.2), (2, 0.6)):
        free = [i for i in range(3) if i != place]
        found = minimize(
            lambda s: criterion(np.insert(np.exp(s), place, value)),
            np.log(sds[free]),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-8},
        )
        expected = np.sign(value - sds[place]) * np.sqrt(found.fun - fit.criterion)
        assert profiled.zeta(profiled.curves[place].parameter.label, value) == pytest.approx(
            expected, abs=1e-4
        )


@pytest.mark.parametrize(
    "label, value",
    [
        ("corr(machine[T.C], machine[T.B] | worker)", 0.0),
        ("corr(machine[T.B], Intercept | worker)", -0.6),
        ("sd(machine[T.C] | worker)", 2.5),
        ("sd(Intercept | worker)", 12.0),
    ],
)
def test_zeta_with_three_effects_in_a_term_by_constrained_search(label, value):
    from scipy.optimize import minimize

    fit = mm.lmm("score ~ machine + (machine | worker)", frame("machines_unbalanced"), reml=False)
    place = [p.label for p in model_parameters(fit)].index(label)

    def at(x):
        return estimates(fit.products, x[:-1], np.exp(x[-1]), [])[place]

    def criterion(x):
        return GivenSigma(fit.products, False, np.exp(x[-1]))(x[:-1])

    start = np.append(fit.theta, np.log(fit.sigma))
    found = minimize(
        criterion,
        start,
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
        constraints={"type": "eq", "fun": lambda x: at(x) - value},
    )
    expected = np.sign(value - at(start)) * np.sqrt(found.fun - fit.criterion)
    assert profile(fit, label).zeta(label, value) == pytest.approx(expected, abs=1e-3)


def test_limits_lie_where_zeta_is_the_normal_quantile(slopes):
    profiled = profile(
        slopes, ["sd(days | subject)", "corr(days, Intercept | subject)", "sigma", "days"]
    )
    for level in (0.5, 0.9):
        limits = profiled.confint(level)
        z = norm.ppf((1 + level) / 2)
        for label, row in limits.iterrows():
            assert profiled.zeta(label, row.lower) == pytest.approx(-z, abs=1e-6)
            assert profiled.zeta(label, row.upper) == pytest.approx(z, abs=1e-6)


def test_the_table_rises_through_zero_at_the_estimate(schools):
    profiled = profile(schools)
    for label, part in profiled.table.groupby("parameter"):
        assert (np.diff(part.value) > 0).all() and (np.diff(part.zeta) > 0).all(), label
        estimate = profiled.confint(0.5).estimate[label]
        assert part.zeta[part.value == estimate].tolist() == [0.0]
        assert part.zeta.abs().max() == pytest.approx(2.6, abs=1e-6)


def test_limits_follow_the_units_of_the_data(slopes):
    data = frame("sleepstudy")
    seconds = data.assign(reaction_ms=data.reaction_ms / 1000, days=24 * data.days)
    chosen = ["sd(days | subject)", "corr(days, Intercept | subject)", "sigma", "days"]
    here, there = (
        confint(mm.lmm(SLOPES, d), "profile", parameters=chosen) for d in (data, seconds)
    )
    factor = np.array([1 / 24000, 1, 1 / 1000, 1 / 24000])[:, None]
    np.testing.assert_allclose(there.to_numpy(), here.to_numpy() * factor, rtol=1e-5)


def test_the_boundary_is_an_end_and_not_an_error():
    fit = mm.lmm("yield ~ 1 + (1|batch)", frame("dyestuff2"))
    limits = confint(fit, "profile")
    assert limits.loc["sd(Intercept | batch)", ["estimate", "lower"]].tolist() == [0, 0]
    assert limits.upper["sd(Intercept | batch)"] > 1
    profiled = profile(fit, "sd(Intercept | batch)")
    assert profiled.table.value.iloc[0] == 0 and (np.diff(profiled.table.zeta) > 0).all()


def test_a_correlation_that_does_not_exist_has_no_estimate_and_no_limits():
    rng = np.random.default_rng(23)
    data = pd.DataFrame({"g": np.repeat(np.arange(8), 6), "x": np.tile(np.arange(6.0), 8)})
    H = np.linalg.qr(np.column_stack([np.ones(6), np.arange(6)]))[0]
    noise = rng.normal(size=(8, 6))
    noise -= noise @ H @ H.T  # the lines of all groups are the same, which chance does not do
    fit = mm.lmm("y ~ x + (1 + x | g)", data.assign(y=noise.ravel()), reml=False)
    assert fit.varcomp.sd[0] == 0
    limits = confint(fit, "profile", parameters="corr(x, Intercept | g)")
    assert np.isnan(limits.estimate.iloc[0]) and limits.iloc[0, 1:].tolist() == [-1, 1]
    assert "not defined" in str(limits)


def test_a_rank_deficient_fit_has_intervals_for_what_it_kept():
    data = frame("sleepstudy")
    fit = mm.lmm("reaction_ms ~ days + hours + (1 | subject)", data.assign(hours=24 * data.days))
    limits = confint(fit, "profile", parameters="fixed")
    assert list(limits.index) == ["Intercept", "days"] and limits.notna().all(axis=None)


def test_profile_plot_has_a_panel_per_parameter_and_names_the_least_even(slopes):
    reading = profile(slopes, "random").plot()
    panels = plt.gcf().axes
    assert [p.get_title(loc="left") for p in panels] == [
        p.label for p in model_parameters(slopes)[:4]
    ]
    assert "sd(days | subject): 3.801 to 8.753" in reading
    plt.close("all")


def test_a_profile_costs_few_evaluations_of_the_criterion(monkeypatch):
    fit = mm.lmm(
        "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)",
        mm.load("clover"),
        reml=False,
    )
    evaluate, count = ProfiledCriterion.value_and_gradient, []
    monkeypatch.setattr(
        ProfiledCriterion,
        "value_and_gradient",
        lambda self, theta: count.append(1) or evaluate(self, theta),
    )
    profiled = profile(fit)
    profiled.table  # 6 parameters, some 24 points each
    assert len(count) < 800
    assert profiled.confint().notna().all(axis=None) and len(count) < 1100


@pytest.mark.parametrize(
    "term", ["(1 | rep) + (1 | entry) + (1 | entry:site_year)", "(site_year | entry)"]
)
def test_slopes_and_gradients_of_what_is_held_are_those_of_differences(term):
    fit = mm.lmm(f"biomass ~ site_year + {term}", mm.load("clover"), reml=False)
    for curve in profile(fit).curves:
        held, rng = curve.held, np.random.default_rng(3)
        x, v = held.start + rng.uniform(0.05, 0.15, len(held.start)), held.first * 0.9 + 0.01
        _, gradient, slope = held.value(v, x)
        h = 1e-5
        differences = [
            (held.value(v, x + e)[0] - held.value(v, x - e)[0]) / (2 * h)
            for e in h * np.eye(len(x))
        ]
        np.testing.assert_allclose(gradient, differences, rtol=1e-5, atol=1e-5)
        h *= max(1.0, abs(v)) if curve.parameter.kind != "corr" else 1
        difference = (held.value(v + h, x)[0] - held.value(v - h, x)[0]) / (2 * h)
        assert slope == pytest.approx(difference, rel=1e-5, abs=1e-5), curve.parameter.label


@pytest.mark.parametrize("seed", [3, 6, 11, 14])
def test_limits_are_those_of_a_search_from_several_starts_at_every_point(seed):
    """Small designs, where variances come and go along a profile."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "g": rng.integers(6, size=40).astype(str),
            "h": rng.integers(4, size=40).astype(str),
            "x": rng.normal(size=40),
        }
    )
    data["y"] = data.x + 0.4 * rng.normal(size=6)[data.g.astype(int)] + rng.normal(size=40)
    fit = mm.lmm("y ~ x + (x | g) + (1 | h)", data, reml=False)
    quick, careful = profile(fit), profile(fit)
    for a, b in zip(quick.curves, careful.curves):
        for side in (-1, 1):
            assert a.limit(side, 1.96) == pytest.approx(
                b.limit(side, 1.96, thorough=True), rel=1e-6, abs=1e-8
            )


@pytest.mark.parametrize(
    "seed, random, label",
    [
        (1000, "(x|g)", "sigma"),
        (1000, "(x|g)", "x"),
        (1002, "(x|g) + (1|h)", "Intercept"),
        (1011, "(x|g) + (1|h)", "Intercept"),
    ],
)
def test_a_way_that_missed_the_lowest_points_is_gone_again(seed, random, label, monkeypatch):
    """Weighted data of some 20 rows: a lower point elsewhere, seen at the limit only."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(14, 30))
    data = pd.DataFrame(
        {
            "g": rng.integers(4, size=n).astype(str),
            "h": rng.integers(3, size=n).astype(str),
            "x": rng.normal(size=n),
            "w": rng.uniform(0.1, 3, n),
        }
    )
    data["y"] = rng.normal(size=n) + rng.normal(size=4)[data.g.astype(int)] * rng.choice(
        [0, 0.5, 2]
    )
    fit = mm.lmm(f"y ~ x + {random}", data, reml=False, weights="w")
    quick, careful = (profile(fit, label).curves[0] for _ in range(2))
    expected = careful.limit(-1, 1.96, thorough=True)
    assert quick.limit(-1, 1.96) == pytest.approx(expected, rel=1e-6)
    again = profile(fit, label).curves[0]
    monkeypatch.setattr(
        again,
        "point",
        lambda v, thorough=True, close=3e-5: type(again).point(again, v, False, close),
    )  # as it would be without the look elsewhere
    assert again.limit(-1, 1.96) != pytest.approx(expected, rel=1e-4)


def test_no_likelihood_at_a_sigma_of_zero_or_less(schools):
    for value in (0, -1):
        with pytest.raises(ValueError, match="sigma lies between .* and inf, not at"):
            profile(schools, "sigma").zeta("sigma", value)


def test_reml_is_profiled_by_ml_and_it_is_said(schools):
    by_reml, by_ml = (confint(fit, "profile") for fit in (schools, schools.refit(reml=False)))
    np.testing.assert_allclose(by_reml.to_numpy(), by_ml.to_numpy(), rtol=1e-6, atol=1e-9)
    assert "Fitted again by ML" in str(by_reml) and "Fitted again" not in str(by_ml)


# --- Wald ---------------------------------------------------------------------------------


def test_wald_limits_of_beta_equal_lme4():
    for model in reference("inference")["mixed"]:
        if not model.get("wald") or model["id"] not in (
            "sorghum",
            "sleepstudy_slopes",
            "cake_empty_cell",
        ):
            continue
        fit = mm.lmm(model["formula"], frame(model["data"]))
        theirs = pd.DataFrame(model["wald"]).set_index("parameter")
        ours = confint(fit, parameters="fixed")
        np.testing.assert_allclose(
            ours[["lower", "upper"]], theirs.loc[ours.index], rtol=1e-7, atol=1e-7
        )


@pytest.mark.parametrize("model", reference("diagnostics")["wald"], ids=lambda m: m["id"])
def test_wald_limits_of_variances_follow_the_curvature_of_the_likelihood(model):
    fit = mm.lmm(model["formula"], frame(model["data"]), reml=model["reml"])
    ours = confint(fit, parameters="random")
    to = {"sd": (np.log, np.exp), "sigma": (np.log, np.exp), "cor": (np.arctanh, np.tanh)}
    for row, kind, estimate, se in zip(
        ours.itertuples(), model["parameter"], model["estimate"], model["se"]
    ):
        there, back = to[kind]
        assert row.estimate == pytest.approx(estimate, rel=1e-5)
        limits = [back(there(estimate) + sign * norm.ppf(0.975) * se) for sign in (-1, 1)]
        np.testing.assert_allclose([row.lower, row.upper], limits, rtol=1e-5)


def test_wald_on_the_boundary_is_missing_with_the_reason():
    limits = confint(mm.lmm("yield ~ 1 + (1|batch)", frame("dyestuff2")))
    assert limits.lower.iloc[:2].isna().all() and limits.lower.notna().iloc[2]
    assert "On the boundary there is no curvature" in str(limits)


def test_least_squares_gets_t_intervals():
    fit = mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))
    ours = confint(fit, level=0.9)
    np.testing.assert_allclose(ours[["lower", "upper"]], fit.model.conf_int(alpha=0.1), rtol=1e-9)


def test_the_criterion_at_a_given_sigma(slopes):
    for reml in (True, False):
        fit = slopes.refit(reml=reml)
        at = GivenSigma(fit.products, reml, fit.sigma)
        assert at(fit.theta) == pytest.approx(fit.criterion, abs=1e-9)
        theta, sigma, h = fit.theta + [0.1, -0.05, 0.2], 1.3 * fit.sigma, 1e-5
        at = GivenSigma(fit.products, reml, sigma)
        value, gradient = at.value_and_gradient(theta)
        numeric = [(at(theta + e) - at(theta - e)) / (2 * h) for e in h * np.eye(3)]
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6)
        at.state(theta)
        up, down = (GivenSigma(fit.products, reml, sigma * np.exp(s))(theta) for s in (h, -h))
        assert at.slope == pytest.approx((up - down) / (2 * h), rel=1e-6)
        assert value >= ProfiledCriterion(fit.products, reml)(theta)


# --- bootstrap ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model, n", [("sorghum", 250), ("sleepstudy_slopes", 150), ("machines_nested", 100)]
)
def test_bootstrap_standard_errors_agree_with_bootMer(model, n):
    model = BOOTS[model]
    fit = mm.lmm(model["formula"], frame(model["data"]))
    theirs = r_table(model["table"], fit)
    ours = bootstrap(fit, n, seed=7, processes=1)
    np.testing.assert_allclose(ours.estimate[theirs.index], theirs.estimate, rtol=1e-4, atol=1e-4)
    noise = np.sqrt(1 / (2 * n) + 1 / (2 * model["nsim"]))  # relative, of a standard deviation
    ratio = ours.se[theirs.index] / theirs.se
    assert (np.abs(np.log(ratio)) < 4.5 * noise).all(), ratio
    mean = (ours.replicates.mean()[theirs.index] - theirs["mean"]) / theirs.se
    assert (mean.abs() < 4.5 * np.sqrt(1 / n + 1 / model["nsim"])).all(), mean


def test_a_draw_is_a_plain_refit_of_a_simulation(slopes):
    boot = bootstrap(slopes, 3, seed=5)
    again = slopes.refit(
        slopes.simulate(1, np.random.default_rng(np.random.SeedSequence(5).spawn(3)[2]))[0]
    )
    np.testing.assert_allclose(boot.replicates.iloc[2], confint(again).estimate, rtol=1e-6)
    pd.testing.assert_frame_equal(boot.replicates, bootstrap(slopes, 3, seed=5).replicates)
    longer = bootstrap(slopes, 5, seed=5).replicates
    pd.testing.assert_frame_equal(
        boot.replicates, longer.iloc[:3]
    )  # more draws keep the first ones


def test_keeping_the_blups_makes_standard_errors_too_small(slopes):
    full, kept = (bootstrap(slopes, 60, seed=3, conditional=c) for c in (False, True))
    assert (kept.se[["Intercept", "days"]] < 0.75 * full.se[["Intercept", "days"]]).all()
    assert "predicted b were kept" in str(kept)


SCRIPT = """
import mmteach as mm
from mmteach.inference import bootstrap as bootstrapping
print("the script runs", flush=True)
bootstrapping.WORTH_IT = 0.0
fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
boot = mm.bootstrap(fit, 12, seed=2, processes=2)
print(boot.replicates.sum().sum())
own = mm.bootstrap(fit, 12, seed=2, processes=2, statistic=lambda f: f.sigma)
print(float((own.replicates.iloc[:, 0] - boot.replicates["sigma"]).abs().max()))
"""


def test_two_processes_draw_the_same_and_do_not_run_the_script_again(tmp_path, schools):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    first, total, apart = done.stdout.split("\n")[:3]
    assert done.stdout.count("the script runs") == 1 and first == "the script runs"
    expected = bootstrap(schools, 12, seed=2, processes=1).replicates.sum().sum()
    assert float(total) == pytest.approx(expected, rel=1e-12)
    assert float(apart) < 1e-6


def test_statistics_of_ones_own(schools):
    ours = bootstrap(
        schools,
        20,
        seed=1,
        statistic=lambda fit: {"icc": fit.varcomp.variance[0] / fit.varcomp.variance.sum()},
    )
    assert list(ours.replicates) == ["icc"] and ours.replicates.icc.between(0, 1).all()
    several = bootstrap(schools, 4, seed=1, statistic=lambda fit: fit.b[0].ravel())
    assert list(several.replicates) == ["statistic[0]", "statistic[1]", "statistic[2]"]
    with pytest.raises(ValueError, match="not a table"):
        bootstrap(schools, 4, statistic=lambda fit: fit.varcomp[["variance", "sd"]].to_numpy())


def test_a_coefficient_may_be_called_sigma():
    data = frame("sleepstudy").rename(columns={"days": "sigma_days"})
    data["reaction_ms"] = -data.reaction_ms
    boot = bootstrap(mm.lmm("reaction_ms ~ sigma_days + (1 | subject)", data), 20, seed=1)
    assert (boot.confint().loc["sigma_days"] < 0).all()
    assert list(boot.confint(parameters="fixed").index) == ["Intercept", "sigma_days"]


def test_bootstrap_intervals(schools):
    boot = bootstrap(schools, 100, seed=9)
    values = boot.replicates["Intercept"]
    percentile, basic, normal = (
        boot.confint(0.9, kind, "Intercept").iloc[0] for kind in ("percentile", "basic", "normal")
    )
    assert [percentile.lower, percentile.upper] == pytest.approx(
        values.quantile([0.05, 0.95]).tolist()
    )
    assert [basic.lower, basic.upper] == pytest.approx(
        (2 * schools.beta.iloc[0] - values.quantile([0.95, 0.05])).tolist()
    )
    assert normal.upper - normal.lower == pytest.approx(2 * norm.ppf(0.95) * values.std())
    for kind in ("percentile", "basic", "normal"):
        assert (boot.confint(kind=kind, parameters="random").lower >= 0).all()
    direct = confint(schools, "boot", parameters="random", n=100, seed=9)
    pd.testing.assert_frame_equal(
        pd.DataFrame(direct), pd.DataFrame(boot.confint(parameters="random"))
    )
    assert "an SD was estimated as zero" in str(direct)


def test_ml_and_weights_are_kept_in_the_bootstrap():
    fit = mm.lmm(
        "reaction_ms ~ days + (1|subject)",
        frame("sleepstudy_weighted"),
        weights="weight",
        reml=False,
    )
    boot = bootstrap(fit, 60, seed=1)
    assert boot.replicates["sigma"].mean() == pytest.approx(fit.sigma, rel=0.05)


# --- refusals -----------------------------------------------------------------------------


def test_refusals_name_the_fault_and_the_remedy(schools):
    with pytest.raises(
        ValueError, match="method='bayes' is unknown; use 'wald', 'profile' or 'boot'"
    ):
        confint(schools, "bayes")
    with pytest.raises(ValueError, match="level=95 must lie between 0 and 1"):
        confint(schools, level=95)
    with pytest.raises(
        ValueError,
        match=r"no parameter 'days'; the parameters are sd\(Intercept \| school\), sigma",
    ):
        confint(schools, "profile", parameters="days")
    with pytest.raises(ValueError, match="unknown option seed; this method takes none"):
        confint(schools, "profile", seed=1)
    with pytest.raises(ValueError, match="unknown option draws; this method takes n, seed"):
        confint(schools, "boot", draws=10)
    with pytest.raises(ValueError, match="kind='bca' is unknown"):
        bootstrap(schools, 5, seed=1).confint(kind="bca")
    with pytest.raises(ValueError, match="n=1 and processes=2"):
        bootstrap(schools, 1)
    with pytest.raises(ValueError, match="'days' was not profiled"):
        profile(schools).zeta("days", 1.0)
    with pytest.raises(ValueError, match="lies between 0 and inf, not at -1"):
        profile(schools).zeta("sd(Intercept | school)", -1.0)
    linear = mm.lm("score ~ 1", mm.load("schools"))
    with pytest.raises(ValueError, match="profile is for mixed models.*confint"):
        confint(linear, "profile")
    with pytest.raises(ValueError, match="this fit has none"):
        bootstrap(linear)
    many = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    with pytest.raises(ValueError, match="20 profiles to draw; choose 1 to 12"):
        profile(many).plot()


def test_labels_are_names_of_the_model(slopes):
    labels = [p.label for p in model_parameters(slopes)]
    assert labels == [
        "sd(Intercept | subject)",
        "corr(days, Intercept | subject)",
        "sd(days | subject)",
        "sigma",
        "Intercept",
        "days",
    ]
    assert r_names(labels[-2:]) == ["(Intercept)", "days"]
