r"""How far the predicted b and beta_hat may be off: inverses of Henderson's equations.

    C = D (D'[Z X]'[Z X] D + diag(I, 0))^-1 D',   D = diag(Lambda, I)
    Var(b - u, beta_hat) = sigma^2 C,             Var(u | y) = sigma^2 Lambda A^-1 Lambda'

Both forms hold for singular Lambda. Everything is given divided by sigma^2.
"""

import numpy as np
from numpy.linalg import cholesky
from scipy.sparse import csr_array

from . import crossproducts
from .linalg import inverse, solve_lower, solve_upper


def conditional_variance(criterion, theta):
    """Var(b | y)/sigma^2 = lambda (A^-1) lambda' level by level; one (J, k, k) per term."""
    cp, s = criterion.products, criterion.state(theta)
    lam, k = s.lam[0], cp.k[0]
    F_t = np.swapaxes(s.F, 1, 2)
    first = F_t @ s.F  # lambda A11^-1 lambda'
    out = [first]
    if len(cp.J) > 1:
        S_inverse = inverse(s.L2)
        H = cp.Lambda2(s.lam, cp.Lambda2(s.lam, S_inverse).T)
        B12 = cp.B21.T if isinstance(cp.B21, np.ndarray) else csr_array(cp.B21.T)
        step = max(1, crossproducts.DENSE_CELLS // max(1, len(H))) * k
        for a in range(0, B12.shape[0], step):
            rows = B12[a : a + step]
            rows = rows if isinstance(rows, np.ndarray) else rows.toarray()
            D = (rows @ H).reshape(-1, k, len(H)) @ np.swapaxes(rows.reshape(-1, k, len(H)), 1, 2)
            levels = slice(a // k, a // k + len(D))
            out[0][levels] = first[levels] + first[levels] @ D @ first[levels]
        at = 0
        for J, k, lam in zip(cp.J[1:], cp.k[1:], s.lam[1:]):
            here = slice(at, at + J * k)
            blocks = np.einsum("ljli->lji", S_inverse[here, here].reshape(J, k, J, k))
            out.append(lam @ blocks @ lam.T)
            at += J * k
    return out


def henderson_inverse(criterion, theta):
    r"""Inverse of Henderson's coefficient matrix, times sigma^2: Var of (b - u, beta_hat)/sigma^2.

    ``D (D'[Z X]'[Z X]D + diag(I, 0))^-1 D'`` with ``D = diag(Lambda, I)``, which also holds
    for singular Lambda.
    """
    cp = criterion.products
    lam, q = cp.lambdas(theta), sum(J * k for J, k in zip(cp.J, cp.k))
    D = np.zeros((q + cp.p, q + cp.p))
    at = 0
    for J, block in zip(cp.J, lam):
        size = J * len(block)
        D[at : at + size, at : at + size] = np.kron(np.eye(J), block)
        at += size
    D[q:, q:] = np.eye(cp.p)
    M = D.T @ cp.normal_matrix() @ D
    M[np.arange(q), np.arange(q)] += 1
    D[q:, q:] = solve_upper(cp.R, np.eye(cp.p))  # from the columns of Q back to X
    half = solve_lower(cholesky(M), D.T)
    return half.T @ half


def row_variance(X, met, C):
    """Variances w'Cw for rows w = [z, x], of which a row meets only one level of each term.

    `met` holds (codes, x, (J, k)) for each term; W is never laid out.
    """
    q = len(C) - X.shape[1]
    columns, start = [], 0
    for codes, x, (J, k) in met:
        columns += [(start + codes * k + j, x[:, j]) for j in range(k)]
        start += J * k
    variance = ((X @ C[q:, q:]) * X).sum(axis=1)
    for a, x in columns:
        at = np.maximum(a, 0)  # -1, an unseen level, has x = 0
        variance += 2 * x * (C[at, q:] * X).sum(axis=1)
        for b, z in columns:
            variance += x * z * C[at, np.maximum(b, 0)]
    return variance
