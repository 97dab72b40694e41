"""Day 4 shows the numbers of lme4, the source of the package, and the slips put right."""

import ast
import base64
import inspect
import io
import re
from html import unescape
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from matplotlib.image import imread
from reference_values import models
from scipy.optimize import minimize

import mmteach as mm
from mmteach.course.authoring import lesson_rules, lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
CELLS = lessons.read(FOLDER / "day4_reml_from_scratch.ipynb").cells
CODE = [cell for cell in CELLS if cell.cell_type == "code"]
PROSE = "\n".join(cell.source for cell in CELLS if cell.cell_type == "markdown")
SHOWN = "\n".join(lessons.output_text(cell.outputs) for cell in CODE)


def cell_with(words):
    """The one code cell whose source holds these words."""
    (found,) = [cell for cell in CODE if words in cell.source]
    return found


def shown_by(words):
    return lessons.output_text(cell_with(words).outputs)


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "102.6",
        "144.394",
        "91.092",
        "56.391",
        "54.46",
        "6.80",  # schools
        "729.7118",
        "2906.0",
        "25627",
        "53.91",
        "160.09",
        "46.69",
        "138.64",  # sorghum
    ],
)
def test_the_published_numbers_are_shown(number):
    assert re.search(rf"(?<![\d.]){re.escape(number)}", SHOWN)


def test_the_truth_is_stated_after_the_guess_and_the_fit():
    assert "sigma_b² 100, sigma² 225" in shown_by("rng = np.random.default_rng(1)")
    (at,) = [k for k, cell in enumerate(CELLS) if "fit = mm.lmm" in cell.source]
    before = "\n".join(cell.source for cell in CELLS[: at + 1])
    before += "\n".join(lessons.output_text(c.outputs) for c in CELLS[:at] if c.cell_type == "code")
    assert "guess = {" in CELLS[at - 2].source and "mm.lmm" not in CELLS[at - 2].source
    assert not re.search(r"\b(truth|100|225|144|102\.6)\b", before, flags=re.I)


def five(model):
    """sigma_b², sigma², criterion, mean and its standard error, from R."""
    return [
        *model["varcorr"]["vcov"],
        model["criterion"],
        model["fixed"]["estimate"][0],
        model["fixed"]["se"][0],
    ]


def test_the_values_typed_for_lme4_are_lme4s():
    tree = ast.parse(cell_with("lme4 = [").source)
    (typed,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "lme4"
    ]
    stored = five(models()["schools_reml"]) + five(models()["schools_ml"])
    assert np.allclose(typed, stored, rtol=0, atol=0.00005)


def test_own_code_mmteach_and_lme4_agree_in_every_digit_shown():
    rows = [numbers(line.split("²")[-1]) for line in shown_by("lme4 = [").splitlines()[1:]]
    assert len(rows) == 10
    for own, library, lme4, statsmodels in rows:
        assert own == library == lme4
        assert abs(statsmodels - lme4) < 0.0051


def test_every_line_of_the_derivation_is_checked_and_holds():
    checked = re.findall(r"^(?:\(\d+\)|   ) +(-?[\d.]+) = (-?[\d.]+)$", SHOWN, flags=re.M)
    assert len(checked) == 12
    for left, right in checked:
        assert left == right and "." in left
    tagged = set(re.findall(r"\\tag\{(\d+)\}", PROSE))
    assert (
        tagged == set(re.findall(r"^\((\d+)\)", SHOWN, flags=re.M)) == set(map(str, range(1, 12)))
    )


def test_every_displayed_line_is_followed_by_its_own_check():
    for before, cell in pairwise(CELLS):
        if tags := re.findall(r"\\tag\{(\d+)\}", before.source):
            assert len(tags) == 1 and cell.cell_type == "code"
            assert re.findall(r"^\((\d+)\)", lessons.output_text(cell.outputs), flags=re.M) == tags


