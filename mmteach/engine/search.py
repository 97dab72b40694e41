r"""The search for the lowest point of the criterion.

    theta_hat = argmin d(theta)

BFGS with the exact gradient, free theta, start at moment estimates. theta is the Cholesky factor
of the random-effects covariance relative to sigma, so a variance of exactly zero is an
ordinary point of the search and not the end of an infinite axis.
"""

import numpy as np
from scipy.linalg import LinAlgError
from scipy.optimize import minimize

from ..progress import NoBar, progress

NEARLY_ZERO = 1e-2     # a search that ends below this is repeated from other starts


def minimise(criterion, start=None):
    """Minimise d(theta); returns theta with non-negative diagonals, and the path.

    The search runs in phi = theta * units * sqrt(levels): free of the units of the data, and
    with a curvature near 1 whatever the number of levels. Small data can have one minimum on
    the boundary and a lower one elsewhere, so a search that ends near the boundary is repeated
    from other starts and the lowest end counts.
    """
    cp, path = criterion.products, []
    bar = progress(None, "criterion evaluated") if cp.p + sum(cp.J) > 1000 else NoBar()
    units = cp.theta_units()
    scale = units * np.sqrt(np.repeat(cp.J, [k * (k + 1) // 2 for k in cp.k]))

    def objective(phi):
        try:
            value, gradient = criterion.value_and_gradient(phi / scale)
        except LinAlgError:  # theta so large that rounding wins
            return np.inf, np.zeros_like(phi)
        path.append((*(phi / scale), value))
        bar.update()
        return value, gradient / scale

    def search(theta):
        end = minimize(objective, theta * scale, jac=True, method="BFGS", options={"gtol": 1e-5})
        return _at_zero(criterion, end.x / scale, end.fun)

    theta, value = search(cp.start_theta() if start is None else np.asarray(start))
    if np.any(np.abs(theta * units)[cp.diagonal_places()] < NEARLY_ZERO):
        ends = [search(other / units) for other in _other_starts(cp)]
        theta, value = min([(theta, value - 1e-9), *ends], key=lambda end: end[1])
    bar.close()
    lambdas = [lam * np.where(np.diag(lam) < 0, -1.0, 1.0) for lam in cp.lambdas(theta)]
    return cp.theta_from(lambdas), path


def _at_zero(criterion, theta, value):
    """Put diagonals that are as good as zero at zero."""
    cp = criterion.products
    for place in np.flatnonzero(cp.diagonal_places() & (np.abs(theta * cp.theta_units()) < 1e-3)):
        zero = np.where(np.arange(len(theta)) == place, 0.0, theta)
        at_zero = criterion(zero)
        if at_zero <= value + 1e-8:
            theta, value = zero, at_zero
    return theta, value


def _other_starts(cp):
    """Each term large while the others are small; slopes also with correlations of both signs."""
    for large in range(len(cp.k)):
        lambdas = [np.eye(k) * (1.0 if t == large else 0.1) for t, k in enumerate(cp.k)]
        yield cp.theta_from(lambdas)
        for sign in (1, -1) if cp.k[large] > 1 else ():
            correlated = [*lambdas]
            correlated[large] = 0.5 * np.eye(cp.k[large]) + sign * np.tri(cp.k[large], k=-1)
            yield cp.theta_from(correlated)
    yield 0.1 * cp.diagonal_places()
