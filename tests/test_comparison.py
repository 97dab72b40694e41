"""Comparing models: against R's anova() and ranova(), by identities, and refusals with a reason."""

import re

import numpy as np
import pandas as pd
import pytest
from reference_values import ROOT, frame, reference

import mmteach as mm
from mmteach.engine.criterion import ProfiledCriterion
from mmteach.engine.crossproducts import with_effects
from mmteach.engine.search import minimise
from mmteach.inference.comparison import compare, ranova
from mmteach.inference.shell import anova_shell
from mmteach.tables import column

INFERENCE = reference("inference")


def table_of(entry):
    return pd.DataFrame(entry.get("table", entry))


def fit_of(formula, data, **options):
    return mm.lmm(formula, frame(data) if isinstance(data, str) else data, **options)


@pytest.fixture(scope="module")
def sleep():
    formulas = {
        "intercepts": "reaction_ms ~ days + (1 | subject)",
        "independent": "reaction_ms ~ days + (days || subject)",
        "slopes": "reaction_ms ~ days + (days | subject)",
    }
    return {name: fit_of(text, "sleepstudy") for name, text in formulas.items()}


# --- against R ----------------------------------------------------------------------------


@pytest.mark.parametrize("model", INFERENCE["compare"], ids=lambda m: m["id"])
def test_likelihood_ratio_tables_equal_R(model):
    fits = [fit_of(f, model["data"], reml=model["reml"]) for f in model["formulas"]]
    ours = compare(*fits, refit="ml" if model["refit"] else False)
    theirs = table_of(model["table"]).rename(columns={"deviance": "minus2loglik"})
    assert list(ours.columns) == [
        "npar",
        "aic",
        "bic",
        "loglik",
        "minus2loglik",
        "chisq",
        "df",
        "p",
    ]
    for name in ours:
        np.testing.assert_allclose(
            ours[name].astype(float),
            theirs[name].astype(float),
            rtol=1e-7,
            atol=1e-7,
            err_msg=name,
        )


@pytest.mark.parametrize("way", ["reduce", "drop"])
@pytest.mark.parametrize("model", INFERENCE["mixed"], ids=lambda m: m["id"])
def test_ranova_equals_lmerTest(model, way):
    ours = ranova(
        fit_of(model["formula"], model["data"], weights=model.get("weights")),
        reduce=way == "reduce",
    )
    theirs = table_of(model["ranova"][way]).set_index("term")

    def same(label):  # lme4 writes variety:block for block:variety
        return re.sub(
            r"\| (\S+)\)", lambda m: "| " + ":".join(sorted(m[1].split(":"))) + ")", label
        )

    ours.index, theirs.index = [[same(label) for label in table.index] for table in (ours, theirs)]
    assert sorted(ours.index) == sorted(theirs.index)
    theirs = theirs.loc[ours.index].rename(columns={"lrt": "chisq"})
    for name in ("npar", "loglik", "aic", "chisq", "df", "p"):
        tolerance = 1e-6 if name == "p" else 1e-7  # p is steep at chisq = 0
        np.testing.assert_allclose(
            ours[name].astype(float),
            theirs[name].astype(float),
            rtol=tolerance,
            atol=tolerance,
            err_msg=name,
        )


@pytest.mark.skipif(not (ROOT / "data" / "clover.csv").exists(), reason="no clover data")
def test_the_published_clover_tests():
    formula = "biomass ~ site_year + (1|rep) + (1|entry:site_year)"
    without, full = (fit_of(f, mm.load("clover")) for f in (formula, formula + " + (1|entry)"))
    ml = compare(without, full, refit="ml")
    assert column(ml.aic, decimals=2) == ["957.01", "958.75"]
    assert column(ml.bic, decimals=2) == ["970.78", "975.27"]
    assert column(ml.loglik, decimals=2) == ["-473.50", "-473.37"]
    assert column(ml.chisq, decimals=4)[1] == "0.2648" and column(ml.p, decimals=4)[1] == "0.6069"
    deleted = ranova(full).loc[["<none>", "(1 | rep)", "(1 | entry)", "(1 | entry:site_year)"]]
    assert column(deleted.loglik, decimals=2) == ["-469.64", "-470.00", "-469.77", "-471.14"]
    assert column(deleted.chisq, decimals=5)[1:] == ["0.71145", "0.25599", "3.00386"]
    assert column(deleted.p, decimals=5)[1:] == ["0.39896", "0.61289", "0.08307"]


