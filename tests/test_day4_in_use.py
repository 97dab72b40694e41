"""Day 4, second half: the numbers of lme4, the accidents, the boundary, and what may be compared."""

import ast
import re

import numpy as np
import pandas as pd
import pytest
from lesson_texts import Lesson, numbers
from reference_values import models
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize

import mmteach as mm
from mmteach.course.authoring import lesson_rules, lessons

LESSON = Lesson("day4_reml_in_use")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by, place_of, text_before = LESSON.shown_by, LESSON.place_of, LESSON.before
TRUE_B, TRUE = 100, 225  # the variances the schools were drawn with
SCHOOLS = mm.load("schools")
ONE_MEAN = "score ~ 1 + (1 | school)"


# --- the numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["102.6", "144.394", "91.092", "56.39", "54.46", "6.80"]  # schools
    + ["729.71", "2906.0", "25627"],  # sorghum
)
def test_the_published_numbers_are_shown(number):
    assert re.search(rf"(?<![\d.]){re.escape(number)}", SHOWN)


def five(model):
    """sigma_b², sigma², criterion, mean and its standard error, from R."""
    return [
        *model["varcorr"]["vcov"],
        model["criterion"],
        model["fixed"]["estimate"][0],
        model["fixed"]["se"][0],
    ]


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_the_values_typed_for_lme4_are_lme4s(method):
    name = f"r_prints_{method}"
    (typed,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(CELLS[place_of(f"{name} = [")].source).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name
    ]
    assert np.allclose(typed, five(models()[f"schools_{method}"]), rtol=0, atol=0.00005)


def test_own_code_mmteach_and_lme4_agree_in_every_digit_shown():
    lines = shown_by("def four_routes").splitlines()
    rows = [
        numbers(re.split(r"²|  ", line, maxsplit=1)[1])
        for line in lines
        if re.search(r"\d\.\d", line)
    ]
    assert len(rows) == 10
    for own, library, lme4, statsmodels in rows:
        assert own == library == lme4
        assert abs(statsmodels - lme4) < 0.0051


def test_the_printed_criterion_of_statsmodels_changes_with_a_second_fit_of_one_model():
    """The reason for one model object a fit, which the lesson gives."""
    from statsmodels.formula.api import mixedlm

    model = mixedlm("score ~ 1", data=SCHOOLS, groups="school")
    first = model.fit(reml=True)
    model.fit(reml=False)
    assert abs(-2 * first.llf - 91.0922) > 1
    assert CELLS[place_of("other_reml = smf")].source.count('smf.mixedlm("score ~ 1"') == 2


def test_the_interval_of_the_mean_rests_on_two_degrees_of_freedom():
    y = SCHOOLS.score.to_numpy().reshape(3, 4)
    ms_between = 4 * y.mean(axis=1).var(ddof=1)
    half = stats.t.ppf(0.975, 2) * np.sqrt(ms_between / 12)
    row = shown_by('print(mm.contrast(fit, {"Intercept": 1}))').splitlines()[-1]
    lower, upper = numbers(row)[-2:]
    assert (lower, upper) == pytest.approx((y.mean() - half, y.mean() + half), abs=0.006)
    assert f"{ms_between:.2f}/12" in FOLDED


# --- why some rows agree -------------------------------------------------------------------


def both(formula, data):
    """sigma² by REML and by ML."""
    fit = mm.lmm(formula, data)
    return fit.sigma2, fit.refit(reml=False).sigma2


