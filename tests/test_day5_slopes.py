"""Day 5, slopes and levels: lme4's numbers, what the prose says of lines and levels, the answers."""

import ast
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lesson_texts import FOLDER, Lesson, numbers
from reference_values import models

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures, lesson_rules, lessons

LESSON = Lesson("day5_slopes_and_levels")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by
TASKS = Lesson("solutions/day5_solutions").folded
LINES = "reaction_ms ~ days + (days | subject)"
PLANTS = "log_fruits ~ nutrient * clipping + rack + status + (1 | population) + (1 | genotype)"
SIX = ["308", "310", "330", "335", "337", "370"]


def rows(words):
    """{first word of a line: its numbers} of that cell's output."""
    lines = [line.split(maxsplit=1) for line in shown_by(words).splitlines()]
    return {line[0]: numbers(line[1]) for line in lines if len(line) == 2}


@pytest.fixture(scope="module")
def sleep():
    return mm.load("sleepstudy")


@pytest.fixture(scope="module")
def fit(sleep):
    return mm.lmm(LINES, sleep)


@pytest.fixture(scope="module")
def uneven(sleep):
    """Drivers with other days each: 335 has four, 308 seven, the others ten."""
    lost = (sleep.subject == "335") & (sleep.days > 3)
    return sleep[~lost & ~((sleep.subject == "308") & sleep.days.isin([0, 5, 7]))]


@pytest.fixture(scope="module")
def plants():
    table = mm.load("arabidopsis")
    return table.assign(log_fruits=np.log1p(table.fruits))


def errors_of_a_line(fit, days=range(10)):
    Z = np.column_stack([np.ones(len(days)), days])
    return fit.sigma2 * np.linalg.inv(Z.T @ Z)


def shrinker(fit, days=range(10)):
    G = fit.covariances[0]
    return G @ np.linalg.inv(G + errors_of_a_line(fit, days))


def kinds(fit):
    """(own, predicted) distances of all drivers from the average line, (18, 2) each."""
    table = mm.shrinkage(fit).pivot(index="level", columns="term")
    complete = table["complete"].to_numpy()
    return [table[kind].to_numpy() - complete for kind in ("no_pooling", "partial")]


def of(fit, driver):
    """Row of a driver in what `kinds` returns."""
    return list(fit.ranef().level.unique()).index(driver)


def shrunken(fit, driver_rows):
    """Predicted line from some rows of a driver, the variances and the average line given."""
    Z = np.column_stack([np.ones(len(driver_rows)), driver_rows.days])
    residual = driver_rows.reaction_ms - Z @ fit.beta.to_numpy()
    left = Z.T @ Z / fit.sigma2 + np.linalg.inv(fit.covariances[0])
    return fit.beta.to_numpy() + np.linalg.solve(left, Z.T @ residual / fit.sigma2)


# --- the numbers -------------------------------------------------------------------------


def test_the_printout_is_lme4s():
    stored = models()["sleepstudy_slopes_reml"]
    shown = shown_by("print(fit.summary())")
    assert f"four digits: {stored['criterion']:.4f}" in shown and "1743.6283" in shown
    for value in (24.74, 5.92, 25.59, 251.41, 10.47, 6.82, 1.55):
        assert any(round(number, 2) == value for number in numbers(shown)), value
    sds = stored["varcorr"]["sdcor"]  # intercept, slope, their correlation, residual
    assert np.allclose(sds, [24.74, 5.922, 0.066, 25.59], atol=0.005)
    assert "line for all: 251.405 ms" in SHOWN and "then 10.467 ms" in SHOWN


def test_nothing_is_answered_before_the_guess():
    (at,) = [k for k, cell in enumerate(CELLS) if "my_guess = {" in cell.source]
    before = "\n".join(lessons.output_text(c.outputs) for c in CELLS[:at] if c.cell_type == "code")
    before += "\n".join(cell.source for cell in CELLS[: at + 1])
    assert "(days | subject)" not in before and "0.838" not in before and "11.4" not in before
    assert not re.search(r"\baway\b", before)


def test_a_random_intercept_shrinks_by_one_factor():
    stored = models()["sleepstudy_intercepts"]["varcorr"]["vcov"]
    factor = 10 * stored[0] / (10 * stored[0] + stored[-1])
    _, mean, product, library = (
        numbers(line)[-1] for line in shown_by("levels_only =").splitlines()
    )
    assert f"factor with 10 days:       {factor:.3f}" in SHOWN
    assert product == library == pytest.approx(factor * mean, abs=0.01)