def test_two_choices_of_contrasts_differ_by_a_constant():
    found = re.findall(r"D minus K at the \w+: (.*) = (.*)", SHOWN)
    assert np.shape(found) == (2, 2)
    assert {float(value) for value in np.ravel(found)} == {round(np.log(12), 6)}  # log|K'K| is 0


def test_the_simulation_shows_what_theory_expects():
    shown = shown_by("show_sampling")
    averages = [
        float(value)
        for value in re.search(
            r"mean known gives ([\d.]+) .*, ML ([\d.]+) .*, REML ([\d.]+) \(", shown
        ).groups()
    ]
    expected = [100, 2 / 3 * (100 + 225 / 4) - 225 / 4, 100]
    assert np.allclose(averages, expected, rtol=0, atol=2)
    known, ml, reml = numbers(shown.splitlines()[-1])  # the same, negative values set to zero
    assert 100 < known < reml and expected[1] < ml < 100


def test_the_slider_shows_both_lowest_points_and_the_steps_go_down():
    found = re.search(
        r"ML is lowest at sigma_b² (\d+),.*REML is lowest at sigma_b² (\d+),", shown_by("@interact")
    )
    stored = [models()[f"schools_{name}"]["varcorr"]["vcov"][0] for name in ("ml", "reml")]
    assert [int(value) for value in found.groups()] == [round(value) for value in stored]
    trace = [numbers(line)[-1] for line in shown_by("show_surface").splitlines()[-9:]]
    assert trace == sorted(trace, reverse=True) and trace[-1] == 91.092


def test_the_boundary_estimate_is_zero():
    assert "Boundary estimate: the data ask for a variance of zero" in shown_by("dealt =")
    assert "above 0 and below 0.001: True" in shown_by("dealt =")


def test_broken_data_show_their_symptoms():
    shown = shown_by("except ValueError")
    assert "one level" in shown and "leave the term out" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("One school, our criterion")]
    values = line.rsplit(":", 1)[1].split()
    assert len(values) == 3 and len(set(values)) == 1
    dropped, full = numbers(shown.splitlines()[-1])
    assert dropped == pytest.approx(full - 11 * np.log(2 * np.pi), abs=0.001)


def test_unequal_schools_expose_the_formula_and_the_wrong_residual():
    few = mm.load("schools").iloc[:10]
    ml = mm.lmm("score ~ 1 + (1 | school)", few, reml=False)
    reml = ml.refit(reml=True)
    V = reml.V.to_numpy()
    residual = few.score - ml.beta.iloc[0]
    right = few.score - reml.beta.iloc[0]
    wrong = (
        reml.criterion + residual @ np.linalg.inv(V) @ residual - right @ np.linalg.inv(V) @ right
    )
    shown = numbers(shown_by("few, X_few"))
    for value, places in (
        (ml.varcomp.variance[0], 2),
        (reml.varcomp.variance[0], 2),
        (reml.criterion, 4),
        (wrong, 4),
    ):
        assert any(abs(value - number) <= 0.6 * 10**-places for number in shown), value
    assert wrong > reml.criterion + 0.005


def test_reml_gains_depend_on_how_X_is_written_and_ml_gains_do_not():
    rows = [
        numbers(line.split("  ", 1)[1] if "×" not in line else line.split("10", 1)[1])
        for line in shown_by("designs = {").splitlines()[1:]
    ]
    (reml, ml, gain, ml_gain), (scaled, ml_scaled, scaled_gain, ml_scaled_gain), _ = rows
    assert scaled - reml == pytest.approx(18 * np.log(100), abs=0.011)
    assert gain - scaled_gain == pytest.approx(18 * np.log(100), abs=0.021)
    assert (ml, ml_gain) == (ml_scaled, ml_scaled_gain)


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
    shown = shown_by("inside = n_blocks")
    assert "4 · 17 = 68" in shown and "estimated: 51" in shown
    assert "51 / 68 = 19220.5, by ML 19220.5" in shown and "block 0.750, plot 0.750" in shown


