r"""Estimated marginal means: what the model predicts for a level, averaged over the others.

    mean = l'beta_hat,    l = sum_g w_g x_g    over the reference grid,  sum_g w_g = 1

The reference grid holds every combination of the levels of the factors in the fixed part,
each covariate at its mean; x_g is the row of X that a plot with combination g would have. All
levels count alike, however many plots they have: that is what sets these means apart from
raw ones. A factor nested in another (rep in site_year) has only the combinations that exist,
and is averaged within its nest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..guards import check_fit, check_level, truth
from ..tables import Table
from ..words import listed, near, shown
from . import ddf
from .contrasts import df_name, estimable
from .distributions import t_quantile, together
from .grid import ReferenceGrid, averaging, interactions, labels_of, not_estimable
from .weights import is_named, weights_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit

ADJUSTMENTS = {
    "tukey": "Tukey",
    "dunnettx": "Dunnett, approximately",
    "dunnett": "Dunnett",
    "sidak": "Sidak",
    "holm": "Holm",
    "bonferroni": "Bonferroni",
}
DEFAULTS = {"pairwise": "tukey", "trt.vs.ctrl": "dunnettx"}
MADE_FOR = {"tukey": "pairwise", "dunnettx": "trt.vs.ctrl", "dunnett": "trt.vs.ctrl"}


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
) -> Means:
    r"""Estimated marginal means (least-squares means) of the levels of one or more factors.

    ``mean = l'beta_hat``, ``se = sqrt(l'Phi l)`` (Phi adjusted, for Kenward-Roger), with l the
    equally weighted mean of the rows of X over the reference grid. A mean is estimable if and
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

    Returns
    -------
    Means
        A DataFrame with the levels, mean, se, df, lower and upper, in units of y; its attribute
        L has the weights of the coefficients.

    Raises
    ------
    ValueError, KeyError
        For an unknown factor, level or method, Kenward-Roger after ML, a grid that is too large.

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
    ddf.check_df(fit, df)
    grid = ReferenceGrid(fit, at, nesting)
    specs, by = grid.names(specs), grid.names(by)
    for name in [n for n in by if n in specs]:
        raise ValueError(f"'{name}' is in specs and in by: name it once")
    parents = [parent for name in specs for parent in grid.nests.get(name, ())]
    shown = [*by, *(n for n in dict.fromkeys(parents) if n not in specs + by), *specs]
    for name in {"mean", "se", "df", "lower", "upper", "contrast"}.intersection(shown):
        raise ValueError(f"a predictor is called '{name}', like a column of the table: rename it")
    cell, cells = grid.cells(shown)
    L = grid.rows(cell, len(cells))
    possible = estimable(fit, L)
    tests = _tests(fit, L, possible, df)
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


def contrasts(
    emm: Means,
    method: str | dict | pd.DataFrame = "pairwise",
    adjust: str | None = "default",
    ref: str | int | None = None,
    level: float | None = None,
) -> Means:
    r"""Compare the means of a table of `emmeans`, within the levels of its `by`.

    ``estimate = c'L beta_hat``, ``se = sqrt(c'L Phi L'c)``, ``t = estimate / se``. For k means
    and m contrasts (in each group), with T and R_k the distribution functions of Student's t
    and of the studentized range of k means, p becomes

    - tukey: ``1 - R_k(sqrt(2)|t|)``, exact if all differences have the same variance
    - bonferroni: ``m p``;  sidak: ``1 - (1 - p)^m``
    - holm: the smallest p times m, the next times m - 1, ..., never falling
    - dunnett: ``P(max |T_i| > |t|)`` of m differences from one mean, correlated by 1/2, as they
      are when all means are independent with the same variance
    - dunnettx: ``1 - (1 - 1/m) R_h(sqrt(2)|t|) - (1/m) (1 - 2 T(-|t|))^m``, ``h (h - 1)/2 = m``,
      which is the approximation to it of R's emmeans; where p is near 0.05 it is too large, by
      about 4 % if m is 5 and 20 % if m is 70

    Limits are made the same way, for Holm's p those of Bonferroni. A contrast that cannot be
    estimated is NA, and counts in m.

    Parameters
    ----------
    emm : Means
        As `emmeans` returned it.
    method : "pairwise", "trt.vs.ctrl", dict or DataFrame
        All differences (earlier minus later), all differences from the level `ref`, or weights
        of your own: ``{"name": [1, -0.5, -0.5]}`` in the order of the means,
        ``{"name": {"A": 1, "B": -1}}`` by their levels, or a DataFrame with a column for each
        contrast.
    adjust : "tukey", "dunnettx", "dunnett", "sidak", "holm", "bonferroni" or None
        As in emmeans tukey by default for pairwise, dunnettx for trt.vs.ctrl, and None for
        weights of your own.
    ref : str, optional
        The control; the first level by default.
    level : float, optional
        Of the confidence limits; that of `emm` by default.

    Returns
    -------
    Means
        A DataFrame with the levels of `by`, contrast, estimate, se, df, t, p, lower and upper.

    Raises
    ------
    ValueError, KeyError
        For an unknown method, adjustment or level, a wrong number of weights, or a table that
        is not from `emmeans`.

    References
    ----------
    Kramer (1956), Biometrics 12, 307-310; Dunnett (1955), JASA 50, 1096-1121; Holm (1979),
    Scand. J. Statist. 6, 65-70.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash"))
    >>> mm.contrasts(mm.emmeans(fit, "block"))
    Contrasts of means, residual degrees of freedom
    contrast estimate     se df      t      p   lower  upper
       1 - 2  -0.1960 0.1322  8 -1.483 0.3483 -0.5737 0.1817
       1 - 3  -0.0800 0.1322  8 -0.605 0.8213 -0.4577 0.2977
       2 - 3   0.1160 0.1322  8  0.878 0.6684 -0.2617 0.4937
    p and limits hold for 3 means together (Tukey).
    """
    origin = emm.origin if isinstance(emm, Means) else None
    if origin is None:
        raise ValueError(
            "contrasts needs the table that emmeans returned: a selection or a copy "
            "no longer knows its model, so choose levels by emmeans(..., at={...})"
        )
    if ref is not None and not is_named(method, "trt.vs.ctrl"):
        raise ValueError(
            "ref names the control of method='trt.vs.ctrl': use that method, or leave ref out"
        )
    fit, level = origin.fit, origin.level if level is None else level
    check_level(level)
    adjust = _adjustment(adjust, method)
    labels, means = np.array(labels_of(origin.cells, origin.specs)), emm.L.to_numpy()
    groups = _groups(origin)
    own = [weights_of(method, labels[rows].tolist(), ref) for rows in groups]
    names = [name for in_group, _ in own for name in in_group]
    if not names:
        raise ValueError(
            f"{method} contrasts compare two or more means, but there is only one"
            + " in each group" * bool(origin.by)
        )
    L = np.vstack([W @ means[rows] for rows, (_, W) in zip(groups, own)])
    table = _tests(fit, L, estimable(fit, L), origin.df)
    p, half = table.p.to_numpy(copy=True), table.se.to_numpy(copy=True)
    sizes = [len(W) for _, W in own]
    for rows, end, m in zip(groups, np.cumsum(sizes), sizes):
        if m:
            part = slice(end - m, end)
            t, df = table.t.to_numpy()[part], table.df.to_numpy()[part]
            p[part], critical = together(adjust, t, df, p[part], len(rows), level)
            half[part] *= critical
    first = np.repeat([rows[0] for rows in groups], sizes)
    out = origin.cells[origin.by].iloc[first].reset_index(drop=True).assign(contrast=names)
    index = labels_of(out, [*origin.by, "contrast"])
    table = table.assign(p=p, lower=table.estimate - half, upper=table.estimate + half)
    result = Means(
        pd.concat([out, table], axis=1),
        title=f"Contrasts of means, {df_name(fit, origin.df)}",
        notes=_family(adjust, groups, own, origin.by, level),
    )
    result.L, result.origin = pd.DataFrame(L, columns=fit.beta.index, index=index), None
    return result


