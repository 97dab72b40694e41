r"""Estimated marginal means: what the model predicts for a level, averaged over the others.

    mean = l'beta_hat,    l = sum_g w_g x_g    over the reference grid,  sum_g w_g = 1

The reference grid holds every combination of the levels of the factors in the fixed part,
each covariate at its mean; x_g is the row of X that a plot with combination g would have. All
levels count alike, however many plots they have: that is what distinguishes these means from
raw ones. A factor nested in another (rep in site_year) has only the combinations that exist,
and is averaged within its nest first.
"""

import difflib
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import brentq
from scipy.sparse import csr_array

from . import ddf, inference
from .frame import UnknownColumn
from .tables import Table, significant

ADJUSTMENTS = {"tukey": "Tukey", "dunnettx": "Dunnett, approximately", "sidak": "Sidak", "holm": "Holm",
               "bonferroni": "Bonferroni"}
DEFAULTS = {"pairwise": "tukey", "trt.vs.ctrl": "dunnettx"}
LARGEST_GRID = 2_000_000   # combinations; more are a design that at= should cut down
ROWS_AT_ONCE = 20_000      # rows of X laid out at one time


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
    labels: list           # of the means, within their group
    by: list
    df: str
    level: float


def emmeans(fit, specs, by=None, at=None, df="kenward-roger", level=0.95, nesting=True):
    r"""Estimated marginal means (least-squares means) of the levels of one or more factors.

    ``mean = l'beta_hat``, ``se = sqrt(l'Phi l)`` (Phi adjusted, for Kenward-Roger), with l the
    equally weighted mean of the rows of X over the reference grid. A mean is estimable if and
    only if l is a combination of rows of X; where it is not the table shows NA, and the notes
    say which data are missing.

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
    _check_level(level)
    grid = ReferenceGrid(fit, at, nesting)
    specs, by = grid.names(specs), grid.names(by)
    for name in [n for n in by if n in specs]:
        raise ValueError(f"'{name}' is in specs and in by: name it once")
    nests = [parent for name in specs for parent in grid.nests.get(name, ()) if parent not in specs + by]
    shown = [*by, *dict.fromkeys(nests), *specs]
    for name in [n for n in shown if n in ("mean", "se", "df", "lower", "upper", "contrast")]:
        raise ValueError(f"a predictor is called '{name}', like a column of the table of means: rename it")
    cell, cells = grid.cells(shown)
    L = grid.rows(cell, len(cells))
    possible = inference.estimable(fit, L)
    tests = _tests(fit, L, possible, df)
    half = ddf.t_quantile((1 + level) / 2, tests.df) * tests.se
    table = cells.assign(mean=tests.estimate, se=tests.se, df=tests.df, lower=tests.estimate - half,
                         upper=tests.estimate + half)
    what = " of " * bool(specs) + ", ".join(shown[len(by):]) + " by " * bool(by) + ", ".join(by)
    result = Means(table, title=f"Estimated marginal means{what}, {inference.df_name(fit, df)}",
                   notes=[*_averaging(grid, shown), *_interactions(grid, shown),
                          *_not_estimable(grid, shown, cell, cells, possible), *_scale(fit, level)])
    result.L = pd.DataFrame(L, columns=fit.beta.index, index=_labels(cells, shown))
    result.origin = Origin(fit, cells, _labels(cells, specs), by, df, level)
    return result


def contrasts(emm, method="pairwise", adjust="default", ref=None, level=None):
    r"""Compare the means of a table of `emmeans`, within the levels of its `by`.

    ``estimate = c'L beta_hat``, ``se = sqrt(c'L Phi L'c)``, ``t = estimate / se``. For k means
    and m contrasts (in each group), with T and R_k the distribution functions of Student's t
    and of the studentized range of k means, p becomes

    - tukey: ``1 - R_k(sqrt(2)|t|)``, exact if all differences have the same variance
    - bonferroni: ``m p``;  sidak: ``1 - (1 - p)^m``
    - holm: the smallest p times m, the next times m - 1, ..., never falling
    - dunnettx: ``1 - (1 - 1/m) R_h(sqrt(2)|t|) - (1/m) (1 - 2 T(-|t|))^m``, ``h (h - 1)/2 = m``;
      near to Dunnett's distribution for m differences from one mean, correlated by 1/2

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
    adjust : "tukey", "dunnettx", "sidak", "holm", "bonferroni" or None
        Tukey by default for pairwise, dunnettx for trt.vs.ctrl, None for weights of your own.
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
    Scand. J. Statist. 6, 65-70; dunnettx is the default of Lenth's R package emmeans.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash"))
    >>> mm.contrasts(mm.emmeans(fit, "block"))
    """
    origin = getattr(emm, "origin", None)
    if origin is None:
        raise ValueError("contrasts needs the table that emmeans returned; a selection or copy of it no longer "
                         "knows its model, so choose levels by emmeans(..., at={...})")
    fit, level = origin.fit, origin.level if level is None else level
    _check_level(level)
    adjust = _adjustment(adjust, method)
    if ref is not None and not _is(method, "trt.vs.ctrl"):
        raise ValueError("ref names the control of method='trt.vs.ctrl': use that method, or leave ref out")
    groups = _groups(origin)
    own = [_weights(method, [origin.labels[i] for i in rows], ref) for rows in groups]
    names, sizes = [name for names, W in own for name in names], [len(W) for _, W in own]
    if not names:
        raise ValueError(f"{method} contrasts need at least two means to compare, but there is only one"
                         f"{' in each group' * bool(origin.by)}")
    means = emm.L.to_numpy()
    L = np.vstack([W @ means[rows] for rows, (_, W) in zip(groups, own)])
    table = _tests(fit, L, inference.estimable(fit, L), origin.df)
    starts = np.cumsum([0, *sizes])
    p, critical = np.empty(len(L)), np.empty(len(L))
    for rows, start, end in zip(groups, starts, starts[1:]):
        part = slice(start, end)
        p[part], critical[part] = _together(adjust, *table[["t", "df", "p"]].to_numpy()[part].T, len(rows), level)
    table = table.assign(p=p, lower=table.estimate - critical * table.se, upper=table.estimate + critical * table.se)
    first = np.repeat([rows[0] for rows in groups], sizes)
    by = origin.cells[origin.by].iloc[first].reset_index(drop=True)
    result = Means(pd.concat([by.assign(contrast=names), table], axis=1),
                   title=f"Contrasts of means, {inference.df_name(fit, origin.df)}",
                   notes=_contrast_notes(adjust, groups, own, origin.by, level))
    result.L, result.origin = pd.DataFrame(L, columns=fit.beta.index, index=names), None
    return result


def _tests(fit, L, possible, df):
    """`ddf.row_tests` of the rows of L that are possible, NaN for the others."""
    tests = ddf.row_tests(fit, L[possible], df)
    tests.index = np.flatnonzero(possible)
    return tests.reindex(range(len(L)))


def _check_level(level):
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1, such as 0.95")


def _labels(cells, names):
    """The levels of each row joined by ``:``, as in the names of an interaction."""
    return [":".join(map(str, row)) or "mean" for row in cells[names].itertuples(index=False)]


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
    """

    def __init__(self, fit, at=None, nesting=True):
        self.fit, self.design, self.at = fit, fit.design, dict(at or {})
        self.values = self._levels()
        self.factors = list(self.values)
        self.means = {}
        for name in self.names(self.at, [*self.factors, *self.design.numeric]):
            if name in self.factors:
                _places(self.at[name], self.values[name], name)
        for name in self.design.numeric:
            if name not in self.factors:
                self.values[name] = self._covariate(name)
        self.observed = self._observed()
        self.nests = _nests(self.observed) if nesting else {}
        self.codes, self.weight = self._combinations()

    def names(self, names, known=None):
        """The names of some predictors as a list without repeats, checked."""
        known = list(self.values) if known is None else known
        names = [names] if isinstance(names, str) else list(names or [])
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
            if len(variables) == len(items) == 1 and items[0] is not None and variables[0] in self.design.numeric:
                levels[variables[0]] = pd.Index(pd.to_numeric(items[0], downcast="integer"))
        return levels

    def _covariate(self, name):
        if name in self.at:
            values = np.unique(np.asarray(self.at[name]))
            if values.dtype.kind not in "iuf" or not len(values) or not np.isfinite(values).all():
                raise ValueError(f"'{name}' is numeric, so at['{name}'] must be a number or a list of numbers")
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
                    raise ValueError(f"the reference grid has more than {LARGEST_GRID} combinations of "
                                     f"{', '.join(self.values)}: keep some of the levels, at={{'{name}': [...]}}")
                grid = grid.merge(pd.DataFrame({name: kept}), how="cross")
                grid[""] /= len(kept)
        if not len(grid):
            raise ValueError(f"the data hold no combination of the levels in at={self.at!r}")
        return grid.drop(columns=""), grid[""].to_numpy()


