"""The picture of a matrix: V by groups, X and Z by columns."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..guards import finite, shape, text, whole
from ..guards import labels as as_labels
from ..words import shown
from .style import INK, counted, frame, short, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

SMALL = 12  # up to this many rows and columns a matrix shows its values
READABLE = 5.5  # points; where letters would be smaller, the colour bar has to do


def show_matrix(
    M: ArrayLike,
    groups: ArrayLike | None = None,
    symbols: dict | ArrayLike | None = None,
    labels: Sequence | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    split: Sequence[int] = (),
    unit: str | None = None,
) -> str:
    r"""Heat map of a matrix: zeros are white, and groups are outlined by lines.

    Colour is proportional to the value: a covariance of a tenth of the variance is a tenth as
    dark. Matrices with negative values use a scale with white in its middle.

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
    unit : str, optional
        Unit of the values, for the colour bar and the reading: "kg²/ha²".

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
    from matplotlib.colors import Normalize

    M = finite(M, "M", ndim=2)
    if not M.size:
        raise ValueError(f"M is empty ({shape(M)}); there is nothing to draw")
    square = M.shape[0] == M.shape[1]
    runs = _runs(groups, len(M)) if groups is not None else []
    row_labels, column_labels = _row_and_column_labels(labels, M.shape)
    texts = _cell_texts(M, symbols)
    split = [whole("a number in split", column) for column in _several("split", split)]
    text("unit", unit)
    biggest = np.abs(M).max() or 1.0
    signed = M.min() < 0
    norm = Normalize(-biggest if signed else 0, biggest)
    colours = plt.get_cmap("PuOr_r" if signed else "YlGnBu").with_extremes(bad="white")

    with frame(ax, (4.6 if M.shape[1] <= len(M) / 4 or square else 9.0, 4.2), title) as ax:
        image = ax.imshow(
            np.ma.masked_equal(M, 0),
            cmap=colours,
            norm=norm,
            aspect="equal" if square else "auto",
            interpolation="nearest",
        )
        ax.spines[:].set_visible(True)
        size = _font_size(ax, texts) if texts is not None else 0
        if size >= READABLE or texts is not None and symbols is not None:
            for (i, j), words in np.ndenumerate(texts):
                dark = M[i, j] != 0 and _luminance(image.cmap(norm(M[i, j]))) < 0.45
                ax.text(
                    j,
                    i,
                    words,
                    ha="center",
                    va="center",
                    fontsize=size,
                    color="white" if dark else INK,
                )
        elif not np.isin(M, (0, 1)).all():
            bar = ax.figure.colorbar(
                image,
                ax=ax,
                shrink=0.8,
                ticks=_few_ticks(M, biggest),
                format=lambda value, _: short(value),
            )
            bar.set_label(unit or "")
        _lines_between(ax, runs if len(runs) <= 40 else [], square, split)
        _ticks(ax, runs if len(runs) <= 40 else [], square, row_labels, column_labels)
    return _read_matrix(M, groups, runs, f" {unit}" if unit else "")


def _lines_between(ax, runs, square, split):
    for start, _, _ in runs[1:]:
        ax.axhline(start - 0.5, color=INK, linewidth=0.8)
        if square:
            ax.axvline(start - 0.5, color=INK, linewidth=0.8)
    for column in split:
        ax.axvline(column - 0.5, color=INK, linewidth=1.6)


def _ticks(ax, runs, square, row_labels, column_labels):
    """The given labels, or else the names of the groups, each at the middle of its rows."""
    ax.set(xticks=[], yticks=[])
    ax.tick_params(length=0)
    middles, names = [(a + b - 1) / 2 for a, b, _ in runs], [str(name) for _, _, name in runs]
    if row_labels is not None:
        ax.set_yticks(range(len(row_labels)), row_labels)
    elif runs:
        ax.set_yticks(middles, names)
    if column_labels is not None:
        ax.set_xticks(range(len(column_labels)), column_labels)
        if max(map(len, column_labels)) * len(column_labels) > 40:
            ax.tick_params(axis="x", rotation=90)
    elif runs and square and row_labels is None:
        ax.set_xticks(middles, names)


# --- arguments -----------------------------------------------------------------------------


def _runs(groups, n):
    """(start, stop, label) of each stretch of rows with the same label."""
    given = as_labels("groups", groups)
    if len(given) != n:
        raise ValueError(f"groups has {len(given)} labels but M has {n} rows; give one per row")
    edges = [0, *(i for i, (a, b) in enumerate(pairwise(given), start=1) if a != b), n]
    return [(a, b, given[a]) for a, b in pairwise(edges)]


