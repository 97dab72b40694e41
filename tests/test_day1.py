"""Day 1: R's numbers, no answer before its question, what the prose says of models and data."""

import numpy as np
import pandas as pd
import pytest
from lesson_texts import Lesson, numbers
from reference_values import reference
from scipy import stats

import mmteach as mm

LESSON = Lesson("day1_linear_model")
CELLS = LESSON.cells
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by, place_of, before = LESSON.shown_by, LESSON.place_of, LESSON.before
BY_R = reference("day1")
PIGS = "dry_matter_pct ~ diet * day"


@pytest.fixture(scope="module")
def potash():
    return mm.load("potash")


@pytest.fixture(scope="module")
def pigs():
    return mm.load("pigs_crd")


@pytest.fixture(scope="module")
def fit(pigs):
    return mm.lm(PIGS, pigs)


@pytest.fixture(scope="module")
def uneven(pigs):
    """A third of the rows lost, so that pens have one, two or three days."""
    return pigs.drop(index=np.random.default_rng(5).choice(len(pigs), 90, replace=False))


# --- the numbers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "which"),
    [("strength ~ k2o_lb_ac", "number"), ("strength ~ C(k2o_lb_ac)", "category")],
)
def test_both_fits_of_the_cotton_are_rs(potash, formula, which):
    theirs, ours = BY_R[which], mm.lm(formula, potash)
    assert np.allclose(ours.beta, theirs["estimate"]) and np.allclose(ours.se, theirs["se"])
    shown = shown_by(f'as_{which} = mm.lm("{formula}"')
    rows = shown.split("Fixed effects")[1].splitlines()[2:]
    for line, estimate, se, t in zip(rows, theirs["estimate"], theirs["se"], theirs["t"]):
        line = line.replace("C(k2o_lb_ac)[T.", "").replace("k2o_lb_ac", "")
        assert f"{estimate:.4f}" in line and f"{se:.4f}" in line and f"{t:.3f}" in line
    assert f"deviation: {theirs['sigma']:.4f} on {theirs['df']} degrees" in shown
    assert f"R-squared: {theirs['r_squared']:.4f}" in shown
    assert numbers(shown.split("F: ")[1])[0] == pytest.approx(theirs["f"][0], rel=1e-3)


def test_the_slope_is_shown_with_its_digits():
    theirs = BY_R["number"]
    shown = shown_by("se_slope =")
    assert f"slope {theirs['estimate'][1]:.5f}, SE {theirs['se'][1]:.5f}" in shown
    assert f"t {theirs['t'][1]:.3f}, p {theirs['p'][1]:.4f}" in shown
    assert "for 100 lb/acre more: -0.50" in shown
    assert theirs["f"][0] == pytest.approx(theirs["t"][1] ** 2)  # "F is t²" with one coefficient


def test_the_category_has_the_means_and_f_of_r():
    lines = shown_by("rate_means =").splitlines()[1:6]
    for line, rate, mean in zip(lines, (36, 54, 72, 108, 144), BY_R["category_means"]):
        assert numbers(line) == [rate, round(mean, 3)]
    f, p = BY_R["category"]["f"][0], BY_R["category"]["f_p"]
    assert f"{f:.4f}" in shown_by("mm.anova(as_category)")
    assert f"{p:.4f}" in shown_by("mm.anova(as_category)") and "p = .0320" in PROSE
    f, p = BY_R["lack_of_fit"]
    assert f"F {f:.3f} on 3 and 10 df, p {p:.3f}" in SHOWN


def test_the_interval_by_hand_is_that_of_emmeans_in_r():
    means = BY_R["means"]
    assert f"sigma {BY_R['sigma']:.4f} %" in shown_by("sigma_hat = np.sqrt")
    assert f"SE {means['se'][0]:.6f} %" in shown_by("se_A =")
    shown = shown_by("t_star = stats")
    assert f"{means['lower'][0]:.5f} to {means['upper'][0]:.4f} %" in shown
    assert "16.40749 to 20.5198" in shown and "1.969422" in shown
    rows = shown_by("means = mm.emmeans(fit").splitlines()[2:8]
    for line, *theirs in zip(rows, *(means[key] for key in ("mean", "se", "lower", "upper"))):
        assert numbers(line) == pytest.approx([theirs[0], theirs[1], 252, *theirs[2:]], abs=0.006)
    b, se, t, p = BY_R["b_minus_c"]
    assert f"{b:.2f} %, SE of the difference {se:.3f} %\nt {t:.2f}, p {p:.3f}" in SHOWN
    typed = shown_by("r_prints =")
    assert f"{BY_R['sigma']:.7g}" in typed and f"{means['se'][0]:.7g}" in typed
    for k in ("mean", "lower", "upper"):
        assert f"{means[k][0]:.7g}" in typed