def _nests(observed):
    """factor -> the factors that it is nested in: each level of it occurs in one level of theirs."""
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
    wanted = [wanted] if np.ndim(wanted) == 0 else list(wanted)
    text = [str(level) for level in levels]
    for item in wanted:
        if str(item) not in text:
            raise ValueError(f"'{item}' is not a level of '{name}'; {_near(item, text)}the levels are "
                             f"{_listed(text)}")
    if not wanted:
        raise ValueError(f"at['{name}'] is empty: name one or more of the levels {_listed(text)}")
    return sorted({text.index(str(item)) for item in wanted})


def _unknown(name, known, fit):
    if any(name in term.bar.factors for term in fit.terms):
        return UnknownColumn(f"'{name}' is in the random part of the model, and these are means of its fixed part; "
                             "the predicted effects of its levels are fit.ranef()")
    return UnknownColumn(f"there is no '{name}' in the fixed part of the model; {_near(name, known)}it has "
                         f"{_listed(known) or 'only an intercept'}")


def _near(name, known):
    near = difflib.get_close_matches(str(name), map(str, known), 1, cutoff=0.4)
    return f"did you mean '{near[0]}'? " if near else ""


def _listed(items, most=12):
    items = list(map(str, items))
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


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
            over.append(name + nest + (f" ({_listed(used)})" if name in grid.at else ""))
    notes = [f"{name} is nested in {', '.join(grid.nests[name])}." for name in shown if name in grid.nests]
    notes += [f"Averaged over {', '.join(over)}, with equal weights."] if over else []
    return notes + ([f"At {', '.join(held)}."] if held else [])


