"""Guards: refuse an argument before any work, and say what to give instead."""

import numpy as np

from .words import near


def one_of(name, value, allowed):
    """Refuse a value that is not among the allowed ones."""
    if value not in allowed:
        raise ValueError(f"{name}={value!r} is unknown; {near(value, allowed)}use one of "
                         f"{', '.join(map(repr, allowed))}")


def whole(name, value, least=1):
    """The value as an int; refuse all that is not a whole number of `least` or more."""
    try:
        if not isinstance(value, (bool, str)) and value == int(value) >= least:
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name} is {value!r}; it must be a whole number, {least} or more")


def check_fit(fit, name):
    """Refuse what is not a fitted model."""
    if not (hasattr(fit, "design") and hasattr(fit, "beta")):
        raise ValueError(f"{name} takes a fit of mm.lmm or mm.lm first, not {type(fit).__name__}")


def check_level(level):
    """Refuse a confidence level that is not between 0 and 1."""
    if isinstance(level, str) or not 0 < level < 1:
        raise ValueError(f"level={level!r} must lie between 0 and 1, such as 0.95")


def finite(x, name, ndim=None):
    """`x` as a float array, or a ValueError that says where it is not finite."""
    try:
        x = np.asarray(x, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers; check its type and convert it first") from None
    if ndim is not None and x.ndim != ndim:
        hint = "; for a mean only use np.ones((n, 1))" if name == "X" else ""
        raise ValueError(f"{name} must have {ndim} dimension(s), but has {x.ndim}{hint}")
    if not np.isfinite(x).all():
        bad = np.argwhere(~np.isfinite(np.atleast_1d(x)))
        raise ValueError(
            f"{name} holds {len(bad)} value(s) that are missing or infinite, first at index "
            f"{bad[0].tolist()}; drop or repair these rows first"
        )
    return x


def check_covariance(Sigma, name):
    """Refuse what cannot be a covariance matrix."""
    if Sigma.shape[0] != Sigma.shape[1] or not np.allclose(Sigma, Sigma.T):
        raise ValueError(f"{name} must be a symmetric covariance matrix, but is {shape(Sigma)}:\n{Sigma}")
    if np.any(np.diag(Sigma) < 0):
        raise ValueError(negative(name, np.diag(Sigma).min()))
    if np.linalg.eigvalsh(Sigma)[0] < -1e-10 * np.abs(Sigma).max():
        raise ValueError(
            f"{name} is not positive semi-definite: a correlation exceeds 1 in size; "
            "check the covariances against the variances on the diagonal"
        )


def negative(name, value):
    return (
        f"{name} is negative ({float(value):g}); a variance is zero or larger. "
        "If you passed log-variances, take np.exp first"
    )


def shape(M):
    return " x ".join(map(str, M.shape))
