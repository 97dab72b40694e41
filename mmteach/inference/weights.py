"""The weights of contrasts among means: pairwise, against a control, or one's own."""

import numpy as np
import pandas as pd

from ..words import listed, near


def is_named(method, name):
    return isinstance(method, str) and method == name


def weights_of(method, labels, ref):
    """Names of the contrasts and their weights, (contrasts, means)."""
    eye = np.eye(len(labels))
    if is_named(method, "pairwise"):
        i, j = np.triu_indices(len(labels), 1)
        return [f"{labels[a]} - {labels[b]}" for a, b in zip(i, j)], eye[i] - eye[j]
    if is_named(method, "trt.vs.ctrl"):
        control = 0 if ref is None else _position(ref, labels, "ref")
        others = [i for i in range(len(labels)) if i != control]
        return [f"{labels[i]} - {labels[control]}" for i in others], eye[others] - eye[control]
    if isinstance(method, pd.DataFrame):
        by_label = not isinstance(method.index, pd.RangeIndex)
        method = {
            name: dict(zip(method.index, weights)) if by_label else weights.to_list()
            for name, weights in method.items()
        }
    if not isinstance(method, dict) or not method:
        raise ValueError(
            "method must be 'pairwise', 'trt.vs.ctrl', a dict {'name': weights} or a "
            f"DataFrame with a column of weights each, not {type(method).__name__}"
        )
    rows = [_own_weights(name, weights, labels) for name, weights in method.items()]
    return list(map(str, method)), np.array(rows)


def _own_weights(name, weights, labels):
    if isinstance(weights, dict):
        places = [_position(label, labels, f"contrast '{name}'") for label in weights]
        given = dict(zip(places, weights.values()))
        weights = [given.get(i, 0.0) for i in range(len(labels))]
    try:
        row = np.asarray(weights, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"the weights of contrast '{name}' must be numbers") from None
    if row.shape != (len(labels),):
        raise ValueError(
            f"contrast '{name}' has {row.size} weights, but there are {len(labels)} "
            f"means: give one for each of {listed(labels)}"
        )
    if not np.isfinite(row).all():
        raise ValueError(
            f"contrast '{name}' has missing or infinite weights: use 0 for a mean "
            "that does not count"
        )
    if not row.any():
        raise ValueError(
            f"the weights of contrast '{name}' are all zero, which compares nothing: "
            "leave it out, or give some means a weight"
        )
    return row


def _position(label, labels, where):
    if str(label) not in labels:
        raise ValueError(
            f"{where}: there is no mean of '{label}'; {near(label, labels)}the means "
            f"are those of {listed(labels)}"
        )
    return labels.index(str(label))
