"""The reader: rows of a table become arrays, and the first rows fix how all later ones are coded.

first rows   ->  which columns are factors, their levels, the constants of center, poly, ...
later rows   ->  the same columns of X, or an error that says what does not fit
"""

import numpy as np
import pandas as pd

from ..guards import truth
from ..words import listed, shown
from .arrays import Design, RandomTerm
from .coding import Coding
from .columns import (
    Values,
    check_frame,
    factor_of,
    group_codes,
    kind_of,
    level_codes,
    numbers_as_text,
    numbers_of,
    unknown_column,
)
from .expressions import refused
from .formula import split_bars
from .tokens import brief


class NoCompleteRow(ValueError):
    """The first rows of a table that are all missing say nothing about its coding."""


class Reader:
    """Turns rows of a DataFrame into arrays; the first rows fix the coding of all later ones."""

    remedy = "the model has no coefficient for it, so use a known level"
    one_level = "leave it out of the formula"

    def __init__(self, formula, data, random=True):
        self.formula, self.split, random = formula, split_bars(formula), truth("random", random)
        self.response, bars = self.split.y, self.split.bars
        if random and not bars:
            raise ValueError(
                f"{shown(formula)} has no random term such as (1 | group): add one, or fit "
                "the model without random effects by mm.lm"
            )
        if bars and not random:
            raise ValueError(f"{brief(str(bars[0]))} is a random term: fit this formula by mm.lmm")
        check_frame(data)
        self.head = data.iloc[:0]
        self.values = Values()
        self.fixed = Coding(self.split.x, self.values)
        self.left = {bar.lhs: Coding(bar.left, self.values) for bar in bars}
        self.offsets = self.split.x.offsets
        sides = [self.fixed, *self.left.values(), *self.offsets]
        self.bare = set().union(*(side.bare for side in sides))
        self.predictors = dict.fromkeys(name for side in sides for name in side.columns)
        self.groups = dict.fromkeys(f for bar in bars for f in bar.factors)
        self.used = dict.fromkeys([*self.response.columns, *self.predictors, *self.groups])
        for name in self.used:
            self.check(name)
        if not self.response.columns:
            raise ValueError(
                f"the response {shown(self.split.response)} names no column of the data"
            )
        for e in self.expressions():
            if not e.columns:
                raise refused(e.source, "it names no column of the data")
        self.levels = {}  # predictor -> its levels, or None if it is numeric
        self.remarks = []

    def expressions(self):
        return [
            self.response,
            *self.offsets,
            *(e for side in (self.fixed, *self.left.values()) for e in side.expressions),
        ]

    def check(self, name):
        if not any(name == known for known in self.head.columns if isinstance(known, str)):
            raise unknown_column(name, self.head)
        return name

    def read(self, data, weights=None, coder=group_codes):
        """The `Design` of these rows."""
        columns, weights, keep, missing = self.complete(data, weights)
        n = int(np.count_nonzero(keep))
        messages = dropped_rows(len(data) - n, len(data), missing)
        if n == 0 and self.fixed.names is None:
            raise NoCompleteRow(": ".join(["the data have no complete row", *messages]))
        values = {name: self.value(columns[name], name) for name in self.predictors}
        X = self.fixed.rows(values, n)
        left = {lhs: coding.rows(values, n) for lhs, coding in self.left.items()}
        coded = {
            names: coder([columns[name] for name in names])
            for names in dict.fromkeys(bar.factors for bar in self.split.bars)
        }
        terms = [
            RandomTerm(
                bar,
                coded[bar.factors][1],
                coded[bar.factors][0],
                left[bar.lhs],
                self.left[bar.lhs],
                self,
            )
            for bar in self.split.bars
        ]
        offset = self._offset(values, n) if self.offsets else None
        y = self._y(columns, n)
        return Design(
            formula=self.formula,
            split=self.split,
            terms=terms,
            weights=weights,
            reader=self,
            X=X,
            y=y if offset is None else y - offset,
            offset=offset,
            rows=data.index[keep] if missing else data.index,
            n_dropped=len(data) - n,
            messages=messages,
            missing=missing,
            factors={
                c: self.levels[c].tolist() for c in self.fixed.columns if self.levels[c] is not None
            },
            numeric={
                c: float(values[c].mean())
                for c in self.fixed.columns
                if self.levels[c] is None and n
            },
        )

    def complete(self, data, weights=None):
        """(columns, weights, which rows are complete, how many values are missing in which column)."""
        columns = {name: self.column(data, name) for name in self.used}
        weights = self._weights(data, weights)
        gone = {name: column.isna().to_numpy() for name, column in columns.items()}
        if weights is not None:
            gone["weights"] = np.isnan(weights)
        keep = ~np.any([np.zeros(len(data), dtype=bool), *gone.values()], axis=0)
        counts = {name: int(np.count_nonzero(missing)) for name, missing in gone.items()}
        missing = {name: count for name, count in counts.items() if count}
        if missing:
            columns = {name: column[keep] for name, column in columns.items()}
            weights = None if weights is None else weights[keep]
        return columns, weights, keep, missing

    def new_rows(self, side, new, all_levels=False):
        """The columns of a fixed or left side for a DataFrame of new rows."""
        return side.rows(self._new_values(side.columns, new), len(new), all_levels)

    def offset_rows(self, new):
        columns = dict.fromkeys(name for offset in self.offsets for name in offset.columns)
        return self._offset(self._new_values(columns, new), len(new))

    def _new_values(self, names, new):
        check_frame(new)
        values = {name: self.column(new, name) for name in names}
        for name, column in values.items():
            if column.isna().any():
                raise ValueError(
                    f"the new data have {column.isna().sum()} missing values in "
                    f"'{name}': fill them in or drop those rows"
                )
        return {name: self.value(column, name) for name, column in values.items()}

    def _offset(self, values, n):
        total = np.zeros(n)
        for offset in self.offsets:
            total += self._one_column(offset, values, n, f"the offset {shown(offset.source)}")
        return total

    def column(self, data, name):
        check_frame(data)
        if name not in data.columns:
            raise unknown_column(name, data, "the new data")
        column = data[name]
        if not isinstance(column, pd.Series):
            raise ValueError(f"the data have several columns called '{name}': rename one")
        if isinstance(column.dtype, pd.ArrowDtype) and str(column.dtype).startswith("dictionary"):
            column = column.array.__arrow_array__().to_pandas()  # a pandas category
            column = pd.Series(column.array, index=data.index, name=name)
        return column

    def value(self, column, name):
        """A predictor as floats or as a Categorical; its first rows decide which."""
        if name not in self.levels:
            kind = kind_of(column, name) if name in self.bare else "labels"
            self.levels[name] = None if kind == "numbers" else self.first_levels(column)
            if kind != "numbers" and len(self.levels[name]) < 2:
                raise ValueError(
                    f"the factor '{name}' has one level ({listed(self.levels[name])}) in "
                    f"the rows used: {self.one_level}"
                )
            if kind == "text":
                self._remark_numbers(name)
        if self.levels[name] is None:
            return numbers_of(column, name)
        return factor_of(column, name, self.levels[name], self.remedy)

    def _remark_numbers(self, name):
        most, others = numbers_as_text(self.levels[name])
        if not most:
            return
        remedy = f"pd.to_numeric(data['{name}'])"
        but = f"they look like numbers: if levels are meant, C({name}) says so, for one slope use"
        if others:
            remedy = f"pd.to_numeric(data['{name}'], errors=\"coerce\")"
            but = (
                f"but for {listed(map(shown, others), 3)} they are numbers: if that is what you "
                "mean, use"
            )
        self.remarks.append(
            f"'{name}' holds text, and so is a factor of {len(self.levels[name])} levels; {but} {remedy}"
        )

    def first_levels(self, column):
        return level_codes(column)[1]

    def _y(self, columns, n):
        values = {name: columns[name] for name in self.response.columns}
        for name, column in values.items():
            if n and kind_of(column, name) != "numbers":
                levels = level_codes(column)[1]
                hint = f" use pd.to_numeric(data['{name}'])," if numbers_as_text(levels)[0] else ""
                raise ValueError(
                    f"the response '{name}' is not numeric (it holds {column.dtype} "
                    f"values):{hint} choose a column of numbers, or convert it first"
                )
            values[name] = numbers_of(column, name)
        return self._one_column(self.response, values, n, f"the response '{self.split.response}'")

    def _one_column(self, expression, values, n, what):
        value = self.values(expression, values, n)
        if isinstance(value, pd.Categorical) or value.ndim > 1 and value.shape[1] > 1:
            raise ValueError(f"{what} must be one column of numbers")
        return np.array(value.reshape(n), dtype=float)

    def _weights(self, data, weights):
        if weights is None:
            return None
        if isinstance(weights, str):
            weights = self.column(data, self.check(weights))
        return _positive(_in_order_of(weights, data), data)