def _interactions(grid, shown):
    """Which factors interact with something that the means no longer show."""
    notes = []
    for name in shown:
        partners = {v for variables in grid.design.x_variables.values() if name in variables for v in variables}
        partners = [v for v in grid.values if v in partners and v not in shown
                    and name not in grid.nests.get(v, ()) and v not in grid.nests.get(name, ())]
        averaged = [v for v in partners if grid.codes[v].nunique() > 1]
        held = [v for v in partners if v not in averaged]
        if averaged:
            notes.append(f"{name} interacts with {', '.join(averaged)}: its differences are averages, too.")
        if held:
            notes.append(f"{name} interacts with {', '.join(held)}: its differences depend on that choice.")
    return notes


def _not_estimable(grid, shown, cell, cells, possible):
    """For each mean that is NA the combination without data that it would need."""
    labels, reasons = _labels(cells, shown), {}
    unexplained = set(np.flatnonzero(~possible))
    terms = {frozenset(v): v for v in grid.design.x_variables.values() if len(v) > 1 and set(v) <= set(grid.observed)}
    for term in sorted(terms.values(), key=len):
        seen = pd.MultiIndex.from_frame(grid.observed[list(term)])
        empty = ~pd.MultiIndex.from_frame(grid.codes[list(term)]).isin(seen)
        others = [v for v in grid.values if v in term and v not in shown]
        for i in sorted(unexplained):
            codes = grid.codes.loc[empty & (cell == i), others]
            if len(codes) or not others and empty[cell == i].any():
                where = codes.drop_duplicates() if others else codes
                levels = _labels(pd.DataFrame({v: grid.values[v].take(where[v]) for v in others}), others)
                reasons.setdefault((":".join(others), tuple(levels)), []).append(labels[i])
                unexplained.remove(i)
    notes = []
    for (others, levels), na in reasons.items():
        where = f" with {others} {_listed(levels)}" if others else ""
        need = f", which the mean over {others} needs" if any(grid.codes[v].nunique() > 1 for v in others.split(":")
                                                              if v) else ""
        notes.append(f"NA for {_listed(na)}: no data{where}{need}.")
    if unexplained:
        dropped = grid.fit.beta.index[grid.fit.beta.isna()]
        notes.append(f"NA for {_listed(labels[i] for i in sorted(unexplained))}: the data cannot tell apart the "
                     f"effects that would be added up (columns dropped from X: {_listed(dropped, 4)}).")
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
        raise ValueError(f"method={method!r} is unknown; {_near(method, DEFAULTS)}use 'pairwise', 'trt.vs.ctrl' or "
                         "weights of your own, {'name': [1, -1, 0]}")
    if adjust == "default":
        return DEFAULTS[method] if isinstance(method, str) else None
    if adjust not in (None, "none", *ADJUSTMENTS):
        raise ValueError(f"adjust={adjust!r} is unknown; {_near(adjust, ADJUSTMENTS)}use one of "
                         f"{', '.join(map(repr, ADJUSTMENTS))} or None")
    for only, wanted in (("pairwise", "tukey"), ("trt.vs.ctrl", "dunnettx")):
        if adjust == wanted and not _is(method, only):
            raise ValueError(f"adjust={adjust!r} is made for the {only} contrasts of one set of means; for these use "
                             "'sidak', 'holm' or 'bonferroni'")
    return None if adjust == "none" else adjust


