"""Day 6: likelihood ratios, the boundary of a variance, wrong errors and many comparisons."""

import numpy as np
import pytest
from lesson_texts import Lesson
from scipy import stats
from test_day6_statements import variances

import mmteach as mm

LESSON = Lesson("day6_inference")
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
TASKS = Lesson("solutions/day6_solutions").folded
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
BARLEY = "yield_t_ha ~ fungicide * genotype"


@pytest.fixture(scope="module")
def clover():
    return mm.lmm(CLOVER, mm.load("clover"))


def test_the_likelihood_ratio_finds_too_much_with_72_plots():
    """In a complete trial with blocks above zero the ratio is a function of the two mean squares."""
    rng, n = np.random.default_rng(2), 100_000
    genotypes, error = rng.chisquare(17, n), rng.chisquare(51, n)
    drop = 68 * np.log((genotypes + error) / error)  # 72 plots less 4 block means
    too_often = np.mean(drop > stats.chi2.ppf(0.95, 17))
    assert 0.11 < too_often < 0.18
    f = (genotypes / 17) / (error / 51)
    assert np.mean(f > stats.f.ppf(0.95, 17, 51)) == pytest.approx(0.05, abs=0.003)
    shown = LESSON.shown_by("found_by_lrt, found_by_f")
    by_lrt, by_f = (int(k) for k in shown.replace(",", "").split()[-3::2])
    assert abs(by_lrt - 100 * too_often) < 10 and 0 <= by_f <= 11 and by_lrt > by_f
    # that the formula is the library's:
    sorghum = mm.load("sorghum")
    fits = [
        mm.lmm(f"yield_kg_ha ~ {x} + (1 | block)", sorghum, reml=False) for x in ("1", "genotype")
    ]
    table = mm.anova(mm.lm("yield_kg_ha ~ genotype + block", sorghum)).sum_sq
    by_hand = 68 * np.log((table["genotype"] + table["Residual"]) / table["Residual"])
    assert fits[0].criterion - fits[1].criterion == pytest.approx(by_hand, abs=0.05)


def test_the_larger_model_never_has_the_higher_criterion():
    rng, data = np.random.default_rng(1), mm.load("clover")
    small = mm.lmm(CLOVER.replace(" + (1 | entry:site_year)", ""), data)
    large = mm.lmm(CLOVER, data)
    for _ in range(10):
        y = rng.normal(50, 12, len(data))
        for reml in (True, False):
            drop = small.refit(y=y, reml=reml).criterion - large.refit(y=y, reml=reml).criterion
            assert drop > -1e-6
    # and not for REML criteria of different fixed parts, for which it is not said:
    sorghum = mm.load("sorghum")
    sorghum["x"] = 1000 * np.random.default_rng(7).normal(size=len(sorghum))
    fits = [mm.lmm(f"yield_kg_ha ~ {x} + (1 | block)", sorghum) for x in ("1", "x")]
    assert fits[1].criterion > fits[0].criterion
    by_ml = [fit.refit(reml=False).criterion for fit in fits]
    assert by_ml[1] <= by_ml[0] + 1e-6


def test_rooms_fixed_and_rooms_random_are_not_nested():
    pigs, samples = mm.load("pigs_rooms"), "dry_matter_pct ~ diet * day"
    fits = mm.lm(f"{samples} + room", pigs), mm.lmm(f"{samples} + (1 | room)", pigs)
    with pytest.raises(ValueError, match="are not nested"):
        mm.compare(*fits)
    assert "`rooms_fixed` and `rooms_random` are not nested" in PROSE


def test_two_parameters_fewer_have_another_mixture():
    """A slope with its covariance: half from 1 df, half from 2, as `ranova` has it."""
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    row = mm.ranova(fit, boundary=True).iloc[-1]
    assert row.df == 2
    mixture = (stats.chi2.sf(row.chisq, 1) + stats.chi2.sf(row.chisq, 2)) / 2
    assert row.p == pytest.approx(mixture, rel=1e-6)


def test_the_simulated_drops_follow_the_mixture():
    shown = LESSON.shown_by("no_interaction =")
    zeros, reached = (int(line.split()[-3]) for line in shown.splitlines() if "of 200" in line)
    assert abs(zeros - 100) < 3 * np.sqrt(50) and reached < 17
    p = stats.chi2.sf(3.0038628, 1)
    assert f"of 200: {200 * p:.0f} by chi-squared, {100 * p:.0f} by the mixture" in SHOWN
    assert f"{reached} of the 200 drops reach ours" in PROSE


def reml_drop(f, groups, rest):
    """Drop of the REML criterion for balanced groups, from F alone; zero where F is below 1."""
    pooled = (groups * f + rest) / (groups + rest)
    return np.where(f > 1, (groups + rest) * np.log(pooled) - groups * np.log(np.maximum(f, 1)), 0)


@pytest.mark.parametrize("n_groups", [3, 4, 6])
def test_with_few_groups_the_halved_p_is_still_too_large(n_groups):
    groups, rest = n_groups - 1, 17 * (n_groups - 1)
    assert stats.f.cdf(1, groups, rest) > 0.55  # estimates of zero
    for p in (0.05, 0.02, 0.01):
        drop = reml_drop(stats.f.isf(p, groups, rest), groups, rest)
        assert stats.chi2.sf(drop, 1) / 2 > p
    many = reml_drop(stats.f.isf(0.05, 400, 800), 400, 800)
    assert stats.chi2.sf(many, 1) / 2 == pytest.approx(0.05, abs=0.003)
    assert stats.f.cdf(1, 400, 800) == pytest.approx(0.5, abs=0.02)


