"""Day 5, shrinkage: the numbers of the clover fit, factors, winners, and a decision it computes."""

import io
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from lesson_texts import FOLDER, Lesson
from matplotlib.image import imread

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures, lessons

LESSON = Lesson("day5_shrinkage_blups")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by


def rows(words):
    """{first word of a line: its numbers} of that cell's output."""
    lines = (line.split() for line in shown_by(words).splitlines())
    number = re.compile(r"[-+]?\d+(?:\.\d+)?|NaN")
    return {
        line[0]: [float(word) for word in line[1:] if number.fullmatch(word)]
        for line in lines
        if line
    }


@pytest.fixture(scope="module")
def clover():
    return mm.load("clover")


@pytest.fixture(scope="module")
def fit(clover):
    return mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", clover)


@pytest.fixture(scope="module")
def entries(clover, fit):
    grouped = clover.groupby("entry", observed=True)
    table = grouped.agg(raw=("biomass", "mean"), years=("site_year", "nunique"))
    effects = fit.ranef().query("group == 'entry'").set_index("level")
    return table.assign(BLUP=effects.estimate, sd=effects.sd)


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "939.3",
        "58.935",
        "17.335",
        "5.8065",
        "142.96",
        "50.027",
        "2.858",
        "-11.592",
        "3.878",
        "-0.694",
        "-2.18776",
        "-0.60236",
        "0.00158",
        "0.57017",
        "2.76647",  # clover, the published REML fit
        "0.671",
        "90.18",
        "60.52",  # sorghum blocks
        "102.6",
        "144.4",
        "54.46",
        "1.407",  # schools
    ],
)
def test_the_published_numbers_are_shown(number):
    places = len(number.split(".")[1])
    printed = re.findall(r"(?<![\w.])-?\d+\.\d+", SHOWN)
    assert any(
        len(p.split(".")[1]) >= places and f"{float(p):.{places}f}" == number for p in printed
    )


def test_the_first_ten_raw_means_with_their_plots_and_years():
    published = [
        *[(49.1, 4, 2), (56.3, 4, 2), (34.0, 2, 1), (50.2, 2, 1), (53.0, 4, 2)],
        *[(42.5, 4, 2), (44.2, 4, 2), (45.6, 2, 1), (53.1, 4, 2), (61.3, 2, 1)],
    ]
    shown = rows('entries["factor × d"]')
    for number, expected in enumerate(published, start=1):
        assert tuple(shown[f"C{number:02d}"][:3]) == expected


def test_twelve_means_are_not_estimable_with_fixed_entries():
    assert "12 of 35 entries have no mean" in SHOWN
    shown = rows("all_fixed = mm.lm")
    assert shown["C09"][0] == 53.1 and np.isnan(shown["C10"][0])


def test_henderson_by_hand_equals_gls_and_the_package():
    shown = rows("routes = pd.DataFrame")
    solution = mm.henderson(mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))).solution
    for name, value in zip(("mean", "S1", "S2", "S3"), solution, strict=True):
        assert np.allclose(shown[name], value, rtol=0, atol=0.0006) and len(shown[name]) == 3
    assert re.search(r"rank with lambda: +4 of 4\nrank without lambda: 3 of 4", SHOWN)
    (lowest,) = re.findall(r"lowest point of the sum at (\S+)", SHOWN)
    assert float(lowest) == pytest.approx(solution.iloc[3], abs=0.026)  # half a step of the grid


def test_the_factor_is_one_in_balanced_and_two_in_unbalanced_data(fit):
    assert {v[-1] for name, v in rows('blocks["factor"]').items() if name[0] == "R"} == {0.671}
    variances = fit.varcomp.set_index("group").variance
    shown = rows('entries["factor × d"]')
    for name, years in (("C01", 2), ("C10", 1)):
        share = variances["entry"] / (
            variances["entry"]
            + variances["entry:site_year"] / years
            + variances["Residual"] / (2 * years)
        )
        factor, product, blup = shown[name][-3:]
        assert factor == round(share, 3) and product == blup
    ratio = variances["Residual"] / variances["entry"]
    assert f"plots only, 4 plots: {4 / (4 + ratio):.3f}" in SHOWN


def test_factor_times_mean_residual_is_the_blup_in_unequal_blocks():
    trial = mm.load("sorghum").iloc[:68]
    blups = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial).ranef().set_index("level")
    shown = rows("lost_four = sorghum")
    for name in ("R1", "R2", "R3", "R4"):
        r, _, _, product, blup = shown[name]
        assert r == 18 - 4 * (name == "R4")
        assert product == blup == pytest.approx(blups.estimate[name], abs=0.0006)
    assert shown["R1"][2] == shown["R3"][2] > shown["R4"][2]


