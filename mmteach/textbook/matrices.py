r"""The matrices of the model: who shares a random effect with whom.

    y = X beta + Z u + e,    u ~ N(0, G),    e ~ N(0, R)
    Var(y) = V = Z G Z' + R

`build_Z`, `build_G` and `build_R` make the three pieces, `build_V` puts them together, and
`build_V_cs` writes V at once for one grouping factor. Rows always keep the order of the data,
so V can be read against the data set.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from ..guards import (
    check_covariance,
    finite,
    negative,
    number,
    shape,
    small_enough,
    whole,
)
from ..words import shown
from .factors import as_factors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


def build_Z(groups: ArrayLike | dict, x: ArrayLike | None = None) -> np.ndarray:
    r"""Design matrix of the random effects: one column for each level of each factor.

    ``Z[i, j] = 1`` if row i belongs to level j and 0 otherwise; with `x` the ones become
    the values of x, which gives random slopes.

    Parameters
    ----------
    groups : sequence of n labels, or a list, dict or DataFrame of several such factors
        Columns follow the order of the categories (sorted labels for plain sequences);
        several factors stand side by side.
    x : (n,) or (n, k) array, optional
        What varies between the levels, e.g. ``[1, days]``; needs a single factor. The k
        columns of a level stand together.

    Returns
    -------
    (n, q) array of floats.

    Raises
    ------
    ValueError
        For missing labels, a factor with one level, lengths that differ, or a Z too large to
        look at.

    Notes
    -----
    .. math:: y_i = \mathbf x_i'\boldsymbol\beta + \mathbf z_i'\mathbf u + \varepsilon_i,
              \qquad z_{ij} = 1 \text{ if row } i \text{ belongs to level } j, \text{ else } 0

    References
    ----------
    Laird and Ware (1982), Biometrics 38, 963-974.

    Examples
    --------
    >>> build_Z(["S1", "S1", "S2"])
    array([[1., 0.],
           [1., 0.],
           [0., 1.]])
    >>> build_Z(["a", "a", "b"], x=[[1, 0], [1, 5], [1, 2]])
    array([[1., 0., 0., 0.],
           [1., 5., 0., 0.],
           [0., 0., 1., 2.]])
    """
    factors = list(as_factors(groups))
    n = len(factors[0][1])
    if x is None:
        x = np.ones((n, 1))
    elif len(factors) > 1:
        raise ValueError(
            f"x goes with one grouping factor, but groups holds {len(factors)}; "
            "build one Z for each factor and put them side by side with np.hstack"
        )
    else:
        x = finite(x, "x")
        x = finite(x[:, None] if x.ndim == 1 else x, "x", ndim=2)
        if len(x) != n:
            raise ValueError(
                f"x has {len(x)} rows but {factors[0][0]} has {n}; they must match row by row"
            )
    k = x.shape[1]
    small_enough("Z", n * k * sum(len(levels) for _, _, levels in factors))
    pieces = []
    for _, codes, levels in factors:
        Z = np.zeros((n, len(levels), k))
        Z[np.arange(n), codes] = x  # row i has its x where its level stands, and zeros elsewhere
        pieces.append(Z.reshape(n, -1))
    return np.hstack(pieces)


def build_G(variances: ArrayLike, n_levels: int | Sequence[int]) -> np.ndarray:
    r"""Covariance matrix of the random effects, block-diagonal over terms and levels.

    ``G = blockdiag(I_q1 (x) Sigma_1, I_q2 (x) Sigma_2, ...)``; for random intercepts each
    Sigma is one variance, so G is diagonal.

    Parameters
    ----------
    variances : a variance, a (k, k) covariance matrix, or a list with one of these per term
        In squared units of the response.
    n_levels : int, or a list with one int per term
        Number of levels q of each grouping factor.

    Returns
    -------
    (q, q) array, where q counts all random effects.

    Raises
    ------
    ValueError
        For negative variances, covariance matrices that are not positive semi-definite,
        unequal numbers of variances and factors, or a G too large to look at.

    Notes
    -----
    .. math:: \mathbf G = \begin{pmatrix} \mathbf I_{q_1}\otimes\boldsymbol\Sigma_1 & \\
              & \mathbf I_{q_2}\otimes\boldsymbol\Sigma_2 & \\ & & \ddots \end{pmatrix}

    References
    ----------
    Henderson (1975), Biometrics 31, 423-447.

    Examples
    --------
    >>> build_G(100.0, 2)
    array([[100.,   0.],
           [  0., 100.]])
    >>> build_G([4.0, 1.0], [2, 1]).diagonal()
    array([4., 4., 1.])
    """
    if not _is_list(n_levels):
        variances, n_levels = [variances], [n_levels]
    variances = list(variances) if _is_list(variances) else [variances]
    if len(variances) != len(n_levels) or not variances:
        raise ValueError(
            f"there are {len(variances)} variances for {len(n_levels)} grouping factors; "
            "give one variance (or one k x k covariance matrix) for each factor"
        )
    blocks = [
        _covariance(variance, f"variance {i}") for i, variance in enumerate(variances, start=1)
    ]
    n_levels = [whole("n_levels, the number of levels,", q) for q in n_levels]
    small_enough("G", sum(q * len(Sigma) for q, Sigma in zip(n_levels, blocks)) ** 2)
    return block_diag(*(np.kron(np.eye(q), Sigma) for q, Sigma in zip(n_levels, blocks)))


def build_R(sigma2: float, n: int) -> np.ndarray:
    r"""Covariance matrix of the residuals, ``R = sigma^2 I_n``.

    Parameters
    ----------
    sigma2 : float, or (n,) array for one variance per row
        Residual variance in squared units of the response.
    n : int
        Number of rows of the data.

    Returns
    -------
    (n, n) array.

    Raises
    ------
    ValueError
        For a negative variance, a wrong number of variances, or an R too large to look at.

    Examples
    --------
    >>> build_R(225.0, 2)
    array([[225.,   0.],
           [  0., 225.]])
    """
    sigma2, n = finite(sigma2, "sigma2"), whole("n, the number of rows,", n)
    small_enough("R", n * n)
    if sigma2.ndim and sigma2.shape != (n,):
        raise ValueError(f"sigma2 has shape {sigma2.shape}; give one number or one per row ({n})")
    if np.any(sigma2 < 0):
        raise ValueError(negative("sigma2", sigma2.min()))
    return np.diag(np.broadcast_to(sigma2, n).astype(float))


def build_V(Z: ArrayLike, G: ArrayLike, R: ArrayLike) -> np.ndarray:
    r"""Covariance matrix of the data, ``V = Z G Z' + R``.

    Parameters
    ----------
    Z : (n, q) array
    G : (q, q) array
    R : (n, n) array

    Returns
    -------
    (n, n) array in the row order of the data.

    Raises
    ------
    ValueError
        When the shapes do not fit together.

    Notes
    -----
    .. math:: \mathrm{Var}(\mathbf y) = \mathbf V
              = \mathbf Z\,\mathrm{Var}(\mathbf u)\,\mathbf Z' + \mathrm{Var}(\boldsymbol\varepsilon)
              = \mathbf Z\mathbf G\mathbf Z' + \mathbf R

    References
    ----------
    Laird and Ware (1982), Biometrics 38, 963-974.

    Examples
    --------
    >>> Z = build_Z(["S1", "S1", "S2", "S2"])
    >>> build_V(Z, build_G(100, 2), build_R(225, 4))
    array([[325., 100.,   0.,   0.],
           [100., 325.,   0.,   0.],
           [  0.,   0., 325., 100.],
           [  0.,   0., 100., 325.]])
    """
    Z, G, R = (finite(M, name, ndim=2) for M, name in ((Z, "Z"), (G, "G"), (R, "R")))
    n, q = Z.shape
    if G.shape != (q, q):
        raise ValueError(f"Z has {q} columns, so G must be {q} x {q}, but it is {shape(G)}")
    if R.shape != (n, n):
        raise ValueError(f"Z has {n} rows, so R must be {n} x {n}, but it is {shape(R)}")
    small_enough("V", n * n)
    return Z @ G @ Z.T + R


def build_V_cs(sigma2_b: float, sigma2: float, groups: ArrayLike) -> np.ndarray:
    r"""Compound-symmetric V straight from two variances and the groups.

    ``V[i, k] = sigma_b^2 [same group] + sigma^2 [i = k]``: the double loop over rows,
    written as one comparison.

    Parameters
    ----------
    sigma2_b, sigma2 : float
        Variance between groups and residual variance, in squared units of the response.
    groups : sequence of n labels

    Returns
    -------
    (n, n) array in the row order of the data.

    Raises
    ------
    ValueError
        For negative variances, missing labels, a single group, or a V too large to look at.

    Examples
    --------
    >>> build_V_cs(100, 225, ["S1", "S2", "S1"])
    array([[325.,   0., 100.],
           [  0., 325.,   0.],
           [100.,   0., 325.]])
    """
    for name, value in (("sigma2_b", sigma2_b), ("sigma2", sigma2)):
        if number(name, value) < 0:
            raise ValueError(negative(name, value))
    factors = list(as_factors(groups))
    if len(factors) > 1:
        raise ValueError(
            f"the short cut takes one grouping factor, not {len(factors)}; "
            "for several use build_V(build_Z(groups), G, R)"
        )
    codes = factors[0][1]
    small_enough("V", len(codes) ** 2)
    same_group = codes[:, None] == codes[None, :]
    return sigma2_b * same_group + sigma2 * np.eye(len(codes))


def build_lambdas(theta: ArrayLike, sizes: Sequence[int]) -> list[np.ndarray]:
    r"""The relative Cholesky factors of the terms: ``G_t = sigma^2 lambda_t lambda_t'``.

    theta fills the lower triangle of each lambda column by column, as in lme4.

    Parameters
    ----------
    theta : sequence of sum k(k+1)/2 numbers
    sizes : list of int
        Number of effects k of each term.

    Returns
    -------
    list of (k, k) lower triangular arrays

    Raises
    ------
    ValueError
        For a wrong number of values, or values that are missing.

    Notes
    -----
    .. math:: \mathbf G_t = \sigma^2\,\mathbf I_{q_t}\otimes\boldsymbol\Lambda_t\boldsymbol\Lambda_t',
              \qquad \boldsymbol\Lambda_t = \begin{pmatrix} \theta_1 & 0 \\ \theta_2 & \theta_3 \end{pmatrix}
              \text{ for } k = 2

    For random intercepts theta is the ratio of two standard deviations, sigma_b / sigma.

    References
    ----------
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1), section 2.4.

    Examples
    --------
    >>> build_lambdas([1.0, 0.5, 2.0], [2])
    [array([[1. , 0. ],
           [0.5, 2. ]])]
    """
    if not _is_list(sizes):
        raise ValueError(
            f"sizes is {shown(sizes)}; give a list with the number of effects of each term, "
            "such as [1]"
        )
    theta, sizes = finite(theta, "theta", ndim=1), [whole("a number in sizes", k) for k in sizes]
    needed = [k * (k + 1) // 2 for k in sizes]
    if len(theta) != sum(needed):
        raise ValueError(
            f"theta has {len(theta)} values, but the terms need {sum(needed)}: "
            f"k(k+1)/2 for a term with k effects, and sizes has {sizes}"
        )
    lambdas, at = [np.zeros((k, k)) for k in sizes], 0
    for lam, size in zip(lambdas, needed):
        lam.T[triangle(len(lam))] = theta[at : at + size]
        at += size
    return lambdas


@cache
def triangle(k):
    """Indices (column, row) of a k x k lower triangle, column by column."""
    return np.triu_indices(k)


def _is_list(value):
    """Whether it holds several, one for each term."""
    return (
        isinstance(value, (list, tuple, np.ndarray, pd.Series))
        and getattr(value, "shape", None) != ()
    )


def _covariance(variance, name):
    """A variance as a 1 x 1, or a covariance matrix as a k x k array."""
    Sigma = np.atleast_2d(finite(variance, name))
    check_covariance(Sigma, name)
    return Sigma
