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


def main(folder=None):
    """Write the pictures into `folder` (default: the lessons' figures) and print their readings."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

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
        figure, axes = plt.subplots(1, 2, figsize=(8.4, 2.2))
        readings += two_predictors(*axes)
        figure.savefig(folder / "day1_model.png", dpi=110)
        plt.close(figure)
        figure, axes = plt.subplots(1, 3, figsize=(8.4, 1.6), width_ratios=[1.4, 1, 1])
        readings += blocks(*axes)
        figure.savefig(folder / "day2_blocks.png", dpi=110)
        plt.close(figure)
        figure, ax = plt.subplots(figsize=(8.4, 1.9))
        readings += two_variances(ax)
        figure.savefig(folder / "day4_reml.png", dpi=110)
        plt.close(figure)
        figure, ax = plt.subplots(figsize=(8.4, 2.4))
        readings += candidates(ax)
        figure.savefig(folder / "day5_blups.png", dpi=110)
        plt.close(figure)
        figure, ax = plt.subplots(figsize=(8.4, 2.6))
        readings += one_driver(ax)
        figure.savefig(folder / "day5_slopes.png", dpi=110)
        plt.close(figure)
    print(*readings, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