def test_sigma2_agrees_only_in_equal_schools_above_zero_with_nothing_compared_inside():
    reml, ml = both(ONE_MEAN, SCHOOLS)
    assert ml == pytest.approx(reml, rel=1e-7)
    reml, ml = both(ONE_MEAN, SCHOOLS.iloc[:10])  # unequal
    assert ml > reml + 5
    assert f"{reml:.2f} by REML and {ml:.2f} by ML" in PROSE
    reml, ml = both(ONE_MEAN, SCHOOLS.iloc[2:])  # unequal the other way: ML is the smaller one
    assert ml < reml - 1
    dealt = pd.DataFrame({"school": list("ABCCBA") * 2, "score": np.sort(SCHOOLS.score)})
    reml, ml = both(ONE_MEAN, dealt)  # estimate at zero
    assert ml / reml == pytest.approx(11 / 12)
    inside = SCHOOLS.assign(x=np.tile([0, 1, 2, 3.5], 3))  # compared inside schools
    reml, ml = both("score ~ x + (1 | school)", inside)
    assert ml / reml == pytest.approx(8 / 9)


# --- the accidents -------------------------------------------------------------------------


def test_one_school_is_refused_flat_by_reml_and_zero_by_ml():
    shown = shown_by("one_school = ")
    assert "one level" in shown and "leave the term out" in shown
    rows = re.findall(r"sigma_b² +(\d+): REML ([\d.]+), ML ([\d.]+)", shown)
    assert [row[0] for row in rows] == ["0", "1", "100", "10000"]
    assert len({row[1] for row in rows}) == 1
    by_ml = [float(row[2]) for row in rows]
    assert by_ml == sorted(by_ml) and by_ml[0] < by_ml[1]


def test_two_schools_give_what_a_fit_gives_and_the_least_without_S3():
    shown = dict(re.findall(r"without (S\d): sigma_b² ([\d.]+)", shown_by("two_schools = ")))
    for left_out, value in shown.items():
        fit = mm.lmm(ONE_MEAN, SCHOOLS[SCHOOLS.school != left_out])
        assert f"{fit.varcomp.variance[0]:.1f}" == value
    assert min(shown, key=lambda one: float(shown[one])) == "S3" and len(shown) == 3


def test_a_constant_left_out_moves_the_criterion_alone():
    full, dropped = numbers(shown_by("without_constant = "))
    assert dropped == pytest.approx(full - 11 * np.log(2 * np.pi), abs=0.001)


def test_unequal_schools_expose_the_formula_and_the_wrong_residual():
    few = SCHOOLS.iloc[:10]
    ml = mm.lmm(ONE_MEAN, few, reml=False)
    reml = ml.refit(reml=True)
    V = reml.V.to_numpy()
    residual = few.score - ml.beta.iloc[0]
    right = few.score - reml.beta.iloc[0]
    wrong = (
        reml.criterion + residual @ np.linalg.inv(V) @ residual - right @ np.linalg.inv(V) @ right
    )
    shown = numbers(shown_by("unequal = "))
    expected = [one.varcomp.variance[0] for one in (reml, ml)]
    expected += [reml.sigma2, ml.sigma2, reml.beta.iloc[0], ml.beta.iloc[0], few.score.mean()]
    for value in expected:
        assert any(abs(value - number) <= 0.006 for number in shown), value
    assert numbers(shown_by("r_wrong = ")) == pytest.approx([reml.criterion, wrong], abs=0.00006)
    assert wrong > reml.criterion + 0.005
    by_formula = dict(re.findall(r"(\w+): +formula ([\d.]+)", shown_by("formula_reml = ")))
    assert float(by_formula["REML"]) > reml.varcomp.variance[0] + 20
    assert float(by_formula["ML"]) > ml.varcomp.variance[0] + 20


# --- the boundary --------------------------------------------------------------------------


def mean_squares(scores):
    """Between and within, of an array (..., schools, students)."""
    between = scores.shape[-1] * scores.mean(-1).var(-1, ddof=1)
    return between, scores.var(-1, ddof=1).mean(-1)


def test_the_boundary_estimate_is_zero_and_no_logarithm_reaches_it():
    shown = shown_by("alike = mm.lmm")
    assert "Boundary estimate: the data ask for a variance of zero" in shown
    assert re.search(r"formula: -62\.2", shown) and re.search(r"school +0\.00\b", shown)
    assert shown_by("for start_b in").count("below 0.001: True") == 3
    above = [float(v) for v in re.findall(r"([\d.]+) too high", shown_by("at_zero = "))]
    assert len(above) == 4 and above == sorted(above, reverse=True) and above[-1] > 0