# --- which likelihood ---------------------------------------------------------------------


def test_equal_fixed_parts_are_compared_by_reml_and_it_is_said(sleep):
    table = compare(sleep["intercepts"], sleep["slopes"])
    assert table.loglik.tolist() == [sleep["intercepts"].loglik, sleep["slopes"].loglik]
    assert "REML criteria are compared as they are" in str(table)
    as_in_r = compare(sleep["intercepts"], sleep["slopes"], refit="ml")
    assert as_in_r.loglik.tolist() != table.loglik.tolist()
    assert "fitted again by ML" in str(as_in_r)


def test_different_fixed_parts_are_fitted_again_by_ml_and_it_is_said(sleep):
    smaller = fit_of("reaction_ms ~ 1 + (days | subject)", "sleepstudy")
    table = compare(smaller, sleep["slopes"])
    assert table.loglik.iloc[1] == sleep["slopes"].refit(reml=False).loglik
    assert "fitted again by ML" in str(table)
    with pytest.raises(
        ValueError, match="REML criteria of different fixed parts cannot be compared.*refit=True"
    ):
        compare(smaller, sleep["slopes"], refit=False)


def test_another_coding_of_the_same_fixed_part_counts_as_different(sleep):
    data = frame("sleepstudy")
    other = mm.lmm("reaction_ms ~ hours + (1 | subject)", data.assign(hours=24 * data.days))
    assert "(or their coding) differ" in str(compare(other, sleep["slopes"]))


def test_one_line_says_which_likelihood_it_is(sleep):
    small, large, flat = sleep["intercepts"], sleep["slopes"], "reaction_ms ~ 1 + (1 | subject)"
    flat, by_ml = fit_of(flat, "sleepstudy"), small.refit(reml=False)
    plain = [mm.lm(f"reaction_ms ~ {x}", frame("sleepstudy")) for x in ("1", "days")]
    differ = "The fixed parts (or their coding) differ: the models were fitted again by ML."
    same = "The fixed parts are the same: REML criteria are compared as they are."
    cases = [
        ((small, large), True, same),
        ((plain[1], small), True, same),
        ((flat, small), True, differ),
        ((by_ml, large), True, "Some models were fitted by ML, so all were fitted by ML."),
        ((by_ml, large.refit(reml=False)), True, "All models are fitted by ML."),
        (plain, True, "All models are fitted by ML."),
        ((small, large), "ml", "The models were fitted again by ML, as asked for."),
        ((small, large), False, "REML criteria of the same fixed part, as fitted."),
        ((by_ml, large.refit(reml=False)), False, "ML, as fitted."),
    ]
    for fits, refit, line in cases:
        table = compare(*fits, refit=refit)
        printed = str(table).splitlines()
        assert [text for text in printed if re.search(r"\b(RE)?ML\b", text)] == [line]
        assert max(map(len, printed)) <= 80
        reml = line.startswith("REML") or line == same  # and it is the one in the table
        assert table.loglik.tolist() == [fit.loglik_by(reml) for fit in fits]


def test_the_order_of_the_arguments_does_not_matter(sleep):
    fits = [sleep[name] for name in ("slopes", "intercepts", "independent")]
    table = compare(*fits, names=["c", "a", "b"])
    assert list(table.index) == ["a", "b", "c"]
    turned = compare(*fits[::-1], names=["b", "a", "c"])
    pd.testing.assert_frame_equal(pd.DataFrame(turned), pd.DataFrame(table))


