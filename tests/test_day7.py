"""Day 7, checking and choosing: lme4's numbers, what the prose says of checks, the answers."""

import ast
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from lesson_texts import FOLDER, Lesson, numbers
from reference_values import frame, reference
from scipy.stats import chi2, kstest, norm

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures, lesson_rules
from mmteach.inference.diagnostics import by_fifths

LESSON = Lesson("day7_checking_and_choosing")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by
BY_R = reference("day7")["fits"]
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
LINES = "reaction_ms ~ days + (days | subject)"
PLANTS = "log_fruits ~ nutrient * clipping + rack + status + "
SIMPLE = PLANTS + "(1 | population) + (1 | genotype)"
ONE_SLOPE = PLANTS + "(nutrient | population) + (1 | genotype)"
MAXIMAL = PLANTS + "(nutrient * clipping | population) + (nutrient * clipping | genotype)"


@pytest.fixture(scope="module")
def clover():
    return mm.load("clover")


@pytest.fixture(scope="module")
def sleep():
    return mm.load("sleepstudy")


@pytest.fixture(scope="module")
def plants():
    table = mm.load("arabidopsis")
    return table.assign(log_fruits=np.log1p(table.fruits))


@pytest.fixture(scope="module")
def fit(clover):
    return mm.lmm(CLOVER, clover)


@pytest.fixture(scope="module")
def lines(sleep):
    return mm.lmm(LINES, sleep)


@pytest.fixture(scope="module")
def own():
    """The functions that the lesson defines."""
    return LESSON.functions({"np": np, "pd": pd, "plt": plt, "norm": norm})


def log_clover(clover):
    return mm.lmm(CLOVER.replace("biomass", "np.log(biomass)"), clover)


def lme4_has(name, one):
    """Whether lme4 finds the same criterion and the same fixed part."""
    stored = BY_R[name]
    assert one.criterion == pytest.approx(stored["criterion"], abs=2e-4)
    assert np.allclose(one.beta, list(stored["fixed"].values()), rtol=1e-4, atol=1e-3)
    assert np.allclose(one.se, list(stored["se"].values()), rtol=2e-3)
    assert one.n_parameters == stored["npar"]


# --- before the guess ------------------------------------------------------------------------


def test_nothing_is_answered_before_the_guess():
    before = LESSON.before(LESSON.place_of("my_guess = {"))
    assert not re.search(r"\bB and D\b|1\.32|14\.66|exchangeable|\bfalse\b|5\.25", before)
    vote = LESSON.place_of("sleep_checks = mm.influence")
    assert "are healthy. B" not in LESSON.before(vote)


def test_the_vote_can_be_won():
    """B was drawn from the model that predicts it, D from a regression; the others were not."""
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 5)
        (reading,) = figures.five_panels(*axes)
        drawn = [ax.lines[1].get_data() for ax in axes]
        texts = [len(ax.texts) for ax in axes]
        plt.close(figure)
    assert reading == "5 plots of 80 residuals each." and sum(texts) == 0
    assert (FOLDER / "figures" / "day7_five.png").is_file()
    r = [np.corrcoef(x, e)[0, 1] for x, e in drawn]
    r_size = [np.corrcoef(x, abs(e))[0, 1] for x, e in drawn]
    bent = [np.corrcoef((x - x.mean()) ** 2, e)[0, 1] for x, e in drawn]
    assert r[1] > 0.3 and max(abs(r[k]) for k in (0, 2, 3)) < 0.15  # B alone rises
    assert bent[0] > 0.6 > 0.25 > abs(bent[3])  # A alone bends
    assert r_size[2] > 0.4 > 0.15 > abs(r_size[3])  # C alone fans out
    farthest = [np.sort(abs(e) / e.std())[-2] for _, e in drawn]
    assert farthest[4] > 3 > farthest[3]  # E has two wild rows
    middle = drawn[3][0]
    assert np.mean(abs(middle - middle.mean()) < middle.std()) > 0.6