def test_v_changes_with_the_day_and_is_drawn_linearly(fit):
    G = fit.covariances[0]
    by_day = [G[0, 0] + 2 * d * G[0, 1] + d**2 * G[1, 1] + fit.sigma2 for d in range(10)]
    assert np.allclose(np.diag(fit.V.to_numpy()[:10, :10]), by_day)
    assert f"day 0 {by_day[0] ** 0.5:.2f} ms, day 9 {by_day[9] ** 0.5:.2f} ms" in SHOWN
    (source,) = [cell.source for cell in CODE if "imshow" in cell.source]
    assert "vmin=0" in source and "norm=" not in source


# --- what is said of lines -------------------------------------------------------------------


def test_w_by_hand_gives_every_blup_where_all_have_the_same_days(fit):
    own, predicted = kinds(fit)
    W = shrinker(fit)
    assert np.allclose(own @ W.T, predicted, atol=1e-8)
    assert "library below 1e-8: True" in SHOWN
    shown = [numbers(line)[-2:] for line in shown_by("W_table =").splitlines()[1:]]
    assert np.allclose(shown, W, atol=0.0005)


def test_with_other_days_each_driver_has_a_w_of_his_own(uneven):
    fit = mm.lmm(LINES, uneven)
    own, predicted = kinds(fit)
    by_common = np.isclose(own @ shrinker(fit).T, predicted).all(axis=1)
    assert by_common.sum() == 16
    for j, (_, days) in enumerate(uneven.groupby("subject", observed=True).days):
        assert np.allclose(shrinker(fit, days) @ own[j], predicted[j], atol=1e-8)
    pooled = mm.lm("reaction_ms ~ days", uneven).beta
    assert not np.allclose(pooled, fit.beta, atol=0.01)  # "the two would differ a little"


def test_the_cells_off_the_diagonal_come_from_the_errors(fit):
    G, E = fit.covariances[0], errors_of_a_line(fit)
    without = G @ np.linalg.inv(G + np.diag(np.diag(E)))
    W = shrinker(fit)
    for cell in ((0, 1), (1, 0)):
        assert abs(without[cell]) < 0.1 * W[cell]
    uncorrelated = np.diag(np.diag(G))
    neither = uncorrelated @ np.linalg.inv(uncorrelated + np.diag(np.diag(E)))
    assert neither[0, 1] == neither[1, 0] == 0  # "what is left comes from the covariance in G"
    still = uncorrelated @ np.linalg.inv(uncorrelated + E)
    assert still[0, 1] > 0.6 and still[1, 0] > 0.03
    assert E[0, 1] / np.sqrt(E[0, 0] * E[1, 1]) == pytest.approx(-0.84, abs=0.005)


def test_some_slopes_move_away_from_the_average(fit):
    own, predicted = kinds(fit)
    farther = abs(predicted[:, 1]) > abs(own[:, 1])
    names = [name for name, far in zip(fit.ranef().level.unique(), farther, strict=True) if far]
    assert names == ["309", "310", "337", "352", "372"] and "five of eighteen" in PROSE
    assert str(names) in SHOWN
    j = of(fit, "310")
    assert predicted[j, 1] < own[j, 1] < 0
    W = shrinker(fit)
    assert f"= {W[1, 1] * own[j, 1]:.2f}" in SHOWN and f"= {W[1, 0] * own[j, 0]:.2f}" in SHOWN


def test_arrows_lie_along_the_long_axis_of_the_errors(fit):
    own, predicted = kinds(fit)
    moved = predicted - own
    opposite = moved[:, 0] * moved[:, 1] < 0
    assert opposite.sum() == 17 and "directions: 17 of 18 drivers" in SHOWN
    scale = np.sqrt(np.diag(errors_of_a_line(fit)))  # both axes in SDs of the errors
    long = np.array([1, -1]) / np.sqrt(2)
    share = (moved / scale @ long) ** 2 / np.sum((moved / scale) ** 2, axis=1)
    assert np.median(share) > 0.9 and (share > 0.5).sum() >= 16  # "nearly all"
    straight = [np.cross([*m, 0], [*d, 0])[2] for m, d in zip(moved, own, strict=True)]
    assert np.sum(np.isclose(straight, 0, atol=1)) < 3  # they do not point at the cross
    assert abs(moved @ [1, 4.5]).max() < 4.5  # "about 4 ms at most"
    table = rows("moves = pd.DataFrame")
    for driver in SIX:
        at = moved[of(fit, driver)]
        assert np.allclose(table[driver], at @ [[1, 1, 1], [0, 4.5, 9]], atol=0.06)


