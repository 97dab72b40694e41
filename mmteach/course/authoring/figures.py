"""Draws the pictures at the head of lessons: ``python -m mmteach.course.authoring.figures``."""

import sys
from pathlib import Path


def pair(ax_independent, ax_blocks, ax_means):
    """Draw the two models of V and the genotype means under both; return the readings."""
    import numpy as np

    import mmteach as mm
    from mmteach import plots

    trial = mm.load("sorghum")
    y, n_blocks = trial.yield_kg_ha.to_numpy(), trial.block.nunique()
    n, n_genotypes = len(y), trial.genotype.nunique()
    block_means = trial.groupby("block", observed=True).yield_kg_ha.mean()
    genotype_means = trial.groupby("genotype", observed=True).yield_kg_ha.mean()
    in_order = genotype_means.sort_values()  # as in the lessons
    # two-way analysis of variance: in a complete, balanced layout it gives the REML estimates
    expected = (
        trial.block.map(block_means).astype(float)
        - y.mean()
        + trial.genotype.map(genotype_means).astype(float)
    )
    sigma2 = ((y - expected) ** 2).sum() / (n - n_genotypes - n_blocks + 1)
    sigma2_b = block_means.var() - sigma2 / n_genotypes

    sed = np.sqrt(2 * sigma2 / n_blocks)
    return [
        plots.show_matrix(
            mm.build_R(sigma2, n),
            trial.block,
            ax=ax_independent,
            title=r"$\hat{\mathbf{V}}$ with blocks fixed, (kg/ha)²",
        ),
        plots.show_matrix(
            mm.build_V_cs(sigma2_b, sigma2, trial.block),
            trial.block,
            ax=ax_blocks,
            title=r"$\hat{\mathbf{V}}$ with blocks random, (kg/ha)²",
        ),
        plots.show_intervals(
            in_order.index,
            {
                "blocks fixed": (in_order, np.sqrt(sigma2 / n_blocks), sed),
                "blocks random": (in_order, np.sqrt((sigma2 + sigma2_b) / n_blocks), sed),
            },
            unit="yield (kg/ha)",
            ax=ax_means,
            title="Genotype means ± standard error",
        ),
    ]


def two_predictors(ax_number, ax_category):
    """Draw a linear model for a number and for a category; no data, nothing is estimated."""
    import numpy as np

    from mmteach import plots

    across = np.linspace(-2.6, 2.6, 60)
    bell = 0.55 * np.exp(-(across**2) / 2)
    rates, letters = np.linspace(0.5, 8.5, 5), list("ABCDEF")
    rising, heights = 2.6 + 0.5 * rates, [5.2, 4.2, 4.8, 5.6, 3.9, 4.4]  # of no meaning
    ax_number.plot([0, 9.4], [2.6, 2.6 + 0.5 * 9.4], color=plots.ORANGE, linewidth=1.8)
    for ax, places, expected in (
        (ax_number, rates, rising),
        (ax_category, range(len(letters)), heights),
    ):
        wide = 2 if ax is ax_number else 1.2
        for place, middle in zip(places, expected, strict=True):
            ax.fill_betweenx(
                middle + 0.7 * across, place, place + wide * bell, color=plots.BLUE, alpha=0.35
            )
            ax.plot([place, place], middle + 0.7 * across[[0, -1]], color=plots.GREY, linewidth=0.8)
        ax.set(ylim=(0.5, 9), yticks=[], ylabel="response")
    ax_category.plot(range(len(letters)), heights, "_", color=plots.ORANGE, markersize=16, mew=2.4)
    ax_number.set(xticks=[], xlabel="a number, such as a rate")
    ax_category.set_xticks(range(len(letters)), letters)
    ax_category.set_xlabel("a category, such as a diet")
    return ["One model with a number and with a category as its predictor."]


