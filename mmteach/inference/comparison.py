r"""Comparing models: likelihood ratios, and deletions of random terms.

    chi^2 = 2 (l_1 - l_0),    df = number of parameters of model 1 less that of model 0

The two likelihoods must be of the same kind: ML when the fixed parts differ, because REML
is the likelihood of contrasts that the fixed part itself defines; REML (or ML) when only
the random parts differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..engine.criterion import ProfiledCriterion
from ..engine.crossproducts import with_effects
from ..engine.search import minimise
from ..guards import check_fit, one_of, truth
from ..tables import Table
from ..words import shown
from .distributions import chi2_p_value
from .nested import check_nested, check_same_data, same_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit

BOUNDARY_HINT = [
    "A variance cannot be negative, so p from chi-square is too large when a variance",
    "is tested; boundary=True gives the mixture for one variance.",
]
BOUNDARY_USED = ["p for a variance: half from chi-square on d - 1 df and half on d df."]


# --- likelihood-ratio tests ---------------------------------------------------------------


def compare(
    *fits: Fit | LinearFit,
    refit: bool | str = True,
    boundary: bool = False,
    names: Sequence[str] | None = None,
) -> Table:
    r"""Likelihood-ratio tests of nested models, from the smallest to the largest.

    ``chi^2 = 2 (l_1 - l_0)`` on ``df = npar_1 - npar_0``, each model against the one above it.
    If the fixed parts differ all models are fitted again by ML, for REML criteria of
    different X are likelihoods of different contrasts. If X is the same for all, the REML
    criteria are compared as they are. A line below the table says which likelihood it is.

    Parameters
    ----------
    *fits : two or more fits of `lmm` or `lm`
        On the same rows and the same response, each model a special case of the next.
    refit : True, False or "ml"
        True: as above. "ml": always by ML, as R's ``anova()`` does. False: as fitted.
    boundary : bool
        A variance cannot be negative, so under the smaller model one more variance (with
        d - 1 covariances) has ``p`` from ``(chi^2_{d-1} + chi^2_d) / 2`` and not from chi^2_d.
    names : list of str, optional
        Labels of the models in the table.

    Returns
    -------
    Table
        One row per model: npar, aic, bic, loglik, minus2loglik, chisq, df, p.

    Raises
    ------
    ValueError
        For different rows, responses or weights, models that are not nested or have the
        same parameters, and REML fits with different fixed parts if ``refit=False``.

    References
    ----------
    Self and Liang (1987), JASA 82, 605-610; Stram and Lee (1994), Biometrics 50, 1171-1177.

    Examples
    --------
    >>> import mmteach as mm
    >>> sleep = mm.load("sleepstudy")
    >>> f0 = mm.lmm("reaction_ms ~ days + (1 | subject)", sleep)
    >>> f1 = mm.lmm("reaction_ms ~ days + (days | subject)", sleep)
    >>> compare(f0, f1)[["npar", "loglik", "chisq", "df"]].round(2)
        npar  loglik  chisq  df
    f0     4 -893.23    NaN <NA>
    f1     6 -871.81  42.84    2
    """
    one_of("refit", refit, (True, False, "ml"))
    truth("boundary", boundary)
    if len(fits) < 2:
        raise ValueError(
            f"compare needs two or more fits, not {len(fits)}; ranova(fit) tests the "
            "random terms of a single one"
        )
    names = [f"f{i}" for i in range(len(fits))] if names is None else names
    if not isinstance(names, (list, tuple, pd.Index)):
        raise ValueError(f"names is {shown(names)}; give a list with a name for each fit")
    names = [str(name) for name in names]
    if len(names) != len(fits):
        raise ValueError(f"{len(names)} names for {len(fits)} fits; give one for each")
    for fit in fits:
        check_fit(fit, "compare")
    check_same_data(fits)
    order = sorted(range(len(fits)), key=lambda i: fits[i].n_parameters)
    fits, names = [fits[i] for i in order], [names[i] for i in order]
    same_x = all(same_columns(fits[0], fit) for fit in fits[1:])
    for i in range(len(fits) - 1):
        check_nested(*fits[i : i + 2], *names[i : i + 2])
    reml, notes = _which_likelihood(fits, same_x, refit)
    logliks = [fit.loglik_by(reml) for fit in fits]
    npar, nobs = np.array([fit.n_parameters for fit in fits]), fits[0].nobs
    minus2 = -2 * np.array(logliks)
    table = pd.DataFrame(
        {
            "npar": npar,
            "aic": minus2 + 2 * npar,
            "bic": minus2 + np.log(nobs) * npar,
            "loglik": logliks,
            "minus2loglik": minus2,
            "chisq": np.append(np.nan, np.maximum(0, -np.diff(minus2))),
            "df": pd.array([pd.NA, *np.diff(npar)], dtype="Int64"),
        },
        index=names,
    )
    variances = [_added_variances(a, b) for a, b in zip(fits, fits[1:])]
    table["p"] = [np.nan] + [
        _p(chisq, df, v if boundary else 0, name)
        for chisq, df, v, name in zip(table.chisq[1:], np.diff(npar), variances, names[1:])
    ]
    notes = [f"{name}: {fit.formula}" for name, fit in zip(names, fits)] + notes
    if any(v != 0 for v in variances):
        notes += BOUNDARY_USED if boundary else BOUNDARY_HINT
    return Table(
        table, title="Likelihood-ratio tests", notes=notes, digits=_two_decimals(table), na=""
    )


def ranova(fit: Fit, reduce: bool = True, boundary: bool = False) -> Table:
    r"""Single-term deletions of the random terms, by the likelihood of the fit (REML or ML).

    ``chi^2 = 2 (l - l_reduced)``. A slope goes together with its covariances: ``(x | g)`` is
    reduced to ``(1 | g)`` on 2 df. A model that loses its only random term is compared with
    least squares, which is the same likelihood at a variance of zero.

    Parameters
    ----------
    fit : Fit
    reduce : bool
        False: every term is deleted as a whole, ``(x | g)`` on 3 df.
    boundary : bool
        As in `compare`: half chi^2_{d-1} and half chi^2_d for a single variance.

    Returns
    -------
    Table
        One row for the fit and one per deletion: npar, loglik, aic, chisq, df, p.

    Raises
    ------
    ValueError
        For a fit without random terms, or a deletion of several variances with `boundary`.

    References
    ----------
    Kuznetsova, Brockhoff and Christensen (2017), J. Stat. Software 82(13); Stram and Lee
    (1994), Biometrics 50, 1171-1177.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> ranova(fit)[["npar", "loglik", "chisq", "df"]].round(3)
                              npar   loglik   chisq    df
    <none>                       6 -871.814     NaN  <NA>
    days in (days | subject)     4 -893.233  42.837     2
    """
    check_fit(fit, "ranova")
    if not fit.random:
        raise ValueError("ranova deletes random terms, and this fit has none; fit one with mm.lmm")
    truth("reduce", reduce)
    truth("boundary", boundary)
    rows = [("<none>", fit.n_parameters, fit.loglik, np.nan, pd.NA, np.nan)]
    for label, T in _deletions(fit, reduce):
        loglik, n_theta = _loglik_without(fit, T)
        df = fit.products.n_theta - n_theta
        chisq = max(0.0, 2 * (fit.loglik - loglik))
        variances = sum(M.shape[0] - M.shape[1] for M in T)
        rows.append(
            (
                label,
                fit.n_parameters - df,
                loglik,
                chisq,
                df,
                _p(chisq, df, variances if boundary else 0, label),
            )
        )
    labels, *columns = zip(*rows)
    table = pd.DataFrame(dict(zip(["npar", "loglik", "chisq", "df", "p"], columns)), index=labels)
    table.insert(2, "aic", 2 * table.npar - 2 * table.loglik)
    table["df"] = table.df.astype("Int64")
    notes = [
        f"Formula: {fit.formula}",
        f"By {'REML' if fit.reml else 'ML'}; the fixed part stays as it is.",
        *(BOUNDARY_USED if boundary else BOUNDARY_HINT),
    ]
    return Table(
        table,
        title="Single-term deletions of the random effects",
        notes=notes,
        digits=_two_decimals(table),
        na="",
    )


# --- likelihoods and p-values -------------------------------------------------------------


def _which_likelihood(fits, same_x, refit):
    """True for REML, and what to tell the reader about it."""
    kinds = {fit.reml for fit in fits if fit.random}
    any_reml, ml_needed = True in kinds, not same_x or False in kinds
    if refit is False:
        if any_reml and not same_x:
            raise ValueError(
                "the fixed parts differ, and REML criteria of different fixed parts cannot be "
                "compared: each is the likelihood of its own contrasts of y; use refit=True, "
                "which fits by ML"
            )
        if any_reml and (False in kinds or len(kinds) and not all(f.random for f in fits)):
            raise ValueError(
                "some models are fitted by REML and some by ML, two different likelihoods; "
                "use refit=True, or fit all with the same reml=..."
            )
        as_fitted = "REML criteria of the same fixed part" if any_reml else "ML"
        return any_reml, [f"{as_fitted}, as fitted."]
    if not any_reml:
        return False, ["All models are fitted by ML."]
    if refit == "ml":
        return False, ["The models were fitted again by ML, as asked for."]
    if not same_x:
        return False, [
            "The fixed parts (or their coding) differ: the models were fitted again by ML."
        ]
    if ml_needed:
        return False, ["Some models were fitted by ML, so all were fitted by ML."]
    return True, ["The fixed parts are the same: REML criteria are compared as they are."]


def _added_variances(small, large):
    """How many variances the larger model adds; None where the half-and-half rule has no answer."""
    before, after = ([len(term.names) for term in fit.terms] for fit in (small, large))
    added = sum(after) - sum(before)
    if added == 0:
        return 0
    df = large.n_parameters - small.n_parameters
    # one new effect in a term of then d effects brings one variance and d - 1 covariances
    return 1 if added == 1 and df in after and len(small.cov_beta) == len(large.cov_beta) else None


def _p(chisq, df, variances, name):
    """Upper tail of chi^2_df; for one variance, of half chi^2_{df-1} and half chi^2_df."""
    if variances == 0:
        return chi2_p_value(chisq, df)
    if variances != 1:
        raise ValueError(
            f"{name}: the half-and-half rule holds for one variance at a time; use "
            "boundary=False, or compare models that differ by one random effect"
        )
    below = chi2_p_value(chisq, df - 1) if df > 1 else float(chisq <= 0)
    return float((below + chi2_p_value(chisq, df)) / 2)


def _two_decimals(table):
    """Significant digits that show likelihoods to two decimals."""
    return {
        name: int(np.log10(max(1, table[name].abs().max()))) + 3
        for name in ("aic", "bic", "loglik", "minus2loglik")
        if name in table
    }


# --- deleting random terms ----------------------------------------------------------------


def _loglik_without(fit, T):
    """Log-likelihood, and number of theta, of the model with left sides x T."""
    if not any(M.shape[1] for M in T):
        return -fit.profiled(np.zeros(fit.products.n_theta)) / 2, 0
    criterion = ProfiledCriterion(with_effects(fit.products, T), fit.reml)
    return -criterion(minimise(criterion)[0]) / 2, criterion.products.n_theta


def _deletions(fit, reduce):
    """(label, T) for every deletion: a term of the left side where there is one, else the bar."""
    full = [np.eye(len(term.names)) for term in fit.terms]
    for t, term in enumerate(fit.terms):
        for label, M in (
            _smaller_sides(term) if reduce else [(_bar_text(term), np.eye(len(term.names))[:, :0])]
        ):
            yield label, [*full[:t], M, *full[t + 1 :]]


def _smaller_sides(term):
    """The left side without each of its terms that no other term contains."""
    parts, variables, k = term.left.terms, term.left.variables, len(term.names)
    slopes = [name for name in parts if name != "Intercept"]
    if not slopes:
        return [(_bar_text(term), np.zeros((k, 0)))]
    free = [a for a in slopes if not any(set(variables[a]) < set(variables[b]) for b in slopes)]
    sides = []
    for name in free:
        kept = np.delete(np.eye(k), parts[name], axis=1)
        if not kept.shape[1] and any(term.left.factors[name].values()):
            kept = np.ones((k, 1))  # the indicators of all levels add up to an intercept
        sides.append((f"{name} in {_bar_text(term)}", kept))
    return sides


def _bar_text(term):
    return re.sub(r"^\(1 \+ ", "(", str(term.bar))
