r"""One likelihood profile: d(v), with a parameter held at v and all others at their best.

    zeta(v) = sign(v - v_hat) sqrt(d(v) - d_min),    limits where |zeta| = z
    d'(v) = the partial derivative of -2 log-likelihood in v   (all others are at their best)

The exact slope makes the root search short, and each search over the other parameters starts
where the points already known say that they will be.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError

from ..engine.linalg import solve_lower
from ..engine.search import bfgs
from ..engine.threads import is_small, one_thread
from .held import KINDS

ZERO = 1e-3  # a diagonal of lambda below this, in units of Z, is put at zero
NUDGE = 0.1  # where the search starts again for one that would rather not be zero
NEAREST = 4  # known points that foretell the next
CLOSE = 3e-5  # whitened gradient at which a search ends: d is right to the square of it
EXACT = 1e-7  # zeta this close to z: the last step needs no evaluation


class Point(NamedTuple):
    """One point of a profile."""

    rise: float  # d(v) - d_min
    slope: float  # in v
    x: np.ndarray  # where the other parameters stand
    checked: bool  # False: some of them stand at zero, and other starts were not tried


class Curve:
    """The profile of one parameter; `known` holds the points that were worked out."""

    def __init__(self, fit, parameter, estimate):
        self.parameter, self.estimate = parameter, float(estimate)
        self.minimum = self.lowest = fit.criterion
        self.held = KINDS[parameter.kind](fit, parameter, self.estimate)
        self.known = {}
        if not np.isnan(self.estimate):
            self.known[self.estimate] = Point(0.0, 0.0, self.held.start, True)
        self.curvature = None
        with np.errstate(divide="ignore"):
            self.at_estimate = self.held.to(self.estimate)

    def zeta(self, v):
        """Signed root of the rise at v."""
        if not self.held.low <= v <= self.held.high:
            raise ValueError(
                f"{self.parameter.label} lies between {self.held.low:g} and "
                f"{self.held.high:g}, not at {v:g}"
            )
        return float(np.sign(v - self.estimate) * np.sqrt(self.point(v).rise))

    # --- limits ----------------------------------------------------------------------------

    def limit(self, side, z, thorough=False):
        """Where sqrt(d - d_min) = z, going down or up from the estimate.

        At first only the last point is searched from other starts, too. If that lowers it, the
        way there may have missed lower points as well, and is gone again thoroughly.
        """
        end = self.held.high if side > 0 else self.held.low
        if np.isnan(self.estimate):  # a correlation with an effect of no variance
            return end
        if end in self.held.ends and np.sqrt(self.point(end).rise) <= z:
            return end
        inner, outer = self._bracket(side, z, thorough)
        for turn in range(60):
            c = _between(inner, outer, z, turn)
            here = self._on_scale(c, side, thorough)
            if abs(here[1] - z) < EXACT * max(1.0, z) and here[2]:
                c += (z - here[1]) / here[2]
                break
            inner, outer = (here, outer) if here[1] <= z else (inner, here)
            if abs(outer[0] - inner[0]) < 1e-10 * max(1.0, abs(c)):
                break
        v = float(self.held.back(here[0]))
        before = self.known[v]
        if not before.checked and self.point(v).rise < before.rise - 1e-7:
            self.known = {at: point for at, point in self.known.items() if point.checked}
            return self.limit(side, z, thorough=True)
        return float(self.held.back(c))

    def _bracket(self, side, z, thorough):
        """Two points on the scale `to`, zeta below z at the first and above it at the second."""
        held = self.held
        ahead = [v for v in self.known if side * (v - held.first) > 0 and v not in held.ends]
        ahead = [self._on_scale(held.to(v), side, thorough) for v in ahead]
        ahead = sorted(ahead, key=lambda point: side * point[0])
        start = self._on_scale(held.to(held.first), side, thorough)
        inner = ([start] + [point for point in ahead if point[1] <= z])[-1]
        outer = next((point for point in ahead if point[1] > z), None)
        step = held.step * z / 2
        while outer is None:
            if inner[1] > 0 and inner[2] * side > 0:  # where the tangent reaches z, and beyond
                step = min(4 * step, max(step / 4, (1.02 * z - inner[1]) / (inner[2] * side)))
            else:
                step *= 1.5
            if step > 1e6 * held.step:
                raise ValueError(
                    f"the likelihood does not fall far enough for a limit of {self.parameter.label}"
                )
            here = self._on_scale(inner[0] + side * step, side, thorough)
            inner, outer = (here, None) if here[1] <= z else (inner, here)
        return inner, outer

    def _on_scale(self, c, side, thorough):
        """(c, |zeta|, its slope) at c on the scale `to`."""
        v = float(self.held.back(c))
        if c == self.at_estimate:
            return c, 0.0, side * np.sqrt(max(0.0, self._curvature_of_d()) / 2)
        point = self.point(v, thorough)
        zeta = np.sqrt(point.rise)
        return c, zeta, point.slope * self.held.stretch(v) / (2 * zeta) if zeta > 0 else 0.0

    # --- a table ---------------------------------------------------------------------------

    def points(self, each=8, z=2.6):
        """A table of values and zeta between the limits at -z and z, estimate included."""
        if np.isnan(self.estimate):
            return pd.DataFrame(columns=["parameter", "value", "zeta"])
        low, high = self.limit(-1, z), self.limit(1, z)
        values = self.between(low, self.estimate, each)[:-1]
        values += self.between(self.estimate, high, each)
        rises = np.array([self.point(v, thorough=False, close=10 * CLOSE).rise for v in values])
        return pd.DataFrame(
            {
                "parameter": self.parameter.label,
                "value": values,
                "zeta": np.sign(np.array(values) - self.estimate) * np.sqrt(rises),
            }
        )

    def between(self, a, b, each):
        """Even steps on the scale `to`, or on the plain one where that is infinite; ends exact."""
        if a == b:
            return [a]
        with np.errstate(divide="ignore"):
            ends = self.held.to(a), self.held.to(b)
        if np.isfinite(ends).all():
            values = [self.held.back(c) for c in np.linspace(*ends, each + 1)]
        else:
            values = np.linspace(a, b, each + 1)
        return [a, *map(float, values[1:-1]), b]

    # --- one point -------------------------------------------------------------------------

    def point(self, v, thorough=True, close=CLOSE):
        """The lowest point at v; `thorough`: from other starts, too, if something is zero."""
        v = float(v)
        found = self.known.get(v)
        if found is None or thorough and not found.checked:
            with one_thread(is_small(self.held.products)):
                found = self.known[v] = self._lowest(v, found, thorough, close)
        return found

    def _lowest(self, v, found, thorough, close):
        d, slope, x = self._search(v, self._predicted(v) if found is None else found.x, close)
        if not np.isfinite(d):  # the prediction went too far
            d, slope, x = self._search(v, self.held.start)
        zero = self._at_zero(x)
        if thorough and zero.any():
            others = (np.where(which, 1.0, x) for which in (zero, self.held.diagonal))
            d, slope, x = min(
                [(d, slope, x), *(self._search(v, other) for other in others)],
                key=lambda end: end[0],
            )
        self.lowest = min(self.lowest, d)
        checked = thorough or not zero.any()
        return Point(max(0.0, d - self.minimum), slope, self.held.upright(x), checked)

    def _at_zero(self, x):
        return self.held.diagonal & (np.abs(x) < ZERO)

    def _search(self, v, x, close=CLOSE):
        """The lowest d near x: (d, slope, x). A zero stays one if d rises beside it."""
        zero = self._at_zero(x)
        end = self._descend(v, np.where(zero, 0.0, x), ~zero, close)
        for i in np.flatnonzero(self._at_zero(end[2])):
            beside = end[2].copy()
            beside[i] = 10 * ZERO
            if self._value(v, beside)[1][i] < 0:
                beside[i] = NUDGE
                other = self._descend(v, beside, ~self._at_zero(beside), close)
                end = min(end, other, key=lambda e: e[0])
        return end

    def _value(self, v, x):
        try:
            return self.held.value(v, x)
        except LinAlgError:  # so large that rounding wins
            return np.inf, np.zeros_like(x), np.nan

    def _descend(self, v, x, free, close):
        """BFGS in the coordinates in which the known curvature is the identity."""
        H = self._curvature()[:-1, :-1]
        C = _root(H[np.ix_(free, free)])
        seen = {}

        def objective(y):
            at = x.copy()
            at[free] += solve_lower(C, y, transpose=True)
            d, gradient, slope = self._value(v, at)
            seen[y.tobytes()] = d, slope, at
            return d, solve_lower(C, gradient[free])

        y = np.zeros(free.sum())
        d, before = objective(y)
        if len(y):
            y, _, after = bfgs(objective, y, d, before, close)
            change = after - before
            if y @ change > 1e-8 * (y @ y) > 0:  # what this search has taught about the curvature
                H[np.ix_(free, free)] += (
                    C @ (np.outer(change, change) / (y @ change) - np.outer(y, y) / (y @ y)) @ C.T
                )
        return seen[y.tobytes()]

    def _predicted(self, v):
        """The other parameters at v, by a cubic through the four nearest known points."""
        held, near = self.held, []
        for at in sorted(self.known, key=lambda at: abs(at - v)):
            if len(near) < NEAREST and all(abs(at - b) > 0.2 * abs(at - v) for b in near):
                near.append(at)  # two close ones say no more than one
        if not near:
            return held.start
        x = [self.known[at].x for at in near]
        if len(near) == 1:
            H = self._curvature()
            if v in held.ends or near[0] != held.first:
                return x[0]
            step, C = held.to(v) - held.to(near[0]), _root(H[:-1, :-1])
            return x[0] - step * solve_lower(C, solve_lower(C, H[:-1, -1]), transpose=True)
        weights = [np.prod([(v - b) / (a - b) for b in near if b != a]) for a in near]
        guess = sum(w * at for w, at in zip(weights, x))
        return np.where(held.diagonal & (guess * x[0] <= 0), 0.0, guess)

    def _curvature(self):
        """Second derivatives of d in (x, c) at the estimate, by differences of exact gradients."""
        if self.curvature is None:
            held, x, h = self.held, self.held.start, 1e-4
            c = held.to(held.first)

            def gradient(c, x):
                v = float(held.back(c))
                _, in_x, in_v = self._value(v, x)
                return np.append(in_x, in_v * held.stretch(v))

            moved = [gradient(c, x + e) for e in h * np.eye(len(x))] + [gradient(c + h, x)]
            H = np.nan_to_num((np.array(moved) - gradient(c, x)) / h)
            self.curvature = (H + H.T) / 2
        return self.curvature

    def _curvature_of_d(self):
        """d''(c) at the estimate: of the profile, so less what the others make good."""
        H = self._curvature()
        half = solve_lower(_root(H[:-1, :-1]), H[:-1, -1])
        return H[-1, -1] - half @ half


def _root(H):
    """C with C C' = H, a triangle; what does not curve up is taken to do so by its size."""
    try:
        return np.linalg.cholesky(H)
    except LinAlgError:
        values, vectors = np.linalg.eigh(H)
        values = np.maximum(np.abs(values), 1e-6 * np.abs(values).max(initial=1e-6))
        return np.linalg.qr((vectors * np.sqrt(values)).T)[1].T


def _between(inner, outer, z, turn):
    """c where zeta should be z, by a cubic through both ends; now and then the middle."""
    (a, za, sa), (b, zb, sb) = inner, outer
    if turn % 4 < 3 and sa and sb and np.isfinite([sa, sb]).all():
        h, t = zb - za, (z - za) / (zb - za)
        c = (
            (1 + 2 * t) * (1 - t) ** 2 * a
            + t**2 * (3 - 2 * t) * b
            + h * t * (1 - t) * ((1 - t) / sa - t / sb)
        )
        if min(a, b) < c < max(a, b):
            return c
    return (a + b) / 2