def test_the_excess_is_said_in_plain_words_three_times():
    text = PROSE.replace("\n", " ")
    for words in (
        "beyond what the students inside the schools would produce",
        "differ no more than the students inside the schools would make them differ",
        "different students alone would make the school means scatter",
    ):
        assert words in text


@pytest.mark.parametrize("layout", [(3, 4), (3, 8), (6, 4), (12, 4)])
def test_the_share_of_zeros_is_that_of_the_f_distribution(layout):
    J, k = layout
    exact = stats.f.cdf(1 / (1 + k * TRUE_B / TRUE), J - 1, J * (k - 1))
    (shown,) = re.findall(rf" *{J} schools of {k} .*: ([\d.]+) %", shown_by("for n_schools, "))
    standard_error = np.sqrt(exact * (1 - exact) / 100_000)
    assert abs(float(shown) / 100 - exact) < 4 * standard_error + 0.0006
    assert f"{100 * share(10):.0f} of 100" in PROSE


def share(sigma_b, J=3, k=4):
    return stats.f.cdf(1 / (1 + k * sigma_b**2 / TRUE), J - 1, J * (k - 1))


def test_reml_is_zero_exactly_when_the_mean_squares_say_so():
    rng = np.random.default_rng(8)
    found = []
    for _ in range(40):
        u, error = rng.normal(0, 10, (3, 1)), rng.normal(0, 15, (3, 4))
        between, within = mean_squares(u + error)
        fit = mm.lmm(ONE_MEAN, SCHOOLS.assign(score=(50 + u + error).ravel()))
        found.append(fit.varcomp.variance[0] == 0)
        assert found[-1] == (between <= within)
    assert 4 < sum(found) < 24
    assert "agree in 40 of 40 data sets" in shown_by("n_same = ")


def test_intervals_after_a_zero_hold_the_truth_too_seldom():
    rng = np.random.default_rng(21)
    scores = rng.normal(0, 10, (200_000, 3, 1)) + rng.normal(0, 15, (200_000, 3, 4))
    between, within = mean_squares(scores)
    zero = scores[between <= within].reshape(-1, 12)
    half = stats.t.ppf(0.975, 11) * zero.std(axis=1, ddof=1) / np.sqrt(12)
    holds = 100 * np.mean(np.abs(zero.mean(axis=1)) <= half)
    (shown,) = re.findall(r"mean: (\d+) of 100", shown_by("zero_sets = "))
    assert abs(float(shown) - holds) < 1.2 and holds < 82
    assert f"Only {shown} of 100" in PROSE


# --- several random effects ----------------------------------------------------------------


def test_the_variances_of_the_crossed_fit_carry_their_names():
    table = shown_by("by_name = pd.DataFrame").splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in table if len(line.split()) == 3}
    for name, value in (("block", 2906.0), ("genotype", 30035.3), ("Residual", 25627.4)):
        assert [float(v) for v in rows[name]] == [value, value]
    criterion = re.compile(r"criterion(?: of mm.lmm)? ([\d.]+)")
    ours, theirs = (criterion.search(shown_by(w))[1] for w in ("own_three = pd", "by_name = pd"))
    assert ours == theirs == "959.4053"
    assert "order in mm.lmm: genotype, block, Residual" in shown_by("by_name = pd")


def test_fixed_or_random_genotypes_matter_to_the_others_only_with_lost_plots():
    trial = mm.load("sorghum")
    formulas = (
        "yield_kg_ha ~ genotype + (1 | block)",
        "yield_kg_ha ~ 1 + (1|block) + (1|genotype)",
    )

    def block_and_plot(data):
        tables = [mm.lmm(f, data).varcomp.set_index("group").variance for f in formulas]
        return [table[["block", "Residual"]].to_numpy() for table in tables]

    fixed, random = block_and_plot(trial)
    assert np.allclose(fixed, random, rtol=1e-5)
    fixed, random = block_and_plot(trial.drop(index=[0, 5, 20, 40]))
    assert abs(fixed[0] / random[0] - 1) > 0.02