def _weights(method, labels, ref):
    """Names of the contrasts and their weights (contrasts, means)."""
    k = len(labels)
    eye = np.eye(k)
    if _is(method, "pairwise"):
        i, j = np.triu_indices(k, 1)
        return [f"{labels[a]} - {labels[b]}" for a, b in zip(i, j)], eye[i] - eye[j]
    if _is(method, "trt.vs.ctrl"):
        control = 0 if ref is None else _mean(ref, labels, "ref")
        others = [i for i in range(k) if i != control]
        return [f"{labels[i]} - {labels[control]}" for i in others], eye[others] - eye[control]
    if isinstance(method, pd.DataFrame):
        named = not isinstance(method.index, pd.RangeIndex)
        method = {name: dict(zip(method.index, w)) if named else list(w) for name, w in method.items()}
    if not isinstance(method, dict) or not method:
        raise ValueError("method must be 'pairwise', 'trt.vs.ctrl', a dict {'name': weights} or a DataFrame with a "
                         f"column of weights for each contrast, not {type(method).__name__}")
    return list(map(str, method)), np.array([_own_weights(name, w, labels) for name, w in method.items()])


def _own_weights(name, weights, labels):
    if isinstance(weights, dict):
        row = np.zeros(len(labels))
        for label, weight in weights.items():
            row[_mean(label, labels, f"contrast '{name}'")] = weight
        return row
    try:
        row = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        row = np.array(np.nan)
    if row.shape != (len(labels),):
        raise ValueError(f"contrast '{name}' needs {len(labels)} weights, one for each mean ({_listed(labels)}); it "
                         f"has {row.size if row.ndim else 'none'}")
    if not np.isfinite(row).all():
        raise ValueError(f"contrast '{name}' has missing or infinite weights: use 0 for a mean that does not count")
    return row


def _mean(label, labels, where):
    if str(label) not in labels:
        raise ValueError(f"{where}: there is no mean of '{label}'; {_near(label, labels)}the means are "
                         f"{_listed(labels)}")
    return labels.index(str(label))


def _contrast_notes(adjust, groups, own, by, level):
    notes, ks, ms = [], {len(rows) for rows in groups}, {len(W) for _, W in own}
    if adjust and max(ms) > 1:
        number, what = (ks, "means") if adjust == "tukey" else (ms, "contrasts")
        family = f"{max(number)} {what}" if len(number) == 1 else f"the {what}"
        notes.append(f"p and limits hold for {family} together" + f" within each {', '.join(by)}" * bool(by)
                     + f" ({ADJUSTMENTS[adjust]}).")
        if adjust == "holm":
            notes.append("The limits are those of Bonferroni, for Holm's procedure has none.")
    uneven = [name for name, w in zip(*own[0]) if abs(w.sum()) > 1e-8 * np.abs(w).sum()]
    if uneven:
        notes.append(f"The weights of {_listed(uneven)} do not sum to 0: this is not a comparison of means.")
    return notes + ([f"Limits at level {level:g}."] if level != 0.95 else [])


