r"""Tests of fixed effects: contrasts, and analysis of variance of Types I, II and III.

    H0: L beta = 0,    F = (L beta_hat)'(L Phi L')^-1 (L beta_hat) / rank L

What a "type" means is only which rows L has for a term. With X = [X0 XF XC], where XC are
the terms that contain F (those with the same covariates and all factors of F, and more):

Type I    F after the terms before it and not after any other
Type II   F after all terms that do not contain it
Type III  F free of all terms but those that contain it, and orthogonal to their hypotheses;
          with every cell observed: the effects are averaged over the other factors with equal
          weights
"""

from copy import copy
from itertools import product

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from . import ddf
from ..tables import Table, degrees, p_value
from ..words import UnknownName, listed, near
from ..guards import check_fit, check_level

TYPES = {1: "I", 2: "II", 3: "III"}
NAMES = {"kenward-roger": "Kenward-Roger degrees of freedom",
         "satterthwaite": "Satterthwaite degrees of freedom",
         "z": "infinite degrees of freedom"}
ESTIMABLE = 1e-8


class Contrasts(Table):
    """A `Table` of contrasts with their `joint` test (a `ddf.JointTest`)."""

    _metadata = [*Table._metadata, "joint"]


def contrast(fit, L, df="kenward-roger", level=0.95):
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
    L, labels = _weights(fit, L)
    check_level(level)
    possible = estimable(fit, L)
    if not possible.all():
        row = labels[np.flatnonzero(~possible)[0]]
        raise ValueError(
            f"the data cannot estimate the contrast {row!r}: X is rank-deficient (dropped: "
            f"{listed(fit.beta.index[fit.beta.isna()], 4)}), and another set of coefficients with "
            "the same fitted values would give another answer; choose a contrast between "
            "combinations that were observed, or leave out terms that cannot be told apart")
    rows, joint = ddf.contrast_test(fit, L, df)
    half = ddf.t_quantile((1 + level) / 2, rows.df) * rows.se
    rows["lower"], rows["upper"] = rows.estimate - half, rows.estimate + half
    rows.index = labels
    notes = [f"Limits at level {level:g}."] if level != 0.95 else []
    if len(L) > 1:
        notes.append(f"Joint test: F = {joint.f:.4f} on {joint.num_df} and "
                     f"{degrees([joint.den_df])[0]} degrees of freedom, p {_p_text(joint.p)}")
    table = Contrasts(rows, title=f"Contrasts, {df_name(fit, df)}", notes=notes)
    table.joint = joint
    return table


def df_name(fit, df):
    """How a table names the degrees of freedom it uses."""
    return NAMES[df] if fit.terms or df == "z" else "residual degrees of freedom"


