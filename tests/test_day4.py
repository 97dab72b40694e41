"""Day 4, from scratch: the numbers are lme4's, every line of the derivation holds, the answers too."""

import re

import numpy as np
import pandas as pd
import pytest
from lesson_texts import Lesson, numbers
from reference_values import models
from scipy.optimize import minimize

import mmteach as mm
from mmteach.course.authoring import lessons

LESSON = Lesson("day4_reml_from_scratch")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        *("102.64", "144.39", "91.0922", "56.39", "54.457", "6.800"),  # schools
        *("2906.0", "25627.4", "53.91", "160.09", "729.7118"),  # sorghum
    ],
)
def test_the_published_numbers_are_shown(number):
    assert re.search(rf"(?<![\d.]){re.escape(number)}", SHOWN)


def test_the_answer_of_the_day_comes_after_the_guess():
    (at,) = [k for k, cell in enumerate(CELLS) if "my_guess = {" in cell.source]
    before = "\n".join(cell.source for cell in CELLS[: at + 1])
    before += "\n".join(lessons.output_text(c.outputs) for c in CELLS[:at] if c.cell_type == "code")
    assert "56" not in before and "reml=False" not in before


def test_the_two_sides_of_every_line_agree():
    """Each numbered line of the derivation that can be computed is printed from both sides."""
    pairs = [
        (r"line \(1\), independent scores: (\S+)", r"line \(2\), V = 225 I: +(\S+)"),
        (r"line \(2\), our V: (\S+)", r"scipy: +(\S+)"),
        (r"left side of \(3\): +(\S+)", r"right side of \(3\): +(\S+)"),
        (r"ML criterion, our function: (\S+)", r"ML criterion, mmteach: +(\S+)"),
        (r"of the 11 contrasts: (\S+)", r"criterion of the printout: +(\S+)"),
        (r"first identity: +left (\S+),", r"first identity: .*right (\S+)"),
        (r"second identity: +left (\S+),", r"second identity: .*right (\S+)"),
        (r"\nour function: (\S+)", r"\nmmteach: +(\S+)"),
        (r"variance of a school mean: (\S+)", r"sigma_b² \+ sigma² / 4: +(\S+)"),
    ]
    for left, right in pairs:
        (one,), (other,) = re.findall(left, "\n" + SHOWN), re.findall(right, "\n" + SHOWN)
        assert one == other and "." in one, left
    assert re.findall(r"\\tag\{(\d)\}", PROSE) == list("1234567")
    assert "agree: True" in SHOWN and shown_by("D'X:").startswith("D'X: [0. 0. 0.")


def test_two_choices_of_contrasts_differ_by_a_constant():
    lines = shown_by("with_K = of_contrasts").splitlines()
    assert {numbers(line)[-1] for line in lines} == {round(np.log(12), 4)}
    assert len({numbers(line)[-2] for line in lines}) == 2


def test_one_variance_of_n_goes_to_the_mean():
    by_n, by_one_less = (numbers(line)[-1] for line in shown_by("samples = rng").splitlines()[1:])
    assert by_n == pytest.approx(225 * 3 / 4, abs=1.5) and by_one_less == pytest.approx(225, abs=2)
    averages = [numbers(line)[0] for line in shown_by("missing = n").splitlines()]
    assert np.allclose(averages, [900, 225, 675], atol=5)
    assert averages[0] == pytest.approx(averages[1] + averages[2], abs=1.1)


def test_the_simulation_shows_what_theory_expects():
    averages = [numbers(line)[-1] for line in shown_by("estimates = three").splitlines()[2:]]
    assert np.allclose(averages, [100, 2 / 3 * (100 + 225 / 4) - 225 / 4, 100], atol=2)
    cut = [numbers(line)[-1] for line in shown_by("estimates.clip").splitlines()[-3:]]
    assert f"that of ML is {cut[1]:.0f}, still too small" in PROSE and cut[1] < 100
    assert f"that of REML {cut[2]:.0f}, a little too large" in PROSE and cut[2] > 100


