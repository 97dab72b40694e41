"""Day 6: what the lesson says of errors, df and likelihoods, where it could fail; the answers."""

import numpy as np
import pytest
from lesson_texts import Lesson
from scipy import stats

import mmteach as mm

LESSON = Lesson("day6_inference")
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
TASKS = Lesson("solutions/day6_solutions").folded
SAMPLES = "dry_matter_pct ~ diet * day"
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
BARLEY = "yield_t_ha ~ fungicide * genotype"


@pytest.fixture(scope="module")
def pigs():
    return mm.load("pigs_rooms")


@pytest.fixture(scope="module")
def pens(pigs):
    return mm.lmm(f"{SAMPLES} + (1 | room) + (1 | pen)", pigs)


@pytest.fixture(scope="module")
def clover():
    return mm.lmm(CLOVER, mm.load("clover"))


def variances(fit):
    return fit.varcomp.set_index("group").variance


def satterthwaite(one, other, df_one, df_other):
    return (one + other) ** 2 / (one**2 / df_one + other**2 / df_other)


def sed_of(fit, name="diet"):
    return mm.contrasts(mm.emmeans(fit, name), "pairwise", adjust="none").se.to_numpy()


# --- rooms and degrees of freedom ----------------------------------------------------------


def test_a_comparison_of_diets_does_not_ask_whether_rooms_are_random(pigs):
    def both(data):
        return (
            mm.lm(f"{SAMPLES} + room", data),
            mm.lmm(f"{SAMPLES} + (1 | room)", data),
        )

    fixed, random = both(pigs)
    assert np.allclose(sed_of(fixed), sed_of(random))
    names = ["diet", "day", "diet:day"]
    assert np.allclose(mm.anova(fixed).f[names], mm.anova(random).f[names])
    # and it does where rooms are incomplete, or their variance is estimated as zero:
    lost = pigs[~((pigs.diet == "A") & (pigs.room == "room1"))]
    fixed, random = both(lost)
    assert not np.allclose(sed_of(fixed), sed_of(random), rtol=1e-4)
    room_mean = pigs.groupby("room", observed=True).dry_matter_pct.transform("mean")
    even = pigs.assign(dry_matter_pct=pigs.dry_matter_pct - room_mean)
    fixed, random = both(even)
    assert variances(random)["room"] == 0
    assert not np.allclose(sed_of(fixed), sed_of(random), rtol=1e-3)


def test_df_by_hand_are_those_of_both_methods_in_the_complete_trial_only(pigs):
    table = mm.anova(mm.lm(f"{SAMPLES} + room", pigs)).mean_sq
    by_hand = satterthwaite(table["room"], 5 * table["Residual"], 2, 250)
    assert f"df {by_hand:.3f}" in SHOWN
    random = mm.lmm(f"{SAMPLES} + (1 | room)", pigs)
    for df in ("satterthwaite", "kenward-roger"):
        assert mm.emmeans(random, "diet", df=df).df[0] == pytest.approx(by_hand, rel=1e-5)
    lost = mm.lmm(f"{SAMPLES} + (1 | room)", pigs.drop(index=range(0, 40)))
    two = [mm.emmeans(lost, "diet", df=df) for df in ("satterthwaite", "kenward-roger")]
    assert not np.allclose(two[0].df, two[1].df, rtol=1e-4)
    assert (two[1].se > two[0].se).all()  # "as a rule a little larger"


def test_only_rooms_inform_about_rooms():
    functions = LESSON.functions({"np": np})
    planned = functions["mean_of_a_diet"]
    for rooms, samples in ((3, 90), (3, 180), (6, 90)):
        se, df = planned(rooms, samples)
        assert f"{rooms} rooms, {rooms * samples} samples: SE {se:.2f} %, df {df:.2f}" in SHOWN
        assert se == pytest.approx(np.sqrt(12 / rooms + 36 * 6 / (rooms * samples)))
        assert df == pytest.approx(
            satterthwaite(12 * samples + 36, 180, rooms - 1, rooms * samples - 18 - rooms + 1)
        )
    se, df = planned(1, 270)  # "there is no SE, because 1 − 1 = 0 df"
    assert np.isnan(se) and df == 0 and "`(1, 270)`: there is no SE" in PROSE
    more = [planned(3, samples)[1] for samples in (90, 180, 360, 9000)]
    assert more == sorted(more, reverse=True) and more[-1] > 2


