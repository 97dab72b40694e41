"""Formulas: from the text  y ~ x*f + (1 + x | g)  to the arrays y, X and the columns of Z.

    y = X beta + Z_1 b_1 + ... + Z_m b_m + e        one Z per bar, written  (left | group)

====================  =============================  ==========================================
written               is read as                     in words
====================  =============================  ==========================================
``(1 | g)``           itself                         an intercept for every level of g
``(x | g)``           ``(1 + x | g)``                correlated intercept and slope
``(0 + x | g)``       itself; also ``(x - 1 | g)``   a slope without an intercept
``(x || g)``          ``(1 | g) + (0 + x | g)``      intercept and slope without a correlation
``(1 | a:b)``         itself                         every observed combination of a and b
``(1 | a/b)``         ``(1 | a) + (1 | a:b)``        b is nested in a
``(1 | a*b)``         ``(1 | a) + (1 | b)            crossed, with their combinations
                      + (1 | a:b)``
everything else       X, by formulaic                ``+ : * / -1 0+ I(x**2) np.log(x) poly(x, 2)
                                                     C(k)``, factors with treatment coding
====================  =============================  ==========================================

A name that is not a plain word goes between backticks: ```total fruits```. As in lme4, a factor to
the left of ``||`` keeps the correlations among its own levels: ``(f || g)`` is
``(1 | g) + (0 + f | g)``. The grammar is that of Bates, Mächler, Bolker & Walker (2015), table 2.
"""

import difflib
import re
import warnings
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Bar", "SplitFormula", "split_bars", "Design", "RandomTerm", "design", "chunk_designs"]

# ---------------------------------------------------------------- reading the text

BARS, PLUS_MINUS, OPEN, CLOSE = ("|", "||"), ("+", "-"), tuple("([{"), tuple(")]}")


@dataclass(frozen=True)
class Bar:
    """One random-effects term after expansion, such as ``(1 + days | subject)``.

    Attributes: `lhs` (what varies, intercept written out), `group` (the factors joined by ``:``)
    and `factors` (the names of the grouping columns).
    """

    lhs: str
    group: str
    factors: tuple[str, ...]

    def __str__(self):
        return f"({self.lhs} | {':'.join(map(_quoted, self.factors))})"


@dataclass(frozen=True, repr=False)
class SplitFormula:
    """A formula in three parts: `response`, `fixed` (both text) and `bars` (a tuple of `Bar`)."""

    response: str
    fixed: str
    bars: tuple[Bar, ...]

    def __str__(self):
        return f"{self.response} ~ " + " + ".join([self.fixed, *map(str, self.bars)])

    def __repr__(self):
        bars = [str(bar) for bar in self.bars] or ["(none)"]
        return "\n          ".join([f"response  {self.response}\nfixed     {self.fixed}\n"
                                    f"random    {bars[0]}", *bars[1:]])


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<quoted>`[^`]+`) | (?P<string>'[^']*'|"[^"]*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<name>\.?[^\W\d][\w.]*)
      | (?P<op>\|\||\*\*|%in%|[=!<>]=|//|.)""",
    re.VERBOSE | re.DOTALL,
)


def split_bars(formula):
    """Split a mixed-model formula into its response, fixed part and expanded bars.

    Pure text work, no data needed. Raises ValueError for text that is not a formula.

    >>> split_bars("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)")
    response  yield_t_ha
    fixed     genotype*fungicide
    random    (1 | block)
              (1 | block:fungicide)
    >>> print(split_bars("y ~ x + (x || g)"))
    y ~ x + (1 | g) + (0 + x | g)
    """
    tokens = _tokens(formula)
    sides = [part for _, part in _split(tokens, "~")]
    if sum(t.text == "~" for t in tokens) != 1 or len(sides) != 2:
        raise ValueError(f"a formula has exactly one '~', as in  y ~ x + (1 | g);  got {formula!r}")
    left, right = sides
    if not left:
        raise ValueError(f"the response is missing: write its column before the '~' in {formula!r}")
    if _has_bar(left):
        raise ValueError("random terms such as (1 | g) belong after the '~', not in the response")
    if not right or right[-1].text in PLUS_MINUS:
        raise ValueError(f"something is missing at the end of the formula {formula!r}")
    fixed, bars = [], []
    for sign, piece in _signed(right):
        if not _has_bar(piece):
            fixed.append((sign, piece))
        elif sign == "-":
            raise ValueError(f"cannot subtract the random term {_text(piece)}: leave it out instead")
        else:
            bars += _read_bar(piece)
    _refuse_twins(bars)
    return SplitFormula(_text(left), _join(fixed) or "1", tuple(bars))


def _tokens(formula):
    if not isinstance(formula, str):
        raise ValueError(f"the formula must be text, not {type(formula).__name__}: "
                         "write it between quotes")
    tokens = [_Token(m.lastgroup, m[0], *m.span()) for m in _TOKEN.finditer(formula)
              if m.lastgroup != "space"]
    awaited = []
    for token in tokens:
        where = f"{token.text} at position {token.start + 1} of {formula!r}"
        if token.text in "`'\"":
            raise ValueError(f"the quote {where} has no partner: close it")
        if token.text in OPEN:
            awaited.append(CLOSE[OPEN.index(token.text)])
        elif token.text in CLOSE and (not awaited or awaited.pop() != token.text):
            raise ValueError(f"unbalanced parenthesis: {where} closes nothing")
    if awaited:
        raise ValueError(f"unbalanced parenthesis: {awaited[-1]} is missing in {formula!r}")
    return tokens


