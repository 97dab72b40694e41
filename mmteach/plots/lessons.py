"""Pictures of matrices and estimates, each with a sentence that says what it shows.

Every function draws on `ax` (or on a new figure) and returns its reading: one sentence
computed from the same numbers, to be printed below the figure. Colours are safe for
colour-blind readers, and nothing rests on colour alone: small matrices carry their values,
groups carry lines, and two analyses differ in marker as well as in hue.
"""

import re
from itertools import cycle, pairwise

import numpy as np
import pandas as pd

from ..guards import finite, shape

# hues from Okabe and Ito (2008): told apart in every common form of colour blindness
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"
HUES, MARKERS = (BLUE, ORANGE, "#009E73", "#CC79A7"), "os^D"

STYLE = {
    "figure.figsize": (7.0, 3.6), "figure.dpi": 100, "figure.constrained_layout.use": True,
    "font.size": 10, "axes.titlesize": 11, "axes.labelsize": 10, "legend.fontsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": GREY,
    "axes.titlelocation": "left", "legend.frameon": False, "lines.linewidth": 1.4,
}

SMALL = 12  # up to this many rows and columns a matrix shows its values


def show_matrix(M, groups=None, symbols=None, labels=None, ax=None, title=None, split=()):
    r"""Heat map of a matrix: zeros are white, and groups are outlined by lines.

    Non-negative matrices use a sequential scale (colour ~ square root of the value, so that
    a small covariance is still seen beside a large variance); signed ones a diverging scale.

    Parameters
    ----------
    M : (n, m) array
        For example V (n, n), Z (n, q) or X (n, p), in the row order of the data.
    groups : sequence of n labels, optional
        Draws a line wherever the label changes from one row to the next.
    symbols : dict {value: text} or (n, m) array of texts, optional
        What to write in the cells of a matrix of up to 12 x 12; the numbers by default.
    labels : sequence of n texts, or a pair (row labels, column labels), optional
        Tick labels; by default the names of the groups.
    ax : matplotlib Axes, optional
    title : str, optional
    split : sequence of ints
        Numbers of columns after which to draw a vertical line, e.g. between X and Z.

    Returns
    -------
    str
        The reading: size, groups, and the values on the diagonal, inside and between groups.

    Raises
    ------
    ValueError
        For missing values and for groups, labels or symbols of another size than M.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> from mmteach import build_V_cs
    >>> show_matrix(build_V_cs(100, 225, ["S1", "S1", "S2", "S2"]), ["S1", "S1", "S2", "S2"])
    '4 × 4 matrix in 2 blocks of 2: 325 on the diagonal, 100 inside a block, 0 between blocks.'
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import Normalize, PowerNorm

    M = finite(M, "M", ndim=2)
    if not M.size:
        raise ValueError(f"M is empty ({shape(M)}); there is nothing to draw")
    if groups is not None and len(groups) != len(M):
        raise ValueError(f"groups has {len(groups)} labels but M has {len(M)} rows; "
                         "give one per row")
    square = M.shape[0] == M.shape[1]
    runs = _runs(groups) if groups is not None else []
    row_labels, column_labels = _row_and_column_labels(labels, M.shape)
    texts = _cell_texts(M, symbols)
    biggest = np.abs(M).max() or 1.0
    signed = M.min() < 0
    norm = Normalize(-biggest, biggest) if signed else PowerNorm(0.5, 0, biggest)
    colours = plt.get_cmap("PuOr_r" if signed else "YlGnBu").with_extremes(bad="white")

    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(4.6 if M.shape[1] <= len(M) / 4 or square else 9.0, 4.2))
        image = ax.imshow(np.ma.masked_equal(M, 0), cmap=colours, norm=norm,
                          aspect="equal" if square else "auto",
                          interpolation="nearest")
        ax.spines[:].set_visible(True)
        if texts is not None:
            size = _font_size(ax, texts)
            for (i, j), text in np.ndenumerate(texts):
                dark = M[i, j] != 0 and _luminance(image.cmap(norm(M[i, j]))) < 0.45
                ax.text(j, i, text, ha="center", va="center", fontsize=size,
                        color="white" if dark else INK)
        elif not np.isin(M, (0, 1)).all():
            ax.figure.colorbar(image, ax=ax, shrink=0.8, ticks=_few_ticks(M, biggest, signed),
                               format=lambda value, _: short(value))
        for start, stop, _ in runs[1:] if len(runs) <= 40 else []:
            ax.axhline(start - 0.5, color=INK, linewidth=0.8)
            if square:
                ax.axvline(start - 0.5, color=INK, linewidth=0.8)
        for column in split:
            ax.axvline(column - 0.5, color=INK, linewidth=1.6)
        if runs and row_labels is None and len(runs) <= 40:
            middles, names = zip(*(((a + b - 1) / 2, str(name)) for a, b, name in runs))
            ax.set_yticks(middles, names)
            if square and column_labels is None:
                ax.set_xticks(middles, names)
        for axis, names in ((ax.yaxis, row_labels), (ax.xaxis, column_labels)):
            if names is not None:
                axis.set_ticks(range(len(names)), names)
        if not runs and labels is None:
            ax.set(xticks=[], yticks=[])
        ax.tick_params(length=0)
        if column_labels is not None and max(map(len, column_labels)) * len(column_labels) > 40:
            ax.tick_params(axis="x", rotation=90)
        if title:
            ax.set_title(title)
    return _read_matrix(M, groups, runs)


def show_field(plots, block, treatment, highlight=None, ax=None, title=None):
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
        When a column is not there.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> field = pd.DataFrame({"block": ["I", "I", "II", "II"], "diet": ["B", "A", "A", "B"]})
    >>> show_field(field, "block", "diet")
    '2 blocks of 2 plots; each of the 2 diets stands once in every block.'
    """
    import matplotlib.pyplot as plt

    for column in (block, treatment):
        if column not in plots:
            raise ValueError(f"the plots have no column {column!r}; they have {', '.join(plots)}")
    counts = pd.crosstab(plots[block], plots[treatment])
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(9.0, 0.55 * len(counts) + 0.6))
        for i, name in enumerate(counts.index):
            for j, label in enumerate(plots.loc[plots[block] == name, treatment]):
                chosen = label == highlight
                ax.add_patch(plt.Rectangle((j + 0.04, i - 0.36), 0.92, 0.72, linewidth=0.8,
                                           facecolor=BLUE if chosen else "#F1EFE8", edgecolor=GREY))
                ax.text(j + 0.5, i, label, ha="center", va="center", fontsize=8.5,
                        color="white" if chosen else INK, weight="bold" if chosen else "normal")
        most = counts.sum(axis=1).max()
        for i in range(len(counts)):
            ax.add_patch(plt.Rectangle((-0.12, i - 0.45), most + 0.24, 0.9, fill=False,
                                       edgecolor=INK, linewidth=1.2))
        ax.set(xlim=(-0.25, most + 0.25), ylim=(len(counts) - 0.4, -0.6), xticks=[])
        ax.set_yticks(range(len(counts)), counts.index)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        if title:
            ax.set_title(title)
    sizes = _span(counts.sum(axis=1))
    opening = f"{len(counts)} {block}s of {sizes} plots; "
    if (counts == 1).all(axis=None):
        return opening + f"each of the {counts.shape[1]} {treatment}s stands once in every {block}."
    gaps = counts.unstack()
    gaps = gaps[gaps != 1]
    (what, where), times = gaps.index[0], gaps.iloc[0]
    return opening + (f"not complete: {len(gaps)} of the {counts.size} {block} by {treatment} "
                      f"cells do not hold one plot, for example {what} in {where} with {times}.")


