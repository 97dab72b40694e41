r"""The criterion of a small model from one Cholesky factor, in which X no longer occurs.

With Q'Q = I the columns of X can go first, and what is left of Z and y is all that REML needs:

    N = [Z y]'(I - QQ')[Z y],     M = D'N D + diag(I_q, 0) = C C',     D = diag(Lambda, 1)

The diagonal of C holds log|A| + log|R_X|^2 (its first q places) and r (the last): equation (4). With
z = (-u, 1), for which z'M z = r^2 is as small as it can be,

    d' = 2 tr(H D'N dD),    H = M^-1 + ((m - 1) / r^2) z z',    M^-1 less z z' / r^2 is that of Z

ML has log|A| in place of both: A^-1 with Z'Z instead of that part of H. It costs O(q^3) whatever p
is, where `ProfiledCriterion` takes the largest term level by level, so with few levels it is several
times faster, and a search asks for nothing else.
"""

import numpy as np
from numpy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf

from ..textbook.matrices import triangle
from .linalg import inverse, solve_lower

FEW_COLUMNS = 70  # of Z up to which it is faster; with several terms, twice as many


class OneFactor:
    """d(theta) and its gradient, as a function of theta.

    >>> import mmteach as mm
    >>> d = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools")).profiled
    >>> value, gradient = OneFactor(d)(np.array([1.0]))
    >>> bool(abs(value - d([1.0])) < 1e-9), bool(abs(gradient - d.value_and_gradient([1.0])[1]) < 1e-9)
    (True, True)
    """

    def __init__(self, criterion):
        cp = criterion.products
        self.cp, self.reml, self.m = cp, criterion.reml, cp.n - cp.p * criterion.reml
        self.constant = (
            self.m * (1 + np.log(2 * np.pi / self.m))
            - cp.log_w
            + criterion.reml * criterion.log_det_R
        )
        ends = np.cumsum([J * k for J, k in zip(cp.J, cp.k)])
        self.places = [slice(end - J * k, end) for end, J, k in zip(ends, cp.J, cp.k)]
        ZeQe = np.vstack([*(M.reshape(-1, cp.p + 1) for M in cp.ZtQe), cp.QeQe[-1:]])  # [Z e]'[Q e]
        q, Q = len(ZeQe) - 1, ZeQe[:, :-1]
        N = np.empty((q + 1, q + 1))
        self.B = N[:q, :q] = cp.normal_matrix()[:q, :q]
        N[:, q] = N[q] = ZeQe[:, -1]
        self.N = N - Q @ Q.T

    def __call__(self, theta):
        lam = self.cp.lambdas(theta)
        ND, C = self._factor(self.N, lam)
        r2, q = C[-1, -1] ** 2, len(C) - 1
        z = np.zeros(q + 1)
        z[-1] = C[-1, -1]
        z = solve_lower(C, z, transpose=True)
        zz = np.multiply.outer(z, z / r2)
        if self.reml:
            log_det, parts = np.log(C.diagonal()[:-1]), [(inverse(C) + (self.m - 1) * zz, ND)]
        else:
            BL, L = self._factor(self.B, lam)
            log_det, parts = np.log(L.diagonal()), [(inverse(L), BL), (self.m * zz, ND)]
        value = 2 * log_det.sum() + self.m * np.log(r2) + self.constant
        gradient = [
            sum(2 * np.vdot(H[here][j::k], ND[here][i::k]) for H, ND in parts)
            for k, here in zip(self.cp.k, self.places)
            for j, i in zip(*triangle(k))
        ]  # dD = 1 at (i, j)
        return float(value), np.array(gradient)

    def _factor(self, N, lam):
        """N D, and the lower Cholesky factor of D'N D + diag(I_q, 0)."""
        ND = self._times_D(N, lam)
        M = self._times_D(ND.T, lam)
        ones = np.arange(len(self.B))
        M[ones, ones] += 1
        C, failed = dpotrf(M.T, lower=1, overwrite_a=1)
        if failed:
            raise LinAlgError("theta is so large that rounding wins")
        return ND, C

    def _times_D(self, M, lam):
        """M D: the columns of each term times its lambda, level by level."""
        out = M.copy()
        for k, here, block in zip(self.cp.k, self.places, lam):
            if k == 1:
                out[:, here] *= block[0, 0]
            else:
                out[:, here] = (M[:, here].reshape(len(M), -1, k) @ block).reshape(len(M), -1)
        return out


def suits(products):
    """Whether a model is small enough for it."""
    return sum(J * k for J, k in zip(products.J, products.k)) <= FEW_COLUMNS * min(
        2, len(products.J)
    )
