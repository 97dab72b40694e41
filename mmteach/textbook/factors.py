"""Grouping factors: labels, one a row, as codes and levels."""

import numpy as np
import pandas as pd

from ..guards import labels


def as_factors(groups):
    """Yield (name, codes, levels) for each grouping factor in `groups`."""
    named = _named_factors(groups)
    lengths = {name: len(given) for name, given in named.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"groups holds grouping factors of different lengths: {lengths}; each needs one label per row"
        )
    for name, given in named.items():
        try:
            factor = pd.Categorical(given).remove_unused_categories()
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} holds labels that cannot be told apart; use text or whole numbers"
            ) from None
        missing = np.flatnonzero(factor.codes < 0)
        if missing.size:
            raise ValueError(
                f"{name} has {missing.size} missing label(s), first in row {missing[0]}; "
                "drop these rows from y, X and groups alike"
            )
        if len(factor) == 0:
            raise ValueError(f"{name} is empty; give one label per row")
        if len(factor.categories) < 2:
            raise ValueError(
                f"{name} has only one level ({factor.categories[0]!r}); a variance between groups "
                "needs at least two groups, so leave this factor out"
            )
        yield name, np.asarray(factor.codes, dtype=np.intp), factor.categories


def _named_factors(groups):
    """The grouping factors by name: the columns of a table, or the one or several sequences."""
    if isinstance(groups, (pd.DataFrame, dict)):
        named = {repr(name): groups[name] for name in groups}
        if not named:
            raise ValueError("groups holds no column; give at least one grouping factor")
    elif (
        isinstance(groups, (list, tuple))
        and len(groups)
        and hasattr(groups[0], "__len__")
        and not isinstance(groups[0], (str, bytes))
    ):
        named = {f"grouping factor {i}": given for i, given in enumerate(groups, start=1)}
    else:
        named = {"groups": groups}
    for name, given in named.items():
        labels(name, given)
    return named