def show_points(values, categories, groups=None, sort=False, unit=None, ax=None, title=None):
    """Every value above its category, with a line at the category's mean.

    Parameters
    ----------
    values : sequence of n numbers
    categories : sequence of n labels
        Positions along the horizontal axis, in their natural order.
    groups : sequence of n labels, optional
        Gives each group its own marker and colour (up to four groups).
    sort : bool
        Order the categories by their mean.
    unit : str, optional
        Label of the vertical axis.
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: the span of the means, and which groups hold the largest values.

    Raises
    ------
    ValueError
        For lengths that differ, missing values or more than four groups.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> show_points([5, 7, 1, 3], ["A", "A", "B", "B"], ["I", "II", "I", "II"])
    '4 values; means from 2 (B) to 6 (A); largest value of a category by group: I 0, II 2.'
    """
    import matplotlib.pyplot as plt

    values = finite(values, "values", ndim=1)
    labels = {"categories": categories, "groups": categories if groups is None else groups}
    for what, given in labels.items():
        if len(given) != len(values):
            raise ValueError(f"{what} has {len(given)} labels for {len(values)} values; "
                             "give one for each")
    data = pd.DataFrame({"value": values} | {k: pd.Categorical(v) for k, v in labels.items()})
    names = list(data.groups.cat.remove_unused_categories().cat.categories)
    if groups is not None and len(names) > len(HUES):
        raise ValueError(f"{len(names)} groups; up to {len(HUES)} can be told apart by marker")
    means = data.groupby("categories", observed=True).value.mean()
    means = means.sort_values() if sort else means
    places = pd.Series(range(len(means)), index=list(means.index))
    x = data.categories.astype(object).map(places).to_numpy(float)
    # values of one group in one category are spread sideways, so that none hides another
    together = data.groupby(["categories", "groups"], observed=True)
    x = x + 0.5 * ((together.cumcount() + 0.5) / together.value.transform("size") - 0.5)
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(9.0, 3.6))
        for k, name in enumerate(names):
            rows = data.groups == name
            k = 0 if groups is None else k
            ax.plot(x[rows], data.value[rows], MARKERS[k], color=HUES[k], alpha=0.8, label=name)
        ax.hlines(means, places - 0.3, places + 0.3, color="black", linewidth=1.2, label="mean")
        ax.set_xticks(places, [str(name) for name in means.index])
        ax.set_ylabel(unit or "")
        if groups is not None:
            ax.legend(ncols=len(names) + 1, loc="lower left", bbox_to_anchor=(0, 1))
        if title:
            ax.set_title(title)
    reading = (f"{len(values)} values; means from {short(means.min())} ({means.idxmin()}) "
               f"to {short(means.max())} ({means.idxmax()})")
    if (together.value.size() == 1).all() and len(names) > 1:
        best = data.groups[data.groupby("categories", observed=True).value.idxmax()]
        counts = ", ".join(f"{name} {(best == name).sum()}" for name in names)
        reading += f"; largest value of a category by group: {counts}"
    return reading + "."


