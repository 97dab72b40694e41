"""Contrasts and analysis of variance: R's tables, published digits, what must not matter."""

import numpy as np
import pandas as pd
import pytest
from reference_values import frame, reference
from test_ddf import any_order, data_of, fit_of

import mmteach as mm
from mmteach.inference.contrasts import estimable
from mmteach.tables import Table

MIXED = {model["id"]: model for model in reference("inference")["mixed"] if model["anova"]}
FIXED = {model["id"]: model for model in reference("inference")["fixed"]}
COLUMNS = ["sum_sq", "mean_sq", "num_df", "den_df", "f", "p"]


def r_table(reported):
    table = pd.DataFrame(reported["table"]).set_index("term")
    return table.rename(
        index=lambda term: term.replace("^", " ** ").replace("Residuals", "Residual")
    )


def same_table(ours, theirs, rel=1e-4, skip=()):
    ours, theirs = (pd.DataFrame(t).rename(index=any_order) for t in (ours, theirs))
    rows = [row for row in theirs.index if row not in skip]
    for name in theirs.columns.intersection(ours.columns):
        values, expected = (t.loc[rows, name].astype(float) for t in (ours, theirs))
        rtol = 5e-3 if name == "p" else rel
        np.testing.assert_allclose(values, expected, rtol=rtol, atol=1e-9, err_msg=name)


# --- R's tables --------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MIXED.values(), ids=list(MIXED))
def test_all_types_equal_lmerTest(model):
    fit = fit_of(model)
    assert len(model["anova"]) >= 3
    for reported in model["anova"]:
        table = mm.anova(fit, type=reported["type"], df=reported["df"])
        assert list(table.columns) == COLUMNS
        same_table(table, r_table(reported))


@pytest.mark.parametrize("model", FIXED.values(), ids=list(FIXED))
def test_all_fixed_tables_equal_R(model):
    fit = mm.lm(model["formula"], data_of(model))
    for reported in model["anova"]:
        table, theirs = mm.anova(fit, type=reported["type"]), r_table(reported)
        # car tests sex as if age:sex were absent; here age:sex does not contain sex
        skip = ("sex",) if (model["id"], reported["type"]) == ("lm_orthodont", 2) else ()
        same_table(table, theirs, 1e-9, skip)
        assert table.index[-1] == "Residual" and table.num_df["Residual"] == fit.df_resid
        if reported["type"] == 1:
            total = np.sum((fit.y - fit.y.mean()) ** 2)
            assert table.sum_sq.sum() == pytest.approx(total)


# --- published digits ----------------------------------------------------------------------


def test_pigs_in_a_completely_randomised_design():
    fit = mm.lm("dry_matter_pct ~ day*diet", mm.load("pigs_crd"))
    for kind in (1, 2, 3):  # balanced: one table
        table = mm.anova(fit, type=kind)
        assert [f"{v:.1f}" for v in table.sum_sq] == ["850.7", "896.5", "673.1", "12360.9"]
        assert table.num_df.tolist() == [2, 5, 10, 252]
        assert [f"{v:.4f}" for v in table.f[:3]] == ["8.6720", "3.6556", "1.3723"]
        assert [f"{v:.7f}" for v in table.p[:3]] == ["0.0002279", "0.0032772", "0.1934086"]
    mean_a = mm.contrast(fit, {"Intercept": 1, "day[T.2]": 1 / 3, "day[T.3]": 1 / 3})
    assert [
        f"{mean_a[name].iloc[0]:.{k}f}" for name, k in (("se", 6), ("lower", 5), ("upper", 4))
    ] == ["1.044041", "16.40749", "20.5198"]


def test_pigs_in_rooms():
    table = mm.anova(
        mm.lmm("dry_matter_pct ~ day*diet + (1 | room)", mm.load("pigs_rooms")), type=2
    )
    assert table.num_df.tolist() == [2, 5, 10]
    assert table.den_df.to_numpy() == pytest.approx(np.full(3, 250.0))
    assert [f"{v:.4f}" for v in table.f] == ["10.7115", "4.7730", "1.1153"]
    assert [f"{v:.3e}" for v in table.p[:1]] == ["3.441e-05"]
    assert [f"{v:.7f}" for v in table.p[1:]] == ["0.0003483", "0.3509474"]


