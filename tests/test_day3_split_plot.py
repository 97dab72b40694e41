"""Day 3, the split plot: lme4's numbers, V row by row, what forgetting the halves costs, answers."""

import numpy as np
import pandas as pd
import pytest
from lesson_texts import Lesson, numbers
from reference_values import models, reference

import mmteach as mm
from mmteach.course.answers import day3
from mmteach.course.authoring import lessons

LESSON = Lesson("day3_covariance_structure")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by
TASKS = Lesson("solutions/day3_solutions").folded
BY_R = {model["id"]: model for model in reference("structure")["models"]}
WHOLE = "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)"
BLOCKS = "yield_t_ha ~ genotype * fungicide + (1 | block)"


@pytest.fixture(scope="module")
def barley():
    table = mm.load("barley")
    return table.sort_values(["block", "fungicide"]).reset_index(drop=True)


@pytest.fixture(scope="module")
def fit(barley):
    return mm.lmm(WHOLE, barley)


def three_variances(fit):
    variance = fit.varcomp.set_index("group").variance
    return variance["block"], variance["block:fungicide"], variance["Residual"]


def sed_of_fungicides(fit):
    return mm.contrasts(mm.emmeans(fit, "fungicide"))


# --- the numbers ---------------------------------------------------------------------------------


def test_the_printout_is_lme4s(fit):
    stored = BY_R["barley"]
    assert stored["criterion"] == pytest.approx(
        models()["barley_split_plot"]["criterion"], abs=1e-6
    )
    assert fit.criterion == pytest.approx(stored["criterion"], abs=1e-6)
    shown = shown_by("print(mm.split_bars(split_plot))")
    assert f"REML criterion {stored['criterion']:.4f}" in shown and "340.4732" in shown
    for sd, printed in zip(
        stored["varcorr"]["sdcor"], ("0.11737", "0.16972", "0.28119"), strict=True
    ):
        assert f"{sd:.5f}" == printed and printed in shown
    by_r = {a["term"]: a for a in _rows(reference("inference"), "barley")}
    for term, printed in (
        ("genotype", "69    414   7.2008"),
        ("fungicide", "1      3  40.2718"),
        ("genotype:fungicide", "69    414   0.9331"),
    ):
        assert printed in shown and f"{by_r[term]['f']:.4f}" in printed
    assert f"{by_r['fungicide']['p']:.4f}" == "0.0079" and "0.0079" in shown
    assert f"{by_r['genotype:fungicide']['p']:.4f}" == "0.6290" and "0.6290" in shown


def _rows(stored, name):
    (case,) = [case for case in stored["mixed"] if case["id"] == name]
    (table,) = [
        a["table"]["table"] if "table" in a["table"] else a["table"]
        for a in case["anova"]
        if "enward" in a["df"] and a["type"] in (2, "2", "II")
    ]
    return pd.DataFrame(table).to_dict("records")


def test_the_means_and_their_difference():
    stored, shown = BY_R["barley"], shown_by("two_means = mm.emmeans")
    lines = [line.split() for line in shown.splitlines()]
    means = [line[1:4] for line in lines if line[:1] in (["F1"], ["F2"]) and line[1] != "-"]
    expected = zip(stored["mean"], stored["mean_se"], stored["mean_df"], strict=True)
    for ours, theirs in zip(means, expected, strict=True):
        assert list(map(float, ours)) == pytest.approx(theirs, abs=6e-4)
    assert "5.514 0.1045 4.183" in shown and " 4.966 " in shown
    assert f"{stored['difference']:.4f}" == "0.5479" and "0.5479 0.08633  3" in shown


def test_a_row_of_v(barley, fit):
    row = pd.Series(fit.V.to_numpy()[0])
    b, w, s = three_variances(fit)
    half = (barley.block == "B1") & (barley.fungicide == "F1")
    block = barley.block == "B1"
    assert np.isclose(row[0], b + w + s)
    assert np.allclose(row[half][1:], b + w) and half.sum() - 1 == 69
    assert np.allclose(row[block & ~half], b) and (block & ~half).sum() == 70
    assert (row[~block] == 0).all() and (~block).sum() == 420
    shown = [numbers(line) for line in shown_by("first_row = ").splitlines()[1:5]]
    assert shown == [[0.1216, 1], [0.0426, 69], [0.0288, 70], [0, 420]]
    assert [round(v, 4) for v in (b + w + s, b + w, b)] == [0.1216, 0.0426, 0.0288]
    assert "the library has the same V: True" in SHOWN and "140 cells are not zero" in PROSE
    assert numbers(shown_by("game = pd.DataFrame").split("cells")[1])[0] == 140