# --- four plots ------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "r"), [("clover", 0.994), ("sleep", 0.943)])
def test_residuals_and_their_qq_plot_are_lme4s(name, r, fit, lines, own):
    table = mm.influence({"clover": fit, "sleep": lines}[name])
    stored = BY_R[name]
    assert np.allclose(table.standardised, stored["standardised"], atol=2e-3)
    assert np.allclose(table.cooks_distance, stored["cooks"], rtol=2e-3, atol=1e-4)
    figure, ax = plt.subplots()
    ours = own["draw_qq"](ax, table.standardised)
    plt.close(figure)
    assert ours == pytest.approx(stored["qq"], abs=1e-4) and round(ours, 3) == r
    assert f"Q-Q of residuals: r = {r}" in SHOWN and f"{r}" in PROSE


def test_fifths_are_those_of_the_library(fit, own):
    table = mm.influence(fit)
    ours = own["by_fifths"](table)
    assert np.allclose(ours["mean residual"], by_fifths(table.fitted, table.residual, np.mean)[1])
    spread = by_fifths(table.fitted, table.standardised, np.std)[1]
    assert np.allclose(ours["SD of standardised"], spread)
    assert spread.round(2).tolist() == [0.60, 1.00, 0.69, 1.02, 1.05]
    shown = [numbers(line)[-2:] for line in shown_by("def fifth_of").splitlines()[2:]]
    assert np.allclose(shown, ours, atol=0.0051)
    assert "−5.25" in PROSE and "of 7.02" in PROSE


def trend(one):
    """(sum of residual times fitted, sigma² u'G⁻¹u) of a fit."""
    u = np.concatenate([np.ravel(part) for part in one.b])
    squares = u @ np.linalg.pinv(np.asarray(one.G), rcond=1e-9) @ u
    return float(np.sum(one.residuals * one.fitted)), one.sigma2 * squares


def test_the_trend_of_a_shrunken_fit_is_never_negative(fit, lines, clover, plants):
    """Unbalanced, two fixed effects, slopes, a boundary: the identity of the reading part."""
    uneven = clover.drop(index=clover.index[::7])
    cases = [
        fit,
        lines,
        mm.lmm(SIMPLE, plants),
        mm.lmm(CLOVER, uneven),
        mm.lmm("biomass ~ site_year * rep + (1 | entry)", uneven),
    ]
    for one in cases:
        left, right = trend(one)
        assert left == pytest.approx(right, rel=1e-6) and left > 0
        on_mean = np.sum(one.residuals * one.predict(groups="population"))
        assert abs(on_mean) < 1e-6 * np.sum(one.fitted**2)
    dye = mm.lmm("yield ~ 1 + (1 | batch)", mm.load("dyestuff2"))
    assert abs(np.sum(dye.residuals * dye.fitted)) < 1e-9  # all BLUPs are zero: no trend
    left, right = (float(numbers(line)[-1]) for line in shown_by("left_side =").splitlines())
    assert left == right == pytest.approx(trend(fit)[0], abs=0.006)


def test_a_right_model_makes_the_trend_that_was_seen(fit, clover):
    low, high = [], []
    drawn = fit.simulate(5, seed=2)
    for column in drawn:
        table = mm.influence(mm.lmm(CLOVER, clover.assign(biomass=drawn[column])))
        means = by_fifths(table.fitted, table.residual, np.mean)[1]
        low.append(means[0])
        high.append(means[4])
    assert max(low) < 0 < min(high)
    lowest, highest = (numbers(line) for line in shown_by("lowest = []").splitlines())
    assert lowest[1] < -5.25 < lowest[2] < 0 and 0 < highest[1] < 7.02 < highest[2]
    assert "all fixed: correlation of residuals and fitted values 0.000" in SHOWN