def blocks(ax_field, ax_numbers, ax_draws):
    """Draw the sorghum trial and two ways to think of its blocks; nothing is estimated."""
    import numpy as np

    import mmteach as mm
    from mmteach import plots

    trial = mm.load("sorghum")
    yields = trial.yield_kg_ha.to_numpy().reshape(trial.block.nunique(), -1)
    names = list(trial.block.cat.categories)
    rng = np.random.default_rng(2)
    ax_field.imshow(rng.permuted(yields, axis=1), cmap="Greys", aspect="auto")
    for row in range(1, len(names)):
        ax_field.axhline(row - 0.5, color="white", linewidth=5)
    ax_field.set_yticks(range(len(names)), names)
    ax_field.set(xticks=[], title="one trial: 72 plots, four blocks")

    places = [-0.9, 0.2, 0.7, 1.5]  # of no meaning
    for ax in (ax_numbers, ax_draws):
        ax.plot(places, [0] * len(places), "o", color=plots.BLUE, markersize=7, clip_on=False)
        ax.axhline(0, color=plots.INK, linewidth=1, zorder=0)
        for place in places:
            ax.text(place, -0.13, "?", ha="center", va="top")
        ax.set(xlim=(-3, 3), ylim=(-0.4, 1.1), yticks=[], xticks=[])
        ax.spines[:].set_visible(False)
    x = np.linspace(-3, 3, 200)
    ax_draws.plot(x, np.exp(-(x**2) / 2), color=plots.ORANGE)
    ax_numbers.set_title("four unknown numbers?")
    ax_draws.set_title("four draws from a population?")
    return [f"{len(names)} blocks, once as numbers and once as draws."]


def two_variances(ax):
    """Draw the schools and the two variances that are asked for; nothing is estimated."""
    import mmteach as mm
    from mmteach import plots

    schools = mm.load("schools")
    for row, (_, scores) in enumerate(schools.groupby("school", observed=True).score):
        ax.plot(scores, [row] * len(scores), "o", color=plots.BLUE)
        ax.plot(scores.mean(), row, "|", color=plots.INK, markersize=18, markeredgewidth=2)
    arrow = {"arrowstyle": "<->", "color": plots.INK}
    ax.annotate("", (43.3, 2.75), (66.8, 2.75), arrowprops=arrow)
    ax.text(68.5, 2.75, "differences between schools", va="center")
    ax.annotate("", (28, 1.45), (66.5, 1.45), arrowprops=arrow)
    ax.text(68.5, 1.3, "differences within a school", va="center")
    ax.set(
        xlim=(25, 95),
        ylim=(3.1, -0.5),
        yticks=[0, 1, 2],
        yticklabels=list(schools.school.cat.categories),
        xlabel="score (points)",
    )
    return ["Twelve students in three schools, and two variances to find."]


def candidates(ax):
    """Draw the raw means of the clover entries in order; no entry is named, nothing is predicted."""
    import mmteach as mm
    from mmteach import plots

    by_entry = mm.load("clover").groupby("entry", observed=True)
    means = by_entry.biomass.mean().sort_values()
    years = by_entry.site_year.nunique()[means.index]
    for number, marker, fill, label in (
        (2, "o", plots.BLUE, "four plots in two years"),
        (1, "s", "white", "two plots in one year"),
    ):
        places = [k for k, count in enumerate(years) if count == number]
        ax.plot(
            places,
            means.iloc[places],
            marker,
            color=plots.BLUE,
            markerfacecolor=fill,
            label=label,
        )
    ax.set(xticks=[], xlabel="35 entries, in order", ylabel="mean biomass")
    ax.legend(loc="upper left")
    return [f"{len(means)} entries, {(years == 1).sum()} of them seen in one year only."]


def one_driver(ax):
    """Draw the reaction times of all drivers, one of them in black; nothing is estimated."""
    import mmteach as mm
    from mmteach import plots

    sleep = mm.load("sleepstudy")
    one = sleep[sleep.subject == "335"]
    ax.plot(sleep.days, sleep.reaction_ms, "o", color=plots.GREY, markersize=4, alpha=0.5)
    ax.plot(one.days, one.reaction_ms, "o", color=plots.INK)
    ax.set(xlabel="day", ylabel="reaction time (ms)", xticks=range(10))
    return [f"{sleep.subject.nunique()} drivers on {sleep.days.nunique()} days, 335 in black."]


def game_matrices():
    """{letter: (number of its sketch, V)}: the five covariance matrices of day 3, 12 rows each."""
    import numpy as np

    import mmteach as mm

    fours, pairs = np.repeat(list("abc"), 4), np.repeat(list("abcdef"), 2)
    halves, wholes = np.repeat(list("ab"), 6), np.repeat(list("abcd"), 3)
    rows, columns = np.repeat(list("abc"), 4), np.tile(list("1234"), 3)
    days = np.column_stack([np.ones(12), np.tile(np.arange(6), 2)])
    growth = mm.build_Z(halves, x=days), mm.build_G(np.array([[2, 0.2], [0.2, 0.5]]), 2)
    return {
        "A": (4, mm.build_V_cs(2, 2, fours)),
        "B": (5, mm.build_V(*growth, mm.build_R(2, 12))),
        "C": (1, mm.build_V_cs(1, 1, halves) + mm.build_V_cs(2, 0, wholes)),
        "D": (3, mm.build_V_cs(2, 1, rows) + mm.build_V_cs(1, 0, columns)),
        "E": (2, mm.build_V_cs(2, 2, pairs)),
    }