# --- several contrasts together ----------------------------------------------------------------


def _together(adjust, t, df, p, k, level):
    """p of m contrasts of k means, adjusted, and how many standard errors the limits are away."""
    m, alpha = len(t), 1 - level
    if adjust in ("tukey", "dunnettx") and m > 1:
        tail = _tukey if adjust == "tukey" else _dunnettx
        adjusted, critical = np.full(m, np.nan), np.full(m, np.nan)
        for one in np.unique(df[~np.isnan(df)].round(9)):
            here = np.flatnonzero(df.round(9) == one)
            lowest, highest = ddf.t_quantile(1 - alpha / 2, one), ddf.t_quantile(1 - alpha / (2 * m), one)
            adjusted[here] = tail(np.abs(t[here]), one, k, m)
            critical[here] = brentq(lambda c: tail(np.array([c]), one, k, m)[0] - alpha, lowest - 0.1, highest + 0.1)
        return adjusted.clip(0, 1), critical
    each = {"sidak": -np.expm1(np.log1p(-alpha) / m), "bonferroni": alpha / m, "holm": alpha / m}.get(adjust, alpha)
    critical = ddf.t_quantile(1 - each / 2, df)
    if adjust == "sidak":
        p = -np.expm1(m * np.log1p(-p))
    elif adjust == "bonferroni":
        p = np.minimum(1, m * p)
    elif adjust == "holm":
        order = np.argsort(p)  # NaN last
        p = np.minimum(1, np.maximum.accumulate(p[order] * (m - np.arange(m))))[np.argsort(order)]
    return p, critical


def _tukey(t, df, k, m):
    return _range_tail(np.sqrt(2) * t, k, df)


def _dunnettx(t, df, k, m):
    means = (1 + np.sqrt(1 + 8 * m)) / 2  # as many as have m differences; need not be whole
    sidak = -np.expm1(m * np.log1p(-ddf.t_p_value(t, df)))
    return (1 - 1 / m) * _range_tail(np.sqrt(2) * t, means, df) + sidak / m


def _range_tail(q, k, df):
    r"""Upper tail of the studentized range of k means: P(range / s > q).

    ``integral f(s) integral k phi(z) {Phi(z)^(k-1) - [Phi(z) - Phi(z - q s)]^(k-1)} dz ds``, where z
    is the largest of k normal variables and ``df s^2`` is chi-squared on df.
    """
    s, weight = _scales(df)
    z = np.arange(-42, 43) / 5  # the trapezoidal rule, good to 1e-12 because the ends are flat
    density = 0.2 * k * np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * special.ndtr(z) ** (k - 1)
    tail = np.zeros(len(q))
    for one, w in zip(s, weight):
        with np.errstate(divide="ignore"):
            rest = np.log1p(-np.minimum(1, special.ndtr(z - one * q[:, None]) / special.ndtr(z)))
        tail -= w * (np.expm1((k - 1) * rest) @ density)
    return tail


@cache
def _scales(df):
    """Values of s and their probabilities: the trapezoidal rule in log s, as far as e^-40 of the top."""
    if np.isinf(df):
        return np.ones(1), np.ones(1)
    log_density = lambda x: df * (x + 0.5 - np.exp(2 * x) / 2)   # 0 at its top, x = 0
    left = brentq(lambda x: log_density(x) + 40, -40 / df - 1, 0)
    right = brentq(lambda x: log_density(x) + 40, 0, np.log(40 / df + 2) + 1)
    step = min(0.1, 0.6 / np.sqrt(2 * df))
    x = np.arange(np.floor(left / step), np.ceil(right / step) + 1) * step
    weight = np.exp(log_density(x))
    return np.exp(x), weight / weight.sum()
