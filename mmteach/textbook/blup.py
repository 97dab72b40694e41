r"""BLUPs two ways: Henderson's mixed-model equations, and shrinkage level by level.

    [ X'R^-1 X    X'R^-1 Z        ] [ beta ]   [ X'R^-1 y ]
    [ Z'R^-1 X    Z'R^-1 Z + G^-1 ] [  u   ] = [ Z'R^-1 y ]

Their solution is the GLS estimate of beta together with the best linear unbiased predictor
of u, and the inverse of the left side holds all their variances.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve


@dataclass(frozen=True)
class MixedModelEquations:
    """Henderson's equations of one fit, labelled and ready to look at."""

    left: pd.DataFrame    # (p + q, p + q) coefficient matrix, in units of 1 / y^2
    right: pd.Series      # (p + q,)
    solution: pd.Series   # (p + q,) beta, then u
    inverse: pd.DataFrame  # (p + q, p + q) Var of (beta_hat, u_hat - u)

    def __repr__(self):
        q = sum(label[0] != "fixed" for label in self.left.index)
        return f"<Henderson's equations: {len(self.left) - q} fixed and {q} random effects>"


def henderson(fit):
    r"""Henderson's mixed-model equations at the estimated variances.

    ``[X'R^-1 X, X'R^-1 Z; Z'R^-1 X, Z'R^-1 Z + G^-1] [beta; u] = [X'R^-1 y; Z'R^-1 y]``

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    MixedModelEquations
        left, right, solution and inverse, labelled by (group, level, term).

    Raises
    ------
    ValueError
        When G is singular (a boundary estimate), because G^-1 does not exist there.

    References
    ----------
    Henderson (1975), Biometrics 31, 423-447.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    >>> henderson(fit).solution.round(2)
    group   level  term
    fixed          Intercept    54.46
    school  S1     Intercept    -0.85
            S2     Intercept    -8.26
            S3     Intercept     9.11
    dtype: float64
    """
    X, Z, G = fit.X, fit.Z, fit.G.to_numpy()
    zero = [term.group for term, Sigma in zip(fit.terms, fit.covariances)
            if np.linalg.eigvalsh(Sigma)[0] <= 1e-10 * max(fit.sigma2, np.trace(Sigma))]
    if zero:
        raise ValueError(f"G is singular: the estimate for {', '.join(zero)} lies on the boundary, so G^-1 in "
                         "Henderson's equations does not exist; leave the term out, or use fit.ranef(), "
                         "which works without G^-1")
    fixed = pd.MultiIndex.from_tuples([("fixed", "", name) for name in X.columns], names=Z.columns.names)
    labels = fixed.append(Z.columns)
    W = np.hstack([X, Z])
    WR = W.T / np.diag(fit.R)
    left, right, p = WR @ W, WR @ fit.y.to_numpy(), len(fixed)
    left[p:, p:] += cho_solve(cho_factor(G), np.eye(len(G)))
    factor = cho_factor(left)
    return MixedModelEquations(
        pd.DataFrame(left, index=labels, columns=labels),
        pd.Series(right, index=labels),
        pd.Series(cho_solve(factor, right), index=labels),
        pd.DataFrame(cho_solve(factor, np.eye(len(left))), index=labels, columns=labels),
    )


def shrinkage(fit):
    r"""No pooling, partial pooling and complete pooling, level by level.

    With Zj the columns of one level and rj its share of ``y - X beta``: no pooling is least
    squares within the level, ``dj = (Zj'Zj)^-1 Zj'rj``; complete pooling is 0; partial
    pooling is the BLUP. For a single term BLUP = Wj dj, where Wj = ``lambda (lambda'Zj'Zj
    lambda + I)^-1 lambda'Zj'Zj``: for r observations per level and a random intercept the
    familiar ``r sigma_u^2 / (r sigma_u^2 + sigma^2)``.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame with columns group, level, term, n (rows of the level), no_pooling, partial,
    complete and weight (the diagonal of Wj). Where X has a column of the same name as the
    term, its coefficient is added, so that all three are on the scale of that coefficient;
    no_pooling is NaN where the rows of a level do not determine it.

    References
    ----------
    Laird and Ware (1982), Biometrics 38, 963-974.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    >>> shrinkage(fit).weight.round(4).unique()
    array([0.6712])
    """
    residual = (fit.y - fit.predict(groups="population")).to_numpy()
    root = np.sqrt(fit.design.row_weights)
    residual = root * residual
    tables = []
    for term, b, lam in zip(fit.terms, fit.b, fit.products.lambdas(fit.theta)):
        J, k = b.shape
        x = term.x * root[:, None]
        B = np.zeros((J, k, k))
        np.add.at(B, term.codes, x[:, :, None] * x[:, None, :])
        Ztr = np.zeros((J, k))
        np.add.at(Ztr, term.codes, x * residual[:, None])
        W = lam @ np.linalg.solve(lam.T @ B @ lam + np.eye(k), lam.T @ B)
        determined = np.linalg.matrix_rank(B) == k
        d = np.full((J, k), np.nan)
        d[determined] = np.linalg.solve(B[determined], Ztr[determined][..., None])[..., 0]
        complete = np.array([fit.beta.get(name, 0.0) for name in term.names])
        tables.append(pd.DataFrame({
            "group": term.group, "level": np.repeat(np.asarray(term.levels, dtype=object), k),
            "term": list(term.names) * J, "n": np.repeat(np.bincount(term.codes, minlength=J), k),
            "no_pooling": (complete + d).ravel(), "partial": (complete + b).ravel(),
            "complete": np.tile(complete, J), "weight": np.einsum("lii->li", W).ravel()}))
    return pd.concat(tables, ignore_index=True)
