r"""Which models can be compared: the same data, and every V and every mean of the smaller one
also in the larger.

    span X0 in span X1,    {V0(theta)} in {V1(theta)}

V is linear in the variances and covariances, so sets of V are compared by what their matrices do
to two random vectors; no n x n matrix is needed.
"""

import numpy as np
from scipy.linalg import lstsq, qr

SAME = 1e-7  # relative distance below which two matrices or column spaces are one


def _streamed(*fits):
    return any(fit.streamed for fit in fits)


def check_same_data(fits):
    first = fits[0]
    for fit in fits[1:]:
        if fit.nobs != first.nobs:
            raise ValueError(
                f"the models use different rows: {fit.formula!r} has {fit.nobs}, "
                f"{first.formula!r} has {first.nobs}; drop the rows with missing values first, "
                "data.dropna(subset=[...]), and fit all models to what is left"
            )
        if fit.design.y_name != first.design.y_name:
            raise ValueError(
                f"the models have different responses, {first.design.y_name} and "
                f"{fit.design.y_name}; likelihoods of different responses cannot be compared"
            )
        if _streamed(first, fit):
            continue
        offsets = np.abs([fit.design.row_offset, first.design.row_offset]).max()
        # y - offset + offset is y but for rounding
        rounding = 1e-15 * max(offsets, np.abs(first.y).max()) if offsets else 0.0
        if np.abs(fit.y.to_numpy() - first.y.to_numpy()).max() > rounding:
            raise ValueError(
                f"the response {first.design.y_name} differs between {first.formula!r} and "
                f"{fit.formula!r}; fit all models to the same rows, in the same order"
            )
        if not np.allclose(fit.design.row_weights, first.design.row_weights, rtol=SAME, atol=0):
            raise ValueError(
                f"the weights differ between {first.formula!r} and {fit.formula!r}; "
                "fit all models with the same weights"
            )


def same_columns(a, b):
    if _streamed(a, b):
        R, S = a.products.R, b.products.R
        return list(a.cov_beta.index) == list(b.cov_beta.index) and np.allclose(
            R.T @ R, S.T @ S, rtol=SAME
        )
    X, Y = a.X.to_numpy(), b.X.to_numpy()
    return X.shape == Y.shape and np.allclose(X, Y, rtol=SAME, atol=SAME * np.abs(X).max())


def check_nested(small, large, small_name, large_name):
    """Every V and every mean of the smaller model must be one of the larger."""
    pair = f"{small_name} ({small.formula}) and {large_name} ({large.formula})"
    if small.n_parameters == large.n_parameters:
        raise ValueError(
            f"{pair} have the same number of parameters ({small.n_parameters}), so neither is a "
            "special case of the other; compare their AIC"
        )
    if not _same_offset(small, large):
        raise ValueError(
            f"{pair} are not nested: their offsets differ by more than the fixed part "
            "of the larger model can make good; fit both with the same offset"
        )
    outside = _columns_outside(small, large)
    if outside:
        raise ValueError(
            f"{pair} are not nested: the larger model cannot produce the fixed part of the "
            f"smaller ({', '.join(outside[:3])}); compare their AIC after ML fits"
        )
    outside = _terms_outside(small, large)
    if outside:
        raise ValueError(
            f"{pair} are not nested: the larger model has no variance that stands for "
            f"{', '.join(outside)} of the smaller; compare their AIC"
        )


def _columns_outside(small, large):
    """Names of the columns of the smaller X that no combination of the larger X gives."""
    if _streamed(small, large):
        return [name for name in small.cov_beta.index if name not in set(large.cov_beta.index)]
    X0, X1 = small.X, large.X
    X0 = X0[[name for name in X0 if name not in X1 or not np.array_equal(X0[name], X1[name])]]
    if not X0.shape[1]:
        return []
    Q = qr(X1.to_numpy(), mode="economic")[0]
    rest = X0.to_numpy() - Q @ (Q.T @ X0.to_numpy())
    far = np.linalg.norm(rest, axis=0) > SAME * np.linalg.norm(X0.to_numpy(), axis=0)
    return list(X0.columns[far])


def _same_offset(small, large):
    """Whether the offsets are the same but for a combination of the columns of the larger X."""
    a, b = (fit.design.split.x.offsets for fit in (small, large))
    if _streamed(small, large):
        return sorted(map(str, a)) == sorted(map(str, b))
    difference = small.design.row_offset - large.design.row_offset
    if not difference.any():
        return True
    X = large.X.to_numpy()
    rest = difference - X @ lstsq(X, difference)[0]
    return np.linalg.norm(rest) <= SAME * np.linalg.norm(difference)


def _terms_outside(small, large):
    """Random terms of the smaller model whose covariance the larger model cannot produce.

    V is linear in the variances, so both sets of matrices are compared by what they do to
    two random vectors: no n x n matrix is needed. Whatever covariance a term of the smaller
    model has, the larger model must produce it with covariances of its own.
    """
    if _streamed(small, large):
        there = [(term.group, set(term.names)) for term in large.terms]
        return [
            str(term.bar)
            for term in small.terms
            if not any(term.group == group and set(term.names) <= names for group, names in there)
        ]
    rng = np.random.default_rng(1)
    w = rng.standard_normal((2, small.nobs))
    A = np.column_stack(
        [
            *(_covariance_actions(term, w) for term in large.terms),
            (w / large.design.row_weights).ravel(),
        ]
    )
    A /= (scale := np.linalg.norm(A, axis=0))
    outside = []
    for term in small.terms:
        B = _covariance_actions(term, w)
        C = lstsq(A, B)[0]
        reached = np.linalg.norm(A @ C - B, axis=0) <= SAME * np.linalg.norm(B, axis=0)
        C[np.abs(C) < 1e-9 * np.abs(C).max()] = 0.0  # rounding
        if not (reached.all() and _keeps_covariances(C / scale[:, None], term, large.terms, rng)):
            outside.append(str(term.bar))
    return outside


def _covariance_actions(term, w):
    """G_r w for every entry r = (i, j), i >= j, of the covariance matrix of a term."""
    J = len(term.levels)
    x = term.x

    def once(i, j, v):
        return x[:, i] * np.bincount(term.codes, x[:, j] * v, minlength=J)[term.codes]

    return np.column_stack(
        [
            np.concatenate([once(i, j, v) + (once(j, i, v) if i != j else 0) for v in w])
            for j, i in zip(*np.triu_indices(x.shape[1]))
        ]
    )


def _keeps_covariances(C, term, terms, rng, tries=4):
    """Whether C sends covariance matrices of `term` to covariance matrices of `terms`."""
    k = len(term.names)
    j, i = np.triu_indices(k)
    for v in rng.standard_normal((tries, k)):
        entries, at = C @ (v[i] * v[j]), 0
        for other in terms:
            b, a = np.triu_indices(len(other.names))
            Sigma = np.zeros((len(other.names),) * 2)
            Sigma[a, b] = Sigma[b, a] = entries[at : at + len(a)]
            at += len(a)
            d = np.sqrt(np.abs(np.diag(Sigma)))
            d[d == 0] = 1.0
            if np.linalg.eigvalsh(Sigma / np.outer(d, d))[0] < -1e-5:
                return False
        if entries[-1] < 0:  # the residual variance
            return False
    return True