def test_the_search_goes_down_to_lme4s_minimum():
    shown = shown_by("criterion_of_steps = []")
    *criteria, sigma2_b, sigma2, criterion = [x for x in numbers(shown.replace("²", "")) if x > 50]
    assert criteria == sorted(criteria, reverse=True) and len(criteria) > 4
    stored = models()["schools_reml"]
    assert [sigma2_b, sigma2] == [*np.round(stored["varcorr"]["vcov"], 2)]
    assert criterion == round(stored["criterion"], 4)
    (terms,) = re.findall("lowest: ML.*", SHOWN)
    stored = [round(models()[f"schools_{name}"]["varcorr"]["vcov"][0]) for name in ("ml", "reml")]
    assert numbers(terms) == stored


# --- why sigma² agrees in one trial and not in the other -----------------------------------


def both(formula, data):
    """sigma² by REML and by ML."""
    fit = mm.lmm(formula, data)
    return fit.sigma2, fit.refit(reml=False).sigma2


def test_ml_divides_by_all_differences_inside_the_groups_and_reml_by_those_left():
    schools = mm.load("schools")
    inside = schools.assign(x=np.tile([0, 1, 2, 3.5], 3))  # a fixed effect compared inside schools
    for formula, data, left, all_inside in (
        ("score ~ 1 + (1 | school)", schools, 9, 9),
        ("score ~ x + (1 | school)", inside, 8, 9),
        ("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"), 51, 68),
        ("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"), 8, 12),
    ):
        reml, ml = both(formula, data)
        assert ml / reml == pytest.approx(left / all_inside, rel=1e-6), formula
    assert numbers(shown_by("inside = 4 * 17")) == [4, 17, 68, 51, 51, 68, 0.75]
    ratios = [numbers(line)[-1] for line in shown_by("by_ml, criterion_ml").splitlines()[2:4]]
    assert ratios == [0.75, 0.75]


def test_each_of_the_three_conditions_is_needed():
    assert "Three things came together" in PROSE
    schools = mm.load("schools")
    reml, ml = both("score ~ 1 + (1 | school)", schools.iloc[:10])  # unequal
    assert ml > reml + 5
    alike = schools.assign(school=list("ABCCBA") * 2, score=np.sort(schools.score))
    reml, ml = both("score ~ 1 + (1 | school)", alike)  # estimate at zero
    assert ml / reml == pytest.approx(11 / 12)


# --- the folded answers ----------------------------------------------------------------------


def test_the_folded_answers_hold(lesson):
    y = mm.load("schools").score.to_numpy()
    assert f"{y.std(ddof=1) / np.sqrt(12):.2f} points" in FOLDED
    D = np.vstack([np.eye(11), -np.ones(11)])
    lesson |= {"y": y}
    K = mm.error_contrasts(np.ones((12, 1)))
    for V in (mm.build_V_cs(100, 225, mm.load("schools").school), np.diag(np.arange(1.0, 13))):
        more = lesson["of_contrasts"](2 * D, V) - lesson["of_contrasts"](K, V)
        assert f"By {more:.4f} at both places" in FOLDED
        assert lesson["of_contrasts"](D, V) - lesson["of_contrasts"](K, V) == pytest.approx(
            np.log(12)
        )
    reml, ml = both("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"))
    assert f"{ml:.4f} against {reml:.4f}" in FOLDED and ml / reml == pytest.approx(2 / 3)
    for size, words in (
        ((3, 40), "its average is {:.1f}"),
        ((30, 4), "30 schools of 4 it is {:.1f}"),
    ):
        assert words.format(lesson["three_estimates"](*size)["divided by J"].mean()) in FOLDED


