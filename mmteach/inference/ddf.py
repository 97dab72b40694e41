r"""Denominator degrees of freedom: Kenward-Roger and Satterthwaite from cross-products.

Scaled by the residual variance s, the model has V = s V0 with V0 = I + sum_r gamma_r G_r and
G_r = Z_t (I (x) E_r) Z_t', one r for each variance or covariance of a term. What both methods
need are traces and products of

    P = V0^-1 - V0^-1 X (X'V0^-1 X)^-1 X'V0^-1,     T = Z'V0^-1 X,     M = Z'P Z

    X'V0^-1 G_r V0^-1 X = T'(I (x) E_r) T,     tr(P G_r P G_s) = tr((I (x) E_r) M (I (x) E_s) M)

and M is block-diagonal for the largest term, but for a correction whose rank is the number
of all other columns. So nothing here has n rows, and nothing is as large as Z'Z.

The residual variance needs no matrix of its own: the directions {G_1, ..., G_m, V} span the
same space as {G_1, ..., G_m, I}, and for V everything is known, P V P = P and tr(P V) = n - p.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special
from scipy.linalg import cholesky, solve_triangular

from ..guards import check_fit, one_of

METHODS = ("kenward-roger", "satterthwaite", "z")
LEVELS_AT_ONCE = 4_000_000   # cells of Z1'[Z2 Q] laid out at one time
NO_INFORMATION = 1e-8        # eigenvalues below this: the data say nothing in that direction


class JointTest(NamedTuple):
    """An F test of several rows of L at once."""

    f: float        # scaled, if by Kenward and Roger
    num_df: int     # rank of L
    den_df: float
    p: float
    scale: float    # Kenward and Roger's lambda; 1 for the other methods


class ContrastTest(NamedTuple):
    """The rows of L one by one, and together."""

    rows: pd.DataFrame   # estimate, se, df, t, p
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


def kenward_roger(fit):
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


def satterthwaite(fit):
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
    check_fit(fit, "a test")
    one_of("df", df, METHODS)
    if df != "z" and not fit.terms:
        df = "residual"
    if df == "kenward-roger" and not fit.reml:
        raise ValueError("Kenward-Roger degrees of freedom correct the covariance matrix of a REML "
                         "fit, but this fit is by ML; use fit.refit(reml=True), or "
                         "df='satterthwaite'")
    made = vars(fit).setdefault("_ddf", {})
    if df not in made:
        made[df] = {"kenward-roger": KenwardRoger, "satterthwaite": Satterthwaite,
                    "residual": Residual, "z": Normal}[df](fit)
    return made[df]


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
        if fit.terms:
            root = fit.profiled.state(fit.theta).Rx.T @ fit.products.R   # upper triangle, C^-1
        else:
            root = fit.triangle
        self.C = solve_triangular(root, np.eye(len(root)))
        self.z = root @ self.beta / fit.sigma

    @property
    def Phi(self):
        return self.fit.cov_beta

    def df(self, L):
        """Degrees of freedom of each row of L."""
        return self._row_df(self._whiten(L)[0])

    def rows(self, L):
        B, norm = self._whiten(L)
        estimate = _rows(L, self.fit)[:, self.kept] @ self.beta
        se = self.fit.sigma * norm * np.sqrt(self._inflation(B))
        df = self._row_df(B)
        with np.errstate(invalid="ignore", divide="ignore"):
            t = estimate / se
        return pd.DataFrame({"estimate": estimate, "se": se, "df": df, "t": t,
                             "p": t_p_value(t, df)})

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
        information = np.empty((m + 1, m + 1))               # of gamma, and of the direction V
        information[:m, :m] = variation.trace_pairs
        information[m, :m] = information[:m, m] = variation.traces
        information[m, m] = fit.nobs - len(self.kept)
        self.W = 2 * _inverse(information)
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
    rho = ratio ** 2 * V0 / (rank * V2)
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


def t_p_value(t, df):
    """Both tails of Student's t, of the normal where df is infinite."""
    below, df = -np.abs(t), np.asarray(df, dtype=float)
    return 2 * np.where(np.isinf(df), special.ndtr(below), special.stdtr(df, below))


def t_quantile(probability, df):
    """Quantile of Student's t, of the normal where df is infinite."""
    df = np.asarray(df, dtype=float)
    return np.where(np.isinf(df), special.ndtri(probability), special.stdtrit(df, probability))


