r"""The criterion of a small model from one Cholesky factor: equations (1) to (4) in a single step.

    M = D'[Z X y]'[Z X y] D + diag(I_q, 0, 0) = C C',     D = diag(Lambda, I_p, 1)

The diagonal of C holds everything, in this order: that of L (so log|A|), that of R_X, and r.
With z = (-u, -beta, 1), for which z'M z = r^2 is as small as it can be,

    d' = 2 tr(H D'[Z X y]'[Z X y] dD),    H = M^-1 + ((m - 1) / r^2) z z'     (REML)

where M^-1 less z z' / r^2 is the inverse of the block of Z and X; ML takes A^-1 in its place.
It costs O((q + p)^3) where `ProfiledCriterion` takes the largest term level by level, but with few
columns it is up to four times faster, and a search asks for nothing else.
"""

import numpy as np
from numpy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrf, dpotri, dtrtrs

from ..textbook.matrices import triangle

FEW_COLUMNS = 70  # of [Z X] up to which it is faster; with several terms, twice as many


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
        self.cp, self.reml = cp, criterion.reml
        self.q, self.m = len(cp.B22) + cp.J[0] * cp.k[0], cp.n - cp.p if criterion.reml else cp.n
        self.constant = (
            self.m * (1 + np.log(2 * np.pi / self.m))
            - cp.log_w
            + criterion.reml * criterion.log_det_R
        )
        self.N = np.empty((self.q + cp.p + 1,) * 2)
        self.N[:-1, :-1] = cp.normal_matrix()
        self.N[:, -1] = np.concatenate([*(M[..., -1].ravel() for M in cp.ZtQe), cp.QeQe[:, -1]])
        self.N[-1] = self.N[:, -1]
        ends = np.cumsum([J * k for J, k in zip(cp.J, cp.k)])
        self.places = [slice(end - J * k, end) for end, J, k in zip(ends, cp.J, cp.k)]

    def __call__(self, theta):
        lam, q = self.cp.lambdas(theta), self.q
        ND = self._times_D(self.N, lam)
        M = self._times_D(ND.T, lam)
        M.flat[: q * (len(M) + 1) : len(M) + 1] += 1
        C, failed = dpotrf(M.T, lower=1, overwrite_a=1)
        if failed:
            raise LinAlgError("M is not positive definite")
        diagonal = np.log(C.diagonal())
        r2 = C[-1, -1] ** 2
        value = (
            2 * diagonal[: -1 if self.reml else q].sum() + self.m * 2 * diagonal[-1] + self.constant
        )
        z = np.zeros(len(M))
        z[-1] = C[-1, -1]
        z = dtrtrs(C, z, lower=1, trans=1)[0]
        H = np.multiply.outer(z, ((self.m - self.reml) / r2) * z)
        block = slice(None) if self.reml else slice(q)
        half = np.tril(dpotri(C[block, block], lower=1)[0])
        half.flat[:: len(half) + 1] /= 2
        H[block, block] += half
        H[block, block] += half.T
        gradient = []
        for k, here in zip(self.cp.k, self.places):
            H_t, ND_t = H[here], ND[here]
            gradient += [
                2 * np.vdot(H_t[j::k], ND_t[i::k]) for j, i in zip(*triangle(k))
            ]  # dD = 1 at (i, j)
        return float(value), np.array(gradient)

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
    columns = products.p + sum(J * k for J, k in zip(products.J, products.k))
    return columns <= FEW_COLUMNS * min(2, len(products.J))
