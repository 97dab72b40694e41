"""Day 4, from scratch: the numbers are lme4's, every line of the derivation holds, the answers too."""

import ast
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reference_values import models
from scipy.optimize import minimize

import mmteach as mm
from mmteach.course.authoring import lesson_prose, lesson_rules, lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
CELLS = lessons.read(FOLDER / "day4_reml_from_scratch.ipynb").cells
CODE = [cell for cell in CELLS if cell.cell_type == "code"]
PROSE = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
SHOWN = "\n".join(lessons.output_text(cell.outputs) for cell in CODE)
FOLDED = "\n".join(lesson_prose.folded(c.source) for c in CELLS if c.cell_type == "markdown")


def shown_by(words):
    """Text output of the one code cell whose source holds these words."""
    (found,) = [cell for cell in CODE if words in cell.source]
    return lessons.output_text(found.outputs)


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


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
    lines = shown_by("K = mm.error_contrasts(X)").splitlines()
    assert {numbers(line)[-1] for line in lines} == {round(np.log(12), 4)}
    assert len({numbers(line)[-2] for line in lines}) == 2


def test_one_variance_of_n_goes_to_the_mean():
    by_n, by_one_less = (numbers(line)[-1] for line in shown_by("samples = rng").splitlines()[1:])
    assert by_n == pytest.approx(225 * 3 / 4, abs=1.5) and by_one_less == pytest.approx(225, abs=2)
    averages = [numbers(line)[0] for line in shown_by("missing = n").splitlines()]
    assert np.allclose(averages, [900, 225, 675], atol=5)
    assert averages[0] == pytest.approx(averages[1] + averages[2], abs=1.1)


def test_the_simulation_shows_what_theory_expects():
    averages = [numbers(line)[-1] for line in shown_by("def three_estimates").splitlines()[1:]]
    assert np.allclose(averages, [100, 2 / 3 * (100 + 225 / 4) - 225 / 4, 100], atol=2)


def test_the_search_goes_down_to_lme4s_minimum():
    trace = [numbers(line)[-3:] for line in shown_by("trace = ").splitlines()[1:]]
    criteria = [row[-1] for row in trace]
    assert criteria == sorted(criteria, reverse=True) and len(trace) > 4
    stored = models()["schools_reml"]
    assert trace[-1] == [*np.round(stored["varcorr"]["vcov"], 1), round(stored["criterion"], 4)]
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
    E = np.eye(12)[:, :11] - np.eye(12)[:, 1:]
    D = np.vstack([np.eye(11), -np.ones(11)])
    lesson |= {"y": y}
    for V in (mm.build_V_cs(100, 225, mm.load("schools").school), np.diag(np.arange(1.0, 13))):
        values = [lesson["of_contrasts"](K, V) for K in (E, D, mm.error_contrasts(np.ones((12, 1))))]
        assert np.allclose(np.subtract(values[:2], values[2]), np.log(12))
    assert f"By {np.log(12):.4f} at both places" in FOLDED
    reml, ml = both("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"))
    assert f"{ml:.4f} against {reml:.4f}" in FOLDED and ml / reml == pytest.approx(2 / 3)
    for size, words in (((3, 40), "ML's average is {:.0f}"), ((30, 4), "30 schools of 4 it is {:.0f}")):
        assert words.format(lesson["three_estimates"](*size)["ML"].mean()) in FOLDED


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
    for cell in CODE:
        for node in lesson_rules.tree(cell.source).body:
            if isinstance(node, ast.FunctionDef) and node.name != "draw_map":
                exec(ast.unparse(node), space)
    return space


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