def test_intervals_keep_their_promise_as_shown():
    rng, n = np.random.default_rng(7), 200_000
    rooms = 1116 * rng.chisquare(2, n) / 2
    error = 180 * rng.chisquare(250, n) / 250
    away = np.abs(rng.normal(0, np.sqrt(4.8), n)) / np.sqrt((rooms + error) / 270)
    df = satterthwaite(rooms, error, 2, 250)
    for t_star, words in (
        (stats.norm.ppf(0.975), "many df        catches the truth in 87"),
        (stats.t.ppf(0.975, 250), "250 df         catches the truth in 87"),
        (stats.t.ppf(0.975, df), "Satterthwaite  catches the truth in 92"),
    ):
        assert words in SHOWN and np.mean(away < t_star) == pytest.approx(
            int(words[-2:]) / 100, abs=0.01
        )


def test_the_methods_differ_in_clover(clover):
    for df in ("kenward-roger", "satterthwaite", "z"):
        row = mm.contrast(clover, {"site_year[T.25AL]": 1}, df=df).iloc[0]
        assert f"SE {row.se:.3f}, df {row.df:.2f}\n" in LESSON.shown_by("for method in") + "\n"


def test_df_of_the_site_years_lie_near_those_of_the_blocks(clover):
    """Satterthwaite's formula from the mean square of blocks and what is left of the squared SE."""
    row = mm.contrast(clover, {"site_year[T.25AL]": 1}).iloc[0]
    ms = mm.anova(
        mm.lm("biomass ~ site_year + rep + entry + entry:site_year", mm.load("clover")), type=1
    ).mean_sq["rep"]
    first, second = mm.load("clover").site_year.value_counts(sort=False)
    part = ms / first + ms / second
    shown = LESSON.shown_by("without_blocks =")
    assert f"difference {row.se**2:.1f}, MS" in shown and f"added: {part:.1f}" in shown
    assert f"is {row.se**2:.1f}. Of this" in PROSE
    assert f"{ms:.1f}/{first} + {ms:.1f}/{second} = {part:.1f}" in PROSE
    rest = row.se**2 - part
    for df_rest in (22, 56):
        by_hand = satterthwaite(part, rest, 2, df_rest)
        assert by_hand == pytest.approx(row.df, abs=0.3)
    assert abs(row.df - 2) < abs(row.df - 56)


def test_an_f_ratio_of_two_mean_squares_is_exact_in_complete_trials(pigs, pens):
    """The rule and where it ends: the mixed model keeps this ratio until a variance is zero."""
    rng, n, v = np.random.default_rng(5), 20_000, variances(pens)
    kept = [mm.lm(f"dry_matter_pct ~ {x}", pigs).X for x in ("1", "diet", "room + diet", "pen")]
    bases = [np.linalg.svd(np.asarray(X), full_matrices=False) for X in kept]
    bases = [u[:, s > 1e-8 * s[0]] for u, s, _ in bases]
    room, pen = (pigs[name].astype("category").cat.codes.to_numpy() for name in ("room", "pen"))
    y = rng.normal(0, np.sqrt(v["room"]), (n, 3))[:, room]
    y += rng.normal(0, np.sqrt(v["pen"]), (n, 90))[:, pen]
    y += rng.normal(0, np.sqrt(v["Residual"]), (n, len(pigs)))
    one, diets, rooms_diets, all_pens = (((y @ u) ** 2).sum(1) for u in bases)
    p = stats.f.sf(((diets - one) / 5) / ((all_pens - rooms_diets) / 82), 5, 82)
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.006)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    sorghum = mm.load("sorghum")
    even = mm.lmm("yield_kg_ha ~ 1 + (1 | block)", sorghum)
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", sorghum)
    trials, same, zero = even.simulate(30, seed=2), [], []
    for trial in trials:
        new = fit.refit(y=trials[trial])
        plain = mm.lm("yield_kg_ha ~ genotype + block", sorghum.assign(yield_kg_ha=trials[trial]))
        f = mm.anova(plain).f["genotype"]
        same.append(bool(np.isclose(mm.anova(new).f["genotype"], f, rtol=1e-4)))
        zero.append(bool(variances(new)["block"] < 1e-6))
    assert 0 < sum(zero) < 30 and same == [not z for z in zero]