def test_the_map_shows_whole_halves(barley):
    beds = barley.groupby("bed")[["block", "fungicide"]].nunique()
    assert (beds == 1).all(axis=None)  # a bed lies in one half
    blocks = barley.groupby("bed", observed=True).block.first().astype(str)
    assert [bed for bed in range(1, 56) if blocks[bed] != blocks[bed + 1]] == [14, 28, 42]
    assert "[14.5, 28.5, 42.5]" in CELLS[LESSON.place_of("has_F2")].source
    grid = pd.crosstab([barley.block, barley.fungicide], barley.genotype)
    assert (grid == 1).all(axis=None)  # each half holds each genotype once


def test_the_standard_errors_by_hand(fit):
    b, w, s = three_variances(fit)
    hand = [
        np.sqrt(b / 4 + w / 4 + s / 280),
        np.sqrt(2 * (w / 4 + s / 280)),
        np.sqrt(2 * s / 8),
    ]
    stored = BY_R["barley"]
    assert hand == pytest.approx(
        [stored["mean_se"][0], stored["sed"], stored["sed_genotypes"]], rel=1e-5
    )
    shown = [numbers(line)[-2:] for line in shown_by("by_hand = pd.DataFrame").splitlines()[1:]]
    assert np.allclose(shown, np.column_stack([hand, hand]), atol=6e-5)
    assert np.round(hand, 4).tolist() == [0.1045, 0.0863, 0.1406]
    assert hand[1] < hand[2]  # "the smaller one"


@pytest.mark.parametrize("seed", [0, 1])
def test_the_formulas_need_a_complete_trial(barley, seed):
    lost = barley.sample(420, random_state=seed)
    lost_fit = mm.lmm("yield_t_ha ~ genotype + fungicide + (1 | block/fungicide)", lost)
    b, w, s = three_variances(lost_fit)
    sed = lost_fit.se["fungicide[T.F2]"]
    assert sed > 1.0001 * np.sqrt(2 * (w / 4 + s / 280))


def test_the_shell_counts_what_kenward_and_roger_find():
    shown = {
        line.split("  ")[0]: numbers(line)[0] for line in shown_by("shell = ").splitlines()[2:9]
    }
    assert shown == {
        **{"block": 3, "fungicide": 1, "error of block:fungicide": 3, "genotype": 69},
        **{"fungicide:genotype": 69, "error": 414, "total": 559},
    }
    assert BY_R["barley"]["den_df"] == pytest.approx(shown["error of block:fungicide"], abs=1e-6)


# --- the halves forgotten ------------------------------------------------------------------------


def test_pseudoreplication_is_measured():
    rows = [numbers(line)[-5:] for line in shown_by("forgetful =").splitlines()[1:]]
    shown = [row[:3] + row[4:] for row in rows]
    expected = [
        [BY_R[model][what] for what in ("sed", "df", "f", "criterion")]
        for model in ("barley", "barley_forgotten")
    ]
    assert np.allclose(shown, expected, atol=6e-5)
    assert [round(value, 1) for value in (expected[0][2], expected[1][2])] == [40.3, 488.6]
    assert [round(row[0], 4) for row in expected] == [0.0863, 0.0248]
    assert [round(row[1]) for row in expected] == [3, 417]
    for words in ("40.3 to 488.6", "from 3 to 417", "0.0863 to 0.0248", "367.8", "340.5"):
        assert words in PROSE, words
    differences = [BY_R[model]["difference"] for model in ("barley", "barley_forgotten")]
    assert differences[0] == pytest.approx(differences[1], abs=1e-9)


def test_the_difference_stays_because_the_trial_is_complete(barley):
    lost = barley.drop(index=[*range(0, 40), *range(450, 475)])
    one, other = (
        mm.lmm(f"yield_t_ha ~ genotype + fungicide + {random}", lost).beta["fungicide[T.F2]"]
        for random in ("(1 | block/fungicide)", "(1 | block)")
    )
    assert abs(one - other) > 1e-4


