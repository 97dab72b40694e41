"""Coding: the terms of one side of a formula become columns of numbers.

    f*x  ->  Intercept, f[T.b], f[T.c], x, f[T.b]:x, f[T.c]:x

A factor with L levels has L - 1 columns where the others already span the constant, as
patsy and formulaic do it: a term loses from each factor the part that earlier terms hold. A
product of factors has all products of their columns, the first factor running fastest.
"""

from collections import Counter
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
import pandas as pd

from ..words import listed
from .columns import numbers_as_text
from .grammar import literal

MOST_COLUMNS, MOST_CELLS, MOST_FACTORS = 10_000, 5e8, 10
ROWS_AT_ONCE = 4096  # blocks of rows that stay in the cache: 3 times faster


class Piece:
    """One expression as it enters products: numbers, or a factor with its coding."""

    def __init__(self, expression, value):
        self.text, self.node, self.column = expression.text, expression.node, expression.columns[0]
        self.is_factor = isinstance(value, pd.Categorical)
        self.levels = value.categories.tolist() if self.is_factor else None
        self.width = (
            len(self.levels) if self.is_factor else 1 if value.ndim == 1 else value.shape[1]
        )
        options = dict(self.node.options)
        intercept = options.get("include_intercept")  # of bs
        self.spans = self.is_factor or intercept is not None and intercept.value
        self.several = not self.is_factor and value.ndim == 2
        self.first = (
            0 if self.spans or "raw" in options and options["raw"].value else 1
        )  # column number
        coding = options.get("contrasts")
        self.kind = coding.value if coding else "treatment"
        self.options = {name: literal(part) for name, part in coding.options} if coding else {}

    @cached_property
    def _base(self):
        """Position of the level that treatment coding leaves out; None for other codings."""
        if self.kind not in ("treatment", "SAS"):
            return None
        base = self.options.get("base", self.levels[0 if self.kind == "treatment" else -1])
        if base not in self.levels:
            raise ValueError(
                f"the base {base!r} of {self.text} is not one of its levels: {listed(self.levels)}"
            )
        return self.levels.index(base)

    @cached_property
    def _contrasts(self):
        from formulaic.transforms.contrasts import ContrastsRegistry

        try:
            return getattr(ContrastsRegistry, self.kind)(**self.options)
        except (ValueError, TypeError) as error:
            raise ValueError(f"cannot read the coding of {self.text}: {error}") from None

    def columns(self, reduced):
        """How many columns: less by the constant if `reduced`."""
        return len(self.names(reduced))

    def names(self, reduced):
        if not self.is_factor:
            if not self.several:
                return [self.text]
            start = self.first + (reduced and self.spans)
            return [f"{self.text}[{i}]" for i in range(start, self.first + self.width)]
        if self._base is None:
            fields = self._contrasts.get_coding_column_names(self.levels, reduced_rank=reduced)
            style = self._contrasts.get_factor_format(self.levels, reduced_rank=reduced)
            return [style.format(name=self.text, field=field) for field in fields]
        kept = [v for i, v in enumerate(self.levels) if not reduced or i != self._base]
        return [f"{self.text}[{'T.' if reduced else ''}{v}]" for v in kept]

    def filler(self, value, reduced):
        """A function of a slice of rows that gives them as (rows, columns)."""
        if not self.is_factor:
            matrix = value[:, None] if value.ndim == 1 else value[:, 1:] if reduced else value
            return lambda rows: matrix[rows]
        codes = np.asarray(value.codes)
        if self._base is not None:
            levels = np.arange(len(self.levels), dtype=codes.dtype)
            levels = np.delete(levels, self._base) if reduced else levels
            return lambda rows: codes[rows, None] == levels
        coding = self._matrix(reduced)
        return lambda rows: coding[codes[rows]]

    def _matrix(self, reduced):
        """(levels, columns): a row of numbers for every level."""
        try:
            matrix = self._contrasts.get_coding_matrix(self.levels, reduced_rank=reduced)
            return np.asarray(matrix, dtype=float)
        except (ValueError, TypeError, IndexError) as error:
            raise ValueError(
                f"the coding of {self.text} does not fit its {len(self.levels)} levels, "
                f"{listed(self.levels)}: give one row of numbers for each ({error})"
            ) from None