def _in_order_of(weights, data):
    """The weights in the order of the rows of the data: a Series is put in order by its index."""
    one_long = isinstance(weights, (list, tuple)) or getattr(weights, "ndim", 0) == 1
    if one_long and len(weights) != len(data):
        raise ValueError(
            f"there are {len(weights)} weights for {len(data)} rows: give one "
            "weight for each row of the data"
        )
    if not isinstance(weights, pd.Series) or weights.index.equals(data.index):
        return weights
    if not (
        weights.index.is_unique and data.index.is_unique and weights.index.isin(data.index).all()
    ):
        raise ValueError(
            "the weights are a Series whose index is not that of the data, so nobody can tell "
            "which belongs to which row: use the name of a column, or weights.to_numpy() if "
            "they stand in the order of the rows"
        )
    return weights.reindex(data.index)


def _positive(weights, data):
    try:
        column = pd.Series(weights)
        if kind_of(column, "weights") not in ("numbers", "truth values"):
            raise ValueError
        weights = column.to_numpy(dtype=float, na_value=np.nan, copy=True)
    except (TypeError, ValueError):
        raise ValueError(
            "weights must be one positive number for each row, or the name of a "
            f"column that holds them, not {shown(weights)}"
        ) from None
    if len(weights) != len(data):
        raise ValueError(
            f"there are {len(weights)} weights for {len(data)} rows: give one "
            "weight for each row of the data"
        )
    bad = (weights <= 0) | np.isinf(weights)
    if bad.any():
        raise ValueError(
            f"weights must be positive and finite, but row {data.index[bad][0]} "
            f"has {weights[bad][0]:g}: drop the row or correct its weight"
        )
    return weights