def test_clover_in_sequence():
    fit = mm.lm("biomass ~ site_year + rep + entry + site_year:entry", mm.load("clover"))
    table = mm.anova(fit, type=1)
    assert [f"{v:.1f}" for v in table.sum_sq] == ["4055.3", "621.0", "11143.9", "5389.6", "8001.5"]
    assert table.num_df.tolist() == [1, 2, 34, 22, 56]


def test_barley_split_plot():
    fit = mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)", mm.load("barley"))
    for kind in (1, 2, 3):
        table = mm.anova(fit, type=kind)
        assert (
            f"{table.f['fungicide']:.4f}" == "40.2718"
            and f"{table.f['genotype:fungicide']:.5f}" == "0.93307"
        )
        assert table.num_df.tolist() == [69, 1, 69]
        assert table.den_df.to_numpy() == pytest.approx([414, 3, 414], rel=1e-6)


def test_sleepstudy_joint_test():
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    table = mm.contrast(fit, np.eye(2))
    assert f"{table.joint.f:.2f}" == "705.84" and table.df.to_numpy() == pytest.approx(
        [17, 17], rel=1e-5
    )
    assert "Joint test: F = 705.84" in str(table) and "on 2 and 16 degrees of freedom" in str(table)


# --- what must and what must not matter ----------------------------------------------------------


@pytest.fixture(scope="module")
def unbalanced():
    return frame("cake_unbalanced")


@pytest.fixture(scope="module")
def cake(unbalanced):
    return mm.lmm("angle_deg ~ recipe*temperature + (1 | recipe:replicate)", unbalanced)


def test_coding_and_order_of_levels_do_not_matter_for_type_2_and_3(unbalanced, cake):
    turned = unbalanced.assign(recipe=unbalanced.recipe.cat.reorder_categories(["C", "A", "B"]))
    others = [
        mm.lmm("angle_deg ~ temperature*recipe + (1 | recipe:replicate)", turned),
        mm.lmm(
            "angle_deg ~ C(recipe, contr.sum)*C(temperature, contr.helmert)"
            " + (1 | recipe:replicate)",
            unbalanced,
        ),
    ]
    for kind in (2, 3):
        expected = mm.anova(cake, kind).set_axis(["r", "t", "rt"])
        for other, order in zip(others, (["t", "r", "rt"], ["r", "t", "rt"])):
            ours = mm.anova(other, kind).set_axis(order).loc[["r", "t", "rt"]]
            np.testing.assert_allclose(ours, expected, rtol=2e-5)


def test_type_3_is_the_test_of_sum_coded_coefficients(unbalanced, cake):
    coded = mm.lmm(
        "angle_deg ~ C(recipe, contr.sum)*C(temperature, contr.sum) + (1 | recipe:replicate)",
        unbalanced,
    )
    for term, where in list(coded.design.x_terms.items())[1:]:
        joint = mm.contrast(coded, np.eye(len(coded.beta))[where]).joint
        theirs = mm.anova(cake, 3).loc[term.replace("C(", "").replace(", contr.sum)", "")]
        assert (joint.f, joint.den_df) == pytest.approx((theirs.f, theirs.den_df), rel=1e-6)


def test_type_1_depends_on_the_order_and_ends_as_type_2(unbalanced, cake):
    other = mm.lmm("angle_deg ~ temperature*recipe + (1 | recipe:replicate)", unbalanced)
    first, second = mm.anova(cake, 1), mm.anova(other, 1)
    assert abs(first.f["recipe"] / second.f["recipe"] - 1) > 0.01
    assert second.f["recipe"] == pytest.approx(mm.anova(cake, 2).f["recipe"], rel=1e-6)
    assert first.f["temperature"] == pytest.approx(mm.anova(cake, 2).f["temperature"], rel=1e-6)


