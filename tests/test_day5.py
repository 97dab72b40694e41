"""Day 5 shows the numbers of the clover fit, the slips put right, and a decision it computes."""

import base64
import io
import re
from pathlib import Path
from statistics import median

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures, lesson_rules, lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
CELLS = lessons.read(FOLDER / "day5_shrinkage_blups.ipynb").cells
CODE = [cell for cell in CELLS if cell.cell_type == "code"]
PROSE = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
SHOWN = "\n".join(lessons.output_text(cell.outputs) for cell in CODE)


def shown_by(words):
    """Text output of the one code cell whose source holds these words."""
    (cell,) = [cell for cell in CODE if words in cell.source]
    return lessons.output_text(cell.outputs)


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
        "5.807",
        "142.962",
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
        "6.80",  # schools
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
        (49.1, 4, 2),
        (56.3, 4, 2),
        (34.0, 2, 1),
        (50.2, 2, 1),
        (53.0, 4, 2),
        (42.5, 4, 2),
        (44.2, 4, 2),
        (45.6, 2, 1),
        (53.1, 4, 2),
        (61.3, 2, 1),
    ]
    shown = rows("mm.emmeans(fixed")
    for number, (mean, plots_, years) in enumerate(published, start=1):
        raw, n, years_shown, marginal = shown[f"C{number:02d}"]
        assert (raw, n, years_shown) == (mean, plots_, years)
        assert np.isnan(marginal) if years == 1 else marginal == mean


def test_twelve_means_are_not_estimable_and_the_reason_is_given():
    notes = [
        line for line in shown_by("mm.emmeans(fixed").splitlines() if line.startswith("NA for")
    ]
    named = re.findall(r"C\d\d", " ".join(line.split(":")[0] for line in notes))
    assert len(named) == len(set(named)) == 12
    assert all("no data with site_year" in line for line in notes)


def test_henderson_by_hand_equals_gls_and_the_package():
    shown = rows("by_hand, V")
    solution = mm.henderson(mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))).solution
    for name, value in zip(("mean", "S1", "S2", "S3"), solution, strict=True):
        assert np.allclose(shown[name], value, rtol=0, atol=1e-6) and len(shown[name]) == 3
    assert "largest difference below 1e-9: True" in SHOWN
    assert "rank of the left side: 4 of 4; without G⁻¹: 3" in SHOWN


def test_the_factor_is_one_in_balanced_and_two_in_unbalanced_data(fit):
    assert {values[-1] for name, values in rows("measured, blup =").items() if name[0] == "R"} == {
        0.6712
    }
    variances = fit.varcomp.set_index("group").variance
    shown = rows("gy + error")
    for years in (1, 2):
        share = variances["entry"] / (
            variances["entry"]
            + variances["entry:site_year"] / years
            + variances["Residual"] / (2 * years)
        )
        *found, one_low, one_high = shown[str(years)]
        assert len(found) == 4 and set(found) == {round(share, 3)}
        assert one_low == one_high > found[0]


def test_a_blup_of_r_observations_is_blue_over_one_plus_lambda_over_r():
    lam, short, right = (
        float(n) for n in re.findall(r"(?<= )\d+\.\d+(?=[;\n])", shown_by("lam ="))[:3]
    )
    assert short == pytest.approx(1 / (1 + lam), abs=0.001) and short == 0.102
    assert right == pytest.approx(1 / (1 + lam / 18), abs=0.001) and right == 0.671


def test_weight_times_mean_residual_is_the_blup_in_full_and_in_unequal_blocks():
    full, fewer = shown_by("def weight_and_mean").split("four plots of R4 lost:")
    for text, lost in ((full, 0), (fewer, 4)):
        trial = mm.load("sorghum").iloc[: 72 - lost]
        fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial)
        blups = fit.ranef().set_index("level").estimate
        lines = [line.split() for line in text.splitlines() if re.match(r"R\d ", line)]
        assert [line[0] for line in lines] == ["R1", "R2", "R3", "R4"]
        for name, r, weight, mean, product, blup in lines:
            assert int(r) == 18 - lost * (name == "R4")
            assert product == blup and float(blup) == pytest.approx(blups[name], abs=0.00006)
            assert float(weight) * float(mean) == pytest.approx(blups[name], abs=0.006)
    by_fit = mm.shrinkage(fit).set_index("level").weight  # the library's own, four plots lost
    assert f"{by_fit['R4']:.4f}" == weight != f"{by_fit['R1']:.4f}"


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