def _depths(tokens):
    return list(accumulate((t.text in OPEN) - (t.text in CLOSE) for t in tokens))


def _split(tokens, operators):
    """Cut at operators outside parentheses: a list of (operator before, tokens)."""
    parts = [("", [])]
    for token, depth in zip(tokens, _depths(tokens)):
        if depth == 0 and token.text in operators:
            parts.append((token.text, []))
        else:
            parts[-1][1].append(token)
    return parts


def _signed(tokens):
    """The terms of a sum with their signs; ``x + -1`` counts as ``x - 1``."""
    terms, sign = [], "+"
    for operator, piece in _split(tokens, PLUS_MINUS):
        if operator == "-":
            sign = "-" if sign == "+" else "+"
        if piece:
            terms.append((sign, piece))
            sign = "+"
    return terms


def _join(terms):
    text = "".join(f" {sign} {_text(piece)}" for sign, piece in terms)
    return "-" + text[3:] if text.startswith(" - ") else text[3:]


def _text(tokens):
    """The tokens as the user wrote them, each run of white space made one blank."""
    gaps = ["", *(" " if a.end < b.start else "" for a, b in pairwise(tokens))]
    return "".join(gap + token.text for gap, token in zip(gaps, tokens))


def _quoted(name):
    return name if re.fullmatch(r"\.?[^\W\d][\w.]*", name) else f"`{name}`"


def _name(tokens):
    """The column that the tokens name, or None if they are more than one name."""
    single = len(tokens) == 1 and tokens[0].kind in ("name", "quoted")
    return tokens[0].text.strip("`") if single else None


def _has_bar(tokens):
    return any(token.text in BARS for token in tokens)


# ---------------------------------------------------------------- expanding a bar


def _read_bar(piece):
    """The bars that one term ``( left | right )`` of the formula stands for."""
    text = _text(piece)
    if len(_split(piece, BARS)) > 1:
        raise ValueError(f"a random term needs its own parentheses: write ({text})")
    inside = _split(piece[1:-1], BARS) if all(_depths(piece)[:-1]) else []
    if len(inside) != 2 or _has_bar(inside[0][1] + inside[1][1]) or piece[0].text != "(":
        raise ValueError(f"cannot read {text}: write every random term as one pair of parentheses "
                         "with one bar in it, (left | group), joined to the others by +")
    (_, left), (bar, right) = inside
    if not left:
        raise ValueError(f"nothing to the left of the bar in {text}: write (1 | ...) for intercepts")
    if not right:
        raise ValueError(f"nothing to the right of the bar in {text}: name the grouping column")
    sides = _left_sides(left, text, separate=bar == "||")
    groups = _products(right, _group_name, text)
    return [Bar(lhs, ":".join(names), names) for names in groups for lhs in sides]


