"""The model frame: a formula and a table become plain arrays.

    y = X beta + Z_1 b_1 + ... + Z_m b_m + e

X comes from the fixed part (factors in treatment coding, by formulaic unless it is a plain
sum); each Z_t is kept as level codes and the few columns to the left of its bar, never as a
matrix. Rows with missing values are dropped and counted.
"""

import re
import warnings
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from .formula import PYTHON_WORDS, Bar, SplitFormula, depths, find_intercept, name_of, signed_terms, split_bars, text_of, tokenise
from ..words import UnknownName, listed, near

# ---------------------------------------------------------------- names


def _unknown(name, data, where="the data"):
    known = list(map(str, data.columns))
    if name in data.index.names:
        return UnknownName(f"'{name}' is in the index of {where}, not among the columns: use "
                           "data.reset_index()")
    if name in known:
        return UnknownName(f"the column name {name} is a number, and a formula needs text: use "
                           "data.rename(columns=str), and backticks, `1`, in the formula")
    return UnknownName(f"there is no column '{name}' in {where}; {near(name, known)}"
                       f"The columns are: {listed(known)}")


class _Names:
    """Safe stand-ins for the columns: `yield`, `a.b` or `total fruits` are not Python names."""

    def __init__(self, data):
        self.head = data.iloc[:0]
        self.known = [name for name in data.columns if isinstance(name, str)]
        self.order = []  # the columns met so far; number i is called _ci_
        self.bare = set()  # those that occur outside C(...), and so can be numeric

    def check(self, name):
        if name not in self.known:
            raise _unknown(name, self.head)
        return name

    def alias(self, column):
        if column not in self.order:
            self.order.append(column)
        return f"_c{self.order.index(column)}_"

    def back(self, text):
        """The text with the user's names again."""
        return re.sub(r"_c(\d+)_", lambda match: self.order[int(match[1])], str(text))

    def columns_in(self, safe):
        return tuple(dict.fromkeys(self.order[int(i)] for i in re.findall(r"_c(\d+)_", safe)))

    def safe(self, text):
        """The text with stand-ins for the columns."""
        tokens = tokenise(text)
        around = ["", "", *(token.text for token in tokens), ""]
        safe = []
        for token, depth, *around_it in zip(tokens, depths(tokens), around, around[1:], around[3:]):
            column, rest = self._column(token, around_it[2], depth)
            if column is not None:
                before, bracket, after = around_it
                if before not in ("C", "factor") or bracket != "(" or after not in (",", ")"):
                    self.bare.add(column)
                token = token._replace(text=self.alias(column) + rest)
            safe.append(token)
        return text_of(safe)

    def _column(self, token, following, depth):
        """(column, what is asked of it) for a token that names a column, else (None, "")."""
        name, called = token.text.strip("`"), following == "("
        root, _, rest = name.partition(".")
        if token.text == "." or token.kind == "quoted":
            return self.check(name), ""
        if token.kind != "name" or depth and following == "=":  # poly(x, degree=2)
            return None, ""
        if name in self.known and not called:
            return name, ""
        if (depth or called) and (root in _functions() or name in PYTHON_WORDS):
            return None, ""
        if rest and root in self.known:  # x.clip(0, 1)
            return root, "." + rest
        if called:
            raise ValueError(f"unknown function '{name}': use one of numpy, such as np.log, or "
                             "compute the column first")
        raise _unknown(name, self.head)


@cache
def _functions():
    from formulaic.transforms import TRANSFORMS

    return {**TRANSFORMS, "sqrt": np.sqrt, "abs": np.abs, "factor": TRANSFORMS["C"]}


# ---------------------------------------------------------------- columns of the data


def _is_number(column, name):
    """True for numbers, False for labels (text, categories, truth values)."""
    kind = getattr(column.dtype, "kind", "O")
    if kind in "mMc" or isinstance(column.dtype, pd.PeriodDtype):
        raise ValueError(f"column '{name}' holds {column.dtype} values: turn it into numbers (days "
                         "since the start, say) or into text labels first")
    if isinstance(column.dtype, pd.CategoricalDtype) or kind == "b":
        return False
    inferred = pd.api.types.infer_dtype(column, skipna=True) if kind == "O" else "floating"
    return inferred in ("integer", "floating", "mixed-integer-float", "decimal")


