"""Results that print as plain text in a terminal and as tables in a notebook."""

from html import escape

import numpy as np
import pandas as pd


class Report:
    """A list of lines and tables under one title, no wider than 80 columns where possible.

    Parameters
    ----------
    title : str
    parts : list of str or (heading, DataFrame)
        DataFrames hold text already formatted by `formatted`.

    Examples
    --------
    >>> print(Report("A report", ["one line", ("Numbers", pd.DataFrame({"a": ["1.0"]}))]))
    A report
    one line
    <BLANKLINE>
    Numbers
      a
    1.0
    """

    def __init__(self, title, parts):
        self.title, self.parts = title, parts

    def __str__(self):
        out = [self.title]
        for part in self.parts:
            out += [part] if isinstance(part, str) else ["", part[0], _text(part[1])]
        return "\n".join(out)

    __repr__ = __str__

    def _repr_html_(self):
        out = [f"<p><strong>{escape(self.title)}</strong></p>"]
        for part in self.parts:
            if isinstance(part, str):
                out.append(f"<p>{escape(part)}</p>")
            else:
                heading, table = part
                out.append(f"<p>{escape(heading)}</p>{table.to_html(border=0, index=_has_labels(table))}")
        return "\n".join(out)


def significant(x, digits=4):
    """A number as text with so many significant digits.

    >>> significant(25627.36), significant(0.5804), significant(float("nan"))
    ('25627', '0.5804', 'NA')
    """
    return column([x], digits)[0]


def column(values, digits=4, decimals=None):
    """Numbers with one common number of decimals, enough for `digits` in the largest.

    Halves are rounded away from zero even if the last bit says otherwise, as a reader expects.

    >>> column([672.03, -66.515, float("nan")], digits=5)
    ['672.03', '-66.52', 'NA']
    """
    largest = max((abs(v) for v in values if pd.notna(v)), default=0)
    if 0 < largest < 1e-4 or largest >= 1e15:
        return ["NA" if pd.isna(v) else f"{v:.{digits - 1}e}" for v in values]
    decimals = places(values, digits) if decimals is None else decimals
    return ["NA" if pd.isna(v) else f"{v * (1 + 1e-11):.{decimals}f}" for v in values]


def places(values, digits):
    """Decimals that show the largest of `values` with so many significant digits.

    >>> places([672.03, 0.1], 5), places([0.0123], 4)
    (2, 5)
    """
    largest = max((abs(v) for v in values if pd.notna(v) and v != 0), default=1)
    return int(max(0, digits - 1 - np.floor(np.log10(largest))))


def p_value(p):
    """A p-value as text: four decimals, or '<0.0001'.

    >>> p_value(0.0193), p_value(3e-7)
    ('0.0193', '<0.0001')
    """
    return "NA" if pd.isna(p) else "<0.0001" if p < 1e-4 else f"{p:.4f}"


def formatted(table, digits=None):
    """The table as text, column by column; `digits` may set significant digits by column name."""
    digits = digits or {}
    out = pd.DataFrame(index=table.index)
    for name in table.columns:
        values = table[name]
        if name == "p":
            out[name] = [p_value(v) for v in values]
        elif pd.api.types.is_float_dtype(values):
            out[name] = column(values, digits.get(name, 4))
        else:
            out[name] = ["" if pd.isna(v) else str(v) for v in values]
    return out


def _has_labels(table):
    return not isinstance(table.index, pd.RangeIndex)


def _text(table):
    return table.to_string(index=_has_labels(table))