def test_blups_lie_on_three_lines_and_are_narrower_than_the_true_effects_are_expected_to_be(
    clover, fit, entries
):
    grown = clover.groupby("entry", observed=True).site_year.agg(lambda s: "+".join(sorted(set(s))))
    lines = {}
    for years, some in entries.groupby(grown):
        slope, start = np.polyfit(some.raw, some.BLUP, 1)
        assert np.allclose(slope * some.raw + start, some.BLUP, atol=1e-9)
        lines[years] = slope, start
    (one, squares), (both, _), (other, triangles) = (
        lines[k] for k in ("24AL", "24AL+25AL", "25AL")
    )
    assert one == pytest.approx(other) and both > one and triangles > squares
    between, v = (
        fit.varcomp.set_index("group").variance["entry"],
        entries.years.map({1: one, 2: both}),
    )
    shown = shown_by("fig, axes = plt.subplots(2, 2")
    assert f"BLUPs {entries.BLUP.std():.1f}" in shown
    assert f"true effects {between**0.5:.1f}, BLUPs {np.sqrt((v * between).mean()):.1f}" in shown
    assert "narrower than the true effects are *expected* to be" in PROSE
    assert "can be: their SD" not in PROSE


def test_the_variance_of_a_blup_is_its_factor_of_the_variance(clover, fit, entries):
    v = fit.varcomp.set_index("group").variance["entry"]
    X, Z, W = fit.X.to_numpy(), mm.build_Z(clover.entry), np.linalg.inv(fit.V.to_numpy())
    P = W - W @ X @ np.linalg.solve(X.T @ W @ X, X.T @ W)
    exact = v**2 * np.diag(Z.T @ P @ Z)  # Var(u hat), the means estimated
    kept = entries.years.map({1: 0.117, 2: 0.210})[fit.ranef().query("group == 'entry'").level]
    assert np.all(exact / v < kept + 0.001) and np.all(exact / v > 0.93 * kept)  # "or nearly"


def test_the_answer_on_barley_is_right():
    barley = mm.load("barley")
    fit = mm.lmm("yield_t_ha ~ fungicide + (1 | genotype) + (1 | block/fungicide)", barley)
    raw = barley.groupby("genotype", observed=True).yield_t_ha.mean()
    blups = fit.ranef().query("group == 'genotype'").set_index("level").estimate
    factors = blups / (raw - raw.mean())[blups.index]
    assert np.ptp(factors) < 1e-9 and f"All by one factor, {factors.iloc[0]:.3f}," in PROSE
    assert set(raw.nlargest(10).index) == set(blups.nlargest(10).index)


def test_the_choice_can_be_changed_after_the_whole_lesson():
    (choice,) = [cell.source for cell in CODE if "promote = [" in cell.source]
    assert "entries =" not in choice  # it would take away what later cells added


def test_blups_are_closer_to_the_truth_and_the_winners_promise_is_corrected():
    shown = {name: values for name, values in rows("truths, noises =").items() if len(values) == 5}
    assert set(shown) == {"base", "more", "fewer", "unbalanced"}
    for raw, shrunk, promised, predicted, true in shown.values():
        assert shrunk < raw
        assert promised > true + 2 and abs(predicted - true) <= 0.3


def test_one_matrix_gives_every_drivers_blup():
    assert "gives every BLUP: True" in shown_by("W = np.linalg.solve")


def test_the_double_bar_is_expanded():
    lines = shown_by("W = np.linalg.solve").splitlines()
    assert "(1 || Subject)     expands to (1 | Subject)" in lines
    assert "(1 + X || Subject) expands to (1 | Subject) (0 + X | Subject)" in lines


def test_a_new_entry_shares_the_mean_but_not_the_error_of_the_average_entry(fit):
    lines = shown_by("new_levels=").splitlines()
    shown = {line[:13].strip(): [float(x) for x in line[13:].split()] for line in lines[1:]}
    new, average, known = shown["new entry"], shown["average entry"], shown["C10"]
    assert new[0] == average[0] < known[0]
    between = fit.varcomp.variance.iloc[:-1].sum()
    assert new[1] ** 2 == pytest.approx(average[1] ** 2 + between, abs=0.2)
    assert average[1] < known[1] < new[1]


# --- the decision ------------------------------------------------------------------------


def test_shrinkage_changes_the_decision_as_the_lesson_says(fit, entries):
    by_raw, by_blup = (set(entries[column].nlargest(2).index) for column in ("raw", "BLUP"))
    assert by_raw - by_blup == {"C10"} and len(by_blup - by_raw) == 1
    (instead,) = by_blup - by_raw
    shown = shown_by("norm.cdf(gap / sd)")
    assert f"by raw mean only: C10; by BLUP only: {instead}" in shown
    inverse = (
        mm.henderson(fit).inverse.xs("entry", level="group").xs("entry", level="group", axis=1)
    )
    inverse = inverse.droplevel("term").droplevel("term", axis=1)
    variance = (
        inverse.loc[instead, instead] + inverse.loc["C10", "C10"] - 2 * inverse.loc[instead, "C10"]
    )
    gap = entries.BLUP[instead] - entries.BLUP["C10"]
    assert f"BLUP {gap:+.2f} with SD {np.sqrt(variance):.2f};" in shown
    assert gap < np.sqrt(variance) / 2  # "far smaller than its SD"