def show_intervals(names, analyses, unit=None, ax=None, title=None):
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
        Label of the vertical axis.
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
    '2 means from 5 (A) to 7.5 (B); fixed: SE 1, SED 1.4.'
    """
    import matplotlib.pyplot as plt

    names = [str(name) for name in names]
    if not 1 <= len(analyses) <= len(HUES):
        raise ValueError(f"there are {len(analyses)} analyses; one to {len(HUES)} can be told "
                         "apart")
    centres, halves, seds = {}, {}, {}
    for analysis, given in analyses.items():
        if len(given) not in (2, 3):
            raise ValueError(f"{analysis!r} needs (means, errors) or (means, errors, sed), not "
                             f"{len(given)} value(s)")
        means, errors, *sed = given
        for values, given, what in ((centres, means, "means"), (halves, errors, "errors")):
            value = finite(given, f"{what} of {analysis!r}")
            if value.ndim and value.shape != (len(names),):
                raise ValueError(f"{what} of {analysis!r} has {value.size} values "
                                 f"for {len(names)} names")
            values[analysis] = np.broadcast_to(value, len(names))
        if sed:
            seds[analysis] = float(finite(sed[0], f"SED of {analysis!r}"))

    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(9.0, 3.8))
        for k, analysis in enumerate(analyses):
            aside = 0.32 * (k - (len(analyses) - 1) / 2)
            ax.errorbar(np.arange(len(names)) + aside, centres[analysis], halves[analysis],
                        fmt=MARKERS[k], color=HUES[k], markersize=5, elinewidth=1.2,
                        markerfacecolor=HUES[k] if k == 0 else "white", label=analysis)
        ax.set_xticks(range(len(names)), names)
        if seds:
            top = max((centres[a] + halves[a]).max() for a in analyses)
            for k, analysis in enumerate(seds):
                ax.errorbar(len(names) + 0.4 + 0.45 * k, top - seds[analysis] / 2,
                            seds[analysis] / 2, color=HUES[k], capsize=4, elinewidth=2)
            ax.text(len(names) + 0.4 + 0.225 * (len(seds) - 1), top - 1.15 * max(seds.values()),
                    "SED", ha="center", va="top")
        ax.legend(loc="upper left")
        ax.set_ylabel(unit or "")
        if title:
            ax.set_title(title)
    first = next(iter(centres.values()))
    low, high = int(first.argmin()), int(first.argmax())
    reading = (f"{len(names)} means from {short(first[low])} ({names[low]}) to "
               f"{short(first[high])} ({names[high]})")
    for analysis in analyses:
        reading += f"; {analysis}: SE {_span(halves[analysis])}"
        reading += f", SED {short(seds[analysis])}" if analysis in seds else ""
    return reading + "."


def show_shrinkage(names, raw, shrunk, unit=None, limit=None, ax=None, title=None):
    """Arrows from raw effects (deviations from the mean) to their shrunken values.

    Parameters
    ----------
    names : sequence of q labels
    raw, shrunk : (q,) arrays
        Deviations before and after shrinkage, in units of the response.
    unit : str, optional
        Label of the horizontal axis.
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
    '2 effects, each kept at 0.8 of its raw value (10 becomes 8 for S1).'
    """
    import matplotlib.pyplot as plt

    names = [str(name) for name in names]
    raw, shrunk = finite(raw, "raw", ndim=1), finite(shrunk, "shrunk", ndim=1)
    if not len(names) == len(raw) == len(shrunk):
        raise ValueError(f"{len(names)} names, {len(raw)} raw and {len(shrunk)} shrunken effects; "
                         "give one of each for every level")
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(5.0, 0.45 * len(names) + 1.1))
        rows = np.arange(len(names))
        ax.axvline(0, color=GREY, linewidth=1)
        ax.plot(raw, rows, "o", color=GREY, markersize=9, markerfacecolor="white", label="raw")
        ax.plot(shrunk, rows, "o", color=BLUE, markersize=5, label="shrunken")
        ax.set_yticks(rows, names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlabel(unit or "")
        if limit is not None:
            ax.set_xlim(-limit, limit)
        too_short = 0.04 * np.ptp(ax.get_xlim())  # where ring and dot overlap, no arrow is needed
        for y, a, b in zip(rows, raw, shrunk):
            if abs(a - b) > too_short:
                ax.annotate("", (b, y), (a, y), arrowprops={
                    "arrowstyle": "->", "color": INK, "shrinkA": 5, "shrinkB": 3})
        if title:
            ax.set_title(title)
    largest = int(np.abs(raw).argmax())
    if raw[largest] == 0:
        return f"{len(names)} effects, all of them zero before and after."
    example = f"{short(raw[largest])} becomes {short(shrunk[largest])} for {names[largest]}"
    factors = shrunk[raw != 0] / raw[raw != 0]
    opening = f"{len(names)} effects, "
    if np.allclose(factors, 1):
        return opening + f"none of them shrunk ({short(raw[largest])} for {names[largest]})."
    if np.ptp(factors) < 1e-6:
        return opening + f"each kept at {short(factors[0])} of its raw value ({example})."
    return opening + f"kept at {_span(factors)} of their raw values ({example})."


def show_sampling(estimates, truth, limits=None, label=None, ax=None, title=None):
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
        Label of the horizontal axis.
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
    >>> show_sampling({"ML": [-1.0, 0.0, 4.0, 5.0], "REML": [1.0, 2.0, 6.0, 7.0]}, 4)
    'Averages of 4 estimates, truth 4: ML 2, REML 4; below zero: ML 25%, REML 0%.'
    """
    import matplotlib.pyplot as plt

    columns = {str(name): finite(values, f"{name!r}", ndim=1)
               for name, values in dict(estimates).items()}
    if not 1 <= len(columns) <= len(HUES):
        raise ValueError(f"{len(columns)} methods; one to {len(HUES)} can be told apart")
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("the methods have different numbers of estimates; give one per sample")
    values = np.column_stack(list(columns.values()))
    low, high = limits or np.quantile(values, (0.01, 0.99))
    edges = np.linspace(low, high, 31) if high > low else np.array([low - 0.5, low + 0.5])
    heights = [np.histogram(column, edges)[0] for column in values.T]
    step = 1.25 * max(max(map(max, heights)), 1)
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(8.0, 0.8 + 1.2 * len(columns)))
        for k, (height, centre) in enumerate(zip(heights, values.mean(axis=0))):
            floor = step * (len(columns) - 1 - k)
            ax.stairs(height + floor, edges, baseline=floor, fill=True, color="#D5D3CC")
            ax.plot([centre, centre], [floor, floor + 0.8 * step], color=ORANGE, linewidth=3.5,
                    label="average" if k == 0 else None)
        ax.axvline(truth, color="black", linestyle=":", linewidth=1.8, label="truth")
        ax.set_yticks(step * (np.arange(len(columns))[::-1] + 0.4), list(columns))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.set(xlim=(edges[0], edges[-1]), ylim=(0, None), xlabel=label or "")
        ax.legend(loc="upper right")
        if title:
            ax.set_title(title)
    means = ", ".join(f"{name} {short(v.mean())}" for name, v in columns.items())
    shares = ", ".join(f"{name} {_percent(v < 0)}" for name, v in columns.items())
    return (f"Averages of {len(values)} estimates, truth {short(truth)}: {means}; "
            f"below zero: {shares}.")


