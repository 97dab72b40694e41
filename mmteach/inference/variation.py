r"""How V varies with its parameters: traces and products of P G_r from cross-products.

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

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from ..engine.linalg import solve_upper

LEVELS_AT_ONCE = 4_000_000  # cells of Z1'[Z2 Q] laid out at one time
NO_INFORMATION = 1e-8  # eigenvalues below this: the data say nothing in that direction


def variation_of(fit):
    """`Variation` of a fit, computed once."""
    return fit.derived("variation", Variation)


class Absorbed:
    """A fit with its first term absorbed, level by level; index 1 is that term.

    Legend (all over sigma^2, V1 = I + Z1 G1 Z1' holds the first term alone)
    ------
    Q  : X R^-1, the columns of X made orthonormal
    N  : [Z2 Q], all columns that are not of the first term
    K  : (J, k, k) blocks of (Z1'Z1 + G1^-1)^-1 = lambda A11^-1 lambda'
    D  : (J, k, k) blocks of Z1'V1^-1 Z1
    S  : (J, k, columns of N), Z1'V1^-1 N = (I - Z1'Z1 K) Z1'N
    H  : N'V1^-1 N, small and dense
    C  : (H + diag(G2^-1, 0))^-1, in a form that needs no G2^-1: Var of (b2 - u2, R beta_hat)
    """

    def __init__(self, fit):
        cp, s = fit.products, fit.profiled.state(fit.theta)
        self.fit, self.cp, self.s = fit, cp, s
        self.q1, self.q2 = cp.J[0] * cp.k[0], len(cp.B22)
        ends = np.cumsum([J * k for J, k in zip(cp.J[1:], cp.k[1:])], dtype=int)
        # columns of Z2 by term
        self.rest = [slice(b - J * k, b) for b, J, k in zip(ends, cp.J[1:], cp.k[1:])]
        self.K = np.swapaxes(s.F, 1, 2) @ s.F
        self.shrink = np.eye(cp.k[0]) - cp.B11 @ self.K  # Z1'V1^-1 = shrink Z1'
        self.D = self.shrink @ cp.B11
        Y1 = (s.F @ cp.ZtQe[0]).reshape(-1, cp.p + 1)
        H = np.block([[s.B22, s.E2], [s.E2.T, cp.QeQe - Y1.T @ Y1]])  # [Z2 Q e]'V1^-1 [Z2 Q e]
        self.H, self.He = H[:-1, :-1], H[:-1, -1]
        self.C = self.border_inverse(len(self.H))

    def border_inverse(self, size):
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

    def Z1tN(self):
        """Some levels of the first term at a time, and their Z1'N: (levels, k, columns of N)."""
        J, k = self.cp.J[0], self.cp.k[0]
        step = max(1, LEVELS_AT_ONCE // max(1, k * len(self.H)))
        for a in range(0, J, step):
            b = min(a + step, J)
            Z2 = self.cp.B21[:, a * k : b * k]
            Z2 = Z2 if isinstance(Z2, np.ndarray) else Z2.toarray()
            yield (
                slice(a, b),
                np.concatenate([Z2.T.reshape(b - a, k, -1), self.cp.ZtQe[0][a:b, :, :-1]], axis=2),
            )

    def mean_variance(self, X):
        r"""Var of x'beta_hat + z'(b - u) over sigma^2 for every row of the fit, (n,).

        With z1 the row's part of the first term, n = [z2 q] all of the rest and G = K Z1'N of its
        level it is ``z1'(K + G C G')z1 - 2 z1'G C n + n'C n``, and n has few entries besides q.
        """
        first, *others = self.fit.terms
        C, q2 = self.C, self.q2
        Q = solve_upper(self.cp.R, X.T, transpose=True).T
        entries = [
            (here.start + term.codes * term.x.shape[1] + j, x)  # column of Z2, and value
            for term, here in zip(others, self.rest)
            for j, x in enumerate(term.x.T)
        ]
        variance = ((Q @ C[q2:, q2:]) * Q).sum(axis=1)
        for a, x in entries:
            variance += 2 * x * np.einsum("nj,nj->n", C[a, q2:], Q)
            for b, z in entries:
                variance += x * z * C[a, b]
        rows = np.argsort(first.codes, kind="stable")
        for levels, N in self.Z1tN():
            here = rows[slice(*np.searchsorted(first.codes[rows], [levels.start, levels.stop]))]
            at, z1 = first.codes[here] - levels.start, first.x[here]
            G = self.K[levels] @ N
            GC = _dot(G, C)
            own = self.K[levels] + GC @ np.swapaxes(G, 1, 2)
            variance[here] += np.einsum("ni,nij,nj->n", z1, own[at], z1)
            for i, z in enumerate(z1.T):
                variance[here] -= 2 * z * np.einsum("nj,nj->n", GC[at, i, q2:], Q[here])
                for a, x in entries:
                    variance[here] -= 2 * z * x[here] * GC[at, i, a[here]]
        return variance


class Variation(Absorbed):
    """Traces and products of P G_r, from which both methods are built.

    Legend, beyond that of `Absorbed`
    ------
    E  : by term (number of its r, k, k): E_r has ones at (i, j) and (j, i)
    U  : (I - C H)[:, Z2]
    M  : Z'P Z: M11 = D - S C S',    M12 = S U,    M22 = (H U)[Z2]
    T  : by term (J, k, p), Z'V0^-1 Q whitened by Rx; as M, with a C that leaves Q alone

    Attributes
    ----------
    slopes : (m, p, p) array
        C'X'V0^-1 G_r V0^-1 X C with C C' = (X'V0^-1 X)^-1: relative growth of Phi with gamma_r.
    traces : (m,) array, tr(P G_r); for an ML fit V0^-1 stands for P
    trace_pairs : (m, m) array, tr(P G_r P G_s); likewise
    """

    def __init__(self, fit):
        super().__init__(fit)
        # r runs over (term, E_r)
        self.E = [
            np.array([_pair(i, j, k) for j in range(k) for i in range(j, k)]) for k in self.cp.k
        ]
        ends = np.cumsum([len(E) for E in self.E])
        self.which = [slice(b - len(E), b) for b, E in zip(ends, self.E)]  # r by term
        self.m = int(ends[-1])
        C_plain = self.border_inverse(self.q2)
        self.U, self.M22 = self._U_and_M22(self.C)
        self.slopes = self._slopes(C_plain)
        self.traces, self.trace_pairs = self._traces(self.C if fit.reml else C_plain)

    def _U_and_M22(self, C):
        U = np.eye(len(C))[:, : self.q2] - C @ self.H[:, : self.q2]
        return U, (self.H @ U)[: self.q2]

    def _levels(self):
        """Some levels of the first term at a time, and their S: (levels, k, columns of N)."""
        for levels, N in self.Z1tN():
            yield levels, self.shrink[levels] @ N

    def _slopes(self, C):
        """T = Z'V0^-1 Q whitened by Rx, kept by term as (J, k, p); returns T'(I (x) E_r) T."""
        cp, q2 = self.cp, self.q2
        left = np.eye(len(C))[:, q2:] - C @ self.H[:, q2:]
        left = solve_triangular(self.s.Rx, left.T, lower=True).T
        first = np.concatenate([_dot(S, left) for _, S in self._levels()])
        others = (self.H @ left)[:q2]
        self.T = [
            first,
            *(others[here].reshape(J, k, -1) for here, J, k in zip(self.rest, cp.J[1:], cp.k[1:])),
        ]
        return np.concatenate(
            [
                [np.tensordot(T, E_r @ T, ((0, 1), (0, 1))) for E_r in E]
                for E, T in zip(self.E, self.T)
            ]
        )

    def _traces(self, C):
        """tr(P G_r) and tr(P G_r P G_s), where C says what P projects on."""
        E1, D, here = self.E[0], self.D, self.which[0]
        traces, pairs = np.zeros(self.m), np.zeros((self.m, self.m))
        ED = E1[:, None] @ D
        pairs[here, here] = np.einsum("rlab,slba->rs", ED, ED, optimize=True)
        traces[here] = np.einsum("rlaa->r", ED)
        SES = np.zeros((len(E1), *self.H.shape))
        for levels, S in self._levels():
            O = _dot(S, C) @ np.swapaxes(S, 1, 2)  # S C S', its diagonal blocks
            EO = E1[:, None] @ O
            cross = np.einsum("rlab,slba->rs", ED[:, levels], EO, optimize=True)
            pairs[here, here] -= cross + cross.T
            traces[here] -= np.einsum("rlaa->r", EO)
            for r, E_r in enumerate(E1):
                SES[r] += np.tensordot(S, E_r @ S, ((0, 1), (0, 1)))
        CSES = C @ SES
        pairs[here, here] += np.einsum("rab,sba->rs", CSES, CSES, optimize=True)
        U, M22 = (self.U, self.M22) if C is self.C else self._U_and_M22(C)
        ME = []  # M22 (I (x) E_r) of the others
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
        X1, X2 = flat[: self.q1].reshape(*self.D.shape[:2], -1), flat[self.q1 :]
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
        a1 = self.shrink @ cp.ZtQe[0][:, :, -1:]
        a1 -= np.concatenate([_dot(S, right[:, None]) for _, S in self._levels()])
        a2 = (self.He - self.H @ right)[: self.q2]
        a = [a1, *(a2[here].reshape(J, k, 1) for here, J, k in zip(self.rest, cp.J[1:], cp.k[1:]))]
        X = self._directions(a)[:, :, 0]  # (I (x) E_r) Z'P y
        yPGPy = X.T @ np.concatenate([part.ravel() for part in a]) / fit.sigma2
        slope = self.traces - yPGPy
        curvature = 2 * X.T @ self._M(X) / fit.sigma2 - self.trace_pairs
        jacobian, second = self._chart()
        n_theta = cp.n_theta
        Hessian = np.empty((n_theta + 1, n_theta + 1))
        Hessian[:-1, :-1] = jacobian.T @ curvature @ jacobian + np.tensordot(slope, second, 1)
        Hessian[-1, :-1] = Hessian[:-1, -1] = jacobian.T @ yPGPy
        Hessian[-1, -1] = self.s.m
        return 2 * inverse(Hessian), jacobian

    def _chart(self):
        """First and second derivatives of gamma, the entries of lambda lambda', in theta."""
        n_theta = self.cp.n_theta
        first, second = np.zeros((self.m, n_theta)), np.zeros((self.m, n_theta, n_theta))
        for lam, here in zip(self.s.lam, self.which):  # as many theta as entries
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
    J, k, columns = S.shape
    return (S.reshape(J * k, columns) @ A).reshape(J, k, A.shape[1])


def _times(A, E):
    """A (I (x) E)."""
    return (A.reshape(-1, len(E)) @ E).reshape(A.shape)


def inverse(A):
    """Inverse of a symmetric matrix, free of units; directions without information get 0."""
    unit = np.sqrt(np.abs(np.diag(A)))
    unit = np.where(unit > 0, unit, 1.0)
    values, vectors = np.linalg.eigh(A / np.outer(unit, unit))
    informed = vectors[:, values > NO_INFORMATION] / unit[:, None]
    return informed / values[values > NO_INFORMATION] @ informed.T