def test_each_of_the_three_conditions_is_needed():
    schools = mm.load("schools")
    reml, ml = both("score ~ 1 + (1 | school)", schools.iloc[:10])  # unequal
    assert f"sigma²: ML {ml:.2f}, REML {reml:.2f}" in shown_by("few, X_few") and ml > reml + 5
    alike = schools.assign(school=list("ABCCBA") * 2, score=np.sort(schools.score))
    reml, ml = both("score ~ 1 + (1 | school)", alike)  # estimate at zero
    assert ml / reml == pytest.approx(11 / 12)
    assert "three things together" in PROSE and "175.53 by ML but 169.72 by REML" in PROSE


def test_the_variances_of_the_crossed_fit_carry_their_names():
    lines = shown_by("REML, crossed").split("REML, crossed")[1].splitlines()
    shown = {
        line.split()[0]: line.split()[1:] for line in lines if line and line.split()[0] != "mm.lmm,"
    }
    assert {"block", "genotype", "plot", "Residual"} <= set(shown)
    for own, library in (("block", 2906.0), ("genotype", 30035.29), ("plot", 25627.36)):
        assert any(
            line.split()[:1] == [own] and abs(float(line.split()[1]) - library) < 0.06
            for line in lines
            if line
        )


# --- the exercises -------------------------------------------------------------------------


def exercise_prose():
    cells = lessons.read(FOLDER / "solutions" / "day4_solutions.ipynb").cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def passes(theta, reml, sets=40_000, J=3, k=4):
    """Share of data sets whose criterion at the true theta lies above the line of chi-squared."""
    rng = np.random.default_rng(7)
    y = rng.normal(0, theta, (sets, J, 1)) + rng.normal(size=(sets, J, k))
    within = ((y - y.mean(-1, keepdims=True)) ** 2).sum((1, 2))
    between = k * y.mean(-1).var(-1) * J
    rows, means = J * k - reml, J - reml

    def d(ratio):  # ratio = 1 + k theta²
        return rows * np.log(within + between / ratio) + means * np.log(ratio)

    best = np.maximum(1, (between / means) / (within / (J * k - J)))
    return (d(1 + k * theta**2) - d(best) > 3.841).mean()


def test_the_line_of_chi_squared_is_a_rough_guide_only():
    assert passes(0, reml=True) < 0.025 and passes(0, reml=False) < 0.025  # not 5 %: the boundary
    assert all(0.09 < passes(theta, reml=False) < 0.16 for theta in (1, 2, 4))
    assert abs(passes(20, reml=False, J=200) - 0.05) < 0.006  # many schools, far from zero
    text = exercise_prose()
    assert (
        "It is not valid at $\\theta = 0$, the boundary" in text and "shaky everywhere else" in text
    )
    assert "two to three times too often" in text


def test_the_line_of_this_simulation_is_the_profile_of_the_package():
    schools = mm.load("schools")
    y = schools.score.to_numpy().reshape(3, 4)
    for reml in (True, False):
        fit = mm.lmm("score ~ 1 + (1 | school)", schools, reml=reml)
        within = ((y - y.mean(-1, keepdims=True)) ** 2).sum()
        between = 4 * y.mean(-1).var() * 3
        d = [(12 - reml) * np.log(within + between / r) + (3 - reml) * np.log(r) for r in (1, 17)]
        assert d[1] - d[0] == pytest.approx(fit.profiled([2]) - fit.profiled([0]), abs=1e-9)


def test_the_answers_of_the_exercises_hold():
    from scipy.stats import f

    text = exercise_prose()
    reml, ml = both("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"))
    assert f"{ml:.4f} instead of {reml:.4f}" in text
    y = mm.load("schools").score.to_numpy().reshape(3, 4)
    p = f.sf(4 * y.mean(-1).var(ddof=1) / y.var(-1, ddof=1).mean(), 2, 9)
    assert f"its p-value, {p:.2f}, agrees" in text
    assert "will then complain" not in text


# --- the functions of the lesson -----------------------------------------------------------


