r"""BLUPs two ways: Henderson's mixed-model equations, and shrinkage level by level.

    [ X'R^-1 X    X'R^-1 Z        ] [ beta ]   [ X'R^-1 y ]
    [ Z'R^-1 X    Z'R^-1 Z + G^-1 ] [  u   ] = [ Z'R^-1 y ]

Their solution is the GLS estimate of beta together with the best linear unbiased predictor
(BLUP) of u, and the inverse of the left side holds all their variances. Level by level, a
BLUP is a part of what the level measured; `shrinkage` lists both, and the part.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve

from ..guards import check_fit, small_enough
from ..tables import Table


@dataclass(frozen=True)
class MixedModelEquations:
    """Henderson's equations of one fit, labelled and ready to look at."""

    left: pd.DataFrame  # (p + q, p + q) coefficient matrix, in units of 1 / y^2
    right: pd.Series  # (p + q,)
    solution: pd.Series  # (p + q,) beta, then u
    inverse: pd.DataFrame  # (p + q, p + q) Var of (beta_hat, u_hat - u)

    def __repr__(self):
        q = sum(label[0] != "fixed" for label in self.left.index)
        return f"<Henderson's equations: {len(self.left) - q} fixed and {q} random effects>"


def henderson(fit) -> MixedModelEquations:
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
        When G is singular (a boundary estimate), because G^-1 does not exist there; when the
        fit has no random effects, or so many that the equations are too large to look at.

    Notes
    -----
    .. math:: \begin{pmatrix} \mathbf X'\mathbf R^{-1}\mathbf X & \mathbf X'\mathbf R^{-1}\mathbf Z \\
              \mathbf Z'\mathbf R^{-1}\mathbf X & \mathbf Z'\mathbf R^{-1}\mathbf Z + \mathbf G^{-1}
              \end{pmatrix}
              \begin{pmatrix} \hat{\boldsymbol\beta} \\ \hat{\mathbf u} \end{pmatrix} =
              \begin{pmatrix} \mathbf X'\mathbf R^{-1}\mathbf y \\
              \mathbf Z'\mathbf R^{-1}\mathbf y \end{pmatrix}

    Without G^-1 these are the normal equations with beta and u both fixed.

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
    check_fit(fit, "henderson", mixed=True)
    X, Z, G = fit.X, fit.Z, fit.G.to_numpy()
    zero = [
        term.group
        for term, Sigma in zip(fit.terms, fit.covariances)
        if np.linalg.eigvalsh(Sigma)[0] <= 1e-10 * max(fit.sigma2, np.trace(Sigma))
    ]
    if zero:
        raise ValueError(
            f"G is singular: the estimate for {', '.join(zero)} lies on the boundary, so G^-1 "
            "in Henderson's equations does not exist; leave the term out, or use fit.ranef(), "
            "which works without G^-1"
        )
    fixed = pd.MultiIndex.from_tuples(
        [("fixed", "", name) for name in X.columns], names=Z.columns.names
    )
    labels = fixed.append(Z.columns)
    small_enough("the left side of the equations", len(labels) ** 2)
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


def shrinkage(fit) -> Table:
    r"""No pooling, partial pooling and complete pooling, level by level.

    With Zj the columns of one level and rj its rows of ``y - X beta_hat``: no pooling is least
    squares within the level, ``dj = (Zj'Zj)^-1 Zj'rj`` (for a random intercept the mean of
    rj); complete pooling is 0; partial pooling is the BLUP.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame with columns group, level, term, n (rows of the level), no_pooling, partial,
    complete and weight. Where X has a column of the same name as the term, its coefficient is
    added, so that all three are on the scale of that coefficient; no_pooling is NaN where the
    rows of a level do not determine it. weight is NaN where no such weight exists, see Notes.

    Raises
    ------
    ValueError
        For what is not a fit with random effects, and for a streamed fit, which keeps no rows.

    Notes
    -----
    With one random term the BLUP is what the level measured times a weight,

    .. math:: \hat{\mathbf u}_j = \mathbf W_j\mathbf d_j, \qquad
              \mathbf W_j = \boldsymbol\Lambda(\boldsymbol\Lambda'\mathbf Z_j'\mathbf Z_j\boldsymbol\Lambda
              + \mathbf I)^{-1}\boldsymbol\Lambda'\mathbf Z_j'\mathbf Z_j

    which for r rows in the level and a random intercept is

    .. math:: \hat u_j = \frac{r\sigma_b^2}{r\sigma_b^2 + \sigma^2}\,
              \frac1r\sum_{i \in j}(\mathbf y - \mathbf X\hat{\boldsymbol\beta})_i

    The residuals, not the raw mean of the level minus the overall mean: with more in X than one
    mean, and unequal groups, the two differ. With several effects in the term, weight is the
    diagonal of Wj, and the other effects of the level enter too. With several random terms a
    BLUP depends on the other terms' levels, no weight of its own exists, and weight is NaN.

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
    check_fit(fit, "shrinkage", mixed=True)
    residual = (fit.y - fit.predict(groups="population")).to_numpy()
    root = np.sqrt(fit.design.row_weights)
    residual = root * residual
    tables = []
    for term, b, lam in zip(fit.terms, fit.b, fit.products.lambdas(fit.theta)):
        J, k = b.shape
        x = term.x * root[:, None]
        B = np.zeros((J, k, k))  # Zj'Zj, level by level
        np.add.at(B, term.codes, x[:, :, None] * x[:, None, :])
        Ztr = np.zeros((J, k))  # Zj'rj
        np.add.at(Ztr, term.codes, x * residual[:, None])
        W = lam @ np.linalg.solve(lam.T @ B @ lam + np.eye(k), lam.T @ B)
        determined = np.linalg.matrix_rank(B) == k
        d = np.full((J, k), np.nan)
        d[determined] = np.linalg.solve(B[determined], Ztr[determined][..., None])[..., 0]
        complete = np.array([fit.beta.get(name, 0.0) for name in term.names])
        weight = np.einsum("lii->li", W) if len(fit.terms) == 1 else np.full((J, k), np.nan)
        tables.append(
            pd.DataFrame(
                {
                    "group": term.group,
                    "level": np.repeat(np.asarray(term.levels, dtype=object), k),
                    "term": list(term.names) * J,
                    "n": np.repeat(np.bincount(term.codes, minlength=J), k),
                    "no_pooling": (complete + d).ravel(),
                    "partial": (complete + b).ravel(),
                    "complete": np.tile(complete, J),
                    "weight": weight.ravel(),
                }
            )
        )
    return Table(
        pd.concat(tables, ignore_index=True),
        title="No, partial and complete pooling",
        notes=_about_weights(fit),
    )


def _about_weights(fit):
    """What the column weight of `shrinkage` means for this fit."""
    if len(fit.terms) > 1:
        return [
            "weight is NA: with several random terms a BLUP depends on the levels of the other "
            "terms too, and is no fixed part of what its own level measured."
        ]
    if len(fit.terms[0].names) > 1:
        return [
            "weight is the diagonal of the matrix W_j; the other effects of the level enter too."
        ]
    return [
        "partial - complete = weight * (no_pooling - complete), where no_pooling - complete is the least "
        "squares value of y - X beta_hat in the rows of the level: for an intercept, their mean."
    ]