def anova(fit, type=2, df="kenward-roger"):
    r"""F tests of the terms of the fixed part.

    ``F = lambda (L beta_hat)'(L Phi L')^-1 (L beta_hat) / rank L`` with the L of the chosen type
    and lambda = 1 but for Kenward-Roger. ``sum_sq = F num_df sigma^2 / lambda``: without random
    effects the familiar sum of squares, with them F expressed on the scale of the residual.

    Parameters
    ----------
    fit : Fit or LinearFit
    type : 1, 2 or 3
        1 tests each term after those before it, 2 after all that do not contain it, 3 averages
        over other factors with equal weights. A term is contained in another with the same
        covariates, all its factors, and more; so a factor is not contained in its
        interaction with a covariate, and is tested at covariate 0 then.
    df : "kenward-roger", "satterthwaite" or "z"
        Without random effects the first two are the residual degrees of freedom.

    Returns
    -------
    Table
        A DataFrame, one row per term: sum_sq and mean_sq (squared units of y), num_df, den_df,
        f and p; for a model without random effects a last row Residual.

    Raises
    ------
    ValueError
        For an unknown type or method, a fixed part without terms, Kenward-Roger after ML.

    References
    ----------
    Goodnight (1980), Commun. Statist. A9, 167-180; Searle, Speed and Milliken (1980), Am.
    Statistician 34, 216-221; Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Software
    82(13).

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_t_ha ~ fungicide + (1 | block/fungicide)", mm.load("barley"))
    >>> mm.anova(fit, type=2)
    Type II tests, Kenward-Roger degrees of freedom
                sum_sq mean_sq num_df den_df        f       p
    fungicide  5.62544  5.6254      1      3  40.2718  0.0079
    """
    if type not in TYPES or isinstance(type, bool):
        raise ValueError(f"type={type!r} is unknown; use 1 (sequential), 2 (after all terms that "
                         "do not contain it) or 3 (averaged with equal weights)")
    method = ddf.method(fit, df)
    single = sum("Intercept" != term for term in fit.design.x_terms) == 1  # all types are one then
    hypotheses, notes = {1: _type1, 2: _type2, 3: _type3}[1 if single else type](fit)
    if not hypotheses:
        raise ValueError(f"the fixed part of {fit.formula!r} has no term besides the intercept: "
                         "there is nothing to test")
    rows = {}
    for term, L in hypotheses.items():
        test = method.joint(L)
        mean_sq = test.f / test.scale * fit.sigma2
        rows[term] = {"sum_sq": mean_sq * test.num_df, "mean_sq": mean_sq, "num_df": test.num_df,
                      "den_df": test.den_df, "f": test.f, "p": test.p}
        if not len(_places(fit)[term]):
            notes.append(f"{term}: all its columns in X are combinations of those of other terms, "
                         "so the data cannot tell its effect from theirs.")
    if not fit.terms:
        rows["Residual"] = {"sum_sq": fit.sigma2 * fit.df_resid, "mean_sq": fit.sigma2,
                            "num_df": fit.df_resid}
    return Table(pd.DataFrame.from_dict(rows, orient="index"), notes=notes,
                 title=f"Type {TYPES[type]} tests, {df_name(fit, df)}",
                 digits={"sum_sq": 6, "mean_sq": 5}, na="NA" if fit.terms else "")


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
    null = -_expressed(fit)[:, dropped]
    N = np.zeros((len(fit.beta), len(dropped)))
    N[np.flatnonzero(fit.beta.notna())] = null
    N[dropped, np.arange(len(dropped))] = 1
    N /= np.linalg.norm(N, axis=0)
    return np.linalg.norm(L @ N, axis=1) <= ESTIMABLE * np.linalg.norm(L, axis=1)


def _expressed(fit):
    """Every column of X as a combination of the kept ones: X = X_kept @ this, (kept, all)."""
    made = vars(fit).setdefault("_ddf", {})
    if "expressed" not in made:
        kept, dropped = np.flatnonzero(fit.beta.notna()), np.flatnonzero(fit.beta.isna())
        out = np.zeros((len(kept), len(fit.beta)))
        out[np.arange(len(kept)), kept] = 1
        if len(dropped):
            if fit.design.X is None:
                raise ValueError("X is rank-deficient and its rows were not kept (a streamed fit), "
                                 "so what the data can estimate is not known; fit a DataFrame, or "
                                 "leave the terms out that lost their columns")
            X = fit.design.X
            R = np.linalg.qr(X[:, kept], mode="r")
            for _ in range(2):  # the second round removes what rounding left
                rest = X[:, dropped] - X[:, kept] @ out[:, dropped]
                half = solve_triangular(R, X[:, kept].T @ rest, trans="T")
                out[:, dropped] += solve_triangular(R, half)
            out[np.abs(out) < 1e-10] = 0
        made["expressed"] = out
    return made["expressed"]


# --- the hypotheses of each type ----------------------------------------------------------


def _type1(fit):
    """Rows of the unit upper triangle of X'X = R'R: what each column adds to those before it."""
    R = _triangle(fit)
    R = R / np.diag(R)[:, None]
    return {term: _all_columns(fit, R[places]) for term, places in _places(fit).items()}, []