# --- the pens -------------------------------------------------------------------------------


def test_pens_and_rooms_by_hand(pigs, pens):
    v = variances(pens)
    assert np.allclose(sed_of(pens), np.sqrt(2 * (v["pen"] / 15 + v["Residual"] / 45)))
    assert np.allclose(sed_of(pens, "day"), np.sqrt(2 * v["Residual"] / 90))
    two_days = mm.contrasts(mm.emmeans(pens, ["diet", "day"], at={"diet": ["A"]}), "pairwise")
    assert np.allclose(two_days.se, np.sqrt(2 * v["Residual"] / 15))
    assert f"SED by the contrast {two_days.se[0]:.2f}" in SHOWN
    cell = np.sqrt(v["room"] / 3 + (v["pen"] + v["Residual"]) / 15)
    assert f"times the SE of a mean: {np.sqrt(2) * cell:.2f} %" in SHOWN
    by_pen = pigs.groupby(["room", "diet", "pen"], observed=True).dry_matter_pct.mean()
    table = mm.anova(mm.lm("dry_matter_pct ~ diet + room", by_pen.reset_index()))
    assert table.f["diet"] == pytest.approx(mm.anova(pens).f["diet"], rel=1e-5)
    assert table.den_df["diet"] == 82
    # with pens sampled unequally often the mean of a pen is no longer enough
    lost = pigs.drop(index=range(0, 60, 3))
    by_pen = lost.groupby(["room", "diet", "pen"], observed=True).dry_matter_pct.mean()
    table = mm.anova(mm.lm("dry_matter_pct ~ diet + room", by_pen.reset_index()))
    fit = mm.lmm(f"{SAMPLES} + (1 | room) + (1 | pen)", lost)
    assert table.f["diet"] != pytest.approx(mm.anova(fit).f["diet"], rel=1e-3)


def test_without_pens_the_test_finds_what_is_not_there(pens):
    """Exactly: both error mean squares are known up to chi-squared when no diet differs."""
    v, n = variances(pens), 200_000
    rng = np.random.default_rng(3)
    of_pens, of_days = 3 * v["pen"] + v["Residual"], v["Residual"]
    diets, between = (of_pens * rng.chisquare(df, n) / df for df in (5, 82))
    pooled = (82 * between + 168 * of_days * rng.chisquare(168, n) / 168) / 250
    wrong = np.mean(diets / pooled > stats.f.ppf(0.95, 5, 250))
    right = np.mean(diets / between > stats.f.ppf(0.95, 5, 82))
    assert right == pytest.approx(0.05, abs=0.003) and 0.14 < wrong < 0.18
    assert f"about {100 * wrong:.0f} of 100" in PROSE
    shown = LESSON.shown_by("found_without, found_with =")
    found, found_right = (int(k) for k in shown.splitlines()[1].split() if k.isdigit())
    assert abs(found - 100 * wrong) < 3 * np.sqrt(100 * wrong * (1 - wrong))
    assert abs(found_right - 5) < 3 * np.sqrt(100 * 0.05 * 0.95) and found > 2 * found_right


# --- likelihoods and boundaries ---------------------------------------------------------------


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


# --- the folded answers ----------------------------------------------------------------------