def test_335_moves_most_on_day_9_and_337_is_farthest_from_the_average(fit):
    own, predicted = kinds(fit)
    change = {d: (predicted - own)[of(fit, d)] @ [1, 9] for d in SIX}
    far = {d: abs(own[of(fit, d)] @ [1, 4.5]) for d in SIX}
    assert max(change, key=lambda d: abs(change[d])) == "335" and max(far, key=far.get) == "337"
    assert rows("move_day_9 =")["335"] == [round(change["335"], 1)] == [11.4]
    assert abs(change["337"]) == pytest.approx(3.2, abs=0.05)


def test_own_lines_scatter_more_and_predictions_less_than_drivers(fit, uneven):
    own, predicted = kinds(fit)
    G, E = fit.covariances[0], errors_of_a_line(fit)
    assert np.allclose(np.cov(own.T) - E, G, atol=0.01)
    assert np.allclose(np.cov(predicted.T), shrinker(fit) @ G, atol=0.01)
    table = shown_by("slips = pd.DataFrame")
    for correlation in (np.corrcoef(own.T)[0, 1], np.corrcoef(predicted.T)[0, 1]):
        assert f"{correlation:.2f}" in table
    assert table.count("True") == 2
    lower, upper = mm.confint(fit, "profile").loc["corr(days, Intercept | subject)"][1:]
    assert f"interval from {lower:.2f} to {upper:.2f}" in SHOWN and lower < -0.3 and upper > 0.3
    other = mm.lmm(LINES, uneven)  # and "because all drivers have the same days":
    own, predicted = kinds(other)
    G = other.covariances[0]
    assert not np.allclose(np.cov(own.T) - errors_of_a_line(other), G, atol=0.5)
    assert not np.allclose(np.cov(predicted.T), shrinker(other) @ G, atol=0.5)


def test_another_zero_is_the_same_model(sleep, fit):
    shown = {line[11:16].strip(" d"): line for line in shown_by("centred =").splitlines()}
    for zero in (0, 4.5, 9):
        moved = mm.lmm(
            "y ~ t + (t | subject)", sleep.assign(t=sleep.days - zero, y=sleep.reaction_ms)
        )
        assert moved.criterion == pytest.approx(fit.criterion, abs=1e-6)
        assert np.allclose(moved.fitted, fit.fitted, atol=1e-6)
        (line,) = [text for text in shown.values() if f"zero on day {zero} " in text]
        G = moved.covariances[0]
        expected = [G[0, 0] ** 0.5, G[1, 1] ** 0.5, G[0, 1] / np.sqrt(G[0, 0] * G[1, 1])]
        assert np.allclose(numbers(line)[1:4], expected, atol=0.002)


def test_the_days_of_a_driver_decide(sleep, fit):
    one = sleep[sleep.subject == "335"]
    slopes = []
    for line in shown_by("for n_kept in range(11)").splitlines()[1:]:
        n, *shown = numbers(line)
        assert np.allclose(shown, shrunken(fit, one[one.days < n]), atol=0.006)
        slopes.append(shown[1])
    assert len(slopes) == 11 and slopes[3:] == sorted(slopes[3:], reverse=True)
    assert abs(slopes[1] - slopes[0]) < 0.1 < slopes[0] - slopes[3] < 1


@pytest.mark.parametrize("days_left", [-3, 0, 1, 2, 2.5, 10, 99])
@pytest.mark.parametrize("driver", ["337", 308, "nobody"])
def test_the_knob_accepts_every_reasonable_value(sleep, fit, capsys, days_left, driver):
    import pandas as pd

    space = {
        **{"np": np, "pd": pd, "plt": plt, "sleep": sleep, "inv": np.linalg.inv},
        **{"solve": np.linalg.solve, "average": fit.beta.to_numpy(), "sigma2": fit.sigma2},
        **{"G_j": fit.covariances[0], "days": np.arange(10)},
    }
    (function,) = [cell.source for cell in CODE if "def line_from" in cell.source]
    (knob,) = [cell.source for cell in CODE if cell.source.startswith("my_driver = ")]
    knob = re.sub(r"(?m)^my_driver = .*$", f"my_driver = {driver!r}", knob)
    knob = re.sub(r"(?m)^days_left = .*$", f"days_left = {days_left}", knob)
    exec(function + "\n" + knob.replace("plt.show()", "plt.close(fig)"), space)
    mine = sleep[(sleep.subject == str(driver)) & (sleep.days < days_left)]
    assert f" days measured, {len(mine)} days left\n" in capsys.readouterr().out
    assert np.allclose(space["shorter"], shrunken(fit, mine))