def test_least_squares_against_mixed_is_the_deletion_of_the_only_term():
    data = frame("sleepstudy_weighted")
    plain = mm.lm("reaction_ms ~ days", data, weights="weight")
    mixed = mm.lmm("reaction_ms ~ days + (1 | subject)", data, weights="weight")
    by_reml, deleted = compare(plain, mixed), ranova(mixed)
    assert by_reml.loglik.iloc[0] == pytest.approx(deleted.loglik.iloc[1], abs=1e-9)
    assert by_reml.p.iloc[1] == pytest.approx(deleted.p.iloc[1])
    by_ml = compare(plain, mixed, refit="ml")
    assert by_ml.loglik.iloc[0] == plain.loglik
    with pytest.raises(ValueError, match="two different likelihoods"):
        compare(plain, mixed, refit=False)


# --- the boundary -------------------------------------------------------------------------


def test_half_of_the_p_value_for_one_variance():
    small, large = (fit_of(f"strength ~ 1 + (1|batch{more})", "pastes") for more in ("", "/cask"))
    plain, half = compare(small, large), compare(small, large, boundary=True)
    assert half.p.iloc[1] == pytest.approx(plain.p.iloc[1] / 2)
    assert "p from chi-square is too large" in str(plain)
    assert "half from chi-square" in str(half)


def test_a_slope_and_its_covariance_by_the_mixture_of_one_and_two_df(sleep):
    from scipy.stats import chi2

    table = compare(sleep["intercepts"], sleep["slopes"], boundary=True)
    x = table.chisq.iloc[1]
    assert table.p.iloc[1] == pytest.approx((chi2.sf(x, 1) + chi2.sf(x, 2)) / 2)
    assert ranova(sleep["slopes"], boundary=True).p.iloc[1] == table.p.iloc[1]


def test_a_covariance_alone_is_no_boundary_case(sleep):
    plain, half = (
        compare(sleep["independent"], sleep["slopes"], boundary=b) for b in (False, True)
    )
    assert half.p.iloc[1] == plain.p.iloc[1]


def test_the_mixture_at_a_boundary_estimate_is_one():
    fit = fit_of("yield ~ 1 + (1|batch)", "dyestuff2")
    assert ranova(fit, boundary=True).p.iloc[1] == 1


def test_two_variances_at_once_are_refused_with_boundary():
    data = frame("penicillin")
    plain = mm.lm("diameter_mm ~ 1", data)
    both = mm.lmm("diameter_mm ~ 1 + (1|plate) + (1|sample)", data)
    with pytest.raises(ValueError, match="one variance at a time"):
        compare(plain, both, boundary=True)


# --- nested or not ------------------------------------------------------------------------


def test_compound_symmetry_is_inside_the_full_covariance():
    data = frame("machines")
    nested = mm.lmm("score ~ machine + (1|worker) + (1|worker:machine)", data)
    full = mm.lmm("score ~ machine + (machine|worker)", data)
    cells = mm.lmm("score ~ machine + (0 + machine|worker)", data)
    assert compare(nested, full).df.iloc[1] == 4
    assert compare(nested, cells).chisq.iloc[1] == pytest.approx(
        compare(nested, full).chisq.iloc[1], abs=1e-6
    )


@pytest.mark.parametrize(
    "small, large, culprit",
    [
        ("y ~ x + (1|g)", "y ~ f + (x|g)", r"fixed part of the\s+smaller \(x\)"),
        ("y ~ f + (1|h)", "y ~ f + (x|g)", r"\(1 \| h\)"),
        ("y ~ f + (0 + x|g)", "y ~ f + (1|g) + (0 + z|g)", r"\(0 \+ x \| g\)"),
        # z = x + 1: the three matrices of the larger model span those of the smaller, but a negative
        # covariance of intercept and x would take a negative variance of z
        ("y ~ f + (x|g)", "y ~ f + (1|g) + (0 + x|g) + (0 + z|g) + (1|h)", r"\(1 \+ x \| g\)"),
        ("y ~ f + (x|g)", "y ~ f + (1|g) + (0 + x|g) + (1|h)", "same number of parameters"),
        ("y ~ f + (1|g)", "y ~ f + (1|h)", "same number of parameters"),
    ],
)
def test_models_that_are_not_nested_are_refused(small, large, culprit):
    rng = np.random.default_rng(3)
    n = 120
    data = pd.DataFrame(
        {
            "g": np.arange(n) % 12,
            "h": np.arange(n) // 12,
            "x": rng.normal(size=n),
            "f": pd.Categorical(rng.choice(list("abc"), n)),
        }
    )
    data["z"] = data.x + 1
    data["y"] = rng.normal(size=n) + rng.normal(size=12)[data.g] + rng.normal(size=10)[data.h]
    with pytest.raises(ValueError, match=f"(?s){culprit}.*compare their AIC"):
        compare(mm.lmm(small, data), mm.lmm(large, data))