def test_blups_look_more_normal_than_the_effects(own):
    """Effects of two values only, 35 groups of two rows, as variable as half an error variance."""
    rng = np.random.default_rng(3)
    expected = own["expected_normal"](35)
    r_effects, r_blups = [], []
    for _ in range(100):
        u = rng.choice([-1, 1], 35) * np.sqrt(0.5)
        means = u + rng.normal(size=35) / np.sqrt(2)  # BLUPs are these times a factor
        r_effects.append(np.corrcoef(np.sort(u), expected)[0, 1])
        r_blups.append(np.corrcoef(np.sort(means), expected)[0, 1])
    assert np.mean(r_effects) < 0.85 and np.mean(r_blups) > 0.97


# --- which row, which scale ------------------------------------------------------------------


def test_the_rows_that_matter(sleep, clover):
    stored = BY_R["sleep"]
    order = np.argsort(stored["cooks"])[::-1]
    assert [tuple(sleep.loc[i, ["subject", "days"]]) for i in order[:2]] == [("332", 9), ("332", 6)]
    assert [round(stored["cooks"][i], 2) for i in order[:2]] == [4.33, 2.12]
    top = int(np.argmax(BY_R["clover"]["cooks"]))
    assert clover.entry[top] == "C23" and round(BY_R["clover"]["cooks"][top], 2) == 1.98
    shown = shown_by("top_sleep =")
    for text in ("4.33", "2.12", "1.98", "97.32", "slope 10.47 (1.55)", "slope 10.89 (1.59)"):
        assert text in shown, text
    assert "of 332 10.20" in shown and "of 332 16.21" in shown  # his own line moves
    without = BY_R["sleep_without_row"]
    moved = without["fixed"]["days"] - stored["fixed"]["days"]
    assert moved / stored["se"]["days"] == pytest.approx(0.25, abs=0.03)  # "a quarter"
    sizes = np.sort(np.abs(stored["standardised"]))[::-1]
    assert sizes[:3].round(2).tolist() == [5.53, 4.57, 4.32]


def test_the_logarithm_of_clover(fit, clover, own):
    log = log_clover(clover)
    lme4_has("clover_log", log)
    table, log_table = mm.influence(fit), mm.influence(log)
    ratios = []
    for of in (table, log_table):
        spread = by_fifths(of.fitted, of.standardised, np.std)[1]
        ratios.append(spread[3:].mean() / spread[:2].mean())
    level = by_fifths(table.fitted, table.fitted, np.mean)[1]
    assert [round(r, 2) for r in ratios] == [1.30, 0.67]
    assert round(level[3:].mean() / level[:2].mean(), 2) == 1.47
    assert np.isclose(
        by_fifths(log_table.fitted, log_table.standardised, np.std)[1].max(), 1.32, atol=0.005
    )
    for name, one in (("clover", fit), ("clover_log", log)):
        lrt = BY_R[f"{name}_no_entry"]["criterion"] - BY_R[name]["criterion"]
        assert mm.ranova(one).loc["(1 | entry)", "chisq"] == pytest.approx(lrt, abs=5e-4)
        assert f"{lrt:.3f}" in SHOWN
    assert "biomass p = 0.98, log p = 0.54" in SHOWN and "10 of 40" in SHOWN
    two = log_table.standardised.nsmallest(2).index
    assert clover.entry[two].tolist() == ["C17", "C24"]
    left = mm.influence(log_clover(clover.drop(index=two)))
    without = own["rise_of"](own["by_fifths"](left)["SD of standardised"])
    shown = shown_by("def rise_of")
    assert f"these two plots: {without:.2f}" in shown and f"it would be {without:.2f}" in PROSE
    assert f"only {1.30 / 1.47:.2f}?" in PROSE and "rise as much: 5 of 40" in shown
    assert "fall as much:     1 of 40" in shown and "in 1 of 40 only" in PROSE


