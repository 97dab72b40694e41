"""Day 1: what is said of the pens, the folded answers, and the form of the lesson."""

import re

import numpy as np
import pandas as pd
import pytest
from lesson_texts import Lesson
from reference_values import reference
from scipy import stats

import mmteach as mm
from mmteach.course.authoring import figures, lessons

LESSON = Lesson("day1_linear_model")
CELLS, PROSE, FOLDED, SHOWN = LESSON.cells, LESSON.prose, LESSON.folded, LESSON.shown
TASKS = Lesson("solutions/day1_solutions").folded
BY_R = reference("day1")
PIGS = "dry_matter_pct ~ diet * day"


@pytest.fixture(scope="module")
def pigs():
    return mm.load("pigs_crd")


@pytest.fixture(scope="module")
def fit(pigs):
    return mm.lm(PIGS, pigs)


@pytest.fixture(scope="module")
def with_pens(pigs):
    return mm.lmm(f"{PIGS} + (1 | pen)", pigs)


@pytest.fixture(scope="module")
def uneven(pigs):
    """A third of the rows lost, so that pens have one, two or three days."""
    return pigs.drop(index=np.random.default_rng(5).choice(len(pigs), 90, replace=False))


def simulated(pigs, pen_sd, row_sd=6.0, seed=1, alternating=0.0):
    """The same layout with new values; `alternating` makes days of a pen differ on purpose."""
    rng = np.random.default_rng(seed)
    shift = pd.Series(rng.normal(scale=pen_sd, size=90), index=pigs.pen.cat.categories)
    y = 20 + pigs.pen.map(shift).astype(float) + rng.normal(scale=row_sd, size=len(pigs))
    y += alternating * (pigs.day.cat.codes - 1) * np.where(pigs.pen.cat.codes % 2, 1, -1)
    return pigs.assign(dry_matter_pct=y)


# --- what is said of the pens --------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_if_pens_differ_diets_lose_and_days_gain(pigs, seed):
    rows = simulated(pigs, pen_sd=4, seed=seed)
    pens, alone = mm.lmm(f"{PIGS} + (1 | pen)", rows), mm.lm(PIGS, rows)
    assert pens.varcomp.variance.iloc[0] > 0
    with_f, f = mm.anova(pens).f, mm.anova(alone).f
    assert with_f["diet"] < f["diet"] and with_f["day"] > f["day"]
    assert mm.emmeans(pens, "diet").se[0] > mm.emmeans(alone, "diet").se[0]
    assert pens.varcomp.variance.sum() == pytest.approx(alone.sigma2, rel=1e-6)  # "here the same"


def test_at_a_variance_of_zero_nothing_moves(pigs):
    rows = simulated(pigs, pen_sd=0, alternating=6)
    pens, alone = mm.lmm(f"{PIGS} + (1 | pen)", rows), mm.lm(PIGS, rows)
    assert pens.varcomp.variance.iloc[0] == 0
    assert np.allclose(mm.anova(pens).f[["diet", "day"]], mm.anova(alone).f[["diet", "day"]])


def test_pen_means_give_the_same_f_only_with_the_same_days(pigs, uneven):
    for rows, same in ((pigs, True), (uneven, False)):
        by_pen = rows.groupby(["pen", "diet"], observed=True).dry_matter_pct.mean().reset_index()
        simple = mm.anova(mm.lm("dry_matter_pct ~ diet", by_pen)).f["diet"]
        pens = mm.anova(mm.lmm(f"{PIGS} + (1 | pen)", rows)).f["diet"]
        assert np.isclose(simple, pens, rtol=1e-4) == same
    assert "because every pen was seen on the same three days" in PROSE


def test_the_se_with_pens_is_the_sum_of_two_parts(with_pens):
    between, within = with_pens.varcomp.variance
    assert f"variance {between / 15:.3f} + {within / 45:.3f}, SE 1.226 %" in SHOWN
    assert np.sqrt(between / 15 + within / 45) == pytest.approx(BY_R["pen_means"]["se"][0])
    V = with_pens.V.to_numpy()
    assert f"{V[0, 0]:.2f}" == "49.05" and f"{V[0, 1]:.2f}" == "9.30" and V[0, 3] == 0
    assert "covariance of two days of a pen: 0.00 and 9.30" in SHOWN


def test_rows_are_no_repetitions(pigs):
    """In trials without any diet effect the model without pens finds one too often."""
    hits = np.zeros(2)
    for seed in range(60):
        rows = simulated(pigs, pen_sd=6, row_sd=4, seed=100 + seed)
        by_pen = rows.groupby(["pen", "diet"], observed=True).dry_matter_pct.mean().reset_index()
        hits += [
            mm.anova(mm.lm(PIGS, rows)).p["diet"] < 0.05,
            mm.anova(mm.lm("dry_matter_pct ~ diet", by_pen)).p["diet"] < 0.05,
        ]
    assert hits[0] > 0.25 * 60 and hits[1] < 0.15 * 60