def _numbers(column, name):
    try:
        values = column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise ValueError(f"column '{name}' must hold numbers, not {column.dtype} values") from None
    if np.isinf(values).any():
        raise ValueError(f"column '{name}' has {np.isinf(values).sum()} infinite values: "
                         "correct them, or make them missing (NaN)")
    return values


def _factor(column, name, levels, remedy):
    codes = levels.get_indexer(column)
    if (codes < 0).any():
        raise ValueError(f"'{column[codes < 0].iloc[0]}' is not one of the known levels of "
                         f"'{name}' ({listed(levels)}): {remedy}")
    return pd.Categorical.from_codes(codes, categories=levels)


def _level_codes(column):
    """(codes, levels) of a column without missing values; the levels that occur, in order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, levels = column.cat.codes.to_numpy().astype(np.intp), column.cat.categories
        used = np.bincount(codes, minlength=len(levels)) > 0
        return (np.cumsum(used) - 1)[codes], levels[used]
    try:
        codes, levels = pd.factorize(column)
    except TypeError:
        raise ValueError(f"the entries of column '{column.name}' cannot be labels: use text "
                         "or numbers") from None
    try:
        order = levels.argsort()
    except TypeError:  # labels of mixed types
        order = np.array(sorted(range(len(levels)), key=lambda i: str(levels[i])))
    return np.argsort(order)[codes], levels[order]


def _group_codes(columns):
    """Codes of the observed combinations of some columns, and their labels column by column."""
    coded = [_level_codes(column) for column in columns]
    codes, levels = coded[0]
    if len(coded) == 1:
        return codes, (levels,)
    for more, more_levels in coded[1:]:
        codes, keys = pd.factorize(codes * len(more_levels) + more, sort=True)
    first = np.empty(len(keys), dtype=np.intp)  # a row where the combination occurs
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, tuple(levels[own_codes[first]] for own_codes, levels in coded)


def _complete_rows(columns, weights, n):
    """Which rows have a value everywhere, and how many values are missing in which column."""
    gone = {name: column.isna().to_numpy() for name, column in columns.items()}
    if weights is not None:
        gone["weights"] = np.isnan(weights)
    keep = ~np.any([np.zeros(n, dtype=bool), *gone.values()], axis=0)
    counts = {name: int(np.count_nonzero(missing)) for name, missing in gone.items()}
    return keep, {name: count for name, count in counts.items() if count}


def dropped_rows(dropped, n, missing):
    """A message about rows that were left out, none if there are none.

    >>> dropped_rows(3, 60, {"x": 1, "y": 2})
    ['3 of 60 rows were dropped: missing values in x (1), y (2)']
    """
    why = ", ".join(f"{name} ({count})" for name, count in missing.items())
    verb = "was" if dropped == 1 else "were"
    return [f"{dropped} of {n} rows {verb} dropped: missing values in {why}"] if dropped else []


# ---------------------------------------------------------------- fixed and left sides


class _Matrix:
    """The columns that one formula text stands for; the first rows fix how later ones are coded."""

    def __init__(self, text, lookup):
        self.text, self.lookup = text, lookup
        self.safe = lookup.safe(text)
        self.columns = lookup.columns_in(self.safe)
        self.names = self.spec = self.plain = None
        self.terms, self.factors, self.variables = {}, {}, {}

    def rows(self, values, n):
        """(n, k) array from a dict of arrays and Categoricals."""
        if self.names is None:
            self._plan(values)
        if self.plain is None:
            return self._formulaic(values, n)
        return _stack([values[name] for name in self.plain], n, len(self.names))

    def _plan(self, values):
        """A sum of plain columns needs no formulaic, which saves its import and several copies."""
        intercept, terms = find_intercept(signed_terms(tokenise(self.text)))
        words = [name_of(piece) if sign == "+" else None for sign, piece in terms]
        levels = {w: values[w].categories.tolist() for w in words
                  if isinstance(values.get(w), pd.Categorical)}
        if not all(word in values for word in words) or levels and not intercept:
            return
        self.plain, self.names = list(dict.fromkeys(words)), []
        for word in ["Intercept"] * intercept + self.plain:
            new = [f"{word}[T.{v}]" for v in levels[word][1:]] if word in levels else [word]
            self.terms[word] = slice(len(self.names), len(self.names) + len(new))
            self.variables[word] = (word,) if word in self.plain else ()
            self.factors[word] = {name: levels.get(name) for name in self.variables[word]}
            self.names += new

    def _formulaic(self, values, n):
        from formulaic import Formula
        from formulaic.errors import DataMismatchWarning

        frame = pd.DataFrame({self.lookup.alias(c): values[c] for c in self.columns},
                             index=pd.RangeIndex(n), copy=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", DataMismatchWarning)
                recipe = Formula(self.safe) if self.spec is None else self.spec
                made = recipe.get_model_matrix(frame, output="numpy", na_action="ignore",
                                               context=_functions())
            matrix, spec = np.asarray(made.__wrapped__, dtype=float), made.model_spec
            if len(matrix) != n:
                raise ValueError("it does not give one value for every row")
        except Exception as error:  # the text may ask for anything, and so fail in any way
            reason = self.lookup.back(error).strip().split("\n")[0]
            raise ValueError(f"cannot evaluate '{self.lookup.back(self.safe)}': {reason} (powers "
                             "are written I(x**2), functions np.log(x))") from error
        if self.spec is None:
            self._describe(spec)
        bad = ~np.isfinite(matrix).all(axis=0)
        if bad.any():
            raise ValueError(f"'{self.names[bad.argmax()]}' is not finite in every row, such as "
                             "the logarithm of 0: correct or drop those rows")
        return matrix

    def _describe(self, spec):
        back = self.lookup.back
        self.spec, self.names = spec, [back(name) for name in spec.column_names]
        levels = {expr: list(state["categories"]) for expr, (_, state) in spec.encoder_state.items()
                  if "categories" in state}
        for term, where in spec.term_slices.items():
            name = "Intercept" if str(term) == "1" else back(term)
            parts = [f.expr for f in term.factors if f.eval_method.value != "literal"]
            self.terms[name] = where
            self.variables[name] = self.lookup.columns_in(" ".join(parts))
            self.factors[name] = {back(part): levels.get(part) for part in parts}


def _stack(columns, n, k):
    """(n, k): ones where columns are short, numbers as they are, factors by treatment coding."""
    matrix = np.ones((n, k))
    for start in range(0, n, 4096):  # blocks of rows that stay in the cache: 3 times faster
        rows, end = slice(start, start + 4096), k
        for column in reversed(columns):
            if isinstance(column, pd.Categorical):
                levels = np.arange(1, len(column.categories))
                matrix[rows, end - len(levels) : end] = column.codes[rows, None] == levels
                end -= len(levels)
            else:
                end -= 1
                matrix[rows, end] = column[rows]
    return matrix


# ---------------------------------------------------------------- the arrays of a model


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
    left: _Matrix
    reader: "_Reader"

    group = property(lambda self: self.bar.group)
    names = property(lambda self: self.left.names)

    @cached_property
    def levels(self):
        if len(self.labels) == 1:
            return pd.Index(self.labels[0])
        return pd.Index([":".join(map(str, label)) for label in zip(*self.labels)])

    @cached_property
    def _code_of(self):
        return {label: code for code, label in enumerate(zip(*self.labels))}

    def rows(self, new):
        """(codes, x) for a DataFrame of new rows; the code of an unknown level is -1."""
        columns = [self.reader.column(new, factor) for factor in self.bar.factors]
        complete = ~np.any([column.isna() for column in columns], axis=0)
        codes, labels = _group_codes([column[complete] for column in columns])
        known = np.array([self._code_of.get(label, -1) for label in zip(*labels)], dtype=np.intp)
        result = np.full(len(new), -1)
        result[complete] = known[codes]
        return result, self.reader.new_rows(self.left, new)


@dataclass
class Design:
    """A formula on data as plain arrays; n rows remain after dropping incomplete ones.

    Attributes
    ----------
    formula, split : the text, and its `SplitFormula`
    y, y_name : (n,) response, and its text
    X, x_names : (n, p) fixed-effects matrix before any rank reduction, and its column names
    x_terms : term -> slice of the columns of X; the intercept is "Intercept"
    x_factors : term -> {factor in the term: its levels, or None if it is numeric}
    x_variables : term -> names of the data columns in it
    x_spec : formulaic's ModelSpec of X; None if X is a sum of plain columns
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
    reader: "_Reader"

    @property
    def row_weights(self):
        """The prior weights, (n,); ones if there are none."""
        return np.ones(len(self.y)) if self.weights is None else self.weights

    y_name = property(lambda self: self.split.response)
    x_names = property(lambda self: self.reader.fixed.names)
    x_terms = property(lambda self: self.reader.fixed.terms)
    x_factors = property(lambda self: self.reader.fixed.factors)
    x_variables = property(lambda self: self.reader.fixed.variables)
    x_spec = property(lambda self: self.reader.fixed.spec)

    def x_rows(self, new):
        """(m, p) rows of X for a DataFrame of new rows, coded as the rows of the data were."""
        return self.reader.new_rows(self.reader.fixed, new)