def _several(name, value):
    if (
        not isinstance(value, (list, tuple, range, np.ndarray))
        or getattr(value, "shape", None) == ()
    ):
        raise ValueError(
            f"{name} is {shown(value)}; give a list of numbers of columns, such as [18]"
        )
    return value


def _row_and_column_labels(labels, dimensions):
    if labels is None:
        return None, None
    pair = labels if isinstance(labels, tuple) and len(labels) == 2 else (labels, None)
    if pair[1] is None and not isinstance(labels, tuple) and dimensions[0] == dimensions[1]:
        pair = (labels, labels)
    pair = [None if names is None else as_labels("labels", names) for names in pair]
    for names, size, what in zip(pair, dimensions, ("rows", "columns")):
        if names is not None and len(names) != size:
            raise ValueError(f"{len(names)} labels for {size} {what}; give one for each")
    return tuple(None if names is None else [str(name) for name in names] for names in pair)


def _cell_texts(M, symbols):
    """Array of the texts to write, or None when the matrix is too large for text."""
    if isinstance(symbols, dict):
        keys = finite(list(symbols), "symbols (the values to be replaced)", ndim=1)
        words = list(symbols.values())
        texts = np.empty(M.shape, dtype=object)
        for index, value in np.ndenumerate(M) if max(M.shape) <= SMALL else ():
            hit = np.flatnonzero(np.isclose(keys, value, rtol=1e-9, atol=1e-12))
            texts[index] = str(words[hit[0]]) if hit.size else short(value, 3)
    elif symbols is not None:
        texts = np.asarray(symbols, dtype=object)
        if texts.shape != M.shape:
            size = shape(texts) if texts.ndim else shown(symbols)
            raise ValueError(
                f"symbols is {size} but M is {shape(M)}; "
                "give one text per cell, or a dict {value: text}"
            )
        texts = np.vectorize(str, otypes=[object])(texts)
    elif max(M.shape) <= SMALL:
        texts = np.vectorize(lambda value: short(value, 3), otypes=[object])(M)
    return texts if max(M.shape) <= SMALL else None


# --- colours and letters -------------------------------------------------------------------


def _font_size(ax, texts):
    """Points, such that the longest text fits its cell."""
    box = ax.get_window_extent()
    cell = 72 / ax.figure.dpi * min(box.width / texts.shape[1], box.height / texts.shape[0])
    longest = max(
        len(re.sub(r"[$\\{}_^ ]|sigma|hat", "", words)) + words.count("sigma")
        for words in texts.flat
    )
    return min(11, 1.45 * cell / max(longest, 2))


def _few_ticks(M, biggest):
    """The values themselves when there are few of them and they stand apart; else automatic."""
    values = np.unique(np.round(M, 9))
    return values if len(values) <= 5 and (np.diff(values) > 0.08 * biggest).all() else None


def _luminance(rgba):
    return 0.299 * rgba[0] + 0.587 * rgba[1] + 0.114 * rgba[2]


# --- the reading ---------------------------------------------------------------------------


def _read_matrix(M, groups, runs, unit):
    n, m = M.shape
    size = f"{n} × {m} matrix"
    if n != m or not np.allclose(M, M.T):
        if np.isin(M, (0, 1)).all():
            return (
                f"{size} of zeros and ones: each row holds {_ones(M.sum(axis=1))}, "
                f"each column {span(M.sum(axis=0))}."
            )
        zero = (M == 0).mean()
        return f"{size}: values from {short(M.min())} to {short(M.max())}{unit}, " + (
            f"{zero:.0%} of them zero.".replace("%", " %") if zero else "none of them zero."
        )
    off = ~np.eye(n, dtype=bool)
    diagonal = f"{span(np.diag(M))}{unit} on the diagonal"
    if groups is None or n == 1:
        return f"{size}: {diagonal}" + (f", {span(M[off])} elsewhere." if n > 1 else ".")
    codes = pd.factorize(pd.Series(as_labels("groups", groups), dtype=object))[0]
    same = codes[:, None] == codes[None, :]
    word = "block" if len(runs) == codes.max() + 1 else "group"
    parts = [diagonal]
    if (same & off).any():
        parts.append(f"{span(M[same & off])} inside a {word}")
    if not same.all():
        parts.append(f"{span(M[~same])} between {word}s")
    return f"{size} in {counted(codes.max() + 1, word)} of {span(np.bincount(codes))}: {', '.join(parts)}."


def _ones(sums):
    return f"{span(sums)} one{'' if (sums == 1).all() else 's'}"
