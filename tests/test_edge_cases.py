"""What students hand in: odd columns, odd types, arguments in the wrong place."""

import warnings

import numpy as np
import pandas as pd
import pytest

import mmteach as mm

F = "reaction_ms ~ days + (1 | subject)"


@pytest.fixture(scope="module")
def sleep():
    return mm.load("sleepstudy")


@pytest.fixture(scope="module")
def fit(sleep):
    return mm.lmm(F, sleep)


def pieces(data, rows=37):
    return [data.iloc[i : i + rows] for i in range(0, len(data), rows)]


# --- columns and rows ---------------------------------------------------------------------


def arrow(data):
    pa = pytest.importorskip("pyarrow")
    return pa.Table.from_pandas(data).to_pandas(types_mapper=pd.ArrowDtype)


@pytest.mark.parametrize(
    "change",
    [
        arrow,
        lambda d: d.assign(subject=d.subject.astype(int)),
        lambda d: d.assign(subject=d.subject.astype(int), days=d.days).convert_dtypes(),
        lambda d: d.assign(subject=d.subject.astype("string")),
        lambda d: d.assign(subject=d.subject.cat.add_categories(["none"])),
        lambda d: d.assign(days=d.days.astype("uint8")),
        lambda d: d.set_axis([0] * len(d)),
        lambda d: d.set_index(["subject", "days"], drop=False).rename_axis([None, None]),
        lambda d: d.set_axis(pd.date_range("2020", periods=len(d))),
    ],
)
def test_the_form_of_columns_and_index_does_not_matter(change, sleep, fit):
    data = change(sleep)
    before = data.copy()
    new = mm.lmm(F, data)
    assert new.criterion == pytest.approx(fit.criterion, abs=1e-9)
    np.testing.assert_allclose(
        new.predict(data.head(3), se=True), fit.predict(sleep.head(3), se=True)
    )
    pd.testing.assert_frame_equal(data, before)


def test_arrow_categories_keep_their_order(sleep):
    days = pd.Categorical(sleep.days.astype(str), [str(d) for d in range(9, -1, -1)])
    data = arrow(sleep.assign(days=days))
    assert mm.lmm(F, data).beta.index[1] == "days[T.8]"


@pytest.mark.parametrize(
    ("data", "formula", "words"),
    [
        (lambda d: d.set_index("days"), F, "'days' is in the index of the data.*reset_index"),
        (lambda d: d.set_axis([0, 1, 2], axis=1), F, "The columns are: 0, 1, 2"),
        (lambda d: d.set_axis([0, 1, 2], axis=1), "`2` ~ `1` + (1 | `0`)", "columns=str"),
    ],
)
def test_columns_out_of_reach_of_a_formula(data, formula, words, sleep):
    with pytest.raises(KeyError, match=words):
        mm.lmm(formula, data(sleep))


def test_numbers_as_column_names_after_renaming(sleep, fit):
    data = sleep.set_axis([0, 1, 2], axis=1).rename(columns=str)
    assert mm.lmm("`2` ~ `1` + (1 | `0`)", data).criterion == fit.criterion


def test_weights_follow_their_rows_or_are_refused(sleep):
    w = pd.Series(np.linspace(1, 2, 180))
    right = mm.lmm(F, sleep, weights=w)
    assert mm.lmm(F, sleep, weights=w[::-1]).criterion == right.criterion
    for other in (w.set_axis([f"w{i}" for i in range(180)]), w.set_axis(range(5, 185))):
        with pytest.raises(ValueError, match="whose index is not that of the data.*to_numpy"):
            mm.lmm(F, sleep, weights=other)
        assert mm.lmm(F, sleep, weights=other.to_numpy()).criterion == right.criterion


# --- nothing left to explain --------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 1e6])
def test_a_response_computed_from_a_predictor(sleep, offset):
    data = sleep.assign(twice=2 * sleep.reaction_ms + offset)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="fixed part reproduces the response twice exactly"):
            mm.lmm("twice ~ reaction_ms + (1 | subject)", data)
        with pytest.raises(ValueError, match="reproduces the response twice exactly"):
            mm.lm("twice ~ reaction_ms", data)
        with pytest.raises(ValueError, match="reproduces the response twice exactly"):
            mm.lmm("twice ~ reaction_ms + (1 | subject)", pieces(data))


def test_refit_to_a_constant(fit):
    with pytest.raises(ValueError, match="reproduces the response"):
        fit.refit(y=np.ones(180))


def test_little_noise_on_a_large_offset_is_no_exact_fit(sleep):
    noise = np.random.default_rng(1).standard_normal(180)
    small = mm.lmm("y ~ days + (1 | subject)", sleep.assign(y=1e-3 * noise + 1e6))
    assert small.sigma == pytest.approx(1e-3, rel=0.2)


# --- data in pieces -----------------------------------------------------------------------


def test_missing_rows_are_counted_over_all_pieces(sleep):
    data = sleep.astype({"days": float})
    data.loc[[0, 3, 50, 120], "days"] = np.nan
    data.loc[[3, 121], "reaction_ms"] = np.nan
    whole = mm.lmm(F, data)
    streamed = mm.lmm(F, pieces(data))
    assert (
        streamed.messages
        == whole.messages
        == ["5 of 180 rows were dropped: missing values in reaction_ms (2), days (4)"]
    )
    assert (streamed.nobs, streamed.design.n_dropped) == (175, 5)
    assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-9)


