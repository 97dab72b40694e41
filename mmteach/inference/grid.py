r"""The reference grid: every combination of the levels over which a model is averaged.

    l = sum_g w_g x_g,    sum_g w_g = 1

x_g is the row of X that a plot with combination g would have. A factor nested in another has only
the combinations that exist, and is averaged within its nest first.
"""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from ..tables import significant
from ..words import UnknownName, listed, near, shown

LARGEST_GRID = 2_000_000  # combinations; more are a design that at= should cut down
ROWS_AT_ONCE = 20_000  # rows of X laid out at one time


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
    weights : "equal" or, after `count_rows`, "proportional"
    averaged : the predictors with more than one value
    terms : the sets of predictors that stand together in a term
    offset : the mean of the offset, which every mean contains
    """

    def __init__(self, fit, at=None, nesting=True):
        if at is not None and not isinstance(at, dict):
            raise ValueError(
                "at holds a value, or a list of them, for each predictor to fix, such "
                f"as at={{'days': [0, 5]}}, not {shown(at)}"
            )
        self.fit, self.design, self.at = fit, fit.design, dict(at or {})
        self.values = self._levels()
        self.factors = list(self.values)
        self.means = {}
        self.names(self.at, [*self.factors, *self.design.numeric])
        for name in self.design.numeric:
            if name not in self.factors:
                self.values[name] = self._covariate(name)
        self.in_rows = self._codes_of_rows()
        self.observed = self.in_rows.drop_duplicates(ignore_index=True)
        self.nests = _nests(self.observed) if nesting else {}
        self.codes, self.weight = self._combinations()
        self.weights = "equal"
        self.averaged = {name for name in self.values if self.codes[name].nunique() > 1}
        self.offset = fit.design.row_offset.mean() if fit.design.offset is not None else 0.0
        self.terms = list(dict.fromkeys(map(frozenset, self.design.x_variables.values())))

    def names(self, names, known=None):
        """The names of some predictors as a list without repeats, checked."""
        known = list(self.values) if known is None else known
        names = [] if names is None else names
        names = list(names) if pd.api.types.is_list_like(names) else [names]
        for name in names:
            if not isinstance(name, str) or name not in known:
                raise _unknown(name, known, self.fit)
        return list(dict.fromkeys(names))

    def cells(self, shown):
        """For each combination the number of its cell, and the levels of the cells as a table."""
        if not shown:
            return np.zeros(len(self.codes), dtype=int), pd.DataFrame(index=range(1))
        cell = self.codes.groupby(shown).ngroup().to_numpy()
        first = np.unique(cell, return_index=True)[1]
        codes = self.codes.iloc[first]
        return cell, pd.DataFrame(
            {
                name: pd.Categorical.from_codes(codes[name], self.values[name])
                if name in self.factors
                else self.values[name].take(codes[name])
                for name in shown
            }
        )

    def count_rows(self, shown):
        """Let a combination of the factors not shown count as many rows as the data have of it.

        Of rows whose levels the grid has. Prior weights do not matter, as in R's emmeans.
        """
        over = [name for name in self.factors if name in self.averaged and name not in shown]
        fixed = [name for name in self.factors if name in self.at]
        for name in [n for n in [*over, *fixed] if over and n not in self.in_rows]:
            why = (
                "a streamed fit does not keep its rows"
                if self.fit.streamed
                else f"'{name}' stands in the model with covariates only, which do not tell its rows"
            )
            raise ValueError(
                f"weights='proportional' needs the number of rows with each level of '{name}', and "
                f"{why}: use weights='equal', or fix levels by at="
            )
        if not over:
            return
        counted = np.ones(len(self.in_rows), dtype=bool)
        for name in fixed:
            counted &= self.in_rows[name].isin(self.codes[name].unique()).to_numpy()
        numbers = self.in_rows[counted].groupby(over).size().rename("").reset_index()
        numbers = self.codes[over].merge(numbers, on=over, how="left")[""]
        self.weight = numbers.fillna(0).to_numpy(dtype=float)
        self.weights = "proportional"

    def rows(self, cell, n):
        """(n, columns of X): in each cell the weighted mean of the rows of X."""
        total = np.bincount(cell, self.weight, minlength=n)
        if not total.all():
            raise ValueError(
                f"the data have no row with the levels in at={self.at!r}, so proportional weights "
                "are all zero: use weights='equal'"
            )
        share = self.weight / total[cell]
        L = np.zeros((n, len(self.design.x_names)))
        for start in range(0, len(cell), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            X = self._x_rows(self.codes[part])
            L += csr_array((share[part], (cell[part], np.arange(len(X)))), shape=(n, len(X))) @ X
        return L

    def _x_rows(self, codes):
        return self.design.x_rows(
            pd.DataFrame(
                {
                    name: values.take(codes[name])
                    if name in codes
                    else values.take([0] * len(codes))
                    for name, values in self.values.items()
                }
            )
        )

    def _levels(self):
        """The levels of each factor; a covariate that also occurs as C(x) has levels, too."""
        levels = {name: pd.Index(items) for name, items in self.design.factors.items()}
        return levels | {
            name: pd.Index(pd.to_numeric(items, downcast="integer"))
            for name, items in self.design.x_levels.items()
        }

    def _covariate(self, name):
        if name in self.at:
            values = np.unique(np.asarray(self.at[name]))
            if values.dtype.kind not in "iuf" or not len(values) or not np.isfinite(values).all():
                raise ValueError(
                    f"'{name}' is numeric, so at['{name}'] must be a number or a list of numbers"
                )
            return pd.Index(values)
        if self.fit.streamed:
            raise ValueError(
                f"a streamed fit does not keep the mean of '{name}': choose a value, "
                f"at={{'{name}': ...}}"
            )
        self.means[name] = self.design.numeric[name]
        return pd.Index([self.means[name]])

    def _codes_of_rows(self):
        """The level of each factor in each row of the data, read back from X.

        The code of a factor is a linear function of the columns of X that hold the factor, if
        it occurs in a term without covariates (if not, it is left out here).
        """
        found = {}
        for name in self.factors if not self.fit.streamed else []:
            pure = [
                variables
                for variables in self.design.x_variables.values()
                if name in variables and set(variables) <= set(self.factors)
            ]
            if pure:
                found[name] = self._codes_in_data(name, min(pure, key=len))
        return pd.DataFrame({name: codes for name, codes in found.items() if codes is not None})

    def _codes_in_data(self, name, variables):
        codes = pd.MultiIndex.from_product(
            [range(len(self.values[v])) for v in variables], names=variables
        ).to_frame(index=False)
        columns = np.concatenate(
            [
                np.arange(len(self.design.x_names))[where]
                for term, where in self.design.x_terms.items()
                if set(self.design.x_variables[term]) <= set(variables)
            ]
        )
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
                        f"{', '.join(self.values)}: keep some levels, at={{'{name}': [...]}}"
                    )
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
            raise ValueError(
                f"'{item}' is not a level of '{name}'; {near(item, levels)}they "
                f"are {listed(levels)}"
            )
        places.update(found)
    return sorted(places)


def _unknown(name, known, fit):
    if isinstance(name, str) and any(name in term.bar.factors for term in fit.terms):
        return UnknownName(
            f"'{name}' is in the random part of the model, and these are means of "
            "its fixed part; fit.ranef() has the predicted effects of its levels"
        )
    known_ones = f"its predictors are {listed(known)}" if known else "it has only an intercept"
    return UnknownName(
        f"there is no {shown(str(name))} in the fixed part of the model; "
        f"{near(name, known)}{known_ones}"
    )


# --- what the reader of the means should know ------------------------------------------------


def averaging(grid, shown):
    """What was averaged over, and where the covariates were held."""
    over, held = [], []
    for name in [n for n in grid.values if n not in shown]:
        used = [
            significant(v) if isinstance(v, float) else str(v)
            for v in grid.values[name].take(np.unique(grid.codes[name]))
        ]
        if name in grid.means:
            held.append(f"{name} = {used[0]} (its mean)")
        elif len(used) == 1:
            held.append(f"{name} = {used[0]}")
        else:
            nest = f" (nested in {', '.join(grid.nests[name])})" if name in grid.nests else ""
            over.append(name + nest + (f" ({listed(used)})" if name in grid.at else ""))
    notes = [
        f"{name} is nested in {', '.join(grid.nests[name])}."
        for name in shown
        if name in grid.nests
    ]
    if over:
        how = "equal weights"
        if grid.weights == "proportional":
            how = "weights proportional to numbers of rows"
        notes.append(f"Averaged over {', '.join(over)}, with {how}.")
    if grid.design.split.x.offsets:
        known = grid.design.offset is not None
        where = f"at its mean, {significant(grid.offset)}" if known else "left out"
        notes.append(f"The offset is {where}.")
    return notes + ([f"At {', '.join(held)}."] if held else [])


def interactions(grid, shown):
    """Which factors interact with something that the means no longer show."""
    notes = []
    for name in shown:
        partners = {v for term in grid.terms if name in term for v in term if v not in shown}
        related = {*grid.nests.get(name, ()), *(v for v in grid.nests if name in grid.nests[v])}
        partners = [v for v in grid.values if v in partners - related]
        averaged = [v for v in partners if v in grid.averaged]
        held = [v for v in partners if v not in grid.averaged]
        if averaged:
            notes.append(
                f"{name} interacts with {', '.join(averaged)}: its differences are averages, too."
            )
        if held:
            notes.append(
                f"{name} interacts with {', '.join(held)}: its differences depend on that choice."
            )
    return notes


def not_estimable(grid, shown, cell, cells, possible):
    """For each mean that is NA, the combinations without data that it would need."""
    labels, left, reasons = labels_of(cells, shown), set(np.flatnonzero(~possible)), {}
    for term in sorted(grid.terms, key=len) if left else []:
        if len(term) < 2 or not set(term) <= set(grid.observed):
            continue
        names = [v for v in grid.values if v in term]
        seen = pd.MultiIndex.from_frame(grid.observed[names])
        empty = ~pd.MultiIndex.from_frame(grid.codes[names]).isin(seen) & (grid.weight > 0)
        others = [v for v in names if v not in shown]
        for i in left.intersection(cell[empty]):
            codes = grid.codes.loc[empty & (cell == i), others].drop_duplicates()
            levels = pd.DataFrame({v: grid.values[v].take(codes[v]) for v in others})
            without = tuple(labels_of(levels, others)) if others else ()
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
        notes.append(
            f"NA for {listed(labels[i] for i in sorted(left))}: the data cannot tell "
            f"apart what adds up to it (dropped from X: {listed(dropped, 4)})."
        )
    return notes


def labels_of(cells, names):
    """The levels of each row joined by ``:``, as in the names of an interaction."""
    if not len(names):
        return ["mean"] * len(cells)
    return [":".join(map(str, row)) for row in cells[names].itertuples(index=False)]
