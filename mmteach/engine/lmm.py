"""From a formula and a table to a fit: the steps, one after another.

    formula, data  ->  design  ->  products  ->  criterion  ->  search  ->  fit

See `mmteach.engine` for the same steps by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ..guards import truth
from . import frame
from .crossproducts import CrossProducts
from .fit import Fit
from .stream import stream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import ArrayLike


def lmm(
    formula: str,
    data: pd.DataFrame | str | Path | Iterable[pd.DataFrame],
    reml: bool = True,
    weights: str | ArrayLike | None = None,
    levels: dict[str, list] | None = None,
) -> Fit:
    r"""Fit a linear mixed model given by an lmer formula.

    ``y = X beta + Z u + e``, ``u ~ N(0, G)``, ``e ~ N(0, sigma^2 W^-1)``.

    Parameters
    ----------
    formula : str
        For instance ``"yield_kg_ha ~ genotype + (1 | block)"``; `split_bars` shows how the
        terms in parentheses expand. ``+ offset(x)`` adds a column with the coefficient 1.
    data : DataFrame
        One row per observation; rows with missing values are dropped and counted. Data
        larger than memory: the path of a Parquet file, or an iterator of DataFrames that
        share the categories of their factors.
    reml : bool
        True for REML, False for ML.
    weights : str or (n,) array, optional
        Prior weights w (a column name or values), ``Var(e_i) = sigma^2 / w_i``.
    levels : dict of column -> list of levels, optional
        For streamed data whose factors are plain text.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError, KeyError
        With the culprit and the remedy: formula, columns, levels, weights.

    References
    ----------
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1).

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    >>> round(fit.criterion, 4)
    729.7118
    >>> fit.varcomp.round(1)
          group       term  variance     sd  corr
    0     block  Intercept    2906.0   53.9   NaN
    1  Residual                25627.4  160.1   NaN
    """
    reml = truth("reml", reml, "REML", "ML")
    if isinstance(data, pd.DataFrame):
        if levels is not None:
            raise ValueError(
                "levels is for data in pieces; in a DataFrame make the column a "
                "category with these levels, by pd.Categorical(column, levels)"
            )
        design = frame.design(formula, data, weights)
        products = CrossProducts.from_design(design)
    else:
        design, products = stream(formula, data, weights, levels)
    return Fit(design, products, reml)
