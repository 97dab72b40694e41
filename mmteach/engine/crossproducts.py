r"""The profiled criterion from cross-products: lme4's algorithm without any n x n matrix.

With G = sigma^2 Lambda Lambda' and Lambda = Lambda(theta) block-diagonal (one k x k lower
triangular lambda per term, repeated over its levels), the products Z'Z, Z'[X y] and
[X y]'[X y] are all the criterion ever needs (Bates et al. 2015, J. Stat. Software 67(1)):

    A  = Lambda' Z'Z Lambda + I = L L'                                    (q x q)
    Y  = L^-1 Lambda' Z'[X y]                                             (q x (p+1))
    CC' = [X y]'[X y] - Y'Y,   C = [R_X' 0; c' r]                         ((p+1) x (p+1))
    d(theta) = log|A| + m (1 + log(2 pi r^2 / m)) + REML log|R_X|^2,      m = n - REML p
    beta = R_X^-1 c,   sigma^2 = r^2 / m

The first (largest) term meets only itself level by level, so it is absorbed as J small
k x k problems; what is left is the same algorithm on a small dense matrix.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri, dtrtrs
from scipy.sparse import bsr_array, csr_array, vstack

from ..textbook.matrices import build_lambdas, triangle

MANY_ROWS = 100_000     # from here on R comes from X'X when X is well conditioned
DENSE_CELLS = 1_000_000  # Z2'Z1 is kept dense up to this many cells
RANK_TOLERANCE = 1e-7    # as in R's lm and lmer


# --- one pass over the rows ---------------------------------------------------------------


class Accumulator:
    """Sums of cross-products over row blocks; `finish` turns them into `CrossProducts`.

    Precision guard: y is replaced by its residuals from a first least-squares fit, and X by
    X R^-1 with R from its QR decomposition, so that no condition number is squared.
    """

    def __init__(self):
        self.n, self.log_w, self.start = 0, 0.0, None

    def add(self, y, X, terms, weights=None):
        """Add a block of rows; `terms` is a list of (codes, x, number of levels)."""
        if weights is not None:
            self.log_w += np.log(weights).sum()
            y, X, terms = _weighted(y, X, terms, weights)
        first = self.start is None
        if first:
            p = X.shape[1]
            self.R = np.zeros((0, p))
            self.Xte, self.ete = np.zeros(p), 0.0
            self.blocks = [np.zeros((0, x.shape[1], x.shape[1])) for _, x, _ in terms]
            self.ZtXe = [np.zeros((0, x.shape[1], p + 1)) for _, x, _ in terms]
            self.pairs = {(s, t): None for t in range(len(terms)) for s in range(t + 1, len(terms))}
        self.R = _triangle(X, self.R)
        if first:
            self.start = _least_squares(X, y, self.R)
        e = y - X @ self.start
        self.n += len(y)
        self.Xte += X.T @ e
        self.ete += e @ e
        Z = [_sparse_Z(codes, x, J) for codes, x, J in terms]
        for t, (codes, x, J) in enumerate(terms):
            k = x.shape[1]
            self.blocks[t] = _grow(self.blocks[t], J)
            for i in range(k):
                for j in range(i + 1):
                    self.blocks[t][:, i, j] += np.bincount(codes, x[:, i] * x[:, j], minlength=J)
                    self.blocks[t][:, j, i] = self.blocks[t][:, i, j]
            self.ZtXe[t] = _grow(self.ZtXe[t], J)
            self.ZtXe[t][:, :, :-1] += (Z[t].T @ X).reshape(J, k, -1)
            self.ZtXe[t][:, :, -1] += (Z[t].T @ e).reshape(J, k)
        for (s, t), before in self.pairs.items():
            now = csr_array(Z[s].T @ Z[t])
            if before is not None:
                before.resize(now.shape)
                now = now + before
            self.pairs[s, t] = now

    def finish(self):
        """Rotate X to X R^-1, drop dependent columns, and put the largest term first."""
        kept = independent_columns(self.R)
        R = self.R if len(kept) == self.R.shape[1] else np.linalg.qr(self.R[:, kept], mode="r")
        columns = np.append(kept, self.R.shape[1])

        def rotate(M):  # [X e] -> [Q e] on the last axis
            flat = M.reshape(-1, M.shape[-1])[:, columns]
            flat[:, :-1] = solve_upper(R, flat[:, :-1].T, transpose=True).T
            return flat.reshape(*M.shape[:-1], len(columns))

        p = len(kept)
        QeQe = np.eye(p + 1)
        QeQe[:p, p] = QeQe[p, :p] = solve_upper(R, self.Xte[kept], transpose=True)
        QeQe[p, p] = self.ete
        order = sorted(range(len(self.blocks)), key=lambda t: -len(self.blocks[t]))
        return CrossProducts(
            n=self.n, p=p, log_w=self.log_w, kept=kept, R=R, start=self.start[kept], order=order,
            J=[len(self.blocks[t]) for t in order], k=[self.blocks[t].shape[1] for t in order],
            QeQe=QeQe, blocks=[self.blocks[t] for t in order], ZtQe=[rotate(self.ZtXe[t]) for t in order],
            pairs={(s, t): self._pair(order[s], order[t]) for t in range(len(order))
                   for s in range(t + 1, len(order))},
        )

    def _pair(self, s, t):
        return self.pairs[s, t] if s > t else csr_array(self.pairs[t, s].T)


@dataclass
class CrossProducts:
    """What one pass over the data leaves behind; nothing here has n rows.

    X stands rotated, X = Q R with Q'Q = I, and y as e = y - X start.
    """

    n: int             # rows
    p: int             # independent columns of X
    log_w: float       # sum of the log prior weights
    kept: np.ndarray   # (p,) which columns of X are kept
    R: np.ndarray      # (p, p) upper triangle
    start: np.ndarray  # (p,) first least-squares estimate
    order: list        # the terms as given, by decreasing number of levels
    J: list            # levels of each term
    k: list            # effects per level of each term
    QeQe: np.ndarray   # (p+1, p+1)  [Q e]'[Q e]
    blocks: list       # (J, k, k)   Z_t'Z_t, block-diagonal
    ZtQe: list         # (J, k, p+1) Z_t'[Q e]
    pairs: dict        # (s, t) -> sparse Z_s'Z_t for s > t
    B11: np.ndarray = field(init=False)
    B21: object = field(init=False)
    B22: np.ndarray = field(init=False)
    E2: np.ndarray = field(init=False)

    def __post_init__(self):
        rest = range(1, len(self.J))
        sizes = [self.J[t] * self.k[t] for t in rest]
        at = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        q1, q2 = self.J[0] * self.k[0], int(at[-1])
        self.B11 = self.blocks[0]
        self.E2 = np.vstack([self.ZtQe[t].reshape(size, -1) for t, size in zip(rest, sizes)]
                            or [np.zeros((0, self.p + 1))])
        self.B22 = np.zeros((q2, q2))
        for t in rest:
            here = slice(at[t - 1], at[t])
            self.B22[here, here] = _block_diagonal(self.blocks[t]).toarray()
            for s in range(t + 1, len(self.J)):
                there = slice(at[s - 1], at[s])
                self.B22[there, here] = self.pairs[s, t].toarray()
                self.B22[here, there] = self.B22[there, here].T
        if q1 * q2 <= DENSE_CELLS:
            self.B21 = np.vstack([self.pairs[t, 0].toarray() for t in rest] or [np.zeros((0, q1))])
        else:
            self.B21 = csr_array(vstack([self.pairs[t, 0] for t in rest]))

    def sandwich(self, K):
        """Z2'Z1 blockdiag(K) Z1'Z2 for small blocks K (J, k, k)."""
        if isinstance(self.B21, np.ndarray):
            J, k, _ = K.shape
            left = (self.B21 * K.ravel() if k == 1 else
                    np.einsum("ajk,jkl->ajl", self.B21.reshape(-1, J, k), K).reshape(-1, J * k))
            return left @ self.B21.T
        return (self.B21 @ _block_diagonal(K) @ self.B21.T).toarray()

    def Lambda2(self, lam, M, transpose=False):
        """Lambda2 M or Lambda2'M, where Lambda2 holds the terms after the first."""
        out, at = np.empty_like(M), 0
        for J, k, block in zip(self.J[1:], self.k[1:], lam[1:]):
            here = slice(at, at + J * k)
            if k == 1:
                np.multiply(M[here], block[0, 0], out=out[here])
            else:
                out[here] = ((block.T if transpose else block) @ M[here].reshape(J, k, -1)).reshape(J * k, -1)
            at += J * k
        return out

    def residual_is_rounding(self):
        """Whether y - X beta_OLS is no more than the rounding of X beta_OLS."""
        Qe, ee = self.QeQe[:-1, -1], self.QeQe[-1, -1]
        fitted = self.R @ self.start + Qe
        return bool(ee - Qe @ Qe <= 1e-24 * (fitted @ fitted) + 1e-15 * ee)

    @property
    def n_theta(self):
        return sum(k * (k + 1) // 2 for k in self.k)

    def lambdas(self, theta):
        """The relative Cholesky factor of each term."""
        return build_lambdas(theta, self.k)

    def theta_from(self, lambdas):
        return np.concatenate([lam.T[triangle(len(lam))] for lam in lambdas])

    def diagonal_places(self):
        """For each theta: True where it is a diagonal element of its lambda."""
        return np.concatenate([np.equal(*triangle(k)) for k in self.k])

    def theta_units(self):
        """For each theta: the root mean square of the column of Z its row belongs to."""
        units = []
        for blocks in self.blocks:
            rms = np.sqrt(np.einsum("lii->i", blocks) / self.n)
            units.append(rms[triangle(len(rms))[1]])
        return np.concatenate(units)

    def start_theta(self):
        """Moment estimates, term by term, kept away from zero.

        With one term, ``E sum_l (z_l'e)^2 = sigma_b^2 sum_l (z_l'z_l)^2 + sigma^2 sum_l z_l'z_l``
        and ``E e'e / n = sigma^2 + sigma_b^2 mean(z^2)``; two equations for two variances.
        """
        total, variances = self.QeQe[-1, -1] / self.n, []
        for blocks, ZtQe in zip(self.blocks, self.ZtQe):
            zz = np.einsum("lii->li", blocks)
            N, D, S = zz.sum(axis=0), (zz ** 2).sum(axis=0), (ZtQe[..., -1] ** 2).sum(axis=0)
            variances.append(np.clip((S - total * N) / np.maximum(D - N ** 2 / self.n, 1e-8 * D), 0, total * self.n / N))
        explained = sum((v * np.einsum("lii->i", B)).sum() / self.n for v, B in zip(variances, self.blocks))
        sigma2 = max(total - explained, 0.1 * total)
        units = self.theta_units()
        theta = np.concatenate([np.diag(np.sqrt(v / sigma2)).T[triangle(len(v))] for v in variances])
        return np.clip(theta * units, 0.1, 10) / units * self.diagonal_places()

    def normal_matrix(self):
        """[Z Q]'[Z Q], dense: ((q + p), (q + p))."""
        q1, q2 = self.B11.shape[0] * self.B11.shape[1], len(self.B22)
        q = q1 + q2
        A = np.eye(q + self.p)
        A[:q1, :q1] = _block_diagonal(self.B11).toarray()
        A[q1:q, :q1] = self.B21 if isinstance(self.B21, np.ndarray) else self.B21.toarray()
        A[:q1, q1:q] = A[q1:q, :q1].T
        A[q1:q, q1:q] = self.B22
        A[:q, q:] = np.vstack([M.reshape(-1, self.p + 1) for M in self.ZtQe])[:, :-1]
        A[q:, :q] = A[:q, q:].T
        return A

    def with_response(self, y, X, terms, weights=None):
        """The same design with another response; only products with y are computed again."""
        if weights is not None:
            y, X, terms = _weighted(y, X, terms, weights)
        X = X[:, self.kept]
        start = _least_squares(X, y, self.R)
        e = y - X @ start
        QeQe, p = self.QeQe.copy(), self.p
        QeQe[:p, p] = QeQe[p, :p] = solve_upper(self.R, X.T @ e, transpose=True)
        QeQe[p, p] = e @ e
        ZtQe = [M.copy() for M in self.ZtQe]
        for M, (codes, x), J in zip(ZtQe, terms, self.J):
            for i in range(x.shape[1]):
                M[:, i, p] = np.bincount(codes, x[:, i] * e, minlength=J)
        return replace(self, start=start, QeQe=QeQe, ZtQe=ZtQe)


# --- the criterion and its gradient -------------------------------------------------------


@dataclass
class State:
    """Intermediate results at one theta; 1 is the first term, 2 all the others together."""

    value: float
    lam: list          # lambda of each term
    L1: np.ndarray     # (J, k, k)  A11 = L1 L1'
    F: np.ndarray      # (J, k, k)  L1^-1 lambda'
    B22: np.ndarray    # (q2, q2)   Z2'Z2 less what the first term explains
    E2: np.ndarray     # (q2, p+1)  Z2'[Q e] less the same
    L2: np.ndarray     # (q2, q2)   Cholesky factor of Lambda2'B22 Lambda2 + I
    Y2: np.ndarray     # (q2, p+1)  L2^-1 Lambda2'E2
    Rx: np.ndarray     # (p, p)     Rx Rx' = Q'V0^-1 Q, lower triangle
    beta: np.ndarray   # (p,)       for the columns of Q
    r2: float          # residual quadratic form
    m: int             # n - p for REML, n for ML


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
        self.products, self.reml = products, reml
        self.log_det_R = 2 * np.log(np.abs(np.diag(products.R))).sum()

    def __call__(self, theta):
        """-2 log-likelihood (restricted if reml), beta and sigma^2 at their best values."""
        return self.state(theta).value

    def state(self, theta):
        cp, p = self.products, self.products.p
        lam = cp.lambdas(theta)
        # 1. absorb the first term, level by level
        L1 = np.linalg.cholesky(lam[0].T @ cp.B11 @ lam[0] + np.eye(cp.k[0]))
        F = _solve_blocks(L1, np.broadcast_to(lam[0].T, L1.shape))
        Y1 = (F @ cp.ZtQe[0]).reshape(-1, p + 1)
        QeQe = cp.QeQe - Y1.T @ Y1
        log_det_A = 2 * np.log(np.diagonal(L1, axis1=1, axis2=2)).sum()
        # 2. the other terms together, one small dense matrix
        if len(lam) > 1:
            Ft = np.swapaxes(F, 1, 2)
            B22 = cp.B22 - cp.sandwich(Ft @ F)
            E2 = cp.E2 - cp.B21 @ (Ft @ Y1.reshape(*F.shape[:2], -1)).reshape(Y1.shape)
            A22 = cp.Lambda2(lam, cp.Lambda2(lam, B22, transpose=True).T, transpose=True)
            A22[np.diag_indices_from(A22)] += 1
            L2 = cholesky(A22)
            Y2 = solve_lower(L2, cp.Lambda2(lam, E2, transpose=True))
            QeQe -= Y2.T @ Y2
            log_det_A += 2 * np.log(np.diag(L2)).sum()
        else:
            B22, E2, L2, Y2 = cp.B22, cp.E2, cp.B22, cp.E2  # all empty
        # 3. the fixed effects, y riding along as the last column
        C = cholesky(QeQe)
        Rx, r2 = C[:p, :p], C[p, p] ** 2
        beta = solve_lower(Rx, C[p, :p], transpose=True)
        # 4. the criterion
        m = cp.n - p if self.reml else cp.n
        value = log_det_A + m * (1 + np.log(2 * np.pi * r2 / m)) - cp.log_w
        if self.reml:
            value += 2 * np.log(np.diag(Rx)).sum() + self.log_det_R
        return State(float(value), lam, L1, F, B22, E2, L2, Y2, Rx, beta, r2, m)

    def value_and_gradient(self, theta):
        r"""d(theta) and its exact gradient.

        With U = Lambda'Z'V0^-1[Q e], W = Z'V0^-1[Q e], u and w the same for the residual:
        ``2 tr(A^-1 Lambda'B dLambda) - (2m/r^2) w'dLambda u - REML 2 tr((Rx Rx')^-1 W'dLambda U)``.
        """
        cp, s = self.products, self.state(theta)
        A11_lam, U, W = self._U_and_W(s)
        several = len(cp.J) > 1
        if several:
            S_Lambda2 = cp.Lambda2(s.lam, _inverse(s.L2)).T            # S^-1 Lambda2', S = L2 L2'
            H = cp.Lambda2(s.lam, S_Lambda2)                           # Lambda2 S^-1 Lambda2'
            N = np.eye(cp.k[0]) - s.lam[0] @ A11_lam @ cp.B11
        gradient, at = [], 0
        for t, (J, k) in enumerate(zip(cp.J, cp.k)):
            Ut, Wt = (self._standardise(M[t], s) for M in (U, W))
            for j, i in zip(*triangle(k)):                      # dLambda = 1 at (i, j)
                if t == 0:
                    trace = np.einsum("la,la->", A11_lam[:, j], cp.B11[:, :, i])
                    if several:
                        trace -= np.vdot(H, cp.sandwich(N[:, :, i, None] * A11_lam[:, None, j]))
                else:
                    here = slice(at, at + J * k)
                    trace = np.vdot(S_Lambda2[here][j::k], s.B22[here][i::k])
                gradient.append(2 * (trace - np.vdot(Wt[:, i], Ut[:, j])))
            at += J * k if t else 0
        return s.value, np.array(gradient)

    def score(self, theta, place, step=1e-4):
        """Slope of d in the squared theta at `place`, seen from zero: above 0 means stay at zero.

        d depends on a diagonal theta through its square, so the slope in the variance is
        the gradient just off zero divided by 2 theta.
        """
        off = np.array(theta, float)
        off[place] = step
        return float(self.value_and_gradient(off)[1][place] / (2 * step))

    def solution(self, theta):
        """Estimates at theta: beta, Var(beta)/sigma^2, sigma^2 and b = Lambda u by term."""
        cp, s = self.products, self.state(theta)
        _, U, _ = self._U_and_W(s)
        b = [(lam @ (M[..., -1] - M[..., :-1] @ s.beta)[..., None])[..., 0] for lam, M in zip(s.lam, U)]
        root = solve_lower(s.Rx, solve_upper(cp.R, np.eye(cp.p)).T)
        return Solution(s.value, cp.start + solve_upper(cp.R, s.beta), root.T @ root, s.r2 / s.m, b)

    def conditional_variance(self, theta):
        """Var(b | y)/sigma^2 = lambda (A^-1) lambda' level by level; one (J, k, k) per term."""
        cp, s = self.products, self.state(theta)
        lam, k = s.lam[0], cp.k[0]
        F_t = np.swapaxes(s.F, 1, 2)
        first = F_t @ s.F                                              # lambda A11^-1 lambda'
        out = [first]
        if len(cp.J) > 1:
            S_inverse = _inverse(s.L2)
            H = cp.Lambda2(s.lam, cp.Lambda2(s.lam, S_inverse).T)
            B12 = cp.B21.T if isinstance(cp.B21, np.ndarray) else csr_array(cp.B21.T)
            step = max(1, DENSE_CELLS // max(1, len(H))) * k
            for a in range(0, B12.shape[0], step):
                rows = B12[a:a + step]
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

    def henderson_inverse(self, theta):
        r"""Inverse of Henderson's coefficient matrix, times sigma^2: Var of (b - u, beta_hat)/sigma^2.

        ``D (D'[Z X]'[Z X]D + diag(I, 0))^-1 D'`` with ``D = diag(Lambda, I)``, which also holds
        for singular Lambda.
        """
        cp = self.products
        lam, q = cp.lambdas(theta), sum(J * k for J, k in zip(cp.J, cp.k))
        D = np.zeros((q + cp.p, q + cp.p))
        at = 0
        for J, block in zip(cp.J, lam):
            size = J * len(block)
            D[at:at + size, at:at + size] = np.kron(np.eye(J), block)
            at += size
        D[q:, q:] = np.eye(cp.p)
        M = D.T @ cp.normal_matrix() @ D
        M[np.arange(q), np.arange(q)] += 1
        D[q:, q:] = solve_upper(cp.R, np.eye(cp.p))  # from the columns of Q back to X
        half = solve_lower(cholesky(M), D.T)
        return half.T @ half

    def _U_and_W(self, s):
        """A11^-1 lambda', and U and W as lists of (J, k, p+1), one per term."""
        cp = self.products
        A11_lam = _solve_blocks(s.L1, s.F, transpose=True)
        E1 = cp.ZtQe[0]
        U, W = [None], [None]
        if len(cp.J) > 1:
            U2 = solve_lower(s.L2, s.Y2, transpose=True)
            b2 = cp.Lambda2(s.lam, U2)
            W2 = s.E2 - s.B22 @ b2
            E1 = E1 - (cp.B21.T @ b2).reshape(E1.shape)
            at = 0
            for J, k in zip(cp.J[1:], cp.k[1:]):
                U.append(U2[at:at + J * k].reshape(J, k, -1))
                W.append(W2[at:at + J * k].reshape(J, k, -1))
                at += J * k
        U[0] = A11_lam @ E1
        W[0] = E1 - cp.B11 @ (s.lam[0] @ U[0])
        return A11_lam, U, W

    def _standardise(self, M, s):
        """Residual column times sqrt(m)/r; for REML the columns of Q whitened by Rx as well."""
        J, k, columns = M.shape
        flat = M.reshape(J * k, columns)
        residual = (flat[:, -1] - flat[:, :-1] @ s.beta) * np.sqrt(s.m / s.r2)
        if not self.reml:
            return residual.reshape(J, k, 1)
        whitened = solve_lower(s.Rx, flat[:, :-1].T).T
        return np.column_stack([whitened, residual]).reshape(J, k, columns)


@dataclass
class Solution:
    """Criterion and estimates at one theta."""

    value: float           # the criterion
    beta: np.ndarray       # (p,)
    cov_beta: np.ndarray   # (p, p), to be multiplied by sigma2
    sigma2: float
    b: list                # (J, k) random effects of each term


# --- small pieces -------------------------------------------------------------------------


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


def _weighted(y, X, terms, weights):
    """All rows times the root of their weight."""
    root = np.sqrt(weights)
    return y * root, X * root[:, None], [(codes, x * root[:, None], *J) for codes, x, *J in terms]


def _triangle(X, before):
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
        before = np.linalg.qr(np.vstack([before, X[a:a + MANY_ROWS]]), mode="r")
    return before


def _least_squares(X, y, R):
    """Least squares from R alone, refined once; dependent columns get 0."""
    kept = independent_columns(R)
    Rk = R if len(kept) == R.shape[1] else np.linalg.qr(R[:, kept], mode="r")
    b = np.zeros(X.shape[1])
    for _ in range(2):
        gradient = (X.T @ (y - X @ b))[kept]
        b[kept] += solve_upper(Rk, solve_upper(Rk, gradient, transpose=True))
    return b


def solve_lower(L, B, transpose=False):
    """L^-1 B, or L'^-1 B; the LAPACK routine itself, because small systems are solved often."""
    return dtrtrs(L, B, lower=1, trans=int(transpose))[0] if len(L) else np.asarray(B)


def solve_upper(R, B, transpose=False):
    """R^-1 B, or R'^-1 B, for an upper triangle R."""
    return dtrtrs(R, B, lower=0, trans=int(transpose))[0] if len(R) else np.asarray(B)


def _solve_blocks(L, B, transpose=False):
    """Forward (or backward) substitution in all k x k blocks at once."""
    k, X = L.shape[1], np.array(B)
    L = np.swapaxes(L, 1, 2) if transpose else L
    for i in reversed(range(k)) if transpose else range(k):
        for j in range(i + 1, k) if transpose else range(i):
            X[:, i] -= L[:, i, j, None] * X[:, j]
        X[:, i] /= L[:, i, i, None]
    return X


def _sparse_Z(codes, x, J):
    n, k = x.shape
    columns = (codes[:, None] * k + np.arange(k)).ravel()
    return csr_array((x.ravel(), columns, np.arange(0, n * k + 1, k)), shape=(n, J * k))


def _block_diagonal(K):
    J, k, _ = K.shape
    return bsr_array((K, np.arange(J), np.arange(J + 1)), shape=(J * k, J * k))


def _grow(blocks, J):
    """Room for levels that were first met in this chunk."""
    extra = J - len(blocks)
    return np.concatenate([blocks, np.zeros((extra, *blocks.shape[1:]))]) if extra else blocks


def _inverse(L):
    """(L L')^-1 from the Cholesky factor L."""
    lower = dpotri(L, lower=1)[0]  # its upper part keeps the zeros of L
    full = lower + lower.T
    full[np.diag_indices_from(full)] /= 2
    return full