def _left_sides(left, text, separate):
    """The left side with its intercept written out; one for each term if `separate` (``||``)."""
    intercept, terms = _intercept(_signed(left))
    if not intercept and not terms:
        raise ValueError(f"{text} lets nothing vary: write 1 or a column to the left of the bar")
    if not separate:
        return [("1 + " if intercept else "0 + ") + _join(terms) if terms else "1"]
    if any(sign == "-" for sign, _ in terms):
        raise ValueError(f"{text}: terms to the left of || can be added, not subtracted")
    names = [":".join(names) for _, t in terms for names in _products(t, _effect_name, text)]
    return ["1"] * intercept + [f"0 + {name}" for name in dict.fromkeys(names)]


def _intercept(terms):
    """Take the 0s and 1s out of a sum: (is there an intercept, the other terms)."""
    intercept, others = True, []
    for sign, piece in terms:
        if _text(piece) in ("0", "1"):
            intercept = (_text(piece) == "1") == (sign == "+")
        else:
            others.append((sign, piece))
    return intercept, others


def _products(tokens, read_name, text):
    """Expand ``:``, ``*`` and ``/`` (from left to right) to a list of tuples of names."""
    terms = []
    for operator, part in _split(tokens, ("*", "/")):
        new = tuple(read_name(name, text) for _, name in _split(part, (":",)))
        if operator == "*":
            terms = [*terms, new, *(term + new for term in terms)]
        elif operator == "/":
            terms = [*terms, sum(terms, ()) + new]
        else:
            terms = [new]
        if len(terms) > 63:
            raise ValueError(f"{text} stands for more than 63 random terms: name the ones you need")
    unique = {frozenset(term): tuple(dict.fromkeys(term)) for term in reversed(terms)}
    return sorted(reversed(unique.values()), key=len)


def _group_name(tokens, text):
    """A grouping column; ``factor(g)`` or ``C(g)`` is g, because groups are always categorical."""
    if len(tokens) == 4 and tokens[0].text in ("C", "factor", "as.factor"):
        tokens = tokens[2:3]
    if _name(tokens):
        return _name(tokens)
    raise ValueError(f"cannot read {_text(tokens) or 'an empty name'!r} to the right of the bar in "
                     f"{text}: use column names joined by : / or *. For two separate factors write "
                     "(1 | a) + (1 | b); for anything else make a column first")


def _effect_name(tokens, text):
    call = len(tokens) > 1 and tokens[0].kind == "name" and all(_depths(tokens)[1:-1])
    if call or _name(tokens):
        return _text(tokens)
    raise ValueError(f"cannot read {_text(tokens) or 'an empty name'!r} to the left of || in {text}: "
                     "use columns or functions of columns joined by + : or *")


def _refuse_twins(bars):
    seen = set()
    for bar in bars:
        key = (bar.lhs, frozenset(bar.factors))
        if key in seen:
            raise ValueError(f"the random term {bar} occurs twice (written out, (1 | a/b) is "
                             "(1 | a) + (1 | a:b)): leave one out")
        seen.add(key)


# ---------------------------------------------------------------- names and columns


class UnknownColumn(KeyError):
    """A KeyError whose message prints as plain text."""

    def __str__(self):
        return self.args[0]