def test_refusals_name_the_fault_and_the_remedy(sleep):
    data = frame("sleepstudy")
    slopes = sleep["slopes"]
    fewer = mm.lmm("reaction_ms ~ days + (1 | subject)", data.iloc[1:])
    with pytest.raises(ValueError, match="different rows.*has 179.*dropna"):
        compare(fewer, slopes)
    with pytest.raises(ValueError, match="different responses, log_rt and reaction_ms"):
        compare(
            mm.lmm("log_rt ~ days + (1 | subject)", data.assign(log_rt=np.log(data.reaction_ms))),
            slopes,
        )
    with pytest.raises(ValueError, match="response reaction_ms differs.*same order"):
        compare(mm.lmm("reaction_ms ~ days + (1 | subject)", data[::-1]), slopes)
    with pytest.raises(ValueError, match="weights differ"):
        compare(mm.lmm("reaction_ms ~ days + (1 | subject)", data, weights=data.days + 1), slopes)
    with pytest.raises(ValueError, match="two or more fits.*ranova"):
        compare(slopes)
    with pytest.raises(ValueError, match="not str"):
        compare(slopes, "reaction_ms ~ days")
    with pytest.raises(ValueError, match="2 names|1 names for 2 fits"):
        compare(sleep["intercepts"], slopes, names=["one"])
    with pytest.raises(ValueError, match="refit='reml' is unknown"):
        compare(sleep["intercepts"], slopes, refit="reml")
    with pytest.raises(ValueError, match="by REML and some by ML"):
        compare(sleep["intercepts"], slopes.refit(reml=False), refit=False)
    with pytest.raises(ValueError, match="random terms.*mm.lmm"):
        ranova(mm.lm("reaction_ms ~ days", data))


def test_streamed_fits_can_be_compared_and_reduced(sleep):
    data = frame("sleepstudy")
    chunks = [data.iloc[:90], data.iloc[90:]]
    small, large = (
        mm.lmm(f"reaction_ms ~ days + ({left} | subject)", iter(chunks)) for left in ("1", "days")
    )
    np.testing.assert_allclose(
        compare(small, large).chisq, compare(sleep["intercepts"], sleep["slopes"]).chisq
    )
    np.testing.assert_allclose(ranova(large).loglik, ranova(sleep["slopes"]).loglik)
    with pytest.raises(ValueError, match="not nested"):
        compare(mm.lmm("reaction_ms ~ I(days**2) + (1 | subject)", iter(chunks)), large)


# --- deletions without the rows -----------------------------------------------------------


@pytest.mark.parametrize(
    "full, T, smaller",
    [
        (
            "score ~ machine + (machine|worker) + (1|worker:machine)",
            [np.eye(1), np.eye(3)[:, :1]],
            "score ~ machine + (1|worker) + (1|worker:machine)",
        ),
        (
            "score ~ machine + (machine|worker) + (1|worker:machine)",
            [np.zeros((1, 0)), np.eye(3)],
            "score ~ machine + (machine|worker)",
        ),
        (
            "score ~ machine + (0 + machine|worker)",
            [np.ones((3, 1))],
            "score ~ machine + (1|worker)",
        ),
    ],
)
def test_products_of_a_smaller_model_follow_from_those_of_the_larger(full, T, smaller):
    data = frame("machines_unbalanced")
    fit, direct = mm.lmm(full, data), mm.lmm(smaller, data)
    criterion = ProfiledCriterion(with_effects(fit.products, T))
    assert criterion(minimise(criterion)[0]) == pytest.approx(direct.criterion, abs=1e-8)
    theta = np.full(direct.products.n_theta, 0.7)
    assert criterion(theta) == pytest.approx(direct.profiled(theta), abs=1e-9)


