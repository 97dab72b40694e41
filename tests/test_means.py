"""Marginal means and contrasts: R's emmeans, published numbers, identities, errors."""

import copy
import pickle
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from reference_values import frame, reference
from scipy import stats

import mmteach as mm
from mmteach.inference import distributions, grid
from mmteach.inference.grid import ReferenceGrid

COURSE = (
    "sorghum",
    "barley",
    "potash",
    "sleepstudy",
    "arabidopsis",
    "schools",
    "pigs_crd",
    "pigs_rooms",
    "clover",
)
MODELS = {
    model["id"]: (kind, model)
    for kind in ("mixed", "fixed")
    for model in reference("inference")[kind]
    if model.get("emmeans")
}


def data_of(name):
    return mm.load(name) if name in COURSE else frame(name)


def fitted(formula, data):
    return mm.lmm(formula, data) if "|" in formula else mm.lm(formula, data)


@pytest.fixture(scope="module")
def barley():
    return mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)", mm.load("barley"))


@pytest.fixture(scope="module")
def sorghum():
    return mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))


@pytest.fixture(scope="module")
def clover():
    return mm.lm("biomass ~ site_year + rep + entry + entry:site_year", mm.load("clover"))


@pytest.fixture(scope="module")
def cake():
    return mm.lm("angle_deg ~ recipe*temperature", frame("cake_empty"))


# --- against emmeans ---------------------------------------------------------------------------


def in_order_of(table, columns, ours):
    """Our rows in R's order, by the text of some columns."""

    def key(data):
        return data[columns].astype(str).agg(":".join, axis=1)

    place = {label: i for i, label in enumerate(dict.fromkeys(key(table)))}
    ours = pd.DataFrame(ours)
    return ours.iloc[np.argsort(key(ours).map(place), kind="stable")].reset_index(drop=True)


def means_agree(ours, theirs, what):
    for name in ("mean", "se", "df", "lower", "upper"):
        np.testing.assert_allclose(
            ours[name],
            theirs[name].astype(float),
            rtol=5e-5,
            atol=1e-6,
            err_msg=f"{name} of {what}",
        )


@pytest.mark.parametrize("model", MODELS)
def test_means_and_contrasts_equal_emmeans(model):
    kind, model = MODELS[model]
    fit = fitted(model["formula"], data_of(model["data"]))
    for e in model["emmeans"]:
        theirs, by = pd.DataFrame(e["means"]), e["by"] or []
        df = "kenward-roger" if kind == "fixed" else e["df"]
        emm = mm.emmeans(
            fit,
            e["specs"],
            by=e["by"],
            at=e["at"],
            df=df,
            nesting=e.get("note") != "nesting switched off",
        )
        assert len(emm) == len(theirs)
        ours = in_order_of(theirs, [*by, *e["specs"]], emm)
        means_agree(ours, theirs, f"{e['specs']} by {by}, {e['df']}")
        for method, table in (e["contrasts"] or {}).items():
            compare_contrasts(
                emm, e["custom"] if method == "custom" else method, pd.DataFrame(table), by
            )


