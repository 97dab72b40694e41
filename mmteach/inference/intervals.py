r"""Intervals three ways: by the curvature at the estimate, by the likelihood, by simulation.

    Wald        estimate +- z se                                      one point, one curvature
    profile     all v with zeta(v)^2 = d(v) - d_min <= z^2            the whole likelihood
    bootstrap   refit y* = X beta + Z u* + e*, again and again        the whole procedure

where d(v) is -2 log-likelihood with the parameter held at v and all others at their best.
Standard deviations are handled on the log scale and correlations on the atanh scale, where
the likelihood is closer to a parabola; beta is linear already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..engine.criterion import GivenSigma
from ..engine.threads import is_small, one_thread
from ..guards import check_fit, one_of
from ..words import shown
from .bootstrap import KINDS as INTERVALS
from .bootstrap import bootstrap
from .distributions import t_quantile
from .parameters import (
    Parameter,
    back,
    choose,
    coordinates,
    estimates,
    estimates_of,
    interval_table,
    model_parameters,
    z_value,
)
from .profile import profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit
    from ..tables import Table


def confint(
    fit: Fit | LinearFit,
    method: str = "wald",
    level: float = 0.95,
    parameters: str | Sequence[str] | None = None,
    **options,
) -> Table:
    r"""Confidence intervals for beta, standard deviations, correlations and sigma.

    ``estimate +- z se`` (Wald; log and atanh scale for the variance parameters),
    ``{v: d(v) - d_min <= z^2}`` (profile, by ML) or quantiles of refitted simulations (boot).

    Parameters
    ----------
    fit : Fit
        For ``"wald"`` a fit of `lm` will do as well, with t quantiles.
    method : "wald", "profile" or "boot"
    level : float
    parameters : "fixed", "random", a label or a list of labels, optional
        Which parameters; all by default.
    **options
        For ``"boot"``: n, seed, processes as in `bootstrap`, and kind as in its `confint`.

    Returns
    -------
    Table
        One row per parameter: estimate, lower, upper.

    Raises
    ------
    ValueError
        For unknown methods and parameters, or a level outside 0 to 1.

    References
    ----------
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1), section 5.1.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> confint(fit, "profile", parameters="random").round(2)
                                         estimate  lower  upper
    sd(Intercept | subject)                 23.78  14.38  37.72
    corr(days, Intercept | subject)          0.08  -0.48   0.69
    sd(days | subject)                       5.72   3.80   8.75
    sigma                                   25.59  22.90  28.86
    """
    check_fit(fit, "confint")
    if not isinstance(method, str) or method not in ("wald", "profile", "boot"):
        raise ValueError(f"method={shown(method)} is unknown; use 'wald', 'profile' or 'boot'")
    z_value(level)
    _no_options(options, ("n", "seed", "processes", "kind") if method == "boot" else ())
    if method == "wald":
        return _wald(fit, level, parameters)
    if fit.random:
        choose(model_parameters(fit), parameters)  # refused here, and not after all the work
    if method == "profile":
        return profile(fit, parameters).confint(level)
    kind = options.pop("kind", "percentile")
    one_of("kind", kind, INTERVALS)
    return bootstrap(fit, **options).confint(level, kind, parameters)


def _no_options(given, known):
    unknown = set(given) - set(known)
    if unknown:
        raise ValueError(
            f"unknown option {', '.join(sorted(unknown))}; "
            + (f"this method takes {', '.join(known)}" if known else "this method takes none")
        )


def _wald(fit, level, wanted):
    z = z_value(level)
    if not fit.random:
        return _wald_lm(fit, level, wanted)
    parameters = model_parameters(fit)
    value, se, notes = estimates_of(fit), np.full(len(parameters), np.nan), []
    random = np.array([p.kind != "fixed" for p in parameters])
    se[~random] = fit.se.dropna()
    chosen = choose(parameters, wanted)
    if random[chosen].any():
        with one_thread(is_small(fit.products)):
            se[random] = _random_se(fit)
        if np.isnan(se[random]).any():
            notes.append("On the boundary there is no curvature to go by: NA. Use 'profile'.")
        notes.append("SDs on the log scale, correlations on the atanh scale: rough if n is small.")
    lower, upper = (
        back(parameters, coordinates(parameters, value) + sign * z * se) for sign in (-1, 1)
    )
    return interval_table(
        [parameters[r] for r in chosen],
        value[chosen],
        lower[chosen],
        upper[chosen],
        f"Wald intervals, {level:.0%}",
        notes,
    )


def _wald_lm(fit, level, wanted):
    beta, se = fit.beta.dropna(), fit.se.dropna()
    parameters = [Parameter(name, "fixed", i=j) for j, name in enumerate(beta.index)]
    chosen = choose(parameters, wanted)
    half = t_quantile((1 + level) / 2, fit.df_resid) * se.to_numpy()
    value = beta.to_numpy()
    return interval_table(
        [parameters[r] for r in chosen],
        value[chosen],
        (value - half)[chosen],
        (value + half)[chosen],
        f"t intervals, {level:.0%}",
        [f"{fit.df_resid} residual degrees of freedom."],
    )


def _random_se(fit):
    """Standard errors of (log SD, atanh corr, log sigma) from the Hessian in (theta, log sigma)."""
    units = np.append(fit.products.theta_units(), 1.0)
    x0 = np.append(fit.theta, np.log(fit.sigma)) * units
    parameters = [p for p in model_parameters(fit) if p.kind != "fixed"]

    def gradient(x):
        theta, log_sigma = np.split(x / units, [-1])
        criterion = GivenSigma(fit.products, fit.reml, np.exp(log_sigma[0]))
        g = criterion.value_and_gradient(theta)[1]
        return np.append(g, criterion.slope) / units

    def scales(x):
        theta, log_sigma = np.split(x / units, [-1])
        return coordinates(parameters, estimates(fit.products, theta, np.exp(log_sigma[0]), []))

    if fit.boundary:
        return np.full(len(parameters), np.nan)
    H, J = (_jacobian(f, x0) for f in (gradient, scales))
    eigenvalues, vectors = np.linalg.eigh((H + H.T) / 2)
    if eigenvalues[0] <= 1e-8 * eigenvalues[-1]:
        return np.full(len(parameters), np.nan)
    return np.sqrt((2 * (J @ vectors) ** 2 / eigenvalues).sum(axis=1))


def _jacobian(f, x, step=1e-4):
    """Central differences, extrapolated once."""

    def central(h):
        return np.column_stack([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(len(x))])

    return (4 * central(step / 2) - central(step)) / 3