class ChunkReader(Reader):
    """A reader for pieces of one table: all categories count, new groups get the next codes."""

    remedy = (
        "give every chunk the same categories, or name all levels at the start by "
        "levels={'column': [...]}"
    )
    one_level = "if later chunks have others, name all levels by levels={'column': [...]}"

    def __init__(self, formula, data, levels):
        super().__init__(formula, data)
        if not isinstance(levels, dict):
            raise ValueError(
                f"levels={shown(levels)} must be a dict that gives for a column the list of its "
                'levels, such as {"f": ["a", "b"]}'
            )
        for name, items in levels.items():
            items = (
                list(items) if isinstance(items, (list, tuple, pd.Index, np.ndarray)) else [items]
            )
            twice = [item for i, item in enumerate(items) if item in items[:i]]
            if twice or len(items) < 2:
                raise ValueError(
                    f"levels['{name}'] must be a list of two labels or more, each once; "
                    + (f"{shown(twice[0])} is named twice" if twice else f"it is {shown(items)}")
                )
            self.levels[self.check(name)] = pd.Index(items)
        self.seen = {}

    def first_levels(self, column):
        categorical = isinstance(column.dtype, pd.CategoricalDtype)
        return column.cat.categories if categorical else super().first_levels(column)

    def grow(self, columns):
        codes, labels = group_codes(columns)
        seen = self.seen.setdefault(tuple(column.name for column in columns), {})
        known = [seen.setdefault(label, len(seen)) for label in zip(*labels)]
        return np.array(known, dtype=np.intp)[codes], tuple(zip(*seen))

    def unsettled(self):
        """The expressions whose constants take all rows: center, scale, poly, bs, cr."""
        return self.values.unsettled(self.expressions())

    def settle(self, chunks, weights):
        """Find those constants; a column of n numbers is all that is kept of the rows meanwhile."""
        waiting = self.unsettled()
        pieces = {name: [] for e in waiting for name in e.columns}
        for data in chunks:
            columns, _, keep, _ = self.complete(data, weights)
            for name in pieces if keep.any() else ():
                read = self.value if name in self.predictors else numbers_of
                pieces[name].append(read(columns[name], name))
        whole = {name: _end_to_end(parts) for name, parts in pieces.items() if parts}
        for e in waiting if whole else ():
            self.values(e, whole, len(next(iter(whole.values()))))


def _end_to_end(parts):
    if isinstance(parts[0], pd.Categorical):
        return pd.Categorical.from_codes(
            np.concatenate([p.codes for p in parts]), dtype=parts[0].dtype
        )
    return np.concatenate(parts)


def dropped_rows(dropped, n, missing):
    """A message about rows that were left out, none if there are none.

    >>> dropped_rows(3, 60, {"x": 1, "y": 2})
    ['3 of 60 rows were dropped: missing values in x (1), y (2)']
    """
    why = ", ".join(f"{name} ({count})" for name, count in missing.items())
    verb = "was" if dropped == 1 else "were"
    return [f"{dropped} of {n} rows {verb} dropped: missing values in {why}"] if dropped else []