def _unknown(name, known, where="the data"):
    near = difflib.get_close_matches(name, known, 1) or difflib.get_close_matches(
        name.lower(), [k for k in known if k.lower() == name.lower()], 1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return UnknownColumn(f"there is no column '{name}' in {where}; {hint}"
                         f"The columns are: {_listed(known)}")


class _Names:
    """Gives every column a safe stand-in, since `yield` or `total fruits` is not valid Python."""

    def __init__(self, known):
        self.known = [name for name in known if isinstance(name, str)]
        self.order, self.bare = [], set()  # columns met; those met outside C()

    def check(self, name):
        if name not in self.known:
            raise _unknown(name, self.known)
        return name

    def safe(self, text):
        """The text with stand-ins, and the columns it uses."""
        tokens, columns = _tokens(text), []
        depths, padded = _depths(tokens), [None, None, *tokens, None]
        for i, token in enumerate(tokens):
            column, rest = self._column(token, padded[i + 3], depths[i])
            if column is None:
                continue
            if column not in self.order:
                self.order.append(column)
            opener = padded[i] and padded[i + 1].text == "(" and padded[i].text
            if opener not in ("C", "factor"):
                self.bare.add(column)
            columns.append(column)
            tokens[i] = token._replace(text=self.alias(column) + rest)
        return _text(tokens), tuple(dict.fromkeys(columns))

    def _column(self, token, following, depth):
        """(column, what follows it) for a token that names a column, else (None, '')."""
        name, mark = token.text.strip("`"), following.text if following else ""
        root, dot, rest = name.partition(".")
        if token.kind not in ("name", "quoted") or (depth and mark == "="):
            return None, ""
        if token.kind == "quoted" or mark != "(" and name in self.known:
            return self.check(name), ""
        if dot and root in self.known:
            return root, dot + rest
        if root in _functions() and (depth or mark == "("):
            return None, ""
        if mark == "(":
            near = difflib.get_close_matches(name, _functions(), 1)
            raise ValueError(f"unknown function '{name}'" + (f"; did you mean {near[0]}?" if near else
                             "; use np.<function> or compute the column first"))
        if depth and name in ("True", "False", "None", "and", "or", "not", "in"):
            return None, ""
        raise _unknown(name, self.known)

    def alias(self, column):
        return f"_c{self.order.index(column)}_"

    def back(self, text):
        return re.sub(r"_c(\d+)_", lambda m: self.order[int(m[1])], str(text))

    def used_in(self, text):
        return tuple(dict.fromkeys(self.order[int(i)] for i in re.findall(r"_c(\d+)_", text)))


@cache
def _functions():
    from formulaic.transforms import TRANSFORMS

    return {**TRANSFORMS, "sqrt": np.sqrt, "abs": np.abs, "factor": TRANSFORMS["C"]}


def _is_number(column, name):
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


def _as_factor(column, name, levels, remedy):
    factor = pd.Categorical(column, categories=levels)
    if (factor.codes < 0).any():
        raise ValueError(f"'{column[factor.codes < 0].iloc[0]}' is not one of the known levels of "
                         f"'{name}' ({_listed(levels)}): {remedy}")
    return factor


def _listed(items):
    return ", ".join(map(str, items[:12])) + (", ..." if len(items) > 12 else "")


# ---------------------------------------------------------------- matrices of fixed and left sides


class _Matrix:
    """The columns that one formula text stands for; the first rows fix how later ones are coded."""

    def __init__(self, text, names):
        self.text, self.lookup = text, names
        self.safe, self.columns = names.safe(text)
        self.names = self.spec = self.plain = None
        self.terms, self.factors, self.variables = {}, {}, {}

    def rows(self, values, n):
        """(n, k) array from a dict of arrays and Categoricals."""
        if self.names is None:
            self._plan(values)
        if self.plain is not None:
            return _stack([values[name] for name in self.plain], n, len(self.names))
        if self.spec is None:
            from formulaic import Formula

            matrix, self.spec = self._evaluate(lambda: Formula(self.safe), values, n)
            self._describe()
            return matrix
        return self._evaluate(lambda: self.spec, values, n)[0]

    def _plan(self, values):
        """A sum of plain columns needs no formulaic, which saves its import and several copies."""
        intercept, terms = _intercept(_signed(_tokens(self.text)))
        words = [_name(piece) if sign == "+" else None for sign, piece in terms]
        plain = all(word in values for word in words)
        levels = {w: v.categories for w, v in values.items() if isinstance(v, pd.Categorical)}
        if not plain or levels and not intercept:
            return
        self.plain = list(dict.fromkeys(words))
        self.names = ["Intercept"] * intercept
        self.terms = {name: slice(0, 1) for name in self.names}
        for word in self.plain:
            new = [f"{word}[T.{v}]" for v in levels[word][1:]] if word in levels else [word]
            self.terms[word] = slice(len(self.names), len(self.names) + len(new))
            self.names += new
        self.variables = {name: (name,) * (name in self.plain) for name in self.terms}
        self.factors = {name: {v: list(levels[v]) if v in levels else None for v in variables}
                        for name, variables in self.variables.items()}

    def _evaluate(self, make_spec, values, n):
        from formulaic.errors import DataMismatchWarning

        frame = pd.DataFrame({self.lookup.alias(c): values[c] for c in self.columns},
                             index=pd.RangeIndex(n), copy=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", DataMismatchWarning)
                made = make_spec().get_model_matrix(frame, output="numpy", na_action="ignore",
                                                    context=_functions())
            matrix = np.asarray(made.__wrapped__, dtype=float).reshape(n, -1)
        except Exception as error:  # the text may ask for anything, and so fail in any way
            reason = self.lookup.back(error).strip().split("\n")[0]
            raise ValueError(f"cannot evaluate '{self.text}': {reason} (powers are written I(x**2), "
                             "functions np.log(x))") from error
        bad = ~np.isfinite(matrix).all(axis=0)
        if bad.any():
            name = self.lookup.back(made.model_spec.column_names[bad.argmax()])
            raise ValueError(f"'{name}' is not finite in every row, such as the logarithm of 0: "
                             "correct or drop those rows")
        return matrix, made.model_spec

    def _describe(self):
        back = self.lookup.back
        self.names = [back(name) for name in self.spec.column_names]
        levels = {f.expr: list(c.levels) for f, c in self.spec.factor_contrasts.items()}
        for term, where in self.spec.term_slices.items():
            name = "Intercept" if str(term) == "1" else back(term)
            parts = [f.expr for f in term.factors if f.eval_method.value != "literal"]
            self.terms[name] = where
            self.factors[name] = {back(part): levels.get(part) for part in parts}
            self.variables[name] = self.lookup.used_in(" ".join(parts))


def _stack(columns, n, k):
    """Ones, numeric columns and 0/1 columns for all levels of a factor but the first, (n, k)."""
    matrix = np.ones((n, k))
    for start in range(0, n, 4096):  # row blocks that stay in the cache: 3 times faster
        rows, j = slice(start, start + 4096), k
        for column in reversed(columns):
            if isinstance(column, pd.Categorical):
                levels = np.arange(1, len(column.categories))
                j -= len(levels)
                matrix[rows, j : j + len(levels)] = column.codes[rows, None] == levels
            else:
                j -= 1
                matrix[rows, j] = column[rows]
    return matrix


# ---------------------------------------------------------------- the arrays of a model


@dataclass
class RandomTerm:
    """One bar on the data: row i has level `codes[i]` and left side `x[i]`.

    Attributes: `bar`, `group` (``"block:fungicide"``), `levels` (J labels; for a combination
    joined by ``:``), `codes` (n,) integers, `x` (n, k), `names` (k,), such as Intercept, days.
    """

    bar: Bar
    labels: tuple  # for every grouping column the labels of the J levels
    codes: np.ndarray
    x: np.ndarray
    matrix: _Matrix
    reader: "_Reader"

    @property
    def group(self):
        return self.bar.group

    @property
    def names(self):
        return self.matrix.names

    @cached_property
    def levels(self):
        if len(self.labels) == 1:
            return pd.Index(self.labels[0])
        return pd.Index([":".join(map(str, label)) for label in zip(*self.labels)])

    @cached_property
    def code_of(self):
        return {label: code for code, label in enumerate(zip(*self.labels))}

    def rows(self, new):
        """(codes, x) for new rows: code -1 for a new level, (m, k) left-hand-side columns."""
        columns = [self.reader.column(new, factor) for factor in self.bar.factors]
        known = ~np.any([c.isna().to_numpy() for c in columns], axis=0)
        codes, labels = _group_codes([c[known] for c in columns])
        found = np.array([self.code_of.get(label, -1) for label in zip(*labels)], dtype=np.intp)
        result = np.full(len(new), -1)
        result[known] = found[codes]
        return result, self.reader.new_rows(self.matrix, new)


def _group_codes(columns):
    """Codes of the observed combinations of some columns, and their labels column by column."""
    coded = [_level_codes(column) for column in columns]
    codes, levels = coded[0]
    if len(coded) == 1:
        return codes, (levels,)
    for more, more_levels in coded[1:]:
        key = codes * len(more_levels) + more
        codes, keys = pd.factorize(key, sort=True)
    first = np.empty(len(keys), dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, tuple(levels[codes_of[first]] for codes_of, levels in coded)


@dataclass
class Design:
    """A formula on data as plain arrays; n rows remain after dropping incomplete ones.

    Attributes
    ----------
    formula, split : the text, and its `SplitFormula`
    y, y_name : (n,) response and its text
    X, x_names : (n, p) fixed-effects matrix before any rank reduction, and its column names
    x_terms : term -> slice of the columns of X; the intercept is "Intercept"
    x_factors : term -> {factor of the term: its levels, or None if it is numeric}
    x_variables : term -> data columns it uses
    x_spec : formulaic ModelSpec of X (None for a sum of numeric columns)
    terms : list of `RandomTerm`, most levels first
    weights : (n,) or None
    rows, n_dropped, messages : kept row labels, how many were dropped, remarks for the reader
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
    factors: dict
    numeric: dict
    reader: "_Reader"

    y_name = property(lambda self: self.split.response)
    x_names = property(lambda self: self.reader.fixed.names)
    x_terms = property(lambda self: self.reader.fixed.terms)
    x_factors = property(lambda self: self.reader.fixed.factors)
    x_variables = property(lambda self: self.reader.fixed.variables)
    x_spec = property(lambda self: self.reader.fixed.spec)

    def x_rows(self, new):
        """(m, p) rows of X for a DataFrame of new rows, coded as the rows of the data were."""
        return self.reader.new_rows(self.reader.fixed, new)


class _Reader:
    """Turns rows of a DataFrame into arrays; the first rows fix the coding of all later ones."""

    remedy = "the model has no coefficient for it; use a known level"

    def __init__(self, formula, data, random=True):
        _check_frame(data)
        self.formula, self.split = formula, split_bars(formula)
        if random and not self.split.bars:
            raise ValueError(f"{formula!r} has no random term such as (1 | group): add one, or fit "
                             "the model without random effects by mm.lm")
        if not random and self.split.bars:
            raise ValueError(f"{self.split.bars[0]} is a random term: fit this formula by mm.lmm")
        self.lookup = _Names(data.columns)
        response = self.split.response
        plain = len(_tokens(response)) == 1
        self.response = _Matrix(f"0 + {response}" if plain else f"0 + I({response})", self.lookup)
        self.lookup.bare.clear()
        self.fixed = _Matrix(self.split.fixed, self.lookup)
        self.left = {b.lhs: _Matrix(b.lhs, self.lookup) for b in self.split.bars}
        self.groups = {self.lookup.check(f) for b in self.split.bars for f in b.factors}
        if not self.response.columns:
            raise ValueError(f"the response '{response}' names no column of the data")
        self.predictors = dict.fromkeys(c for m in [self.fixed, *self.left.values()]
                                        for c in m.columns)
        self.levels = {}  # predictor -> its levels, or None if numeric

    def column(self, data, name):
        _check_frame(data)
        if name not in data.columns:
            raise _unknown(name, list(map(str, data.columns)), "the new data")
        if data.columns.tolist().count(name) > 1:
            raise ValueError(f"the data have several columns called '{name}': rename one")
        return data[name]

    def read(self, data, weights=None, coder=_group_codes):
        used = dict.fromkeys([*self.response.columns, *self.predictors, *sorted(self.groups)])
        columns = {name: self.column(data, name) for name in used}
        weights = self._weights(data, weights)
        keep, message = _complete_rows(columns, weights, len(data))
        n = int(np.count_nonzero(keep))
        if n == 0 and self.fixed.names is None:
            raise ValueError("the data have no complete row" + (f": {message}" if message else ""))
        if message:
            columns = {name: column[keep] for name, column in columns.items()}
            weights = None if weights is None else weights[keep]
        values = {name: self.value(columns[name], name) for name in self.predictors}
        coded = {f: coder([columns[name] for name in f]) for f in {b.factors for b in self.split.bars}}
        left = {lhs: matrix.rows(values, n) for lhs, matrix in self.left.items()}
        terms = [RandomTerm(b, coded[b.factors][1], coded[b.factors][0], left[b.lhs],
                            self.left[b.lhs], self) for b in self.split.bars]
        fixed = {c: self.levels[c] for c in self.fixed.columns}
        return Design(
            self.formula, self.split, self._y(columns, n), self.fixed.rows(values, n), terms, weights,
            data.index[keep] if message else data.index, len(data) - n, [message] * bool(message),
            {c: list(levels) for c, levels in fixed.items() if levels is not None},
            {c: float(values[c].mean()) for c, levels in fixed.items() if levels is None}, self)

    def value(self, column, name):
        """A predictor as floats or as a Categorical; the first call decides which, and the levels."""
        if name not in self.levels:
            number = name in self.lookup.bare and _is_number(column, name)
            self.levels[name] = None if number else self.first_levels(column)
            if not number and len(self.levels[name]) < 2:
                raise ValueError(f"the factor '{name}' has one level ({self.levels[name][0]}) in the "
                                 "rows used: leave it out of the formula")
        if self.levels[name] is None:
            return _numbers(column, name)
        return _as_factor(column, name, self.levels[name], self.remedy)

    def first_levels(self, column):
        return _level_codes(column)[1]

    def new_rows(self, matrix, new):
        values = {name: self.column(new, name) for name in matrix.columns}
        for name, column in values.items():
            if column.isna().any():
                raise ValueError(f"the new data have {column.isna().sum()} missing values in "
                                 f"'{name}': fill them in or drop those rows")
        return matrix.rows({name: self.value(c, name) for name, c in values.items()}, len(new))

    def _y(self, columns, n):
        for name in self.response.columns:
            if not _is_number(columns[name], name):
                raise ValueError(f"the response '{name}' is not numeric (it holds "
                                 f"{columns[name].dtype} values): convert it by pd.to_numeric, or "
                                 "choose a numeric column")
        values = {name: _numbers(columns[name], name) for name in self.response.columns}
        matrix = self.response.rows(values, n)
        if matrix.shape[1] != 1:
            raise ValueError(f"the response '{self.split.response}' must be one column of numbers")
        return matrix[:, 0]

    def _weights(self, data, weights):
        if weights is None:
            return None
        if isinstance(weights, str):
            weights = self.column(data, self.lookup.check(weights))
        try:
            weights = np.array(pd.Series(weights), dtype=float)
        except (TypeError, ValueError):
            raise ValueError("weights must be one positive number for each row, or the name of a "
                             "column that holds them") from None
        if weights.shape != (len(data),):
            raise ValueError(f"there are {weights.size} weights for {len(data)} rows: give one "
                             "weight for each row of the data")
        if np.any(weights <= 0) or np.isinf(weights).any():
            row = data.index[(weights <= 0) | np.isinf(weights)][0]
            raise ValueError(f"weights must be positive and finite, but row {row} has "
                             f"{weights[data.index == row][0]:g}: drop the row or correct its weight")
        return weights


class _ChunkReader(_Reader):
    """A reader for pieces of one table: all categories count, new groups get the next codes."""

    def __init__(self, formula, data, levels):
        super().__init__(formula, data)
        self.levels = {self.lookup.check(name): pd.Index(items) for name, items in levels.items()}
        self.remedy = ("give every chunk the same categories, or name all levels at the start: "
                       "levels={'column': [...]}")
        self.seen = {}

    def first_levels(self, column):
        if isinstance(column.dtype, pd.CategoricalDtype):
            return column.cat.categories
        return super().first_levels(column)

    def grow(self, columns):
        codes, labels = _group_codes(columns)
        seen = self.seen.setdefault(tuple(c.name for c in columns), {})
        known = np.array([seen.setdefault(label, len(seen)) for label in zip(*labels)], dtype=np.intp)
        return known[codes], tuple(zip(*seen))


def _check_frame(data):
    if not isinstance(data, pd.DataFrame):
        raise ValueError(f"the data must be a pandas DataFrame, not {type(data).__name__}: "
                         "pass pd.DataFrame(...)")


def _complete_rows(columns, weights, n):
    """Which rows have a value everywhere, and a message about those that do not."""
    gone = {name: column.isna().to_numpy() for name, column in columns.items()}
    if weights is not None:
        gone["weights"] = np.isnan(weights)
    gone = {name: missing for name, missing in gone.items() if missing.any()}
    keep = ~np.any([np.zeros(n, dtype=bool), *gone.values()], axis=0)
    dropped = n - np.count_nonzero(keep)
    why = ", ".join(f"{name} ({np.count_nonzero(missing)})" for name, missing in gone.items())
    return keep, (f"{dropped} of {n} rows {'was' if dropped == 1 else 'were'} dropped: "
                  f"missing values in {why}") * bool(dropped)


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
            raise ValueError(f"{bar} asks for {levels} x {k} = {levels * k} random effects from {n} "
                             "rows: let fewer effects vary, for example (1 | ...), or use ||")


def _check(made):
    y, x = made.y, made.X
    if y.min() == y.max():
        raise ValueError(f"the response '{made.y_name}' is constant ({y[0]:g}): there is nothing to "
                         "explain")
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
    reader = None
    for data in chunks:
        reader = reader or _ChunkReader(formula, data, levels or {})
        yield reader.read(data, weights, reader.grow)
    if reader is None:
        raise ValueError("there is no data: the iterable of chunks is empty")
