"""Day 6, tests of the design: R's numbers, what the prose says of errors and df, the answers."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from lesson_texts import FOLDER, Lesson, numbers
from reference_values import reference
from scipy import stats

import mmteach as mm
from mmteach import plots
from mmteach.course.authoring import figures, lessons

LESSON = Lesson("day6_inference")
CELLS, CODE = LESSON.cells, LESSON.code
PROSE, FOLDED, SHOWN = LESSON.prose, LESSON.folded, LESSON.shown
shown_by = LESSON.shown_by
MIXED = {entry["id"]: entry for entry in reference("inference")["mixed"]}
FIXED = {entry["id"]: entry for entry in reference("inference")["fixed"]}
SAMPLES = "dry_matter_pct ~ diet * day"
CLOVER = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"


def row_of(shown, start):
    """The numbers of the first line that begins with these words."""
    line = next(line for line in shown.splitlines() if line.strip().startswith(start))
    return numbers(line.strip().removeprefix(start))


def r_row(table, term, *columns):
    at = table["term"].index(term)
    return [table[column][at] for column in columns]


def means_by_r(name, specs, df="kenward-roger"):
    (found,) = [
        e for e in MIXED[name]["emmeans"] if (e["specs"], e["by"], e["df"]) == ([specs], None, df)
    ]
    return found


@pytest.fixture(scope="module")
def pigs():
    return mm.load("pigs_rooms")


@pytest.fixture(scope="module")
def rooms(pigs):
    return mm.lmm(f"{SAMPLES} + (1 | room)", pigs)


@pytest.fixture(scope="module")
def pens(pigs):
    return mm.lmm(f"{SAMPLES} + (1 | room) + (1 | pen)", pigs)


@pytest.fixture(scope="module")
def clover():
    return mm.lmm(CLOVER, mm.load("clover"))


# --- the numbers, as R has them ----------------------------------------------------------


def test_the_shells_are_printed_as_the_design_gives_them():
    shell, strata = shown_by("shell = mm"), shown_by('blocks="room/diet:rep"')
    for source, df in {"room": 2, "diet": 5, "day": 2, "diet:day": 10, "error": 250}.items():
        assert row_of(shell, f"{source} ")[0] == df
    assert "total     269" in shell and "would have 252 df" in shell
    assert row_of(strata, "error of room:diet:rep")[0] == 82
    assert row_of(strata, "error  ")[0] == 168 and 2 + 82 + 168 == 252


@pytest.mark.parametrize(
    ("name", "words"), [("pigs_rooms", "rooms_fixed = mm.lm("), ("pigs_rooms_pens", "with_pens =")]
)
def test_the_f_tests_are_those_of_car_with_kenward_roger(name, words):
    table = MIXED[name]["anova_car"]["table"]
    shown = shown_by(words).split("Kenward-Roger")[-1]
    for ours, theirs in {"diet": "diet", "day": "day", "diet:day": "day:diet"}.items():
        f, num_df, den_df, p = r_row(table, theirs, "f", "num_df", "den_df", "p")
        line = row_of(shown, f"{ours} ")
        assert line[2:4] == pytest.approx([num_df, den_df]) and line[4] == pytest.approx(
            f, abs=6e-5
        )
        assert line[5] == pytest.approx(max(p, 1e-4), abs=6e-5)


def test_the_printed_analysis_is_reproduced():
    p = MIXED["pigs_rooms"]["anova_car"]["table"]["p"]
    assert np.allclose(p, [3.441e-05, 0.0003483, 0.3509], rtol=2e-4)
    assert f"criterion {MIXED['pigs_rooms']['criterion']:.3f}" in SHOWN and "1673.807" in SHOWN
    fixed = shown_by("rooms_fixed = mm.lm(").split("rooms random")[0]
    sums = {"diet": 859.15, "day": 771.24, "room": 2231.96, "diet:day": 401.52}
    assert {name: row_of(fixed, f"{name} ")[0] for name in sums} == sums
    assert "9000.10" in fixed and "30.9991" in fixed
    variances = shown_by("variance_rows =")
    assert "12.000" in variances and "36.000" in variances


def test_means_and_intervals_are_those_of_emmeans():
    fixed, random = shown_by("by_fixed = mm").split("rooms random")
    theirs = means_by_r("pigs_rooms", "diet")["means"]
    for k, diet in enumerate("ABCDEF"):
        expected = [theirs[c][k] for c in ("mean", "se", "df", "lower", "upper")]
        assert np.allclose(row_of(random, f"{k}    {diet}"), expected, atol=6e-4)
        mean, se, df, lower, upper = row_of(fixed, f"{k}    {diet}")
        assert (mean, se, df) == (pytest.approx(expected[0], abs=6e-4), 0.894, 250)
        assert upper - mean == pytest.approx(stats.t.ppf(0.975, 250) * 0.8944, abs=2e-3)
    assert "2.191" in random and "2.697" in random
    assert "15.8 to 19.4 %, and now has 10.2 to 25.0 %" in PROSE
    assert "SED: rooms fixed 1.265, rooms random 1.265" in SHOWN
    lengths = [row_of(text, "0    A")[4] - row_of(text, "0    A")[3] for text in (fixed, random)]
    assert 4 < lengths[1] / lengths[0] < 5  # "more than four times as long"


def test_the_conclusion_changes_as_emmeans_says():
    shown = shown_by("conclusion = ")
    for name, label in (("pigs_rooms", "without pens"), ("pigs_rooms_pens", "with pens")):
        pairs = means_by_r(name, "diet")["contrasts"]["pairwise"]
        expected = [pairs[c][0] for c in ("estimate", "se", "df", "t", "p_tukey")]
        line = row_of(shown, f"{label} ")
        assert np.allclose(line[:5], expected, atol=6e-4), (line, expected)
    assert "from 0.018 to 0.080" in PROSE and "hand, with pens: 1.492" in shown
    assert MIXED["pigs_rooms_pens"]["ranova"]["drop"]["table"]["lrt"][2] == pytest.approx(
        8.557, abs=5e-4
    )
    shown_tests = shown_by("pens_test =")
    assert numbers(next(x for x in shown_tests.splitlines() if x.startswith("with pens")))[1:] == [
        8.557045,
        0.003442,
    ]
    assert "8.557" in shown_by("pens_test =") and "0.003442" in shown_by("pens_test =")


def test_dunnett_is_that_of_emmeans():
    shown = shown_by("against_a =")
    pairs = [
        means_by_r(n, "diet")["contrasts"]["trt.vs.ctrl"] for n in ("pigs_rooms", "pigs_rooms_pens")
    ]
    for k, diet in enumerate("BCDEF"):
        difference, without, with_pens = row_of(shown, f"{diet} - A")
        assert difference == pytest.approx(pairs[0]["estimate"][k], abs=6e-5)
        assert without == pytest.approx(pairs[0]["p_dunnettx"][k], abs=6e-5)
        assert with_pens == pytest.approx(pairs[1]["p_dunnettx"][k], abs=6e-5)
    assert np.round(pairs[0]["p_dunnettx"], 4).tolist() == [0.0067, 0.0447, 0.98, 0.0313, 0.0497]
    exact = mm.contrasts(
        mm.emmeans(mm.lmm(f"{SAMPLES} + (1 | room) + (1 | pen)", mm.load("pigs_rooms")), "diet"),
        "trt.vs.ctrl",
        adjust="dunnett",
    )
    assert exact.p[0] == pytest.approx(0.0323, abs=1e-4)  # mvt of emmeans: 0.0322 to 0.0325
    below = [sum(np.array(p["p_dunnettx"]) < 0.05) for p in pairs]
    assert below == [4, 1] and "Without pens four of the five" in PROSE and "One is left" in PROSE


def test_the_likelihood_ratios_are_those_of_lme4():
    compared = {entry["id"]: entry["table"] for entry in reference("inference")["compare"]}
    sorghum = compared["sorghum_genotype"]
    shown = shown_by("lrt = mm.compare")
    assert row_of(shown, "genotypes ")[5:7] == [round(sorghum["chisq"][1], 4), 17]
    assert f"likelihood ratio: {sorghum['p'][1]:.1e}" in shown
    f = r_row(MIXED["sorghum"]["anova_car"]["table"], "genotype", "p")[0]
    assert f"by F: {f:.1e}" in shown and f"{f / sorghum['p'][1]:.0f} times the first" in shown
    by_ml = compared["clover_entry_ml"]
    shown = shown_by("no_entries =")
    for k, name in enumerate(("no entries", "all")):
        expected = [by_ml[c][k] for c in ("npar", "aic", "bic", "loglik")]
        assert np.allclose(row_of(shown, name)[:4], expected, atol=1e-4)
    assert f"{by_ml['chisq'][1]:.4f}, p = {by_ml['p'][1]:.4f}" in PROSE


def test_the_deletions_of_clover_are_lmertests_and_half_of_p_is_the_mixture():
    table = MIXED["clover"]["ranova"]["drop"]["table"]
    plain, halved = shown_by("mm.ranova(clover_fit).round"), shown_by("pens_test =")
    for term, lrt, p in list(zip(table["term"], table["lrt"], table["p"], strict=True))[1:]:
        for shown, expected in ((plain, p), (halved, p / 2)):
            line = row_of(shown, term.replace("(1 | ", "(1 | "))
            assert line[3] == pytest.approx(lrt, abs=6e-5) and line[5] == pytest.approx(
                expected, abs=6e-5
            )
    for number in ("0.0831", "0.0415", "0.3064", "0.1995", "0.0017"):
        assert number in SHOWN and number in PROSE


def test_the_site_years_by_both_errors(clover):
    first = FIXED["lm_clover"]["anova"][0]["table"]
    shown = shown_by("sequential = ")
    for term in ("site_year", "rep", "entry"):
        sum_sq, df, f = r_row(first, term, "sum_sq", "num_df", "f")
        line = row_of(shown, f"{term} ")
        assert line[0] == pytest.approx(sum_sq, abs=0.06) and line[2] == df
        assert line[4] == pytest.approx(f, abs=6e-5)
    assert all(number in shown for number in ("4055.3", "621.0", "11143.9", "5389.6", "8001.5"))
    assert f"site_year: {r_row(first, 'site_year', 'p')[0]:.1e}" in shown
    assert r_row(FIXED["lm_clover"]["anova"][1]["table"], "site_year", "num_df") == [0]  # Type II
    mixed = MIXED["clover"]["anova_car"]["table"]
    shown = shown_by("without_blocks =").split("blocks left out")
    line = row_of(shown[0], "site_year")
    assert np.allclose(line[3:], [mixed[c][0] for c in ("den_df", "f", "p")], atol=5e-4)
    dropped = mm.anova(mm.lmm(CLOVER.replace("(1 | rep) + ", ""), mm.load("clover")))
    assert np.allclose(
        row_of(shown[1], "site_year")[3:],
        dropped.iloc[0][["den_df", "f", "p"]].astype(float),
        atol=5e-4,
    )


def test_pairs_and_means_of_sorghum_and_clover():
    (r,) = [e for e in MIXED["sorghum"]["emmeans"] if e["df"] == "kenward-roger"]
    pairs = r["contrasts"]["pairwise"]
    for rule in ("none", "tukey", "holm", "bonferroni"):
        below = int(np.sum(np.array(pairs[f"p_{rule}"]) < 0.05))
        assert row_of(shown_by("rules ="), rule) == [below]
    assert len(pairs["contrast"]) == 153 and "153 pairs; by chance alone 7.7" in SHOWN
    means = FIXED["lm_clover"]["emmeans"][0]["means"]["mean"]
    assert means.count(None) == 12 and "no mean for 12 of 35" in SHOWN
    assert "C03 without interaction: 38.7" in SHOWN
    exact = next(e for e in reference("inference")["profile"] if e["id"] == "sorghum")["exact"]
    shown = shown_by("interval = mm.confint").split("profile")[1]
    table = exact["0.95"]["table"]
    for k, name in enumerate(("sd(Intercept | block)", "sigma")):
        assert np.allclose(
            row_of(shown, name)[1:], [table["lower"][k], table["upper"][k]], atol=0.06
        )
    assert "16.3  178.3" in shown_by("interval = mm.confint")


# --- nothing is answered before its question --------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("shell = mm", ["250", "269"]),
        ("my_guess = {", ["2.697", "1.265", "1.492", "      82"]),
        ("rooms_fixed = mm.lm(", ["4.7730", "10.7115"]),
        ("by_fixed = mm", ["10.167", "25.0", "2.191"]),
        ("def mean_of_a_diet", ["2.34", "6.74"]),
        ("with_pens =", ["3.4289", "13.2459", "13.25"]),
        ("lrt = mm.compare", ["72.31", "fitted again by ML"]),
        ("found_by_lrt, found_by_f", ["likelihood ratio 13"]),
        ("no_interaction =", ["109 of 200", "about half of all"]),
        ("without_blocks =", ["8.8433", "0.045"]),
        ("rules =", ["alone 7.7", "none          59"]),
        ("against_a =", ["0.0334", "0.1235"]),
        ("interval = mm.confint", ["135.9", "178.3"]),
    ],
)
def test_no_answer_stands_before_its_question(question, answers):
    place = LESSON.place_of(question)
    before, shown = LESSON.before(place), [cell for cell in CELLS[place:] if "outputs" in cell]
    after = "\n".join(
        [cell.source for cell in CELLS[place:]]
        + [lessons.output_text(cell.outputs) for cell in shown]
    )
    for answer in answers:
        assert answer not in before and answer in after, answer
    assert CELLS[place].metadata["slideshow"]["slide_type"] in ("fragment", "skip", "-")


# --- the lesson as a whole -------------------------------------------------------------------


def test_the_lesson_keeps_its_measure():
    assert re.findall(r"\n\*Figure (\d)\.", "\n" + PROSE) == list("12")
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert 50 <= minutes <= 60 and f"In class {minutes:g} minutes" in CELLS[0].source
    assert PROSE.count("**Predict.**") >= 10 and PROSE.count("You should have said") >= 11
    assert len(re.findall(r"> \*\*Common slip:", PROSE)) == 4
    assert PROSE.count("<details>") == PROSE.count("</details>") >= 4


def test_every_question_has_a_reply_to_a_wrong_answer():
    """In the notes of its own cell, or of the head of its section."""
    head = None
    for cell in CELLS:
        if cell.source.startswith("## "):
            head = cell
        if "**Predict." in cell.source or "**Discuss." in cell.source:
            notes = cell.metadata.get("notes", "") + head.metadata.get("notes", "")
            assert re.search(r"[Ee]xpect '.+?'.*?: reply '", notes), cell.source[:80]


def test_fifty_minutes_leave_out_nine():
    plan = CELLS[0].metadata["notes"].split("With 50 minutes:")[1]
    minutes = sum(cell.metadata.get("minutes", 0) for cell in CELLS)
    assert minutes - sum(int(n) for n in re.findall(r"\((\d)\)", plan)) <= 50


def test_the_picture_of_the_title_gives_nothing_away():
    with plt.rc_context(plots.STYLE):
        figure, ax = plt.subplots()
        (reading,) = figures.rooms_and_pens(ax)
        letters = [text.get_text() for text in ax.texts if text.get_text() in list("ABCDEF")]
        assert {letter: letters.count(letter) for letter in letters} == dict.fromkeys("ABCDEF", 15)
        plt.close(figure)
    assert reading == "3 rooms, 90 pens, 270 samples."
    assert (FOLDER / "figures" / "day6_pens.png").is_file()
