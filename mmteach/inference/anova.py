r"""Analysis of variance: tests of the terms of the fixed part, of Types I, II and III.

    H0: L beta = 0,    F = (L beta_hat)'(L Phi L')^-1 (L beta_hat) / rank L

What a "type" means is only which rows L has for a term. With X = [X0 XF XC], where XC are
the terms that contain F (those with the same covariates and all factors of F, and more):

Type I    F after the terms before it and not after any other
Type II   F after all terms that do not contain it
Type III  F free of all terms but those that contain it, and orthogonal to their hypotheses;
          with every cell observed: the effects are averaged over the other factors with equal
          weights
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..guards import check_fit, is_number
from ..tables import Table, significant
from ..words import shown
from . import ddf
from .contrasts import ESTIMABLE, df_name, expressed

if TYPE_CHECKING:
    from ..engine.fit import Fit
    from ..engine.linear import LinearFit

TYPES = {1: "I", 2: "II", 3: "III"}


def anova(fit: Fit | LinearFit, type: int = 2, df: str = "kenward-roger") -> Table:
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
        interaction with a covariate, and is tested at covariate 0 then, as a note says with the
        remedy: centre the covariate. (R's car tests it as if the interaction were absent.)
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

    Notes
    -----
    .. math::

        H_0: L\beta = 0, \qquad
        F = \frac{\lambda}{\ell}\, (L\hat\beta)' (L \Phi L')^{-1} L\hat\beta
        \;\sim\; F_{\ell, \nu}, \qquad \mathrm{SS} = \ell F \hat\sigma^2 / \lambda

    with :math:`\ell` the rank of L. Type I takes for a term its rows of the unit upper triangle U
    of :math:`X'X = U'DU`; Type II the same with the term and those that contain it moved last;
    Type III makes the term's estimable functions orthogonal to those of the containing terms.

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
    check_fit(fit, "anova")
    if not is_number(type) or type not in TYPES:
        raise ValueError(
            f"type={shown(type)} is unknown; use 1 (sequential), 2 (after all terms "
            "that do not contain it) or 3 (averaged with equal weights)"
        )
    method = ddf.method(fit, df)
    single = sum(term != "Intercept" for term in fit.design.x_terms) == 1  # all types are one then
    hypotheses, notes = {1: _type1, 2: _type2, 3: _type3}[1 if single else type](fit)
    if not hypotheses:
        raise ValueError(
            f"the fixed part of {fit.formula!r} has no term besides the intercept: "
            "there is nothing to test"
        )
    rows = {}
    for term, L in hypotheses.items():
        test = method.joint(L)
        mean_sq = test.f / test.scale * fit.sigma2
        rows[term] = {
            "sum_sq": mean_sq * test.num_df,
            "mean_sq": mean_sq,
            "num_df": test.num_df,
            "den_df": test.den_df,
            "f": test.f,
            "p": test.p,
        }
        if not len(_places(fit)[term]):
            notes.append(
                f"{term}: all its columns in X are combinations of those of other terms, "
                "so the data cannot tell its effect from theirs."
            )
    if not fit.random:
        rows["Residual"] = {
            "sum_sq": fit.sigma2 * fit.df_resid,
            "mean_sq": fit.sigma2,
            "num_df": fit.df_resid,
        }
    return Table(
        pd.DataFrame.from_dict(rows, orient="index"),
        notes=notes,
        title=f"Type {TYPES[type]} tests, {df_name(fit, df)}",
        digits={"sum_sq": 6, "mean_sq": 5},
        na="NA" if fit.random else "",
    )


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
        again = np.linalg.qr(R[:, order], mode="r")[len(before) : len(before) + len(here)]
        L = np.zeros((len(here), len(R)))
        L[:, order] = again / np.diag(again[:, len(before) :])[:, None]
        hypotheses[term] = _all_columns(fit, L)
    return hypotheses, _without_other_terms(fit, hypotheses) + _at_zero(fit, hypotheses)


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
    notes = _without_other_terms(fit, hypotheses) + _at_zero(fit, hypotheses)
    containing = {other for term in places for other in contains[term]}
    lost = [
        term
        for term, where in fit.design.x_terms.items()
        if term in containing and len(places[term]) < where.stop - where.start
    ]
    if lost:
        notes.append(
            f"Some cells of {', '.join(lost)} are empty: what Type III averages over then "
            "depends on which ones, so read it with care."
        )
    return hypotheses, notes


def _without_other_terms(fit, hypotheses):
    """Keep of each hypothesis what involves no term but those that contain it; notes on the rest.

    With L = L_kept E over all columns of X the hypothesis is the same for every beta that fits
    equally well. Columns that X did not need may bring in terms that L was to be free of.
    """
    if not fit.beta.isna().any():
        return []
    E, contains, notes = expressed(fit), _containing(fit), []
    for term, L in hypotheses.items():
        others = [o for o in fit.design.x_terms if o != term and o not in contains[term]]
        everywhere = L[:, fit.beta.notna().to_numpy()] @ E
        parts = {o: everywhere[:, fit.design.x_terms[o]] for o in others}
        least = ESTIMABLE * np.abs(everywhere).max(initial=0)
        involved = [o for o in others if np.abs(parts[o]).max(initial=0) > least]
        if not involved:
            continue
        left, values, _ = np.linalg.svd(np.hstack([parts[o] for o in involved]))
        free = left[:, int((values > ESTIMABLE * values[0]).sum()) :].T
        hypotheses[term] = free @ L
        notes.append(
            f"{term}: {len(L) - len(free)} of {len(L)} degrees of freedom cannot be told "
            f"from {', '.join(involved)} and are left out."
        )
    return notes


def _at_zero(fit, hypotheses):
    """Where a term is tested that a covariate multiplies in another term, and how to move there."""
    held = {}
    for term, others in _multiplied(fit).items():
        if others and len(hypotheses[term]):
            held.setdefault(tuple(others), []).append(term)
    notes = []
    for others, terms in held.items():
        means = {name: _mean(fit, name) for name in others}
        away = [name for name in others if means[name] != 0 and _movable(fit, name, others)]
        note = f"{' and '.join(terms)} {'is' if len(terms) == 1 else 'are'} tested at "
        note += " and ".join(f"{name} = 0" for name in others)
        if not any(means.values()):
            note += f", {'its mean' if len(others) == 1 else 'their means'}"
        if away:
            one = len(away) == 1
            known = [significant(means[name]) for name in away if np.isfinite(means[name])]
            how = f" (subtract {'its mean' if one else 'their means'}, {' and '.join(known)})"
            note += f". Centre {' and '.join(away)}{how * (len(known) == len(away))} to test at "
            note += "the mean" if one else "the means"
        notes.append(f"{note}.")
    return notes


def _mean(fit, name):
    """The mean of a covariate, 0 up to rounding if it is centred; NaN if it is not known."""
    design = fit.design
    if fit.streamed:
        return np.nan
    own = design.x_terms.get(name)
    values = np.nan if own is None else np.abs(design.X[:, own].mean(axis=0)).max()
    mean = design.numeric.get(name, values)
    with_it = [where for term, where in design.x_terms.items() if name in design.x_factors[term]]
    largest = max(np.abs(design.X[:, where]).max() for where in with_it)
    return 0.0 if abs(mean) <= 1e-10 * largest else mean


def _movable(fit, name, others):
    """Whether to centre this one: a column, or a function in a term, but not of a column named, too."""
    made_of = fit.design.x_variables.get(name, ())
    known = name in fit.design.numeric or (name in fit.design.x_terms and not fit.streamed)
    return known and not set(made_of).intersection(others) - {name}


def _triangle(fit):
    """R of the kept columns of X; in a mixed model without the prior weights, as in R."""
    if not fit.random or fit.design.weights is None or fit.streamed:
        return fit.triangle
    return np.linalg.qr(fit.design.X[:, fit.kept], mode="r")


def _places(fit):
    """Where the kept columns of each term stand among all kept columns; no intercept."""
    kept = fit.beta.notna().to_numpy()
    number = np.cumsum(kept) - 1
    return {
        term: number[where][kept[where]]
        for term, where in fit.design.x_terms.items()
        if term != "Intercept"
    }


def _joined(places, terms):
    return np.concatenate([np.zeros(0, dtype=int), *(places[term] for term in terms)])


def _factors_and_covariates(fit):
    """For each term its factors, and its covariates."""
    parts = fit.design.x_factors
    factors = {t: {f for f, levels in parts[t].items() if levels is not None} for t in parts}
    return factors, {t: set(parts[t]) - factors[t] for t in parts}


def _multiplied(fit):
    """For each term the covariates that it meets in an interaction and does not have itself."""
    factors, covariates = _factors_and_covariates(fit)
    more = {
        t: [o for o in factors if factors[o] >= factors[t] and covariates[o] > covariates[t]]
        for t in factors
        if t != "Intercept" and factors[t] | covariates[t]
    }
    return {
        t: list(
            dict.fromkeys(
                c
                for o in others
                for c in fit.design.x_factors[o]
                if c in covariates[o] - covariates[t]
            )
        )
        for t, others in more.items()
    }


def _containing(fit):
    """For each term the terms that contain it: same covariates, all its factors, and more."""
    factors, covariates = _factors_and_covariates(fit)
    parts = fit.design.x_factors
    return {
        t: [o for o in parts if covariates[o] == covariates[t] and factors[o] > factors[t]]
        for t in parts
        if t != "Intercept"
    }


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
    return expressed(fit) @ M


def _rows_of_all_combinations(design, repeats):
    """X, and a matrix with a column for every level, on all combinations of each term's levels."""
    rng = np.random.default_rng(1)
    every = design.factors | design.x_examples  # a number may also stand inside C(...)
    rows = []
    for variables in dict.fromkeys(design.x_variables.values()):
        levels = {f: every[f] if f in variables else every[f][:1] for f in every}
        rows += list(product(*levels.values())) * repeats
    grid = pd.DataFrame(rows, columns=list(every))
    for name, mean in design.numeric.items():  # any values do, if functions such as log accept them
        if name not in every:
            grid[name] = rng.uniform(0.5, 1.5, len(grid)) * (mean or 1.0)
    return design.x_rows(grid), design.x_rows(grid, all_levels=True)
