r"""Generalised least squares: the best beta when V is known.

    beta_hat = (X'V^-1 X)^-1 X'V^-1 y,   Var(beta_hat) = (X'V^-1 X)^-1

With V = LL', dividing X and y by L (whitening) makes it ordinary least squares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cholesky, qr, solve_triangular

from ..guards import finite, negative, shape

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

INDEPENDENT = 1e-10  # a column is independent of others if they leave more than this part of it


class GLS(NamedTuple):
    """What generalised least squares returns."""

    beta: np.ndarray  # (p,) estimates, in units of y per unit of x
    cov_beta: np.ndarray  # (p, p) their covariance matrix, (X'V^-1 X)^-1
    residuals: np.ndarray  # (n,) y - X beta


def gls(X: ArrayLike, y: ArrayLike, V: ArrayLike) -> GLS:
    r"""Generalised least squares: the best linear unbiased estimate of beta when V is known.

    ``beta_hat = (X'V^-1 X)^-1 X'V^-1 y`` and ``Var(beta_hat) = (X'V^-1 X)^-1``.

    Parameters
    ----------
    X : (n, p) array of full column rank
    y : (n,) array
    V : (n, n) positive definite array, in squared units of y

    Returns
    -------
    GLS
        Named tuple with beta (p,), cov_beta (p, p) and residuals (n,).

    Raises
    ------
    ValueError
        When shapes differ, values are missing, X is rank-deficient or V is singular.

    Notes
    -----
    .. math:: \hat{\boldsymbol\beta}
              = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}\mathbf X'\mathbf V^{-1}\mathbf y,
              \qquad \mathrm{Var}(\hat{\boldsymbol\beta}) = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}

    References
    ----------
    Aitken (1936), Proc. R. Soc. Edinburgh 55, 42-48.

    Examples
    --------
    >>> from mmteach import build_V_cs
    >>> V = build_V_cs(100, 225, ["S1", "S1", "S2", "S2"])
    >>> fit = gls(np.ones((4, 1)), [50, 54, 60, 64], V)
    >>> fit.beta, fit.cov_beta
    (array([57.]), array([[106.25]]))
    """
    Xw, yw, R, beta, _ = whiten_and_fit(X, y, V)
    R_inverse = solve_triangular(R, np.eye(len(R)))
    return GLS(beta, R_inverse @ R_inverse.T, np.asarray(y, float) - np.asarray(X, float) @ beta)


def whiten_and_fit(X, y, V):
    """Divide by the Cholesky factor of V, then least squares by QR."""
    X, y, V = finite(X, "X", ndim=2), finite(y, "y", ndim=1), finite(V, "V", ndim=2)
    n, p = X.shape
    if len(y) != n or V.shape != (n, n):
        raise ValueError(
            f"X has {n} rows, so y needs {n} values and V must be {n} x {n}; "
            f"y has {len(y)} and V is {shape(V)}"
        )
    check_columns(X)
    if p >= n:
        raise ValueError(
            f"X has {p} columns for {n} rows; nothing is left to estimate a variance from"
        )
    L = _cholesky(V)
    Xw, yw = solve_triangular(L, X, lower=True), solve_triangular(L, y, lower=True)
    Q, R = qr(Xw, mode="economic")
    # R[j, j] is what the columns before j leave of column j
    lost = np.flatnonzero(np.abs(np.diag(R)) <= INDEPENDENT * np.linalg.norm(Xw, axis=0))
    if lost.size:
        raise ValueError(
            f"X is rank-deficient: column {lost[0]} is a combination of the columns "
            "before it; drop it, for instance the dummy of a reference level"
        )
    beta = solve_triangular(R, Q.T @ yw)
    return Xw, yw, R, beta, 2 * np.log(np.diag(L)).sum()


def check_columns(X):
    if X.shape[1] == 0:
        raise ValueError(
            "X has no columns, so there is no beta; for a mean only use np.ones((n, 1))"
        )


def _cholesky(V):
    if np.any(np.diag(V) < 0):
        raise ValueError(negative("the diagonal of V", np.diag(V).min()))
    if not np.allclose(V, V.T):
        raise ValueError("V is not symmetric; build it as Z @ G @ Z.T + R")
    try:
        L = cholesky(V, lower=True)
    except LinAlgError:
        L = np.zeros_like(V)
    if np.diag(L).min() <= 1e-8 * np.sqrt(np.diag(V).max()):
        raise ValueError(
            "V is singular: some combination of the observations would have no variance. "
            "Give the residual variance a value above zero"
        )
    return L
