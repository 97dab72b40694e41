"""Proportional weights of means, and the methods eff, consec and poly: R's emmeans, identities."""

import numpy as np
import pandas as pd
import pytest
from reference_values import frame, reference
from test_means import fitted, in_order_of, means_agree

import mmteach as mm
from mmteach.inference import distributions
from mmteach.inference.multivariate_t import largest_tail
from mmteach.inference.weights import weights_of

MODELS = {model["id"]: model for model in reference("means")["models"]}
MVT = [
    (model["id"], e, method)
    for model in MODELS.values()
    for e in model["emmeans"]
    for method in e["mvt"] or ()
]


def fit_of(model):
    data = frame(model["data"], "means")
    data["w"] = 1 + np.arange(1, len(data) + 1) % 3  # as in means.R
    if model["weights"]:
        return mm.lm(model["formula"], data, weights=model["weights"])
    return fitted(model["formula"], data)


# --- against emmeans ---------------------------------------------------------------------------


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param], fit_of(MODELS[request.param])


def numbers(table, by):
    table = pd.DataFrame(table)
    return table.astype({c: float for c in table if c not in ("contrast", *by)})


def test_means_and_contrasts_equal_emmeans(model):
    about, fit = model
    for e in about["emmeans"]:
        by, specs = e["by"] or [], e["specs"]
        theirs = pd.DataFrame(e["means"])
        emm = mm.emmeans(fit, specs, by=e["by"], at=e["at"], weights=e["weights"])
        ours = in_order_of(theirs, [*by, *specs], emm) if specs else emm
        assert len(emm) == len(theirs)
        means_agree(ours, theirs, f"{specs} by {by}")
        for method, given in (e["contrasts"] or {}).items():
            assert given["adjust"] == {"eff": "fdr", "consec": "mvt", "poly": "none"}[method]
            compare_contrasts(emm, method, numbers(given["table"], by), by)


def compare_contrasts(emm, method, theirs, by):
    plain, ours = mm.contrasts(emm, method, adjust=None), mm.contrasts(emm, method)
    if by:
        plain, ours = (in_order_of(theirs, by, table) for table in (plain, ours))
    # from 18 levels on emmeans writes some trends in numbers of 16 digits, where ours stay whole
    huge = theirs.se > 1e12 * plain.se
    assert not huge.any() or (method == "poly" and len(theirs) == 6)
    for name in ("df", "t", "estimate", "se", "lower", "upper"):
        rows = ~huge | (name in ("df", "t"))
        np.testing.assert_allclose(
            plain[name][rows],
            theirs[name][rows],
            rtol=1e-4,
            atol=1e-6,
            err_msg=f"{name} of {method}",
        )
    np.testing.assert_allclose(plain.p, theirs.p, rtol=0, atol=1e-5, err_msg=method)
    # what emmeans has by default: for mvt good to about 1e-3, and at df rounded down
    known = theirs.p_default.notna()
    assert (ours.p.notna() == plain.p.notna()).all()
    few = method == "consec" and theirs.df.min() < 20 and (theirs.df % 1 > 1e-6).any()
    loose = method == "consec" and len(theirs) > 1
    np.testing.assert_allclose(
        ours.p[known], theirs.p_default[known], rtol=0, atol=(0.02 if few else 3e-3) * loose + 1e-5
    )
    for side in ("lower", "upper"):
        wrong = (ours[side] - theirs[f"{side}_default"]) / ours.se
        assert (wrong[~huge].dropna().abs() < (0.1 if few else 0.02 if loose else 5e-4)).all(), (
            method
        )


@pytest.mark.parametrize(
    ("name", "e", "method"), MVT, ids=[f"{m}-{e['specs'][0]}-{how}" for m, e, how in MVT]
)
def test_the_multivariate_t_is_that_of_mvtnorm(name, e, method):
    about = e["mvt"][method]
    t, R = np.abs(about["t"]), np.array(about["corr"])
    np.testing.assert_allclose(largest_tail(t, about["df"], R), about["p"], rtol=0, atol=1e-4)


