r"""Comparing models: likelihood ratios, deletions of random terms, and the ANOVA shell.

    chi^2 = 2 (l_1 - l_0),    df = number of parameters of model 1 less that of model 0

The two likelihoods must be of the same kind: ML when the fixed parts differ, because REML
is the likelihood of contrasts that the fixed part itself defines; REML (or ML) when only
the random parts differ.
"""

import re
from itertools import combinations
from math import prod

import numpy as np
import pandas as pd
from scipy.linalg import lstsq, qr
from scipy.stats import chi2

from ..engine.criterion import ProfiledCriterion
from ..engine.crossproducts import with_effects
from ..engine.fit import Fit
from ..engine.formula import split_bars
from ..engine.linear import LinearFit
from ..engine.search import minimise
from ..tables import Table
from ..guards import check_fit, whole

SAME = 1e-7   # relative distance below which two matrices or column spaces are one


# --- likelihood-ratio tests ---------------------------------------------------------------


def compare(*fits, refit=True, boundary=False, names=None):
    r"""Likelihood-ratio tests of nested models, from the smallest to the largest.

    ``chi^2 = 2 (l_1 - l_0)`` on ``df = npar_1 - npar_0``, each model against the one above it.
    If the fixed parts differ all models are fitted again by ML, for REML criteria of
    different X are likelihoods of different contrasts. If X is the same for all, the REML
    criteria are compared as they are. The notes of the table say what was done.

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
    if refit not in (True, False, "ml"):
        raise ValueError(f"refit={refit!r} is unknown; use True, False or 'ml'")
    if len(fits) < 2:
        raise ValueError(f"compare needs two or more fits, not {len(fits)}; ranova(fit) tests the "
                         "random terms of a single one")
    names = [f"f{i}" for i in range(len(fits))] if names is None else [str(name) for name in names]
    if len(names) != len(fits):
        raise ValueError(f"{len(names)} names for {len(fits)} fits; give one for each")
    for fit in fits:
        if not isinstance(fit, (Fit, LinearFit)):
            raise ValueError(f"compare takes fits of mm.lmm and mm.lm, not {type(fit).__name__}")
    _same_data(fits)
    order = sorted(range(len(fits)), key=lambda i: fits[i].n_parameters)
    fits, names = [fits[i] for i in order], [names[i] for i in order]
    same_x = all(_same_columns(fits[0], fit) for fit in fits[1:])
    for i in range(len(fits) - 1):
        _nested(*fits[i:i + 2], *names[i:i + 2])
    reml, notes = _which_likelihood(fits, same_x, refit)
    logliks = [_loglik(fit, reml) for fit in fits]
    npar, nobs = np.array([fit.n_parameters for fit in fits]), fits[0].nobs
    minus2 = -2 * np.array(logliks)
    table = pd.DataFrame({
        "npar": npar, "aic": minus2 + 2 * npar, "bic": minus2 + np.log(nobs) * npar,
        "loglik": logliks, "minus2loglik": minus2,
        "chisq": np.append(np.nan, np.maximum(0, -np.diff(minus2))),
        "df": pd.array([pd.NA, *np.diff(npar)], dtype="Int64")}, index=names)
    variances = [_added_variances(a, b) for a, b in zip(fits, fits[1:])]
    table["p"] = [np.nan] + [
        _p(chisq, df, v if boundary else 0, name) for chisq, df, v, name
        in zip(table.chisq[1:], np.diff(npar), variances, names[1:])]
    notes = [f"{name}: {fit.formula}" for name, fit in zip(names, fits)] + notes
    if any(v != 0 for v in variances):
        notes += BOUNDARY_USED if boundary else BOUNDARY_HINT
    return Table(
        table, title="Likelihood-ratio tests", notes=notes, digits=_two_decimals(table), na=""
    )


def ranova(fit, reduce=True, boundary=False):
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
    if not isinstance(fit, Fit):
        raise ValueError("ranova deletes random terms, and this fit has none; fit one with mm.lmm")
    rows = [("<none>", fit.n_parameters, fit.loglik, np.nan, pd.NA, np.nan)]
    for label, T in _deletions(fit, reduce):
        loglik, n_theta = _loglik_without(fit, T)
        df = fit.products.n_theta - n_theta
        chisq = max(0.0, 2 * (fit.loglik - loglik))
        variances = sum(M.shape[0] - M.shape[1] for M in T)
        rows.append((label, fit.n_parameters - df, loglik, chisq, df,
                     _p(chisq, df, variances if boundary else 0, label)))
    labels, *columns = zip(*rows)
    table = pd.DataFrame(dict(zip(["npar", "loglik", "chisq", "df", "p"], columns)), index=labels)
    table.insert(2, "aic", 2 * table.npar - 2 * table.loglik)
    table["df"] = table.df.astype("Int64")
    notes = [
        f"Formula: {fit.formula}",
        f"By {'REML' if fit.reml else 'ML'}; the fixed part stays as it is.",
        *(BOUNDARY_USED if boundary else BOUNDARY_HINT),
    ]
    return Table(table, title="Single-term deletions of the random effects", notes=notes,
                 digits=_two_decimals(table), na="")


def anova_shell(treatments, blocks=None, n=None):
    r"""Sources of variation and their degrees of freedom, from the design alone.

    A factor with a levels has ``a - 1``, an interaction the product ``(a - 1)(b - 1)``, and
    the error of each stratum has what is left of its units: for d x t treatments in r
    complete blocks and N plots ``N - dt - (r - 1)``.

    Parameters
    ----------
    treatments : str
        For instance ``"diet*day"``; ``:``, ``*``, ``/`` and ``+`` as in model formulas.
    blocks : str, optional
        Complete blocks (``"room"``), or strata from large to small units: whole plots
        ``"block/fungicide"``, pens seen on several days ``"room/diet:rep"``.
    n : dict {factor: levels}
        Every combination of the levels is one observation; names that appear in neither
        formula are replicates within all the others.

    Returns
    -------
    Table
        One row per source: df, and how it comes about.

    Raises
    ------
    ValueError
        For factors without a number of levels, and numbers that are not positive integers.

    References
    ----------
    Fisher (1935), The Design of Experiments; Nelder (1965), Proc. R. Soc. A 283, 147-178.

    Examples
    --------
    >>> anova_shell("diet*day", blocks="room", n={"diet": 6, "day": 3, "room": 3, "rep": 5})
    ANOVA shell for 270 observations
               df                       how
    room        2                     3 − 1
    diet        5                     6 − 1
    day         2                     3 − 1
    diet:day   10            (6 − 1)(3 − 1)
    error     250  270 − 1 − 2 − 5 − 2 − 10
    total     269                   270 − 1
    Levels: diet 6, day 3, room 3, rep 5
    Error: 270 observations − 18 treatment means − 2 for blocks
    """
    treatment_terms, block_terms = (
        _shell_terms(treatments, "treatments"),
        _shell_terms(blocks, "blocks"),
    )
    n = _shell_levels(n, [f for term in [*treatment_terms, *block_terms] for f in term])
    everything = tuple(n)
    strata = [*(B for B in block_terms if set(B) != set(everything)), everything]
    # every set S of factors stands for one effect of prod(n - 1) df; the smallest units
    # that hold it are those of its stratum
    effects = [frozenset(S) for k in range(1, len(n) + 1) for S in combinations(everything, k)]
    home = {S: next(B for B in strata if S <= set(B)) for S in effects}
    owner = {}
    for T in treatment_terms:
        for S in effects:
            if S <= set(T):
                owner.setdefault(S, T)
    size = {S: prod(n[f] - 1 for f in S) for S in effects}
    rows = []
    for B in strata:
        here = [S for S in effects if home[S] is B]
        sources = [(T, [S for S in here if owner.get(S) == T]) for T in treatment_terms]
        sources = [(":".join(T), sum(size[S] for S in mine), _product_text(mine, n))
                   for T, mine in sources if mine]
        rest = sum(size[S] for S in here if S not in owner)
        last, label = B is everything, ":".join(B)
        above = [df for name, df, _, stratum in rows if set(stratum) <= set(B)] + [
            df for _, df, _ in sources
        ]
        left = " − ".join(map(str, [prod(n[f] for f in B), 1, *above]))
        if last:
            sources.append(("error", rest, left))
        elif sources and rest:
            sources.append((f"error of {label}", rest, left))
        elif rest:
            sources = [(label, rest, _product_text([S for S in here if S not in owner], n))]
        rows += [(*source, B) for source in sources]
    total = prod(n.values())
    labels, df, how = zip(*(row[:3] for row in rows), ("total", total - 1, f"{total} − 1"))
    table = pd.DataFrame({"df": df, "how": how}, index=labels)
    notes = ["Levels: " + ", ".join(f"{f} {k}" for f, k in n.items())]
    if sum(name.startswith("error") for name in labels) == 1:
        means = 1 + sum(size[S] for S in owner)
        notes.append(
            f"Error: {total} observations − {means} treatment means"
            f" − {total - means - table.df['error']} for blocks".replace(" − 0 for blocks", "")
        )
    if table.df["error"] == 0:
        notes.append(
            "Nothing is left for the error: replicate, or leave the highest interaction out."
        )
    return Table(table, title=f"ANOVA shell for {total} observations", notes=notes)


# --- which models can be compared ---------------------------------------------------------


BOUNDARY_HINT = ["A variance cannot be negative, so p from chi-square is too large when a variance",
                 "is tested; boundary=True gives the mixture for one variance."]
BOUNDARY_USED = ["p for a variance: half from chi-square on d - 1 df and half on d df."]


def _streamed(*fits):
    return any(fit.design.X is None for fit in fits)


def _same_data(fits):
    first = fits[0]
    for fit in fits[1:]:
        if fit.nobs != first.nobs:
            raise ValueError(
                f"the models use different rows: {fit.formula!r} has {fit.nobs}, "
                f"{first.formula!r} has {first.nobs}; drop the rows with missing values first, "
                "data.dropna(subset=[...]), and fit all models to what is left"
            )
        if fit.design.y_name != first.design.y_name:
            raise ValueError(
                f"the models have different responses, {first.design.y_name} and "
                f"{fit.design.y_name}; likelihoods of different responses cannot be compared"
            )
        if _streamed(first, fit):
            continue
        if not np.array_equal(fit.y, first.y):
            raise ValueError(
                f"the response {first.design.y_name} differs between {first.formula!r} and "
                f"{fit.formula!r}; fit all models to the same rows, in the same order"
            )
        if not np.allclose(fit.design.row_weights, first.design.row_weights, rtol=SAME, atol=0):
            raise ValueError(f"the weights differ between {first.formula!r} and {fit.formula!r}; "
                             "fit all models with the same weights")


def _same_columns(a, b):
    if _streamed(a, b):
        R, S = a.products.R, b.products.R
        return list(a.cov_beta.index) == list(b.cov_beta.index) and np.allclose(
            R.T @ R, S.T @ S, rtol=SAME
        )
    X, Y = a.X.to_numpy(), b.X.to_numpy()
    return X.shape == Y.shape and np.allclose(X, Y, rtol=SAME, atol=SAME * np.abs(X).max())


def _nested(small, large, small_name, large_name):
    """Every V and every mean of the smaller model must be one of the larger."""
    pair = f"{small_name} ({small.formula}) and {large_name} ({large.formula})"
    if small.n_parameters == large.n_parameters:
        raise ValueError(
            f"{pair} have the same number of parameters ({small.n_parameters}), so neither is a "
            "special case of the other; compare their AIC"
        )
    outside = _columns_outside(small, large)
    if outside:
        raise ValueError(
            f"{pair} are not nested: the larger model cannot produce the fixed part of the "
            f"smaller ({', '.join(outside[:3])}); compare their AIC after ML fits"
        )
    outside = _terms_outside(small, large)
    if outside:
        raise ValueError(f"{pair} are not nested: the larger model has no variance that stands for "
                         f"{', '.join(outside)} of the smaller; compare their AIC")


def _columns_outside(small, large):
    """Names of the columns of the smaller X that no combination of the larger X gives."""
    if _streamed(small, large):
        return [name for name in small.cov_beta.index if name not in set(large.cov_beta.index)]
    X0, X1 = small.X, large.X
    X0 = X0[[name for name in X0 if name not in X1 or not np.array_equal(X0[name], X1[name])]]
    if not X0.shape[1]:
        return []
    Q = qr(X1.to_numpy(), mode="economic")[0]
    rest = X0.to_numpy() - Q @ (Q.T @ X0.to_numpy())
    far = np.linalg.norm(rest, axis=0) > SAME * np.linalg.norm(X0.to_numpy(), axis=0)
    return list(X0.columns[far])


def _terms_outside(small, large):
    """Random terms of the smaller model whose covariance the larger model cannot produce.

    V is linear in the variances, so both sets of matrices are compared by what they do to
    two random vectors: no n x n matrix is needed. Whatever covariance a term of the smaller
    model has, the larger model must produce it with covariances of its own.
    """
    if _streamed(small, large):
        there = [(term.group, set(term.names)) for term in large.terms]
        return [
            str(term.bar)
            for term in small.terms
            if not any(term.group == group and set(term.names) <= names for group, names in there)
        ]
    rng = np.random.default_rng(1)
    w = rng.standard_normal((2, small.nobs))
    A = np.column_stack([*(_covariance_actions(term, w) for term in large.terms),
                         (w / large.design.row_weights).ravel()])
    A /= (scale := np.linalg.norm(A, axis=0))
    outside = []
    for term in small.terms:
        B = _covariance_actions(term, w)
        C = lstsq(A, B)[0]
        reached = np.linalg.norm(A @ C - B, axis=0) <= SAME * np.linalg.norm(B, axis=0)
        C[np.abs(C) < 1e-9 * np.abs(C).max()] = 0.0  # rounding
        if not (reached.all() and _keeps_covariances(C / scale[:, None], term, large.terms, rng)):
            outside.append(str(term.bar))
    return outside


def _covariance_actions(term, w):
    """G_r w for every entry r = (i, j), i >= j, of the covariance matrix of a term."""
    J = len(term.levels)
    x = term.x

    def once(i, j, v):
        return x[:, i] * np.bincount(term.codes, x[:, j] * v, minlength=J)[term.codes]

    return np.column_stack(
        [
            np.concatenate([once(i, j, v) + (once(j, i, v) if i != j else 0) for v in w])
            for j, i in zip(*np.triu_indices(x.shape[1]))
        ]
    )


def _keeps_covariances(C, term, terms, rng, tries=4):
    """Whether C sends covariance matrices of `term` to covariance matrices of `terms`."""
    k = len(term.names)
    j, i = np.triu_indices(k)
    for v in rng.standard_normal((tries, k)):
        entries, at = C @ (v[i] * v[j]), 0
        for other in terms:
            b, a = np.triu_indices(len(other.names))
            Sigma = np.zeros((len(other.names),) * 2)
            Sigma[a, b] = Sigma[b, a] = entries[at:at + len(a)]
            at += len(a)
            d = np.sqrt(np.abs(np.diag(Sigma)))
            d[d == 0] = 1.0
            if np.linalg.eigvalsh(Sigma / np.outer(d, d))[0] < -1e-5:
                return False
        if entries[-1] < 0:  # the residual variance
            return False
    return True


# --- likelihoods and p-values -------------------------------------------------------------


def _which_likelihood(fits, same_x, refit):
    """True for REML, and what to tell the reader about it."""
    kinds = {fit.reml for fit in fits if isinstance(fit, Fit)}
    any_reml, ml_needed = True in kinds, not same_x or False in kinds
    if refit is False:
        if any_reml and not same_x:
            raise ValueError(
                "the fixed parts differ, and REML criteria of different fixed parts cannot be "
                "compared: each is the likelihood of its own contrasts of y; use refit=True, "
                "which fits by ML"
            )
        if any_reml and (
            False in kinds or len(kinds) and not all(isinstance(f, Fit) for f in fits)
        ):
            raise ValueError(
                "some models are fitted by REML and some by ML, two different likelihoods; "
                "use refit=True, or fit all with the same reml=..."
            )
        return any_reml, ["REML criteria, as fitted." if any_reml else "ML, as fitted."]
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


def _loglik(fit, reml):
    if isinstance(fit, Fit):
        return fit.loglik if fit.reml == reml else fit.refit(reml=reml).loglik
    if not reml:
        return fit.loglik
    m = fit.df_resid
    minus2 = (
        m * (1 + np.log(2 * np.pi * fit.sigma2))
        + 2 * np.log(np.abs(np.diag(fit.triangle))).sum()
        - np.log(fit.design.row_weights).sum()
    )
    return -minus2 / 2


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
        return float(chi2.sf(chisq, df))
    if variances != 1:
        raise ValueError(
            f"{name}: the half-and-half rule holds for one variance at a time; use "
            "boundary=False, or compare models that differ by one random effect"
        )
    below = chi2.sf(chisq, df - 1) if df > 1 else float(chisq <= 0)
    return float((below + chi2.sf(chisq, df)) / 2)


def _two_decimals(table):
    """Significant digits that show likelihoods to two decimals."""
    return {name: int(np.log10(max(1, table[name].abs().max()))) + 3
            for name in ("aic", "bic", "loglik", "minus2loglik") if name in table}


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
            yield label, [*full[:t], M, *full[t + 1:]]


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


# --- the shell ----------------------------------------------------------------------------


def _shell_terms(text, what):
    """Terms of a formula as tuples of names, main effects first."""
    if text is None:
        return []
    if "(" in text or "|" in text or "~" in text:
        raise ValueError(f"{what}={text!r}: join names by + : * or / only, for instance 'diet*day'")
    terms = [
        bar.factors for piece in text.split("+") for bar in split_bars(f"y ~ (1 | {piece})").bars
    ]
    return sorted(dict.fromkeys(terms), key=len)


def _shell_levels(n, needed):
    if not isinstance(n, dict):
        raise ValueError(
            "n gives the levels of every factor, for instance n={'diet': 6, 'day': 3, 'rep': 15}"
        )
    missing = [f for f in dict.fromkeys(needed) if f not in n]
    if missing:
        raise ValueError(
            f"n has no number of levels for {', '.join(missing)}; add it, n={{'{missing[0]}': ...}}"
        )
    for factor, levels in n.items():
        whole(f"n[{factor!r}]", levels)
    return {**{f: int(n[f]) for f in dict.fromkeys(needed)}, **{f: int(k) for f, k in n.items()}}


def _product_text(sets, n):
    """'(6 − 1)(3 − 1)', or '3·(4 − 1)' for a nested factor; a sum if there is no product."""
    common, widest = frozenset.intersection(*sets), frozenset.union(*sets)
    if len(sets) == 2 ** (len(widest) - len(common)):
        if len(widest) == 1:
            return f"{n[next(iter(widest))]} − 1"
        return "".join([*(f"{n[f]}·" for f in n if f in widest - common),
                        *(f"({n[f]} − 1)" for f in n if f in common)])
    return " + ".join(_product_text([S], n) for S in sets)
