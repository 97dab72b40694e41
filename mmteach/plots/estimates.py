"""Pictures of estimates: how sure, how much shrunken, and how they spread over many samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..guards import finite, is_number, labels, number, text
from ..words import shown
from .style import (
    BLUE,
    GREY,
    HUES,
    INK,
    MARKERS,
    ORANGE,
    by_name,
    ends,
    frame,
    percent,
    short,
    span,
    tick_names,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def show_intervals(
    names: Sequence[str],
    analyses: dict,
    unit: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Estimates with error bars under one or more analyses, with a bar for the SED.

    Parameters
    ----------
    names : sequence of k labels
        One for each mean.
    analyses : dict {name: (means, errors) or (means, errors, sed)}
        Estimates (k,), their standard errors (k,) or one for all, and the standard error of a
        difference. A bar is the mean plus and minus one standard error; the SED is drawn at the
        right as a bar of that length.
    unit : str, optional
        Label of the vertical axis; a unit in parentheses, "yield (kg/ha)", is also read out.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: smallest and largest mean, standard errors and SED of each analysis.

    Raises
    ------
    ValueError
        When lengths do not match, or for more analyses than can be told apart (four).

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> show_intervals(["A", "B"], {"fixed": ([5.0, 7.5], 1.0, 1.4)})
    '2 means, from 5 (A) to 7.5 (B). Fixed: standard error of a mean 1, of a difference 1.4.'
    """
    text("unit", unit)
    names = [str(name) for name in labels("names", names)]
    items = by_name("analyses", analyses, "{'fixed': (means, errors, sed)}")
    centres, halves, seds = {}, {}, {}
    for analysis, given in items:
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            many = f"{len(given)} value(s)" if isinstance(given, (tuple, list)) else shown(given)
            raise ValueError(
                f"{analysis!r} needs (means, errors) or (means, errors, sed) in analyses, "
                f"not {many}"
            )
        means, errors, *sed = given
        for values, given, what in ((centres, means, "means"), (halves, errors, "errors")):
            value = finite(given, f"{what} of {analysis!r}")
            if value.ndim and value.shape != (len(names),):
                raise ValueError(
                    f"{what} of {analysis!r} has {value.size} values "
                    f"for {len(names)} names; give one for each"
                )
            values[analysis] = np.broadcast_to(value, len(names))
        if sed:
            seds[analysis] = number(f"SED of {analysis!r}", sed[0])
    if not names:
        raise ValueError("names is empty; there is no mean to draw")

    with frame(ax, (9.0, 3.8), title, ylabel=unit, legend=True) as ax:
        for k, analysis in enumerate(centres):
            aside = 0.32 * (k - (len(centres) - 1) / 2)
            ax.errorbar(
                np.arange(len(names)) + aside,
                centres[analysis],
                halves[analysis],
                fmt=MARKERS[k],
                color=HUES[k],
                markersize=5,
                elinewidth=1.2,
                markerfacecolor=HUES[k] if k == 0 else "white",
                label=analysis,
            )
        tick_names(ax, range(len(names)), names)
        if seds:
            top = max((centres[a] + halves[a]).max() for a in centres)
            for k, analysis in enumerate(seds):
                ax.errorbar(
                    len(names) + 0.4 + 0.45 * k,
                    top - seds[analysis] / 2,
                    seds[analysis] / 2,
                    color=HUES[k],
                    capsize=4,
                    elinewidth=2,
                )
            ax.text(
                len(names) + 0.4 + 0.225 * (len(seds) - 1),
                top - 1.15 * max(seds.values()),
                "SED",
                ha="center",
                va="top",
            )
    first = next(iter(centres.values()))
    low, high = int(first.argmin()), int(first.argmax())
    of_unit = unit_of(unit)
    space = f" {of_unit}" if of_unit else ""
    reading = (
        f"{len(names)} means, from {short(first[low])}{space} ({names[low]}) to "
        f"{short(first[high])}{space} ({names[high]})."
    )
    for analysis in centres:
        reading += f" {analysis[:1].upper()}{analysis[1:]}: standard error of a mean "
        reading += span(halves[analysis], of_unit)
        reading += (
            f", of a difference {short(seds[analysis])}{space}" if analysis in seds else ""
        ) + "."
    return reading