def compare_contrasts(emm, method, theirs, by):
    theirs = theirs.astype({c: float for c in theirs if c not in ("contrast", *by)})
    for adjust in [c.removeprefix("p_") for c in theirs if c.startswith("p_")]:
        ours = mm.contrasts(emm, method, adjust=adjust)
        ours = in_order_of(theirs, by, ours) if by else ours
        for name in ("estimate", "se", "df", "t"):
            np.testing.assert_allclose(ours[name], theirs[name], rtol=5e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(ours.p, theirs[f"p_{adjust}"], rtol=0, atol=5e-5, err_msg=adjust)
        for side in ("lower", "upper"):
            if f"{side}_{adjust}" in theirs:  # R's quantiles are good to about 1e-4 only
                wrong = (ours[side] - theirs[f"{side}_{adjust}"]) / ours.se
                assert (wrong.isna() == theirs[f"{side}_{adjust}"].isna()).all()
                assert (wrong.dropna().abs() < 5e-4).all(), (side, adjust)


def test_the_reference_covers_what_it_should():
    used = [e for _, model in MODELS.values() for e in model["emmeans"]]
    assert len(MODELS) >= 8
    assert sum(e["by"] is not None for e in used) >= 5
    assert sum(e["at"] is not None for e in used) >= 4
    assert any(None in e["means"]["mean"] for e in used)


# --- published numbers -------------------------------------------------------------------------


def test_barley(barley):
    row = mm.emmeans(barley, "fungicide").iloc[0]
    assert (f"{row['mean']:.3f}", f"{row.se:.4f}", f"{row.df:.2f}") == ("5.514", "0.1045", "4.18")
    (difference,) = mm.contrasts(mm.emmeans(barley, "fungicide")).itertuples()
    assert difference.t**2 == pytest.approx(40.2718, abs=1e-4)
    assert difference.df == pytest.approx(3)


def test_pigs():
    emm = mm.emmeans(mm.lm("dry_matter_pct ~ day*diet", mm.load("pigs_crd")), "diet")
    assert [f"{m:.1f}" for m in emm["mean"]] == ["18.5", "23.6", "20.1", "18.3", "19.8", "18.6"]
    assert {f"{se:.6f}" for se in emm.se} == {"1.044041"} and set(emm.df) == {252}
    assert f"{emm.lower[0]:.5f} {emm.upper[0]:.4f}" == "16.40749 20.5198"


def test_clover_has_12_entries_without_a_mean_and_23_with_the_raw_one(clover):
    emm = mm.emmeans(clover, "entry")
    assert emm["mean"].isna().sum() == 12
    raw = mm.load("clover").groupby("entry", observed=True)
    in_both = raw.site_year.nunique() == 2
    known = emm.set_index("entry")["mean"].dropna()
    assert set(known.index) == set(in_both.index[in_both])
    np.testing.assert_allclose(known, raw.biomass.mean()[known.index], rtol=1e-10)
    shown = known.reindex([f"C{i:02d}" for i in range(1, 11)])
    published = [49.1, 56.3, None, None, 53.0, 42.5, 44.2, None, 53.1, None]
    assert [None if pd.isna(m) else float(f"{m:.1f}") for m in shown] == published


def test_clover_says_which_data_are_missing(clover):
    notes = " ".join(mm.emmeans(clover, "entry").notes)
    seen = mm.load("clover").groupby("entry", observed=True).site_year.agg(lambda s: set(s))
    for year in ("24AL", "25AL"):
        without = ", ".join(seen.index[[year not in years for years in seen]])
        reason = f"no data with site_year {year}, which the mean over site_year needs."
        assert f"NA for {without}: {reason}" in notes
    assert "Averaged over site_year, rep (nested in site_year), with equal weights." in notes


# --- the weights -------------------------------------------------------------------------------


def test_the_means_are_L_beta_and_weights_sum_to_one(barley):
    for specs, by in (("genotype", None), ("fungicide", "genotype"), ([], None)):
        emm = mm.emmeans(barley, specs, by=by)
        np.testing.assert_allclose(emm.L.to_numpy() @ barley.beta, emm["mean"], rtol=1e-12)
        np.testing.assert_allclose(emm.L["Intercept"], 1)
    one = mm.emmeans(barley, "genotype").L.filter(regex=r"^fungicide\[").to_numpy()
    assert (one == 0.5).all()


def test_without_an_intercept_the_weights_of_a_factor_sum_to_one():
    fit = mm.lm("yield_kg_ha ~ 0 + genotype + block", mm.load("sorghum"))
    L = mm.emmeans(fit, "block").L
    np.testing.assert_allclose(L.filter(like="genotype").sum(axis=1), 1)
    same = mm.emmeans(mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum")), "block")
    np.testing.assert_allclose(mm.emmeans(fit, "block")["mean"], same["mean"])


def test_a_balanced_block_design_has_raw_means(sorghum):
    data = mm.load("sorghum")
    raw = data.groupby("genotype", observed=True).yield_kg_ha.mean()
    for fit in (sorghum, mm.lm("yield_kg_ha ~ genotype + block", data)):
        np.testing.assert_allclose(mm.emmeans(fit, "genotype")["mean"], raw, rtol=1e-9)
        np.testing.assert_allclose(mm.emmeans(fit, [])["mean"], raw.mean(), rtol=1e-9)


def test_equal_weights_whatever_the_numbers_of_plots():
    data = frame("cake_unbalanced")
    emm = mm.emmeans(mm.lm("angle_deg ~ recipe*temperature", data), "recipe")
    cells = data.groupby(["recipe", "temperature"], observed=True).angle_deg.mean()
    of_cells = cells.groupby("recipe", observed=True).mean()
    np.testing.assert_allclose(emm["mean"], of_cells, rtol=1e-10)
    assert not np.allclose(emm["mean"], data.groupby("recipe", observed=True).angle_deg.mean())


@pytest.mark.parametrize(
    "formula",
    (
        "angle_deg ~ recipe*temperature + (1 | recipe:replicate)",
        "angle_deg ~ recipe*temperature + replicate",
    ),
)
def test_the_reference_level_does_not_count(formula):
    data = frame("cake_unbalanced")
    turned = data.assign(
        **{
            name: data[name].cat.reorder_categories(data[name].cat.categories[::-1])
            for name in ("recipe", "temperature", "replicate")
        }
    )
    before, after = (
        mm.emmeans(fitted(formula, d), "temperature", by="recipe") for d in (data, turned)
    )
    after = in_order_of(pd.DataFrame(before), ["recipe", "temperature"], after)
    for name in ("mean", "se", "df", "lower", "upper"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-5)


def test_covariates_stand_at_their_mean_or_where_at_says():
    data = mm.load("sleepstudy")
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", data)
    emm = mm.emmeans(fit, "days", at={"days": [0, 9]})
    line = fit.beta["Intercept"] + fit.beta["days"] * np.array([0, 9])
    np.testing.assert_allclose(emm["mean"], line)
    (slope,) = mm.contrasts(emm, {"slope": [-1 / 9, 1 / 9]}).itertuples()
    assert (slope.estimate, slope.se) == pytest.approx((fit.beta["days"], fit.se["days"]), rel=1e-6)
    overall = mm.emmeans(fit, [])
    assert overall["mean"][0] == pytest.approx(data.reaction_ms.mean())
    assert overall.notes == ["At days = 4.500 (its mean)."]
    averaged = mm.emmeans(fit, [], at={"days": [0, 9]})
    assert averaged["mean"][0] == pytest.approx(emm["mean"].mean())


def test_functions_of_a_covariate_are_taken_at_its_mean():
    data = mm.load("sleepstudy")
    fit = mm.lm("reaction_ms ~ days + I(days**2) + np.log1p(days)", data)
    expected = fit.beta @ [1, 4.5, 4.5**2, np.log1p(4.5)]
    assert mm.emmeans(fit, [])["mean"][0] == pytest.approx(expected)


def test_a_number_that_is_also_a_factor_has_levels():
    data = mm.load("potash")
    alone, both = (
        mm.emmeans(mm.lm(f"strength ~ {terms} + block", data), "k2o_lb_ac")
        for terms in ("C(k2o_lb_ac)", "k2o_lb_ac + C(k2o_lb_ac)")
    )
    assert list(alone.k2o_lb_ac) == list(both.k2o_lb_ac) == [36, 54, 72, 108, 144]
    np.testing.assert_allclose(both[["mean", "se"]], alone[["mean", "se"]], rtol=1e-9)
    raw = data.groupby("k2o_lb_ac").strength.mean()
    np.testing.assert_allclose(alone["mean"], raw, rtol=1e-10)
    fit = mm.lm("strength ~ k2o_lb_ac + C(k2o_lb_ac) + block", data)
    for written in (54, 54.0, "54"):
        assert mm.emmeans(fit, [], at={"k2o_lb_ac": written})["mean"][0] == pytest.approx(raw[54])


# --- nesting -----------------------------------------------------------------------------------


def nested_data():
    """b1, b2, b3 in a1; b4, b5 in a2; c crossed with both."""
    b = np.repeat(["b1", "b2", "b3", "b4", "b5"], 6)
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "a": np.where(b < "b4", "a1", "a2"),
            "b": b,
            "c": ["c1", "c2", "c3"] * 10,
            "e": [f"e{i:02d}" for i in range(15) for _ in range(2)],
            "y": rng.normal(size=30),
        }
    )