@pytest.mark.parametrize(("n_blocks", "genotypes"), [(4, 2), (6, 18), (4, 18)])
def test_the_factor_counts_plots_of_a_mean_and_not_means(n_blocks, genotypes):
    rng = np.random.default_rng(3)
    plots = pd.MultiIndex.from_product([range(n_blocks), range(genotypes)], names=["b", "g"])
    data = plots.to_frame(index=False).astype("category")
    data["y"] = 30 * rng.normal(size=n_blocks)[data.b.cat.codes] + rng.normal(size=len(data))
    fit = mm.lmm("y ~ g + (1 | b)", data)
    assert fit.varcomp.variance.iloc[0] > 0
    ratio = fit.refit(reml=False).varcomp.variance / fit.varcomp.variance
    assert np.allclose(ratio, (n_blocks - 1) / n_blocks, rtol=1e-5)
    assert "3/4 again" in FOLDED and "102 differences, of which 85 are left: 5/6" in FOLDED


def test_in_small_blocks_ml_can_find_the_larger_variance_between_them():
    rng = np.random.default_rng(5)
    larger = 0
    for _ in range(20):
        block = np.repeat(np.arange(30), 2)
        genotype = np.concatenate([rng.choice(16, 2, replace=False) for _ in range(30)])
        y = 10 * rng.normal(size=30)[block] + 15 * rng.normal(size=60)
        data = pd.DataFrame({"y": y, "b": block, "g": genotype.astype(str)})
        fit = mm.lmm("y ~ g + (1 | b)", data.astype({"b": "category"}))
        ml = fit.refit(reml=False)
        larger += ml.varcomp.variance.iloc[0] > fit.varcomp.variance.iloc[0]
        assert ml.sigma2 < fit.sigma2
    assert larger > 10 and "can then even be too large" in PROSE


# --- the functions of the lesson -----------------------------------------------------------


@pytest.fixture()
def lesson():
    """The functions that the lesson defines, with what they need, and nothing it computed."""
    space = {
        "np": np,
        "pd": pd,
        "minimize": minimize,
        "inv": np.linalg.inv,
        "solve": np.linalg.solve,
        "slogdet": np.linalg.slogdet,
        "log_2pi": np.log(2 * np.pi),
    }
    return LESSON.functions(space, without=("draw_map",))


@pytest.mark.parametrize("seed", range(5))
def test_the_students_functions_equal_the_packages(lesson, seed):
    rng = np.random.default_rng(seed)
    n = 15
    groups = rng.permutation(np.repeat(["a", "b", "c", "d"], [2, 3, 4, 6]))
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y, logs = rng.normal(size=n), rng.normal(size=2)
    V = lesson["V_by_loop"](*np.exp(logs), groups)
    assert np.allclose(V, mm.build_V_cs(*np.exp(logs), groups))
    for own, library in (("ml", mm.ml_objective), ("reml", mm.reml_objective)):
        assert lesson[own](logs, y, X, groups) == pytest.approx(
            library(logs, y, X, groups), rel=1e-10
        )


def test_the_students_search_finds_lme4s_minimum(lesson):
    schools = mm.load("schools")
    for name in ("reml", "ml"):
        stored = models()[f"schools_{name}"]
        variances, lowest, steps = lesson["search"](
            lesson[name], schools.score.to_numpy(), np.ones((12, 1)), schools.school, [9, 576]
        )
        assert np.allclose(variances, stored["varcorr"]["vcov"], rtol=1e-4)
        assert lowest == pytest.approx(stored["criterion"], abs=1e-7)
        assert np.allclose(steps[0], (9, 576)) and np.allclose(steps[-1], variances)


# --- the lesson as a whole -----------------------------------------------------------------


def test_the_lesson_keeps_its_measure():
    assert set(re.findall(r"\*Figure (\d)", PROSE)) == set("12345")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {minutes:g} minutes" in CELLS[0].source
    assert PROSE.count("**Predict") >= 8 and PROSE.count("You should have said") >= 6
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 4
