"""Guards: refuse an argument before any work, and say what to give instead.

Each takes the name of the argument (or of what is checked) and its value. What is refused here
never reaches numpy, whose own messages know neither.
"""

from math import isfinite
from numbers import Complex, Real

import numpy as np

from .words import near, shown

LARGEST_MATRIX = 50_000_000  # cells, 0.4 GB; larger matrices are not laid out for inspection


def one_of(name, value, allowed):
    """Refuse a value that is not among the allowed ones."""
    if not isinstance(value, (str, Complex, type(None))) or not any(
        value == a and isinstance(value, bool) == isinstance(a, bool) for a in allowed
    ):
        hint = near(value, allowed) if isinstance(value, str) else ""
        raise ValueError(
            f"{name}={shown(value)} is unknown; {hint}use one of {', '.join(map(repr, allowed))}"
        )


def whole(name, value, least=1, most=None):
    """The value as an int; refuse all that is not a whole number of `least` or more."""
    if is_number(value) and value == int(value) >= least:
        if most is None or value <= most:
            return int(value)
        raise ValueError(f"{name} is {shown(value)}, which is too many; give {most} or less")
    raise ValueError(f"{name} is {shown(value)}; it must be a whole number, {least} or more")


def number(name, value):
    """The value as a float; refuse all that is not one finite number."""
    if is_number(value):
        return float(value)
    raise ValueError(f"{name} is {shown(value)}; it must be one number")


def is_number(value):
    """Whether it is one finite real number; truth values, text and arrays are none."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # an integer beyond the largest float
        return False


def truth(name, value, yes="", no=""):
    """The value as a bool; refuse all but True and False. `yes` and `no` say what they mean."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    yes, no = (f" ({meaning})" if meaning else "" for meaning in (yes, no))
    raise ValueError(f"{name}={shown(value)} must be True{yes} or False{no}")


def text(name, value):
    """The value as it is; refuse all but text and None."""
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{name} is {shown(value)}; it must be text in quotes, or be left out")


def labels(name, value):
    """The value as a list, one label for each row; refuse what is no sequence of labels."""
    one_long = not isinstance(value, type) and len(getattr(value, "shape", ())) == 1
    if not isinstance(value, (list, tuple, range)) and not one_long:
        raise ValueError(
            f"{name} is {shown(value)}; give one label per row, such as a column of a DataFrame"
        )
    try:
        return list(dict.fromkeys(value)) and list(
            value
        )  # a label that cannot be looked up is none
    except TypeError:
        raise ValueError(
            f"{name} is {shown(value)}; give labels that are text or numbers"
        ) from None


def check_table(name, value):
    """Refuse what is not a DataFrame with rows."""
    if not (hasattr(value, "columns") and hasattr(value, "iloc")):
        raise ValueError(f"{name} is {shown(value)}; give a pandas DataFrame")
    if not len(value):
        raise ValueError(f"{name} has no rows; check how it was selected")


def check_seed(seed):
    """Refuse what is no seed: a whole number, None, or a numpy Generator."""
    if seed is not None and not isinstance(seed, np.random.Generator):
        whole("seed", seed, least=0)


def check_fit(fit, name, mixed=False):
    """Refuse what is not a fitted model, or with `mixed` a model without random terms."""
    if isinstance(fit, type) or not (hasattr(fit, "design") and hasattr(fit, "beta")):
        raise ValueError(
            f"{name} takes a fit of mm.lmm{'' if mixed else ' or mm.lm'} first, not {kind(fit)}"
        )
    if mixed and not hasattr(fit, "theta"):
        raise ValueError(
            f"{name} is about random effects, and this fit of mm.lm has none; "
            "fit the model with mm.lmm and a term such as (1 | block)"
        )


def kind(value):
    """The name of its type: what a message calls an argument that is not what was asked for."""
    return type(value).__name__


def check_level(level):
    """Refuse a confidence level that is not between 0 and 1."""
    if not is_number(level) or not 0 < level < 1:
        raise ValueError(f"level={shown(level)} must lie between 0 and 1, such as 0.95")


def small_enough(name, cells):
    """Refuse a matrix too large to look at, before it is made."""
    if cells > LARGEST_MATRIX:
        raise ValueError(
            f"{name} would have {cells:.2g} cells ({8e-9 * cells:.2g} GB); look at a smaller "
            "part of the data, the estimates themselves never need it"
        )


def finite(x, name, ndim=None):
    """`x` as a float array, or a ValueError that says where it is not finite."""
    given, x = x, _floats(x, name)
    if ndim is not None and x.ndim != ndim:
        hint = "; for a mean only use np.ones((n, 1))" if name == "X" else ""
        has = f"has {x.ndim}" if x.ndim else f"is {shown(given)}"
        raise ValueError(f"{name} must have {ndim} dimension(s), but {has}{hint}")
    if not np.isfinite(x).all():
        if x.ndim == 0:
            raise ValueError(f"{name} is missing or infinite; give a number")
        bad = np.argwhere(~np.isfinite(x))
        raise ValueError(
            f"{name} holds {len(bad)} value(s) that are missing or infinite, first at index "
            f"{bad[0].tolist()}; drop or repair these rows first"
        )
    return x


def _floats(x, name):
    """As float array. Refused is what numpy would turn into numbers: text, dates, complex."""
    try:
        raw = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} must hold numbers, in rows of one length") from None
    if (
        raw.dtype.kind in "US"
        or raw.dtype.kind == "O"
        and any(isinstance(v, (str, bytes)) for v in raw.flat)
    ):
        raise ValueError(
            f"{name} must hold numbers, but holds text ({shown(x)}); "
            "turn a column into numbers with pd.to_numeric first"
        )
    if raw.dtype.kind in "mMcV":
        raise ValueError(
            f"{name} must hold numbers, but holds {raw.dtype.name} values; convert them first"
        )
    try:
        return raw.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must hold numbers, but is {shown(x)}; check its type and convert it first"
        ) from None


def check_covariance(Sigma, name):
    """Refuse what cannot be a covariance matrix."""
    if Sigma.ndim != 2 or Sigma.shape[0] != Sigma.shape[1] or not np.allclose(Sigma, Sigma.T):
        raise ValueError(
            f"{name} must be a symmetric covariance matrix, but is {shape(Sigma)}:\n{Sigma}"
        )
    if not Sigma.size:
        raise ValueError(f"{name} is empty; give a variance, or a k x k covariance matrix")
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