def test_the_correlations_of_contrasts_are_those_of_emmeans(model):
    about, fit = model
    for e in about["emmeans"]:
        for method, exact in (e["mvt"] or {}).items():
            emm = mm.emmeans(fit, e["specs"], at=e["at"], weights=e["weights"])
            L = mm.contrasts(emm, method, adjust=None).L.to_numpy()[:, fit.beta.notna()]
            Phi = mm.kenward_roger(fit).Phi_A if fit.random else fit.cov_beta
            V = L @ Phi.to_numpy() @ L.T
            sd = np.sqrt(np.diag(V))
            np.testing.assert_allclose(V / np.outer(sd, sd), exact["corr"], atol=1e-4)


def test_the_reference_covers_what_it_should():
    used = [(about, e) for about in MODELS.values() for e in about["emmeans"]]
    assert sum(e["by"] is not None for _, e in used) >= 6
    assert sum("|" in about["formula"] for about, _ in used) >= 15
    assert sum(None in e["means"]["mean"] for _, e in used) >= 3  # not estimable with any weights
    assert any(about["weights"] for about, _ in used) and len(MVT) >= 30
    versions = reference("means")["versions"]["packages"]
    assert {"emmeans", "mvtnorm", "lmerTest", "pbkrtest"} <= set(versions)


# --- weights that count rows ---------------------------------------------------------------------


def test_proportional_weights_of_an_additive_model_count_the_rows():
    data = frame("cake_unbalanced")
    fit = mm.lm("angle_deg ~ recipe + temperature", data)
    emm = mm.emmeans(fit, "recipe", weights="proportional")
    share = data.temperature.value_counts(normalize=True)
    L = emm.L.iloc[0].filter(like="temperature")
    np.testing.assert_allclose(L, [share[name[14:-1]] for name in L.index])
    assert "Averaged over temperature, with weights proportional to numbers of rows." in emm.notes
    # the mean over everything is the mean of the fitted values, and so of y
    overall = mm.emmeans(fit, [], weights="proportional")["mean"][0]
    assert overall == pytest.approx(data.angle_deg.mean(), rel=1e-12)
    assert mm.emmeans(fit, [])["mean"][0] != pytest.approx(data.angle_deg.mean(), rel=1e-4)


def test_weights_do_not_matter_if_all_cells_have_as_many_rows():
    fit = mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)", mm.load("barley"))
    for arguments in ({"specs": "fungicide"}, {"specs": "genotype"}, {"specs": []}):
        equal, proportional = (
            mm.emmeans(fit, **arguments, weights=w) for w in ("equal", "proportional")
        )
        np.testing.assert_allclose(proportional[["mean", "se"]], equal[["mean", "se"]], rtol=1e-9)


def test_prior_weights_do_not_count_as_in_emmeans():
    data = frame("cake_unbalanced").assign(w=lambda d: 1 + np.arange(len(d)) % 3)
    plain, weighted = (
        mm.emmeans(
            mm.lm("angle_deg ~ recipe + temperature", data, weights=w),
            "recipe",
            weights="proportional",
        )
        for w in (None, "w")
    )
    np.testing.assert_allclose(weighted.L, plain.L)
    assert not np.allclose(weighted["mean"], plain["mean"])


def test_a_mean_over_cells_without_data_stays_not_estimable():
    fit = mm.lm("angle_deg ~ recipe*temperature", frame("cake_empty"))
    emm = mm.emmeans(fit, "recipe", weights="proportional")
    assert emm["mean"].isna().to_list() == [False, False, True]
    reason = "no data with temperature 205, which the mean over temperature needs."
    assert f"NA for C: {reason}" in emm.notes
    # a level that no row has at all counts nothing, and is not missed
    alone = frame("cake_empty").query("recipe != 'C'").assign(recipe=lambda d: d.recipe.astype(str))
    means = mm.emmeans(mm.lm("angle_deg ~ recipe*temperature", alone), [], weights="proportional")
    assert means["mean"][0] == pytest.approx(alone.angle_deg.mean())


def test_where_rows_are_not_known_equal_weights_are_the_remedy():
    data = mm.load("barley")
    pieces = [data[:300], data[300:]]
    streamed = mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block)", iter(pieces))
    with pytest.raises(
        ValueError, match="streamed fit does not keep its rows: use weights='equal'"
    ):
        mm.emmeans(streamed, "genotype", weights="proportional")
    both = mm.emmeans(streamed, ["genotype", "fungicide"], weights="proportional")
    assert len(both) == 140  # nothing is averaged
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"a": list("pqr") * 8, "b": list("uv") * 12, "x": rng.normal(size=24)})
    table["y"] = rng.normal(size=24)
    fit = mm.lm("y ~ x + a + b:x", table)
    with pytest.raises(ValueError, match="'b' stands in the model with covariates only"):
        mm.emmeans(fit, "a", weights="proportional")
    empty = mm.lm(
        "y ~ a + b + c", table.assign(c=["s"] * 12 + ["t"] * 12).query("a != 'p' or b == 'u'")
    )
    with pytest.raises(ValueError, match="no row with the levels in at=.*weights='equal'"):
        mm.emmeans(empty, [], at={"a": "p", "b": "v"}, weights="proportional")


