r"""The likelihood of the mixed model, with V spelled out: the textbook layer.

    y ~ N(X beta, V),   beta_hat(V) = (X'V^-1 X)^-1 X'V^-1 y,   r = y - X beta_hat(V)

    ML:    -2 l   = n log 2pi     + log|V|                   + r'V^-1 r
    REML:  -2 l_R = (n-p) log 2pi + log|V| + log|X'V^-1 X|   + r'V^-1 r

No inverse is formed: with V = LL', dividing by L (whitening) turns everything into
ordinary least squares. It costs O(n^3) a call; `mmteach.engine.criterion` gives the same
number without any n x n matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import qr

from ..guards import finite, kind, small_enough, truth
from .factors import as_factors
from .gls import INDEPENDENT, check_columns, whiten_and_fit
from .matrices import build_G, build_lambdas, build_R, build_V, build_Z

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


LARGEST_LOG = 600.0  # of a variance; exp(709) is the largest number there is


def minus2_loglik(y: ArrayLike, X: ArrayLike, V: ArrayLike, reml: bool = True) -> float:
    r"""Minus twice the (restricted) log-likelihood of V, constant included.

    ``(n-p) log 2pi + log|V| + log|X'V^-1 X| + r'V^-1 r`` for REML; for ML the third term
    is absent and the constant is ``n log 2pi``. beta is at its GLS value for this V.

    Parameters
    ----------
    y : (n,) array
    X : (n, p) array
    V : (n, n) array
    reml : bool
        True for the restricted likelihood.

    Returns
    -------
    float
        Equal to lme4's "REML criterion" (or its -2 log-likelihood) at the same V.

    Raises
    ------
    ValueError
        As for `gls`, and when reml is neither True nor False.

    Notes
    -----
    .. math:: -2\ell_R = (n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X|
              + \mathbf r'\mathbf V^{-1}\mathbf r,
              \qquad \mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}(\mathbf V)

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554; Harville (1977), JASA 72, 320-338.

    Examples
    --------
    >>> from mmteach import build_V_cs
    >>> V = build_V_cs(100, 225, ["S1", "S1", "S2", "S2"])
    >>> round(minus2_loglik([50, 54, 60, 64], np.ones((4, 1)), V), 4)
    24.0906
    """
    reml = truth("reml", reml, "REML", "ML")
    Xw, yw, R, beta, log_det_V = whiten_and_fit(X, y, V)
    n, p = Xw.shape
    residual = yw - Xw @ beta
    quadratic = residual @ residual
    if not reml:
        return float(n * np.log(2 * np.pi) + log_det_V + quadratic)
    log_det_XtViX = 2 * np.log(np.abs(np.diag(R))).sum()
    return float((n - p) * np.log(2 * np.pi) + log_det_V + log_det_XtViX + quadratic)


def ml_objective(
    log_variances: ArrayLike,
    y: ArrayLike,
    X: ArrayLike,
    groups: ArrayLike | dict,
) -> float:
    r"""ML objective for random intercepts, as a function of the log-variances.

    ``n log 2pi + log|V| + r'V^-1 r`` with ``V = sum_t sigma_t^2 Z_t Z_t' + sigma^2 I``.

    Parameters
    ----------
    log_variances : (t + 1,) array
        Log of the variance of each grouping factor, then of the residual variance.
    y : (n,) array
    X : (n, p) array
    groups : sequence of n labels, or a list, dict or DataFrame of t such factors

    Returns
    -------
    float
        -2 log-likelihood, to be minimised.

    Raises
    ------
    ValueError
        For a wrong number of log-variances and as for `gls` and `build_Z`.

    Notes
    -----
    .. math:: -2\ell = n\log 2\pi + \log|\mathbf V| + \mathbf r'\mathbf V^{-1}\mathbf r,
              \qquad \mathbf V = \sum_t \sigma_t^2\,\mathbf Z_t\mathbf Z_t' + \sigma^2\mathbf I

    References
    ----------
    Harville (1977), JASA 72, 320-338.

    Examples
    --------
    >>> import mmteach as mm
    >>> schools = mm.load("schools")
    >>> X = np.ones((12, 1))
    >>> round(ml_objective(np.log([56.391, 144.394]), schools.score, X, schools.school), 3)
    96.548
    """
    return minus2_loglik(y, X, _V_from_log_variances(log_variances, groups, y), reml=False)


def reml_objective(
    log_variances: ArrayLike,
    y: ArrayLike,
    X: ArrayLike,
    groups: ArrayLike | dict,
) -> float:
    r"""REML objective for random intercepts, as a function of the log-variances.

    ``(n-p) log 2pi + log|V| + log|X'V^-1 X| + r'V^-1 r`` with
    ``V = sum_t sigma_t^2 Z_t Z_t' + sigma^2 I``.

    Parameters
    ----------
    log_variances : (t + 1,) array
        Log of the variance of each grouping factor, then of the residual variance.
    y : (n,) array
    X : (n, p) array
    groups : sequence of n labels, or a list, dict or DataFrame of t such factors

    Returns
    -------
    float
        -2 restricted log-likelihood, to be minimised.

    Raises
    ------
    ValueError
        For a wrong number of log-variances and as for `gls` and `build_Z`.

    Notes
    -----
    .. math:: -2\ell_R = (n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X|
              + \mathbf r'\mathbf V^{-1}\mathbf r,
              \qquad \mathbf V = \sum_t \sigma_t^2\,\mathbf Z_t\mathbf Z_t' + \sigma^2\mathbf I

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554.

    Examples
    --------
    >>> import mmteach as mm
    >>> schools = mm.load("schools")
    >>> X = np.ones((12, 1))
    >>> round(reml_objective(np.log([102.6, 144.394]), schools.score, X, schools.school), 4)
    91.0922
    """
    return minus2_loglik(y, X, _V_from_log_variances(log_variances, groups, y), reml=True)


def textbook_objective(theta: ArrayLike, design, reml: bool = True) -> float:
    r"""The criterion of any lmer formula, through V itself.

    ``V0 = sum_t Z_t (I (x) lambda_t lambda_t') Z_t' + W^-1``, sigma^2 at its best value
    ``r'V0^-1 r / m`` with m = n - p (REML) or n (ML), then `minus2_loglik` of sigma^2 V0.

    Parameters
    ----------
    theta : array
        Relative Cholesky factors, see `build_lambdas`.
    design : Design
        From `mmteach.design`, or the attribute of a fit; X of full column rank.
    reml : bool

    Returns
    -------
    float
        The same number as `ProfiledCriterion`, in O(n^3).

    Raises
    ------
    ValueError
        For a wrong number of theta, for what is not a design with its rows, and as for `gls`.

    Notes
    -----
    .. math:: \mathbf V_0
              = \sum_t \mathbf Z_t\,(\mathbf I\otimes\boldsymbol\Lambda_t\boldsymbol\Lambda_t')\,\mathbf Z_t'
              + \mathbf W^{-1}, \qquad \hat\sigma^2 = \mathbf r'\mathbf V_0^{-1}\mathbf r\,/\,m

    References
    ----------
    Laird and Ware (1982), Biometrics 38, 963-974.

    Examples
    --------
    >>> import mmteach as mm
    >>> design = mm.design("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> round(textbook_objective([0.96674, 0.01517, 0.23091], design), 4)
    1743.6283
    """
    reml = truth("reml", reml, "REML", "ML")
    if not hasattr(design, "x_names") or not hasattr(design, "terms"):
        remedy = (
            "pass fit.design"
            if hasattr(design, "design")
            else "make one with mm.design(formula, data)"
        )
        raise ValueError(f"textbook_objective takes a design, not {kind(design)}; {remedy}")
    if design.y is None:
        raise ValueError(
            "the design of a streamed fit keeps no rows, and V needs them; make a design of a "
            "part of the data with mm.design(formula, part)"
        )
    small_enough("V", len(design.y) ** 2)
    V0 = np.eye(len(design.y)) if design.weights is None else np.diag(1 / design.weights)
    for term, lam in zip(design.terms, build_lambdas(theta, [len(t.names) for t in design.terms])):
        Z = build_Z(term.codes, term.x)
        V0 = build_V(Z, build_G([lam @ lam.T], [len(term.levels)]), V0)
    Xw, yw, _, beta, _ = whiten_and_fit(design.X, design.y, V0)
    residual = yw - Xw @ beta
    m = len(yw) - Xw.shape[1] * reml
    return minus2_loglik(design.y, design.X, residual @ residual / m * V0, reml)


def error_contrasts(X: ArrayLike) -> np.ndarray:
    r"""An orthonormal set of error contrasts: n - p combinations of y that forget beta.

    ``K'X = 0`` and ``K'K = I``, so ``K'y ~ N(0, K'VK)`` whatever beta is; the likelihood
    of K'y is the REML likelihood up to ``log|X'X|``.

    Parameters
    ----------
    X : (n, p) array

    Returns
    -------
    (n, n - rank X) array K

    Raises
    ------
    ValueError
        When X leaves no row to spare (rank X = n), or has no column.

    Notes
    -----
    .. math:: \mathbf K'\mathbf X = \mathbf 0,\quad \mathbf K'\mathbf K = \mathbf I
              \quad\Longrightarrow\quad \mathbf K'\mathbf y \sim N(\mathbf 0, \mathbf K'\mathbf V\mathbf K)

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554.

    Examples
    --------
    >>> K = error_contrasts(np.ones((3, 1)))
    >>> K.shape, bool(np.allclose(K.T @ np.ones(3), 0))
    ((3, 2), True)
    """
    X = finite(X, "X", ndim=2)
    check_columns(X)
    small_enough("K", len(X) ** 2)
    lengths = np.linalg.norm(X, axis=0)
    X = X / np.where(
        lengths > 0, lengths, 1
    )  # the units of a column do not matter to its direction
    Q, R, _ = qr(X, pivoting=True)
    rank = int((np.abs(np.diag(R)) > INDEPENDENT).sum())
    if rank == len(X):
        raise ValueError(
            f"X has rank {rank} with {len(X)} rows; no contrast is free of beta, so use fewer "
            "columns"
        )
    return Q[:, rank:]


def _V_from_log_variances(log_variances, groups, y):
    log_variances, y = finite(log_variances, "log_variances", ndim=1), finite(y, "y", ndim=1)
    factors = list(as_factors(groups))
    n, n_levels = len(factors[0][1]), [len(levels) for _, _, levels in factors]
    if n != len(y):
        raise ValueError(
            f"groups has {n} labels for {len(y)} values of y, and V must be "
            f"{len(y)} x {len(y)}; give one label per row"
        )
    if len(log_variances) != len(n_levels) + 1:
        raise ValueError(
            f"{len(log_variances)} log-variances for {len(n_levels)} grouping factor(s); "
            f"give {len(n_levels) + 1}: one for each factor, then the residual"
        )
    if log_variances.max() > LARGEST_LOG:
        raise ValueError(
            f"log_variances holds {log_variances.max():g}, and no variance is as large as exp "
            "of that; give the logs of the variances, such as np.log([100, 225])"
        )
    *group_variances, sigma2 = np.exp(log_variances)
    small_enough("V", n**2)
    Z = build_Z(groups)
    return build_V(Z, build_G(group_variances, n_levels), build_R(sigma2, len(Z)))