@pytest.mark.parametrize(
    ("data", "formula", "factor", "rows_kept"),
    [
        (
            "sorghum",
            "yield_kg_ha ~ genotype + (1 | block)",
            "block",
            [*range(3, 20), *range(22, 72)],
        ),
        ("barley", "yield_t_ha ~ fungicide + (1 | genotype)", "genotype", range(7, 553)),
        ("clover", "biomass ~ site_year + (1 | entry)", "entry", range(116)),
    ],
)
def test_the_formula_holds_with_several_fixed_effects_and_unequal_groups(
    data, formula, factor, rows_kept
):
    kept = mm.load(data).iloc[list(rows_kept)]
    fit = mm.lmm(formula, kept)
    group = kept.groupby(factor, observed=True)[factor].size()
    assert group.nunique() > 1
    residual = (
        (fit.y - fit.predict(groups="population")).groupby(kept[factor], observed=True).mean()
    )
    expected = group / (group + fit.sigma2 / fit.varcomp.variance[0]) * residual
    blups = fit.ranef().set_index("level").estimate
    assert np.allclose(expected, blups[expected.index], rtol=0, atol=1e-9 * abs(blups).max())
    plain = kept.groupby(factor, observed=True)[fit.y.name].mean() if fit.y.name else None
    if plain is not None:  # the formula of one mean would be wrong
        assert not np.allclose(plain - plain.mean(), residual, rtol=0.001)


def test_the_variance_of_a_blup_is_its_factor_of_the_variance(clover, fit, entries):
    v = fit.varcomp.set_index("group").variance["entry"]
    X, Z, W = fit.X.to_numpy(), mm.build_Z(clover.entry), np.linalg.inv(fit.V.to_numpy())
    P = W - W @ X @ np.linalg.solve(X.T @ W @ X, X.T @ W)
    exact = v**2 * np.diag(Z.T @ P @ Z)  # Var(u hat), the means estimated
    kept = entries.years.map({1: 0.117, 2: 0.210})[fit.ranef().query("group == 'entry'").level]
    assert np.all(exact / v < kept + 0.001) and np.all(exact / v > 0.93 * kept)  # "or nearly"


def test_blups_are_narrower_than_the_true_effects_are_expected_to_be(fit, entries):
    between = fit.varcomp.set_index("group").variance["entry"]
    kept = entries.years.map({1: 0.1173, 2: 0.2100})
    assert f"SD of the BLUPs:      {entries.BLUP.std():.1f}" in SHOWN
    assert f"as estimated: {between**0.5:.1f}" in SHOWN
    assert f"should then have:   {np.sqrt((kept * between).mean()):.1f}" in SHOWN
    assert "narrower than the true effects are *expected* to be" in PROSE


def test_the_winner_by_raw_deviation_promises_too_much_and_that_by_blup_is_better():
    shown = rows("def repeat_trials")
    (raw_error, raw_promise, raw_worth), (error, promise, worth) = shown["raw"], shown["BLUP"]
    assert raw_promise > raw_worth + 10 and abs(promise - worth) <= 0.3
    assert worth > raw_worth + 1 and error < raw_error


def test_the_folded_answers_hold():
    fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    scores = mm.load("schools")
    d = scores[scores.school == "S3"].score.mean() - fit.beta.iloc[0]
    ratio = fit.sigma2 / (10 * fit.varcomp.variance.iloc[0])
    words = f"{4 / (4 + ratio) * d:.2f} of the {d:.2f} points that were measured: λ is {ratio:.3f}"
    assert words in FOLDED and f"= {4 / (4 + ratio):.3f}" in FOLDED
    space = LESSON.functions({"np": np, "pd": pd}, without=("draw_shrinkage", "picture"))
    raw = space["repeat_trials"](np.array([1] + [16] * 7)).loc["raw"].round(1)
    assert f"promises {raw['winner promises']} and is worth {raw['winner is worth']}" in FOLDED


def test_the_answer_on_barley_is_right():
    barley = mm.load("barley")
    fit = mm.lmm("yield_t_ha ~ fungicide + (1 | genotype) + (1 | block/fungicide)", barley)
    raw = barley.groupby("genotype", observed=True).yield_t_ha.mean()
    blups = fit.ranef().query("group == 'genotype'").set_index("level").estimate
    factors = blups / (raw - raw.mean())[blups.index]
    assert np.ptp(factors) < 1e-9 and f"One factor, {factors.iloc[0]:.3f}," in FOLDED
    assert set(raw.nlargest(10).index) == set(blups.nlargest(10).index)


# --- the decision ------------------------------------------------------------------------