class NoCompleteRow(ValueError):
    """The first rows of a table that are all missing say nothing about its coding."""


class _Reader:
    """Turns rows of a DataFrame into arrays; the first rows fix the coding of all later ones."""

    remedy = "the model has no coefficient for it, so use a known level"
    one_level = "leave it out of the formula"

    def __init__(self, formula, data, random=True):
        self.formula, self.split = formula, split_bars(formula)
        response, bars = self.split.response, self.split.bars
        if random and not bars:
            raise ValueError(f"{formula!r} has no random term such as (1 | group): add one, or fit "
                             "the model without random effects by mm.lm")
        if bars and not random:
            raise ValueError(f"{bars[0]} is a random term: fit this formula by mm.lmm")
        _check_frame(data)
        self.lookup = _Names(data)
        alone = name_of(tokenise(response))
        self.response = _Matrix(f"0 + {response}" if alone else f"0 + I({response})", self.lookup)
        if not self.response.columns:
            raise ValueError(f"the response '{response}' names no column of the data")
        self.fixed = _Matrix(self.split.fixed, self.lookup)
        self.left = {bar.lhs: _Matrix(bar.lhs, self.lookup) for bar in bars}
        self.predictors = dict.fromkeys(sum((m.columns for m in self.left.values()),
                                            self.fixed.columns))
        self.groups = dict.fromkeys(self.lookup.check(f) for bar in bars for f in bar.factors)
        self.levels = {}  # predictor -> its levels, or None if it is numeric

    def read(self, data, weights=None, coder=_group_codes):
        """The `Design` of these rows."""
        used = {**dict.fromkeys(self.response.columns), **self.predictors, **self.groups}
        columns = {name: self.column(data, name) for name in used}
        weights = self._weights(data, weights)
        keep, missing = _complete_rows(columns, weights, len(data))
        n = int(np.count_nonzero(keep))
        messages = dropped_rows(len(data) - n, len(data), missing)
        if n == 0 and self.fixed.names is None:
            raise NoCompleteRow(": ".join(["the data have no complete row", *messages]))
        if missing:
            columns = {name: column[keep] for name, column in columns.items()}
            weights = None if weights is None else weights[keep]
        values = {name: self.value(columns[name], name) for name in self.predictors}
        left = {lhs: matrix.rows(values, n) for lhs, matrix in self.left.items()}
        coded = {names: coder([columns[name] for name in names])
                 for names in dict.fromkeys(bar.factors for bar in self.split.bars)}
        terms = [RandomTerm(bar, coded[bar.factors][1], coded[bar.factors][0], left[bar.lhs],
                            self.left[bar.lhs], self) for bar in self.split.bars]
        return Design(
            formula=self.formula, split=self.split, terms=terms, weights=weights, reader=self,
            y=self._y(columns, n), X=self.fixed.rows(values, n),
            rows=data.index[keep] if missing else data.index,
            n_dropped=len(data) - n, messages=messages, missing=missing,
            factors={c: self.levels[c].tolist() for c in self.fixed.columns
                     if self.levels[c] is not None},
            numeric={c: float(values[c].mean()) for c in self.fixed.columns
                     if self.levels[c] is None and n})

    def new_rows(self, matrix, new):
        """The columns of a fixed or left side for a DataFrame of new rows."""
        values = {name: self.column(new, name) for name in matrix.columns}
        for name, column in values.items():
            if column.isna().any():
                raise ValueError(f"the new data have {column.isna().sum()} missing values in "
                                 f"'{name}': fill them in or drop those rows")
        return matrix.rows({name: self.value(c, name) for name, c in values.items()}, len(new))

    def column(self, data, name):
        _check_frame(data)
        if name not in data.columns:
            raise _unknown(name, data, "the new data")
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
            number = name in self.lookup.bare and _is_number(column, name)
            self.levels[name] = None if number else self.first_levels(column)
            if not number and len(self.levels[name]) < 2:
                raise ValueError(f"the factor '{name}' has one level ({self.levels[name][0]}) in "
                                 f"the rows used: {self.one_level}")
        if self.levels[name] is None:
            return _numbers(column, name)
        return _factor(column, name, self.levels[name], self.remedy)

    def first_levels(self, column):
        return _level_codes(column)[1]

    def _y(self, columns, n):
        values = {name: columns[name] for name in self.response.columns}
        for name, column in values.items():
            if not _is_number(column, name):
                raise ValueError(f"the response '{name}' is not numeric (it holds {column.dtype} "
                                 "values): choose a column of numbers, or convert it first")
            values[name] = _numbers(column, name)
        matrix = self.response.rows(values, n)
        if matrix.shape[1] != 1:
            raise ValueError(f"the response '{self.split.response}' must be one column of numbers")
        return matrix[:, 0]

    def _weights(self, data, weights):
        if weights is None:
            return None
        if isinstance(weights, str):
            weights = self.column(data, self.lookup.check(weights))
        if (isinstance(weights, pd.Series) and not weights.index.equals(data.index)
                and weights.index.isin(data.index).all()):
            raise ValueError("the weights are a Series whose rows stand in another order than "
                             "those of the data: use weights.reindex(data.index), or a column name")
        try:
            weights = np.array(pd.Series(weights), dtype=float)
        except (TypeError, ValueError):
            raise ValueError("weights must be one positive number for each row, or the name of a "
                             "column that holds them") from None
        if len(weights) != len(data):
            raise ValueError(f"there are {len(weights)} weights for {len(data)} rows: give one "
                             "weight for each row of the data")
        bad = (weights <= 0) | np.isinf(weights)
        if bad.any():
            raise ValueError(f"weights must be positive and finite, but row {data.index[bad][0]} "
                             f"has {weights[bad][0]:g}: drop the row or correct its weight")
        return weights


