r"""The exact gradient of the criterion, from what one evaluation leaves behind.

    U = Lambda'Z'V0^-1 [Q e],   W = Z'V0^-1 [Q e],   u and w the same for the residual
    d' = 2 tr(A^-1 Lambda'B dLambda) - (2m / r^2) w'dLambda u - REML 2 tr((R_X R_X')^-1 W_X'dLambda U_X)

One theta stands at one place (i, j) of the lambdas of a term, so dLambda holds ones there, level by
level, and every trace is a sum of products of rows. It costs about three evaluations of d.
"""

import numpy as np

from ..textbook.matrices import triangle
from .linalg import inverse, solve_blocks, solve_lower


def gradient(criterion, s):
    """The slopes of d in theta at the `State` s."""
    cp = criterion.products
    A11_lam, U, W = _U_and_W(cp, s)
    several = len(cp.J) > 1
    if several:
        S_Lambda2 = cp.Lambda2(s.lam, inverse(s.L2)).T  # S^-1 Lambda2', S = L2 L2'
        H = cp.Lambda2(s.lam, S_Lambda2)  # Lambda2 S^-1 Lambda2'
        N = np.eye(cp.k[0]) - s.lam[0] @ A11_lam @ cp.B11
    slopes, at = [], 0
    for t, (J, k) in enumerate(zip(cp.J, cp.k)):
        Ut, Wt = (_standardised(M[t], s, criterion.reml) for M in (U, W))
        for j, i in zip(*triangle(k)):  # dLambda = 1 at (i, j)
            if t == 0:
                trace = np.vdot(A11_lam[:, j], cp.B11[:, :, i])
                if several:
                    trace -= np.vdot(H, cp.sandwich(N[:, :, i, None] * A11_lam[:, None, j]))
            else:
                here = slice(at, at + J * k)
                trace = np.vdot(S_Lambda2[here][j::k], s.B22[here][i::k])
            slopes.append(2 * (trace - np.vdot(Wt[:, i], Ut[:, j])))
        at += J * k if t else 0
    return np.array(slopes)


def _U_and_W(cp, s):
    """A11^-1 lambda', and U and W as lists of (J, k, p+1), one per term."""
    A11_lam = solve_blocks(s.L1, s.F, transpose=True)
    E1 = cp.ZtQe[0]
    U, W = [None], [None]
    if len(cp.J) > 1:
        U2 = solve_lower(s.L2, s.Y2, transpose=True)
        b2 = cp.Lambda2(s.lam, U2)
        W2 = s.E2 - s.B22 @ b2
        E1 = E1 - (cp.B21.T @ b2).reshape(E1.shape)
        at = 0
        for J, k in zip(cp.J[1:], cp.k[1:]):
            U.append(U2[at : at + J * k].reshape(J, k, -1))
            W.append(W2[at : at + J * k].reshape(J, k, -1))
            at += J * k
    U[0] = A11_lam @ E1
    W[0] = E1 - cp.B11 @ (s.lam[0] @ U[0])
    return A11_lam, U, W


def _standardised(M, s, reml):
    """Residual column times sqrt(m)/r; for REML the columns of Q whitened by Rx as well."""
    J, k, columns = M.shape
    flat = M.reshape(J * k, columns)
    residual = (flat[:, -1] - flat[:, :-1] @ s.beta) * np.sqrt(s.m / s.r2)
    if not reml:
        return residual.reshape(J, k, 1)
    whitened = solve_lower(s.Rx, flat[:, :-1].T).T
    return np.column_stack([whitened, residual]).reshape(J, k, columns)