def test_shrinkage_changes_the_decision_as_the_lesson_says(fit, entries):
    by_raw, by_blup = (list(entries[column].nlargest(2).index) for column in ("raw", "BLUP"))
    assert f"by raw mean: {by_raw}" in SHOWN and f"by BLUP:     {by_blup}" in SHOWN
    assert set(by_raw) - set(by_blup) == {"C10"} and set(by_blup) - set(by_raw) == {"C16"}
    C = mm.henderson(fit).inverse
    a, b = ("entry", "C16", "Intercept"), ("entry", "C10", "Intercept")
    sd = np.sqrt(C.loc[a, a] + C.loc[b, b] - 2 * C.loc[a, b])
    gap = entries.BLUP["C16"] - entries.BLUP["C10"]
    assert f"C16 minus C10: {gap:.2f} with SD {sd:.2f}" in SHOWN
    assert "truly the better one: 0.61" in SHOWN and gap < sd / 2


def test_no_interval_excludes_zero(entries):
    assert not (entries.BLUP.abs() > 1.96 * entries.sd).any()
    assert "intervals that exclude zero: 0" in SHOWN


def test_with_estimated_variances_the_intervals_hold_too_seldom(clover, fit):
    """Trials simulated from the estimates: intervals of 1.96 SDs, and estimates of zero."""
    rng, variance = np.random.default_rng(1), fit.varcomp.set_index("group").variance
    expected = fit.predict(groups="population").to_numpy()
    places = {
        "rep": clover.rep.cat.codes,
        "entry": clover.entry.cat.codes,
        "entry:site_year": pd.factorize(clover.entry.astype(str) + clover.site_year.astype(str))[0],
    }
    held, zeros = [], 0
    for _ in range(60):
        drawn = {k: rng.normal(0, variance[k] ** 0.5, max(p) + 1) for k, p in places.items()}
        y = expected + rng.normal(0, variance["Residual"] ** 0.5, len(clover))
        y += sum(drawn[k][p] for k, p in places.items())
        refit = mm.lmm(fit.formula, clover.assign(biomass=y))
        zeros += refit.varcomp.set_index("group").variance["entry"] == 0
        one = refit.ranef()
        one = one[one.group == "entry"].set_index("level").loc[clover.entry.cat.categories]
        held.append((abs(one.estimate - drawn["entry"]) <= 1.96 * one.sd).mean())
    assert 0.15 < zeros / 60 < 0.45  # "about 3 of 10"
    assert 0.5 < np.mean(held) < 0.70 and "in fewer than 70 % of the cases" in PROSE


def test_the_fall_of_c10_and_the_climb_of_c08(clover, entries):
    climbs = (entries.raw.rank(ascending=False) - entries.BLUP.rank(ascending=False)).astype(int)
    assert climbs["C10"] == climbs.min() and climbs["C08"] > 0
    shown = rows("largest_moves = ")
    assert shown["C10"][-3:] == [1, 9, climbs["C10"]] and shown["C08"][-1] == climbs["C08"]
    grown = clover.groupby("entry", observed=True).site_year.agg(lambda s: "+".join(sorted(set(s))))
    for _, same in entries.groupby(grown):  # entries of the same years do not cross
        assert (same.raw.rank() == same.BLUP.rank()).all()


# --- the lesson as a whole ---------------------------------------------------------------


def test_the_choice_comes_before_every_blup_of_clover():
    (at,) = [k for k, cell in enumerate(CELLS) if "my_choice = []" in cell.source]
    before = "\n".join(cell.source for cell in CELLS[:at])
    before += "\n".join(lessons.output_text(c.outputs) for c in CELLS[:at] if c.cell_type == "code")
    assert "1.32" not in before and "C16" not in before.replace("C16        57.5", "")
    assert "entries" not in CELLS[at].source  # it can be run again after the whole lesson


def test_the_synthetic_data_are_called_so():
    assert "**These clover data are synthetic.**" in PROSE


def test_the_picture_of_the_title_is_drawn_from_the_data():
    (name,) = re.findall(r"^!\[[^\]]+\]\((.+?)\)$", CELLS[1].source, flags=re.M)
    with plt.rc_context(plots.STYLE):
        figure, ax = plt.subplots(figsize=(8.4, 2.4))
        (reading,) = figures.candidates(ax)
        assert not ax.texts  # nobody is named
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=110)
        plt.close(figure)
    if matplotlib.__version__.encode() in (FOLDER / name).read_bytes()[:200]:
        drawn.seek(0)  # another matplotlib sets its letters elsewhere: then the words must do
        drawn, kept = imread(drawn), imread(FOLDER / name)
        assert drawn.shape == kept.shape and np.abs(drawn - kept).mean() < 0.005, (
            f"draw {name} again: python -m mmteach.course.authoring.figures"
        )
    assert "12 of them seen in one year only" in reading


def test_the_lesson_keeps_its_measure():
    assert set(re.findall(r"\*Figure (\d)", PROSE)) == set("123456")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {round(minutes)} minutes" in CELLS[0].source
    assert PROSE.count("**Predict") >= 8 and PROSE.count("You should have said") >= 6
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 4
