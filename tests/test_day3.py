"""Day 3: the game, the construction kit, the grammar, nested and crossed, slopes; against R."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from lesson_texts import FOLDER, Lesson, numbers
from reference_values import ROOT, reference

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures

LESSON = Lesson("day3_covariance_structure")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by
BY_R = {model["id"]: model for model in reference("structure")["models"]}


def variances_of(model):
    table = BY_R[model]["varcorr"]
    return dict(zip(table["group"], table["vcov"], strict=True))


@pytest.fixture(scope="module")
def sleep():
    return mm.load("sleepstudy")


@pytest.fixture(scope="module")
def classes():
    (source,) = [cell.source for cell in CODE if "of_school = " in cell.source]
    space = {"np": np, "pd": pd}
    exec(source, space)
    return space["classes"]


# --- the game ----------------------------------------------------------------------------------


def shared_by_sketch():
    """{number of a sketch: what two observations share, from its words alone, as labels}."""
    k = np.arange(12)
    return {
        1: [k // 6, k // 3],  # fields, halves of fields
        2: [k // 2],  # pots
        3: [k // 4, k % 4],  # terraces, water lines
        4: [k // 4],  # blocks
        5: [k // 6],  # plants
    }


def test_each_matrix_is_the_one_of_its_sketch_and_of_no_other():
    for letter, (sketch, V) in figures.game_matrices().items():
        zeros = {
            number: ~np.any([np.equal.outer(one, one) for one in labels], axis=0)
            for number, labels in shared_by_sketch().items()
        }
        fitting = [number for number, zero in zeros.items() if np.array_equal(V == 0, zero)]
        assert sketch in fitting, letter
        if len(fitting) > 1:  # halves in fields and plants on days have the same zeros
            assert set(fitting) == {1, 5}
            assert (np.ptp(np.diag(V)) > 0) == (sketch == 5)  # only lines change the variance
        assert np.linalg.eigvalsh(V).min() > 0  # a covariance matrix


def test_the_answers_are_those_of_the_picture_and_come_last():
    sketches = {letter: sketch for letter, (sketch, _) in figures.game_matrices().items()}
    table = shown_by("game = pd.DataFrame").splitlines()[1:6]
    assert {line[0]: numbers(line)[-1] for line in table} == sketches
    (place,) = [k for k, cell in enumerate(CELLS) if cell.source.startswith("game = pd.DataFrame")]
    before = LESSON.before(place)
    for letter, sketch in sketches.items():
        words = f"**{letter} is {sketch}**"
        assert words in PROSE and words not in before
    assert all(letter != "ABCDE"[sketch - 1] for letter, sketch in sketches.items())


def test_the_picture_of_the_title_gives_nothing_away():
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplots(2, 5)
        (reading,) = figures.game(*axes)
        words = [text.get_text() for ax in axes[0] for text in [*ax.texts, ax.title]]
        assert [ax.get_title(loc="left") or ax.get_title() for ax in axes[0]] == list("ABCDE")
        assert not any(ax.texts for ax in axes[0]) and not re.search(r"\d", "".join(words))
        plt.close(figure)
    assert reading == "Five covariance matrices A to E, five layouts 1 to 5."
    assert (FOLDER / "figures" / "day3_game.png").is_file()


# --- mean and variance -------------------------------------------------------------------------


def test_the_three_iccs():
    lmm = {model["id"]: model for model in reference("lmm")["models"]}
    table = {line.split()[0]: numbers(line) for line in shown_by("shares = ").splitlines()[1:4]}
    for row, model, printed in (
        ("blocks", "sorghum_reml", 0.102),
        ("schools", "schools_reml", 0.415),
        ("drivers", "sleepstudy_intercepts", 0.589),
    ):
        between, within = lmm[model]["varcorr"]["vcov"]
        assert between / (between + within) == pytest.approx(printed, abs=5e-4)
        assert table[row] == pytest.approx([between, within, printed], abs=6e-4, rel=1e-5)


def test_a_random_genotype_moves_from_the_mean_into_v():
    trial = mm.load("sorghum")
    fit = mm.lmm("yield_kg_ha ~ 1 + (1 | genotype) + (1 | block)", trial)
    assert np.ptp(fit.predict(groups="population")) < 1e-9  # "the same expected yield"
    V = fit.V.to_numpy()
    same = np.equal.outer(*[trial.genotype.cat.codes.to_numpy()] * 2) & ~np.eye(72, dtype=bool)
    of_genotype = fit.varcomp.set_index("group").variance["genotype"]
    assert np.allclose(V[same], of_genotype) and of_genotype > 0


# --- the construction kit ------------------------------------------------------------------------


def space_of(*words):
    """What the cells that hold these words leave behind, run in their order without pictures."""
    space = {"np": np, "pd": pd, "mm": mm, "plt": plt, "plots": plots}
    for one in words:
        exec(CELLS[LESSON.place_of(one)].source.replace("plt.show()", "plt.close('all')"), space)
    return space


def test_v_is_built_from_the_joint_covariance_of_effects_and_errors():
    space = space_of("group = np.repeat(np.arange(10), 5)", "no_covariance = ")
    V = space["V"]
    assert space["G"].shape == (10, 10) and V.shape == (50, 50)
    assert sorted(np.unique(V)) == [0, 4, 5] and ((V != 0).sum(axis=1) == 5).all()
    assert "not zero in a row of V: 5" in SHOWN and "numbers in V: [0. 4. 5.]" in SHOWN
    A, joint = space["A"], space["joint"]
    assert joint.shape == (60, 60) and np.allclose(A @ joint @ A.T, V)
    assert "A times this times A' is V: True" in SHOWN
    rng = np.random.default_rng(7)  # and any A with any covariance: the rule itself
    B, S = rng.normal(size=(3, 4)), np.diag([1.0, 2, 3, 4]) + 0.5
    draws = B @ rng.multivariate_normal(np.zeros(4), S, size=200_000).T
    assert np.allclose(np.cov(draws), B @ S @ B.T, rtol=0.03, atol=0.1)


def test_three_effects_a_group_and_two_groupings_at_once():
    kit = "group = np.repeat(np.arange(10), 5)"
    space = space_of(kit, "time = np.tile")
    assert space["G_of_three"].shape == (30, 30) and space["V_of_three"].shape == (50, 50)
    zero = np.not_equal.outer(space["group"], space["group"])
    assert np.array_equal(space["V_of_three"] == 0, zero)  # "the squares stay where they were"
    assert len(np.unique(space["V_of_three"][:5, :5])) > 2  # "inside a square the cells differ"
    space = space_of(kit, "grower = np.repeat")
    assert space["G_of_two"].shape == (15, 15) and space["V_of_two"].shape == (50, 50)
    V = space["V_of_two"]
    lines = shown_by("grower = np.repeat").strip().splitlines()
    shown = [numbers(line)[-1] for line in lines]
    by_hand = 4 + 2 * 0 * 1 + (-0.5 * 0.5) * 3 + 2  # one grower at -0.5 and 0.5, one market
    assert shown == [by_hand, 2, 0] == [V[0, 1], V[0, 10], V[0, 12]]


# --- the grammar ---------------------------------------------------------------------------------


def test_the_expansions_shown_are_those_of_the_package():
    lines = shown_by('for bracket in ["').splitlines()
    shown = {a: b.split(" + ", 1)[1] for a, b in zip(lines[::2], lines[1::2], strict=True)}
    assert shown == {
        "(1 | f/g)": "(1 | f) + (1 | f:g)",
        "(1 | f*g)": "(1 | f) + (1 | g) + (1 | f:g)",
        "(1 + x || s)": "(1 | s) + (0 + x | s)",
        "(1 || s)": "(1 | s)",
    }


def rows_of_seven():
    (table,) = [cell.source for cell in CELLS if "| expected score" in cell.source]
    for line in table.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[3][0].isdigit():
            yield [cell.replace("\\|", "|").replace("`", "") for cell in cells]


def test_the_table_of_seven_formulas_counts_what_a_fit_estimates():
    rng = np.random.default_rng(5)
    tasting = pd.DataFrame(
        [(f"t{s}", f"w{i}", x) for s in range(8) for i in range(6) for x in (0.0, 1.0, 2.0)],
        columns=["taster", "wine", "x"],
    )
    tasting["y"] = rng.normal(size=len(tasting))
    rows = list(rows_of_seven())
    assert len(rows) == 7 and rows[0][1].startswith("none")
    for _, formula, in_full, count in rows[1:]:
        wanted = formula if in_full == "the same" else in_full
        ours = [(bar.lhs.removeprefix("1 + "), bar.group) for bar in bars(formula)]
        assert ours == [(bar.lhs.removeprefix("1 + "), bar.group) for bar in bars(wanted)]
        fit = mm.lmm(f"y ~ x + {formula}", tasting)
        assert len(fit.theta) == sum(map(int, count.split("+"))), formula
    slip = mm.lmm("y ~ x + (1 || taster) + (1 | wine)", tasting)  # "it has no slope at all"
    assert set(slip.ranef().term) == {"Intercept"}


def bars(brackets):
    return mm.split_bars(f"y ~ x + {brackets}").bars


def test_a_number_at_the_right_of_the_bar_counts_as_a_label(sleep):
    numbered = sleep.assign(driver=sleep.subject.astype(int) * 10.0)
    by_number = mm.lmm("reaction_ms ~ days + (1 | driver)", numbered)
    assert by_number.criterion == pytest.approx(BY_R["sleep_1"]["criterion"], abs=1e-6)


# --- nested and crossed ------------------------------------------------------------------------


def test_the_classes_are_those_that_r_analysed(classes):
    stored = pd.read_csv(
        ROOT / "tests" / "reference" / "data" / "classes.csv", dtype={"classroom": str}
    )
    pd.testing.assert_frame_equal(stored, classes[list(stored)], rtol=1e-12)


def test_reused_labels_make_a_crossed_model(classes):
    shown = shown_by("formulas = {")
    for number, model, residual, criterion in (
        (1, "classes_slash", 1.10, 268.9),
        (2, "classes_unique", 1.10, 268.9),
        (3, "classes_crossed", 5.76, 341.3),
    ):
        assert BY_R[model]["criterion"] == pytest.approx(criterion, abs=0.05)
        assert variances_of(model)["Residual"] == pytest.approx(residual, abs=0.005)
        fit = mm.lmm(BY_R[model]["formula"], classes)
        assert fit.criterion == pytest.approx(BY_R[model]["criterion"], abs=1e-5)
        assert f"formula {number}: REML criterion {criterion}" in shown
        assert f"Residual      {residual:.2f}" in shown
    assert variances_of("classes_slash")["school"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_slash_is_right_for_nested_factors_whatever_their_labels(classes, seed):
    rng = np.random.default_rng(seed)  # unbalanced, with fixed effects, other variances
    lost = classes.sample(50, random_state=seed).assign(
        x=lambda d: rng.normal(size=len(d)), kind=lambda d: rng.choice(["a", "b"], len(d))
    )
    effect = dict(zip("ABCDEF", rng.normal(scale=4, size=6), strict=True))
    lost["score"] += lost.school.map(effect) + lost.x
    criteria = [
        mm.lmm(f"score ~ x + kind + {random}", lost).criterion
        for random in (
            "(1 | school/classroom)",
            "(1 | school) + (1 | unique_class)",
            "(1 | school/unique_class)",
            "(1 | school) + (1 | classroom)",
        )
    ]
    assert np.allclose(criteria[:3], criteria[0], atol=1e-5) and abs(criteria[3] - criteria[0]) > 5


def test_the_tables_of_counts_and_the_term_of_its_own(classes):
    trial = mm.load("sorghum")
    nested = pd.crosstab(classes.school, classes.unique_class) > 0
    assert (nested.sum() == 1).all() and nested.shape == (6, 18)  # one grey cell a column
    assert (pd.crosstab(trial.block, trial.genotype) == 1).all(axis=None)  # no cell is white
    with pytest.raises(ValueError, match="as many levels as rows") as refused:
        mm.lmm("yield_kg_ha ~ 1 + (1 | block*genotype)", trial)
    assert str(refused.value) in SHOWN
    twice = pd.concat([trial, trial.assign(yield_kg_ha=trial.yield_kg_ha + 30)])
    fit = mm.lmm("yield_kg_ha ~ 1 + (1 | block*genotype)", twice)  # more than once: it can be told
    assert set(fit.varcomp.group) == {"block", "genotype", "block:genotype", "Residual"}


# --- slopes -------------------------------------------------------------------------------------


def test_slopes_make_v_move(sleep):
    slopes = mm.lmm("reaction_ms ~ days + (days | subject)", sleep)
    vcov = BY_R["sleep_bar"]["varcorr"]["vcov"]
    G, sigma2 = slopes.covariances[0], slopes.sigma2
    assert [G[0, 0], G[1, 1], G[0, 1], sigma2] == pytest.approx(vcov, rel=1e-5)
    assert np.round([G[0, 0], G[0, 1], G[1, 1], sigma2], 2).tolist() == [612.09, 9.6, 35.07, 654.94]
    days = np.arange(10)
    V = G[0, 0] + np.add.outer(days, days) * G[0, 1] + np.multiply.outer(days, days) * G[1, 1]
    V = V + sigma2 * np.eye(10)
    sd = np.sqrt(np.diag(V))
    assert np.allclose(slopes.V.to_numpy()[:10, :10], V)
    shown = shown_by("V_j = Z_j @ G_j @ Z_j.T")
    first, second = shown.splitlines()[0], shown.splitlines()[-1]
    assert numbers(first) == sd.round(1).tolist() and numbers(first)[::9] == [35.6, 65.4]
    pairs = [V[a, b] / (sd[a] * sd[b]) for a, b in ((0, 1), (8, 9), (0, 9))]
    assert np.round(pairs, 2).tolist() == [0.48, 0.83, 0.30] and "0.48" in second
    for value in ("0.83", "0.30"):
        assert value in second and f"({value})" in PROSE


def test_three_criteria_and_one_more_zero(sleep):
    shown = shown_by("three_models = {")
    for words, model, value in (
        ("(1 | subject)", "sleep_1", 1786.465),
        ("(days || subject)", "sleep_bars", 1743.669),
        ("(days | subject)", "sleep_bar", 1743.628),
    ):
        assert BY_R[model]["criterion"] == pytest.approx(value, abs=5e-4)
        assert re.search(re.escape(words) + rf"\s+REML criterion {value}", shown)
    zero = [numbers(line)[-3:] for line in shown_by("zero = pd.DataFrame").splitlines()[1:]]
    corr = [BY_R[model]["varcorr"]["sdcor"][2] for model in ("sleep_bar", "middle_bar")]
    at_zero = [
        [BY_R[f"{m}_{bar}"]["criterion"] for bar in ("bar", "bars")] for m in ("sleep", "middle")
    ]
    expected = [[c, *criteria] for c, criteria in zip(corr, at_zero, strict=True)]
    assert np.allclose(zero, expected, atol=6e-4)
    assert np.allclose(
        expected, [[0.066, 1743.628, 1743.669], [0.753, 1743.628, 1753.549]], atol=6e-4
    )


@pytest.mark.parametrize("zero", [4.5, 9])
def test_a_bar_does_not_notice_another_zero_and_a_double_bar_does(sleep, zero):
    lost = sleep.drop(index=[3, 9, 10, 11, 55, 56, 179]).assign(
        t=lambda d: d.days - zero, group=lambda d: d.subject.astype(int) % 2
    )
    formula = "reaction_ms ~ {x} * group + ({x} {bar} subject)"
    by_bar = {
        bar: [mm.lmm(formula.format(x=x, bar=bar), lost) for x in ("days", "t")]
        for bar in ("|", "||")
    }
    one, other = by_bar["|"]
    assert one.criterion == pytest.approx(other.criterion, abs=1e-4)
    assert np.allclose(one.V, other.V, rtol=1e-3, atol=0.5)
    assert abs(by_bar["||"][0].criterion - by_bar["||"][1].criterion) > 1


def test_a_slope_that_may_vary_is_known_from_the_drivers():
    shown = [numbers(line) for line in shown_by("slope_of_days = ").splitlines()[-3:]]
    expected = [
        [BY_R[model][what] for model in ("sleep_1", "sleep_bar")]
        for what in ("estimate", "se", "df")
    ]
    assert np.allclose(shown, expected, atol=6e-4)
    assert np.round(expected[1], 3).tolist() == [0.804, 1.546]
    assert np.allclose(expected[2], [161, 17], atol=1e-6)
    half = shown_by("days_of_driver =").splitlines()
    assert [numbers(line)[-1] for line in half[:2]] == [10, 1]


def test_a_factor_of_four_levels_has_ten_numbers():
    rng = np.random.default_rng(2)
    farms = pd.DataFrame(
        [(f"f{j:02d}", v) for j in range(20) for v in "ABCD" for _ in range(3)],
        columns=["farm", "variety"],
    )
    farms["y"] = rng.normal(size=len(farms)) + np.repeat(rng.normal(size=80), 3)
    fit = mm.lmm("y ~ variety + (variety | farm)", farms)
    assert fit.covariances[0].shape == (4, 4) and len(fit.theta) == 10
    assert "4 variances and 6 covariances, 10 numbers" in PROSE


# --- measure ---------------------------------------------------------------------------------------


def test_the_lesson_keeps_its_measure():
    assert re.findall(r"\n\*Figure (\d)\.", "\n" + PROSE) == list("123456789")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {minutes:g} minutes" in CELLS[0].source
    assert PROSE.count("**Predict") >= 7 and PROSE.count("You should have said") >= 8
    assert len(re.findall(r"> \*\*Common slip:", PROSE)) == 5
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 2
    assert len(re.findall(r"\bregions\b", PROSE)) == 1  # of fires in regions: one sentence