# --- the folded answers ----------------------------------------------------------------------------


def test_the_folded_answers_of_the_lesson_hold():
    means, pens = BY_R["means"], BY_R["pen_means"]
    assert f"from {means['lower'][1]:.2f} to {means['upper'][1]:.2f} %" in FOLDED
    assert f"from {pens['lower'][1]:.2f} to {pens['upper'][1]:.2f} %" in FOLDED
    assert f"t on 84 df is {stats.t.ppf(0.975, 84):.3f}" in FOLDED
    assert f"{means['mean'][1]:.2f} ± 1.969 · {means['se'][1]:.3f}" in FOLDED
    f, p = BY_R["lack_of_fit"]
    assert f"(F = {f:.2f}, p = {p:.2f}".replace(" 0.", " .") in FOLDED
    sigma, df = BY_R["two_days"]
    assert f"180 rows − 12 means = {df:.0f} df; σ = {sigma:.3f} %" in FOLDED
    assert f"σ = {BY_R['rooms_left_out'][0]:.3f} % on 252 df" in FOLDED
    assert "R² is 0.48 for potash as a number and 0.62" in PROSE
    assert [round(BY_R[k]["r_squared"], 2) for k in ("number", "category")] == [0.48, 0.62]


def test_the_folded_answers_of_the_exercises_hold(with_pens, fit):
    between, within = with_pens.varcomp.variance
    more_pens, more_days = (np.sqrt(between / p + within / 90) for p in (30, 15))
    assert f"{more_pens:.3f} % in place of {more_days:.3f} %" in TASKS
    assert f"{between:.3f}/15 = {between / 15:.3f}" in TASKS
    assert f"never falls below {np.sqrt(between / 15):.3f} %" in TASKS
    rooms = mm.load("pigs_rooms")
    free, held = mm.anova(mm.lm(PIGS, rooms)), mm.anova(mm.lm(f"{PIGS} + room", rooms))
    for row, squares, mean in (("diet", "859.1", "171.83"), ("Residual", "11232.1", "44.57")):
        assert f"{free.sum_sq[row]:.1f}" == squares and squares in TASKS
        assert f"{free.mean_sq[row]:.2f}" == mean and mean in TASKS
    assert free.sum_sq["diet"] == pytest.approx(held.sum_sq["diet"]) and "36.00" in TASKS
    assert f"{held.mean_sq['Residual']:.2f}" == "36.00"
    slope = mm.lm("strength ~ k2o_lb_ac", mm.load("potash"))
    assert f"stays −{abs(slope.beta.iloc[1] / slope.se.iloc[1]):.3f}" in TASKS


def test_on_one_day_the_se_is_right_and_the_df_are_too_many(with_pens, fit):
    at = {"diet": ["B"], "day": ["3"]}
    ours, pens = (mm.emmeans(f, ["diet", "day"], at=at) for f in (fit, with_pens))
    assert ours.se[0] == pytest.approx(pens.se[0], rel=1e-4)
    assert 84 < pens.df[0] < 252


def test_another_reference_gives_other_numbers_and_the_same_values():
    diets = np.array(list("ACBBAC"))
    by_a = np.column_stack([np.ones(6), diets == "B", diets == "C"]) @ [23, -5, -3]
    by_c = np.column_stack([np.ones(6), diets == "A", diets == "B"]) @ [20, 3, -2]
    assert list(by_a) == list(by_c) == [23, 20, 18, 18, 23, 20]
    assert "23, 20, 18, 18, 23, 20" in TASKS


# --- form ----------------------------------------------------------------------------------------


def test_the_title_figure_holds_no_data():
    import inspect

    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2)
    assert figures.two_predictors(*axes) == [
        "One model with a number and with a category as its predictor."
    ]
    plt.close(figure)
    assert "load" not in inspect.getsource(figures.two_predictors)


def test_every_question_to_the_class_has_replies_to_wrong_answers():
    section, notes = None, {}
    asking = set()
    for cell in CELLS:
        level, title = lessons.heading(cell)
        section = title if level in (1, 2) else section
        notes[section] = notes.get(section, "") + cell.metadata.get("notes", "")
        if cell.cell_type == "markdown" and (
            "**Predict.**" in cell.source or "**Discuss.**" in cell.source
        ):
            asking.add(section)
    assert len(asking) >= 7
    for section in asking:
        assert "Expect '" in notes[section] and "eply '" in notes[section], section


def test_the_hour_is_kept():
    minutes = [cell.metadata["minutes"] for cell in CELLS if "minutes" in cell.metadata]
    assert 55 <= sum(minutes) <= 60
    saved = CELLS[0].metadata["notes"].split("With 50 minutes:")[1]
    assert sum(float(m) for m in re.findall(r"\((\d+(?:\.\d)?)(?: minutes;[^)]*)?\)", saved)) >= 9
