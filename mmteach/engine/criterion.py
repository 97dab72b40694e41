r"""The profiled criterion: lme4's algorithm on cross-products, without any n x n matrix.

With G = sigma^2 Lambda Lambda' and Lambda = Lambda(theta) block-diagonal (one k x k lower
triangular lambda per term, repeated over its levels), the products Z'Z, Z'[X y] and
[X y]'[X y] are all the criterion ever needs (Bates et al. 2015, J. Stat. Software 67(1)):

    (1)  A = Lambda' Z'Z Lambda + I = L L'                                (q x q)
    (2)  Y = L^-1 Lambda' Z'[X y]                                         (q x (p+1))
    (3)  C C' = [X y]'[X y] - Y'Y,   C = [R_X 0; c' r] lower triangular   ((p+1) x (p+1))
    (4)  d(theta) = log|A| + m (1 + log(2 pi r^2 / m)) + REML log|R_X|^2,   m = n - REML p
    (5)  beta = R_X'^-1 c,   sigma^2 = r^2 / m
    (6)  u = L'^-1 (Y_y - Y_X beta),   b = Lambda u

y rides along as one more column of X. The first (largest) term meets only itself level by
level, so it is absorbed as J small k x k problems (index 1); what is left (index 2) is the
same algorithm on a small dense matrix. X and y stand as Q and e, see `crossproducts`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import cholesky

from ..guards import finite, number, truth, whole
from ..words import shown
from .gradient import gradient
from .linalg import solve_blocks, solve_lower, solve_upper


@dataclass
class State:
    """Intermediate results at one theta; 1 is the first term, 2 all the others together."""

    value: float
    lam: list  # lambda of each term
    L1: np.ndarray  # (J, k, k)  A11 = L1 L1'
    F: np.ndarray  # (J, k, k)  L1^-1 lambda'
    B22: np.ndarray  # (q2, q2)   Z2'Z2 less what the first term explains
    E2: np.ndarray  # (q2, p+1)  Z2'[Q e] less the same
    L2: np.ndarray  # (q2, q2)   Cholesky factor of Lambda2'B22 Lambda2 + I
    Y2: np.ndarray  # (q2, p+1)  L2^-1 Lambda2'E2
    Rx: np.ndarray  # (p, p)     Rx Rx' = Q'V0^-1 Q, lower triangle
    beta: np.ndarray  # (p,)       for the columns of Q
    r2: float  # residual quadratic form
    m: int  # n - p for REML, n for ML


@dataclass
class Solution:
    """Criterion and estimates at one theta."""

    value: float  # the criterion
    beta: np.ndarray  # (p,)
    cov_beta: np.ndarray  # (p, p), to be multiplied by sigma2
    sigma2: float
    b: list  # (J, k) random effects of each term


class ProfiledCriterion:
    """d(theta), its exact gradient and the solution at theta, from cross-products.

    Parameters
    ----------
    products : CrossProducts
    reml : bool

    References
    ----------
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1), section 3.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    >>> d = ProfiledCriterion(fit.products)
    >>> round(d([1.0]), 4), round(d(fit.theta), 4)
    (91.1457, 91.0922)
    """

    def __init__(self, products, reml=True):
        if not hasattr(products, "QeQe"):
            raise ValueError(
                f"products is {shown(products)}; give the products of a fit, fit.products, or "
                "CrossProducts.from_design(design)"
            )
        self.products, self.reml = products, truth("reml", reml, "REML", "ML")
        self.log_det_R = 2 * np.log(np.abs(np.diag(products.R))).sum()

    def __call__(self, theta):
        """-2 log-likelihood (restricted if reml), beta and sigma^2 at their best values."""
        return self.state(theta).value

    def state(self, theta):
        """Equations (1) to (5), first for term 1, then for all others together."""
        cp, p = self.products, self.products.p
        lam = cp.lambdas(theta)
        # (1), (2) for the first term, level by level
        L1 = cholesky(lam[0].T @ cp.B11 @ lam[0] + np.eye(cp.k[0]))
        F = solve_blocks(L1, np.broadcast_to(lam[0].T, L1.shape))
        Y1 = (F @ cp.ZtQe[0]).reshape(-1, p + 1)
        CC = cp.QeQe - Y1.T @ Y1
        log_det_A = 2 * np.log(np.diagonal(L1, axis1=1, axis2=2)).sum()
        # (1), (2) for the other terms, less what the first explains: one small dense matrix
        if len(lam) > 1:
            Ft = np.swapaxes(F, 1, 2)
            B22 = cp.B22 - cp.sandwich(Ft @ F)
            E2 = cp.E2 - cp.B21 @ (Ft @ Y1.reshape(*F.shape[:2], -1)).reshape(Y1.shape)
            A22 = cp.Lambda2(lam, cp.Lambda2(lam, B22, transpose=True).T, transpose=True)
            A22[np.diag_indices_from(A22)] += 1
            L2 = cholesky(A22)
            Y2 = solve_lower(L2, cp.Lambda2(lam, E2, transpose=True))
            CC -= Y2.T @ Y2
            log_det_A += 2 * np.log(np.diag(L2)).sum()
        else:
            B22, E2, L2, Y2 = cp.B22, cp.E2, cp.B22, cp.E2  # all empty
        # (3) the fixed effects, y riding along as the last column
        C = cholesky(CC)
        Rx, r2 = C[:p, :p], C[p, p] ** 2
        # (4) the criterion
        m = cp.n - p if self.reml else cp.n
        value = log_det_A + m * (1 + np.log(2 * np.pi * r2 / m)) - cp.log_w
        if self.reml:
            value += 2 * np.log(np.diag(Rx)).sum() + self.log_det_R
        # (5) the best beta
        beta = solve_lower(Rx, C[p, :p], transpose=True)
        return State(float(value), lam, L1, F, B22, E2, L2, Y2, Rx, beta, r2, m)

    def solution(self, theta):
        """Equations (5) and (6) in the user's columns: beta, Var(beta)/sigma^2, sigma^2, and b by term."""
        cp, s = self.products, self.state(theta)
        residual = np.append(-s.beta, 1.0)  # [Q e] residual = e - Q beta
        e1, others = cp.ZtQe[0] @ residual, []
        # (6) back to front: the other terms, then the first, level by level
        if len(s.lam) > 1:
            u2 = solve_lower(s.L2, s.Y2 @ residual, transpose=True)
            b2 = cp.Lambda2(s.lam, u2[:, None])
            e1 = e1 - (cp.B21.T @ b2).reshape(e1.shape)
            ends = np.cumsum([J * k for J, k in zip(cp.J[1:], cp.k[1:])])
            others = [
                b2[end - J * k : end].reshape(J, k) for end, J, k in zip(ends, cp.J[1:], cp.k[1:])
            ]
        u1 = solve_blocks(s.L1, s.F @ e1[..., None], transpose=True)
        root = solve_lower(s.Rx, solve_upper(cp.R, np.eye(cp.p)).T)
        return Solution(
            s.value,
            cp.start + solve_upper(cp.R, s.beta),
            root.T @ root,
            s.r2 / s.m,
            [(s.lam[0] @ u1)[..., 0], *others],
        )

    def value_and_gradient(self, theta):
        """d(theta) and its exact gradient, see `gradient`."""
        s = self.state(theta)
        return s.value, gradient(self, s)

    def score(self, theta, place, step=1e-4):
        """Slope of d in the squared theta at `place`, seen from zero: above 0 means stay at zero.

        d depends on a diagonal theta through its square, so the slope in the variance is
        the gradient just off zero divided by 2 theta.
        """
        off = finite(theta, "theta", ndim=1)
        self.products.lambdas(off)
        place, step = whole("place", place, least=0, most=len(off) - 1), number("step", step)
        if not 0 < step <= 1:
            raise ValueError(f"step is {step:g}; it must be a small number above zero")
        off[place] = step
        return float(self.value_and_gradient(off)[1][place] / (2 * step))


class GivenSigma(ProfiledCriterion):
    """-2 log-likelihood as a function of theta at a sigma that is not profiled out.

    ``log|A| + m log(2 pi sigma^2) + r^2 / sigma^2``; the gradient of the profiled criterion
    serves again, because it needs r^2 / m only as the value of sigma^2.
    """

    def __init__(self, products, reml, sigma):
        super().__init__(products, reml)
        self.sigma2 = sigma**2

    def state(self, theta):
        s = super().state(theta)
        ratio = s.r2 / (s.m * self.sigma2)
        self.slope = 2 * s.m * (1 - ratio)  # in log sigma
        return replace(s, value=s.value + s.m * (ratio - 1 - np.log(ratio)), r2=s.m * self.sigma2)