def test_the_small_matrices_are_those_of_the_package(lesson):
    schools, rooms = list("AAAABB"), ["A1", "A1", "A2", "A2", "B1", "B1"]
    blocks, genotypes = ["R1"] * 3 + ["R2"] * 3, ["G1", "G2", "G3"] * 2
    for one, two, zeros in ((schools, rooms, 16), (blocks, genotypes, 12)):
        V = lesson["V_of_two"](one, two)
        expected = 2 * mm.build_V_cs(2, 0.5, one) + mm.build_V_cs(2, 0, two)
        assert np.array_equal(V, expected)
        assert np.sum(V == 0) == zeros
    assert "zeros: nested 16, crossed 12 of 36" in SHOWN


# --- what may be compared ------------------------------------------------------------------


def test_reml_gains_depend_on_how_X_is_written_and_ml_gains_do_not():
    lines = [line for line in shown_by("criteria = pd").splitlines() if "." in line]
    rows = [[float(value) for value in line.split()[-2:]] for line in lines]
    (_, _), (reml, ml), (scaled, ml_scaled), zero, gains, scaled_gains = rows
    assert zero == [0, 0]
    assert scaled - reml == pytest.approx(18 * np.log(100), abs=0.011)
    assert gains[0] - scaled_gains[0] == pytest.approx(18 * np.log(100), abs=0.021)
    assert ml == ml_scaled and gains[1] == scaled_gains[1] == 72.31
    assert (gains[0], scaled_gains[0]) == (252.89, 169.99)


def test_with_the_same_X_the_units_cancel():
    first, second = re.findall(r": +([\d.]+)$", shown_by("def gain_of_blocks"), flags=re.M)
    assert first == second
    trial = mm.load("sorghum")
    V = mm.lm("yield_kg_ha ~ genotype", trial).sigma ** 2 * np.eye(72)
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial)
    without = mm.minus2_loglik(trial.yield_kg_ha, fit.X, V)
    assert without - fit.criterion == pytest.approx(float(first), abs=0.00006)


# --- with Bayesian eyes --------------------------------------------------------------------


@pytest.mark.parametrize("rows", [12, 10])  # equal and unequal schools
def test_the_likelihood_averaged_over_the_mean_is_remls(rows):
    part = SCHOOLS.iloc[:rows]
    y, X, V = part.score.to_numpy(), np.ones((rows, 1)), mm.build_V_cs(40, 90, part.school)
    inverse = np.linalg.inv(V)
    best = mm.gls(X, y, V).beta[0]

    def relative(mean):
        distance = (y - mean) @ inverse @ (y - mean) - (y - best) @ inverse @ (y - best)
        return np.exp(-distance / 2)

    area = quad(relative, best - 100, best + 100)[0]
    averaged = mm.minus2_loglik(y, X, V, reml=False) - 2 * np.log(area)
    assert averaged == pytest.approx(mm.minus2_loglik(y, X, V), abs=1e-6)
    ours, library = re.findall(r"(\d+\.\d{6})", shown_by("averaged = "))
    assert ours == library


def test_with_a_flat_log_sigma_the_likelihood_of_theta_is_the_profiled_criterion():
    fit = mm.lmm(ONE_MEAN, SCHOOLS)
    y, X = SCHOOLS.score.to_numpy(), np.ones((12, 1))

    def ratio(theta):
        V_theta = mm.build_V_cs(theta**2, 1, SCHOOLS.school)

        def at(log_sigma):
            value = mm.minus2_loglik(y, X, np.exp(2 * log_sigma) * V_theta)
            return np.exp(-(value - fit.criterion) / 2)

        return quad(at, 0, 6, points=[2.5])[0] / np.exp(
            -(fit.profiled([theta]) - fit.criterion) / 2
        )

    assert np.ptp([ratio(theta) for theta in (0, 0.5, 3, 10)]) < 1e-6