def _tests(fit, L, possible, df):
    """`ddf.row_tests` of the rows of L that are possible, NaN for the others."""
    tests = ddf.row_tests(fit, L[possible], df)
    tests.index = np.flatnonzero(possible)
    return tests.reindex(range(len(L)))


def _scale(fit, level):
    notes = []
    if fit.design.y_name.strip("`") not in fit.design.reader.response.columns:
        notes.append(f"On the scale of {fit.design.y_name}.")
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])


# --- contrasts ------------------------------------------------------------------------------


def _groups(origin):
    """Positions of the means in each level of by."""
    if not origin.by:
        return [np.arange(len(origin.cells))]
    number = origin.cells.groupby(origin.by, observed=True).ngroup().to_numpy()
    return [np.flatnonzero(number == i) for i in range(number.max() + 1)]


def _adjustment(adjust, method):
    if isinstance(method, str) and method not in DEFAULTS:
        raise ValueError(
            f"method={shown(method)} is unknown; {near(method, DEFAULTS)}use "
            "'pairwise', 'trt.vs.ctrl' or weights of your own, {'name': [1, -1, 0]}"
        )
    if is_named(adjust, "default"):
        return DEFAULTS[method] if isinstance(method, str) else None
    if adjust is None or is_named(adjust, "none"):
        return None
    if not isinstance(adjust, str) or adjust not in ADJUSTMENTS:
        raise ValueError(
            f"adjust={shown(adjust)} is unknown; {near(adjust, ADJUSTMENTS)}use one "
            f"of {', '.join(map(repr, ADJUSTMENTS))} or None"
        )
    if adjust in MADE_FOR and not is_named(method, MADE_FOR[adjust]):
        raise ValueError(
            f"adjust={adjust!r} is made for {MADE_FOR[adjust]} contrasts; for these "
            "use 'sidak', 'holm' or 'bonferroni'"
        )
    return adjust


def _family(adjust, groups, own, by, level):
    """What the p-values and limits refer to."""
    notes, ks, ms = [], {len(rows) for rows in groups}, {len(W) for _, W in own}
    if adjust and max(ms) > 1:
        sizes, what = (ks, "means") if adjust == "tukey" else (ms, "contrasts")
        family = f"{max(sizes)} {what}" if len(sizes) == 1 else f"the {what}"
        within = f" within each {', '.join(by)}" if by else ""
        notes.append(f"p and limits hold for {family} together{within} ({ADJUSTMENTS[adjust]}).")
        if adjust == "holm":
            notes.append("The limits are those of Bonferroni, for Holm's procedure has none.")
    uneven = [name for name, w in zip(*own[0]) if abs(w.sum()) > 1e-8 * np.abs(w).sum()]
    if uneven:
        notes.append(
            f"The weights of {listed(uneven)} do not sum to 0: this is not a comparison of means."
        )
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])