def test_the_table_of_the_pigs_is_rs():
    shown = shown_by("table = mm.anova(fit)")
    for term in ("diet", "day", "diet:day"):
        row = BY_R["anova"][term]
        assert f"{row['Sum Sq']:.1f}" in shown and f"{row['F value']:.4f}" in shown
        assert f"{row['Pr(>F)']:.7f}" in shown
    for number in "850.7 896.5 673.1 12360.9 8.6720 3.6556 1.3723".split():
        assert number in shown
    hand = shown_by("ss_diet =")
    assert "F 3.6556, p 0.0032772" in hand and "12360.9" in hand


def test_the_analysis_with_pens_is_lmertests():
    shown = shown_by("with_pens = mm.lmm")
    between, within = BY_R["pen_variances"]
    assert f"pens: {between:.3f}" in shown and f"within pens:  {within:.3f}" in shown
    lines = {line.split()[0]: numbers(line) for line in shown.splitlines()[3:6]}
    for term, den_df in (("diet", 84), ("day", 168)):
        row = BY_R["pen_anova"][term]
        assert row["DenDF"] == pytest.approx(den_df, abs=1e-3)
        assert lines[term][2:5] == [row["NumDF"], den_df, round(row["F value"], 4)]
    assert f"{BY_R['pen_anova']['diet']['Pr(>F)']:.4f}" in shown
    assert f"{BY_R['pen_means']['se'][0]:.3f} 84" in shown
    row = BY_R["average_anova"]["diet"]
    assert row["F value"] == pytest.approx(BY_R["pen_anova"]["diet"]["F value"], abs=1e-5)
    assert f"{row['F value']:.4f}" in shown_by("simple = mm.lm")


def test_the_shells_are_those_of_the_designs():
    crd = mm.anova_shell("diet*day", n={"diet": 6, "day": 3, "rep": 15})
    assert list(crd.df) == [5, 2, 10, 252, 269]
    pens = mm.anova_shell("diet*day", blocks="diet:rep", n={"diet": 6, "day": 3, "rep": 15})
    assert list(pens.df) == [5, 84, 2, 10, 168, 269]
    assert str(crd) in shown_by('print(mm.anova_shell("diet*day", n=')
    assert str(pens) in shown_by('blocks="diet:rep"')


# --- no answer before its question ------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "answers"),
    [
        ("my_guess = {", ["252", "7.00", "1.04", "1.226", "168"]),
        ("as_number = mm.lm", ["0.005 per", "0.501", "-0.50", "8.1369"]),
        ("as_category = mm.lm", ["five numbers", "10 degrees of freedom", "0.2113"]),
        ("V_hat = sigma2_hat", ["0.0471", "σ̂"]),
        ("X_category = as_category.X", ["1 0 0 0", "1   0   0"]),
        ("t_star = stats", ["1.969", "1.97"]),
        ("means = mm.emmeans(fit", ["25.64", "23.58"]),
        ("my_shell = {", ["5, 2, 10", "269", "df of the error"]),
        ("left = mm.lm", ["fan out", "A: normal", '"A":', "first above"]),
        ("with_pens = mm.lmm", ["2.6505", "10.70", "9.300", "39.751", "1.226"]),
    ],
)
def test_nothing_is_answered_before_it_is_asked(cell, answers):
    text = before(place_of(cell))
    for answer in answers:
        assert answer not in text, answer


# --- what is said of the data ------------------------------------------------------------------


def test_the_layout_is_said_rightly(pigs, potash):
    pens = pigs.drop_duplicates("pen")
    assert len(pens) == 90 and (pens.diet.value_counts() == 15).all()
    assert (pigs.groupby("pen", observed=True).diet.nunique() == 1).all()
    assert (pigs.groupby("pen", observed=True).day.nunique() == 3).all()
    assert (potash.groupby("k2o_lb_ac").size() == 3).all()
    assert potash.k2o_lb_ac.min() == 36 and "less than 36 lb/acre" in PROSE
    small = pigs.dry_matter_pct[(pigs.diet == "A") & (pigs.day == "1")]
    for number in (small.std(), small.std() / 15**0.5):
        assert f"{number:.2f} %" in shown_by("sd_small =")
    assert "**These values are synthetic.**" in PROSE and "say nothing about diets" in PROSE