def _type2(fit):
    """As Type I, with F after all terms but those that contain it, and these last."""
    R, hypotheses = _triangle(fit), {}
    places, contains = _places(fit), _containing(fit)
    for term, here in places.items():
        last = _joined(places, contains[term])
        if not len(last):  # any basis does; with this one the Satterthwaite df are the usual ones
            hypotheses[term] = _all_columns(fit, np.eye(len(R))[here])
            continue
        before = np.setdiff1d(np.arange(len(R)), np.concatenate([here, last]))
        order = np.concatenate([before, here, last])
        again = np.linalg.qr(R[:, order], mode="r")[len(before):len(before) + len(here)]
        L = np.zeros((len(here), len(R)))
        L[:, order] = again / np.diag(again[:, len(before):])[:, None]
        hypotheses[term] = _all_columns(fit, L)
    return hypotheses, _without_other_terms(fit, hypotheses)


def _type3(fit):
    """Coefficients of F as functions of all effects, less their parts along containing terms.

    Written in effects of every level of every factor (more effects than the data determine),
    a coefficient of F is an estimable function of the effects of F and of the terms that
    contain F. The hypotheses of F are those functions made orthogonal to the ones of the
    containing terms; empty cells are taken as they come.
    """
    places, contains = _places(fit), _containing(fit)
    functions = _in_all_effects(fit) if any(contains.values()) else None
    hypotheses = {}
    for term, here in places.items():
        L = np.eye(fit.beta.notna().sum())[here]
        last = _joined(places, contains[term])
        if len(last) and len(here):
            L[:, last] = -np.linalg.lstsq(functions[last].T, functions[here].T, rcond=None)[0].T
        hypotheses[term] = _all_columns(fit, L)
    notes = _without_other_terms(fit, hypotheses)
    containing = {other for term in places for other in contains[term]}
    lost = [term for term, where in fit.design.x_terms.items()
            if term in containing and len(places[term]) < where.stop - where.start]
    if lost:
        notes.append(f"Some cells of {', '.join(lost)} are empty: what Type III averages over then "
                     "depends on which ones, so read it with care.")
    return hypotheses, notes


def _without_other_terms(fit, hypotheses):
    """Keep of each hypothesis what involves no term but those that contain it; notes on the rest.

    With L = L_kept E over all columns of X the hypothesis is the same for every beta that fits
    equally well. Columns that X did not need may bring in terms that L was to be free of.
    """
    if not fit.beta.isna().any():
        return []
    E, contains, notes = _expressed(fit), _containing(fit), []
    for term, L in hypotheses.items():
        others = [o for o in fit.design.x_terms if o != term and o not in contains[term]]
        everywhere = L[:, fit.beta.notna().to_numpy()] @ E
        parts = {o: everywhere[:, fit.design.x_terms[o]] for o in others}
        least = ESTIMABLE * np.abs(everywhere).max(initial=0)
        involved = [o for o in others if np.abs(parts[o]).max(initial=0) > least]
        if not involved:
            continue
        left, values, _ = np.linalg.svd(np.hstack([parts[o] for o in involved]))
        free = left[:, int((values > ESTIMABLE * values[0]).sum()):].T
        hypotheses[term] = free @ L
        notes.append(f"{term}: {len(L) - len(free)} of {len(L)} degrees of freedom cannot be told "
                     f"from {', '.join(involved)} and are left out.")
    return notes


def _triangle(fit):
    """R of the kept columns of X; in a mixed model without the prior weights, as in R."""
    if not fit.terms:
        return fit.triangle
    if fit.design.weights is None or fit.design.X is None:
        return fit.products.R
    return np.linalg.qr(fit.design.X[:, fit.products.kept], mode="r")


def _places(fit):
    """Where the kept columns of each term stand among all kept columns; no intercept."""
    kept = fit.beta.notna().to_numpy()
    number = np.cumsum(kept) - 1
    return {term: number[where][kept[where]]
            for term, where in fit.design.x_terms.items() if term != "Intercept"}


