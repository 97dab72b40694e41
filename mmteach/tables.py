"""Results that print as plain text in a terminal and as tables in a notebook."""

from copy import deepcopy
from html import escape
from textwrap import fill

import numpy as np
import pandas as pd


class Report:
    """A list of lines and tables under one title, no wider than 80 columns where possible.

    Parameters
    ----------
    title : str
    parts : list of str, DataFrame or (heading, DataFrame)
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
            if isinstance(part, str):
                out.append(fill(part, 80) if len(part) > 80 and "\n" not in part else part)
            else:
                bare = isinstance(part, pd.DataFrame)
                out += [_text(part)] if bare else ["", part[0], _text(part[1], 80)]
        return "\n".join(out)

    __repr__ = __str__

    def _repr_html_(self):
        out = [f"<p><strong>{escape(self.title)}</strong></p>"]
        for part in self.parts:
            if isinstance(part, str):
                out.append(f"<p>{escape(part)}</p>")
            else:
                heading, table = ("", part) if isinstance(part, pd.DataFrame) else part
                heading = f"<p>{escape(heading)}</p>" if heading else ""
                out.append(
                    heading
                    + table.to_html(
                        border=0,
                        index=_has_labels(table),
                        max_rows=pd.get_option("display.max_rows"),
                    )
                )
        return "\n".join(out)


class Table(pd.DataFrame):
    """A DataFrame with exact numbers that prints rounded, under a title and above its notes.

    Everything computed from it (a row, a selection, a rounded copy) is a plain DataFrame; a
    copy by the modules ``copy`` or ``pickle`` is the table again, title and notes included.

    Parameters
    ----------
    data : what DataFrame takes
    title : str
    notes : list of str
        What the reader should know, printed below.
    digits : dict, optional
        Significant digits by column name, where the four of `formatted` do not suit.
    na : str
        How a missing number is shown.

    Examples
    --------
    >>> table = Table({"f": [40.271802], "num_df": [1], "den_df": [3.0], "p": [0.00793]},
    ...               title="Type II tests", notes=["One note."])
    >>> table
    Type II tests
          f num_df den_df      p
    40.2718      1      3 0.0079
    One note.
    >>> round(float(table.f[0]), 6)
    40.271802
    """

    _metadata = ["title", "notes", "digits", "na"]  # so pandas lets them be attributes

    def __init__(self, data=None, *args, title="", notes=(), digits=None, na="NA", **kwargs):
        super().__init__(data, *args, **kwargs)
        self.title, self.notes, self.digits, self.na = title, list(notes), digits, na

    def __copy__(self):
        return self._again(pd.DataFrame(self), self._words())

    def __deepcopy__(self, memo):
        return self._again(pd.DataFrame(self).copy(), deepcopy(self._words(), memo))

    def _words(self):
        """Title, notes and whatever else a kind of table knows."""
        return {name: getattr(self, name) for name in self._metadata if name in vars(self)}

    def _again(self, numbers, words):
        table = type(self)(numbers)
        for name, value in words.items():
            object.__setattr__(table, name, value)
        return table

    def report(self):
        """The printed form as a `Report`, for use inside a longer one."""
        return Report(self.title, [formatted(self, self.digits, self.na), *self.notes])

    def __str__(self):
        return str(self.report())

    __repr__ = __str__

    def _repr_html_(self):
        return self.report()._repr_html_()


def significant(x, digits=4):
    """A number as text with so many significant digits.

    >>> significant(25627.36), significant(0.5804), significant(float("nan"))
    ('25627', '0.5804', 'NA')
    """
    return column([x], digits)[0]


def column(values, digits=4, decimals=None):
    """Numbers with one common number of decimals, enough for `digits` in the largest.

    Rounded in two steps, so that the last bits of the arithmetic do not decide a half.

    >>> column([672.03, -66.515, float("nan")], digits=5)
    ['672.03', '-66.52', 'NA']
    """
    largest = max((abs(v) for v in values if pd.notna(v)), default=0)
    if 0 < largest < 1e-4 or largest >= 1e15:
        return ["NA" if pd.isna(v) else f"{v:.{digits - 1}e}" for v in values]
    decimals = places(values, digits) if decimals is None else decimals
    return ["NA" if pd.isna(v) else f"{round(v, decimals + 6):.{decimals}f}" for v in values]


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


def degrees(values):
    """Degrees of freedom as text: whole numbers as such, others with up to three decimals.

    >>> degrees([17.0, 4.18277]), degrees([69, float("inf")])
    (['17.000', '4.183'], ['69', 'inf'])
    """
    finite = [v for v in values if pd.notna(v) and abs(v) != np.inf]
    decimals = 0 if all(abs(v - round(v)) < 5e-7 * max(1, abs(v)) for v in finite) else 3
    return ["NA" if pd.isna(v) else f"{v:.{decimals}f}" for v in values]


# how a column is shown where four significant digits would not suit; by name, then by its end
STYLES = {
    "p": lambda values: [p_value(v) for v in values],
    "df": degrees,
    "f": lambda values: column(values, decimals=4),
    "t": lambda values: column(values, decimals=3),
    "z": lambda values: column(values, decimals=3),
    "chisq": lambda values: column(values, decimals=4),
}


def formatted(table, digits=None, na="NA"):
    """The table as text, column by column; `digits` may set significant digits by column name."""
    digits = digits or {}
    out = pd.DataFrame(index=table.index)
    for name in table.columns:
        values = table[name]
        style = STYLES.get(name, STYLES["df"] if str(name).endswith("_df") else None)
        if style and name not in digits and pd.api.types.is_numeric_dtype(values):
            text = style(values)
        elif pd.api.types.is_float_dtype(values):
            text = column(values, digits.get(name, 4))
        else:
            text = ["" if pd.isna(v) else str(v) for v in values]
        out[name] = [na if word == "NA" else word for word in text]
    return out


def _has_labels(table):
    return not isinstance(table.index, pd.RangeIndex)


def _text(table, width=None):
    """As pandas prints it: shortened where pandas would, columns beyond `width` set below."""
    return table.to_string(
        index=_has_labels(table),
        max_rows=pd.get_option("display.max_rows"),
        min_rows=pd.get_option("display.min_rows"),
        line_width=width,
    )