def test_sequential_sums_of_squares_are_differences_of_residual_sums(unbalanced):
    formulas = ["1", "recipe", "recipe + temperature", "recipe*temperature"]
    rss = [np.sum(mm.lm(f"angle_deg ~ {f}", unbalanced).residuals ** 2) for f in formulas]
    table = mm.anova(mm.lm("angle_deg ~ recipe*temperature", unbalanced), type=1)
    np.testing.assert_allclose(table.sum_sq.iloc[:3], -np.diff(rss))
    weighted = [
        mm.lm(
            f"angle_deg ~ {f}",
            unbalanced.assign(w=np.arange(len(unbalanced)) % 3 + 1.0),
            weights="w",
        )
        for f in formulas
    ]
    table = mm.anova(weighted[-1], type=1)
    np.testing.assert_allclose(
        table.sum_sq.iloc[:3], -np.diff([f.sigma2 * f.df_resid for f in weighted])
    )


def test_nested_effects_and_covariates_in_type_3():
    """site means are averaged over their own entries; a slope over the levels of the factor."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {
            "site": np.repeat(["a", "b"], 12),
            "entry": np.tile(list("pqrstu"), 4),
            "x": rng.normal(size=24),
        }
    )
    data["y"] = rng.normal(size=24) + data.x + (data.site == "b")
    nested = mm.lm("y ~ site + site:entry", data)
    row = mm.anova(nested, 3).loc["site"]
    cells = data.groupby(["site", "entry"]).y.mean().groupby("site").mean()
    assert row.sum_sq == pytest.approx((cells["b"] - cells["a"]) ** 2 * 6)
    slopes = mm.lm("y ~ site*x", data)
    mean_slope = mm.contrast(slopes, {"x": 1, "site[T.b]:x": 0.5})
    assert mm.anova(slopes, 3).f["x"] == pytest.approx(mean_slope.t.iloc[0] ** 2)
    curved = mm.lm("y ~ site*poly(x, 2)", data)
    coded = mm.lm("y ~ C(site, contr.sum)*poly(x, 2)", data)
    expected = mm.contrast(coded, np.eye(6)[coded.design.x_terms["poly(x, 2)"]]).joint
    assert mm.anova(curved, 3).f["poly(x, 2)"] == pytest.approx(expected.f)


def test_ml_and_z():
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"), reml=False)
    assert mm.anova(fit, df="satterthwaite").den_df.iloc[0] > 51  # ML variances are too small
    table = mm.anova(fit, df="z")
    assert np.isinf(table.den_df.iloc[0]) and "inf" in str(table)


# --- cells and columns that are not there ---------------------------------------------------------


def test_empty_cells_are_mentioned():
    fit = mm.lmm("angle_deg ~ recipe*temperature + (1 | recipe:replicate)", frame("cake_empty"))
    assert mm.anova(fit, 2).notes == []
    assert "Some cells of recipe:temperature are empty" in mm.anova(fit, 3).notes[0]
    assert mm.anova(fit, 3).num_df.tolist() == [2, 5, 9]


def test_effects_that_cannot_be_told_apart_are_not_tested():
    data = frame("sleepstudy").assign(hours=lambda d: 24 * d.days)
    fit = mm.lmm("reaction_ms ~ days + hours + (1 | subject)", data)
    for kind in (2, 3):
        table = mm.anova(fit, kind)
        assert table.num_df.tolist() == [0, 0] and table.f.isna().all()
        assert "days: 1 of 1 degrees of freedom cannot be told from hours" in table.notes[0]
    assert mm.anova(fit, 1).num_df.tolist() == [1, 0]


def test_a_nested_factor_leaves_nothing_of_the_outer_one():
    fit = mm.lm("biomass ~ site_year + rep + entry", mm.load("clover"))
    assert mm.anova(fit, 1).num_df.tolist() == [1, 2, 34, 78]
    table = mm.anova(fit, 2)
    assert table.num_df.tolist() == [0, 2, 34, 78]
    assert any("cannot be told from rep" in note for note in table.notes)


def test_estimable():
    fit = mm.lm("angle_deg ~ recipe*temperature", frame("cake_empty"))
    names = list(fit.beta.index)
    dropped = names.index("recipe[T.C]:temperature[T.205]")
    L = np.eye(len(names))
    assert np.flatnonzero(~estimable(fit, L)).tolist() == [dropped]
    mean_of_c = np.zeros(len(names))
    mean_of_c[[names.index(n) for n in names if n.startswith("recipe[T.C]:")]] = 1 / 6
    assert not estimable(fit, mean_of_c)[0]
    aliased = mm.lm(
        "reaction_ms ~ days + hours", frame("sleepstudy").assign(hours=lambda d: 24 * d.days)
    )
    assert estimable(aliased, [[1, 0, 0], [0, 1, 0], [0, 1, 24], [0, 0, 1]]).tolist() == [
        True,
        False,
        True,
        False,
    ]


# --- contrast ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sorghum():
    return mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))


def test_all_ways_to_write_a_contrast_agree(sorghum):
    names = sorghum.beta.index
    vector = np.zeros(18)
    vector[[2, 5]] = 1, -1
    by_name = {names[2]: 1, names[5]: -1}
    ways = [
        vector,
        [vector],
        by_name,
        [by_name],
        {"mine": by_name},
        pd.Series(by_name),
        pd.Series(vector),
        pd.DataFrame([by_name], index=["mine"]),
        pd.DataFrame([vector]),
    ]
    tables = [mm.contrast(sorghum, way) for way in ways]
    for table in tables:
        pd.testing.assert_frame_equal(
            pd.DataFrame(table).reset_index(drop=True),
            pd.DataFrame(tables[0]).reset_index(drop=True),
        )
        assert list(table.columns) == ["estimate", "se", "df", "t", "p", "lower", "upper"]
    assert list(tables[0].index) == ["genotype[T.G03] - genotype[T.G06]"]
    assert list(tables[4].index) == list(tables[7].index) == ["mine"]
    assert tables[0].se.iloc[0] == pytest.approx(113.1975, abs=1e-4)  # the lectures' SED
    assert tables[0].joint.f == pytest.approx(tables[0].t.iloc[0] ** 2)
    assert tables[0].joint.p == pytest.approx(tables[0].p.iloc[0])


def test_limits_and_levels(sorghum):
    table = mm.contrast(sorghum, {"genotype[T.G18]": 1}, level=0.9)
    half = (table.upper - table.lower).iloc[0] / 2
    assert half == pytest.approx(1.6752849 * table.se.iloc[0], rel=1e-6)  # t(0.95, 51)
    wide = mm.contrast(sorghum, {"genotype[T.G18]": 1}, df="z")
    assert (wide.upper - wide.estimate).iloc[0] == pytest.approx(
        1.959964 * wide.se.iloc[0], rel=1e-6
    )


def test_tables_are_frames_that_print_in_80_columns(cake, sorghum):
    for table in (
        mm.anova(cake),
        mm.anova(cake, 3, "satterthwaite"),
        mm.contrast(sorghum, np.eye(18)[:3]),
        mm.anova(mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum")), 1),
    ):
        assert isinstance(table, Table) and isinstance(table, pd.DataFrame)
        assert max(map(len, str(table).splitlines())) <= 80
        assert "<table" in table._repr_html_() and table.title in table._repr_html_()
        assert type(table.round(2)) is pd.DataFrame and type(table.iloc[:1]) is pd.DataFrame


def test_errors_teach(sorghum):
    with pytest.raises(ValueError, match="type=4 is unknown; use 1"):
        mm.anova(sorghum, type=4)
    with pytest.raises(ValueError, match="type='II' is unknown"):
        mm.anova(sorghum, type="II")
    with pytest.raises(ValueError, match="df='kr' is unknown; use one of 'kenward-roger'"):
        mm.anova(sorghum, df="kr")
    with pytest.raises(ValueError, match=r"by ML; use fit\.refit\(reml=True\)"):
        mm.anova(sorghum.refit(reml=False))
    with pytest.raises(ValueError, match="no term besides the intercept"):
        mm.anova(mm.lmm("score ~ 1 + (1 | school)", mm.load("schools")))
    with pytest.raises(
        ValueError, match="L has 17 weights in a row, but the model has 18 fixed effects"
    ):
        mm.contrast(sorghum, np.ones(17))
    with pytest.raises(
        KeyError, match=r"no coefficient 'genotype\[G02\]'; did you mean 'genotype\[T.G02\]'"
    ):
        mm.contrast(sorghum, {"genotype[G02]": 1})
    with pytest.raises(ValueError, match="must hold numbers"):
        mm.contrast(sorghum, {"Intercept": "much"})
    with pytest.raises(ValueError, match="only zeros"):
        mm.contrast(sorghum, np.zeros(18))
    with pytest.raises(ValueError, match="missing or infinite"):
        mm.contrast(sorghum, {"Intercept": np.nan})
    with pytest.raises(ValueError, match="level=95 must lie between 0 and 1"):
        mm.contrast(sorghum, {"Intercept": 1}, level=95)
    aliased = mm.lm(
        "reaction_ms ~ days + hours", frame("sleepstudy").assign(hours=lambda d: 24 * d.days)
    )
    with pytest.raises(ValueError, match="cannot estimate the contrast 'days'.*dropped: hours"):
        mm.contrast(aliased, {"days": 1})
    assert mm.contrast(aliased, {"days": 1, "hours": 24}).estimate.iloc[0] == pytest.approx(
        10.4673, abs=1e-4
    )


@pytest.mark.parametrize(
    "fixed",
    (
        "C(k)*a",
        "k + C(k)*a",
        "0 + a*b",
        "a + a:b",
        "a/b",
        "a*np.log(x)",
        "a*flag",
        "x*z*a",
        "a*I(x**2) + x",
    )
    + ("a*C(`total fruits`)", "scale(x)*a*b", "x:z + a:b:x"),
)
def test_every_kind_of_formula_has_three_tables(fixed):
    rng, n = np.random.default_rng(3), 120
    data = pd.DataFrame({"a": rng.choice(list("pqr"), n), "b": rng.choice(["u", "v"], n)})
    data["k"], data["total fruits"] = rng.integers(1, 4, n), rng.integers(1, 5, n)
    data["x"], data["z"], data["flag"] = (
        rng.uniform(1, 3, n),
        rng.normal(size=n),
        rng.random(n) > 0.5,
    )
    data["y"], data["g"] = rng.normal(size=n) + data.x, rng.integers(0, 10, n)
    fit = mm.lm(f"y ~ {fixed}", data)
    first, second, third = (mm.anova(fit, kind) for kind in (1, 2, 3))
    total = np.sum((fit.y - fit.y.mean() * ("Intercept" in fit.design.x_terms)) ** 2)
    assert first.sum_sq.sum() == pytest.approx(total)
    last = [
        t
        for t in first.index[:-1]
        if not any(set(t.split(":")) < set(o.split(":")) for o in first.index)
    ]
    for term in last:  # contained in no other: Types II and III agree
        assert third.f[term] == pytest.approx(second.f[term], nan_ok=True)
    mixed = mm.lmm(f"y ~ {fixed} + (1 | g)", data)
    assert mm.anova(mixed, 3).num_df.tolist() == third.num_df.tolist()[:-1]


def test_p_values_with_df_z_are_those_of_chi_squared():
    from scipy.stats import chi2

    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"a": list("pqrst") * 12, "g": np.repeat(list("uvwxyz"), 10), "y": rng.normal(size=60)}
    )
    row = mm.anova(mm.lmm("y ~ a + (1 | g)", data), df="z").loc["a"]
    assert row.num_df == 4 and row.p == pytest.approx(chi2.sf(4 * row.f, 4)) and 1e-3 < row.p < 0.99


@pytest.mark.parametrize("curve", ["poly(x, 4)", "x*z*w"])
def test_type_3_with_several_covariates_averages_over_the_factor(curve):
    """More columns than the combinations of levels alone have rows."""
    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        {
            "a": rng.choice(list("pqr"), 200, p=[0.5, 0.3, 0.2]),
            **{name: rng.uniform(0, 2, 200) for name in "xzw"},
        }
    )
    data["y"] = rng.normal(size=200) + data.x
    ours = mm.lm(f"y ~ a*({curve})", data)
    coded = pd.get_dummies(data.a, dtype=float)
    coded = data.assign(a1=coded.p - coded.r, a2=coded.q - coded.r)  # effects that sum to zero
    other = mm.lm(f"y ~ (a1 + a2)*({curve})", coded)
    table = mm.anova(ours, 3)
    for term in ours.design.x_terms:
        if term == "Intercept" or "a" in ours.design.x_variables[term]:
            continue
        there = other.design.x_terms[term]
        assert table.f[term] == pytest.approx(
            mm.contrast(other, np.eye(len(other.beta))[there]).joint.f
        )
    assert ours.loglik == pytest.approx(other.loglik)


def test_the_table_says_at_which_value_of_a_covariate_a_factor_is_tested():
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {
            "machine": list("pqr") * 20,
            "diameter": rng.normal(20, 4, 60),
            "z": rng.normal(size=60),
            "shift": list("ab") * 30,
        }
    )
    data["strength"] = rng.normal(size=60)
    fit = mm.lm("strength ~ diameter*machine", data)
    for kind in (2, 3):
        table = mm.anova(fit, kind)
        assert table.notes == [
            "machine is tested at diameter = 0. Centre diameter (subtract its mean, "
            f"{data.diameter.mean():.2f}) to test at the mean."
        ]
        printed = str(table).splitlines()
        assert "machine is tested at diameter = 0." in printed[-2] and max(map(len, printed)) <= 80
    assert mm.anova(fit, 1).notes == []
    # the note is right: with the covariate counted from its mean the test is another one
    centred = mm.lm("strength ~ diameter*machine", data.assign(diameter=data.diameter - 20))
    assert mm.anova(centred).f["machine"] != pytest.approx(mm.anova(fit).f["machine"], rel=0.01)
    at_zero = mm.lm("strength ~ diameter + diameter:machine", data)
    drop = at_zero.sigma2 * at_zero.df_resid - fit.sigma2 * fit.df_resid
    assert mm.anova(fit).sum_sq["machine"] == pytest.approx(drop)
    assert mm.anova(mm.lm("strength ~ machine*shift + z", data)).notes == []
    assert mm.anova(mm.lm("strength ~ diameter*z", data)).notes == [
        "diameter is tested at z = 0. Centre z (subtract its mean, "
        f"{data.z.mean():.4g}) to test at the mean.",
        "z is tested at diameter = 0. Centre diameter (subtract its mean, "
        f"{data.diameter.mean():.2f}) to test at the mean.",
    ]
    both = mm.anova(mm.lmm("strength ~ machine*diameter*z + (1 | shift)", data)).notes
    assert both[0].startswith("machine is tested at diameter = 0 and z = 0. Centre diameter and z")
    curved = mm.anova(mm.lm("strength ~ machine*(diameter + I(diameter**2))", data)).notes[0]
    assert "Centre diameter (subtract" in curved and "Centre diameter and" not in curved
    chunks = iter([data[:30], data[30:]])  # whose mean nobody keeps
    streamed = mm.lmm("strength ~ machine*diameter + (1 | shift)", chunks)
    assert mm.anova(streamed).notes == [
        "machine is tested at diameter = 0. Centre diameter to test at the mean."
    ]


def test_the_remedy_moves_the_test_to_the_mean_where_car_has_it():
    data = frame("orthodont")
    data["from_mean"] = data.age - data.age.mean()
    theirs = r_table(next(t for t in FIXED["lm_orthodont"]["anova"] if t["type"] == 2))
    for formula, covariate in (("sex*from_mean", "from_mean"), ("sex*center(age)", "center(age)")):
        table = mm.anova(mm.lm(f"distance_mm ~ {formula}", data))
        # car leaves age:sex out; each child has all ages, so at their mean that is the same test
        assert table.sum_sq["sex"] == pytest.approx(theirs.sum_sq["sex"], rel=1e-9)
        assert table.notes == [f"sex is tested at {covariate} = 0, its mean."]
    raw = mm.anova(mm.lm("distance_mm ~ sex*age", data))
    assert raw.f["sex"] < theirs.f["sex"] / 50
    # the note is right about what is compared: the difference of the two lines at that age
    fit = mm.lm("distance_mm ~ age*sex", data)
    at = {age: mm.contrasts(mm.emmeans(fit, "sex", at={"age": age})).t[0] ** 2 for age in (0, 11)}
    assert (at[0], at[11]) == pytest.approx((raw.f["sex"], table.f["sex"]))


def test_a_term_without_anything_to_test_is_tested_nowhere():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"a": list("pqr") * 8, "x": rng.normal(5, 1, 24), "y": rng.normal(size=24)})
    data["twin"] = data.a
    notes = mm.anova(mm.lm("y ~ a + twin + twin:x", data)).notes
    assert not any(note.startswith(("twin is tested", "a and twin")) for note in notes)