def test_a_nested_factor_is_averaged_within_its_nest_first():
    fit = mm.lm("y ~ a + b + c", nested_data())
    L = mm.emmeans(fit, "c").L
    weights = L.iloc[0][["a[T.a2]", "b[T.b2]", "b[T.b3]", "b[T.b4]", "b[T.b5]"]]
    np.testing.assert_allclose(weights, [1 / 2, 1 / 6, 1 / 6, 1 / 4, 1 / 4])
    crossed = mm.emmeans(fit, "c", nesting=False)
    assert crossed["mean"].isna().all() and "the data cannot tell apart" in " ".join(crossed.notes)


def test_a_chain_of_nests():
    data = pd.concat([nested_data(), nested_data().assign(y=lambda d: d.y + 1)])
    emm = mm.emmeans(mm.lm("y ~ a + b + e", data), "a")
    levels = data.groupby(["a", "b", "e"]).y.mean()
    np.testing.assert_allclose(emm["mean"], levels.groupby(["a", "b"]).mean().groupby("a").mean())


def test_a_nested_factor_is_shown_with_its_nest():
    data = nested_data()
    fit = mm.lm("y ~ a + b + c", data)
    emm = mm.emmeans(fit, "b")
    assert list(emm.columns[:2]) == ["a", "b"] and len(emm) == 5 and not emm["mean"].isna().any()
    assert "b is nested in a." in emm.notes
    assert len(mm.contrasts(emm)) == 10
    within = mm.contrasts(mm.emmeans(fit, "b", by="a"))
    assert list(within.contrast) == ["b1 - b2", "b1 - b3", "b2 - b3", "b4 - b5"]
    single = mm.contrasts(mm.emmeans(fit, "b", by="a"), adjust=None)
    assert within.p[3] == pytest.approx(single.p[3]) and within.p[0] > single.p[0]
    slashed = mm.emmeans(mm.lm("y ~ a/c", data), "a")
    assert "a interacts with c" in " ".join(slashed.notes)  # c has the same levels in both


