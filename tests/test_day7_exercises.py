"""The folded answers of the exercises of day 7, recomputed; and that the worst case is seen."""

import numpy as np
import pytest
from lesson_texts import Lesson
from reference_values import reference
from scipy.stats import norm

import mmteach as mm

SOLUTIONS = Lesson("solutions/day7_solutions")
FOLDED, PROSE = SOLUTIONS.folded, SOLUTIONS.prose
BY_R = reference("day7")["fits"]
FIELD = "yield_t_ha ~ fungicide + (1 | block) + (1 | block:fungicide) + (1 | genotype)"
LINES = "reaction_ms ~ days + (days | subject)"


@pytest.fixture(scope="module")
def barley():
    return mm.load("barley")


def test_the_lower_tail_of_the_logarithm():
    t = np.sort(BY_R["clover_log"]["standardised"])
    expected = norm.ppf((np.arange(1, 3) - 3 / 8) / (len(t) + 1 / 4))
    lowest = "lie at −{:.2f} (C17, a plot of 14 where 34 is fitted) and −{:.2f} (C24".format(
        *-t[:2]
    )
    assert lowest in FOLDED
    assert "about −{:.1f} and −{:.1f} are expected".format(*-expected) in FOLDED
    assert t[-1] < -expected[0]  # the upper tail has come in
    clover = mm.load("clover")
    model = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
    table = mm.influence(mm.lmm(model.replace("biomass", "np.log(biomass)"), clover))
    c17, c24 = table.standardised.nsmallest(2).index
    assert clover.entry[[c17, c24]].tolist() == ["C17", "C24"]
    assert f"{clover.biomass[c17]:.0f} {np.exp(table.fitted[c17]):.0f}" == "14 34"
    low, beside = np.sort(clover.biomass[clover.entry == "C24"])
    assert f"{low:.1f} beside {beside:.0f} is {beside - low:.1f} units" in FOLDED
    assert beside / low > 2
    before = mm.influence(mm.lmm(model, clover)).standardised[c17]
    assert f"C17 stood at −{-before:.2f}, on the line" in FOLDED
    r_raw, r_log = (BY_R[name]["qq"] for name in ("clover", "clover_log"))
    assert f"r was {r_raw:.3f}; here it is {r_log:.3f}" in FOLDED


def test_the_farthest_plot_moves_its_genotype_and_not_the_fungicides(barley):
    fit = mm.lmm(FIELD, barley)
    table = mm.influence(fit)
    row = table.standardised.abs().idxmax()
    without = mm.lmm(FIELD, barley.drop(index=row))
    moved = ((without.beta - fit.beta) / fit.se).iloc[1]
    assert 0 < abs(moved) < 1 / 20 and "less than a twentieth of a standard error" in PROSE
    assert f"distance of {table.cooks_distance[row]:.2f} is large" in PROSE
    place = ["group", "level"]
    effects = [one.ranef().set_index(place)["estimate"] for one in (fit, without)]
    change = (effects[1] - effects[0]).abs().sort_values(ascending=False)
    assert change.index[0] == ("genotype", barley.genotype[row])
    assert change.iloc[0] > 10 * change.iloc[1]


def test_what_leaving_a_driver_out_does():
    sleep = mm.load("sleepstudy")
    fit = mm.lmm(LINES, sleep)

    def without(driver):
        return mm.lmm(LINES, sleep[sleep.subject != driver])

    own = mm.lm("reaction_ms ~ days", sleep[sleep.subject == "332"]).beta["days"]
    strange, most = without("332"), without("335")
    moved = [one.beta["days"] - fit.beta["days"] for one in (strange, most)]
    rows = fit.ranef().set_index(["level", "term"]).estimate
    predicted = fit.beta["days"] + rows["332", "days"]
    assert f"{predicted:.2f} as the mixed model predicts it" in FOLDED
    assert f"near the average: {own:.2f} by a line through his ten values alone" in FOLDED
    assert f"moves by {moved[0]:.2f} only" in FOLDED and f"by {moved[1]:.2f}, is half" in FOLDED
    assert f"SD, {strange.sigma:.1f} in place of {fit.sigma:.1f} ms" in FOLDED
    assert moved[1] / fit.se["days"] == pytest.approx(0.5, abs=0.05)
    residuals = mm.influence(fit).standardised[[56, 59]]
    assert residuals.iloc[0] > 5 and residuals.iloc[1] < -4  # "one up and one down"


def test_two_scales_of_the_barley_yield(barley):
    raw = mm.lmm(FIELD, barley, reml=False)
    log = mm.lmm(FIELD.replace("yield_t_ha", "np.log(yield_t_ha)"), barley, reml=False)
    fair = log.aic + 2 * np.log(barley.yield_t_ha).sum()
    assert f"{raw.aic:.1f} against {fair:.1f}, by about {fair - raw.aic:.0f}" in FOLDED
    tenfold = mm.lmm(FIELD, barley.assign(yield_t_ha=10 * barley.yield_t_ha), reml=False)
    rise = 2 * len(barley) * np.log(10)
    assert tenfold.aic - raw.aic == pytest.approx(rise) and f"= {rise:.0f}, that" in FOLDED
    in_dt = barley.assign(yield_t_ha=10 * barley.yield_t_ha)
    log_dt = mm.lmm(FIELD.replace("yield_t_ha", "np.log(yield_t_ha)"), in_dt, reml=False)
    assert log_dt.aic == pytest.approx(log.aic)  # "that of the logarithm stays"


def test_the_simulation_check_does_not_see_where_a_plot_lay(barley):
    """The same residuals at random places: no likeness of neighbours, the same p."""
    fit = mm.lmm(FIELD, barley)
    table = barley.assign(e=fit.residuals).pivot(index="row", columns="bed", values="e").to_numpy()
    there = np.corrcoef(table[:, :-1].ravel(), table[:, 1:].ravel())[0, 1]
    assert f"are alike ({there:.2f})" in FOLDED
    rng = np.random.default_rng(1)
    shuffled = rng.permuted(table.ravel()).reshape(table.shape)
    assert abs(np.corrcoef(shuffled[:, :-1].ravel(), shuffled[:, 1:].ravel())[0, 1]) < 0.1
    seen = mm.simulated_residuals(fit, seed=1).p
    assert f"$p$ = {seen:.2f}, which nobody" in PROSE and seen > 0.3
    drawn = fit.simulate(10, seed=5)
    right = [mm.simulated_residuals(fit.refit(y=drawn[column]), seed=1).p for column in drawn]
    assert np.mean(np.array(right) > seen) > 0.7  # "usually still larger"
    assert barley.groupby("genotype", observed=True).size().unique().tolist() == [8]