def test_the_posteriors_are_those_of_an_integral():
    fit = mm.lmm(ONE_MEAN, SCHOOLS)
    shown = shown_by("def value_below_which").splitlines()

    def posterior_below(limit, prior):
        def density(theta):
            return prior(theta) * np.exp(-(fit.profiled([theta]) - fit.criterion) / 2)

        return quad(density, 0, limit)[0] / quad(density, 0, 20, limit=200)[0]

    priors = (np.ones_like, lambda theta: np.exp(-(theta**2) / 2))
    for line, prior in zip(shown, priors, strict=True):
        middle, _, most = numbers(line)
        assert posterior_below(middle, prior) == pytest.approx(0.5, abs=0.006)  # a step of 0.01
        assert posterior_below(most, prior) == pytest.approx(0.95, abs=0.0016)


def test_two_schools_leave_no_posterior_under_a_flat_prior_without_end():
    """The tail of the likelihood falls like theta^-(J - 1): an infinite area for J = 2 only."""
    for data, power in ((SCHOOLS, 2), (SCHOOLS[SCHOOLS.school != "S1"], 1)):
        fit = mm.lmm(ONE_MEAN, data)
        fall = (fit.profiled([2000.0]) - fit.profiled([200.0])) / 2
        assert fall == pytest.approx(power * np.log(10), abs=0.001)


# --- the student's functions ---------------------------------------------------------------


@pytest.fixture(scope="module")
def lesson():
    """The functions that the lesson defines, with what they need, and nothing it computed."""
    return LESSON.functions({"np": np, "pd": pd, "minimize": minimize})


@pytest.mark.parametrize("seed", range(5))
def test_the_students_functions_equal_the_packages(lesson, seed):
    rng = np.random.default_rng(seed)
    n = 15
    groups = rng.permutation(np.repeat(["a", "b", "c", "d"], [2, 3, 4, 6]))
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y, logs = rng.normal(size=n), rng.normal(size=2)
    V = lesson["V_of_groups"](*np.exp(logs), groups)
    assert np.allclose(V, mm.build_V_cs(*np.exp(logs), groups))
    for own, library in (("ml", mm.ml_objective), ("reml", mm.reml_objective)):
        ours = lesson[f"{own}_criterion"](*np.exp(logs), y, X, groups)
        assert ours == pytest.approx(library(logs, y, X, groups), rel=1e-10)
    data = pd.DataFrame({"y": y, "x": X[:, 1], "z": X[:, 2], "group": groups})
    fit = mm.lmm("y ~ x + z + (1 | group)", data)
    for theta in (0, 0.4, 3.0):
        ours = lesson["profiled_reml"](theta, y, X, groups)
        assert ours == pytest.approx(fit.profiled([theta]), rel=1e-9)


def test_the_students_short_cut_compares_the_mean_squares(lesson):
    scores = lesson["draw_scores"](500, 5, 3, np.random.default_rng(2))
    between, within = mean_squares(scores)
    assert scores.shape == (500, 5, 3)
    assert np.array_equal(lesson["reml_is_zero"](scores), between <= within)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_the_students_search_finds_lme4s_minimum(lesson, method):
    stored = models()[f"schools_{method}"]
    y, X = SCHOOLS.score.to_numpy(), np.ones((12, 1))
    for start in ((100, 200), (9, 576)):
        variances, lowest = lesson["lowest_point"](
            lesson[f"{method}_criterion"], y, X, SCHOOLS.school, start=start
        )
        assert np.allclose(variances, stored["varcorr"]["vcov"], rtol=1e-5)
        assert lowest == pytest.approx(stored["criterion"], abs=1e-7)


# --- the lesson as a whole -----------------------------------------------------------------