def test_two_names_for_one_factor():
    data = nested_data().assign(twin=lambda d: d.a.str.replace("a", "t"))
    fit = mm.lm("y ~ a + twin + c", data)
    expected = mm.emmeans(mm.lm("y ~ a + c", data), "c")
    np.testing.assert_allclose(mm.emmeans(fit, "c")["mean"], expected["mean"])
    assert len(mm.emmeans(fit, "a")) == len(mm.emmeans(fit, "twin")) == 2


@pytest.mark.parametrize(
    "formula", ("y ~ a + b", "y ~ b + a:c", "y ~ 0 + a:b", "y ~ a*c + b", "y ~ x + a + b:x + c")
)
def test_the_combinations_in_the_data_are_read_back_from_X(formula):
    rng = np.random.default_rng(5)
    data = nested_data().assign(x=rng.normal(size=30)).drop(index=[0, 3, 17])
    grid = ReferenceGrid(mm.lm(formula, data), nesting=False)
    names = list(grid.observed)
    assert set(names) == set(grid.factors) - ({"b"} if "b:x" in formula else set())
    ours = {
        tuple(grid.values[v][code] for v, code in zip(names, row))
        for row in grid.observed.itertuples(index=False)
    }
    assert ours == set(data[names].itertuples(index=False, name=None))


# --- what is not estimable -----------------------------------------------------------------------


def test_an_empty_cell(cake):
    emm = mm.emmeans(cake, "recipe")
    assert emm["mean"].isna().to_list() == [False, False, True]
    reason = "no data with temperature 205, which the mean over temperature needs."
    assert f"NA for C: {reason}" in emm.notes
    assert "NA" in str(emm)
    assert not mm.emmeans(cake, "recipe", at={"temperature": [175, 185]})["mean"].isna().any()
    single = mm.emmeans(cake, "recipe", at={"temperature": "205"})
    assert "NA for C: no data with temperature 205." in single.notes
    cells = mm.emmeans(cake, "recipe", by="temperature")
    assert cells["mean"].isna().sum() == 1 and "NA for 205:C: no data." in cells.notes
    assert mm.emmeans(cake, [])["mean"].isna().all()


