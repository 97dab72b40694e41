"""Day 6: what the lesson says of errors and df, where it could fail; the folded answers."""

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
