r"""Estimated marginal means: what the model predicts for a level, averaged over the others.

    mean = l'beta_hat,    l = sum_g w_g x_g    over the reference grid,  sum_g w_g = 1

The reference grid holds every combination of the levels of the factors in the fixed part,
each covariate at its mean; x_g is the row of X that a plot with combination g would have. All
levels count alike, however many plots they have: that is what sets these means apart from
raw ones (weights="proportional" counts the plots). A factor nested in another (rep in
site_year) has only the combinations that exist, and is averaged within its nest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..guards import check_fit, check_level, one_of, truth
from ..tables import Table
from . import ddf
from .contrasts import df_name, estimable
from .distributions import t_quantile
from .grid import ReferenceGrid, averaging, interactions, labels_of, not_estimable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit


class Means(Table):
    """A `Table` of means, or of contrasts of means, that knows its weights.

    `L` is a DataFrame with one row per mean and one column per coefficient: the means are
    ``L @ fit.beta``. `origin` is what `contrasts` needs to go on from here.
    """

    _metadata = [*Table._metadata, "L", "origin"]


class Origin(NamedTuple):
    """The model and the choices behind a table of means."""

    fit: object
    cells: pd.DataFrame  # levels of by and specs, one row per mean
    specs: list
    by: list
    df: str
    level: float

    def __deepcopy__(self, memo):
        """A copied table is of the same model, which is not copied."""
        return self


def emmeans(
    fit: Fit | LinearFit,
    specs: str | Sequence[str],
    by: str | Sequence[str] | None = None,
    at: dict | None = None,
    df: str = "kenward-roger",
    level: float = 0.95,
    nesting: bool = True,
    weights: str = "equal",
) -> Means:
    r"""Estimated marginal means (least-squares means) of the levels of one or more factors.

    ``mean = l'beta_hat``, ``se = sqrt(l'Phi l)`` (Phi adjusted, for Kenward-Roger), with l the
    weighted mean of the rows of X over the reference grid. A mean is estimable if and
    only if l is a combination of rows of X; where it is not the table shows NA, and the notes
    say which data are missing. A numeric predictor is a covariate also if it has two values
    only, which R's emmeans would take for levels.

    Parameters
    ----------
    fit : Fit or LinearFit
    specs : str or list of str
        Whose levels to list: factors, or covariates with values in `at`. ``[]`` gives the
        mean over everything.
    by : str or list of str, optional
        More of them; `contrasts` will stay within their levels.
    at : dict, optional
        Values of covariates instead of their means, or some of the levels of a factor:
        ``{"days": [0, 9]}``, ``{"site_year": "24AL"}``.
    df : "kenward-roger", "satterthwaite" or "z"
        Without random effects the first two are the residual degrees of freedom.
    level : float
        Of the confidence limits.
    nesting : bool
        True: a factor with each level in one level of another only is nested in it, and
        averages hold no combinations that do not exist. False: all factors are crossed.
    weights : "equal" or "proportional"
        What a combination of the factors averaged over counts: as much as any other, or as
        many rows as the data have of it, the same for each mean; one that they do not have
        then counts nothing. Prior weights do not matter here.

    Returns
    -------
    Means
        A DataFrame with the levels, mean, se, df, lower and upper, in units of y; its attribute
        L has the weights of the coefficients.

    Raises
    ------
    ValueError, KeyError
        For an unknown factor, level, method or weights, Kenward-Roger after ML, a grid that is
        too large, proportional weights where nothing tells the numbers of rows.

    Notes
    -----
    .. math::

        \hat m = l'\hat\beta, \qquad l = \sum_g w_g x_g, \quad \sum_g w_g = 1, \qquad
        \hat m \pm t_{\nu, (1 + \mathrm{level})/2} \sqrt{l' \Phi\, l}

    where g runs over the combinations of the reference grid that belong to the mean, and
    :math:`x_g` is the row of X of combination g. An offset enters with its mean.

    References
    ----------
    Searle, Speed and Milliken (1980), Am. Statistician 34, 216-221.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", mm.load("barley"))
    >>> mm.emmeans(fit, "fungicide")
    Estimated marginal means of fungicide, Kenward-Roger degrees of freedom
    fungicide  mean     se    df lower upper
           F1 5.514 0.1045 4.183 5.228 5.799
           F2 4.966 0.1045 4.183 4.680 5.251
    Averaged over genotype, with equal weights.
    fungicide interacts with genotype: its differences are averages, too.
    """
    check_fit(fit, "emmeans")
    check_level(level)
    truth("nesting", nesting)
    one_of("weights", weights, ("equal", "proportional"))
    ddf.check_df(fit, df)
    grid = ReferenceGrid(fit, at, nesting)
    specs, by = grid.names(specs), grid.names(by)
    for name in [n for n in by if n in specs]:
        raise ValueError(f"'{name}' is in specs and in by: name it once")
    parents = [parent for name in specs for parent in grid.nests.get(name, ())]
    shown = [*by, *(n for n in dict.fromkeys(parents) if n not in specs + by), *specs]
    for name in {"mean", "se", "df", "lower", "upper", "contrast"}.intersection(shown):
        raise ValueError(f"a predictor is called '{name}', like a column of the table: rename it")
    if weights == "proportional":
        grid.count_rows(shown)
    cell, cells = grid.cells(shown)
    L = grid.rows(cell, len(cells))
    possible = estimable(fit, L)
    tests = estimates_of(fit, L, possible, df)
    tests["estimate"] += grid.offset
    half = t_quantile((1 + level) / 2, tests.df) * tests.se
    table = cells.assign(
        mean=tests.estimate,
        se=tests.se,
        df=tests.df,
        lower=tests.estimate - half,
        upper=tests.estimate + half,
    )
    what = " of " * bool(specs) + ", ".join(shown[len(by) :]) + " by " * bool(by) + ", ".join(by)
    result = Means(
        table,
        title=f"Estimated marginal means{what}, {df_name(fit, df)}",
        notes=[
            *averaging(grid, shown),
            *interactions(grid, shown),
            *not_estimable(grid, shown, cell, cells, possible),
            *_scale(fit, level),
        ],
    )
    result.L = pd.DataFrame(L, columns=fit.beta.index, index=labels_of(cells, shown))
    result.origin = Origin(fit, cells, specs, by, df, level)
    return result


def estimates_of(fit, L, possible, df):
    """`ddf.row_tests` of the rows of L that are possible, NaN for the others."""
    tests = ddf.row_tests(fit, L[possible], df)
    tests.index = np.flatnonzero(possible)
    return tests.reindex(range(len(L)))


def _scale(fit, level):
    notes = []
    if fit.design.y_name.strip("`") not in fit.design.reader.response.columns:
        notes.append(f"On the scale of {fit.design.y_name}.")
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])
