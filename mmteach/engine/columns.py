"""Columns of the data, and the values of an expression on them.

    x  ->  (n,) numbers        poly(x, 2)  ->  (n, 2) numbers        f, C(x)  ->  level codes

What depends on the whole of a column (a mean, a knot, the levels of C(x)) is found once, on the
rows of the fit, kept, and used again for every later row.
"""

import numpy as np
import pandas as pd

from ..words import UnknownName, listed, near, shown
from .expressions import refused, walk
from .grammar import Node, arithmetic, literal

KEEPING = ("center", "scale", "poly", "bs", "cr")  # these need all rows before the first value
BIGGEST, SMALLEST = 1e100, 1e-100  # beyond these, squares of numbers are lost

# ---------------------------------------------------------------- columns of the data


def unknown_column(name, data, where="the data"):
    known = list(map(str, data.columns))
    if name in data.index.names:
        return UnknownName(
            f"'{name}' is in the index of {where}, not among the columns: use data.reset_index()"
        )
    if name in known:
        return UnknownName(
            f"the column name {name} is a number, and a formula needs text: use "
            "data.rename(columns=str), and backticks, `1`, in the formula"
        )
    root, dot, _ = name.partition(".")
    hint = near(name, known)
    if dot and root in known:
        hint += f"a formula cannot ask {root} for anything by a dot, so make the column first; "
    return UnknownName(
        f"there is no column {shown(name)} in {where}; {hint}"
        f"The columns are: {listed(k if len(k) <= 60 else k[:60] + '…' for k in known)}"
    )


def check_frame(data):
    if isinstance(data, pd.DataFrame):
        return
    hint = "pass data.to_pandas()" if hasattr(data, "to_pandas") else "pass pd.DataFrame(...)"
    raise ValueError(f"the data must be a pandas DataFrame, not {type(data).__name__}: {hint}")


def kind_of(column, name):
    """number, text, truth values or categories: what a column holds; dates and such are refused."""
    kind = getattr(column.dtype, "kind", "O")
    if kind in "mMc" or isinstance(column.dtype, pd.PeriodDtype):
        raise ValueError(
            f"column '{name}' holds {column.dtype} values: turn it into numbers (days "
            "since the start, say) or into text labels first"
        )
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    if kind == "b":
        return "truth values"
    if kind in "iuf":
        return "numbers"
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal") or not len(column):
        return "numbers"
    return "truth values" if inferred == "boolean" else "text"


def numbers_of(column, name):
    """A column of numbers as floats; anything that numpy would make a number of is refused."""
    kind = kind_of(column, name)
    if kind != "numbers":
        remedy = ".astype(int)" if kind == "truth values" else f"pd.to_numeric(data['{name}'])"
        raise ValueError(
            f"column '{name}' must hold numbers, not {column.dtype} values, but it holds "
            f"{kind}: use {remedy}"
        )
    try:
        values = column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"column '{name}' must hold numbers, not {column.dtype} values") from None
    if np.isinf(values).any():
        raise ValueError(
            f"column '{name}' has {np.isinf(values).sum()} infinite values: "
            "correct them, or make them missing (NaN)"
        )
    return values


def factor_of(column, name, levels, remedy):
    """A column of labels as a Categorical with the levels of the fit."""
    try:
        codes = levels.get_indexer(column)
    except (TypeError, ValueError):
        codes = np.full(len(column), -1)
    if levels.inferred_type != "string" and len(codes) and _truth(column) != _truth(levels):
        codes = np.full(len(column), -1)  # True is not the level 1
    if (codes < 0).any():
        raise ValueError(
            f"'{column[codes < 0].iloc[0]}' is not one of the known levels of "
            f"'{name}' ({listed(levels)}): {remedy}"
        )
    return pd.Categorical.from_codes(codes, categories=levels)


def _truth(column):
    values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    return pd.api.types.infer_dtype(values, skipna=True) == "boolean"


