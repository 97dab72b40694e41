r"""Small pieces of linear algebra: triangles, blocks, and which columns count.

    A = L L',    A^-1 B = L'^-1 (L^-1 B);       X = Q R,    X'X = R'R

No inverse of a full matrix is formed where a triangle can be solved.
"""

import numpy as np
from numpy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri, dtrtrs
from scipy.sparse import bsr_array, csr_array

MANY_ROWS = 100_000  # from here on R comes from X'X when X is well conditioned
RANK_TOLERANCE = 1e-7  # as in R's lm and lmer


# --- triangles ----------------------------------------------------------------------------


def solve_lower(L, B, transpose=False):
    """L^-1 B, or L'^-1 B; the LAPACK routine itself, because small systems are solved often."""
    return dtrtrs(L, B, lower=1, trans=int(transpose))[0] if len(L) else np.asarray(B)


def solve_upper(R, B, transpose=False):
    """R^-1 B, or R'^-1 B, for an upper triangle R."""
    return dtrtrs(R, B, lower=0, trans=int(transpose))[0] if len(R) else np.asarray(B)


def inverse(L):
    """(L L')^-1 from the Cholesky factor L."""
    lower = dpotri(L, lower=1)[0]  # its upper part keeps the zeros of L
    full = lower + lower.T
    full[np.diag_indices_from(full)] /= 2
    return full


# --- blocks: one k x k matrix per level --------------------------------------------------


def solve_blocks(L, B, transpose=False):
    """Forward (or backward) substitution in all k x k blocks at once."""
    k, X = L.shape[1], np.array(B)
    L = np.swapaxes(L, 1, 2) if transpose else L
    for i in reversed(range(k)) if transpose else range(k):
        for j in range(i + 1, k) if transpose else range(i):
            X[:, i] -= L[:, i, j, None] * X[:, j]
        X[:, i] /= L[:, i, i, None]
    return X


def dense_blocks(K):
    """Small blocks K (J, k, k) along the diagonal of a dense matrix."""
    J, k, _ = K.shape
    out, levels = np.zeros((J, k, J, k)), np.arange(J)
    out[levels, :, levels, :] = K
    return out.reshape(J * k, J * k)


def block_diagonal(K):
    J, k, _ = K.shape
    return bsr_array((K, np.arange(J), np.arange(J + 1)), shape=(J * k, J * k))


def sparse_Z(codes, x, J):
    n, k = x.shape
    columns = (codes[:, None] * k + np.arange(k)).ravel()
    return csr_array((x.ravel(), columns, np.arange(0, n * k + 1, k)), shape=(n, J * k))


# --- least squares -----------------------------------------------------------------------


def r_factor(X, before):
    """R of the QR decomposition of the rows seen so far."""
    if len(X) >= MANY_ROWS:
        gram = X.T @ X + before.T @ before
        scale = np.sqrt(np.diag(gram))
        if scale.min() > 0:
            try:
                R = cholesky(gram / np.outer(scale, scale)).T
                if np.diag(R).min() > 1e-3:  # X'X squares the condition number: only if it is small
                    return R * scale
            except LinAlgError:
                pass
    for a in range(0, len(X), MANY_ROWS):
        before = np.linalg.qr(np.vstack([before, X[a : a + MANY_ROWS]]), mode="r")
    return before


def independent_columns(R, tolerance=RANK_TOLERANCE):
    """Positions of the columns that are not combinations of columns to their left."""
    norms = np.linalg.norm(R, axis=0)
    if len(R) == R.shape[1] and np.all(np.abs(np.diag(R)) > tolerance * norms):
        return np.arange(R.shape[1])
    basis, kept = np.zeros((len(R), 0)), []
    for j, norm in enumerate(norms):
        rest = R[:, j]
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) > tolerance * norm:
            kept.append(j)
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return np.array(kept, dtype=int)


def least_squares(X, y, R):
    """Least squares from R alone, refined once; dependent columns get 0."""
    kept = independent_columns(R)
    Rk = R if len(kept) == R.shape[1] else np.linalg.qr(R[:, kept], mode="r")
    b = np.zeros(X.shape[1])
    for _ in range(2):
        gradient = (X.T @ (y - X @ b))[kept]
        b[kept] += solve_upper(Rk, solve_upper(Rk, gradient, transpose=True))
    return b


def weighted(y, X, terms, weights):
    """All rows times the root of their weight."""
    root = np.sqrt(weights)
    return y * root, X * root[:, None], [(codes, x * root[:, None], *J) for codes, x, *J in terms]