def show_shrinkage(
    names: Sequence[str],
    raw: ArrayLike,
    shrunk: ArrayLike,
    unit: str | None = None,
    limit: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Arrows from raw effects (deviations from the mean) to their shrunken values.

    Parameters
    ----------
    names : sequence of q labels
    raw, shrunk : (q,) arrays
        Deviations before and after shrinkage, in units of the response.
    unit : str, optional
        Unit of the deviations, "kg/ha", for the horizontal axis and the reading.
    limit : float, optional
        Half-width of the horizontal axis, to keep several pictures on one scale.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: what part of the raw deviations is kept.

    Raises
    ------
    ValueError
        When lengths differ or a value is missing.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> show_shrinkage(["S1", "S2"], [10.0, -10.0], [8.0, -8.0])
    'Each of the 2 effects keeps 80 % of what was measured: 10 becomes 8 for S1.'
    """
    names = [str(name) for name in labels("names", names)]
    raw, shrunk = finite(raw, "raw", ndim=1), finite(shrunk, "shrunk", ndim=1)
    if not len(names) == len(raw) == len(shrunk):
        raise ValueError(
            f"{len(names)} names, {len(raw)} raw and {len(shrunk)} shrunken effects; "
            "give one of each for every level"
        )
    if not names:
        raise ValueError("names is empty; there is no effect to draw")
    if limit is not None and (not is_number(limit) or limit <= 0):
        raise ValueError(
            f"limit is {shown(limit)}; give half the width of the axis, a number above zero"
        )
    text("unit", unit)
    with frame(
        ax,
        (5.0, 0.45 * len(names) + 1.3),
        title,
        f"deviation ({unit})" if unit else "deviation",
        legend=True,
    ) as ax:
        rows = np.arange(len(names))
        ax.axvline(0, color=GREY, linewidth=1)
        ax.plot(raw, rows, "o", color=GREY, markersize=9, markerfacecolor="white", label="raw")
        ax.plot(shrunk, rows, "o", color=BLUE, markersize=5, label="shrunken")
        ax.set_yticks(rows, names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        if limit is not None:
            ax.set_xlim(-limit, limit)
        too_short = 0.04 * np.ptp(ax.get_xlim())  # where ring and dot overlap, no arrow is needed
        for y, a, b in zip(rows, raw, shrunk):
            if abs(a - b) > too_short:
                ax.annotate(
                    "",
                    (b, y),
                    (a, y),
                    arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 5, "shrinkB": 3},
                )
    return _read_shrinkage(names, raw, shrunk, f" {unit}" if unit else "")


def _read_shrinkage(names, raw, shrunk, unit):
    largest = int(np.abs(raw).argmax())
    each = f"Each of the {len(names)} effects" if len(names) > 1 else "The effect"
    all_of_them = f"The {len(names)} effects"
    name, before, after = (
        names[largest],
        f"{short(raw[largest])}{unit}",
        f"{short(shrunk[largest])}{unit}",
    )
    if not raw.any() and not shrunk.any():
        return f"{each} is zero, before and after."
    example = f"{before} becomes {after} for {name}"
    if (raw == 0).any() and shrunk[raw == 0].any():
        return f"{all_of_them} move by up to {short(np.abs(shrunk - raw).max())}{unit}: {example}."
    kept = shrunk[raw != 0] / raw[raw != 0]
    if np.allclose(kept, 1):
        return f"{each} stays as it was measured, none is shrunk: {before} for {name}."
    if np.ptp(kept) < 1e-6:
        return f"{each} keeps {percent(kept[0])} of what was measured: {example}."
    if kept.min() < 0:
        return f"{all_of_them} do not shrink in proportion, some change sides: {example}."
    low, high = percent(kept.min()), percent(kept.max())
    return f"{all_of_them} keep from {low} to {high} of what was measured: {example}."


def show_sampling(
    estimates: dict,
    truth: float,
    limits: tuple[float, float] | None = None,
    label: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
    """Estimates of one number from many samples: a histogram for each method, in rows.

    Parameters
    ----------
    estimates : DataFrame (m, k), or dict {method: (m,) array}
        A row for each sample, a column for each method (up to four).
    truth : float
        The number that is estimated; a dotted line.
    limits : (low, high), optional
        Ends of the horizontal axis; by default the middle 98 % of all estimates.
    label : str, optional
        Label of the horizontal axis; "estimate" if absent.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: the average of each method, and the share of its estimates below zero.

    Raises
    ------
    ValueError
        For missing values, columns of different lengths, or more than four methods.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> show_sampling({"REML": [-2.0, 2.0, 6.0, 10.0]}, 4)
    'The truth is 4. Averaged over 4 samples, REML gives 4 (25 % of its estimates lie below zero).'
    """
    text("label", label)
    columns = {
        name: finite(values, f"{name!r}", ndim=1)
        for name, values in by_name("methods in estimates", estimates, "{'REML': values}")
    }
    truth = number("truth", truth)
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("the methods have different numbers of estimates; give one per sample")
    values = np.column_stack(list(columns.values()))
    if not len(values):
        raise ValueError("estimates is empty; give a row for each sample")
    low, high = np.quantile(values, (0.01, 0.99)) if limits is None else ends("limits", limits)
    edges = np.linspace(low, high, 31) if high > low else np.array([low - 0.5, low + 0.5])
    heights = [np.histogram(column, edges)[0] for column in values.T]
    step = 1.25 * max(max(map(max, heights)), 1)
    with frame(ax, (8.0, 0.8 + 1.2 * len(columns)), title, label or "estimate", legend=True) as ax:
        for k, (height, centre) in enumerate(zip(heights, values.mean(axis=0))):
            floor = step * (len(columns) - 1 - k)
            ax.stairs(height + floor, edges, baseline=floor, fill=True, color="#D5D3CC")
            ax.plot(
                [centre, centre],
                [floor, floor + 0.8 * step],
                color=ORANGE,
                linewidth=3.5,
                label="average" if k == 0 else None,
            )
        ax.axvline(truth, color="black", linestyle=":", linewidth=1.8, label="truth")
        ax.set_yticks(step * (np.arange(len(columns))[::-1] + 0.4), list(columns))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(xlim=(edges[0], edges[-1]), ylim=(0, None))
    return _read_sampling(columns, truth, len(values))


def _read_sampling(columns, truth, m):
    below = {name: (values < 0).mean() for name, values in columns.items()}
    parts = [
        f"{name} gives {short(values.mean())}" if k == 0 else f"{name} {short(values.mean())}"
        for k, (name, values) in enumerate(columns.items())
    ]
    if any(below.values()):
        words = ["of its estimates lie below zero", *["below zero"] * (len(parts) - 1)]
        shares = map(percent, below.values())
        parts = [f"{part} ({share} {rest})" for part, share, rest in zip(parts, shares, words)]
    elif min(map(np.min, columns.values())) >= 0:
        parts[-1] += "; no estimate lies below zero"
    return f"The truth is {short(truth)}. Averaged over {m} samples, {', '.join(parts)}."
