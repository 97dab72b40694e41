r"""Tails and quantiles: t, F, normal, chi-squared, the studentized range, and families of tests.

    p = P(T >= t) under the null hypothesis,    quantile = the t that is exceeded with probability p

From scipy.special alone: loading scipy.stats takes longer than most fits.
"""

from functools import cache, partial

import numpy as np
from scipy import special
from scipy.optimize import brentq

from .multivariate_t import largest_tail

NODES = np.arange(-42, 43) / 5  # the trapezoidal rule is good to 1e-12 here: its ends are flat
PHI = 0.2 * np.exp(-(NODES**2) / 2) / np.sqrt(2 * np.pi)


# --- one test -----------------------------------------------------------------------------


def t_p_value(t, df):
    """Both tails of Student's t, of the normal where df is infinite."""
    below, df = -np.abs(t), np.asarray(df, dtype=float)
    return 2 * np.where(np.isinf(df), special.ndtr(below), special.stdtr(df, below))


def t_quantile(probability, df):
    """Quantile of Student's t, of the normal where df is infinite."""
    df = np.asarray(df, dtype=float)
    return np.where(np.isinf(df), special.ndtri(probability), special.stdtrit(df, probability))


def f_p_value(f, num_df, den_df):
    """Upper tail of F; of chi-squared / num_df where den_df is infinite."""
    if np.isinf(den_df):
        return float(special.chdtrc(num_df, f * num_df))
    return float(special.fdtrc(num_df, den_df, f))


def chi2_p_value(x, df):
    """Upper tail of chi-squared."""
    return float(special.chdtrc(df, x))


def normal_quantile(probability):
    """Quantile of the standard normal distribution."""
    return special.ndtri(probability)


# --- several tests together ----------------------------------------------------------------


def together(adjust, t, df, p, k, level, R=None):
    """p of m contrasts of k means, adjusted, and how many standard errors their limits are away.

    R holds the correlations of the contrasts that can be estimated, for adjust="mvt".
    """
    m, alpha = len(t), 1 - level
    if adjust == "mvt" and R.shape[0] > 1:
        return _largest_of_many(partial(mvt_tail, R=R), np.abs(t), df, k, alpha, most=5)
    if adjust in TAILS and m > 1:
        return _largest_of_many(TAILS[adjust], np.abs(t), df, k, alpha)
    each = alpha
    if adjust == "sidak":
        p, each = sidak(p, m), -np.expm1(np.log1p(-alpha) / m)
    elif adjust in STEPS:
        p, each = STEPS[adjust](p, m), alpha / m
    return p, t_quantile(1 - each / 2, df)


def sidak(p, m):
    """1 - (1 - p)^m, also for small p."""
    with np.errstate(divide="ignore"):
        return -np.expm1(m * np.log1p(-np.minimum(p, 1)))


def holm(p):
    """The smallest p times m, the next times m - 1, and so on, never falling."""
    order = np.argsort(p)  # NaN come last, and count
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return np.minimum(1, stepped)[np.argsort(order)]


def false_discovery(p):
    """The i-th smallest of m times m / i, never above a later one."""
    order = np.argsort(p)  # NaN come last, and count
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    stepped = np.fmin.accumulate(scaled[::-1])[::-1]
    return np.where(np.isnan(p), np.nan, np.minimum(1, stepped)[np.argsort(order)])


STEPS = {
    "bonferroni": lambda p, m: np.minimum(1, m * p),
    "holm": lambda p, m: holm(p),
    "fdr": lambda p, m: false_discovery(p),
}


def _largest_of_many(tail, t, df, k, alpha, most=np.inf):
    """Adjusted p, and the t at which it is alpha; `tail` is worked out once for each df.

    With more than `most` different df that t is a polynomial in 1 / df through 5 of them.
    """
    m = len(t)
    p, critical = np.full(m, np.nan), np.full(m, np.nan)
    known = ~np.isnan(df)
    different = np.unique(df[known].round(9))
    for one in different:
        here = df.round(9) == one
        p[here] = tail(t[here], one, k, m).clip(0, 1)
        if len(different) <= most:
            critical[here] = _reached(tail, one, k, m, alpha)
    if len(different) > most:
        x, nodes = 1 / different[[0, -1]], np.cos(np.pi * np.arange(5) / 4)
        x = x.mean() + np.ptp(x) / 2 * nodes
        found = [_reached(tail, 1 / one if one > 0 else np.inf, k, m, alpha) for one in x]
        inside = (2 * (1 / df[known] - x[-1]) / (x[0] - x[-1])) - 1
        curve = np.polyfit(nodes, np.log(found), 4)
        critical[known] = np.exp(np.polyval(curve, inside))
    return p, critical