# --- levels and new groups -------------------------------------------------------------------


def test_a_genotype_shrinks_to_its_population_by_its_own_factor(plants):
    fit = mm.lmm(PLANTS, plants)
    nested = mm.lmm(
        PLANTS.replace("(1 | population) + (1 | genotype)", "(1 | population/genotype)"), plants
    )
    assert nested.criterion == pytest.approx(fit.criterion, abs=1e-6)  # one number, one genotype
    effects = fit.ranef().set_index(["group", "level"]).estimate
    v = fit.varcomp.set_index("group").variance
    left = plants.log_fruits - fit.predict(groups="population")
    by = left.groupby(plants.genotype, observed=True)
    measured, n = by.mean(), by.size()
    home = plants.groupby("genotype", observed=True).population.first().astype(str)
    kept = n / (n + v["Residual"] / v["genotype"])
    expected = kept * (measured - effects["population"][home].to_numpy())
    assert np.allclose(expected, effects["genotype"][expected.index], atol=1e-6)
    assert f"{v['Residual'] / v['genotype']:.1f} plants" in SHOWN and "for all 24: True" in SHOWN
    predicted = effects["population"][home["36"]] + effects["genotype"]["36"]
    assert predicted < measured["36"] < 0  # farther from the average of all
    assert f"{measured['36']:.3f}" in SHOWN and f"{predicted:.3f}" in SHOWN
    for name, mine in kept.groupby(home):  # and the population towards the average of all
        weight = 1 / (v["genotype"] + v["Residual"] / n[mine.index])
        mean = np.average(measured[mine.index], weights=weight)
        part = v["population"] / (v["population"] + 1 / weight.sum())
        assert effects["population"][name] == pytest.approx(part * mean, abs=1e-6) and part < 1


def test_the_warning_on_one_population_holds(plants):
    spread = plants.groupby(["population", "genotype"], observed=True).log_fruits.mean()
    assert spread.groupby("population", observed=True).mean().idxmin() == "7.SW"
    others = plants[plants.population != "7.SW"].copy()
    for factor in ("population", "genotype"):
        others[factor] = others[factor].cat.remove_unused_categories()
    v = mm.lmm(PLANTS, others).varcomp.set_index("group").variance
    assert f"{v['population']:.3f} in place of 0.421" in FOLDED and v["genotype"] < 1e-6
    assert "between genotypes 0 in place of 0.022" in FOLDED


def test_three_standard_errors_for_three_people(fit):
    shown = {
        line[:14].strip(): numbers(line[14:]) for line in shown_by("asked =").splitlines()[1:4]
    }
    known, new, average = (
        shown[f"{who} driver"] if who != "335" else shown["driver 335"]
        for who in ("335", "new", "average")
    )
    assert new[0] == average[0] and known[1] < average[1] < new[1]
    at = np.array([1, 9])
    between = at @ fit.covariances[0] @ at
    assert average[1] == pytest.approx((at @ fit.cov_beta.to_numpy() @ at) ** 0.5, abs=0.006)
    assert new[1] == pytest.approx((average[1] ** 2 + between) ** 0.5, abs=0.006)
    assert shown_by("asked =").splitlines()[-1].endswith(f" {new[1]:.2f}")
    assert new[1] > between**0.5  # "never falls below the SD between drivers"


# --- the folded answers ----------------------------------------------------------------------


def test_the_folded_answers_of_the_lesson_hold(sleep, fit):
    from scipy.stats import norm

    mean, sd = fit.beta["days"], fit.varcomp.sd[1]
    assert f"= {mean / sd:.1f} SDs" in FOLDED
    assert f"about {100 * norm.cdf(-mean / sd):.0f} of 100" in FOLDED
    fewer = mm.lmm(LINES, sleep[(sleep.subject != "335") | (sleep.days < 3)])
    line = fewer.beta.to_numpy() + kinds(fewer)[1][of(fewer, "335")]
    assert "starts at {:.2f} ms and rises by {:.2f} ms".format(*line) in FOLDED
    first = sleep[(sleep.subject == "335") & (sleep.days < 3)]
    assert "gave {:.2f} and {:.2f};".format(*shrunken(fit, first)) in FOLDED
    assert f"average slope is now {fewer.beta['days']:.2f}" in FOLDED
    own, predicted = (kind[of(fit, "372")] for kind in kinds(fit))
    assert predicted[1] > own[1] > 0 and own[0] > 0
    start, slope = own + fit.beta.to_numpy()
    assert f"starts at {start:.2f} ms, {own[0]:.2f} above" in FOLDED
    assert f"slope is {slope:.2f}, which is {own[1]:.2f} above" in FOLDED
    assert f"0.0376 · {own[0]:.2f} + 0.838 · {own[1]:.2f} = {predicted[1]:.2f}" in FOLDED
    three = sleep[(sleep.subject == "337") & (sleep.days < 3)]
    assert np.polyfit(three.days, three.reaction_ms, 1)[0] < 0
    assert f"Positive, {shrunken(fit, three)[1]:.2f} ms" in FOLDED


