r"""Denominator degrees of freedom: Kenward-Roger and Satterthwaite from cross-products.

    Kenward-Roger   F = lambda (L beta_hat)'(L Phi_A L')^-1 (L beta_hat) / rank L
    Satterthwaite   nu = 2 (l'Phi l)^2 / Var(l'Phi l)

Both need how V varies with its parameters, which `variation` has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import solve_triangular

from ..engine.threads import is_small, one_thread
from ..guards import check_fit, one_of
from .distributions import f_p_value, t_p_value
from .variation import inverse, variation_of

if TYPE_CHECKING:
    from ..engine.fit import Fit

METHODS = ("kenward-roger", "satterthwaite", "z")


class JointTest(NamedTuple):
    """An F test of several rows of L at once."""

    f: float  # scaled, if by Kenward and Roger
    num_df: int  # rank of L
    den_df: float
    p: float
    scale: float  # Kenward and Roger's lambda; 1 for the other methods


class ContrastTest(NamedTuple):
    """The rows of L one by one, and together."""

    rows: pd.DataFrame  # estimate, se, df, t, p
    joint: JointTest


def contrast_test(fit, L, df="kenward-roger"):
    r"""t test of each row of L beta = 0, and the F test of all rows together.

    Parameters
    ----------
    fit : Fit or LinearFit
    L : (rows, columns of X) array
        A single row may be one-dimensional. Columns follow ``fit.beta``; those of dropped
        columns are ignored, so check first that L beta is estimable.
    df : "kenward-roger", "satterthwaite" or "z"
        Where the denominator degrees of freedom come from; "z" takes them as infinite. Without
        random effects the first two are the residual degrees of freedom.

    Returns
    -------
    ContrastTest
        rows, a DataFrame with estimate, se, df, t and p, and joint, a `JointTest`.

    Raises
    ------
    ValueError
        For an unknown method, an L of the wrong length, or Kenward-Roger on an ML fit.

    References
    ----------
    Kenward and Roger (1997), Biometrics 53, 983-997; Satterthwaite (1946), Biometrics
    Bulletin 2, 110-114; Fai and Cornelius (1996), J. Stat. Comput. Simul. 54, 363-378.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> contrast_test(fit, np.eye(2)).rows.round(3)
       estimate     se    df       t    p
    0   251.405  6.825  17.0  36.838  0.0
    1    10.467  1.546  17.0   6.771  0.0
    >>> round(contrast_test(fit, np.eye(2)).joint.f, 2)
    705.84
    """
    return ContrastTest(row_tests(fit, L, df), joint_test(fit, L, df))


def row_tests(fit, L, df="kenward-roger"):
    """The t tests of `contrast_test` alone: estimate, se, df, t, p for every row of L."""
    return method(fit, df).rows(L)


def joint_test(fit, L, df="kenward-roger"):
    """The F test of `contrast_test` alone."""
    return method(fit, df).joint(L)


def kenward_roger(fit: Fit) -> KenwardRoger:
    r"""Kenward and Roger's adjusted covariance matrix of beta_hat, with degrees of freedom.

    ``Phi_A = Phi + 2 Phi [sum_rs W_rs X'V^-1 G_r P G_s V^-1 X] Phi``, where W is the inverse
    of the expected REML information, ``I_rs = tr(P G_r P G_s) / 2``.

    Parameters
    ----------
    fit : Fit by REML

    Returns
    -------
    object with Phi_A (DataFrame, in squared units of beta), df(L), rows(L) and joint(L).

    Raises
    ------
    ValueError
        For an ML fit.

    Notes
    -----
    With :math:`\Phi = (X'V^{-1}X)^{-1}`, :math:`G_r = \partial V / \partial \gamma_r` and
    :math:`P = V^{-1} - V^{-1} X \Phi X' V^{-1}`,

    .. math::

        \Phi_A &= \Phi + 2 \Phi \Big[ \sum_{r,s} W_{rs}\, X' V^{-1} G_r P G_s V^{-1} X \Big] \Phi,
        \qquad W = 2 \big[ \operatorname{tr}(P G_r P G_s) \big]^{-1}

        F &= \frac{\lambda}{\ell}\, (L\hat\beta)' (L \Phi_A L')^{-1} L\hat\beta,
        \qquad \lambda = \frac{\nu (1 - A_2 / \ell)}{\nu - 2},
        \qquad \nu = 4 + \frac{\ell + 2}{\ell\rho - 1}

    where :math:`\ell` is the rank of L, and :math:`A_2` and :math:`\rho` come from matching the
    first two moments of F.

    References
    ----------
    Kenward and Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_t_ha ~ fungicide + (1 | block/fungicide)", mm.load("barley"))
    >>> kenward_roger(fit).df([[1, 0]]).round(3)
    array([4.183])
    """
    return method(fit, "kenward-roger")


def satterthwaite(fit: Fit) -> Satterthwaite:
    r"""Satterthwaite's degrees of freedom, ``nu = 2 (l'Phi l)^2 / Var(l'Phi l)``.

    The variance is that of a linear approximation in (theta, log sigma), with the inverse of
    the observed information; this chart is smooth at a variance of zero, where one in the
    variances themselves has no valid quadratic approximation.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    object with Phi (DataFrame), df(L), rows(L) and joint(L).

    References
    ----------
    Satterthwaite (1946), Biometrics Bulletin 2, 110-114; Fai and Cornelius (1996), J. Stat.
    Comput. Simul. 54, 363-378; Kuznetsova, Brockhoff and Christensen (2017), J. Stat.
    Software 82(13).

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> satterthwaite(fit).df([[0, 1]]).round(3)
    array([17.])
    """
    return method(fit, "satterthwaite")


def method(fit, df):
    """The object behind one name of METHODS, made once for each fit."""
    df = check_df(fit, df)
    make = {
        "kenward-roger": KenwardRoger,
        "satterthwaite": Satterthwaite,
        "residual": Residual,
        "z": Normal,
    }[df]
    with one_thread(not fit.random or is_small(fit.products)):
        return fit.derived(f"tests, {df}", make)


def check_df(fit, df):
    """The method that serves; an unknown one, and Kenward-Roger after ML, are refused at once."""
    check_fit(fit, "a test")
    one_of("df", df, METHODS)
    if df != "z" and not fit.random:
        return "residual"
    if df == "kenward-roger" and not fit.reml:
        raise ValueError(
            "Kenward-Roger degrees of freedom correct the covariance matrix of a REML "
            "fit, but this fit is by ML; use fit.refit(reml=True), or "
            "df='satterthwaite'"
        )
    return df


# --- the methods --------------------------------------------------------------------------


class Normal:
    """Tests of L beta with infinite degrees of freedom; the other methods refine them.

    With C C' = Phi / s the whitened estimate z = C^-1 beta / sigma has unit variances, and
    the rows of L become the rows B of L C. All tests are made there.
    """

    def __init__(self, fit):
        self.fit = fit
        self.kept = np.flatnonzero(fit.beta.notna())
        self.beta = fit.beta.to_numpy()[self.kept]
        root = fit.triangle  # upper, C^-1
        if fit.random:
            root = fit.profiled.state(fit.theta).Rx.T @ root
        self.C = solve_triangular(root, np.eye(len(root)))
        self.z = root @ self.beta / fit.sigma

    @property
    def Phi(self):
        return self.fit.cov_beta

    def df(self, L):
        """Degrees of freedom of each row of L."""
        return self._row_df(self._whiten(L)[0])

    @one_thread()
    def rows(self, L):
        B, norm = self._whiten(L)
        estimate = _rows(L, self.fit)[:, self.kept] @ self.beta
        se = self.fit.sigma * norm * np.sqrt(self._inflation(B))
        df = self._row_df(B)
        with np.errstate(invalid="ignore", divide="ignore"):
            t = estimate / se
        return pd.DataFrame(
            {"estimate": estimate, "se": se, "df": df, "t": t, "p": t_p_value(t, df)}
        )

    @one_thread()
    def joint(self, L):
        O = self._directions(L)
        if not len(O):
            return JointTest(np.nan, 0, np.nan, np.nan, np.nan)
        f, den_df, scale = self._joint(O)
        return JointTest(f, len(O), den_df, f_p_value(f, len(O), den_df), scale)

    def _whiten(self, L):
        """Rows of L C as unit vectors, and their lengths."""
        B = _rows(L, self.fit)[:, self.kept] @ self.C
        norm = np.linalg.norm(B, axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return B / norm[:, None], norm

    def _directions(self, L):
        """Principal axes of L Phi L', seen in the whitened space: (rank, p), orthonormal rows."""
        B, norm = self._whiten(L)
        B, norm = B[norm > 0], norm[norm > 0]
        if not len(B):
            return B
        rank = int((np.linalg.svd(B, compute_uv=False) > 1e-7).sum())
        return np.linalg.svd(B * norm[:, None], full_matrices=False)[2][:rank]

    def _inflation(self, B):
        return np.ones(len(B))

    def _row_df(self, B):
        return np.where(np.isnan(B[:, 0]), np.nan, np.inf)

    def _joint(self, O):
        return float(np.mean((O @ self.z) ** 2)), np.inf, 1.0


class Residual(Normal):
    """Without random effects the degrees of freedom are those of the residual, exactly."""

    def _row_df(self, B):
        return np.where(np.isnan(B[:, 0]), np.nan, float(self.fit.df_resid))

    def _joint(self, O):
        return float(np.mean((O @ self.z) ** 2)), float(self.fit.df_resid), 1.0


class Satterthwaite(Normal):
    """nu = 2 / Var(log l'Phi l); for several rows the mean of the squared t of their axes."""

    def __init__(self, fit):
        super().__init__(fit)
        variation = variation_of(fit)
        self.slopes = variation.slopes
        self.A, self.jacobian = variation.covariance_of_theta()

    def _row_df(self, B):
        q = np.einsum("np,rpq,nq->nr", B, self.slopes, B, optimize=True)
        # h = d log(l'Phi l) / d(theta, log s)
        h = np.column_stack([q @ self.jacobian, np.ones(len(B))])
        return 2 / np.einsum("na,ab,nb->n", h, self.A, h)

    def _joint(self, O):
        nu = self._row_df(O)
        return float(np.mean((O @ self.z) ** 2)), float(_one_df(nu)), 1.0


class KenwardRoger(Normal):
    """Adjusted covariance matrix, scaled F, and degrees of freedom by matching two moments."""

    def __init__(self, fit):
        super().__init__(fit)
        variation = variation_of(fit)
        m = len(variation.slopes)
        information = np.empty((m + 1, m + 1))  # of gamma, and of the direction V
        information[:m, :m] = variation.trace_pairs
        information[m, :m] = information[:m, m] = variation.traces
        information[m, m] = fit.nobs - len(self.kept)
        self.W = 2 * inverse(information)
        self.slopes = np.concatenate([variation.slopes, np.eye(len(self.kept))[None]])
        self.inflation = np.eye(len(self.kept)) + 2 * variation.middle(self.W[:m, :m])

    @property
    def Phi_A(self):
        names = self.fit.cov_beta.index
        Phi_A = self.fit.sigma2 * self.C @ self.inflation @ self.C.T
        return pd.DataFrame(Phi_A, index=names, columns=names)

    Phi = Phi_A

    def _inflation(self, B):
        return np.einsum("np,pq,nq->n", B, self.inflation, B)

    def _row_df(self, B):
        # for one row the general formula below comes down to 2 / A with A = A1 = A2
        q = np.einsum("np,rpq,nq->nr", B, self.slopes, B, optimize=True)
        return 2 / np.einsum("nr,rs,ns->n", q, self.W, q)

    def _joint(self, O):
        rank = len(O)
        wald = O @ self.z
        f = wald @ np.linalg.solve(O @ self.inflation @ O.T, wald) / rank
        if rank == 1:
            return float(f), float(self._row_df(O)[0]), 1.0
        u = O @ self.slopes @ O.T
        traces = np.einsum("rii->r", u)
        A1 = traces @ self.W @ traces
        flat = u.reshape(len(u), -1)
        A2 = np.sum(self.W * (flat @ flat.T))
        den_df, scale = _moments(A1, A2, rank)
        return float(scale * f), float(den_df), float(scale)


def _moments(A1, A2, rank):
    """Kenward and Roger's degrees of freedom and scale, from the first two moments of F."""
    B = (A1 + 6 * A2) / (2 * rank)
    g = ((rank + 1) * A1 - (rank + 4) * A2) / ((rank + 2) * A2)
    den = 3 * rank + 2 * (1 - g)
    c1, c2, c3 = g / den, (rank - g) / den, (rank + 2 - g) / den
    V0, V1, V2 = 1 + c1 * B, 1 - c2 * B, 1 - c3 * B
    V0 = 0.0 if abs(V0) < 1e-10 else V0
    mean = 1 - A2 / rank
    ratio = 1.0 if abs(mean) < 1e-10 and abs(V1) < 1e-10 else mean / V1
    rho = ratio**2 * V0 / (rank * V2)
    df = 4 + (rank + 2) / (rank * rho - 1)
    scale = 1.0 if abs(df - 2) < 0.01 else df * mean / (df - 2)
    return df, scale


def _one_df(nu):
    """One nu for the mean of squared t with nu_i: the F that has the same expectation."""
    if np.ptp(nu) < 1e-8 * nu.max():
        return nu.mean()
    if np.any(nu <= 2):
        return 2.0
    S = np.sum(nu / (nu - 2))
    return 2 * S / (S - len(nu))


def _rows(L, fit):
    L = np.atleast_2d(np.asarray(L, dtype=float))
    if L.ndim != 2 or L.shape[1] != len(fit.beta):
        raise ValueError(
            f"L has {L.shape[-1]} weights in a row, but the model has "
            f"{len(fit.beta)} fixed effects; give one for each of them"
        )
    return L