class Coding:
    """The columns that a `Side` of a formula stands for; its first rows fix names and coding.

    Attributes, known after the first rows
    --------------------------------------
    names : of the columns
    terms : term -> slice of the columns; the intercept is "Intercept"
    factors : term -> {factor in the term: its levels, or None if it is numeric}
    variables : term -> names of the data columns in it
    examples : column of numbers -> for each level of C(x) or C(x > 3) a value of x that has it
    """

    def __init__(self, side, values):
        self.side, self.values = side, values
        self.expressions = list(dict.fromkeys(e for term in side.terms for e in term))
        self.columns = tuple(dict.fromkeys(c for e in self.expressions for c in e.columns))
        self.bare = set().union(*(e.bare for e in self.expressions))
        self.names = None
        self.terms, self.factors, self.variables, self.examples = {}, {}, {}, {}

    def rows(self, columns, n, all_levels=False):
        """(n, p) array from a dict of arrays and Categoricals.

        With `all_levels` every factor has a column for every level, also where the others
        span it, so that X does not have full rank.
        """
        values = {e: self.values(e, columns, n) for e in self.expressions}
        if self.names is None:
            self._plan(values, n)
            self._find_examples(values, columns)
        layout = self._full() if all_levels else self.layout
        p = sum(self._width(part) for parts in layout for part in parts)
        _check_size(self.pieces.values(), n, p)
        X, places = np.empty((n, p)), []
        for part in (part for parts in layout for part in parts):
            start = places[-1][0].stop if places else 0
            fillers = [self.pieces[e].filler(values[e], reduced) for e, reduced in part]
            places.append((slice(start, start + self._width(part)), fillers))
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            for place, fillers in places:
                X[rows, place] = _product([fill(rows) for fill in fillers])
        return X

    def _plan(self, values, n):
        self.pieces = {e: Piece(e, value) for e, value in values.items()}
        for term in self.side.terms:
            if sum(self.pieces[e].spans for e in term) > MOST_FACTORS:
                raise ValueError(
                    f"the term {_name(term)} crosses more than {MOST_FACTORS} factors: leave "
                    "some out"
                )
        _check_size(
            self.pieces.values(),
            n,
            sum(
                prod(max(piece.width - piece.spans, 1) for piece in map(self.pieces.get, term))
                for term in self.side.terms
            ),
        )
        spanned, self.layout = set(), []
        for term in self._terms():
            parts, spanned = _full_rank([(e, self.pieces[e].spans) for e in term], spanned)
            self.layout.append(parts)
        p = sum(self._width(part) for parts in self.layout for part in parts)
        _check_size(self.pieces.values(), n, p)
        names = []
        for term, parts in zip(self._terms(), self.layout):
            name, start = _name(term), len(names)
            names += [column for part in parts for column in self._names(part)]
            self.terms[name] = slice(start, len(names))
            self.variables[name] = tuple(dict.fromkeys(c for e in term for c in e.columns))
            self.factors[name] = {e.text: self.pieces[e].levels for e in term}
        self.names = names
        _refuse_twins(names, self.columns, self.side)

    def _find_examples(self, values, columns):
        for e, value in values.items():
            column = columns[e.columns[0]]
            if (
                isinstance(value, pd.Categorical)
                and len(e.columns) == 1
                and isinstance(column, np.ndarray)
            ):
                first = np.unique(value.codes, return_index=True)[1]
                known = self.examples.get(e.columns[0], [])
                self.examples[e.columns[0]] = list(dict.fromkeys([*known, *column[first].tolist()]))

    def _terms(self):
        return [()] * self.side.intercept + list(self.side.terms)

    def _full(self):
        return [[tuple((e, False) for e in term)] for term in self._terms()]

    def _width(self, part):
        return prod(self.pieces[e].columns(reduced) for e, reduced in part)

    def _names(self, part):
        if not part:
            return ["Intercept"]
        names = [self.pieces[e].names(reduced) for e, reduced in part]
        return [":".join(reversed(several)) for several in product(*reversed(names))]


def _name(term):
    return ":".join(e.text for e in term) or "Intercept"


def _product(blocks):
    """All products of columns, those of the first block running fastest."""
    result = blocks[0] if blocks else 1.0
    for block in blocks[1:]:
        result = (block[:, :, None] * result[:, None, :]).reshape(len(block), -1)
    return result


def _full_rank(term, spanned):
    """How a term is written so that it adds only what `spanned` does not hold yet.

    A term is a list of (piece, does it span a constant). Written out, each such factor is a
    constant plus L - 1 columns ("reduced"); the parts already spanned are left out, and the
    others are put together again: part + part:reduced = part:full.
    """
    parts = [
        tuple((e, reduced) for e, reduced in choice if e is not None)
        for choice in product(
            *([(e, True), (None, False)] if spans else [(e, False)] for e, spans in term)
        )
    ]
    new = [part for part in parts if frozenset(part) not in spanned]
    return _put_together(new), spanned | set(map(frozenset, parts))


def _put_together(parts):
    terms = []
    for part in sorted(parts, key=len):
        for shorter in terms:
            more = set(part) - set(shorter)
            if len(part) - 1 == len(shorter) and len(more) == 1 and next(iter(more))[1]:
                (grown,) = more
                whole = tuple((e, False) if (e, r) == grown else (e, r) for e, r in part)
                others = [t for t in terms if t is not shorter]
                terms = _put_together(
                    others if set(whole) in map(set, others) else [*others, whole]
                )
                break
        else:
            terms.append(part)
    return terms


def _check_size(pieces, n, p):
    if p <= MOST_COLUMNS and n * p <= MOST_CELLS:
        return
    widest = sorted((piece for piece in pieces if piece.width > 1), key=lambda piece: -piece.width)[
        :3
    ]
    brings = listed(
        f"{piece.text} has {piece.width} {'levels' if piece.is_factor else 'columns'}"
        for piece in widest
    )
    if widest and widest[0].is_factor and numbers_as_text(widest[0].levels)[0]:
        brings += (
            f" because it holds text: for numbers use pd.to_numeric(data['{widest[0].column}'])"
        )
    raise ValueError(
        f"the terms stand for {p} columns, so X would have {n} x {p} cells "
        f"({8 * n * p / 2**30:.3g} GiB): {brings}. A factor of many levels is better a random "
        f"term, such as (1 | {widest[0].column if widest else 'g'}); or give it fewer levels, "
        "and name only the products you need"
    )


def _refuse_twins(names, columns, side):
    """Two coefficients of one name could not be told apart."""
    if "Intercept" in columns and any(
        e.is_column and e.text == "Intercept" for t in side.terms for e in t
    ):
        raise ValueError(
            "a column called 'Intercept' cannot be told from the intercept of the model: use "
            "data.rename(columns={'Intercept': 'another name'})"
        )
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise ValueError(
            f"two coefficients would be called '{name}': rename the column or the level of "
            "that name, by data.rename(columns={...})"
        )