def test_no_answer_is_on_the_screen_before_its_question():
    guess = place_of("my_guess = {")
    before = text_before(guess)
    assert not re.search(r"\b(29|5\.55|5\.553|812|169\.99)\b", before)
    assert "lmm(" not in before and not re.search("[Bb]oundary", before)
    assert "Boundary estimate" not in text_before(place_of("alike = mm.lmm"))
    assert not re.search(r"\b(29|30) of 100", text_before(place_of("share_zero = ")))
    for number in ("252.89", "169.99", "812.60"):
        assert number not in text_before(place_of("criteria = pd"))
    assert "237.9" not in text_before(place_of("two_schools = "))


@pytest.mark.parametrize(
    "words",
    [
        "`sd` read as a standard error",
        "residuals of the ML fit in the REML criterion",
        "the GLS estimate at *the same* variances",  # slip 3
        "comparing REML criteria of different fixed parts",
        "Compare fixed parts by ML",  # slip 13
    ],
)
def test_the_slips_stand_in_visible_boxes(words):
    boxes = [line for line in PROSE.splitlines() if line.startswith("> **Common slip")]
    assert len(boxes) == 3
    assert any(words in box for box in boxes)


def test_the_lesson_keeps_its_measure():
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60
    assert f"In class {minutes:g} minutes" in CELLS[0].source
    pictures = sum("image/png" in o.get("data", {}) for cell in CODE for o in cell.outputs)
    assert pictures == 3 and set(re.findall(r"\*Figure (\d)", PROSE)) == set("123")
    for k, cell in enumerate(CELLS):  # captions come after their pictures
        if any("image/png" in o.get("data", {}) for o in cell.get("outputs", [])):
            assert CELLS[k + 1].source.startswith("*Figure ")


def test_the_class_predicts_and_discusses():
    assert PROSE.count("**Predict") >= 8
    assert sum("discuss" in lesson_rules.tags(cell) for cell in CELLS) >= 2
    assert PROSE.count("<details>") == PROSE.count("</details>") == 3
    assert PROSE.count("You should have said") >= 6


def test_the_code_is_of_the_kind_that_can_be_said_aloud():
    for cell in CODE:
        for node in ast.walk(lesson_rules.tree(cell.source)):
            kinds = (ast.Lambda, ast.NamedExpr, ast.Starred, ast.GeneratorExp)
            assert not isinstance(node, kinds), cell.source


def test_the_answers_of_on_your_own_hold():
    part = SCHOOLS.iloc[2:]
    reml = mm.lmm(ONE_MEAN, part)
    ml = reml.refit(reml=False)
    for fit, word in ((reml, "By REML"), (ml, "by ML")):
        between, within = fit.varcomp.variance
        assert f"{word} {between:.2f} and {within:.2f}" in FOLDED
    assert f"{reml.beta.iloc[0]:.3f} by REML and {ml.beta.iloc[0]:.3f} by ML" in FOLDED
    assert f"the plain average is {part.score.mean():.3f}" in FOLDED
    for sigma_b, words in ((5, "in 100 at 5 points"), (20, "in 100 at 20 points")):
        rng = np.random.default_rng(1)  # as in the lesson
        u = rng.normal(scale=sigma_b, size=(100_000, 3, 1))
        between, within = mean_squares(u + rng.normal(scale=15, size=(100_000, 3, 4)))
        drawn = np.mean(between <= within)
        assert abs(drawn - share(sigma_b)) < 0.006
        assert re.search(rf"{100 * drawn:.0f} (zeros )?{words}", FOLDED)
    sleep = mm.load("sleepstudy")
    one = mm.lmm("reaction_ms ~ 1 + (1 | subject)", sleep)
    each = mm.lmm("reaction_ms ~ days + (1 | subject)", sleep)
    tenths = mm.lmm("reaction_ms ~ I(days / 10) + (1 | subject)", sleep)
    one_ml, each_ml = one.refit(reml=False), each.refit(reml=False)
    gain, gain_ml = one.criterion - each.criterion, one_ml.criterion - each_ml.criterion
    assert f"By {gain:.2f} ({one.criterion:.2f} against {each.criterion:.2f})" in FOLDED
    assert f"the second one is {tenths.criterion:.2f}" in FOLDED
    assert f"{gain_ml:.2f} ({one_ml.criterion:.2f} against {each_ml.criterion:.2f})" in FOLDED
    assert tenths.refit(reml=False).criterion == pytest.approx(each_ml.criterion, abs=1e-6)