def test_with_few_df_for_error_the_halved_p_can_be_too_small():
    """The blocks of barley, 3 and 3 df; beside them those of sorghum, 3 and 51."""
    barley = mm.load("barley")
    assert set(barley.groupby(["block", "fungicide", "genotype"], observed=True).size()) == {1}
    halves = barley.groupby(["block", "fungicide"], observed=True).yield_t_ha.mean().reset_index()
    exact = mm.anova(mm.lm("yield_t_ha ~ fungicide + block", halves)).loc["block"]
    fit = mm.lmm(f"{BARLEY} + (1 | block) + (1 | block:fungicide)", barley)
    halved = mm.ranova(fit, boundary=True).p["(1 | block)"]
    assert f"F = {exact.f:.2f} on 3 and 3 df, p = {exact.p:.3f}" in TASKS and halved < exact.p
    assert f"halved p, {halved:.3f}, is a little too small" in TASKS
    rng, n, limit = np.random.default_rng(3), 400_000, stats.chi2.isf(0.10, 1)
    for rest, low, high in ((3, 0.06, 0.07), (51, 0.028, 0.035)):
        f = rng.f(3, rest, n)
        assert low < np.mean(reml_drop(f, 3, rest) > limit) < high


def test_four_blocks_have_an_exact_test():
    sorghum = mm.load("sorghum")
    exact = mm.anova(mm.lm("yield_kg_ha ~ genotype + block", sorghum)).loc["block"]
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", sorghum)
    drop = mm.ranova(fit).chisq.iloc[-1]
    assert drop == pytest.approx(float(reml_drop(exact.f, 3, 51)), abs=1e-4)
    p = stats.chi2.sf(drop, 1)
    for number in (exact.p, p / 2, p, stats.f.cdf(1, 3, 51)):
        assert any(f"{number:.{k}f}" in LESSON.shown_by("f_of_blocks =") for k in (2, 3))


def test_the_plots_are_the_wrong_error_for_site_years(clover):
    """In trials without any difference of site-years, by the sequential sums of squares."""
    data, rng, found = mm.load("clover"), np.random.default_rng(4), 0
    model = "biomass ~ site_year + rep + entry + entry:site_year"
    parts = [data.entry.astype(str) + data.site_year.astype(str), data.entry, data.rep]
    codes = [part.astype("category").cat.codes.to_numpy() for part in parts]
    sds = np.sqrt(variances(clover)[["entry:site_year", "entry", "rep", "Residual"]].to_numpy())
    for _ in range(200):
        y = rng.normal(50, sds[3], len(data))
        for code, sd in zip(codes, sds[:3], strict=True):
            y = y + rng.normal(0, sd, code.max() + 1)[code]
        found += mm.anova(mm.lm(model, data.assign(biomass=y)), type=1).p["site_year"] < 0.05
    assert found / 200 > 0.2 and "in more than a fifth of them" in FOLDED


def test_false_findings_are_counted_among_the_equal_pairs_only():
    """Nine pairs of equal genotypes: 0.05 · 9 false ones, whatever the number that is found."""
    rng, found, false = np.random.default_rng(1), [], []
    truth, (i, j) = np.repeat(rng.normal(0, 300, 9), 2), np.triu_indices(18, 1)
    for _ in range(2000):
        seen, sd = truth + rng.normal(0, 137 / 2, 18), 137 * np.sqrt(rng.chisquare(51) / 51)
        below = np.abs(seen[i] - seen[j]) / (sd / np.sqrt(2)) > stats.t.ppf(0.975, 51)
        found.append(below.sum())
        false.append((below & (truth[i] == truth[j])).sum())
    assert np.mean(false) == pytest.approx(0.45, abs=0.08) and np.mean(found) > 59


def test_two_site_years_give_a_number_for_their_variance():
    fit = mm.lmm(CLOVER.replace("site_year +", "1 + (1 | site_year) +", 1), mm.load("clover"))
    assert variances(fit)["site_year"] > 0 and "one df for it: a number, but hardly" in FOLDED


def test_the_intervals_reach_to_about_three_times_the_estimate():
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    for way, reml in (("wald", True), ("profile", False)):
        row = mm.confint(fit, way, parameters="random").iloc[0]
        sd = np.sqrt(variances(fit.refit(reml=reml))["block"])
        assert 2.8 < row.upper / sd < 3.4 and (row.lower > 0) == reml


def test_rules_for_many_comparisons_are_ordered():
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    means = mm.emmeans(fit, "genotype")
    p = {r: mm.contrasts(means, "pairwise", adjust=r).p for r in ("none", "holm", "bonferroni")}
    assert np.allclose(p["bonferroni"], np.minimum(1, 153 * p["none"]))
    assert (p["holm"] <= p["bonferroni"] + 1e-12).all()
    ranked = np.sort(p["none"].to_numpy())[:3]
    assert np.allclose(np.sort(p["holm"].to_numpy())[:3], ranked * [153, 152, 151])
