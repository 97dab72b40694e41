r"""Contrasts of fixed effects: estimate, test, and whether the data can tell at all.

L beta_hat,    se = sqrt(l'Phi l),    t = l'beta_hat / se
l'beta is estimable if and only if N'l = 0, with N a basis of the null space of X
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from ..guards import check_fit, check_level
from ..tables import Table, degrees, p_value
from ..words import UnknownName, listed, near, shown
from . import ddf
from .distributions import t_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit

NAMES = {
    "kenward-roger": "Kenward-Roger degrees of freedom",
    "satterthwaite": "Satterthwaite degrees of freedom",
    "z": "infinite degrees of freedom",
}
ESTIMABLE = 1e-8


class Contrasts(Table):
    """A `Table` of contrasts with their `joint` test (a `ddf.JointTest`)."""

    _metadata = [*Table._metadata, "joint"]


def contrast(
    fit: Fit | LinearFit,
    L: dict | ArrayLike,
    df: str = "kenward-roger",
    level: float = 0.95,
) -> Contrasts:
    r"""Estimate and test linear combinations of the fixed effects.

    ``estimate = l'beta_hat``, ``se = sqrt(l'Phi l)`` (Phi adjusted, for Kenward-Roger),
    ``t = estimate / se``; several rows are also tested together by an F test.

    Parameters
    ----------
    fit : Fit or LinearFit
    L : array, dict, list of dicts or DataFrame
        Weights of the coefficients: one row, a matrix with a row for each combination, a dict
        ``{"x": 1, "genotype[T.G02]": -1}``, a dict or list of such dicts, or a DataFrame whose
        columns are names of coefficients. Names left out have weight 0.
    df : "kenward-roger", "satterthwaite" or "z"
        Without random effects the first two are the residual degrees of freedom.
    level : float
        Of the confidence limits.

    Returns
    -------
    Contrasts
        A DataFrame with estimate, se, df, t, p, lower and upper, in units of y; its attribute
        joint holds f, num_df, den_df, p and scale.

    Raises
    ------
    ValueError, KeyError
        For a wrong number of weights, an unknown name, a combination that cannot be estimated
        or an unknown method.

    References
    ----------
    Kenward and Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    >>> mm.contrast(fit, {"genotype[T.G18]": 1, "genotype[T.G07]": -1})
    Contrasts, Kenward-Roger degrees of freedom
                                       estimate     se  df      t       p   lower  upper
    genotype[T.G18] - genotype[T.G07]     93.07  113.2  51  0.822  0.4148  -134.2  320.3
    """
    check_fit(fit, "contrast")
    check_level(level)
    ddf.check_df(fit, df)
    L, labels = _weights(fit, L)
    possible = estimable(fit, L)
    if not possible.all():
        row = labels[np.flatnonzero(~possible)[0]]
        raise ValueError(
            f"the data cannot estimate the contrast {row!r}: X is rank-deficient (dropped: "
            f"{listed(fit.beta.index[fit.beta.isna()], 4)}), and another set of coefficients with "
            "the same fitted values would give another answer; choose a contrast between "
            "combinations that were observed, or leave out terms that cannot be told apart"
        )
    rows, joint = ddf.contrast_test(fit, L, df)
    half = t_quantile((1 + level) / 2, rows.df) * rows.se
    rows["lower"], rows["upper"] = rows.estimate - half, rows.estimate + half
    rows.index = labels
    notes = [f"Limits at level {level:g}."] if level != 0.95 else []
    if len(L) > 1:
        notes.append(
            f"Joint test: F = {joint.f:.4f} on {joint.num_df} and "
            f"{degrees([joint.den_df])[0]} degrees of freedom, p {_p_text(joint.p)}"
        )
    table = Contrasts(rows, title=f"Contrasts, {df_name(fit, df)}", notes=notes)
    table.joint = joint
    return table


def df_name(fit, df):
    """How a table names the degrees of freedom it uses."""
    return NAMES[df] if fit.random or df == "z" else "residual degrees of freedom"


# --- which combinations the data can estimate ---------------------------------------------


def estimable(fit, L):
    r"""Whether L beta has one value for all beta with the same fitted values, row by row.

    ``l'beta`` is estimable if and only if ``N'l = 0`` for a basis N of the null space of X;
    numerically, ``|N'l| <= 1e-8 |l|``.

    Parameters
    ----------
    fit : Fit or LinearFit
    L : (rows, columns of X) array

    Returns
    -------
    (rows,) array of bool

    References
    ----------
    Searle (1971), Linear Models, section 5.4.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))
    >>> estimable(fit, np.eye(21)[:2])
    array([ True,  True])
    """
    L = np.atleast_2d(np.asarray(L, dtype=float))
    dropped = np.flatnonzero(fit.beta.isna())
    if not len(dropped):
        return np.ones(len(L), dtype=bool)
    null = -expressed(fit)[:, dropped]
    N = np.zeros((len(fit.beta), len(dropped)))
    N[np.flatnonzero(fit.beta.notna())] = null
    N[dropped, np.arange(len(dropped))] = 1
    N /= np.linalg.norm(N, axis=0)
    return np.linalg.norm(L @ N, axis=1) <= ESTIMABLE * np.linalg.norm(L, axis=1)


def expressed(fit):
    """Every column of X as a combination of the kept ones: X = X_kept @ this, (kept, all)."""
    return fit.derived("expressed", _express)


def _express(fit):
    kept, dropped = np.flatnonzero(fit.beta.notna()), np.flatnonzero(fit.beta.isna())
    out = np.zeros((len(kept), len(fit.beta)))
    out[np.arange(len(kept)), kept] = 1
    if not len(dropped):
        return out
    if fit.streamed:
        raise ValueError(
            "X is rank-deficient and its rows were not kept (a streamed fit), "
            "so what the data can estimate is not known; fit a DataFrame, or "
            "leave the terms out that lost their columns"
        )
    X = fit.design.X
    R = np.linalg.qr(X[:, kept], mode="r")
    for _ in range(2):  # the second round removes what rounding left
        rest = X[:, dropped] - X[:, kept] @ out[:, dropped]
        half = solve_triangular(R, X[:, kept].T @ rest, trans="T")
        out[:, dropped] += solve_triangular(R, half)
    out[np.abs(out) < 1e-10] = 0
    return out


# --- reading L ----------------------------------------------------------------------------


def _weights(fit, L):
    """L as a matrix over all coefficients, and a label for each row."""
    names = fit.beta.index
    given = {pd.DataFrame: "columns", pd.Series: "index"}.get(type(L))
    given = getattr(L, given) if given else pd.Index([])
    if given.has_duplicates:
        twice = given[given.duplicated()][0]
        raise ValueError(f"L has several weights for {twice!r}; give one for each coefficient")
    if isinstance(L, dict) and L and all(isinstance(row, dict) for row in L.values()):
        labels, rows = list(L), [_by_name(row, names) for row in L.values()]
    elif isinstance(L, dict):
        labels, rows = None, [_by_name(L, names)]
    elif isinstance(L, pd.Series) and not isinstance(L.index, pd.RangeIndex):
        labels, rows = None, [_by_name(L.to_dict(), names)]
    elif isinstance(L, pd.DataFrame) and not isinstance(L.columns, pd.RangeIndex):
        labels = None if isinstance(L.index, pd.RangeIndex) else list(L.index)
        rows = [_by_name(row, names) for row in L.to_dict("records")]
    elif isinstance(L, (list, tuple)) and L and all(isinstance(row, dict) for row in L):
        labels, rows = None, [_by_name(row, names) for row in L]
    else:
        labels, rows = None, L
    try:
        matrix = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            "L must hold numbers: one weight for each coefficient, or a dict of "
            "coefficient names and weights"
        ) from None
    matrix = np.atleast_2d(matrix)
    if matrix.ndim != 2 or not len(matrix) or matrix.shape[1] != len(names):
        raise ValueError(
            f"L has {matrix.shape[-1]} weights in a row, but the model has {len(names)} fixed "
            f"effects; give one for each ({listed(names, 4)}), or a dict such as "
            f"{{{names[-1]!r}: 1}}"
        )
    if not np.isfinite(matrix).all():
        raise ValueError(
            "L holds missing or infinite weights: use 0 for a coefficient that does not count"
        )
    if not matrix.any(axis=1).all():
        raise ValueError(
            "a row of L has only zeros, which says nothing about the coefficients: leave it out"
        )
    if labels is None:
        labels = [_label(row, names, i) for i, row in enumerate(matrix, start=1)]
    return matrix, pd.Index(labels)


def _by_name(weights, names):
    for name in weights:
        if name not in names:
            raise UnknownName(
                f"there is no coefficient {shown(name)}; {near(name, names)}They "
                f"are: {listed(names)}"
            )
    return [weights.get(name, 0.0) for name in names]


def _label(row, names, number):
    """The combination in words, such as ``b - a``, or its number if that is long."""
    text = ""
    used = [(w, n) for w, n in zip(row, names) if w]
    for weight, name in sorted(used, key=lambda pair: pair[0] < 0):
        size = "" if abs(weight) == 1 else f"{abs(weight):.3g} "
        sign = " - " if weight < 0 else " + "
        text += f"{sign if text else sign.strip(' +')}{size}{name}"
    return text if len(text) <= 36 else f"row {number}"


def _p_text(p):
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"