def test_simulated_residuals_see_what_they_can_see(fit, lines, own):
    clover_check, drivers = (mm.simulated_residuals(one, seed=1) for one in (fit, lines))
    assert (round(clover_check.distance, 3), round(clover_check.p, 2)) == (0.042, 0.98)
    assert (round(drivers.distance, 3), round(drivers.p, 2)) == (0.058, 0.92)
    plants = mm.load("arabidopsis")
    counts = mm.simulated_residuals(mm.lmm(SIMPLE.replace("log_", ""), plants), seed=1)
    assert counts.p < 0.005 and "fruits:  distance 0.160, p = 0.004" in SHOWN
    # from scratch, by another road: the same places within the error of 250 simulations
    V, mean = fit.V.to_numpy(), fit.predict(groups="population").to_numpy()
    z = np.random.default_rng(1).normal(size=(116, 250))
    share = np.mean(mean[:, None] + np.linalg.cholesky(V) @ z < fit.y.to_numpy()[:, None], axis=1)
    assert abs(share - clover_check.values.to_numpy()).max() < 0.12
    assert kstest(share, "uniform").statistic < 0.08
    assert str(np.histogram(share, bins=4, range=(0, 1))[0]) in SHOWN
    around = mm.simulated_residuals(lines, seed=1, conditional=True).values[[56, 59]]
    assert around.tolist() == [pytest.approx(1 - 0.5 / 251), pytest.approx(0.5 / 251)]
    day_6 = np.sqrt(np.diag(lines.V.to_numpy())[6])
    assert f"SD of about {day_6:.0f} ms" in FOLDED


# --- the boundary, slopes, prices ------------------------------------------------------------


def test_dyestuff2_is_at_the_boundary():
    one = mm.lmm("yield ~ 1 + (1 | batch)", mm.load("dyestuff2"))
    stored = next(m for m in reference("lmm")["models"] if m["id"] == "dyestuff2")
    assert one.criterion == pytest.approx(stored["criterion"], abs=1e-5)
    assert one.varcomp.variance.round(3).tolist() == [0, 13.806] and one.messages
    assert "REML criterion 161.8" in SHOWN and "13.806" in PROSE
    assert frame("dyestuff2")["yield"].tolist() == mm.load("dyestuff2")["yield"].tolist()
    lost = shown_by("plots_left =")
    assert "72 plots: sigma_b² 2906" in lost and "60 plots: sigma_b² 0" in lost


def test_one_slope_was_hidden_among_eighteen_parameters(plants):
    others = plants[plants.population != "7.SW"]
    for name, formula, rows in (
        ("plants_simple", SIMPLE, plants),
        ("plants_one_slope", ONE_SLOPE, plants),
        ("plants_maximal", MAXIMAL, plants),
        ("others_simple", SIMPLE, others),
        ("others_one_slope", ONE_SLOPE, others),
    ):
        lme4_has(name, mm.lmm(formula, rows))
    criterion = {name: BY_R[name]["criterion"] for name in BY_R}
    assert f"from {criterion['plants_simple']:.2f} to {criterion['plants_maximal']:.2f}" in PROSE
    gain = criterion["plants_simple"] - criterion["plants_maximal"]
    one = criterion["plants_simple"] - criterion["plants_one_slope"]
    assert f"χ² = {gain:.2f} on 18" in PROSE and f"all of it: {one:.2f} on 2" in PROSE
    assert f"{chi2.sf(gain, 18):.2f}" == "0.69" and f"{chi2.sf(one, 2):.4f}" == "0.0017"
    left = criterion["others_simple"] - criterion["others_one_slope"]
    assert f"nothing is left (χ² = {left:.2f})" in PROSE
    gains = sorted(float(line.split("= ")[1]) for line in shown_by("left_out in").splitlines())
    assert gains[0] == round(left, 2) and len(gains) == 9
    assert f"between {gains[1]:.2f} and {gains[-1]:.2f}" in PROSE
    se = [BY_R[f"plants_{m}"]["se"]["nutrient8"] for m in ("simple", "one_slope")]
    assert f"{se[1]:.3f}, not {se[0]:.3f}" in PROSE
    assert "average statistic: 6.0" in SHOWN and "1 of 30" in SHOWN


