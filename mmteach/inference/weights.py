"""The weights of contrasts among means: differences, effects, trends, or one's own."""

from fractions import Fraction
from math import gcd, lcm

import numpy as np
import pandas as pd

from ..words import listed, near

METHODS = ("pairwise", "trt.vs.ctrl", "eff", "consec", "poly")
DEGREES = ("linear", "quadratic", "cubic", "quartic", "degree 5", "degree 6")


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
    if is_named(method, "eff"):
        names = [f"{label} effect" for label in labels] if len(labels) > 1 else []
        return names, (eye - 1 / len(labels))[: len(names)]
    if is_named(method, "consec"):
        return [f"{b} - {a}" for a, b in zip(labels, labels[1:])], eye[1:] - eye[:-1]
    if is_named(method, "poly"):
        W = _trends(len(labels))
        return list(DEGREES[: len(W)]), W
    if isinstance(method, pd.DataFrame):
        by_label = not isinstance(method.index, pd.RangeIndex)
        method = {
            name: dict(zip(method.index, weights)) if by_label else weights.to_list()
            for name, weights in method.items()
        }
    if not isinstance(method, dict) or not method:
        raise ValueError(
            f"method must be {', '.join(map(repr, METHODS))}, a dict {{'name': weights}} or a "
            f"DataFrame with a column of weights each, not {type(method).__name__}"
        )
    rows = [_own_weights(name, weights, labels) for name, weights in method.items()]
    return list(map(str, method)), np.array(rows)


def _trends(k):
    """Orthogonal polynomials of degrees 1 to 6 over k equally spaced levels: (degrees, k).

    In the smallest whole numbers, as they are tabulated (Fisher and Yates), from exact fractions.
    """
    x = [Fraction(2 * i - k + 1) for i in range(k)]
    lower, rows = [[Fraction(1)] * k], []
    for degree in range(1, min(len(DEGREES), k - 1) + 1):
        row = [value**degree for value in x]
        for other in lower:
            share = sum(a * b for a, b in zip(row, other)) / sum(b * b for b in other)
            row = [a - share * b for a, b in zip(row, other)]
        lower.append(row)
        whole = lcm(*(value.denominator for value in row))
        common = gcd(*(int(value * whole) for value in row))
        rows.append([float(value * whole / common) for value in row])
    return np.array(rows).reshape(-1, k)


def uneven_numbers(cells, specs):
    """What to say of trends over levels that are numbers, and not equally spaced as `poly` has them."""
    levels = cells[specs[0]].drop_duplicates() if len(specs) == 1 else []
    numbers = pd.to_numeric(pd.Series(list(levels), dtype=object), errors="coerce").to_numpy(float)
    steps = np.diff(numbers)
    if len(steps) < 2 or np.isnan(steps).any() or np.ptp(steps) <= 1e-8 * np.abs(steps).max():
        return []
    return [
        f"poly takes the levels of {specs[0]} as equally spaced, and {listed(levels)} are not: "
        "for their own spacing give weights of your own."
    ]


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
