r"""Contrasts of estimated marginal means: which differences, and p-values for all of them together.

    estimate = c'L beta_hat,    se = sqrt(c'L Phi L'c),    t = estimate / se

L holds the weights of the means, c those of a contrast; see `weights` for the named ones.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..guards import check_level
from ..words import listed, near, shown
from . import ddf
from .contrasts import df_name, estimable
from .distributions import together
from .grid import labels_of
from .means import Means, estimates_of
from .weights import METHODS, is_named, uneven_numbers, weights_of

ADJUSTMENTS = {
    "tukey": "Tukey",
    "dunnettx": "Dunnett, approximately",
    "dunnett": "Dunnett",
    "sidak": "Sidak",
    "holm": "Holm",
    "bonferroni": "Bonferroni",
    "mvt": "multivariate t",
    "fdr": "Benjamini and Hochberg",
}
DEFAULTS = {
    "pairwise": "tukey",
    "trt.vs.ctrl": "dunnettx",
    "eff": "fdr",
    "consec": "mvt",
    "poly": None,
}
LARGEST_FAMILY = 300  # contrasts whose correlations are used
MADE_FOR = {"tukey": "pairwise", "dunnettx": "trt.vs.ctrl", "dunnett": "trt.vs.ctrl"}


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

    - mvt: ``P(max |T_i| > |t|)`` with the correlations that the m contrasts have, to 1e-4
      if they are 20 or fewer
    - fdr: the i-th smallest p times ``m / i``, never above a later one; of the contrasts found
      with ``p < q``, a fraction of at most q is expected to be null

    Limits are made the same way, for holm and fdr those of Bonferroni. A contrast that cannot be
    estimated is NA, and counts in m (not for mvt, since it has no correlations).

    Parameters
    ----------
    emm : Means
        As `emmeans` returned it.
    method : "pairwise", "trt.vs.ctrl", "eff", "consec", "poly", dict or DataFrame
        All differences (earlier minus later); all differences from the level `ref`; each mean
        less the mean of all; each mean less the one before it; linear, quadratic, ... trends
        over levels taken as equally spaced, in whole numbers; or weights of your own:
        ``{"name": [1, -0.5, -0.5]}`` in the order of the means, ``{"name": {"A": 1, "B": -1}}``
        by their levels, or a DataFrame with a column for each contrast.
    adjust : one of tukey, dunnettx, dunnett, sidak, holm, bonferroni, mvt, fdr, or None
        As in emmeans by default tukey for pairwise, dunnettx for trt.vs.ctrl, fdr for eff, mvt
        for consec, and None for poly and weights of your own.
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
    Scand. J. Statist. 6, 65-70; Benjamini and Hochberg (1995), JRSS B 57, 289-300; Genz and
    Bretz (2009), Computation of Multivariate Normal and t Probabilities, Springer.

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
    table = estimates_of(fit, L, estimable(fit, L), origin.df)
    p, half = table.p.to_numpy(copy=True), table.se.to_numpy(copy=True)
    sizes = [len(W) for _, W in own]
    for rows, end, m in zip(groups, np.cumsum(sizes), sizes):
        if m:
            part = slice(end - m, end)
            t, df = table.t.to_numpy()[part], table.df.to_numpy()[part]
            R = _correlations(fit, L[part], t, origin.df) if adjust == "mvt" else None
            p[part], critical = together(adjust, t, df, p[part], len(rows), level, R)
            half[part] *= critical
    first = np.repeat([rows[0] for rows in groups], sizes)
    out = origin.cells[origin.by].iloc[first].reset_index(drop=True).assign(contrast=names)
    index = labels_of(out, [*origin.by, "contrast"])
    table = table.assign(p=p, lower=table.estimate - half, upper=table.estimate + half)
    result = Means(
        pd.concat([out, table], axis=1),
        title=f"Contrasts of means, {df_name(fit, origin.df)}",
        notes=_family(adjust, groups, own, origin.by, level)
        + (uneven_numbers(origin.cells, origin.specs) if is_named(method, "poly") else []),
    )
    result.L, result.origin = pd.DataFrame(L, columns=fit.beta.index, index=index), None
    return result


def _groups(origin):
    """Positions of the means in each level of by."""
    if not origin.by:
        return [np.arange(len(origin.cells))]
    number = origin.cells.groupby(origin.by, observed=True).ngroup().to_numpy()
    return [np.flatnonzero(number == i) for i in range(number.max() + 1)]


def _adjustment(adjust, method):
    if isinstance(method, str) and method not in DEFAULTS:
        raise ValueError(
            f"method={shown(method)} is unknown; {near(method, METHODS)}use "
            f"{', '.join(map(repr, METHODS))} or weights of your own, {{'name': [1, -1, 0]}}"
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
            "use 'mvt', 'sidak', 'holm' or 'bonferroni'"
        )
    return adjust


def _family(adjust, groups, own, by, level):
    """What the p-values and limits refer to."""
    notes, ks, ms = [], {len(rows) for rows in groups}, {len(W) for _, W in own}
    within = f" within each {', '.join(by)}" if by else ""
    if adjust == "fdr" and max(ms) > 1:
        notes.append(
            f"p: false discovery rate ({ADJUSTMENTS[adjust]}) of {_sizes(ms, 'contrasts')}"
            f"{within}; limits: Bonferroni."
        )
    elif adjust and max(ms) > 1:
        sizes, what = (ks, "means") if adjust == "tukey" else (ms, "contrasts")
        family = _sizes(sizes, what)
        notes.append(f"p and limits hold for {family} together{within} ({ADJUSTMENTS[adjust]}).")
        if adjust == "holm":
            notes.append("The limits are those of Bonferroni, for Holm's procedure has none.")
    uneven = [name for name, w in zip(*own[0]) if abs(w.sum()) > 1e-8 * np.abs(w).sum()]
    if uneven:
        notes.append(
            f"The weights of {listed(uneven)} do not sum to 0: this is not a comparison of means."
        )
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])


def _sizes(sizes, what):
    return f"{max(sizes)} {what}" if len(sizes) == 1 else f"the {what}"


def _correlations(fit, L, t, df):
    """Of the contrasts that can be estimated, from L Phi L'."""
    if len(L) > LARGEST_FAMILY:
        raise ValueError(
            f"adjust='mvt' takes {LARGEST_FAMILY} contrasts at most, and these are {len(L)}: "
            "use 'sidak' or 'holm', which need no correlations, or compare fewer means"
        )
    L = L[np.ix_(~np.isnan(t), fit.beta.notna())]
    V = L @ ddf.method(fit, df).Phi.to_numpy() @ L.T
    sd = np.sqrt(np.diag(V))
    return V / np.outer(sd, sd)