def test_an_additive_model_needs_no_full_table():
    fit = mm.lm("angle_deg ~ recipe + temperature", frame("cake_empty"))
    emm = mm.emmeans(fit, "recipe")
    assert not emm["mean"].isna().any() and not any("NA" in note for note in emm.notes)


def test_contrasts_of_missing_means_are_missing_and_counted(cake):
    table = mm.contrasts(mm.emmeans(cake, "recipe"), adjust="bonferroni")
    assert table.p.isna().to_list() == [False, True, True]
    alone = mm.contrasts(mm.emmeans(cake, "recipe"), adjust=None).p[0]
    assert table.p[0] == pytest.approx(min(1, 3 * alone))


def test_a_contrast_can_be_estimable_when_the_means_are_not():
    fit = mm.lm("y ~ a + b + c", nested_data())
    emm = mm.emmeans(fit, "c", nesting=False)
    expected = mm.contrasts(mm.emmeans(fit, "c"))
    np.testing.assert_allclose(mm.contrasts(emm).estimate, expected.estimate)


# --- contrasts -----------------------------------------------------------------------------------


def test_pairwise_differences_are_differences_of_means(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    pairs = mm.contrasts(emm)
    m = emm["mean"].to_numpy()
    i, j = np.triu_indices(18, 1)
    np.testing.assert_allclose(pairs.estimate, m[i] - m[j], rtol=1e-9, atol=1e-9)
    assert pairs.contrast[0] == "G01 - G02" and len(pairs) == 153
    assert pairs.se.to_numpy() == pytest.approx(np.full(153, 113.1975), abs=1e-4)


def test_a_control_by_name(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    table = mm.contrasts(emm, "trt.vs.ctrl", ref="G07")
    m = emm.set_index("genotype")["mean"]
    np.testing.assert_allclose(table.estimate, m.drop("G07") - m["G07"], rtol=1e-9)
    assert list(table.contrast[:2]) == ["G01 - G07", "G02 - G07"]


def test_weights_by_position_by_level_and_as_a_table_agree(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    row = np.zeros(18)
    row[[0, 1, 6]] = 0.5, 0.5, -1
    by_level = {"G01": 0.5, "G02": 0.5, "G07": -1}
    a = mm.contrasts(emm, {"c": row}, adjust="holm")
    for other in ({"c": by_level}, pd.DataFrame({"c": row}), pd.DataFrame({"c": by_level})):
        b = mm.contrasts(emm, other, adjust="holm")
        pd.testing.assert_frame_equal(pd.DataFrame(b), pd.DataFrame(a))
    plain = mm.contrast(sorghum, a.L.to_numpy())
    shared = ["estimate", "se", "df", "t", "p", "lower", "upper"]
    np.testing.assert_allclose(a[shared], plain[shared])


def test_contrasts_stay_within_by(barley):
    table = mm.contrasts(mm.emmeans(barley, "fungicide", by="genotype"))
    assert len(table) == 70 and set(table.contrast) == {"F1 - F2"}
    alone = mm.contrasts(mm.emmeans(barley, "fungicide", at={"genotype": "G12"}))
    row = table[table.genotype == "G12"].iloc[0]
    for name in ("estimate", "se", "df", "p"):
        assert row[name] == pytest.approx(alone[name][0])


def test_two_groups_need_no_adjustment(barley):
    emm = mm.emmeans(barley, "fungicide")
    p = [
        mm.contrasts(emm, adjust=adjust).p[0]
        for adjust in ("tukey", "sidak", "holm", "bonferroni", None)
    ]
    assert p == pytest.approx([p[0]] * 5)


def test_limits_and_p_agree(sorghum):
    for adjust in ("tukey", "sidak", "bonferroni", None, "dunnettx", "dunnett"):
        method = "trt.vs.ctrl" if "dunnett" in str(adjust) else "pairwise"
        for level in (0.95, 0.8):
            emm = mm.emmeans(sorghum, "genotype", level=level)
            table = mm.contrasts(emm, method, adjust=adjust)
            assert ((table.lower > 0) | (table.upper < 0)).equals(table.p < 1 - level)
            assert (table.p < 1 - level).any()


def test_adjustments_are_ordered(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    p = {
        adjust: mm.contrasts(emm, adjust=adjust).p.to_numpy()
        for adjust in (None, "tukey", "sidak", "holm", "bonferroni")
    }
    for smaller, larger in (
        (None, "tukey"),
        ("tukey", "sidak"),
        ("sidak", "bonferroni"),
        (None, "holm"),
        ("holm", "bonferroni"),
    ):
        assert (p[smaller] <= p[larger] + 1e-12).all()


# --- the distributions ---------------------------------------------------------------------------


@pytest.mark.parametrize("k", (2, 3.7, 18, 70))
@pytest.mark.parametrize("df", (1, 4.3, 51, np.inf))
def test_the_studentized_range_is_that_of_scipy(k, df):
    q = np.array([0.1, 1.0, 3.0, 5.0, 9.0])
    scipys = stats.studentized_range.sf(q, k, df)
    np.testing.assert_allclose(distributions.range_tail(q, k, df), scipys, atol=1e-10)


def test_the_range_of_two_is_a_t():
    t = np.array([0.0, 0.5, 2.0, 4.0])
    for df in (2.5, 30, np.inf):
        expected = 2 * (stats.norm.sf(t) if np.isinf(df) else stats.t.sf(t, df))
        np.testing.assert_allclose(
            distributions.range_tail(np.sqrt(2) * t, 2, df), expected, atol=1e-12
        )


@pytest.mark.parametrize("m, df", ((2, 10), (5, 20), (9, 60)))
def test_dunnett_is_the_largest_of_correlated_t(m, df):
    exact = stats.multivariate_t(shape=np.full((m, m), 0.5) + 0.5 * np.eye(m), df=df)
    t = np.array([1.5, 2.5, 3.5])
    outside = [
        1 - exact.cdf(np.full(m, c), lower_limit=np.full(m, -c), random_state=1, maxpts=200_000)
        for c in t
    ]
    np.testing.assert_allclose(distributions.dunnett_tail(t, df, None, m), outside, atol=5e-4)
    np.testing.assert_allclose(distributions.dunnettx_tail(t, df, None, m), outside, atol=0.015)


@pytest.mark.parametrize(
    "m, df, five_percent",
    ((1, 10, 2.23), (2, 10, 2.57), (3, 10, 2.76), (4, 10, 2.89), (5, 10, 2.99), (9, 30, 2.86)),
)
def test_the_published_table_of_dunnett(m, df, five_percent):
    near = distributions.dunnett_tail(
        np.array([five_percent - 0.006, five_percent + 0.006]), df, None, m
    )
    assert near[1] < 0.05 < near[0]


def test_holm_by_hand():
    p = np.array([0.04, 0.01, np.nan, 0.03])
    np.testing.assert_allclose(distributions.holm(p), [0.09, 0.04, np.nan, 0.09])


# --- notes and printing ------------------------------------------------------------------------


def test_an_interaction_is_pointed_out(barley, sorghum):
    notes = mm.emmeans(barley, "fungicide").notes
    assert "fungicide interacts with genotype: its differences are averages, too." in notes
    assert not any("interacts" in n for n in mm.emmeans(barley, "fungicide", by="genotype").notes)
    assert mm.emmeans(sorghum, "genotype").notes == []
    notes = mm.emmeans(mm.lm("distance_mm ~ age*sex", frame("orthodont")), "sex").notes
    assert "sex interacts with age: its differences depend on that choice." in notes


def test_a_transformed_response_is_pointed_out():
    fit = mm.lm("np.log1p(fruits) ~ nutrient", mm.load("arabidopsis"))
    assert "On the scale of np.log1p(fruits)." in mm.emmeans(fit, "nutrient").notes


def test_the_table_prints(sorghum):
    text = str(mm.emmeans(sorghum, "genotype", level=0.9))
    assert text.startswith("Estimated marginal means of genotype, Kenward-Roger degrees of free")
    assert "Limits at level 0.9." in text and max(map(len, text.splitlines())) <= 80
    assert "<table" in mm.emmeans(sorghum, "genotype")._repr_html_()
    text = str(mm.contrasts(mm.emmeans(sorghum, "genotype"), {"a": [1] + [0] * 17}))
    assert "The weights of a do not sum to 0" in text


def test_the_table_stays_with_its_model(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    expected = mm.contrasts(emm)
    emm["mean"] = 0.0
    again = pickle.loads(pickle.dumps(emm))
    for changed in (emm, again):
        pd.testing.assert_frame_equal(pd.DataFrame(mm.contrasts(changed)), pd.DataFrame(expected))


def test_seventy_genotypes_in_less_than_a_second():
    fit = mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)", mm.load("barley"))
    start = perf_counter()
    emm = mm.emmeans(fit, "genotype")
    assert len(emm) == 70 and perf_counter() - start < 1


def test_a_streamed_fit():
    data = mm.load("barley")
    formula = "yield_t_ha ~ bed*fungicide + (1 | block/fungicide)"
    fit, whole = mm.lmm(formula, iter([data[:300], data[300:]])), mm.lmm(formula, data)
    with pytest.raises(ValueError, match=r"not keep the mean of 'bed': choose a value, at=\{'bed'"):
        mm.emmeans(fit, "fungicide")
    a, b = (mm.emmeans(f, "fungicide", at={"bed": 3}) for f in (fit, whole))
    np.testing.assert_allclose(a[["mean", "se", "df"]], b[["mean", "se", "df"]], rtol=1e-5)


def test_a_large_grid_is_summed_in_pieces_or_refused(barley, monkeypatch):
    expected = mm.emmeans(barley, "fungicide").L
    monkeypatch.setattr(grid, "ROWS_AT_ONCE", 7)
    np.testing.assert_allclose(mm.emmeans(barley, "fungicide").L, expected)
    monkeypatch.setattr(grid, "LARGEST_GRID", 100)
    with pytest.raises(ValueError, match="the reference grid has more than 100 combinations"):
        mm.emmeans(barley, "fungicide")


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    (
        (
            {"specs": "genotyp"},
            "no 'genotyp' in the fixed part of the model; did you mean 'genotype'?",
        ),
        ({"specs": "block"}, "'block' is in the random part of the model"),
        ({"specs": "genotype", "at": {"days": 1}}, "there is no 'days' in the fixed part"),
        (
            {"specs": "genotype", "at": {"genotype": "G99"}},
            "'G99' is not a level of 'genotype'; did",
        ),
        ({"specs": "genotype", "at": {"genotype": []}}, "is empty"),
        ({"specs": "genotype", "by": "genotype"}, "is in specs and in by"),
        ({"specs": "genotype", "df": "kr"}, "df='kr' is unknown; use one of 'kenward-roger'"),
        ({"specs": "genotype", "level": 95}, "level=95 must lie between 0 and 1"),
    ),
)
def test_errors_of_emmeans(sorghum, arguments, message):
    with pytest.raises((ValueError, KeyError), match=message.replace("?", r"\?")):
        mm.emmeans(sorghum, **arguments)


def test_kenward_roger_needs_reml(sorghum):
    with pytest.raises(ValueError, match=r"by ML; use fit\.refit\(reml=True\)"):
        mm.emmeans(sorghum.refit(reml=False), "genotype")


def test_covariates_need_numbers():
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    with pytest.raises(ValueError, match="'days' is numeric, so at"):
        mm.emmeans(fit, "days", at={"days": "nine"})


def test_a_grid_without_combinations(clover):
    with pytest.raises(ValueError, match="the data hold no combination of the levels in at="):
        mm.emmeans(clover, "entry", at={"site_year": "24AL", "rep": "25AL-1"})


def test_a_factor_with_the_name_of_a_column():
    data = mm.load("sorghum").rename(columns={"genotype": "mean"})
    with pytest.raises(ValueError, match="a predictor is called 'mean'"):
        mm.emmeans(mm.lm("yield_kg_ha ~ mean", data), "mean")


@pytest.mark.parametrize(
    "arguments, message",
    (
        ({"method": "pairwize"}, "method='pairwize' is unknown; did you mean 'pairwise'"),
        ({"method": [1, -1]}, "method must be 'pairwise', .* not list"),
        ({"method": {"a": [1, -1]}}, "contrast 'a' has 2 weights, but there are 18 means"),
        ({"method": {"a": {"G1": 1}}}, "contrast 'a': there is no mean of 'G1'; did you mean"),
        ({"method": {"a": "text"}}, "the weights of contrast 'a' must be numbers"),
        ({"method": {"a": [np.nan] * 18}}, "missing or infinite weights"),
        ({"adjust": "tuckey"}, "adjust='tuckey' is unknown; did you mean 'tukey'"),
        (
            {"method": "trt.vs.ctrl", "adjust": "tukey"},
            "adjust='tukey' is made for pairwise contrasts",
        ),
        ({"adjust": "dunnettx"}, "adjust='dunnettx' is made for trt.vs.ctrl contrasts"),
        ({"method": "trt.vs.ctrl", "ref": "G99"}, "ref: there is no mean of 'G99'"),
        ({"ref": "G01"}, "ref names the control"),
        ({"level": 2}, "level=2 must lie between 0 and 1"),
    ),
)
def test_errors_of_contrasts(sorghum, arguments, message):
    with pytest.raises(ValueError, match=message):
        mm.contrasts(mm.emmeans(sorghum, "genotype"), **arguments)


def test_contrasts_need_a_table_of_emmeans_with_two_means(sorghum):
    emm = mm.emmeans(sorghum, "genotype")
    with pytest.raises(ValueError, match="contrasts needs the table that emmeans returned"):
        mm.contrasts(emm[emm["mean"] > 700])
    with pytest.raises(ValueError, match="compare two or more means, but there is only one"):
        mm.contrasts(mm.emmeans(sorghum, []))


def test_means_of_a_model_with_an_offset_contain_its_mean_as_in_R():
    rng = np.random.default_rng(1)
    data = pd.DataFrame(
        {
            "a": list("pqr") * 10,
            "x": rng.normal(2, 1, 30),
            "z": rng.uniform(1, 3, 30),
            "g": np.repeat(list("vwxyz"), 6),
        }
    )
    data["y"] = data.z + data.x + rng.normal(size=30)
    linear, plain = mm.lm("y ~ a + x + offset(log(z))", data), mm.lm("y ~ a + x", data)
    table = mm.emmeans(linear, "a")
    np.testing.assert_allclose(table["mean"], [3.88, 4.42, 3.44], atol=0.005)  # emmeans 1.8
    assert "The offset is at its mean, 0.6868." in table.notes
    assert not any("offset" in note for note in mm.emmeans(plain, "a").notes)
    mixed = mm.emmeans(mm.lmm("y ~ a + x + offset(z) + (1 | g)", data), "a")
    np.testing.assert_allclose(mixed["mean"], [3.97, 4.24, 3.54], atol=0.005)
    np.testing.assert_allclose(mixed.se, [0.262, 0.246, 0.248], atol=0.0006)
    # adding what was taken away: the offset moves means, not comparisons
    moved = mm.lm("y ~ a + x", data.assign(y=data.y - np.log(data.z)))
    np.testing.assert_allclose(
        mm.contrasts(table).estimate, mm.contrasts(mm.emmeans(moved, "a")).estimate
    )
    np.testing.assert_allclose(
        table["mean"], mm.emmeans(moved, "a")["mean"] + np.log(data.z).mean()
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_a_copy_knows_what_the_table_knows(barley, copied):
    means = mm.emmeans(barley, "fungicide")
    tables = [means, mm.contrasts(means), mm.contrast(barley, np.eye(len(barley.beta))[:2])]
    for table in tables:
        again = copied(table)
        assert type(again) is type(table) and again is not table and str(again) == str(table)
        pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(table))
        again.notes.append("mine")
        assert ("mine" in table.notes) == (copied is copy.copy)  # a shallow copy shares its notes
        table.notes[:] = [note for note in table.notes if note != "mine"]
    again = copied(means)
    assert str(mm.contrasts(again)) == str(tables[1]) and again.origin.fit is barley
    pd.testing.assert_frame_equal(again.L, means.L)
    assert copied(tables[2]).joint == tables[2].joint