def test_the_folded_answers_of_the_lesson_hold(pens, clover):
    v = variances(pens)
    assert f"√(2 · {v['Residual']:.3f}/90) = {np.sqrt(2 * v['Residual'] / 90):.3f} %" in FOLDED
    p = [mm.anova(clover, df=df).p.iloc[0] for df in ("kenward-roger", "z")]
    assert "falls from {:.4f} to {:.4f}".format(*p) in FOLDED
    crd = mm.load("pigs_crd")
    fits = (mm.lm(SAMPLES, crd), mm.lmm(f"{SAMPLES} + (1 | pen)", crd))
    tables = [mm.contrasts(mm.emmeans(fit, "diet"), "trt.vs.ctrl") for fit in fits]
    assert [list(t.contrast[t.p < 0.05]) for t in tables] == [["B - A"], ["B - A"]]
    assert "rises from {:.4f} to {:.4f}".format(*(t.p[0] for t in tables)) in FOLDED
    assert "grows from {:.3f} to {:.3f}".format(*(t.se[0] for t in tables)) in FOLDED
    assert [round(t.df[0]) for t in tables] == [252, 84] and "from 252 to 84" in FOLDED


def test_the_folded_answers_of_the_exercises_hold(pigs, pens):
    v = variances(pens)
    of_a_pen = [v["pen"] + v["Residual"] / days for days in (3, 6)]
    assert f"7.00 + 29.11/3 = {of_a_pen[0]:.2f}" in TASKS
    assert f"7.00 + 29.11/6 = {of_a_pen[1]:.2f}" in TASKS
    now, days = (np.sqrt(2 * variance / 15) for variance in of_a_pen)
    assert f"SED from {now:.2f} to {days:.2f}, still" in TASKS
    fed = np.sqrt(2 * of_a_pen[0] / 30)  # 5 pens more in each of three rooms
    assert f"falls to √(2 · {of_a_pen[0]:.2f}/30) = {fed:.2f}" in TASKS and fed < days
    assert 90 * 3 == 6 * 3 * 5 * 3 == 270  # both plans cost what the question says
    wider = {"room": 3, "diet": 6, "day": 3, "rep": 10}
    shell = mm.anova_shell("diet*day", blocks="room/diet:rep", n=wider).df
    assert f"more df, {shell['error of room:diet:rep']}." in TASKS
    assert f"= {np.sqrt(2 * v['pen'] / 15):.2f}, and" in TASKS
    means = mm.emmeans(pens, "diet")
    assert f"SE² = {means.se[0] ** 2:.2f} the rooms make" in TASKS
    assert f"{v['room']:.2f}/3 = {v['room'] / 3:.2f}" in TASKS
    difference, sed = means["mean"][1] - means["mean"][0], sed_of(pens)[0]
    assert f"difference {difference:.2f}" in TASKS and f"own SED, {sed:.2f}" in TASKS
    assert f"it is {difference / sed:.1f} SEDs" in TASKS
    kept = pigs[pigs.room != "room3"].copy()
    kept["room"] = kept.room.cat.remove_unused_categories()
    by_pen = kept.groupby(["room", "diet", "pen"], observed=True).dry_matter_pct.mean()
    row = mm.emmeans(
        mm.lmm("dry_matter_pct ~ diet + (1 | room)", by_pen.reset_index()), "diet"
    ).iloc[0]
    assert f"± {(row.upper - row['mean']) / row.se:.1f} standard errors" in TASKS
    assert f"from −{-row.lower:.1f} to {row.upper:.1f} %" in TASKS
    barley = mm.load("barley")
    seds = [
        sed_of(mm.lmm(f"{BARLEY} + {random}", barley), "fungicide")[0]
        for random in ("(1 | block) + (1 | block:fungicide)", "(1 | block:fungicide)")
    ]
    assert "grow from {:.3f} to {:.3f}".format(*seds) in TASKS
    plots = mm.contrasts(mm.emmeans(mm.lmm(f"{BARLEY} + (1 | block)", barley), "fungicide"))
    assert f"from {plots.lower[0]:.3f} to {plots.upper[0]:.3f}" in TASKS
    whole = 2 * stats.t.ppf(0.975, 3) * seds[0]
    assert (plots.upper[0] - plots.lower[0]) / whole < 0.2  # "less than a fifth as long"