def f_p_value(f, num_df, den_df):
    """Upper tail of F; of chi-squared / num_df where den_df is infinite."""
    if np.isinf(den_df):
        return float(special.chdtrc(num_df, f * num_df))
    return float(special.fdtrc(num_df, den_df, f))


def _rows(L, fit):
    L = np.atleast_2d(np.asarray(L, dtype=float))
    if L.ndim != 2 or L.shape[1] != len(fit.beta):
        raise ValueError(f"L has {L.shape[-1]} weights in a row, but the model has "
                         f"{len(fit.beta)} fixed effects; give one for each of them")
    return L


# --- how V varies with its parameters -----------------------------------------------------


def variation_of(fit):
    """`Variation` of a fit, computed once."""
    made = vars(fit).setdefault("_ddf", {})
    if "variation" not in made:
        made["variation"] = Variation(fit)
    return made["variation"]


class Variation:
    """Traces and products of P G_r, from which both methods are built.

    Index 1 is the term with most levels, N = [Z2 Q] are all other columns. With
    V1 = I + Z1 G1 Z1', S = Z1'V1^-1 N, H = N'V1^-1 N and C the inverse of
    ``H + diag(G2^-1, 0)`` (in a form that needs no G2^-1) the matrix M = Z'P Z is

        M11 = Z1'V1^-1 Z1 - S C S',    M12 = S U,    M22 = (H U)[Z2],    U = (I - C H)[:, Z2]

    and Z'V0^-1 [Z Q] is the same with a C that leaves Q alone.

    Attributes
    ----------
    slopes : (m, p, p) array
        C'X'V0^-1 G_r V0^-1 X C with C C' = (X'V0^-1 X)^-1: relative growth of Phi with gamma_r.
    traces : (m,) array, tr(P G_r); for an ML fit V0^-1 stands for P
    trace_pairs : (m, m) array, tr(P G_r P G_s); likewise
    """

    def __init__(self, fit):
        cp, s = fit.products, fit.profiled.state(fit.theta)
        self.fit, self.cp, self.s = fit, cp, s
        # r runs over (term, E_r), E_r with ones at (i, j) and (j, i)
        self.E = [np.array([_pair(i, j, k) for j in range(k) for i in range(j, k)]) for k in cp.k]
        self.q1, self.q2 = cp.J[0] * cp.k[0], len(cp.B22)
        ends = np.cumsum([J * k for J, k in zip(cp.J[1:], cp.k[1:])], dtype=int)
        # columns of Z2 by term, and r by term
        self.rest = [slice(b - J * k, b) for b, J, k in zip(ends, cp.J[1:], cp.k[1:])]
        ends = np.cumsum([len(E) for E in self.E])
        self.which = [slice(b - len(E), b) for b, E in zip(ends, self.E)]
        self.m = int(ends[-1])
        K = np.swapaxes(s.F, 1, 2) @ s.F                                # lambda A11^-1 lambda'
        self.shrink = np.eye(cp.k[0]) - cp.B11 @ K                      # Z1'V1^-1 = shrink Z1'
        self.D = self.shrink @ cp.B11                                   # Z1'V1^-1 Z1
        Y1 = (s.F @ cp.ZtQe[0]).reshape(-1, cp.p + 1)
        H = np.block([[s.B22, s.E2], [s.E2.T, cp.QeQe - Y1.T @ Y1]])    # [Z2 Q e]'V1^-1 [Z2 Q e]
        self.H, self.He = H[:-1, :-1], H[:-1, -1]
        self.C, C_plain = self._border_inverse(len(self.H)), self._border_inverse(self.q2)
        self.U, self.M22 = self._U_and_M22(self.C)
        self.slopes = self._slopes(C_plain)
        self.traces, self.trace_pairs = self._traces(self.C if fit.reml else C_plain)

    def _border_inverse(self, size):
        """C, with zeros beyond the first `size` columns of N."""
        q2 = self.q2
        Lambda = np.eye(size)
        Lambda[:q2, :q2] = self.cp.Lambda2(self.s.lam, np.eye(q2))
        C = np.zeros_like(self.H)
        if size:
            A = Lambda.T @ self.H[:size, :size] @ Lambda
            A[np.arange(q2), np.arange(q2)] += 1
            half = solve_triangular(cholesky(A, lower=True), Lambda.T, lower=True)
            C[:size, :size] = half.T @ half
        return C

    def _U_and_M22(self, C):
        U = np.eye(len(C))[:, :self.q2] - C @ self.H[:, :self.q2]
        return U, (self.H @ U)[:self.q2]

    def _levels(self):
        """Some levels of the first term at a time, and their S: (levels, k, columns of N)."""
        J, k = self.cp.J[0], self.cp.k[0]
        step = max(1, LEVELS_AT_ONCE // (k * len(self.H)))
        for a in range(0, J, step):
            b = min(a + step, J)
            Z2 = self.cp.B21[:, a * k:b * k]
            Z2 = Z2 if isinstance(Z2, np.ndarray) else Z2.toarray()
            N = np.concatenate([Z2.T.reshape(b - a, k, -1), self.cp.ZtQe[0][a:b, :, :-1]], axis=2)
            yield slice(a, b), self.shrink[a:b] @ N

    def _slopes(self, C):
        """T = Z'V0^-1 Q whitened by Rx, kept by term as (J, k, p); returns T'(I (x) E_r) T."""
        cp, q2 = self.cp, self.q2
        left = np.eye(len(C))[:, q2:] - C @ self.H[:, q2:]
        left = solve_triangular(self.s.Rx, left.T, lower=True).T
        first = np.concatenate([_dot(S, left) for _, S in self._levels()])
        others = (self.H @ left)[:q2]
        self.T = [first, *(others[here].reshape(J, k, -1)
                           for here, J, k in zip(self.rest, cp.J[1:], cp.k[1:]))]
        return np.concatenate([[np.tensordot(T, E_r @ T, ((0, 1), (0, 1))) for E_r in E]
                               for E, T in zip(self.E, self.T)])

    def _traces(self, C):
        """tr(P G_r) and tr(P G_r P G_s), where C says what P projects on."""
        E1, D, here = self.E[0], self.D, self.which[0]
        traces, pairs = np.zeros(self.m), np.zeros((self.m, self.m))
        ED = E1[:, None] @ D
        pairs[here, here] = np.einsum("rlab,slba->rs", ED, ED, optimize=True)
        traces[here] = np.einsum("rlaa->r", ED)
        SES = np.zeros((len(E1), *self.H.shape))
        for levels, S in self._levels():
            O = _dot(S, C) @ np.swapaxes(S, 1, 2)           # S C S', its diagonal blocks
            EO = E1[:, None] @ O
            cross = np.einsum("rlab,slba->rs", ED[:, levels], EO, optimize=True)
            pairs[here, here] -= cross + cross.T
            traces[here] -= np.einsum("rlaa->r", EO)
            for r, E_r in enumerate(E1):
                SES[r] += np.tensordot(S, E_r @ S, ((0, 1), (0, 1)))
        CSES = C @ SES
        pairs[here, here] += np.einsum("rab,sba->rs", CSES, CSES, optimize=True)
        U, M22 = (self.U, self.M22) if C is self.C else self._U_and_M22(C)
        ME = []                                             # M22 (I (x) E_r) of the others
        for t, columns in enumerate(self.rest, start=1):
            for r, E_r in enumerate(self.E[t], start=self.which[t].start):
                UE, M22E = (_times(A[:, columns], E_r) for A in (U, M22))
                pairs[here, r] = pairs[r, here] = np.einsum("rab,ab->r", SES, UE @ U[:, columns].T)
                traces[r] = np.trace(M22E[columns])
                ME.append((r, columns, M22E))
        for r, columns_r, ME_r in ME:
            for s, columns_s, ME_s in ME:
                pairs[r, s] = np.vdot(ME_r[columns_s], ME_s[columns_r].T)
        return traces, pairs

    def _directions(self, T):
        """(I (x) E_r) T side by side for all r, from T by term: (q, m, columns of T)."""
        out = np.zeros((self.q1 + self.q2, self.m, T[0].shape[-1]))
        rows = [slice(0, self.q1), *(slice(self.q1 + h.start, self.q1 + h.stop) for h in self.rest)]
        for t, here in enumerate(rows):
            for r, E_r in enumerate(self.E[t], start=self.which[t].start):
                out[here, r] = (E_r @ T[t]).reshape(here.stop - here.start, -1)
        return out

    def _M(self, X):
        """M X for X of any number of columns, (q, ...)."""
        flat = X.reshape(len(X), -1)
        X1, X2 = flat[:self.q1].reshape(*self.D.shape[:2], -1), flat[self.q1:]
        SX = sum(np.tensordot(S, X1[levels], ((0, 1), (0, 1))) for levels, S in self._levels())
        right = self.U @ X2 - self.C @ SX
        first = [self.D[levels] @ X1[levels] + _dot(S, right) for levels, S in self._levels()]
        second = self.U.T @ SX + self.M22 @ X2
        return np.vstack([np.concatenate(first).reshape(self.q1, -1), second]).reshape(X.shape)

    def middle(self, W):
        """sum_rs W_rs X'V0^-1 G_r P G_s V0^-1 X, whitened: (p, p)."""
        X = self._directions(self.T)
        p = X.shape[-1]
        WX = np.einsum("qrc,rs->qsc", X, W)
        return WX.reshape(-1, p).T @ self._M(X).reshape(-1, p)

    def covariance_of_theta(self):
        r"""Inverse observed information of (theta, log s), and d gamma / d theta.

        ``d^2 d/d gamma_r d gamma_s = -tr(P G_r P G_s) + 2 y'P G_r P G_s P y / s``, carried to
        theta by the chain rule; directions without information get no variance.
        """
        cp, fit = self.cp, self.fit
        right = self.C @ self.He
        a1 = (self.shrink @ cp.ZtQe[0][:, :, -1:])
        a1 -= np.concatenate([_dot(S, right[:, None]) for _, S in self._levels()])
        a2 = (self.He - self.H @ right)[:self.q2]
        a = [a1, *(a2[here].reshape(J, k, 1) for here, J, k in zip(self.rest, cp.J[1:], cp.k[1:]))]
        X = self._directions(a)[:, :, 0]                               # (I (x) E_r) Z'P y
        yPGPy = X.T @ np.concatenate([part.ravel() for part in a]) / fit.sigma2
        slope = self.traces - yPGPy
        curvature = 2 * X.T @ self._M(X) / fit.sigma2 - self.trace_pairs
        jacobian, second = self._chart()
        n_theta = cp.n_theta
        Hessian = np.empty((n_theta + 1, n_theta + 1))
        Hessian[:-1, :-1] = jacobian.T @ curvature @ jacobian + np.tensordot(slope, second, 1)
        Hessian[-1, :-1] = Hessian[:-1, -1] = jacobian.T @ yPGPy
        Hessian[-1, -1] = self.s.m
        return 2 * _inverse(Hessian), jacobian

    def _chart(self):
        """First and second derivatives of gamma, the entries of lambda lambda', in theta."""
        n_theta = self.cp.n_theta
        first, second = np.zeros((self.m, n_theta)), np.zeros((self.m, n_theta, n_theta))
        for lam, here in zip(self.s.lam, self.which):                  # as many theta as entries
            k = len(lam)
            places = [(i, j) for j in range(k) for i in range(j, k)]
            for a, (i, j) in enumerate(places, start=here.start):
                step = np.zeros((k, k))
                step[i, j] = 1
                first[here, a] = [(step @ lam.T + lam @ step.T)[at] for at in places]
                for b, (u, v) in enumerate(places, start=here.start):
                    if v == j:
                        second[here, a, b] = [(at == (i, u)) + (at == (u, i)) for at in places]
        return first, second


def _pair(i, j, k):
    E = np.zeros((k, k))
    E[i, j] = E[j, i] = 1
    return E


def _dot(S, A):
    """S @ A, (J, k, columns), as one product instead of J small ones."""
    return (S.reshape(-1, S.shape[-1]) @ A).reshape(*S.shape[:2], -1)


def _times(A, E):
    """A (I (x) E)."""
    return (A.reshape(-1, len(E)) @ E).reshape(A.shape)


def _inverse(A):
    """Inverse of a symmetric matrix, free of units; directions without information get 0."""
    unit = np.sqrt(np.abs(np.diag(A)))
    unit = np.where(unit > 0, unit, 1.0)
    values, vectors = np.linalg.eigh(A / np.outer(unit, unit))
    informed = vectors[:, values > NO_INFORMATION] / unit[:, None]
    return informed / values[values > NO_INFORMATION] @ informed.T