@pytest.fixture(scope="module")
def lesson():
    """The functions that the lesson defines, with what they need, and nothing it computed."""
    space = {
        "np": np,
        "minimize": minimize,
        "inv": np.linalg.inv,
        "solve": np.linalg.solve,
        "log_2pi": np.log(2 * np.pi),
        "log_det": lambda M: np.linalg.slogdet(M)[1],
    }
    for cell in CODE:
        if "@interact" not in cell.source:
            for node in lesson_rules.tree(cell.source).body:
                if isinstance(node, ast.FunctionDef):
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
        variances, lowest, steps = lesson["estimate"](
            lesson[name], schools.score.to_numpy(), np.ones((12, 1)), schools.school, (9, 576)
        )
        assert np.allclose(variances, stored["varcorr"]["vcov"], rtol=1e-4)
        assert lowest == pytest.approx(stored["criterion"], abs=1e-7)
        assert np.allclose(steps[0], (9, 576)) and np.allclose(steps[-1], variances)


@pytest.mark.parametrize(
    "function",
    [mm.build_V_cs, mm.minus2_loglik, mm.reml_objective],
    ids=lambda function: function.__name__,
)
def test_the_source_on_show_is_the_packages(function):
    (html,) = [output.data["text/html"] for output in cell_with("side_by_side((").outputs]
    shown = unescape(html)
    tree = ast.parse(inspect.getsource(function)).body[0]
    names = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(function).parameters.values()
    ]
    signature = f"def {function.__name__}({', '.join(map(str, names))}):"
    body = inspect.getsource(function).splitlines()[tree.body[0].end_lineno :]
    assert signature + "\n" + "\n".join(body) in shown


# --- the lesson as a whole -----------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "ML treats the mean as known",
        "maximises* over the mean",  # slip 11
        "ML formula used everywhere",
        "*balanced* data with an *interior* solution",  # slip 12
        "residual of the ML fit in the REML criterion",
        "GLS estimate",  # slip 3
        "comparing REML criteria of different fixed parts",
        "Compare fixed parts by ML",  # slip 13
    ],
)
def test_the_slips_stand_in_visible_boxes(words):
    boxes = [line for line in PROSE.splitlines() if line.startswith("> **Common slip")]
    assert len(boxes) == 4
    assert any(words in box for box in boxes)


def test_the_picture_of_the_title_is_the_lessons_own():
    (name,) = re.findall(r"^!\[[^\]]+\]\((.+?)\)$", CELLS[0].source, flags=re.M)
    drawn = next(
        output.data["image/png"]
        for output in cell_with("plots.show_surface").outputs
        if "image/png" in output.get("data", {})
    )
    drawn, kept = imread(io.BytesIO(base64.b64decode(drawn))), imread(FOLDER / name)
    # two versions of matplotlib may differ in a few grey values, another picture differs in many
    assert drawn.shape == kept.shape and np.abs(drawn - kept).mean() < 0.005, (
        f"save the picture of the cell with plots.show_surface as notebooks/{name}"
    )


def test_the_lesson_keeps_its_measure():
    code = lesson_rules.code_cells(CELLS)
    pictures = sum(
        "image/png" in output.get("data", {}) for _, cell in code for output in cell.outputs
    )
    # six cells above the usual 60: every displayed line keeps a check of its own, the guess stands
    # apart from the fit, and so does the count of degrees of freedom from the fits it explains
    assert 45 <= len(CELLS) <= 66 and 20 <= len(code) <= 31
    assert pictures == 7
    lengths = [sum(bool(line.strip()) for line in cell.source.split("\n")) for _, cell in code]
    assert median(lengths) <= 5 and max(lengths) <= 15
    assert set(re.findall(r"\*Figure (\d)", PROSE)) == set("1234567")
    assert 50 <= sum(cell.metadata.get("minutes", 0) for cell in CELLS) <= 60
    assert (
        f"In class: {sum(cell.metadata.get('minutes', 0) for cell in CELLS)} minutes"
        in CELLS[0].source
    )


def test_the_class_predicts_and_discusses():
    assert PROSE.count("**Predict") >= 8
    assert sum("discuss" in lesson_rules.tags(cell) for cell in CELLS) >= 2
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 4