def level_codes(column):
    """(codes, levels) of a column without missing values; the levels that occur, in order."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, levels = column.cat.codes.to_numpy().astype(np.intp), column.cat.categories
        used = np.bincount(codes, minlength=len(levels)) > 0
        return (np.cumsum(used) - 1)[codes], levels[used]
    try:
        codes, levels = pd.factorize(column)
    except (TypeError, ValueError, NotImplementedError):  # lists, also those of pyarrow
        raise ValueError(
            f"the entries of column '{column.name}' cannot be labels: use text or numbers"
        ) from None
    try:
        order = levels.argsort()
    except TypeError:  # labels of mixed types
        order = np.array(sorted(range(len(levels)), key=lambda i: str(levels[i])))
    return np.argsort(order)[codes], levels[order]


def group_codes(columns):
    """Codes of the observed combinations of some columns, and their labels column by column."""
    coded = [level_codes(column) for column in columns]
    codes, levels = coded[0]
    if len(coded) == 1:
        return codes, (levels,)
    for more, more_levels in coded[1:]:
        codes, keys = pd.factorize(codes * len(more_levels) + more, sort=True)
    first = np.empty(len(keys), dtype=np.intp)  # a row where the combination occurs
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, tuple(levels[own_codes[first]] for own_codes, levels in coded)


def numbers_as_text(levels):
    """Whether most of the levels are numbers kept as text; and those that are none."""
    if not len(levels) or not all(isinstance(level, str) for level in levels):
        return False, []
    other = pd.to_numeric(pd.Series(levels), errors="coerce").isna().to_numpy()
    return other.mean() < 0.5, [level for level, is_other in zip(levels, other) if is_other]


def largest(x):
    """The size of the largest number in each column; to its order of magnitude unless extreme."""
    with np.errstate(all="ignore"):
        squares = np.einsum(
            "ij,ij->j", x, x
        )  # one pass in the order of memory, 5 times faster than max
        sizes = np.sqrt(squares)
    for j in np.flatnonzero(~((squares > 1e-180) & (squares < 1e180))):
        sizes[j] = np.abs(x[:, j]).max(initial=0)
    return sizes


def check_magnitude(sizes, smallest=SMALLEST):
    """Refuse columns whose squares a computer cannot hold; `sizes` are their largest values."""
    for name, size in sizes.items():
        if not np.isfinite(size):
            raise ValueError(f"{name} overflows in some rows: divide its columns by a large number")
        if size > BIGGEST or 0 < size < smallest:
            what = (
                f"reaches {size:.3g}, and squares of such numbers overflow"
                if size > 1
                else f"is at most {size:.3g}, and squares of such numbers vanish"
            )
            raise ValueError(f"{name} {what}: divide it by {10.0 ** np.floor(np.log10(size)):.0e}")


# ---------------------------------------------------------------- values of an expression


class Values:
    """Evaluates expressions; what it has once found on whole columns is kept for all later rows."""

    def __init__(self):
        self.kept = {}  # node -> constants of center, poly, ..., or the levels of C(...)

    def __call__(self, expression, columns, n):
        """Numbers (n,) or (n, k), or a Categorical, from a dict of arrays and Categoricals."""
        try:
            with np.errstate(all="ignore"):
                value = self._value(expression.node, columns)
        except (ValueError, TypeError, ArithmeticError, IndexError) as error:
            raise refused(expression.source, str(error)) from None
        if isinstance(value, pd.Categorical) or expression.is_column:
            return value
        value = np.asarray(value, dtype=float)
        if value.ndim == 0:
            value = np.full(n, float(value))
        if not np.isfinite(value).all():
            rows = np.count_nonzero(~np.isfinite(value.reshape(n, -1)).all(axis=1))
            raise ValueError(
                f"'{expression.source}' is not finite in every row ({rows} of {n} are not), "
                "such as the logarithm of 0: correct or drop those rows"
            )
        return value

    def unsettled(self, expressions):
        """The expressions that need all rows before the first value."""
        return [
            e
            for e in expressions
            if any(
                n.kind == "call"
                and n.value in KEEPING
                and n not in self.kept
                and ("raw", Node("word", True)) not in n.options
                for n in walk(e.node)
            )
        ]

    def _value(self, node, columns):
        if node.kind == "column":
            return columns[node.value]
        if node.kind == "number":
            return float(node.value)
        if node.kind == "operator":
            left, right = (
                self._value(part, columns) if part.kind != "text" else part.value
                for part in node.parts
            )
            if isinstance(left, (pd.Categorical, str)) or isinstance(right, (pd.Categorical, str)):
                return _labels_compared(node, left, right)
            return arithmetic(node.value, left, right)
        if node.kind == "text":
            raise ValueError(f"text such as {shown(node.value)} is no column")
        value = self._value(node.parts[0], columns)
        if node.value in ("C", "factor"):
            return self._factor(node, value)
        if node.value == "I":
            return value
        if isinstance(value, pd.Categorical):
            raise ValueError(_not_numbers(node.parts[0], value))
        if node.value in KEEPING:
            return _keeping(node, value, self.kept.setdefault(node, {}))
        return getattr(np, node.value)(value)

    def _factor(self, node, value):
        """C(x) as a Categorical: its levels are those of the first rows, or as given."""
        given = literal(dict(node.options)["levels"]) if "levels" in dict(node.options) else None
        if isinstance(value, pd.Categorical) and not given:
            return value
        labels = (
            value.categories[value.codes] if isinstance(value, pd.Categorical) else pd.Index(value)
        )
        if node not in self.kept:
            self.kept[node] = pd.Index(given) if given else labels.unique().sort_values()
            if len(self.kept[node]) < 2:
                raise ValueError(
                    f"a factor needs two levels or more, and this has {listed(self.kept[node])}"
                )
        levels = self.kept[node]
        codes = levels.get_indexer(labels)
        if (codes < 0).any():
            raise ValueError(
                f"'{labels[codes < 0][0]}' is not one of its levels ({listed(levels)})"
            )
        return pd.Categorical.from_codes(codes, categories=levels)


def _not_numbers(node, value):
    name = node.value if node.kind == "column" else "part of it"
    if all(isinstance(level, bool) for level in value.categories):
        return f"'{name}' holds truth values, and numbers are needed here: use .astype(int)"
    return (
        f"'{name}' holds labels such as {shown(value.categories[0])}, and numbers are needed here: if it "
        f"should be numbers, use pd.to_numeric(data['{name}'])"
    )


def _labels_compared(node, left, right):
    """f == "a" or f != "a" row by row."""
    factor, label = (left, right) if isinstance(left, pd.Categorical) else (right, left)
    if isinstance(factor, pd.Categorical) and node.value not in ("==", "!="):
        raise ValueError(_not_numbers(node.parts[0] if factor is left else node.parts[1], factor))
    if not isinstance(factor, pd.Categorical) or not isinstance(label, (str, float)):
        raise ValueError(
            "text can only be compared with a column of labels, and labels with one of them"
        )
    if label not in factor.categories:
        raise ValueError(f"{shown(label)} is not one of the labels {listed(factor.categories)}")
    return (factor.codes == factor.categories.get_loc(label)) == (node.value == "==")


def _keeping(node, x, kept):
    """center, scale, poly, bs, cr; `kept` is empty the first time, and filled then."""
    options = {name: literal(part) for name, part in node.options}
    x = np.asarray(x, dtype=float)
    if x.ndim != 1:
        raise ValueError(f"{node.value} needs a column, not a number")
    if node.value in ("center", "scale"):
        if not kept:
            kept["mean"] = x.mean() if options.get("center", True) else 0.0
            spread = np.sqrt(((x - kept["mean"]) ** 2).sum() / (len(x) - options.get("ddof", 1)))
            kept["sd"] = spread if node.value == "scale" and options.get("scale", True) else 1.0
        return (x - kept["mean"]) / kept["sd"] if kept["sd"] != 1.0 else x - kept["mean"]
    from formulaic.transforms import TRANSFORMS

    if not kept and node.value == "poly" and not options.get("raw"):
        different = len(np.unique(x))
        if different <= options.get("degree", 1):
            raise ValueError(
                f"a polynomial of degree {options.get('degree', 1)} needs more than {different} "
                "different values of its column"
            )
    made = TRANSFORMS[node.value](x, **options, _state=kept)
    made = getattr(made, "__wrapped__", made)
    return np.column_stack(list(made.values())) if isinstance(made, dict) else np.asarray(made)