def show_terms(terms, sums, at=None, label=None, ax=None, title=None):
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
    >>> terms = pd.DataFrame({"price": [0.0, 2, 4, 6], "misfit": [9.0, 4, 1, 0]})
    >>> show_terms(terms, {"criterion": ["price", "misfit"]})
    'From 0 to 3: criterion is lowest at 2, and less than 1 higher from 2 to 2.'
    """
    import matplotlib.pyplot as plt

    x = finite(terms.index, "the index of terms", ndim=1)
    finite(terms, "terms")
    change = terms - terms.iloc[0]
    totals = {}
    for name, parts in sums.items():
        if lost := [part for part in parts if part not in terms]:
            raise ValueError(f"{name!r} adds {lost[0]!r}, which is not one of the terms: "
                             f"{', '.join(map(str, terms))}")
        totals[name] = change[list(parts)].sum(axis=1).to_numpy()
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(7.0, 3.8))
        for term, dashes in zip(change, cycle(["-.", ":", "--"])):
            ax.plot(x, change[term], dashes, color=INK, label=term)
        for k, (name, total) in enumerate(totals.items()):
            ax.plot(x, total, color=HUES[1 - k % 2], linewidth=1.6 + 1.4 * k, marker=MARKERS[k % 4],
                    markevery=[int(total.argmin())], markersize=7, label=name)
        if at is not None:
            ax.axvline(at, color=GREY, linewidth=4, alpha=0.4)
        ax.set(xlabel=label or "", ylabel="change from the left end")
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        if title:
            ax.set_title(title)
    found = []
    for name, total in totals.items():
        near = x[total < total.min() + 1]
        found.append(f"{name} is lowest at {short(x[total.argmin()])}, and less than 1 higher "
                     f"from {short(near[0])} to {short(near[-1])}")
    return f"From {short(x[0])} to {short(x[-1])}: {'; '.join(found)}."


def show_surface(criterion, first, second, path=None, truth=None, names=("first", "second"),
                 unit=None, ax=None, title=None):
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
    >>> show_surface(lambda a, b: (a - 1) ** 2 + (b - 2) ** 2, grid, grid, [[4, 4], [1, 2]])
    '1 step, to first 1 and second 2; less than 2 above the lowest for first from 0 to 2.4.'
    """
    import matplotlib.pyplot as plt

    first, second = finite(first, "first", ndim=1), finite(second, "second", ndim=1)
    height = finite([[criterion(a, b) for a in first] for b in second], "the criterion")
    if path is not None:
        path = finite(path, "path", ndim=2)
        if path.shape[1] != 2:
            raise ValueError(f"path is {shape(path)}; it needs two columns, one per parameter")
    ends = height.ravel() if path is None else [*height.ravel(), criterion(*path[-1])]
    height = height - np.min(ends)
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(5.0, 4.2))
        lines = ax.contour(first, second, height, [0.2, 1, 2, 4, 8, 16], colors=INK,
                           linewidths=0.8)
        ax.clabel(lines, fmt="%g")
        if path is not None:
            ax.plot(*path.T, "o-", color=BLUE, label="steps of the optimiser")
        if truth is not None:
            ax.plot(*truth, "*", color=ORANGE, markersize=14, label="truth")
        if path is not None or truth is not None:
            ax.legend(loc="upper right", frameon=True)
        xlabel, ylabel = (f"{name} ({unit})" if unit else name for name in names)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        if title:
            ax.set_title(title)
    a, b = (re.sub(r"[$\\{}]", "", name) for name in names)
    near = first[(height < 2).any(axis=0)]
    width = f"less than 2 above the lowest for {a} "
    width += f"from {short(near[0])} to {short(near[-1])}" if len(near) else "nowhere on the grid"
    if path is None:
        return width[0].upper() + width[1:] + "."
    steps = f"{len(path) - 1} step" + "s" * (len(path) != 2)
    return f"{steps}, to {a} {short(path[-1, 0])} and {b} {short(path[-1, 1])}; {width}."