def test_sigma_may_rise_in_a_larger_model_although_its_rss_falls(potash):
    line, curve = (
        mm.lm(f"strength ~ k2o_lb_ac{more}", potash) for more in ("", " + I(k2o_lb_ac**2)")
    )
    assert np.sum(curve.residuals**2) < np.sum(line.residuals**2) and curve.sigma > line.sigma


def test_least_squares_has_the_largest_likelihood_and_rss_over_n_too(potash):
    line = mm.lm("strength ~ k2o_lb_ac", potash)
    x, y = potash.k2o_lb_ac, potash.strength

    def loglik(intercept, slope, sigma):
        return stats.norm.logpdf(y - intercept - slope * x, scale=sigma).sum()

    rng = np.random.default_rng(0)
    best = loglik(*line.beta, line.sigma)
    for step in rng.normal(size=(200, 2)) * [0.1, 0.001]:
        assert loglik(*(line.beta.to_numpy() + step), line.sigma) < best
    ml = np.sqrt(np.mean(line.residuals**2))
    at_ml = loglik(*line.beta, ml)
    assert at_ml == pytest.approx(BY_R["number"]["loglik"], abs=1e-6)
    for sigma in (0.9 * ml, 1.1 * ml, line.sigma):
        assert loglik(*line.beta, sigma) < at_ml
    assert f"log-likelihood {at_ml:.3f}" in SHOWN


def test_the_simple_sum_of_squares_needs_equal_numbers(pigs, uneven):
    for rows, equal in ((pigs, True), (uneven, False)):
        by = rows.groupby("diet", observed=True).dry_matter_pct
        simple = np.sum(by.size() * (by.mean() - rows.dry_matter_pct.mean()) ** 2)
        assert np.isclose(simple, mm.anova(mm.lm(PIGS, rows)).sum_sq["diet"], rtol=1e-6) == equal


def test_overlapping_intervals_can_hide_a_difference(fit):
    means = mm.emmeans(fit, "diet").set_index("diet")
    assert means.lower["B"] < means.upper["C"] and BY_R["b_minus_c"][3] < 0.05
    assert np.sqrt(2) == pytest.approx(BY_R["b_minus_c"][1] / BY_R["means"]["se"][0])


def test_the_difference_of_b_and_a_depends_on_the_day(pigs):
    cells = pigs.groupby(["diet", "day"], observed=True).dry_matter_pct.mean().unstack()
    gaps = cells.loc["B"] - cells.loc["A"]
    shown = numbers(shown_by("cell_means ="))
    assert shown == pytest.approx(
        [1, gaps["1"], 2, gaps["2"], 3, gaps["3"], gaps.mean()], abs=0.006
    )
    assert f"{gaps['1']:.2f} % only" in PROSE and f"{gaps.mean():.2f} %, describes" in PROSE


def test_each_panel_breaks_its_own_assumption_and_no_other():
    space = {"np": np}
    exec(CELLS[place_of("y_sim = {")].source, space)
    x = space["x_sim"]
    fan, bend, skew, pens = {}, {}, {}, {}
    for panel, y in space["y_sim"].items():
        left = mm.lm("y ~ x", pd.DataFrame({"x": x, "y": y})).residuals.to_numpy()
        bend[panel] = abs(np.polyfit(x - 5, left, 2)[0]) * 25 / left.std()
        straight = left - np.polyval(np.polyfit(x, left, 2), x) if panel == "linear" else left
        fan[panel], skew[panel] = np.corrcoef(abs(straight), x)[0, 1], stats.skew(straight)
        by_pen = straight.reshape(12, 5)
        pens[panel] = 5 * by_pen.mean(axis=1).var(ddof=1) / by_pen.var(axis=1, ddof=1).mean()
    limits = {
        "constant variance": (fan, 0.4),
        "linear": (bend, 1),
        "independent": (pens, 5),
        "normal": (skew, 1),
    }
    for broken, (measure, limit) in limits.items():
        assert [name for name in measure if measure[name] > limit] == [broken], measure
    hidden = [f"{letter}: {name}" for letter, name in zip("ABCD", space["hidden"])]
    assert shown_by("for panel, broken in zip").split("\n")[:4] == hidden