@pytest.mark.parametrize("first", [1, 37, 74, 100])
def test_first_pieces_without_a_complete_row(sleep, first):
    data = sleep.astype({"days": float})
    data.loc[data.index[:first], "days"] = np.nan
    whole, streamed = mm.lmm(F, data), mm.lmm(F, pieces(data))
    assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-9)
    assert streamed.messages == whole.messages


def test_no_complete_row_in_any_piece(sleep):
    with pytest.raises(ValueError, match="no complete row: 180 of 180 rows were dropped"):
        mm.lmm(F, pieces(sleep.assign(days=np.nan)))


def test_a_first_piece_with_one_level_of_a_text_factor(sleep):
    data = sleep.assign(late=np.where(sleep.days > 4, "yes", "no")).sort_values("late")
    formula = "reaction_ms ~ late + (1 | subject)"
    with pytest.raises(ValueError, match="name all levels by levels="):
        mm.lmm(formula, pieces(data))
    streamed = mm.lmm(formula, pieces(data), levels={"late": ["no", "yes"]})
    assert streamed.criterion == pytest.approx(mm.lmm(formula, data).criterion, rel=1e-9)


# --- arguments ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda fit, d: mm.lmm(d, F), "formula must be text, not DataFrame"),
        (lambda fit, d: mm.lmm(F, d, reml="ML"), "reml='ML' must be True"),
        (lambda fit, d: mm.lmm(F, d, levels={"days": [1]}), "pd.Categorical"),
        (lambda fit, d: fit.simulate(0), "n is 0; it must be a whole number, 1 or more"),
        (lambda fit, d: fit.simulate("a"), "n is 'a'; it must be a whole number"),
        (lambda fit, d: fit.simulate(2.5), "n is 2.5; it must be a whole number"),
        (lambda fit, d: mm.anova(d), "takes a fit of mm.lmm or mm.lm first, not DataFrame"),
        (lambda fit, d: mm.contrast("days", fit), "contrast takes a fit .* not str"),
        (lambda fit, d: mm.emmeans("days", fit), "emmeans takes a fit .* not str"),
        (lambda fit, d: mm.confint(None), "confint takes a fit .* not NoneType"),
        (lambda fit, d: mm.ranova(F), "ranova takes a fit .* not str"),
        (lambda fit, d: mm.profile(F), "profile takes a fit"),
        (lambda fit, d: mm.bootstrap(F), "bootstrap takes a fit"),
        (lambda fit, d: mm.influence(F), "influence takes a fit"),
        (lambda fit, d: mm.simulated_residuals(F), "simulated_residuals takes a fit"),
        (lambda fit, d: mm.confint(fit, level="95"), "level='95' must lie between 0 and 1"),
        (lambda fit, d: mm.emmeans(fit, "days", at=3), "at holds a value.*not 3"),
        (lambda fit, d: mm.anova_shell("diet", n={"diet": "six"}), r"n\['diet'\] is 'six'"),
        (lambda fit, d: mm.anova_shell("diet", n={"diet": np.nan}), r"n\['diet'\] is nan; it must"),
    ],
)
def test_arguments_of_the_wrong_kind(call, words, fit, sleep):
    with pytest.raises(ValueError, match=words):
        call(fit, sleep)


def test_emmeans_of_a_number(fit):
    with pytest.raises(KeyError, match="there is no '3' in the fixed part"):
        mm.emmeans(fit, 3)


# --- the printed page ---------------------------------------------------------------------


def test_a_summary_with_long_names_stays_within_80_columns():
    page = str(
        mm.lmm(
            "fruits ~ nutrient * clipping * status + (nutrient * clipping | region)",
            mm.load("arabidopsis"),
        ).summary()
    )
    assert max(map(len, page.splitlines())) <= 80
    assert "nutrient[T.8]:clipping[T.clipped]:status[T.Petri.Plate]" in page


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda fit, d: fit.refit(y=1e200 * fit.y),
            r"reaction_ms reaches 4.66e\+202, and squares .* overflow: divide",
        ),
        (
            lambda fit, d: fit.refit(y=1e-300 * fit.y),
            "reaction_ms is at most .* vanish: divide it by 1e-298",
        ),
        (
            lambda fit, d: mm.lmm(F, d, weights=np.full(180, 1e305)),
            "overflow: divide them by a large number",
        ),
        (lambda fit, d: mm.lmm(F, d, reml=1), r"reml=1 must be True \(REML\) or False \(ML\)"),
        (lambda fit, d: fit.refit(reml="ML"), r"reml='ML' must be True \(REML\) or False \(ML\)"),
        (lambda fit, d: fit.refit(reml=0), r"reml=0 must be True"),
        (lambda fit, d: fit.profiled([1.0, 2.0]), "theta has 2 values, but the terms need 1"),
        (
            lambda fit, d: fit.profiled(np.array([np.nan, 1.0])),
            "theta holds 1 value.s. that are missing",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_numbers_beyond_reach_and_other_likelihoods(call, words, fit, sleep):
    with pytest.raises(ValueError, match=words):
        call(fit, sleep)