class _ChunkReader(_Reader):
    """A reader for pieces of one table: all categories count, new groups get the next codes."""

    remedy = ("give every chunk the same categories, or name all levels at the start by "
              "levels={'column': [...]}")
    one_level = "if later chunks have others, name all levels by levels={'column': [...]}"

    def __init__(self, formula, data, levels):
        super().__init__(formula, data)
        self.levels = {self.lookup.check(name): pd.Index(items) for name, items in levels.items()}
        self.seen = {}

    def first_levels(self, column):
        categorical = isinstance(column.dtype, pd.CategoricalDtype)
        return column.cat.categories if categorical else super().first_levels(column)

    def grow(self, columns):
        codes, labels = _group_codes(columns)
        seen = self.seen.setdefault(tuple(column.name for column in columns), {})
        known = [seen.setdefault(label, len(seen)) for label in zip(*labels)]
        return np.array(known, dtype=np.intp)[codes], tuple(zip(*seen))


def _check_frame(data):
    if not isinstance(data, pd.DataFrame):
        raise ValueError(f"the data must be a pandas DataFrame, not {type(data).__name__}: "
                         "pass pd.DataFrame(...)")


def check_sizes(n, terms):
    """Refuse groups that the data cannot tell apart; `terms` are (bar, levels J, columns k).

    As in lme4, every term needs 1 < J < n and fewer random effects than rows, J k < n.
    """
    for bar, levels, k in terms:
        if levels < 2:
            raise ValueError(f"the grouping factor of {bar} has one level in the rows used: a "
                             "variance between levels needs at least two, so leave the term out")
        if levels >= n:
            raise ValueError(f"{bar} has as many levels as rows ({n}), so it cannot be told from "
                             "the residual: leave it out or group by a coarser column")
        if levels * k >= n:
            raise ValueError(f"{bar} asks for {levels} x {k} = {levels * k} random effects from "
                             f"{n} rows: let fewer effects vary, as in (1 | {bar.group})")