def test_effects_of_a_factor_are_reduced_to_an_intercept_however_they_are_written():
    data = frame("machines_unbalanced")
    intercepts = mm.lmm("score ~ machine + (1 | worker)", data)
    for left in ("machine", "0 + machine"):
        table = ranova(mm.lmm(f"score ~ machine + ({left} | worker)", data))
        assert table.index[1] == f"machine in ({left} | worker)"
        assert table.loglik.iloc[1] == pytest.approx(intercepts.loglik, abs=1e-8)
        assert table.df.iloc[1] == 5


def test_terms_contained_in_others_are_not_deleted_first():
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"g": np.repeat(np.arange(10), 12), "x": rng.normal(size=120), "z": rng.normal(size=120)}
    )
    data["y"] = rng.normal(size=120)
    labels = list(ranova(mm.lmm("y ~ x*z + (x*z | g)", data)).index)
    assert labels == ["<none>", "x:z in (x*z | g)"]
    labels = list(ranova(mm.lmm("y ~ x + z + (x + z | g)", data)).index)
    assert labels == ["<none>", "x in (x + z | g)", "z in (x + z | g)"]


# --- the shell ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "treatments, blocks, n, df",
    [
        (
            "diet*day",
            None,
            {"diet": 6, "day": 3, "rep": 15},
            {"diet": 5, "day": 2, "diet:day": 10, "error": 252, "total": 269},
        ),
        (
            "diet*day",
            "room",
            {"diet": 6, "day": 3, "room": 3, "rep": 5},
            {"room": 2, "diet": 5, "day": 2, "diet:day": 10, "error": 250, "total": 269},
        ),
        (
            "genotype*fungicide",
            "block/fungicide",
            {"block": 4, "fungicide": 2, "genotype": 70},
            {
                "block": 3,
                "fungicide": 1,
                "error of block:fungicide": 3,
                "genotype": 69,
                "genotype:fungicide": 69,
                "error": 414,
                "total": 559,
            },
        ),
        (
            "diet*day",
            "room/diet:pen",
            {"diet": 6, "day": 3, "room": 3, "pen": 5},
            {
                "room": 2,
                "diet": 5,
                "error of room:diet:pen": 82,
                "day": 2,
                "diet:day": 10,
                "error": 168,
                "total": 269,
            },
        ),
        (
            "site/entry",
            None,
            {"site": 6, "entry": 3, "rep": 2},
            {"site": 5, "site:entry": 12, "error": 18, "total": 35},
        ),
        (
            "a + b",
            "block",
            {"a": 3, "b": 4, "block": 5},
            {"block": 4, "a": 2, "b": 3, "error": 50, "total": 59},
        ),
    ],
)
def test_degrees_of_freedom_of_a_design(treatments, blocks, n, df):
    shell = anova_shell(treatments, blocks, n)
    assert shell.df.to_dict() == df
    assert shell.df.iloc[:-1].sum() == df["total"]
    for text, value in zip(shell.how, shell.df):
        product = re.sub(r"(?<=[\d)])\(", "*(", text.replace("−", "-").replace("·", "*"))
        assert eval(product) == value, text