def show_curves(curves, look_for="lowest", label=None, ylabel=None, limits=None, ax=None,
                title=None):
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
    'Lowest: bowl at 0, slope at -1 (the left end).'
    """
    import matplotlib.pyplot as plt

    if look_for not in ("lowest", "highest"):
        raise ValueError(f"look_for is {look_for!r}; choose 'lowest' or 'highest'")
    if not 1 <= len(curves) <= len(HUES):
        raise ValueError(f"{len(curves)} curves; one to {len(HUES)} can be told apart")
    found = []
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(8.0, 3.2))
        for k, (name, (x, y)) in enumerate(curves.items()):
            x, y = finite(x, f"x of {name!r}", ndim=1), finite(y, f"y of {name!r}", ndim=1)
            if len(x) != len(y):
                raise ValueError(f"{name!r} has {len(x)} values of x for {len(y)} of y")
            ax.plot(x, y, ("-", "--", "-.", ":")[k], color=HUES[k], label=str(name))
            best = int(y.argmin() if look_for == "lowest" else y.argmax())
            place = {0: " (the left end)", len(x) - 1: " (the right end)"}.get(best, "")
            found.append(f"{name} at {short(x[best], 3)}{place}")
        ax.set(xlabel=label or "", ylabel=ylabel or "")
        if limits is not None:
            ax.set_ylim(*limits)
        if len(curves) > 1:
            ax.legend()
        if title:
            ax.set_title(title)
    return f"{look_for.capitalize()}: {', '.join(found)}."


# --- helpers -----------------------------------------------------------------------------


def axes_or_new(ax, figsize):
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize)[1] if ax is None else ax


def short(value, digits=4):
    """Significant digits, but all digits before the point: 28533, 113.2, 0.6712."""
    value = float(value) + 0.0  # turns -0.0 into 0.0
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def _span(values):
    """'113.2', or '80 to 92.4' when the values differ."""
    low, high = (short(v) for v in (np.min(values), np.max(values)))
    return low if low == high else f"{low} to {high}"


def _percent(hits):
    """'29.0%' of many, '25%' of up to a thousand."""
    return f"{np.mean(hits):.{1 if len(hits) > 1000 else 0}%}"


def _runs(groups):
    """(start, stop, label) of each stretch of rows with the same label."""
    labels = np.asarray(groups, dtype=object)
    edges = [0, *(np.flatnonzero(labels[1:] != labels[:-1]) + 1), len(labels)]
    return [(int(a), int(b), labels[a]) for a, b in pairwise(edges)]


def _row_and_column_labels(labels, dimensions):
    if labels is None:
        return None, None
    pair = labels if isinstance(labels, tuple) and len(labels) == 2 else (labels, None)
    if pair[1] is None and not isinstance(labels, tuple) and dimensions[0] == dimensions[1]:
        pair = (labels, labels)
    for names, size, what in zip(pair, dimensions, ("rows", "columns")):
        if names is not None and len(names) != size:
            raise ValueError(f"{len(names)} labels for {size} {what}; give one for each")
    return tuple(None if names is None else [str(name) for name in names] for names in pair)


def _cell_texts(M, symbols):
    """Array of the texts to write, or None when the matrix is too large for text."""
    if isinstance(symbols, dict):
        keys = np.array(list(symbols), dtype=float)
        texts = np.empty(M.shape, dtype=object)
        for index, value in np.ndenumerate(M):
            hit = np.flatnonzero(np.isclose(keys, value, rtol=1e-9, atol=1e-12))
            texts[index] = symbols[keys[hit[0]]] if hit.size else short(value, 3)
    elif symbols is not None:
        texts = np.asarray(symbols, dtype=object)
        if texts.shape != M.shape:
            raise ValueError(f"symbols is {shape(texts)} but M is {shape(M)}; "
                             "give one text per cell")
    else:
        texts = np.vectorize(lambda value: short(value, 3), otypes=[object])(M)
    return texts if max(M.shape) <= SMALL else None


def _font_size(ax, texts):
    """Points, such that the longest text fits its cell."""
    box = ax.get_window_extent()
    cell = 72 / ax.figure.dpi * min(box.width / texts.shape[1], box.height / texts.shape[0])
    longest = max(len(re.sub(r"[$\\{}_^]|sigma", "", text)) + text.count("sigma")
                  for text in texts.flat)
    return min(11, 1.45 * cell / max(longest, 2))


def _few_ticks(M, biggest, signed):
    """The values themselves when there are few of them and they stand apart; else automatic."""
    values = np.unique(np.round(M, 9))
    if len(values) > 5:
        return None
    places = (values if signed else np.sqrt(values)) / (biggest if signed else np.sqrt(biggest))
    return values if (np.diff(places) > 0.08).all() else None


def _luminance(rgba):
    return 0.299 * rgba[0] + 0.587 * rgba[1] + 0.114 * rgba[2]


def _read_matrix(M, groups, runs):
    n, m = M.shape
    size = f"{n} × {m} matrix"
    if n != m or not np.allclose(M, M.T):
        if np.isin(M, (0, 1)).all():
            in_rows, in_columns = _span(M.sum(axis=1)), _span(M.sum(axis=0))
            return f"{size} of zeros and ones: rows add up to {in_rows}, columns to {in_columns}."
        return (f"{size}: values from {short(M.min())} to {short(M.max())}, "
                f"{(M == 0).mean():.0%} of them zero.")
    off = ~np.eye(n, dtype=bool)
    diagonal = f"{_span(np.diag(M))} on the diagonal"
    if groups is None or n == 1:
        return f"{size}: {diagonal}" + (f", {_span(M[off])} elsewhere." if n > 1 else ".")
    codes = pd.factorize(np.asarray(groups, dtype=object))[0]
    same = codes[:, None] == codes[None, :]
    word = "block" if len(runs) == codes.max() + 1 else "group"
    parts = [diagonal]
    if (same & off).any():
        parts.append(f"{_span(M[same & off])} inside a {word}")
    if not same.all():
        parts.append(f"{_span(M[~same])} between {word}s")
    sizes = _span(np.bincount(codes))
    return f"{size} in {codes.max() + 1} {word}s of {sizes}: {', '.join(parts)}."