@pytest.mark.parametrize("weights", ["outer", "proportionl", None, 1, ["equal"]])
def test_unknown_weights_are_refused_with_the_known_ones(weights):
    fit = mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))
    with pytest.raises(ValueError, match="weights=.* 'equal'.*'proportional'"):
        mm.emmeans(fit, "genotype", weights=weights)


# --- the methods -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sorghum():
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    return mm.emmeans(fit, "genotype")


def test_effects_sum_to_zero_and_changes_to_the_difference_of_the_ends(sorghum):
    effects, changes = (mm.contrasts(sorghum, method) for method in ("eff", "consec"))
    m = sorghum["mean"].to_numpy()
    np.testing.assert_allclose(effects.estimate, m - m.mean(), rtol=1e-9)
    assert effects.contrast[0] == "G01 effect" and changes.contrast[0] == "G02 - G01"
    assert changes.estimate.sum() == pytest.approx(m[-1] - m[0])


@pytest.mark.parametrize("k", [2, 3, 5, 6, 13, 18, 20, 70])
def test_trends_are_orthogonal_polynomials_in_the_smallest_whole_numbers(k):
    names, W = weights_of("poly", [str(i) for i in range(k)], None)
    assert len(names) == len(W) == min(6, k - 1) and names[0] == "linear"
    assert (np.round(W) == W).all() and (W[:, -1] > 0).all()
    assert all(np.gcd.reduce(row.astype(int)) == 1 for row in W)
    products = W @ W.T
    assert np.abs(products - np.diag(np.diag(products))).max() == 0
    x = np.arange(k) - (k - 1) / 2
    for degree, row in enumerate(W, start=1):
        assert np.abs(row @ np.vander(x, degree)).max() < 1e-9 * np.abs(row).max() * k**degree
        assert row @ x**degree > 0
    printed = {  # Fisher and Yates
        5: [[-2, -1, 0, 1, 2], [2, -1, -2, -1, 2], [-1, 2, 0, -2, 1], [1, -4, 6, -4, 1]],
        6: [[-5, -3, -1, 1, 3, 5], [5, -1, -4, -4, -1, 5], [-5, 7, 4, -4, -7, 5]],
    }
    if k in printed:
        assert W[: len(printed[k])].tolist() == printed[k]


def test_trends_over_levels_that_are_not_equally_spaced_say_so():
    fit = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash"))
    table = mm.contrasts(mm.emmeans(fit, "k2o_lb_ac"), "poly")
    note = "poly takes the levels of k2o_lb_ac as equally spaced, and 36, 54, 72, 108, 144 are not"
    assert any(text.startswith(note) for text in table.notes)
    assert max(map(len, str(table).splitlines())) <= 80
    cake = mm.emmeans(mm.lm("angle_deg ~ temperature", frame("cake")), "temperature")
    assert not any("spaced" in text for text in mm.contrasts(cake, "poly").notes)
    assert not any("spaced" in text for text in mm.contrasts(mm.emmeans(fit, "block"), "eff").notes)


def test_one_mean_in_a_group_has_nothing_to_be_compared_with():
    overall = mm.emmeans(mm.lm("score ~ school", mm.load("schools")), [])
    for method in ("eff", "consec", "poly"):
        with pytest.raises(ValueError, match="compare two or more means"):
            mm.contrasts(overall, method)


