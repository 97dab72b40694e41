"""Pictures of a criterion: its terms, its surface with the steps of a search, curves beside curves."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from ..guards import check_table, finite, is_number, number, one_of, shape, text
from ..words import shown
from .style import (
    BLUE,
    GREY,
    HUES,
    INK,
    MARKERS,
    ORANGE,
    by_name,
    counted,
    ends,
    frame,
    is_pair,
    plain,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def show_terms(
    terms: pd.DataFrame,
    sums: dict,
    at: float | None = None,
    label: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """The terms of a criterion and their sums along one parameter, as changes from the left end.

    Parameters
    ----------
    terms : DataFrame (m, k)
        A column for each term; the index holds the values of the parameter, ascending.
    sums : dict {name: list of columns}
        Which terms make up a criterion; drawn as full lines with a dot at the lowest point.
    at : float, optional
        Value of the parameter to mark.
    label : str, optional
        Label of the horizontal axis.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: where each sum is lowest, and how far it stays less than 1 above that.

    Raises
    ------
    ValueError
        For missing values, or a sum of terms that are not there.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import pandas as pd
    >>> terms = pd.DataFrame({"price": [0.0, 2, 4, 6], "misfit": [9.0, 4, 1, 0]})
    >>> show_terms(terms, {"criterion": ["price", "misfit"]}, label="size")
    'criterion is lowest at size 2, and less than 1 above that only there.'
    """
    text("label", label)
    check_table("terms", terms)
    x = _ascending(terms.index, "the index of terms")
    finite(terms, "terms")
    at = None if at is None else number("at", at)
    change = terms - terms.iloc[0]
    totals = {}
    for name, parts in by_name("sums", sums, "{'ML': ['log|V|', 'misfit']}"):
        if not isinstance(parts, (list, tuple)):
            raise ValueError(f"{name!r} in sums is {shown(parts)}; give a list of columns of terms")
        if lost := [
            part for part in parts if not isinstance(part, (str, int)) or part not in terms
        ]:
            raise ValueError(
                f"{name!r} adds {shown(lost[0])}, which is not one of the terms: "
                f"{', '.join(map(str, terms))}"
            )
        totals[name] = change[list(parts)].sum(axis=1).to_numpy()
    with frame(ax, (7.0, 3.8), title, label, "change from the left end") as ax:
        for term, dashes in zip(change, cycle(["-.", ":", "--"])):
            ax.plot(x, change[term], dashes, color=INK, label=term)
        for k, (name, total) in enumerate(totals.items()):
            ax.plot(
                x,
                total,
                color=HUES[1 - k % 2],
                linewidth=1.6 + 1.4 * k,
                marker=MARKERS[k % 4],
                markevery=[int(total.argmin())],
                markersize=7,
                label=name,
            )
        if at is not None:
            ax.axvline(at, color=GREY, linewidth=4, alpha=0.4, label=f"at {short(at)}")
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    found = []
    for name, total in totals.items():
        near = x[total < total.min() + 1]
        where = f"from {short(near[0])} to {short(near[-1])}" if len(near) > 1 else "only there"
        found.append(
            f"{name} is lowest at {_at(label)}{short(x[total.argmin()])}, and less than 1 above "
            f"that {where}"
        )
    return f"{'; '.join(found)}."


def show_surface(
    criterion: Callable,
    first: ArrayLike,
    second: ArrayLike,
    path: ArrayLike | None = None,
    truth: tuple[float, float] | None = None,
    names: tuple[str, str] = ("first", "second"),
    unit: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    r"""Contours of a criterion above its lowest value, with the steps of an optimiser.

    Parameters
    ----------
    criterion : function of two numbers
    first, second : (m,) and (k,) arrays
        Values of the two parameters, ascending: horizontal and vertical axis.
    path : (s + 1, 2) array, optional
        The parameters at the start and after each of s steps.
    truth : (float, float), optional
        A point to mark by a star.
    names : pair of str
        Names of the parameters; mathematics as matplotlib writes it, ``$\sigma_b$``.
    unit : str, optional
        Unit of both parameters.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: number and end of the steps, and the first parameter's range within 2.

    Raises
    ------
    ValueError
        For missing values, also of the criterion, and for a path that is not of two columns.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> grid = np.linspace(0, 4, 41)
    >>> show_surface(lambda a, b: (a - 1) ** 2 + (b - 2) ** 2, grid, grid, names=("a", "b"))
    'The criterion is less than 2 above its lowest value for a from 0 to 2.4.'
    """
    first, second = _ascending(first, "first", least=2), _ascending(second, "second", least=2)
    a, b = _pair(
        "names", names, lambda name: isinstance(name, str), "('$\\\\sigma_b$', '$\\\\sigma$')"
    )
    if truth is not None:
        truth = _pair("truth", truth, is_number, "(10, 15)")
    if path is not None:
        path = finite(path, "path", ndim=2)
        if path.shape[1] != 2 or not len(path):
            raise ValueError(f"path is {shape(path)}; it needs two columns, one per parameter")
    text("unit", unit)
    height = finite([[_height(criterion, u, v) for u in first] for v in second], "the criterion")
    lowest = height.min() if path is None else min(height.min(), _height(criterion, *path[-1]))
    height = height - lowest
    xlabel, ylabel = (f"{name} ({unit})" if unit else name for name in (a, b))
    with frame(
        ax, (5.0, 4.4), title, xlabel, ylabel, legend=path is not None or truth is not None
    ) as ax:
        lines = ax.contour(first, second, height, [0.2, 1, 2, 4, 8, 16], colors=INK, linewidths=0.8)
        ax.clabel(lines, fmt="%g")
        if path is not None:
            ax.plot(*path.T, "o-", color=BLUE, label="steps of the search")
        if truth is not None:
            ax.plot(*truth, "*", color=ORANGE, markersize=14, label="truth")
    a, b, of_unit = plain(a), plain(b), f" {unit}" if unit else ""
    near = first[(height < 2).any(axis=0)]
    where = (
        f"from {short(near[0])} to {short(near[-1])}{of_unit}"
        if len(near)
        else "nowhere on the grid"
    )
    width = f"The criterion is less than 2 above its lowest value for {a} {where}."
    if path is None:
        return width
    return (
        f"The search takes {counted(len(path) - 1, 'step')}, to {a} {short(path[-1, 0])}{of_unit} and "
        f"{b} {short(path[-1, 1])}{of_unit}. {width}"
    )


def show_curves(
    curves: dict,
    look_for: str = "lowest",
    label: str | None = None,
    ylabel: str | None = None,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Curves along one parameter, and the place where each is lowest (or highest).

    Parameters
    ----------
    curves : dict {name: (x, y)}
        Arrays of one length for each curve, x ascending (up to four curves).
    look_for : "lowest" or "highest"
    label, ylabel : str, optional
        Labels of the axes.
    limits : (low, high), optional
        Ends of the vertical axis.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: where each curve has its lowest (highest) point, and if that is an end.

    Raises
    ------
    ValueError
        For missing values, lengths that differ, another word, or more than four curves.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> x = np.linspace(-1, 1, 21)
    >>> show_curves({"bowl": (x, x ** 2), "slope": (x, x)})
    "The curve 'bowl' is lowest at 0, 'slope' at -1 (the left end of the curve)."
    """
    text("label", label)
    text("ylabel", ylabel)
    one_of("look_for", look_for, ("lowest", "highest"))
    drawn = {}
    for name, given in by_name("curves", curves, "{'ML': (x, y)}"):
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise ValueError(f"{name!r} in curves is {shown(given)}; give a pair of arrays (x, y)")
        x, y = _ascending(given[0], f"x of {name!r}"), finite(given[1], f"y of {name!r}", ndim=1)
        if len(x) != len(y):
            raise ValueError(f"{name!r} has {len(x)} values of x for {len(y)} of y")
        drawn[name] = x, y
    limits = None if limits is None else ends("limits", limits)
    found = []
    with frame(ax, (8.0, 3.4), title, label, ylabel, legend=len(drawn) > 1) as ax:
        for k, (name, (x, y)) in enumerate(drawn.items()):
            ax.plot(x, y, ("-", "--", "-.", ":")[k], color=HUES[k], label=name)
            best = int(y.argmin() if look_for == "lowest" else y.argmax())
            end = {0: "left", len(x) - 1: "right"}.get(best)
            place = f" (the {end} end of the curve)" if end else ""
            is_best = f" is {look_for}" if k == 0 else ""
            found.append(
                f"{name!r}{is_best} at {_at(label) if k == 0 else ''}{short(x[best], 3)}{place}"
            )
        if limits is not None:
            ax.set_ylim(*limits)
    return f"The curve {', '.join(found)}."


# --- arguments and words -------------------------------------------------------------------


def _at(label):
    """The parameter as a word before its value, where the axis has a label."""
    return f"{plain(label)} " if label else ""


def _ascending(values, name, least=1):
    values = finite(values, name, ndim=1)
    if len(values) < least or (np.diff(values) < 0).any():
        raise ValueError(
            f"{name} must hold {least} or more numbers in ascending order, "
            f"such as np.linspace(0, 40, 81); it holds {len(values)}"
        )
    return values


def _pair(name, given, fits, example):
    if not is_pair(given, fits):
        raise ValueError(f"{name} is {shown(given)}; give a pair, such as {example}")
    return tuple(given)


def _height(criterion, a, b):
    """The criterion at one point."""
    try:
        return criterion(a, b)
    except TypeError as error:
        raise ValueError(
            f"criterion must be a function of two numbers; called with two it says: {error}"
        ) from None