def test_an_interaction_with_a_random_block_is_random_by_its_units(barley, fit):
    assert set(fit.ranef().group) == {"block", "block:fungicide"}
    half = barley.block.astype(str) + barley.fungicide.astype(str)
    assert half.nunique() == 8 == (fit.ranef().group == "block:fungicide").sum()


def test_nothing_is_answered_before_the_guess():
    (at,) = [k for k, cell in enumerate(CELLS) if "my_guess = {" in cell.source]
    before = LESSON.before(at + 1)
    for answer in ("140", "488", "417", "40.3", "0.0863", "larger because"):
        assert answer not in before, answer
    outputs = "\n".join(lessons.output_text(c.outputs) for c in CELLS[:at] if c.cell_type == "code")
    assert "Kenward" not in outputs and "fungicide  " not in outputs
    (asked,) = [
        k for k, cell in enumerate(CELLS) if "With how many of the 560 plots" in cell.source
    ]
    assert "420" not in LESSON.before(asked + 1) and "0.1216" not in LESSON.before(asked + 1)
    (asked,) = [k for k, cell in enumerate(CELLS) if "Two of the three are the same" in cell.source]
    assert "268.9" not in LESSON.before(asked + 1) and "5.76" not in LESSON.before(asked + 1)
    (asked,) = [k for k, cell in enumerate(CELLS) if "Which pair is most strongly" in cell.source]
    assert "0.83" not in LESSON.before(asked + 1) and "65.4" not in LESSON.before(asked + 1)


# --- three architectures -----------------------------------------------------------------------


def test_three_days_have_three_kinds_of_v(barley, fit):
    trial = mm.load("sorghum")
    sorghum = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial).V.to_numpy()
    potash = mm.lm("strength ~ C(k2o_lb_ac)", mm.load("potash"))
    assert potash.sigma == pytest.approx(0.2113, abs=5e-5) and potash.df_resid == 10
    kinds = [len(np.unique(V.round(6))) for V in (np.eye(15), sorghum, fit.V.to_numpy())]
    assert kinds == [2, 3, 4]  # nothing, a block, a block and a half
    assert "V_potash = mm.build_R(potash_fit.sigma**2, len(potash))" in "".join(
        cell.source for cell in CODE
    )


# --- the folded answers --------------------------------------------------------------------------


def test_the_answers_on_ones_own_hold(barley, fit):
    _, w, s = three_variances(fit)
    in_one = np.sqrt(2 * (w + s) / 4)
    assert in_one == pytest.approx(BY_R["barley"]["sed_in_one_genotype"], rel=1e-5)
    assert f"SED = {in_one:.4f} t/ha" in FOLDED
    few, forgotten = BY_R["few"], BY_R["few_forgotten"]
    assert f"SED {few['sed']:.4f}, still {few['df']:.0f} degrees" in FOLDED
    assert f"{forgotten['sed']:.4f} with {forgotten['df']:.0f} degrees" in FOLDED
    names = list(barley.genotype.cat.categories)
    table = barley[barley.genotype.isin(names[:35])].copy()
    table["genotype"] = table.genotype.cat.remove_unused_categories()
    ours = sed_of_fungicides(mm.lmm(WHOLE, table)).iloc[0]
    assert ours.se == pytest.approx(few["sed"], rel=1e-5)
    unused = barley[barley.genotype.isin(names[:35])]  # as a student writes it
    assert sed_of_fungicides(mm.lmm(WHOLE, unused)).iloc[0].se == pytest.approx(
        few["sed"], rel=1e-5
    )
    pigs = mm.load("pigs_rooms")
    assert (
        pigs.pen.nunique() == 90 and (pigs.groupby("pen", observed=True).room.nunique() == 1).all()
    )
    assert (pd.crosstab(pigs.pen, pigs.day) == 1).all(axis=None)