def test_an_unknown_method_or_adjustment_gets_the_known_ones(sorghum):
    with pytest.raises(ValueError, match="method='consek' is unknown; did you mean 'consec'"):
        mm.contrasts(sorghum, "consek")
    with pytest.raises(ValueError, match="'pairwise', 'trt.vs.ctrl', 'eff', 'consec', 'poly' or"):
        mm.contrasts(sorghum, "zzz")
    with pytest.raises(ValueError, match="adjust='bh' is unknown;.*'mvt', 'fdr' or None"):
        mm.contrasts(sorghum, "eff", adjust="bh")
    with pytest.raises(ValueError, match="adjust='tukey' is made for pairwise.*use 'mvt'"):
        mm.contrasts(sorghum, "consec", adjust="tukey")
    fit = mm.lmm("yield_t_ha ~ genotype + (1 | block)", mm.load("barley"))
    with pytest.raises(ValueError, match="'mvt' takes 300 contrasts at most, and these are 2415"):
        mm.contrasts(mm.emmeans(fit, "genotype"), adjust="mvt")


def test_the_table_says_what_its_p_values_are(sorghum):
    assert mm.contrasts(sorghum, "consec").notes == [
        "p and limits hold for 17 contrasts together (multivariate t)."
    ]
    assert mm.contrasts(sorghum, "eff").notes == [
        "p: false discovery rate (Benjamini and Hochberg) of 18 contrasts; limits: Bonferroni."
    ]
    assert mm.contrasts(sorghum, "poly").notes == []


# --- the distributions -----------------------------------------------------------------------------


@pytest.mark.parametrize("df", [3, 20.5, np.inf])
@pytest.mark.parametrize("k", [2, 3, 6, 18])
def test_with_equal_variances_it_is_tukey_and_dunnett(k, df):
    t = np.array([0.5, 2.0, 3.0, 4.0])
    i, j = np.triu_indices(k, 1)
    differences, control = np.eye(k)[i] - np.eye(k)[j], np.eye(k)[1:] - np.eye(k)[0]
    np.testing.assert_allclose(
        largest_tail(t, df, differences @ differences.T / 2),
        distributions.tukey_tail(t, df, k, None),
        atol=1e-4 if len(i) <= 20 else 6e-4,
    )
    np.testing.assert_allclose(
        largest_tail(t, df, control @ control.T / 2),
        distributions.dunnett_tail(t, df, k, k - 1),
        atol=1e-4,
    )


def test_mvt_gives_unbalanced_differences_their_own_correlations():
    fit = mm.lm("angle_deg ~ recipe + temperature", frame("cake_unbalanced").iloc[:110])
    emm = mm.emmeans(fit, "recipe")
    exact, tukey, sidak = (mm.contrasts(emm, adjust=a) for a in ("mvt", "tukey", "sidak"))
    assert (exact.p <= tukey.p + 1e-6).all() and (exact.p <= sidak.p + 1e-6).all()
    assert not np.allclose(exact.p, tukey.p, atol=1e-5)  # Tukey's is exact in balance only
    for table, level in ((exact, 0.95), (mm.contrasts(emm, "consec", level=0.8), 0.8)):
        assert ((table.lower > 0) | (table.upper < 0)).equals(table.p < 1 - level)


def test_limits_at_many_degrees_of_freedom_lie_where_p_is_alpha():
    data = frame("cake_unbalanced").drop(index=range(0, 60, 7))
    fit = mm.lmm("angle_deg ~ recipe*temperature + (1 | recipe:replicate)", data)
    table = mm.contrasts(
        mm.emmeans(fit, ["temperature", "recipe"], at={"recipe": ["A", "B"]}), "consec"
    )
    assert table.df.round(6).nunique() > 5
    t = ((table.upper - table.estimate) / table.se).to_numpy()
    L = table.L.to_numpy()
    V = L @ mm.kenward_roger(fit).Phi_A.to_numpy() @ L.T
    R = V / np.sqrt(np.outer(np.diag(V), np.diag(V)))
    p = [largest_tail(np.array([c]), df, R)[0] for c, df in zip(t, table.df)]
    np.testing.assert_allclose(p, 0.05, atol=2e-5)


def test_false_discovery_by_hand():
    p = np.array([0.04, 0.01, np.nan, 0.03])
    np.testing.assert_allclose(distributions.false_discovery(p), [0.16 / 3, 0.04, np.nan, 0.16 / 3])


def test_the_same_call_has_the_same_digits(sorghum):
    first, second = (mm.contrasts(sorghum, "consec").p for _ in range(2))
    assert first.equals(second)
    small = mm.contrasts(sorghum, "consec", adjust=None).p
    assert (first >= small).all() and (first <= np.minimum(1, 17 * small) + 1e-15).all()
