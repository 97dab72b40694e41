"""Data in pieces: one pass over a Parquet file or an iterator of tables, rows are not kept.

    X'WX = sum of the pieces' X'WX,  and so with every product of columns
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from . import frame
from ..progress import progress
from .crossproducts import Accumulator
from .linalg import independent_columns


def stream(formula, data, weights, levels):
    """One pass over the pieces of a table; the design of the last piece stands for all."""
    accumulator, dropped, missing, smallest, largest = Accumulator(), 0, Counter(), np.inf, -np.inf
    for design in frame.chunk_designs(formula, progress(pieces(data), "reading"), weights, levels):
        dropped += design.n_dropped
        missing.update(design.missing)
        if len(design.y):
            smallest, largest = min(smallest, design.y.min()), max(largest, design.y.max())
            accumulator.add_design(design)
    if accumulator.n == 0:
        raise ValueError("no piece of the data has a complete row; look for missing values in the columns "
                         "of the formula")
    if smallest == largest:
        raise ValueError(f"the response {design.y_name} is constant ({smallest:g}); there is no variance to explain")
    if accumulator.n <= len(independent_columns(accumulator.R)):
        raise ValueError(f"X has as many independent columns as there are rows ({accumulator.n}); "
                         "leave terms out of the formula")
    frame.check_sizes(accumulator.n, [(t.bar, len(t.levels), t.x.shape[1]) for t in design.terms])
    messages = frame.dropped_rows(dropped, accumulator.n + dropped, missing)
    return replace(design, y=None, X=None, weights=None, rows=None, n_dropped=dropped,
                   missing=missing, messages=messages), accumulator.finish()


def pieces(data):
    if isinstance(data, (str, Path)):
        if Path(data).suffix != ".parquet":
            raise ValueError(f"{data} is not a .parquet file; read other files in pieces yourself, for instance "
                             "with pd.read_csv(path, chunksize=100_000), and pass these")
        try:
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise ImportError("reading a Parquet file needs pyarrow; pip install 'mmteach[stream]'") from None
        return (batch.to_pandas() for batch in ParquetFile(data).iter_batches(batch_size=500_000))
    if isinstance(data, dict) or not hasattr(data, "__iter__"):
        raise ValueError(f"data must be a pandas DataFrame, not {type(data).__name__}; "
                         "make one with pd.DataFrame(...)")
    return data