# --- the exercises of the day --------------------------------------------------------------

EXERCISES = Lesson("solutions/day4_solutions").cells
ASKED = "\n".join(cell.source for cell in EXERCISES if cell.cell_type == "markdown")


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
    assert "It is not valid at $\\theta = 0$, the boundary" in ASKED
    assert "shaky everywhere else" in ASKED and "two to three times too often" in ASKED


def test_the_line_of_this_simulation_is_the_profile_of_the_package():
    y = SCHOOLS.score.to_numpy().reshape(3, 4)
    for reml in (True, False):
        fit = mm.lmm(ONE_MEAN, SCHOOLS, reml=reml)
        within = ((y - y.mean(-1, keepdims=True)) ** 2).sum()
        between = 4 * y.mean(-1).var() * 3
        d = [(12 - reml) * np.log(within + between / r) + (3 - reml) * np.log(r) for r in (1, 17)]
        assert d[1] - d[0] == pytest.approx(fit.profiled([2]) - fit.profiled([0]), abs=1e-9)


def test_the_answers_of_the_exercises_hold():
    reml, ml = both("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"))
    assert f"{ml:.4f} instead of {reml:.4f}" in ASKED
    without = mm.lmm("strength ~ 1 + (1 | block)", mm.load("potash"))
    assert f"{without.sigma2:.4f} in place of {reml:.4f}" in ASKED and without.messages
    each = mm.lmm("strength ~ C(k2o_lb_ac) + (1 | block)", mm.load("potash"))
    assert f"it is {each.varcomp.variance[0]:.6f}" in ASKED
    between, within = mean_squares(SCHOOLS.score.to_numpy().reshape(3, 4))
    assert f"its p-value, {stats.f.sf(between / within, 2, 9):.2f}, agrees" in ASKED
    assert "will then complain" not in ASKED


def test_the_four_terms_of_the_criterion_are_those_of_the_folded_help():
    fit = mm.lmm(ONE_MEAN, SCHOOLS)
    V, X = fit.V.to_numpy(), np.ones((12, 1))
    r = mm.gls(X, SCHOOLS.score, V).residuals
    terms = [
        11 * np.log(2 * np.pi),
        np.linalg.slogdet(V)[1],
        np.log((X.T @ np.linalg.solve(V, X))[0, 0]),
        r @ np.linalg.solve(V, r),
    ]
    told = "{:.3f}, {:.3f}, {:.3f} and {:.3f}".format(*terms).replace("-", "−")
    assert f"the four terms are {told}" in ASKED
    assert sum(terms) == pytest.approx(fit.criterion)


def test_the_matrix_to_be_written_has_sixteen_cells_of_the_fit():
    crossed = mm.lmm("yield_kg_ha ~ 1 + (1 | block) + (1 | genotype)", mm.load("sorghum"))
    part = crossed.V.to_numpy()[np.ix_([0, 1, 18, 19], [0, 1, 18, 19])]
    b, g, e = 2906, 30035, 25627
    total = b + g + e
    assert f"b+g+e = {total}" in ASKED
    answer = [[total, b, g, 0], [b, total, 0, g], [g, 0, total, b], [0, g, b, total]]
    assert np.all(np.isclose(answer, part, rtol=0.001))
    (cell,) = [cell for cell in EXERCISES if "my_V = " in cell.source]
    assert lessons.output_text(cell.outputs).endswith("4 of 16 cells agree\n")
