"""Day 7, the sheet fixed or random: averages, the page itself, the facts of the four trials."""

import re

import numpy as np
import pytest
from lesson_texts import Lesson, numbers
from reference_values import reference

import mmteach as mm

LESSON = Lesson("day7_checking_and_choosing")
CELLS, PROSE, FOLDED = LESSON.cells, LESSON.prose, LESSON.folded
shown_by = LESSON.shown_by


def test_averages_are_exact_in_a_balanced_trial_only():
    barley = mm.load("barley")

    def both(rows):
        eight = rows.groupby(["block", "fungicide"], observed=True).yield_t_ha.mean().reset_index()
        plots_of = "yield_t_ha ~ fungicide * genotype + (1 | block) + (1 | block:fungicide)"
        tables = [
            mm.anova(mm.lm("yield_t_ha ~ fungicide + block", eight)),
            mm.anova(mm.lmm(plots_of, rows)),
        ]
        return [table.loc["fungicide", "f"] for table in tables]

    by_means, by_plots = both(barley)
    assert by_means == pytest.approx(by_plots, rel=1e-6)
    assert by_means == pytest.approx(reference("day7")["eight_means_f"])
    lost = np.random.default_rng(1).permutation(560)[:60]
    assert abs(np.subtract(*both(barley.drop(index=barley.index[lost])))) > 0.05
    # balanced, but the whole plots differ less than their plots make them: the boundary
    inside = barley.groupby(["block", "fungicide"], observed=True).yield_t_ha.transform("mean")
    alike = barley.groupby("fungicide", observed=True).yield_t_ha.transform("mean") - inside
    blocks = barley.block.map({"B1": 0, "B2": 0.3, "B3": 0.1, "B4": 0.5}).astype(float)
    tiny = 1e-3 * np.random.default_rng(5).normal(size=8)
    place = (2 * barley.block.cat.codes + barley.fungicide.cat.codes).to_numpy()
    field = barley.assign(yield_t_ha=barley.yield_t_ha + alike + blocks + tiny[place])
    by_means, by_plots = both(field)
    assert by_means > 2 * by_plots


def test_the_sheet_stands_alone():
    sheet = [cell for cell in CELLS if "sheet" in cell.metadata.get("tags", ())]
    text = "\n\n".join(cell.source for cell in sheet)
    assert len(sheet) == 1 and sheet[0].cell_type == "markdown" and len(text.split()) < 620
    assert text.startswith("### ") and not re.search(r"section \d|day \d|Figure|\]\(", text)
    readings = re.search(r"\*\*Seven readings.*", text)[0]
    assert readings.count("☐") == 7
    assert len(re.search(r"\*\*Five myths\*\*:(.*)", text)[1].split("·")) == 5
    meanings = re.search(r"\*\*Five meanings.*used (.*?)\. Say", text)[1]
    assert meanings.count("for") >= 5 and len(meanings.split(";")) == 5
    asked = [line for line in text.splitlines() if line.startswith("| ") and line.count("|") == 4]
    assert len(asked) == 8  # the head and seven questions


def test_the_facts_of_the_four_trials():
    pigs, model = mm.load("pigs_rooms"), "dry_matter_pct ~ diet * day + (1 | room)"
    rooms, pens = mm.lmm(model, pigs), mm.lmm(model + " + (1 | pen)", pigs)
    df = [mm.emmeans(one, "diet").df.round(1).unique().tolist() for one in (pens, rooms)]
    assert (
        df == [[3.0], [2.7]]
        and "had 3.0 degrees" in PROSE
        and "2.7 in the lesson, before the pens" in PROSE
    )
    assert "price of 3.0 degrees" in FOLDED
    facts = shown_by("facts = ")
    assert "4       18 to 18" in facts and "35         2 to 4" in facts
    room = next(line for line in facts.splitlines() if line.startswith("pigs"))
    assert numbers(room)[-1] == round(pens.sigma, 1) == 5.4