def _check(made):
    y, x = made.y, made.X
    if y.min() == y.max():
        raise ValueError(f"the response '{made.y_name}' is constant ({y[0]:g}): there is nothing "
                         "to explain")
    check_sizes(len(y), [(t.bar, len(t.levels), len(t.names)) for t in made.terms])
    if x.shape[1] >= len(y) and np.linalg.matrix_rank(x) >= len(y):
        raise ValueError(f"the fixed part has {x.shape[1]} coefficients for {len(y)} rows, so "
                         "nothing is left for the residual: leave terms out")
    for i, a in enumerate(made.terms):
        for b in made.terms[:i]:
            for name in sorted(set(a.names) & set(b.names)) if a.group == b.group else []:
                made.messages.append(f"{name} of {a.group} occurs in {a.bar} and in {b.bar}: their "
                                     "variances cannot be told apart")


def design(formula, data, weights=None, random=True):
    """Evaluate a formula on data: the arrays y, X and, for every bar, level codes and columns.

    Rows with a missing value in any column used are dropped and counted. Text, boolean and
    categorical columns are factors with treatment coding (levels in category order or sorted),
    grouping columns always are; only levels and combinations that occur are kept.

    Parameters
    ----------
    formula : str, as in the table at the top of this file
    data : DataFrame, never changed
    weights : n positive numbers or the name of a column, optional
    random : False for a formula without bars

    Returns
    -------
    Design

    Raises
    ------
    ValueError or KeyError
        That name the culprit and the remedy: an unknown column, too few levels or rows, ...

    Examples
    --------
    >>> import pandas as pd
    >>> d = design("y ~ x + (1 | g)", pd.DataFrame({"y": [1, 2, 4, 3], "x": [0, 1, 0, 1],
    ...                                              "g": ["a", "a", "b", "b"]}))
    >>> d.x_names, d.X.tolist()
    (['Intercept', 'x'], [[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> list(d.terms[0].levels), d.terms[0].codes.tolist()
    (['a', 'b'], [0, 0, 1, 1])
    """
    made = _Reader(formula, data, random).read(data, weights)
    _check(made)
    made.terms.sort(key=lambda term: -len(term.levels))
    return made


def chunk_designs(formula, chunks, weights=None, levels=None):
    """Yield one `Design` for each DataFrame of an iterable, all with one coding.

    The levels of the predictors are settled by the first chunk: by its categories (all count,
    used or not) or by ``levels={"f": [...]}``. Groups are discovered on the way: codes go on from
    chunk to chunk, `levels` of a term lists those met so far, and the terms keep the order of
    the formula. When all rows are read, `check_sizes` should be called with the totals.
    `poly`, `center` and `scale` take their constants from the first chunk.
    `weights` is the name of a column.

    Raises ValueError for a later level of a predictor that the coding does not know.
    """
    if weights is not None and not isinstance(weights, str):
        raise ValueError("in chunks, weights must be the name of a column")
    reader, waiting = None, []  # chunks without a complete row wait for one that has
    for data in chunks:
        reader = reader or _ChunkReader(formula, data, levels or {})
        if waiting:
            data, waiting = pd.concat([*waiting, data], ignore_index=True), []
        try:
            made = reader.read(data, weights, reader.grow)
        except NoCompleteRow as error:
            waiting, nothing = [data], error
            continue
        yield made
    if reader is None:
        raise ValueError("there is no data: the iterable of chunks is empty")
    if waiting:
        raise nothing