def game(axes_V, axes_fields):
    """Draw five covariance matrices above five layouts, in another order; nothing is estimated."""
    import matplotlib.pyplot as plt
    import numpy as np

    from mmteach import plots

    for ax, (letter, (_, V)) in zip(axes_V, game_matrices().items(), strict=True):
        ax.imshow(V, cmap="Greys", vmin=0, vmax=1.15 * V.max())
        ax.set(title=letter, xticks=[], yticks=[])

    def cell(ax, number, x, y, shade="white"):
        box = plt.Rectangle((x, y), 0.92, 0.92, facecolor=shade, edgecolor=plots.GREY)
        ax.add_patch(box)
        ax.text(x + 0.46, y + 0.48, number, ha="center", va="center", fontsize=9)

    def frame(ax, x, y, width, height, line=1.6):
        box = plt.Rectangle((x, y), width, height, fill=False, edgecolor=plots.INK, linewidth=line)
        ax.add_patch(box)

    split, pots, terraces, blocks, growth = axes_fields
    for k in range(12):
        six, place = divmod(k, 6)
        shade = "white" if place // 3 == six else "#D8D4C8"
        cell(split, k + 1, place + 0.25 * (place // 3), 1.7 * six, shade)
        pot, plant = divmod(k, 2)
        cell(pots, k + 1, 2.5 * (pot % 3) + plant, 1.7 * (pot // 3))
        cell(terraces, k + 1, k % 4, 1.4 * (k // 4))
        cell(blocks, k + 1, k % 4, 1.4 * (k // 4))
    for six in range(2):
        frame(split, -0.15, 1.7 * six - 0.15, 6.47, 1.22)
    for pot in range(6):
        frame(pots, 2.5 * (pot % 3) - 0.1, 1.7 * (pot // 3) - 0.1, 2.12, 1.12)
    for row in range(3):
        frame(blocks, -0.12, 1.4 * row - 0.12, 4.16, 1.16)
        frame(terraces, -0.12, 1.4 * row - 0.12, 4.16, 1.16)
    for column in range(4):  # a water line, seen between the plots
        terraces.plot([column + 0.46] * 2, [-0.4, 4.1], color=plots.BLUE, linewidth=3, zorder=0.5)
    days = np.arange(6)
    for start, slope, marker, first in ((1.2, 0.25, "o", 1), (1.6, 0.6, "s", 7)):
        heights = start + slope * days
        growth.plot(days, heights, f"{marker}-", color=plots.INK, markersize=4)
        growth.text(5.3, heights[-1], f"{first}–{first + 5}", va="center", fontsize=9)
    growth.set(xlim=(-0.5, 7), ylim=(0, 5.5), xlabel="day", ylabel="height", xticks=[], yticks=[])
    words = (
        "1: two fields in halves,\neach half one fungicide",
        "2: six pots,\ntwo plants in each",
        "3: three terraces,\nfour water lines across",
        "4: three blocks\nof four plots",
        "5: two plants, each\nmeasured on six days",
    )
    for ax, text in zip(axes_fields, words, strict=True):
        ax.set_title(text, fontsize=10)
    for ax in axes_fields[:-1]:
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(False)
        ax.autoscale_view()
        ax.invert_yaxis()
    return ["Five covariance matrices A to E, five layouts 1 to 5."]


def rooms_and_pens(ax):
    """Draw the pens of the feeding trial with the letters of their diets; nothing is estimated."""
    import mmteach as mm
    from mmteach import plots

    pigs = mm.load("pigs_rooms")
    pens = pigs.drop_duplicates("pen")
    for place, (room, here) in enumerate(pens.groupby("room", observed=True)):
        left = 12 * place
        for k, diet in enumerate(here.diet):
            column, row = k % 10, k // 10
            ax.text(left + column, -row, diet, ha="center", va="center")
        x, y = [left - 0.8, left + 9.8], [-2.7, 0.7]
        ax.plot([x[0], x[1], x[1], x[0], x[0]], [*y[:1] * 2, *y[1:] * 2, y[0]], color=plots.INK)
        ax.text(left + 4.5, 1.0, room.replace("room", "room "), ha="center", va="bottom")
    ax.annotate("", (39, -1), (34.2, -1), arrowprops={"arrowstyle": "->", "color": plots.INK})
    for day in (1, 2, 3):
        ax.plot(39.3 + 1.6 * day, -1, "o", color=plots.BLUE)
        ax.text(39.3 + 1.6 * day, -1.7, str(day), ha="center", va="top")
    ax.text(42.5, -0.3, "one pen, days", ha="center", va="bottom")
    ax.set(xlim=(-1.2, 46), ylim=(-3, 2))
    ax.axis("off")
    return [f"{pens.room.nunique()} rooms, {len(pens)} pens, {len(pigs)} samples."]


def five_panels(*axes):
    """Draw residuals against fitted values five times; two of the models are exactly right."""
    import numpy as np

    from mmteach import plots

    rng = np.random.default_rng(218)
    n = 80
    x = rng.uniform(10, 30, n)
    curved = 0.03 * (x - 20) ** 2 + rng.normal(size=n)
    line = np.polynomial.Polynomial.fit(x, curved, 1)
    # groups of two rows, variances 1 and 2: a group keeps 1 / (1 + 2 / 2) of its deviation
    y = np.repeat(rng.normal(size=n // 2), 2) + rng.normal(scale=np.sqrt(2), size=n)
    kept = np.repeat((y.reshape(-1, 2).mean(axis=1) - y.mean()) / 2, 2)
    middle = rng.normal(20, 3.5, n)
    even = rng.normal(size=n)
    even -= np.polynomial.Polynomial.fit(middle, even, 1)(middle)
    wild = rng.normal(size=n)
    wild[[np.argmin(abs(x - 15)), np.argmin(abs(x - 26))]] = [6, -5]
    panels = {
        "A": (x, curved - line(x)),
        "B": (20 + 4 * kept, y - y.mean() - kept),
        "C": (x, rng.normal(size=n) * (x - 8) / 10),
        "D": (middle, even),
        "E": (x, wild),
    }
    for ax, (letter, (fitted, residual)) in zip(axes, panels.items(), strict=True):
        ax.axhline(0, color=plots.GREY)
        ax.plot(fitted, residual, "o", color=plots.BLUE, markersize=3, alpha=0.7)
        ax.set(title=letter, xlabel="fitted", xticks=[], yticks=[])
        highest = 1.1 * np.abs(residual).max()
        ax.set_ylim(-highest, highest)
    axes[0].set_ylabel("residual")
    return [f"{len(panels)} plots of {n} residuals each."]


# file -> what draws it, rows and columns of panels, size in inches, their ratios; a function takes
# the panels, or with several rows the rows; "pair" has a layout of its own
PICTURES = {
    "day1_model": (two_predictors, 1, 2, (8.4, 2.2), {}),
    "day2_blocks": (blocks, 1, 3, (8.4, 1.6), {"width_ratios": [1.4, 1, 1]}),
    "day3_game": (game, 2, 5, (9.6, 4.3), {"height_ratios": [1, 0.95]}),
    "day4_reml": (two_variances, 1, 1, (8.4, 1.9), {}),
    "day5_blups": (candidates, 1, 1, (8.4, 2.4), {}),
    "day5_slopes": (one_driver, 1, 1, (8.4, 2.6), {}),
    "day6_pens": (rooms_and_pens, 1, 1, (8.4, 1.7), {}),
    "day7_five": (five_panels, 1, 5, (8.4, 2.0), {}),
}


def main(folder=None):
    """Write the pictures into `folder` (default: the lessons' figures) and print their readings."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    from mmteach import plots

    from .lessons import notebooks_folder

    # each file names the matplotlib that drew it: another one sets the letters elsewhere
    folder = Path(folder) if folder else notebooks_folder() / "figures"
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplot_mosaic(
            [["left", "right"], ["below", "below"]], figsize=(8.4, 6.6), height_ratios=[1.15, 1]
        )
        readings = pair(axes["left"], axes["right"], axes["below"])
        figure.savefig(folder / "pair.png", dpi=110)
        plt.close(figure)
        for name, (draw, rows, columns, size, ratios) in PICTURES.items():
            figure, axes = plt.subplots(rows, columns, figsize=size, **ratios)
            readings += draw(*np.atleast_1d(axes))
            figure.savefig(folder / f"{name}.png", dpi=110)
            plt.close(figure)
    print(*readings, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
