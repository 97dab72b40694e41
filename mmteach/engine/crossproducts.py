r"""Cross-products: one pass over the rows, and nothing with n rows afterwards.

    B = Z'Z,   Z'[X y],   [X y]'[X y]        sums over the rows, so pieces of a table add up

They stand for X = Q R with Q'Q = I and for e = y - X start, the residuals of a first
least-squares fit, so that no condition number is squared: Z'[Q e] and [Q e]'[Q e] are kept.
Terms are ordered by their number of levels; within a term Z'Z is block-diagonal, J blocks
of k x k, and only the products of two different terms are larger.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import csr_array, identity, kron, vstack

from ..textbook.matrices import build_lambdas, triangle
from .linalg import (
    block_diagonal,
    dense_blocks,
    independent_columns,
    least_squares,
    r_factor,
    solve_upper,
    sparse_Z,
    weighted,
)
from .threads import is_light, one_thread

DENSE_CELLS = 1_000_000  # Z2'Z1 is kept dense up to this many cells


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
            y, X, terms = weighted(y, X, terms, weights)
        first = self.start is None
        if first:
            p = X.shape[1]
            self.R = np.zeros((0, p))
            self.Xte, self.ete = np.zeros(p), 0.0
            self.blocks = [np.zeros((0, x.shape[1], x.shape[1])) for _, x, _ in terms]
            self.ZtXe = [np.zeros((0, x.shape[1], p + 1)) for _, x, _ in terms]
            self.pairs = {(s, t): None for t in range(len(terms)) for s in range(t + 1, len(terms))}
        self.R = r_factor(X, self.R)
        if first:
            self.start = least_squares(X, y, self.R)
        e = y - X @ self.start
        self.n += len(y)
        self.Xte += X.T @ e
        self.ete += e @ e
        Z = [sparse_Z(codes, x, J) for codes, x, J in terms]
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

    def add_design(self, design):
        """Add the rows of a `Design`."""
        self.add(
            design.y,
            design.X,
            [(t.codes, t.x, len(t.levels)) for t in design.terms],
            design.weights,
        )

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
            n=self.n,
            p=p,
            log_w=self.log_w,
            kept=kept,
            R=R,
            start=self.start[kept],
            order=order,
            J=[len(self.blocks[t]) for t in order],
            k=[self.blocks[t].shape[1] for t in order],
            QeQe=QeQe,
            blocks=[self.blocks[t] for t in order],
            ZtQe=[rotate(self.ZtXe[t]) for t in order],
            pairs={
                (s, t): self._pair(order[s], order[t])
                for t in range(len(order))
                for s in range(t + 1, len(order))
            },
        )

    def _pair(self, s, t):
        return self.pairs[s, t] if s > t else csr_array(self.pairs[t, s].T)


@dataclass
class CrossProducts:
    """What one pass over the data leaves behind; nothing here has n rows.

    X stands rotated, X = Q R with Q'Q = I, and y as e = y - X start.
    """

    n: int  # rows
    p: int  # independent columns of X
    log_w: float  # sum of the log prior weights
    kept: np.ndarray  # (p,) which columns of X are kept
    R: np.ndarray  # (p, p) upper triangle
    start: np.ndarray  # (p,) first least-squares estimate
    order: list  # the terms as given, by decreasing number of levels
    J: list  # levels of each term
    k: list  # effects per level of each term
    QeQe: np.ndarray  # (p+1, p+1)  [Q e]'[Q e]
    blocks: list  # (J, k, k)   Z_t'Z_t, block-diagonal
    ZtQe: list  # (J, k, p+1) Z_t'[Q e]
    pairs: dict  # (s, t) -> sparse Z_s'Z_t for s > t
    B11: np.ndarray = field(init=False)
    B21: object = field(init=False)
    B22: np.ndarray = field(init=False)
    E2: np.ndarray = field(init=False)

    @classmethod
    def from_design(cls, design):
        """The products of all rows of a `Design`, as `mmteach.design` returns it."""
        accumulator = Accumulator()
        with one_thread(is_light(design.X)):
            accumulator.add_design(design)
            return accumulator.finish()

    def __post_init__(self):
        rest = range(1, len(self.J))
        sizes = [self.J[t] * self.k[t] for t in rest]
        at = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        q1, q2 = self.J[0] * self.k[0], int(at[-1])
        self.B11 = self.blocks[0]
        self.E2 = np.vstack(
            [self.ZtQe[t].reshape(size, -1) for t, size in zip(rest, sizes)]
            or [np.zeros((0, self.p + 1))]
        )
        self.B22 = np.zeros((q2, q2))
        for t in rest:
            here = slice(at[t - 1], at[t])
            self.B22[here, here] = dense_blocks(self.blocks[t])
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
            left = (
                self.B21 * K.ravel()
                if k == 1
                else np.einsum("ajk,jkl->ajl", self.B21.reshape(-1, J, k), K).reshape(-1, J * k)
            )
            return left @ self.B21.T
        return (self.B21 @ block_diagonal(K) @ self.B21.T).toarray()

    def Lambda2(self, lam, M, transpose=False):
        """Lambda2 M or Lambda2'M, where Lambda2 holds the terms after the first."""
        out, at = np.empty_like(M), 0
        for J, k, block in zip(self.J[1:], self.k[1:], lam[1:]):
            here = slice(at, at + J * k)
            if k == 1:
                np.multiply(M[here], block[0, 0], out=out[here])
            else:
                out[here] = ((block.T if transpose else block) @ M[here].reshape(J, k, -1)).reshape(
                    J * k, -1
                )
            at += J * k
        return out

    def is_finite(self):
        """Whether no sum has overflowed."""
        return all(np.isfinite(M).all() for M in (self.QeQe, self.R, *self.blocks, *self.ZtQe))

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
        if not isinstance(theta, np.ndarray) or theta.shape != (self.n_theta,):
            return build_lambdas(
                theta, self.k
            )  # it checks theta, which costs more than filling it in
        lambdas, at = [np.zeros((k, k)) for k in self.k], 0
        for lam in lambdas:
            lam.T[triangle(len(lam))] = theta[at : (at := at + len(lam) * (len(lam) + 1) // 2)]
        return lambdas

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
            N, D, S = zz.sum(axis=0), (zz**2).sum(axis=0), (ZtQe[..., -1] ** 2).sum(axis=0)
            variances.append(
                np.clip(
                    (S - total * N) / np.maximum(D - N**2 / self.n, 1e-8 * D), 0, total * self.n / N
                )
            )
        explained = sum(
            (v * np.einsum("lii->i", B)).sum() / self.n for v, B in zip(variances, self.blocks)
        )
        sigma2 = max(total - explained, 0.1 * total)
        units = self.theta_units()
        theta = np.concatenate(
            [np.diag(np.sqrt(v / sigma2)).T[triangle(len(v))] for v in variances]
        )
        return np.clip(theta * units, 0.1, 10) / units * self.diagonal_places()

    def normal_matrix(self):
        """[Z Q]'[Z Q], dense: ((q + p), (q + p))."""
        q1, q2 = self.B11.shape[0] * self.B11.shape[1], len(self.B22)
        q = q1 + q2
        A = np.eye(q + self.p)
        A[:q1, :q1] = dense_blocks(self.B11)
        A[q1:q, :q1] = self.B21 if isinstance(self.B21, np.ndarray) else self.B21.toarray()
        A[:q1, q1:q] = A[q1:q, :q1].T
        A[q1:q, q1:q] = self.B22
        A[:q, q:] = np.vstack([M.reshape(-1, self.p + 1) for M in self.ZtQe])[:, :-1]
        A[q:, :q] = A[:q, q:].T
        return A

    def with_response(self, y, X, terms, weights=None):
        """The same design with another response; only products with y are computed again."""
        if weights is not None:
            y, X, terms = weighted(y, X, terms, weights)
        X = X[:, self.kept]
        start = least_squares(X, y, self.R)
        e = y - X @ start
        QeQe, p = self.QeQe.copy(), self.p
        QeQe[:p, p] = QeQe[p, :p] = solve_upper(self.R, X.T @ e, transpose=True)
        QeQe[p, p] = e @ e
        ZtQe = [M.copy() for M in self.ZtQe]
        for M, (codes, x), J in zip(ZtQe, terms, self.J):
            for i in range(x.shape[1]):
                M[:, i, p] = np.bincount(codes, x[:, i] * e, minlength=J)
        return replace(self, start=start, QeQe=QeQe, ZtQe=ZtQe)


def with_effects(products, T):
    """Products of the model whose left-hand side columns are x T, term by term.

    T[t] is (k, k'); k' = 0 leaves the term out. Z'Z, Z'X and Z'y follow without the rows.
    """
    keep = [t for t, M in enumerate(T) if M.shape[1]]
    wide = [csr_array(kron(identity(J), M)) for J, M in zip(products.J, T)]
    return replace(
        products,
        order=[products.order[t] for t in keep],
        J=[products.J[t] for t in keep],
        k=[T[t].shape[1] for t in keep],
        blocks=[T[t].T @ products.blocks[t] @ T[t] for t in keep],
        ZtQe=[T[t].T @ products.ZtQe[t] for t in keep],
        pairs={
            (a, b): csr_array(wide[s].T @ products.pairs[s, t] @ wide[t])
            for b, t in enumerate(keep)
            for a, s in enumerate(keep)
            if a > b
        },
    )


def _grow(blocks, J):
    """Room for levels that were first met in this chunk."""
    extra = J - len(blocks)
    return np.concatenate([blocks, np.zeros((extra, *blocks.shape[1:]))]) if extra else blocks
