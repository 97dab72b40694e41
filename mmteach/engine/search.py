r"""The search for the lowest point of the criterion.

    theta_hat = argmin d(theta)

BFGS with the exact gradient, free theta, start at moment estimates. theta is the Cholesky factor
of the random-effects covariance relative to sigma, so a variance of exactly zero is an
ordinary point of the search and not the end of an infinite axis.

d can have more than one minimum: with few levels, with weights, or with slopes beside a second
factor. So the search is repeated from other starts, and the lowest end counts.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError

from ..progress import NoBar, progress
from .criterion import ProfiledCriterion
from .onefactor import OneFactor, suits
from .threads import is_small, one_thread

CHEAP = 200  # columns of [Z X] up to which all other starts are tried
NEARLY_ZERO = 1e-2  # beyond that they are tried only if a search ends below this
FEW = 40  # residual degrees of freedom up to which d is often uneven
CLOSE = 0.5  # a search this close to the end of another one, but higher, goes the same way


def minimise(criterion, start=None):
    """Minimise d(theta).

    The search runs in phi = theta * units * sqrt(levels): free of the units of the data, and
    with a curvature near 1 whatever the number of levels. Other starts follow if [Z X] has up
    to `CHEAP` columns and no `start` is given, or if the first search ends near the boundary.

    Parameters
    ----------
    criterion : ProfiledCriterion
    start : array, optional
        A theta close to the lowest point; moment estimates by default.

    Returns
    -------
    theta : array with non-negative diagonals
    path : list of (theta_1, ..., theta_m, d(theta), name of the start), one for each evaluation
    """
    cp = criterion.products
    with one_thread(is_small(cp)):
        search = _Search(criterion)
        best = search.down(*(("moments", cp.start_theta()) if start is None else ("given", start)))
        cheap = cp.p + sum(J * k for J, k in zip(cp.J, cp.k)) <= CHEAP
        near_zero = np.any(np.abs(best.theta * search.units)[cp.diagonal_places()] < NEARLY_ZERO)
        if near_zero or cheap and start is None:
            # where the J k effects of a term grow s-fold, d rises by 2 J k log(s) at most: a start that is
            # higher than this for s = 10 has no lower point near it; uneven d are given more room
            ends, rise = [best], 1.0 if cp.n - cp.p > FEW else 2.3 if cp.n_theta == 1 else 6.0
            for name, theta, large in other_starts(cp):
                ends.append(search.down(name, theta / search.units, ends, rise * large))
            for name, theta in search.beside(_lowest(ends).theta):
                ends.append(search.down(name, theta, ends, 5.0, CLOSE / 5))
            best = _lowest(ends)
        search.bar.close()
    return best.theta, search.path


def other_starts(cp):
    """(name, theta in units of Z, its large effects): all alike, each alone, correlations of both signs."""
    small = [0.1 * np.eye(k) for k in cp.k]
    for name, size in (("all small", 1), ("all 1", 10), ("all large", 100), ("all huge", 1000)):
        yield (
            name,
            cp.theta_from([size * lam for lam in small]),
            sum(J * k for J, k in zip(cp.J, cp.k)),
        )
    for t, (J, k) in enumerate(zip(cp.J, cp.k)):
        if len(cp.k) > 1:
            yield (
                f"term {t + 1} alone",
                cp.theta_from([*small[:t], 10 * np.eye(k), *small[t + 1 :]]),
                J * k,
            )
        for sign, name in ((1, "positive"), (-1, "negative")) if k > 1 else ():
            correlated = 0.5 * np.eye(k) + sign * np.tri(k, k=-1)
            yield (
                f"term {t + 1} with {name} correlations",
                cp.theta_from([*small[:t], correlated, *small[t + 1 :]]),
                J * k,
            )


class End(NamedTuple):
    """Where one search has ended."""

    value: float
    theta: np.ndarray
    phi: np.ndarray


def _lowest(ends):
    """The lowest end; the first one if rounding alone makes the difference."""
    lowest = min(ends, key=lambda end: end.value)
    return ends[0] if ends[0].value <= lowest.value + 1e-9 else lowest


class _Search:
    """Searches of one criterion from several starts; all evaluations go to `path`."""

    def __init__(self, criterion):
        cp = criterion.products
        self.criterion, self.path, self.name = criterion, [], ""
        quick = type(criterion) is ProfiledCriterion and suits(cp)
        self.value_and_gradient = OneFactor(criterion) if quick else criterion.value_and_gradient
        self.units = cp.theta_units()
        diagonal = cp.diagonal_places()
        self.pivot = np.flatnonzero(diagonal)[
            np.cumsum(diagonal) - 1
        ]  # the diagonal above each theta
        self.scale = self.units * np.sqrt(np.repeat(cp.J, [k * (k + 1) // 2 for k in cp.k]))
        self.bar = progress(None, "criterion evaluated") if cp.p + sum(cp.J) > 1000 else NoBar()

    def __call__(self, phi):
        """d and its gradient in phi."""
        theta = phi / self.scale
        try:
            value, gradient = self.value_and_gradient(theta)
        except LinAlgError:  # theta so large that rounding wins
            return np.inf, np.zeros_like(phi)
        self.path.append((*theta, value, self.name))
        self.bar.update()
        return value, gradient / self.scale

    def down(self, name, theta, ends=(), reach=np.inf, close=CLOSE):
        """The end of a search from theta.

        After other `ends` it is given up if it begins higher than they are by more than `reach`,
        or as soon as it comes to one of them from above; it ends at the lowest one then.
        """
        self.name, phi = name, np.asarray(theta, float) * self.scale
        first = self(phi)
        if ends:

            def known(phi, value):
                phi = self.upright(phi)
                return any(
                    value >= end.value and np.abs(phi - end.phi).max() < close for end in ends
                )

            lowest = _lowest(ends)
            if first[0] > lowest.value + reach:
                return lowest
            phi, *first = bfgs(self, phi, *first, 1e-2, known)
            if first[0] > lowest.value + 0.01 or known(phi, first[0]):
                return lowest
        phi, value, _ = bfgs(
            self, phi, *first, 1e-8 + 1e-11 * abs(first[0])
        )  # rounding grows with d
        theta, value = self.at_zero(phi / self.scale, value)
        theta = self.upright(theta)
        return End(value, theta, theta * self.scale)

    def upright(self, theta):
        """The same V with diagonals that are not negative: columns of lambda change their sign."""
        return theta * np.where(theta[self.pivot] < 0, -1.0, 1.0)

    def at_zero(self, theta, value):
        """Put diagonals that are as good as zero at zero."""
        diagonal = self.criterion.products.diagonal_places()
        for place in np.flatnonzero(diagonal & (np.abs(theta * self.units) < 1e-3)):
            zero = np.where(np.arange(len(theta)) == place, 0.0, theta)
            at_zero = self.criterion(zero)
            if at_zero <= value + 1e-8:
                theta, value = zero, at_zero
        return theta, value

    def beside(self, theta):
        """(name, theta) of neighbours on the boundary, where the gradient alone does not lead.

        A diagonal put to zero; and the same V with the first zero diagonal of a term filled, since
        lambda = [0 0; a b] and [0 0; c 0] with c^2 = a^2 + b^2 give one lambda lambda'.
        """
        cp = self.criterion.products
        relative = theta * self.units
        for place in np.flatnonzero(cp.diagonal_places()):
            if NEARLY_ZERO < abs(relative[place]) < 1:
                yield "a zero diagonal", np.where(np.arange(len(theta)) == place, 0.0, theta)
        lambdas = cp.lambdas(theta)
        for t, (lam, is_zero) in enumerate(
            zip(lambdas, map(np.diag, cp.lambdas(np.abs(relative) < NEARLY_ZERO)))
        ):
            zeros = np.flatnonzero(is_zero)
            if len(zeros) and zeros[0] + 1 < len(lam):
                i, turned = zeros[0], lam.copy()
                below = np.linalg.qr(lam[i + 1 :, i:].T, mode="r").T
                turned[i + 1 :, i:] = 0
                turned[i + 1 :, i : i + below.shape[1]] = below
                yield (
                    f"term {t + 1} turned",
                    cp.theta_from([*lambdas[:t], turned, *lambdas[t + 1 :]]),
                )


# --- BFGS ---------------------------------------------------------------------------------


def bfgs(f, x, value, gradient, gtol, stop=lambda x, value: False, most=200):
    """Minimise f, which returns value and gradient, from x; returns the lowest x with both.

    Broyden, Fletcher, Goldfarb and Shanno's inverse Hessian H, a line search by cubic
    interpolation up to the Wolfe conditions. See Nocedal and Wright (2006), ch. 3 and 6.
    """
    H = None
    for _ in range(most):
        if np.abs(gradient).max() <= gtol or stop(x, value):
            break
        direction = -gradient if H is None else -H @ gradient
        slope = gradient @ direction
        if not slope < 0:  # rounding has spoilt H
            H, direction, slope = None, -gradient, -(gradient @ gradient)
        size, at, new = _line_search(
            f, x, direction, value, slope, min(1.0, 1 / np.sqrt(-slope)) if H is None else 1.0
        )
        if at is None:
            break
        step, change = size * direction, new - gradient
        curvature = step @ change
        if curvature <= 0:
            break
        if H is None:
            H = np.eye(len(x))
        Hc = H @ change
        H = H + (1 + change @ Hc / curvature) / curvature * np.outer(step, step)
        H -= (np.outer(Hc, step) + np.outer(step, Hc)) / curvature
        x, value, gradient = x + step, at, new
    return x, value, gradient


def _line_search(f, x, direction, value, slope, size):
    """(size, value, gradient) of a step with enough descent and a flatter slope; None if none is left."""
    rounding = 1e-12 * abs(value)
    low, high = (0.0, value, slope), None  # (size, value, slope): too short, too long
    for _ in range(30):
        at, gradient = f(x + size * direction)
        here = size, at, gradient @ direction
        if not at <= value + 1e-4 * size * slope + rounding:
            high = here
        elif here[2] < 0.9 * slope:
            low = here
        else:
            return size, at, gradient
        if high is None:
            size *= 4
        else:
            width = high[0] - low[0]
            size = np.clip(_cubic(low, high), low[0] + 0.1 * width, high[0] - 0.1 * width)
    return size, None, None


def _cubic(a, b):
    """Where the cubic through two points (x, value, slope) is lowest; their middle if it has no minimum."""
    (x, fx, gx), (y, fy, gy) = a, b
    if not np.isfinite(fy):
        return x + 0.1 * (y - x)
    mean = gx + gy - 3 * (fy - fx) / (y - x)
    square = mean * mean - gx * gy
    if square < 0:
        return (x + y) / 2
    root = np.sqrt(square)
    return y - (y - x) * (gy + root - mean) / (gy - gx + 2 * root)
