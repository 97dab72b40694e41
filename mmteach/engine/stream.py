"""Data in pieces: one pass over a Parquet file or an iterator of tables, rows are not kept.

    X'WX = sum of the pieces' X'WX,  and so with every product of columns

A formula with `center`, `scale`, `poly`, `bs` or `cr` takes a second pass, before this one, for
their constants.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..progress import progress
from ..words import shown
from . import frame
from .columns import check_magnitude
from .crossproducts import Accumulator
from .formula import split_bars
from .linalg import independent_columns


def stream(formula, data, weights, levels):
    """One pass over the pieces of a table; the design of the last piece stands for all."""
    split_bars(formula)  # first of all: formula and data are easily exchanged
    accumulator, dropped, missing, smallest, largest, sizes = (
        Accumulator(),
        0,
        Counter(),
        np.inf,
        -np.inf,
        {},
    )
    for design in progress(frame.chunk_designs(formula, pieces(data), weights, levels), "reading"):
        dropped += design.n_dropped
        missing.update(design.missing)
        if len(design.y):
            smallest, largest = min(smallest, design.y.min()), max(largest, design.y.max())
            sizes = {name: max(size, sizes.get(name, 0)) for name, size in design.sizes().items()}
            check_magnitude(sizes, smallest=1e-290)  # a piece by itself may be small
            accumulator.add_design(design)
    if accumulator.n == 0:
        raise ValueError(
            "no piece of the data has a complete row; look for missing values in the columns "
            "of the formula"
        )
    if smallest == largest:
        raise ValueError(
            f"the response {design.y_name} is constant ({smallest:g}); there is no variance to "
            "explain"
        )
    check_magnitude(sizes)
    if accumulator.n <= len(independent_columns(accumulator.R)):
        raise frame.too_many_columns(design, accumulator.n)
    frame.check_sizes(accumulator.n, [(t.bar, len(t.levels), t.x.shape[1]) for t in design.terms])
    messages = frame.dropped_rows(dropped, accumulator.n + dropped, missing) + design.reader.remarks
    return replace(
        design,
        y=None,
        X=None,
        weights=None,
        rows=None,
        offset=None,
        n_dropped=dropped,
        missing=missing,
        messages=messages,
    ), accumulator.finish()


def pieces(data):
    """The pieces of a table, as they are or read from a Parquet file."""
    if isinstance(data, (str, Path)):
        if Path(data).suffix != ".parquet":
            raise ValueError(
                f"data={shown(str(data))} is not a .parquet file; read other files in pieces yourself, for "
                "instance with pd.read_csv(path, chunksize=100_000), and pass these"
            )
        return _Parquet(data)
    if hasattr(data, "to_pandas"):
        raise ValueError(
            f"data must be a pandas DataFrame, not {_kind(data)}; pass data.to_pandas()"
        )
    is_rows = isinstance(data, (list, tuple)) and data and isinstance(data[0], (dict, list, tuple))
    if (
        isinstance(data, (dict, type))
        or not hasattr(data, "__iter__")
        or is_rows
        or hasattr(data, "dtype")
    ):
        of = f" of {_kind(data[0])}" if is_rows else ""
        raise ValueError(
            f"data must be a pandas DataFrame, not {_kind(data)}{of}; "
            "make one with pd.DataFrame(...)"
        )
    return data


def _kind(data):
    home = type(data).__module__.split(".")[0]
    return type(data).__name__ if home == "builtins" else f"{home}.{type(data).__name__}"


class _Parquet:
    """The row groups of a Parquet file, as often as they are asked for."""

    def __init__(self, path):
        self.path = path

    def __iter__(self):
        try:
            from pyarrow import ArrowInvalid
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise ImportError(
                "reading a Parquet file needs pyarrow; pip install 'mmteach[stream]'"
            ) from None
        try:
            batches = ParquetFile(self.path).iter_batches(batch_size=500_000)
        except FileNotFoundError:
            raise ValueError(f"there is no file {str(self.path)!r}: check the path") from None
        except (ArrowInvalid, OSError) as error:
            raise ValueError(
                f"{str(self.path)!r} cannot be read as a Parquet file: {shown(str(error))}; "
                "write it again, by DataFrame.to_parquet"
            ) from None
        return (batch.to_pandas() for batch in batches)