def _reached(tail, df, k, m, alpha):
    """The t at which the tail is alpha."""
    lowest = max(0, t_quantile(1 - alpha / 2, df) - 0.1)  # that of one contrast is never more
    highest = t_quantile(1 - alpha / (2 * m), df) + 0.1  # Bonferroni's is never less
    above = partial(_above, tail=tail, df=df, k=k, m=m, alpha=alpha)
    return brentq(above, lowest, highest, xtol=1e-8)


def _above(t, tail, df, k, m, alpha):
    return tail(np.array([t]), df, k, m)[0] - alpha


def tukey_tail(t, df, k, m):
    """P(max |T_i| > t) of all differences of k means."""
    return range_tail(np.sqrt(2) * t, k, df)


def dunnettx_tail(t, df, k, m):
    """The approximation of R's emmeans to `dunnett_tail`."""
    means = (1 + np.sqrt(1 + 8 * m)) / 2  # as many as have m differences; need not be whole
    independent = sidak(t_p_value(t, df), m)
    return (1 - 1 / m) * range_tail(np.sqrt(2) * t, means, df) + independent / m


def mvt_tail(t, df, k, m, R):
    """P(max |T_i| > t) with correlations R, and between one p and as many as R has rows."""
    one = t_p_value(t, df)
    return np.clip(largest_tail(t, df, R), one, np.minimum(1, len(R) * one))


def range_tail(q, k, df):
    r"""Upper tail of the studentized range of k means: P(range / s > q).

    ``int f(s) int k phi(z) {Phi(z)^(k-1) - [Phi(z) - Phi(z - q s)]^(k-1)} dz ds``, where z is the
    largest of k normal variables and ``df s^2`` is chi-squared on df. scipy.stats has the same
    function, to 1e-12, for one q at a time; the 2415 pairs of 70 means would take minutes.
    """
    density = k * PHI * special.ndtr(NODES) ** (k - 1)
    tail = np.zeros(len(q))
    for s, weight in zip(*_scales(df)):
        below = special.ndtr(NODES - s * q[:, None]) / special.ndtr(NODES)
        tail += weight * (sidak(below, k - 1) @ density)
    return tail


def dunnett_tail(t, df, k, m):
    """P(max |T_i| > t) of m differences from one mean, by the same two integrals.

    ``int f(s) int phi(z) {1 - [Phi(z + c) - Phi(z - c)]^m} dz ds``, where z is the control and
    ``c = sqrt(2) t s``.
    """
    tail = np.zeros(len(t))
    for s, weight in zip(*_scales(df)):
        reach = np.sqrt(2) * s * t[:, None]
        outside = special.ndtr(NODES - reach) + special.ndtr(-NODES - reach)
        tail += weight * (sidak(outside, m) @ PHI)
    return tail


@cache
def _scales(df):
    """Values of s and their probabilities: the trapezoidal rule in log s."""
    if np.isinf(df):
        return np.ones(1), np.ones(1)

    def log_density(x):
        return df * (x + 0.5 - np.exp(2 * x) / 2)  # 0 at its top, x = 0

    left = brentq(lambda x: log_density(x) + 40, -40 / df - 1, 0)  # out to e^-40 of the top
    right = brentq(lambda x: log_density(x) + 40, 0, np.log(40 / df + 2) + 1)
    step = min(0.1, 0.6 / np.sqrt(2 * df))
    x = np.arange(np.floor(left / step), np.ceil(right / step) + 1) * step
    weight = np.exp(log_density(x))
    return np.exp(x), weight / weight.sum()


TAILS = {"tukey": tukey_tail, "dunnettx": dunnettx_tail, "dunnett": dunnett_tail}
