"""Pictures of a trial: where the plots stand, and what was measured on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..guards import check_table, finite, is_number, labels, text, truth
from ..words import near, shown
from .style import (
    BLUE,
    GREY,
    HUES,
    INK,
    MARKERS,
    counted,
    frame,
    plural,
    short,
    span,
    tick_names,
    unit_of,
    word_for,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def show_field(
    plots: pd.DataFrame,
    block: str,
    treatment: str,
    highlight: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Sketch of a blocked field: a row of plots for each block, labelled by treatment.

    Parameters
    ----------
    plots : DataFrame with one row per plot
        Plots stand from left to right in row order.
    block, treatment : str
        Column names.
    highlight : label of a treatment, optional
        Its plots are filled, so the eye finds it in every block.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: numbers of blocks and plots, and whether the blocks are complete.

    Raises
    ------
    ValueError
        When a column is not there, or no plot has the treatment to be highlighted.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> field = pd.DataFrame({"block": ["I", "I", "II", "II"], "diet": ["B", "A", "A", "B"]})
    >>> show_field(field, "block", "diet")
    '2 blocks of 2 plots; each of the 2 diets stands once in every block.'
    """
    import matplotlib.pyplot as plt

    check_table("plots", plots)
    for name, column in (("block", block), ("treatment", treatment)):
        if not isinstance(column, str) or column not in plots:
            raise ValueError(
                f"plots has no column {shown(column)} to be the {name}; give one of "
                f"{', '.join(map(str, plots))}"
            )
    counts = pd.crosstab(plots[block], plots[treatment])
    if not counts.size:
        raise ValueError("plots has no complete row; there is nothing to draw")
    if (
        highlight is not None
        and not (isinstance(highlight, str) or is_number(highlight))
        or highlight not in [None, *counts.columns]
    ):
        raise ValueError(
            f"highlight={shown(highlight)} is none of the {plural(treatment)}; "
            f"{near(shown(highlight), counts.columns)}give the label of one"
        )
    with frame(ax, (9.0, 0.55 * len(counts) + 0.8), title, ylabel=block) as ax:
        for i, name in enumerate(counts.index):
            for j, label in enumerate(plots.loc[plots[block] == name, treatment]):
                chosen = label == highlight
                ax.add_patch(
                    plt.Rectangle(
                        (j + 0.04, i - 0.36),
                        0.92,
                        0.72,
                        linewidth=0.8,
                        facecolor=BLUE if chosen else "#F1EFE8",
                        edgecolor=GREY,
                    )
                )
                ax.text(
                    j + 0.5,
                    i,
                    label,
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if chosen else INK,
                    weight="bold" if chosen else "normal",
                )
        most = counts.sum(axis=1).max()
        for i in range(len(counts)):
            ax.add_patch(
                plt.Rectangle(
                    (-0.12, i - 0.45), most + 0.24, 0.9, fill=False, edgecolor=INK, linewidth=1.2
                )
            )
        ax.set(xlim=(-0.25, most + 0.25), ylim=(len(counts) - 0.4, -0.6), xticks=[])
        ax.set_yticks(range(len(counts)), counts.index)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    return _read_field(counts, block, treatment)


def _read_field(counts, block, treatment):
    opening = f"{counted(len(counts), block)} of {span(counts.sum(axis=1))} plots; "
    if (counts == 1).all(axis=None):
        return (
            opening
            + f"each of the {counts.shape[1]} {plural(treatment)} stands once in every {block}."
        )
    gaps = counts.unstack()
    gaps = gaps[gaps != 1]
    (what, where), times = gaps.index[0], gaps.iloc[0]
    example = (
        f"{what} is missing from {where}"
        if times == 0
        else f"{what} stands {times} times in {where}"
    )
    if len(gaps) == 1:
        return opening + f"the {plural(block)} are not complete: {example}."
    return opening + (
        f"the {plural(block)} are not complete: {len(gaps)} of the {counts.size} pairs of a "
        f"{block} and a {treatment} do not stand exactly once, for example {example}."
    )