def test_no_interval_excludes_zero(entries):
    assert not (entries.BLUP.abs() > 1.96 * entries.sd).any()
    assert "zero lies outside 0 of 35 intervals" in SHOWN


def test_the_fall_of_c10_and_the_climb_of_c08(clover, entries):
    climbs = (entries.raw.rank(ascending=False) - entries.BLUP.rank(ascending=False)).astype(int)
    assert climbs["C10"] == climbs.min() and climbs["C08"] > 0
    shown = rows("climbs = (")
    assert shown["C10"][-1] == climbs["C10"] and shown["C08"][-1] == climbs["C08"]
    grown = clover.groupby("entry", observed=True).site_year.agg(lambda s: "+".join(sorted(set(s))))
    for _, same in entries.groupby(grown):  # "among entries of the same years nothing crosses"
        assert (same.raw.rank() == same.BLUP.rank()).all()


# --- the lesson as a whole ---------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "in balanced data the BLUP equals the BLUE",
        "all by the same factor",  # slip 5
        "BLUP = BLUE/(1 + λ)",
        r"$1/(1 + \lambda/r)$",  # slip 6
        r"$\epsilon_{0,ij}$",
        "`(1 + X || Subject)`",  # slip 10
        "one-term formula in a model with several terms",
    ],
)
def test_the_slips_stand_in_visible_boxes(words):
    boxes = [line for line in PROSE.splitlines() if line.startswith("> **Common slip")]
    assert len(boxes) == 5
    assert any(words in box for box in boxes)


def test_the_synthetic_data_are_called_so():
    assert "**These clover data are synthetic.**" in PROSE


def test_the_picture_of_the_title_is_drawn_from_the_data():
    (name,) = re.findall(r"^!\[[^\]]+\]\((.+?)\)$", CELLS[0].source, flags=re.M)
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(8.4, 5.0), width_ratios=[1, 1.15])
        (reading,) = figures.blups(*axes)
        assert not [text.get_text() for ax in axes for text in ax.texts]  # nobody is named
        drawn = io.BytesIO()
        figure.savefig(drawn, dpi=110)
        plt.close(figure)
    if matplotlib.__version__.encode() in (FOLDER / name).read_bytes()[:200]:
        drawn.seek(0)  # another matplotlib sets its letters elsewhere: then the words must do
        drawn, kept = imread(drawn), imread(FOLDER / name)
        assert drawn.shape == kept.shape and np.abs(drawn - kept).mean() < 0.005, (
            f"draw {name} again: python -m mmteach.course.authoring.figures"
        )
    number = re.search(r"C10 is number (\d+) by raw mean and number (\d+) by BLUP", reading)
    assert f"By raw mean C10 is number {number[1]}, by BLUP number {number[2]}." in SHOWN


def test_the_lesson_keeps_its_measure():
    lengths = [sum(bool(line.strip()) for line in cell.source.split("\n")) for cell in CODE]
    pictures = [
        cell for cell in CODE for output in cell.outputs if "image/png" in output.get("data", {})
    ]
    assert 45 <= len(CELLS) <= 60 and 20 <= len(CODE) <= 28
    # the four pictures of section 10 have a marker and a legend for each combination of years
    assert median(lengths) <= 7 and max(lengths) <= 20
    assert 5 <= len(pictures) <= 8
    assert set(re.findall(r"\*Figure (\d)", PROSE)) == {str(k + 1) for k in range(len(pictures))}
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class: {minutes} minutes" in PROSE


def test_one_slider_with_its_static_twin():
    (slider,) = [k for k, cell in enumerate(CODE) if "interact(" in cell.source]
    assert lesson_rules.tags(CODE[slider]) == ["nbval-ignore-output"]
    assert "plt.subplots(2, 4" in CODE[slider + 1].source
    (picture,) = [
        output.data["image/png"]
        for output in CODE[slider + 1].outputs
        if "image/png" in output.get("data", {})
    ]
    assert imread(io.BytesIO(base64.b64decode(picture))).size


def test_the_class_predicts_and_discusses():
    assert PROSE.count("**Predict") >= 8
    assert sum("discuss" in lesson_rules.tags(cell) for cell in CELLS) >= 2
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 6