def _joined(places, terms):
    return np.concatenate([np.zeros(0, dtype=int), *(places[term] for term in terms)])


def _containing(fit):
    """For each term the terms that contain it: same covariates, all its factors, and more."""
    parts = fit.design.x_factors
    factors = {t: {f for f, levels in parts[t].items() if levels is not None} for t in parts}
    covariates = {t: set(parts[t]) - factors[t] for t in parts}
    return {t: [o for o in parts if covariates[o] == covariates[t] and factors[o] > factors[t]]
            for t in parts if t != "Intercept"}


def _all_columns(fit, L):
    out = np.zeros((len(L), len(fit.beta)))
    out[:, fit.beta.notna().to_numpy()] = L
    return out


def _in_all_effects(fit):
    """Each kept coefficient as a function of the effects of all levels of all factors.

    On rows that hold every combination of every term, the matrix F with a column for each
    level is F = X M. In the data X = X_kept E, hence X_kept beta = F phi = X_kept E M phi, and
    the rows of E M are the functions wanted.
    """
    design = fit.design
    rank, repeats = -1, 1
    while True:
        X, F = _rows_of_all_combinations(design, repeats)
        found = np.linalg.matrix_rank(X)
        if found == X.shape[1] or found == rank:
            break
        rank, repeats = found, 2 * repeats
    M = np.linalg.lstsq(X, F, rcond=None)[0]
    M[np.abs(M) < 1e-10] = 0
    return _expressed(fit) @ M


def _rows_of_all_combinations(design, repeats):
    """X, and a matrix with a column for every level, on all combinations of each term's levels."""
    rng, every = np.random.default_rng(1), dict(design.factors)
    for term, parts in design.x_factors.items():
        for part, levels in parts.items():  # a number may also stand inside C(...)
            numbers = [v for v in design.x_variables[term] if v in design.numeric and v in part]
            every |= dict.fromkeys(numbers if levels else [], levels)
    rows = []
    for variables in dict.fromkeys(design.x_variables.values()):
        levels = {f: every[f] if f in variables else every[f][:1] for f in every}
        rows += list(product(*levels.values())) * repeats
    grid = pd.DataFrame(rows, columns=list(every))
    for name, mean in design.numeric.items():  # any values do, if functions such as log accept them
        if name not in every:
            grid[name] = rng.uniform(0.5, 1.5, len(grid)) * (mean or 1.0)
    every_level = copy(design.reader.fixed)
    every_level.spec = design.x_spec.update(ensure_full_rank=False, structure=None)
    return design.x_rows(grid), design.reader.new_rows(every_level, grid)


# --- reading L ----------------------------------------------------------------------------


def _weights(fit, L):
    """L as a matrix over all coefficients, and a label for each row."""
    names = fit.beta.index
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
        raise ValueError("L must hold numbers: one weight for each coefficient, or a dict of "
                         "coefficient names and weights") from None
    matrix = np.atleast_2d(matrix)
    if matrix.ndim != 2 or not len(matrix) or matrix.shape[1] != len(names):
        raise ValueError(
            f"L has {matrix.shape[-1]} weights in a row, but the model has {len(names)} fixed "
            f"effects; give one for each ({listed(names, 4)}), or a dict such as "
            f"{{{names[-1]!r}: 1}}")
    if not np.isfinite(matrix).all():
        raise ValueError("L holds missing or infinite weights: use 0 for a coefficient that does "
                         "not count")
    if not matrix.any(axis=1).all():
        raise ValueError("a row of L has only zeros, which says nothing about the coefficients: "
                         "leave it out")
    if labels is None:
        labels = [_label(row, names, i) for i, row in enumerate(matrix, start=1)]
    return matrix, pd.Index(labels)


def _by_name(weights, names):
    for name in weights:
        if name not in names:
            raise UnknownName(f"there is no coefficient {name!r}; {near(name, names)}They are: "
                              f"{listed(names)}")
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