def test_the_identity_of_the_folded_derivation_holds(fit):
    G, E = fit.covariances[0], errors_of_a_line(fit)
    other = np.linalg.inv(np.linalg.inv(E) + np.linalg.inv(G)) @ np.linalg.inv(E)
    assert np.allclose(other, G @ np.linalg.inv(G + E))


def test_the_folded_answers_of_the_exercises_hold(fit, plants):
    schools = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    lam = schools.sigma2 / schools.varcomp.variance[0]
    assert f"4 + λ = {4 + lam:.3f}" in TASKS
    X, Z = np.ones((12, 1)), mm.build_Z(mm.load("schools").school)
    left = np.block([[X.T @ X, X.T @ Z], [Z.T @ X, Z.T @ Z]])
    assert left[0].tolist() == [12, 4, 4, 4] and np.linalg.matrix_rank(left) == 3
    assert np.allclose(left[:, 1:].sum(axis=1), left[:, 0])
    field = mm.load("barley").query("fungicide == 'F1'")
    for trial, kept in (
        (field, {"G03": 0.723, "G19": 0.723}),
        (field[(field.genotype != "G03") | (field.block == "B4")], {"G03": 0.340, "G19": 0.673}),
    ):
        mixed = mm.lmm("yield_t_ha ~ block + (1 | genotype)", trial)
        left_over = trial.yield_t_ha - mixed.predict(groups="population")
        raw = left_over.groupby(trial.genotype, observed=True).mean()
        blups = mixed.ranef().set_index("level").estimate
        for name, part in kept.items():
            assert blups[name] / raw[name] == pytest.approx(part, abs=0.0005), name
            assert f"{part:.3f}" in TASKS
    n = (plants.genotype == "5").sum()
    both = mm.lmm(PLANTS, plants).varcomp.set_index("group").variance
    alone = mm.lmm(PLANTS.replace("(1 | population) + ", ""), plants).varcomp.variance[0]
    assert f"{alone:.3f}, holds" in TASKS and f"it was {both['genotype']:.3f}" in TASKS
    kept = n / (n + both["Residual"] / both["genotype"])
    assert f"kept {kept:.3f} of" in TASKS and kept == pytest.approx(1 / 7, abs=0.01)
    own, predicted = (kind[of(fit, "335")] for kind in kinds(fit))
    W = shrinker(fit)
    assert f"0.751 · {own[0]:.2f} = {W[0, 0] * own[0]:.2f}" in TASKS
    assert f"= −{-W[0, 1] * own[1]:.2f} from the slope, together −{-predicted[0]:.2f} ms" in TASKS
    assert "0.751, 0.680, the second 0.038, 0.838" in TASKS


# --- the lesson as a whole -------------------------------------------------------------------


def test_a_student_can_read_the_code():
    for cell in CODE:
        for node in ast.walk(lesson_rules.tree(cell.source)):
            assert not isinstance(node, ast.Lambda | ast.NamedExpr), cell.source


def test_the_lesson_keeps_its_measure():
    assert re.findall(r"\n\*Figure (\d)\.", "\n" + PROSE) == list("123456")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {minutes:g} minutes" in CELLS[0].source
    assert PROSE.count("**Predict") >= 7 and PROSE.count("You should have said") >= 8
    assert len(re.findall(r"> \*\*Common slip:", PROSE)) == 3
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 3


def test_the_picture_of_the_title_gives_nothing_away():
    with plt.rc_context(plots.STYLE):
        figure, ax = plt.subplots()
        (reading,) = figures.one_driver(ax)
        assert len(ax.lines) == 2 and not ax.texts  # dots only: no line is drawn
        plt.close(figure)
    assert reading == "18 drivers on 10 days, 335 in black."
    assert (FOLDER / "figures" / "day5_slopes.png").is_file()