def test_the_price_of_a_missing_slope(sleep, lines):
    levels = mm.lmm("reaction_ms ~ days + (1 | subject)", sleep)
    assert [round(one.se["days"], 2) for one in (levels, lines)] == [0.80, 1.55]
    assert np.isclose(levels.beta["days"], lines.beta["days"])  # "the same slope": balanced
    wrong, right = (numbers(line)[0] for line in shown_by("n_false =").splitlines())
    assert wrong > 20 and right < 7


def test_aic_and_bic(sleep, clover, fit):
    shown = shown_by("prices =")
    for text in ("1794.47", "1753.67", "1755.63", "1807.24", "1769.63", "1774.79"):
        assert text in shown, text
    stored = next(c for c in reference("inference")["compare"] if c["id"] == "sleepstudy_random")
    table = stored["result"]["table"] if "result" in stored else stored["table"]
    assert np.allclose(table["aic"], [1794.465, 1753.669, 1755.628], atol=1e-3)
    raw, log = (BY_R[name]["criterion"] + 12 for name in ("clover", "clover_log"))
    assert f"biomass {raw:.2f}, log biomass {log:.2f}" in SHOWN
    raw, log = (BY_R[name]["criterion"] + 12 for name in ("clover_ml", "clover_log_ml"))
    correction = 2 * np.log(clover.biomass).sum()
    assert f"{log + correction:.2f}" in SHOWN and log + correction - raw == pytest.approx(
        10, abs=0.5
    )
    # the correction is a fair one: it does not depend on the unit
    tenfold = mm.lmm(CLOVER, clover.assign(biomass=10 * clover.biomass), reml=False)
    assert tenfold.aic - raw == pytest.approx(2 * 116 * np.log(10))
    assert "AIC would throw" in PROSE and "950.00" in SHOWN and fit.aic > 950


# --- the folded answers, the lesson as a whole -----------------------------------------------


def test_the_folded_answers_hold(sleep, clover, fit, plants):
    stored = BY_R["sleep_without_332"]
    assert f"r is {stored['qq']:.3f} in" in FOLDED and f"SD {stored['sigma']:.1f} in" in FOLDED
    left = sleep[sleep.subject != "332"]
    table = mm.influence(mm.lmm(LINES, left))
    row = table.standardised.abs().idxmax()
    assert tuple(left.loc[row, ["subject", "days"]]) == ("308", 7)
    assert f"−{abs(table.standardised[row]):.2f}" in FOLDED
    assert f"{stored['fixed']['days']:.2f} ms a day" in FOLDED
    p = [mm.simulated_residuals(fit, seed=seed).p for seed in (1, 2, 3)]
    assert "From {:.2f} to {:.2f} and {:.2f}".format(*p) in FOLDED
    logs = mm.simulated_residuals(mm.lmm(SIMPLE, plants), seed=1)
    assert f"p = {logs.p:.2f}, so the logarithm" in FOLDED


def test_the_lesson_keeps_its_measure():
    assert re.findall(r"\n\*Figure (\d)\.", "\n" + PROSE) == list("12345")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {minutes:g} minutes" in CELLS[0].source
    assert PROSE.count("**Predict") >= 7 and PROSE.count("You should have said") >= 7
    assert len(re.findall(r"> \*\*Common slip:", PROSE)) == 5
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 3
    for number, cell in enumerate(CELLS[:-1]):
        if "**Predict.**" in cell.source and CELLS[number + 1].cell_type == "code":
            assert CELLS[number + 1].metadata["slideshow"]["slide_type"] == "fragment", cell.source


def test_a_student_can_read_the_code():
    for cell in CODE:
        for node in ast.walk(lesson_rules.tree(cell.source)):
            assert not isinstance(node, ast.Lambda | ast.NamedExpr), cell.source