def test_the_folded_answers_of_the_exercises_hold():
    room, _, _ = pigs = day3.pigs()
    assert f"{room:.3f}/{pigs.sum():.3f} = {room / pigs.sum():.3f}" in TASKS
    df = day3.rice()
    more = mm.anova_shell(
        "water*nitrogen", blocks="block/water", n={"block": 7, "water": 3, "nitrogen": 5}
    ).df
    assert (
        more["error of block:water"] - df["error of block:water"] == 2
    )  # "each block more brings 2"
    wider = mm.anova_shell(
        "water*nitrogen", blocks="block/water", n={"block": 6, "water": 3, "nitrogen": 9}
    ).df
    assert wider["error of block:water"] == df["error of block:water"] == 10
    V = day3.four_plots()
    moved = {}
    for plot in range(4):
        other = V.copy()
        other[plot, :] = other[:, plot] = 0
        other[plot, plot] = V[plot, plot]
        moved[plot] = other.mean()
    assert min(moved.values()) == moved[0] == moved[1] == 145 and "to 145" in TASKS
    assert V.sum() == 3320 and "3320 to 1920 + 2 · 200 = 2320" in TASKS
    assert "480/4 = 120 in place of 207.5" in TASKS and V.mean() == 207.5
    plants = mm.load("arabidopsis")
    assert (plants.population.nunique(), plants.genotype.nunique()) == (9, 24)
    assert (pd.crosstab(plants.genotype, plants.nutrient) > 0).all(axis=None)
    assert plants.groupby("genotype", observed=True).region.nunique().max() == 1


def test_the_two_seds_of_the_knob_are_those_of_a_fit_at_that_theta(fit):
    _, _, s = three_variances(fit)
    theta = day3.equal_at()
    assert np.sqrt(2 * s * (theta**2 / 4 + 1 / 280)) == pytest.approx(np.sqrt(2 * s / 8), rel=1e-12)
    assert day3.estimated_theta() == pytest.approx(fit.theta[0], rel=1e-6)


def test_the_forgotten_variance_goes_into_the_other_two(barley):
    """Crossing out sigma_w² alone does not give the SED of the fit."""
    right = mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", barley)
    wrong = mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block)", barley)
    assert f"σ² is {wrong.sigma2:.4f} in place of {right.sigma2:.4f}" in PROSE
    blocks = [fit.varcomp.set_index("group").variance["block"] for fit in (right, wrong)]
    assert blocks[1] > blocks[0] and wrong.sigma2 > right.sigma2
    notes = "\n".join(cell.metadata.get("notes", "") for cell in LESSON.cells)
    crossed_out, fitted = (np.sqrt(2 * fit.sigma2 / 280) for fit in (right, wrong))
    assert f"gets {crossed_out:.4f}; the fit has {fitted:.4f}" in notes


def test_a_bracket_that_cannot_be_told_apart_may_have_a_lower_criterion(barley):
    """Halves with F1 and halves with F2 get variances of their own, nothing else: V says so."""
    right = mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", barley)
    typed = mm.lmm(
        "yield_t_ha ~ genotype * fungicide + (1 | block) + (fungicide | block:fungicide)", barley
    )
    assert typed.criterion < right.criterion
    V = typed.V.to_numpy()
    half = (barley.block.astype(str) + barley.fungicide.astype(str)).to_numpy()
    same_half = half[:, None] == half
    same_block = (barley.block.to_numpy()[:, None] == barley.block.to_numpy()) & ~same_half
    off = ~np.eye(len(V), dtype=bool)
    f1 = (barley.fungicide == "F1").to_numpy()
    assert len(np.unique(V[same_block].round(9))) == 1
    for own in (f1, ~f1):
        cells = same_half & off & own[:, None] & own
        assert len(np.unique(V[cells].round(9))) == 1
    with pytest.raises(ValueError, match="random effects"):
        mm.lmm("yield_t_ha ~ fungicide + (genotype | block:fungicide)", barley)


def test_fungicide_may_vary_between_blocks_and_f_is_the_same(barley):
    """What the notes reply to the question why not `(fungicide | block)`."""
    fit = mm.lmm("yield_t_ha ~ genotype * fungicide + (fungicide | block)", barley)
    row = mm.anova(fit).loc["fungicide"]
    assert row.f == pytest.approx(40.2718, abs=2e-3) and row.den_df == pytest.approx(3, abs=0.01)
    assert len(fit.theta) == 3


def test_a_table_of_counts_reads_labels_only():
    assert "unique classes: 90 cells are zero\nlabels 1 to 3: 0 cells are zero" in shown_by(
        "labels_in_schools ="
    )