@pytest.mark.parametrize(
    "treatments, blocks, n",
    [
        ("a*b", "block", {"a": 3, "b": 2, "block": 4}),
        ("a/b", None, {"a": 3, "b": 2, "rep": 3}),
        ("a*b*c", "block", {"a": 2, "b": 3, "c": 2, "block": 2, "rep": 2}),
        ("a + a:b", None, {"a": 2, "b": 3, "rep": 2}),
    ],
)
def test_the_error_is_what_least_squares_has_left(treatments, blocks, n):
    rows = pd.MultiIndex.from_product([range(k) for k in n.values()], names=n).to_frame(index=False)
    data = rows.astype("category").assign(y=np.random.default_rng(1).normal(size=len(rows)))
    fit = mm.lm("y ~ " + " + ".join(filter(None, [blocks, treatments])), data)
    assert anova_shell(treatments, blocks, n).df["error"] == fit.df_resid


def test_the_shell_without_replicates_says_so():
    shell = anova_shell("a*b", n={"a": 2, "b": 3})
    assert shell.df["error"] == 0 and "Nothing is left for the error" in str(shell)


def test_the_shell_explains_its_error():
    shell = anova_shell("diet*day", "room", {"diet": 6, "day": 3, "room": 3, "rep": 5})
    assert "270 observations − 18 treatment means − 2 for blocks" in str(shell)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            ("diet*day", "room", {"diet": 6, "room": 3}),
            r"no number of levels for day; add it, n=\{'day': ...\}",
        ),
        (("diet*day",), "n gives the levels of every factor"),
        (("diet", None, {"diet": 2.5}), r"n\['diet'\] is 2.5; it must be a whole number"),
        (("diet", None, {"diet": 0}), "1 or more"),
        (("(diet + day)*room", None, {"diet": 2}), "join names by"),
    ],
)
def test_the_shell_refuses_what_it_cannot_count(arguments, message):
    with pytest.raises(ValueError, match=message):
        anova_shell(*arguments)


@pytest.mark.parametrize("chisq", [0.0, 1e-9, 0.3, 0.9, 2.5])
def test_one_variance_on_one_df_is_half_a_chi_squared_and_half_a_zero(chisq):
    from scipy.stats import chi2

    from mmteach.inference.comparison import _p

    expected = 1.0 if chisq == 0 else chi2.sf(chisq, 1) / 2  # P(0 >= chisq) is 1 only there
    assert _p(chisq, 1, 1, "a") == pytest.approx(expected)


def test_small_statistics_with_the_boundary_minded():
    """chi-square below 1, where half of the weight at zero must not count."""
    from scipy.stats import chi2

    rng = np.random.default_rng(0)
    for _ in range(200):
        data = pd.DataFrame({"g": np.repeat(list("abcdef"), 5), "y": rng.normal(size=30)})
        table = ranova(mm.lmm("y ~ 1 + (1 | g)", data), boundary=True)
        chisq, p = table.chisq.iloc[1], table.p.iloc[1]
        if 0.05 < chisq < 1:
            assert p == pytest.approx(chi2.sf(chisq, 1) / 2)
            return
    raise AssertionError("no data set had a small statistic")


def test_models_with_different_offsets_are_not_nested():
    rng = np.random.default_rng(4)
    data = pd.DataFrame(
        {"x": rng.normal(size=40), "z": rng.normal(size=40), "g": np.repeat(list("abcde"), 8)}
    )
    data["y"] = data.x + data.z + rng.normal(size=40)
    plain, moved = (mm.lmm(f"y ~ x{more} + (1 | g)", data) for more in ("", " + offset(z)"))
    wide = mm.lmm("y ~ x + z + (1 | g)", data)
    with pytest.raises(ValueError, match="offsets differ"):
        compare(mm.lm("y ~ x", data), moved)
    for small in (plain, moved):  # the larger has z, which makes any multiple of it good
        table = compare(small, wide)
        assert table["df"].iloc[1] == 1
    slope = mm.contrast(wide, {"z": 1}, df="z")
    ml = wide.refit(reml=False)
    assert (
        compare(moved, wide).chisq.iloc[1]
        == pytest.approx(((ml.beta["z"] - 1) / ml.se["z"]) ** 2, rel=0.1)
        and slope.se.iloc[0] > 0
    )
