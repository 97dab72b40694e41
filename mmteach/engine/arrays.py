"""The arrays of a model: what is left of formula and table once they are read.

    y - offset = X beta + Z_1 b_1 + ... + Z_m b_m + e

Each Z_t is kept as level codes and the few columns to the left of its bar, never as a matrix.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .coding import Coding
from .columns import group_codes, largest
from .formula import Bar, SplitFormula


@dataclass
class RandomTerm:
    """One bar on the data: row i has level `codes[i]` and left side `x[i]`.

    Attributes: `bar`, `group` (``"block:fungicide"``), `levels` (J labels; those of a combination
    joined by ``:``), `codes` (n,) integers, `x` (n, k), `names` (k,), such as Intercept, days.
    """

    bar: Bar
    labels: tuple  # of the J levels, one sequence for every grouping column
    codes: np.ndarray
    x: np.ndarray
    left: Coding
    reader: object  # the `Reader` that made these arrays

    group = property(lambda self: self.bar.group)
    names = property(lambda self: self.left.names)

    @cached_property
    def levels(self):
        if len(self.labels) == 1:
            return pd.Index(self.labels[0])
        labels = list(zip(*self.labels))
        for spell in (
            str,
            _escaped,
            repr,
        ):  # no two levels may share a name: ("a:b", "c") and ("a", "b:c")
            levels = pd.Index([":".join(map(spell, label)) for label in labels])
            if levels.is_unique:
                break
        return levels

    @cached_property
    def _code_of(self):
        return {label: code for code, label in enumerate(zip(*self.labels))}

    def rows(self, new):
        """(codes, x) for a DataFrame of new rows; the code of an unknown level is -1."""
        columns = [self.reader.column(new, factor) for factor in self.bar.factors]
        complete = ~np.any([column.isna() for column in columns], axis=0)
        codes, labels = group_codes([column[complete] for column in columns])
        known = np.array([self._code_of.get(label, -1) for label in zip(*labels)], dtype=np.intp)
        result = np.full(len(new), -1)
        result[complete] = known[codes]
        return result, self.reader.new_rows(self.left, new)


def _escaped(label):
    return str(label).replace("\\", "\\\\").replace(":", "\\:")


@dataclass
class Design:
    """A formula on data as plain arrays; n rows remain after dropping incomplete ones.

    Attributes
    ----------
    formula, split : the text, and its `SplitFormula`
    y, y_name : (n,) response minus offset, and the text of the response
    offset : (n,), the sum of the offsets; None if there are none
    X, x_names : (n, p) fixed-effects matrix before any rank reduction, and its column names
    x_terms : term -> slice of the columns of X; the intercept is "Intercept"
    x_factors : term -> {factor in the term: its levels, or None if it is numeric}
    x_variables : term -> names of the data columns in it
    terms : list of `RandomTerm`, most levels first
    weights : (n,) or None
    rows, n_dropped, messages : labels of the kept rows, how many were dropped, remarks
    missing : column -> how many values are missing in it
    factors, numeric : levels of the categorical predictors, means of the numeric ones
    """

    formula: str
    split: SplitFormula
    y: np.ndarray
    X: np.ndarray
    terms: list
    weights: np.ndarray | None
    rows: pd.Index
    n_dropped: int
    messages: list
    missing: dict
    factors: dict
    numeric: dict
    reader: object  # the `Reader` that made these arrays
    offset: np.ndarray | None = None

    @property
    def row_weights(self):
        """The prior weights, (n,); ones if there are none."""
        return np.ones(len(self.y)) if self.weights is None else self.weights

    @property
    def row_offset(self):
        """The sum of the offsets, (n,); zeros if there are none."""
        return np.zeros(len(self.y)) if self.offset is None else self.offset

    @property
    def response(self):
        """The response as measured, (n,): y plus the offset."""
        return self.y if self.offset is None else self.y + self.offset

    y_name = property(lambda self: self.split.response)
    x_names = property(lambda self: self.reader.fixed.names)
    x_terms = property(lambda self: self.reader.fixed.terms)
    x_factors = property(lambda self: self.reader.fixed.factors)
    x_variables = property(lambda self: self.reader.fixed.variables)

    @property
    def x_levels(self):
        """{column of numbers: its levels} for those that also stand in the fixed part as C(x)."""
        pieces = self.reader.fixed.pieces.values()
        return {
            piece.column: piece.levels
            for piece in pieces
            if piece.is_factor
            and piece.column in self.numeric
            and piece.node.parts[0].kind == "column"
        }

    @property
    def x_examples(self):
        """{column of numbers: values} with which C(x), or C(x > 3), takes each of its levels."""
        return self.reader.fixed.examples

    def x_rows(self, new, all_levels=False):
        """(m, p) rows of X for a DataFrame of new rows, coded as the rows of the data were.

        With `all_levels` there is a column for every level of every factor in each term.
        """
        return self.reader.new_rows(self.reader.fixed, new, all_levels)

    def offset_rows(self, new):
        """(m,) the sum of the offsets for a DataFrame of new rows, zeros if there are none."""
        return self.reader.offset_rows(new)

    def sizes(self):
        """{column: size of its largest number} for y, X and what varies between groups."""
        parts = [
            ([self.y_name], self.y[:, None]),
            (self.x_names, self.X),
            *((term.names, term.x) for term in self.terms),
        ]
        return {name: size for names, x in parts for name, size in zip(names, largest(x))}
