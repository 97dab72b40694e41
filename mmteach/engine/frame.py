"""The model frame: a formula and a table become plain arrays.

    y - offset = X beta + Z_1 b_1 + ... + Z_m b_m + e

X comes from the fixed part; each Z_t is kept as level codes and the few columns to the left of
its bar, never as a matrix. Rows with missing values are dropped and counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..progress import progress
from ..words import listed
from .columns import check_magnitude, numbers_as_text
from .reader import ChunkReader, NoCompleteRow, Reader, dropped_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .arrays import Design

__all__ = ["check_sizes", "chunk_designs", "design", "dropped_rows", "too_many_columns"]


def check_sizes(n, terms):
    """Refuse groups that the data cannot tell apart; `terms` are (bar, levels J, columns k).

    As in lme4, every term needs 1 < J < n and fewer random effects than rows, J k < n.
    """
    for bar, levels, k in terms:
        if levels < 2:
            raise ValueError(
                f"the grouping factor of {bar} has one level in the rows used: a "
                "variance between levels needs at least two, so leave the term out"
            )
        if levels >= n:
            raise ValueError(
                f"{bar} has as many levels as rows ({n}), so it cannot be told from "
                "the residual: leave it out or group by a coarser column"
            )
        if levels * k >= n:
            raise ValueError(
                f"{bar} asks for {levels} x {k} = {levels * k} random effects from "
                f"{n} rows: let fewer effects vary, as in (1 | {bar.group})"
            )


def too_many_columns(made, n):
    """The error when nothing is left for the residual: which factor brings how many columns."""
    widths = {name: where.stop - where.start for name, where in made.x_terms.items()}
    widest = sorted((name for name in widths if widths[name] > 1), key=lambda name: -widths[name])
    brings = listed((f"{name} brings {widths[name]} of them" for name in widest), 3)
    brings = f" ({brings})" if brings else ""
    text = [name for name, levels in made.factors.items() if numbers_as_text(levels)[0]]
    hint = "".join(
        f"; '{name}' holds text, so if it should be numbers, use pd.to_numeric(data['{name}'])"
        for name in text
    )
    return ValueError(
        f"the fixed part has {len(made.x_names)} coefficients for {n} rows, so "
        f"nothing is left for the residual: leave terms out{brings}{hint}"
    )


def _check(made):
    y, x = made.y, made.X
    if y.min() == y.max():
        raise ValueError(
            f"the response '{made.y_name}' is constant ({y[0]:g}): there is nothing to explain"
        )
    check_magnitude(made.sizes())
    check_sizes(len(y), [(t.bar, len(t.levels), len(t.names)) for t in made.terms])
    if x.shape[1] >= len(y) and np.linalg.matrix_rank(x) >= len(y):
        raise too_many_columns(made, len(y))
    for i, a in enumerate(made.terms):
        for b in made.terms[:i]:
            for name in sorted(set(a.names) & set(b.names)) if a.group == b.group else []:
                made.messages.append(
                    f"{name} of {a.group} occurs in {a.bar} and in {b.bar}: their "
                    "variances cannot be told apart"
                )


def design(
    formula: str,
    data: pd.DataFrame,
    weights: str | ArrayLike | None = None,
    random: bool = True,
) -> Design:
    """Evaluate a formula on data: the arrays y, X and, for every bar, level codes and columns.

    Rows with a missing value in any column used are dropped and counted. Text, boolean and
    categorical columns are factors with treatment coding (levels in category order or sorted),
    grouping columns always are; only levels and combinations that occur are kept.

    Parameters
    ----------
    formula : str, as in the table at the top of this file
    data : DataFrame, never changed
    weights : n positive numbers or the name of a column, optional
    random : False for a formula without bars

    Returns
    -------
    Design

    Raises
    ------
    ValueError or KeyError
        That name the culprit and the remedy: an unknown column, too few levels or rows, ...

    Examples
    --------
    >>> import pandas as pd
    >>> d = design("y ~ x + (1 | g)", pd.DataFrame({"y": [1, 2, 4, 3], "x": [0, 1, 0, 1],
    ...                                              "g": ["a", "a", "b", "b"]}))
    >>> d.x_names, d.X.tolist()
    (['Intercept', 'x'], [[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> list(d.terms[0].levels), d.terms[0].codes.tolist()
    (['a', 'b'], [0, 0, 1, 1])
    """
    made = Reader(formula, data, random).read(data, weights)
    made.messages += made.reader.remarks
    _check(made)
    made.terms.sort(key=lambda term: -len(term.levels))
    return made


def chunk_designs(formula, chunks, weights=None, levels=None):
    """Yield one `Design` for each DataFrame of an iterable, all with one coding.

    The levels of the predictors are settled by the first chunk: by its categories (all count,
    used or not) or by ``levels={"f": [...]}``. Groups are discovered on the way: codes go on from
    chunk to chunk, `levels` of a term lists those met so far, and the terms keep the order of
    the formula. When all rows are read, `check_sizes` should be called with the totals.
    `center`, `scale`, `poly`, `bs` and `cr` take their constants from all rows, in a pass of its
    own; so with these `chunks` must be something that can be read twice, not a generator.
    `weights` is the name of a column.

    Raises ValueError for a later level of a predictor that the coding does not know.
    """
    if weights is not None and not isinstance(weights, str):
        raise ValueError("in chunks, weights must be the name of a column")
    reader, waiting = None, []  # chunks without a complete row wait for one that has
    for data in chunks:
        if reader is None:
            reader = ChunkReader(formula, data, {} if levels is None else levels)
            if reader.unsettled():
                if iter(chunks) is chunks:
                    raise ValueError(
                        f"{reader.unsettled()[0].source} takes constants from all rows, and these chunks can "
                        "be read only once: pass the path of a Parquet file or a list of pieces, or make the "
                        "column first"
                    )
                reader.settle(progress(chunks, "finding constants"), weights)
        if waiting:
            data, waiting = pd.concat([*waiting, data], ignore_index=True), []
        try:
            made = reader.read(data, weights, reader.grow)
        except NoCompleteRow as error:
            waiting, nothing = [data], error
            continue
        yield made
    if reader is None:
        raise ValueError(
            "there is no data: the iterable of chunks is empty; make it anew if it was read before"
        )
    if waiting:
        raise nothing
