r"""Estimated marginal means: what the model predicts for a level, averaged over the others.

    mean = l'beta_hat,    l = sum_g w_g x_g    over the reference grid,  sum_g w_g = 1

The reference grid holds every combination of the levels of the factors in the fixed part,
each covariate at its mean; x_g is the row of X that a plot with combination g would have. All
levels count alike, however many plots they have: that is what sets these means apart from
raw ones. A factor nested in another (rep in site_year) has only the combinations that exist,
and is averaged within its nest first.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import brentq
from scipy.sparse import csr_array

from . import ddf
from . import anova
from ..tables import Table, significant
from ..words import UnknownName, listed, near
from ..guards import check_fit, check_level

ADJUSTMENTS = {"tukey": "Tukey", "dunnettx": "Dunnett, approximately", "dunnett": "Dunnett",
               "sidak": "Sidak", "holm": "Holm", "bonferroni": "Bonferroni"}
DEFAULTS = {"pairwise": "tukey", "trt.vs.ctrl": "dunnettx"}
MADE_FOR = {"tukey": "pairwise", "dunnettx": "trt.vs.ctrl", "dunnett": "trt.vs.ctrl"}
LARGEST_GRID = 2_000_000   # combinations; more are a design that at= should cut down
ROWS_AT_ONCE = 20_000      # rows of X laid out at one time
NODES = np.arange(-42, 43) / 5   # the trapezoidal rule is good to 1e-12 here: its ends are flat
PHI = 0.2 * np.exp(-NODES ** 2 / 2) / np.sqrt(2 * np.pi)


class Means(Table):
    """A `Table` of means, or of contrasts of means, that knows its weights.

    `L` is a DataFrame with one row per mean and one column per coefficient: the means are
    ``L @ fit.beta``. `origin` is what `contrasts` needs to go on from here.
    """

    _metadata = [*Table._metadata, "L", "origin"]


class Origin(NamedTuple):
    """The model and the choices behind a table of means."""

    fit: object
    cells: pd.DataFrame    # levels of by and specs, one row per mean
    specs: list
    by: list
    df: str
    level: float


def emmeans(fit, specs, by=None, at=None, df="kenward-roger", level=0.95, nesting=True):
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
    possible = anova.estimable(fit, L)
    tests = _tests(fit, L, possible, df)
    half = ddf.t_quantile((1 + level) / 2, tests.df) * tests.se
    table = cells.assign(mean=tests.estimate, se=tests.se, df=tests.df, lower=tests.estimate - half,
                         upper=tests.estimate + half)
    what = " of " * bool(specs) + ", ".join(shown[len(by):]) + " by " * bool(by) + ", ".join(by)
    result = Means(table, title=f"Estimated marginal means{what}, {anova.df_name(fit, df)}",
                   notes=[*_averaging(grid, shown), *_interactions(grid, shown),
                          *_not_estimable(grid, shown, cell, cells, possible), *_scale(fit, level)])
    result.L = pd.DataFrame(L, columns=fit.beta.index, index=_labels(cells, shown))
    result.origin = Origin(fit, cells, specs, by, df, level)
    return result


def contrasts(emm, method="pairwise", adjust="default", ref=None, level=None):
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
    origin = getattr(emm, "origin", None)
    if origin is None:
        raise ValueError("contrasts needs the table that emmeans returned: a selection or a copy "
                         "no longer knows its model, so choose levels by emmeans(..., at={...})")
    if ref is not None and not _is(method, "trt.vs.ctrl"):
        raise ValueError("ref names the control of method='trt.vs.ctrl': use that method, or leave "
                         "ref out")
    fit, level = origin.fit, origin.level if level is None else level
    check_level(level)
    adjust = _adjustment(adjust, method)
    labels, means = np.array(_labels(origin.cells, origin.specs)), emm.L.to_numpy()
    groups = _groups(origin)
    own = [_weights(method, labels[rows].tolist(), ref) for rows in groups]
    names = [name for in_group, _ in own for name in in_group]
    if not names:
        raise ValueError(f"{method} contrasts compare two or more means, but there is only one"
                         + " in each group" * bool(origin.by))
    L = np.vstack([W @ means[rows] for rows, (_, W) in zip(groups, own)])
    table = _tests(fit, L, anova.estimable(fit, L), origin.df)
    p, half = table.p.to_numpy(copy=True), table.se.to_numpy(copy=True)
    sizes = [len(W) for _, W in own]
    for rows, end, m in zip(groups, np.cumsum(sizes), sizes):
        if m:
            part = slice(end - m, end)
            t, df = table.t.to_numpy()[part], table.df.to_numpy()[part]
            p[part], critical = _together(adjust, t, df, p[part], len(rows), level)
            half[part] *= critical
    first = np.repeat([rows[0] for rows in groups], sizes)
    out = origin.cells[origin.by].iloc[first].reset_index(drop=True).assign(contrast=names)
    index = _labels(out, [*origin.by, "contrast"])
    table = table.assign(p=p, lower=table.estimate - half, upper=table.estimate + half)
    result = Means(pd.concat([out, table], axis=1),
                   title=f"Contrasts of means, {anova.df_name(fit, origin.df)}",
                   notes=_family(adjust, groups, own, origin.by, level))
    result.L, result.origin = pd.DataFrame(L, columns=fit.beta.index, index=index), None
    return result


def _tests(fit, L, possible, df):
    """`ddf.row_tests` of the rows of L that are possible, NaN for the others."""
    tests = ddf.row_tests(fit, L[possible], df)
    tests.index = np.flatnonzero(possible)
    return tests.reindex(range(len(L)))


def _labels(cells, names):
    """The levels of each row joined by ``:``, as in the names of an interaction."""
    if not len(names):
        return ["mean"] * len(cells)
    return [":".join(map(str, row)) for row in cells[names].itertuples(index=False)]


# --- the reference grid -------------------------------------------------------------------


class ReferenceGrid:
    """The combinations of levels and covariate values over which a model is averaged.

    Attributes
    ----------
    values : dict, predictor -> Index of its levels, or of the values of a covariate
    factors : the predictors that have levels
    means : dict, covariate at its mean -> that mean
    observed : DataFrame of codes, the combinations of levels in the data
    nests : dict, factor -> the factors that it is nested in
    codes, weight : DataFrame with a row for each combination, and how much it counts
    averaged : the predictors with more than one value
    terms : the sets of predictors that stand together in a term
    """

    def __init__(self, fit, at=None, nesting=True):
        if at is not None and not isinstance(at, dict):
            raise ValueError("at holds a value, or a list of them, for each predictor to fix, such "
                             f"as at={{'days': [0, 5]}}, not {at!r}")
        self.fit, self.design, self.at = fit, fit.design, dict(at or {})
        self.values = self._levels()
        self.factors = list(self.values)
        self.means = {}
        self.names(self.at, [*self.factors, *self.design.numeric])
        for name in self.design.numeric:
            if name not in self.factors:
                self.values[name] = self._covariate(name)
        self.observed = self._observed()
        self.nests = _nests(self.observed) if nesting else {}
        self.codes, self.weight = self._combinations()
        self.averaged = {name for name in self.values if self.codes[name].nunique() > 1}
        self.terms = list(dict.fromkeys(map(frozenset, self.design.x_variables.values())))

    def names(self, names, known=None):
        """The names of some predictors as a list without repeats, checked."""
        known = list(self.values) if known is None else known
        names = [] if names is None else names
        names = list(names) if pd.api.types.is_list_like(names) else [names]
        for name in names:
            if name not in known:
                raise _unknown(name, known, self.fit)
        return list(dict.fromkeys(names))

    def cells(self, shown):
        """For each combination the number of its cell, and the levels of the cells as a table."""
        if not shown:
            return np.zeros(len(self.codes), dtype=int), pd.DataFrame(index=range(1))
        cell = self.codes.groupby(shown).ngroup().to_numpy()
        first = np.unique(cell, return_index=True)[1]
        codes = self.codes.iloc[first]
        return cell, pd.DataFrame({
            name: pd.Categorical.from_codes(codes[name], self.values[name]) if name in self.factors
            else self.values[name].take(codes[name]) for name in shown})

    def rows(self, cell, n):
        """(n, columns of X): in each cell the weighted mean of the rows of X."""
        share = self.weight / np.bincount(cell, self.weight)[cell]
        L = np.zeros((n, len(self.design.x_names)))
        for start in range(0, len(cell), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            X = self._x_rows(self.codes[part])
            L += csr_array((share[part], (cell[part], np.arange(len(X)))), shape=(n, len(X))) @ X
        return L

    def _x_rows(self, codes):
        return self.design.x_rows(pd.DataFrame({
            name: values.take(codes[name]) if name in codes else values.take([0] * len(codes))
            for name, values in self.values.items()}))

    def _levels(self):
        """The levels of each factor; a covariate that also occurs as C(x) has levels, too."""
        levels = {name: pd.Index(items) for name, items in self.design.factors.items()}
        for term, parts in self.design.x_factors.items():
            variables, items = self.design.x_variables[term], list(parts.values())
            if len(variables) == 1 and variables[0] in self.design.numeric and items != [None]:
                levels[variables[0]] = pd.Index(pd.to_numeric(items[0], downcast="integer"))
        return levels

    def _covariate(self, name):
        if name in self.at:
            values = np.unique(np.asarray(self.at[name]))
            if values.dtype.kind not in "iuf" or not len(values) or not np.isfinite(values).all():
                raise ValueError(f"'{name}' is numeric, so at['{name}'] must be a number or a list "
                                 "of numbers")
            return pd.Index(values)
        if self.design.X is None:
            raise ValueError(f"a streamed fit does not keep the mean of '{name}': choose a value, "
                             f"at={{'{name}': ...}}")
        self.means[name] = self.design.numeric[name]
        return pd.Index([self.means[name]])

    def _observed(self):
        """The combinations of levels in the data, read back from X.

        The code of a factor is a linear function of the columns of X that hold the factor, if
        it occurs in a term without covariates (if not, it is left out here).
        """
        found = {}
        for name in self.factors if self.design.X is not None else []:
            pure = [variables for variables in self.design.x_variables.values()
                    if name in variables and set(variables) <= set(self.factors)]
            if pure:
                found[name] = self._codes_in_data(name, min(pure, key=len))
        found = {name: codes for name, codes in found.items() if codes is not None}
        return pd.DataFrame(found).drop_duplicates(ignore_index=True)

    def _codes_in_data(self, name, variables):
        codes = pd.MultiIndex.from_product([range(len(self.values[v])) for v in variables],
                                           names=variables).to_frame(index=False)
        columns = np.concatenate([np.arange(len(self.design.x_names))[where] for term, where
                                  in self.design.x_terms.items()
                                  if set(self.design.x_variables[term]) <= set(variables)])
        X = self._x_rows(codes)[:, columns]
        weights = np.linalg.lstsq(X, codes[name], rcond=None)[0]
        if np.abs(X @ weights - codes[name]).max() > 1e-6:
            return None
        return np.rint(self.design.X[:, columns] @ weights).astype(int)

    def _combinations(self):
        """All combinations that exist; each factor spreads its weight evenly over its levels."""
        grid = pd.DataFrame({"": [1.0]})  # the weights, under a name that no predictor has
        for name in sorted(self.values, key=lambda name: len(self.nests.get(name, ()))):
            kept = range(len(self.values[name]))
            if name in self.at and name in self.factors:
                kept = _places(self.at[name], self.values[name], name)
            parents = self.nests.get(name)
            if parents:
                pairs = self.observed[[*parents, name]].drop_duplicates()
                grid = grid.merge(pairs[pairs[name].isin(kept)], on=parents)
                grid[""] /= grid.groupby([*grid.columns.drop(["", name])])[name].transform("size")
            else:
                if len(grid) * len(kept) > LARGEST_GRID:
                    raise ValueError(
                        f"the reference grid has more than {LARGEST_GRID} combinations of "
                        f"{', '.join(self.values)}: keep some levels, at={{'{name}': [...]}}")
                grid = grid.merge(pd.DataFrame({name: kept}), how="cross")
                grid[""] /= len(kept)
        if not len(grid):
            raise ValueError(f"the data hold no combination of the levels in at={self.at!r}")
        return grid.drop(columns=""), grid[""].to_numpy()


def _nests(observed):
    """factor -> those that it is nested in: each level of it occurs in one level of theirs."""
    nests = {}
    for name in observed:
        for parent in observed.columns.drop(name):
            pairs = observed[[name, parent]].drop_duplicates()
            twins = name in nests.get(parent, ())  # one to one: to be nested one way is enough
            if len(pairs) == pairs[name].nunique() and pairs[parent].nunique() > 1 and not twins:
                nests.setdefault(name, []).append(parent)
    return nests


def _places(wanted, levels, name):
    """Positions of the wanted levels in their order; 175 finds the level "175"."""
    wanted, places = [wanted] if np.ndim(wanted) == 0 else list(wanted), set()
    if not wanted:
        raise ValueError(f"at['{name}'] is empty: name one or more of {listed(levels)}")
    for item in wanted:
        found = [i for i, level in enumerate(levels) if level == item or str(level) == str(item)]
        if not found:
            raise ValueError(f"'{item}' is not a level of '{name}'; {near(item, levels)}they "
                             f"are {listed(levels)}")
        places.update(found)
    return sorted(places)


def _unknown(name, known, fit):
    if any(name in term.bar.factors for term in fit.terms):
        return UnknownName(f"'{name}' is in the random part of the model, and these are means of "
                             "its fixed part; fit.ranef() has the predicted effects of its levels")
    known_ones = f"its predictors are {listed(known)}" if known else "it has only an intercept"
    return UnknownName(f"there is no '{name}' in the fixed part of the model; "
                         f"{near(name, known)}{known_ones}")


# --- what the reader of the means should know ------------------------------------------------


def _averaging(grid, shown):
    """What was averaged over, and where the covariates were held."""
    over, held = [], []
    for name in [n for n in grid.values if n not in shown]:
        used = [significant(v) if isinstance(v, float) else str(v)
                for v in grid.values[name].take(np.unique(grid.codes[name]))]
        if name in grid.means:
            held.append(f"{name} = {used[0]} (its mean)")
        elif len(used) == 1:
            held.append(f"{name} = {used[0]}")
        else:
            nest = f" (nested in {', '.join(grid.nests[name])})" if name in grid.nests else ""
            over.append(name + nest + (f" ({listed(used)})" if name in grid.at else ""))
    notes = [f"{name} is nested in {', '.join(grid.nests[name])}."
             for name in shown if name in grid.nests]
    notes += [f"Averaged over {', '.join(over)}, with equal weights."] if over else []
    return notes + ([f"At {', '.join(held)}."] if held else [])


def _interactions(grid, shown):
    """Which factors interact with something that the means no longer show."""
    notes = []
    for name in shown:
        partners = {v for term in grid.terms if name in term for v in term if v not in shown}
        related = {*grid.nests.get(name, ()), *(v for v in grid.nests if name in grid.nests[v])}
        partners = [v for v in grid.values if v in partners - related]
        averaged = [v for v in partners if v in grid.averaged]
        held = [v for v in partners if v not in grid.averaged]
        if averaged:
            notes.append(f"{name} interacts with {', '.join(averaged)}: its differences are "
                         "averages, too.")
        if held:
            notes.append(f"{name} interacts with {', '.join(held)}: its differences depend on that "
                         "choice.")
    return notes


def _not_estimable(grid, shown, cell, cells, possible):
    """For each mean that is NA, the combinations without data that it would need."""
    labels, left, reasons = _labels(cells, shown), set(np.flatnonzero(~possible)), {}
    for term in sorted(grid.terms, key=len) if left else []:
        if len(term) < 2 or not set(term) <= set(grid.observed):
            continue
        names = [v for v in grid.values if v in term]
        seen = pd.MultiIndex.from_frame(grid.observed[names])
        empty = ~pd.MultiIndex.from_frame(grid.codes[names]).isin(seen)
        others = [v for v in names if v not in shown]
        for i in left.intersection(cell[empty]):
            codes = grid.codes.loc[empty & (cell == i), others].drop_duplicates()
            levels = pd.DataFrame({v: grid.values[v].take(codes[v]) for v in others})
            without = tuple(_labels(levels, others)) if others else ()
            reasons.setdefault((tuple(others), without), []).append(i)
            left.remove(i)
    notes = []
    for (others, without), rows in sorted(reasons.items(), key=lambda item: min(item[1])):
        note = f"NA for {listed(labels[i] for i in sorted(rows))}: no data"
        if others:
            note += f" with {':'.join(others)} {listed(without)}"
        if grid.averaged.intersection(others):
            note += f", which the mean over {' and '.join(others)} needs"
        notes.append(f"{note}.")
    if left:
        dropped = grid.fit.beta.index[grid.fit.beta.isna()]
        notes.append(f"NA for {listed(labels[i] for i in sorted(left))}: the data cannot tell "
                     f"apart what adds up to it (dropped from X: {listed(dropped, 4)}).")
    return notes


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


def _is(method, name):
    return isinstance(method, str) and method == name


def _adjustment(adjust, method):
    if isinstance(method, str) and method not in DEFAULTS:
        raise ValueError(f"method={method!r} is unknown; {near(method, DEFAULTS)}use 'pairwise', "
                         "'trt.vs.ctrl' or weights of your own, {'name': [1, -1, 0]}")
    if adjust == "default":
        return DEFAULTS[method] if isinstance(method, str) else None
    if adjust in (None, "none"):
        return None
    if adjust not in ADJUSTMENTS:
        raise ValueError(f"adjust={adjust!r} is unknown; {near(adjust, ADJUSTMENTS)}use one of "
                         f"{', '.join(map(repr, ADJUSTMENTS))} or None")
    if adjust in MADE_FOR and not _is(method, MADE_FOR[adjust]):
        raise ValueError(f"adjust={adjust!r} is made for {MADE_FOR[adjust]} contrasts; for these "
                         "use 'sidak', 'holm' or 'bonferroni'")
    return adjust


def _weights(method, labels, ref):
    """Names of the contrasts and their weights, (contrasts, means)."""
    eye = np.eye(len(labels))
    if _is(method, "pairwise"):
        i, j = np.triu_indices(len(labels), 1)
        return [f"{labels[a]} - {labels[b]}" for a, b in zip(i, j)], eye[i] - eye[j]
    if _is(method, "trt.vs.ctrl"):
        control = 0 if ref is None else _position(ref, labels, "ref")
        others = [i for i in range(len(labels)) if i != control]
        return [f"{labels[i]} - {labels[control]}" for i in others], eye[others] - eye[control]
    if isinstance(method, pd.DataFrame):
        by_label = not isinstance(method.index, pd.RangeIndex)
        method = {name: dict(zip(method.index, weights)) if by_label else weights.to_list()
                  for name, weights in method.items()}
    if not isinstance(method, dict) or not method:
        raise ValueError("method must be 'pairwise', 'trt.vs.ctrl', a dict {'name': weights} or a "
                         f"DataFrame with a column of weights each, not {type(method).__name__}")
    rows = [_own_weights(name, weights, labels) for name, weights in method.items()]
    return list(map(str, method)), np.array(rows)


def _own_weights(name, weights, labels):
    if isinstance(weights, dict):
        places = [_position(label, labels, f"contrast '{name}'") for label in weights]
        given = dict(zip(places, weights.values()))
        weights = [given.get(i, 0.0) for i in range(len(labels))]
    try:
        row = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"the weights of contrast '{name}' must be numbers") from None
    if row.shape != (len(labels),):
        raise ValueError(f"contrast '{name}' has {row.size} weights, but there are {len(labels)} "
                         f"means: give one for each of {listed(labels)}")
    if not np.isfinite(row).all():
        raise ValueError(f"contrast '{name}' has missing or infinite weights: use 0 for a mean "
                         "that does not count")
    return row


def _position(label, labels, where):
    if str(label) not in labels:
        raise ValueError(f"{where}: there is no mean of '{label}'; {near(label, labels)}the means "
                         f"are those of {listed(labels)}")
    return labels.index(str(label))


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
        notes.append(f"The weights of {listed(uneven)} do not sum to 0: this is not a comparison "
                     "of means.")
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])


# --- several contrasts together ----------------------------------------------------------------


def _together(adjust, t, df, p, k, level):
    """p of m contrasts of k means, adjusted, and how many standard errors their limits are away."""
    m, alpha = len(t), 1 - level
    if adjust in MADE_FOR and m > 1:
        tail = {"tukey": _tukey, "dunnettx": _dunnettx, "dunnett": _dunnett}[adjust]
        return _largest_of_many(tail, np.abs(t), df, k, alpha)
    each = alpha
    if adjust == "sidak":
        p, each = _sidak(p, m), -np.expm1(np.log1p(-alpha) / m)
    elif adjust in ("bonferroni", "holm"):
        p, each = (np.minimum(1, m * p) if adjust == "bonferroni" else _holm(p)), alpha / m
    return p, ddf.t_quantile(1 - each / 2, df)


def _sidak(p, m):
    """1 - (1 - p)^m, also for small p."""
    with np.errstate(divide="ignore"):
        return -np.expm1(m * np.log1p(-np.minimum(p, 1)))


def _holm(p):
    order = np.argsort(p)  # NaN come last, and count
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(1, stepped)[np.argsort(order)]


def _largest_of_many(tail, t, df, k, alpha):
    """Adjusted p, and the t at which it is alpha; `tail` is worked out once for each df."""
    m = len(t)
    p, critical = np.full(m, np.nan), np.full(m, np.nan)
    for one in np.unique(df[~np.isnan(df)].round(9)):
        here = df.round(9) == one
        p[here] = tail(t[here], one, k, m).clip(0, 1)
        highest = ddf.t_quantile(1 - alpha / (2 * m), one) + 0.1  # Bonferroni's is never less
        critical[here] = brentq(lambda c: tail(np.array([c]), one, k, m)[0] - alpha, 0, highest)
    return p, critical


def _tukey(t, df, k, m):
    return _range_tail(np.sqrt(2) * t, k, df)


def _dunnettx(t, df, k, m):
    means = (1 + np.sqrt(1 + 8 * m)) / 2  # as many as have m differences; need not be whole
    sidak = _sidak(ddf.t_p_value(t, df), m)
    return (1 - 1 / m) * _range_tail(np.sqrt(2) * t, means, df) + sidak / m


def _range_tail(q, k, df):
    r"""Upper tail of the studentized range of k means: P(range / s > q).

    ``int f(s) int k phi(z) {Phi(z)^(k-1) - [Phi(z) - Phi(z - q s)]^(k-1)} dz ds``, where z is the
    largest of k normal variables and ``df s^2`` is chi-squared on df. scipy.stats has the same
    function, to 1e-12, for one q at a time; the 2415 pairs of 70 means would take minutes.
    """
    density = k * PHI * special.ndtr(NODES) ** (k - 1)
    tail = np.zeros(len(q))
    for s, weight in zip(*_scales(df)):
        below = special.ndtr(NODES - s * q[:, None]) / special.ndtr(NODES)
        tail += weight * (_sidak(below, k - 1) @ density)
    return tail


def _dunnett(t, df, k, m):
    """P(max |T_i| > t) of m differences from one mean, by the same two integrals.

    ``int f(s) int phi(z) {1 - [Phi(z + c) - Phi(z - c)]^m} dz ds``, where z is the control and
    ``c = sqrt(2) t s``.
    """
    tail = np.zeros(len(t))
    for s, weight in zip(*_scales(df)):
        reach = np.sqrt(2) * s * t[:, None]
        outside = special.ndtr(NODES - reach) + special.ndtr(-NODES - reach)
        tail += weight * (_sidak(outside, m) @ PHI)
    return tail


@cache
def _scales(df):
    """Values of s and their probabilities: the trapezoidal rule in log s."""
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    log_density = lambda x: df * (x + 0.5 - np.exp(2 * x) / 2)   # 0 at its top, x = 0
    left = brentq(lambda x: log_density(x) + 40, -40 / df - 1, 0)   # out to e^-40 of the top
    right = brentq(lambda x: log_density(x) + 40, 0, np.log(40 / df + 2) + 1)
    step = min(0.1, 0.6 / np.sqrt(2 * df))
    x = np.arange(np.floor(left / step), np.ceil(right / step) + 1) * step
    weight = np.exp(log_density(x))
    return np.exp(x), weight / weight.sum()