def show_points(
    values: ArrayLike,
    categories: ArrayLike,
    groups: ArrayLike | None = None,
    sort: bool = False,
    unit: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Every value above its category, with a line at the category's mean.

    Parameters
    ----------
    values : sequence of n numbers
    categories : sequence of n labels
        Positions along the horizontal axis, in their natural order. The name of a Series
        labels the axis.
    groups : sequence of n labels, optional
        Gives each group its own marker, colour and side (up to four groups).
    sort : bool
        Order the categories by their mean.
    unit : str, optional
        Label of the vertical axis; a unit in parentheses, "yield (kg/ha)", is also read out.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: the span of the means, and which groups hold the highest values.

    Raises
    ------
    ValueError
        For lengths that differ, missing values or more than four groups.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> show_points([5, 7, 1, 3], ["A", "A", "B", "B"], unit="yield (t/ha)")
    '4 values; the category means run from 2 t/ha (B) to 6 t/ha (A).'
    """
    text("unit", unit)
    sort = truth("sort", sort)
    data, names = _points(values, categories, groups)
    means = data.groupby("categories", observed=True).value.mean()
    means = means.sort_values() if sort else means
    places = pd.Series(range(len(means)), index=list(means.index))
    x = data.categories.astype(object).map(places).to_numpy(float) + _aside(data, names)
    axis = word_for(categories, "") or str(getattr(categories, "name", None) or "")
    with frame(ax, (9.0, 3.6), title, axis, unit, legend=True) as ax:
        for k, name in enumerate(names):
            rows = data.groups == name if groups is not None else data.value.notna()
            ax.plot(
                x[rows],
                data.value[rows],
                MARKERS[k],
                color=HUES[k],
                alpha=0.8,
                markersize=5,
                markerfacecolor=HUES[k] if k == 0 else "white",
                label=name,
            )
        ax.hlines(means, places - 0.3, places + 0.3, color="black", linewidth=1.2, label="mean")
        tick_names(ax, places, [str(name) for name in means.index])
    word = word_for(categories, "category")
    of_unit = f" {unit_of(unit)}" if unit_of(unit) else ""
    which, where = f"the {word} means", f"of {{}} of the {len(means)} {plural(word)}"
    if pd.api.types.is_numeric_dtype(means.index.categories):
        which = f"the means at {len(means)} values of {axis or 'x'}"
        where = f"at {{}} of the {len(means)} values"
    return (
        f"{len(data)} values; {which} run from {short(means.min())}{of_unit} ({means.idxmin()}) "
        f"to {short(means.max())}{of_unit} ({means.idxmax()})."
        + _highest(data, names, word_for(groups, "group"), where)
    )


def _points(values, categories, groups):
    """The values with their labels as one table, and the names of the groups."""
    values = finite(values, "values", ndim=1)
    if not len(values):
        raise ValueError("values is empty; give at least one number")
    columns = {"categories": categories, "groups": categories if groups is None else groups}
    for what, given in columns.items():
        if len(labels(what, given)) != len(values):
            raise ValueError(
                f"{what} has {len(given)} labels for {len(values)} values; give one for each"
            )
    data = pd.DataFrame({"value": values} | {k: pd.Categorical(v) for k, v in columns.items()})
    if data.isna().any(axis=None):
        raise ValueError("categories or groups hold a missing label; drop these rows first")
    names = ["one value"]
    if groups is not None:
        names = list(data.groups.cat.remove_unused_categories().cat.categories)
    if len(names) > len(HUES):
        raise ValueError(f"{len(names)} groups; up to {len(HUES)} can be told apart by marker")
    return data, names


def _aside(data, names):
    """Sideways steps, so that no value hides another and their order in the file draws no slope."""
    together = data.groupby(["categories", "groups"], observed=True)
    number, size = together.cumcount().to_numpy(), together.value.transform("size").to_numpy()
    step = np.array([_halves(i, m) for i, m in zip(number, size)])
    if len(names) == 1 or data.groups.equals(data.categories):
        return 0.5 * step
    side = data.groups.cat.remove_unused_categories().cat.codes.to_numpy()
    return (0.6 * (side - (len(names) - 1) / 2) + 0.5 * step) / len(names)


def _halves(i, m):
    """Place of the i-th of m values between -1/2 and 1/2: neighbours in the file stand far apart."""
    stride = next(s for s in range(int(0.618 * m) + 1, 2 * m + 1) if np.gcd(s, m) == 1)
    return (i * stride % m + 0.5) / m - 0.5


def _highest(data, names, word, where):
    """Which group holds the highest value how often, if each group has one in each category."""
    cells = data.groupby(["categories", "groups"], observed=True).size()
    if len(names) == 1 or (cells != 1).any():
        return ""
    best = data.groups[data.groupby("categories", observed=True).value.idxmax()]
    wins = {name: int((best == name).sum()) for name in names}
    first, *others = sorted(names, key=lambda name: -wins[name])
    return (
        f" {word.capitalize()} {first} holds the highest value {where.format(wins[first])}"
        + "".join(f", {name} {where.split()[0]} {wins[name] or 'none'}" for name in others)
        + "."
    )
