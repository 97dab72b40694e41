r"""Intervals three ways: by the curvature at the estimate, by the likelihood, by simulation.

    Wald        estimate +- z se                                      one point, one curvature
    profile     all v with zeta(v)^2 = d(v) - d_min <= z^2            the whole likelihood
    bootstrap   refit y* = X beta + Z u* + e*, again and again        the whole procedure

where d(v) is -2 log-likelihood with the parameter held at v and all others at their best.
Standard deviations are handled on the log scale and correlations on the atanh scale, where
the likelihood is closer to a parabola; beta is linear already.
"""

import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from time import perf_counter
from types import ModuleType

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, solve_triangular
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from ..engine.criterion import GivenSigma, ProfiledCriterion
from ..engine.crossproducts import with_effects
from ..engine.fit import Fit
from ..engine.search import minimise
from ..progress import progress
from ..tables import Table
from ..guards import check_fit, check_level

NUDGE = 0.1       # where the search starts for a theta that stood at zero, in units of Z
PANELS = 12       # profiles that one figure can show
WORTH_IT = 4.0    # seconds of work that repay the start of other processes
TO = {"sd": np.log, "sigma": np.log, "corr": np.arctanh}
BACK = {"sd": np.exp, "sigma": np.exp, "corr": np.tanh}
ENDS = {"sd": (0, np.inf), "sigma": (0, np.inf), "corr": (-1, 1)}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def confint(fit, method="wald", level=0.95, parameters=None, **options):
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
    z_value(level)
    if method == "wald":
        _no_options(options, ())
        return _wald(fit, level, parameters)
    if method == "profile":
        _no_options(options, ())
        return profile(fit, parameters).confint(level)
    if method == "boot":
        _no_options(options, ("n", "seed", "processes", "kind"))
        kind = options.pop("kind", "percentile")
        return bootstrap(fit, **options).confint(level, kind, parameters)
    raise ValueError(f"method={method!r} is unknown; use 'wald', 'profile' or 'boot'")


# --- the parameters and their names -------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """One parameter of a mixed model: what it is, and where it stands."""

    label: str
    kind: str      # "sd", "corr", "sigma" or "fixed"
    term: int = -1  # which term
    i: int = -1    # which effect of the term, or which column of X
    j: int = -1    # corr: with which other effect


def model_parameters(fit):
    """All parameters: SDs and correlations term by term, sigma, then beta."""
    out = []
    for t, term in enumerate(fit.terms):
        for j, i in zip(*np.triu_indices(len(term.names))):
            a, b = term.names[i], term.names[j]
            out.append(Parameter(f"sd({a} | {term.group})", "sd", t, i) if i == j else
                       Parameter(f"corr({a}, {b} | {term.group})", "corr", t, i, j))
    out.append(Parameter("sigma", "sigma"))
    return out + [Parameter(name, "fixed", i=j) for j, name in enumerate(fit.cov_beta.index)]


def estimates(products, theta, sigma, beta):
    """Values in the order of `model_parameters`; a correlation with nothing is NaN."""
    values = []
    for lam in products.lambdas(theta):
        sd = np.sqrt((lam ** 2).sum(axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = lam @ lam.T / np.outer(sd, sd)
        j, i = np.triu_indices(len(lam))
        values.append(np.where(i == j, sigma * sd[i], corr[i, j].clip(-1, 1)))
    return np.concatenate([*values, [sigma], beta])


def _estimates(fit):
    return estimates(fit.products, fit.theta, fit.sigma, fit.beta.dropna().to_numpy())


def _choose(all_parameters, wanted):
    if wanted is None:
        return list(range(len(all_parameters)))
    if isinstance(wanted, str) and wanted in ("fixed", "random"):
        fixed = wanted == "fixed"
        return [r for r, p in enumerate(all_parameters) if (p.kind == "fixed") == fixed]
    labels = [p.label for p in all_parameters]
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    for label in wanted:
        if label not in labels:
            shown = ", ".join(labels[:8]) + (", ..." if len(labels) > 8 else "")
            raise ValueError(f"there is no parameter {label!r}; the parameters are {shown}")
    return [labels.index(label) for label in wanted]


def z_value(level):
    """The normal quantile of a two-sided interval."""
    check_level(level)
    return norm.ppf((1 + level) / 2)


def _no_options(given, known):
    unknown = set(given) - set(known)
    if unknown:
        raise ValueError(
            f"unknown option {', '.join(sorted(unknown))}; "
            + (f"this method takes {', '.join(known)}" if known else "this method takes none")
        )


# --- Wald ---------------------------------------------------------------------------------


def _wald(fit, level, wanted):
    z = z_value(level)
    if not isinstance(fit, Fit):
        return _wald_lm(fit, level, wanted)
    parameters = model_parameters(fit)
    value, se, notes = _estimates(fit), np.full(len(parameters), np.nan), []
    random = np.array([p.kind != "fixed" for p in parameters])
    se[~random] = fit.se.dropna()
    chosen = _choose(parameters, wanted)
    if random[chosen].any():
        se[random] = _random_se(fit)
        if np.isnan(se[random]).any():
            notes.append("On the boundary there is no curvature to go by: NA. Use 'profile'.")
        notes.append("SDs on the log scale, correlations on the atanh scale: rough if n is small.")
    lower, upper = (_back(parameters, _coordinates(parameters, value) + sign * z * se)
                    for sign in (-1, 1))
    return _interval_table([parameters[r] for r in chosen], value[chosen], lower[chosen],
                           upper[chosen], f"Wald intervals, {level:.0%}", notes)


def _wald_lm(fit, level, wanted):
    from scipy.stats import t

    beta, se = fit.beta.dropna(), fit.se.dropna()
    parameters = [Parameter(name, "fixed", i=j) for j, name in enumerate(beta.index)]
    chosen = _choose(parameters, wanted)
    half = t.ppf((1 + level) / 2, fit.df_resid) * se.to_numpy()
    value = beta.to_numpy()
    return _interval_table([parameters[r] for r in chosen], value[chosen], (value - half)[chosen],
                           (value + half)[chosen], f"t intervals, {level:.0%}",
                           [f"{fit.df_resid} residual degrees of freedom."])


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

    def coordinates(x):
        theta, log_sigma = np.split(x / units, [-1])
        return _coordinates(parameters, estimates(fit.products, theta, np.exp(log_sigma[0]), []))

    if fit.boundary:
        return np.full(len(parameters), np.nan)
    H, J = (_jacobian(f, x0) for f in (gradient, coordinates))
    eigenvalues, vectors = np.linalg.eigh((H + H.T) / 2)
    if eigenvalues[0] <= 1e-8 * eigenvalues[-1]:
        return np.full(len(parameters), np.nan)
    return np.sqrt((2 * (J @ vectors) ** 2 / eigenvalues).sum(axis=1))


def _jacobian(f, x, step=1e-4):
    """Central differences, extrapolated once."""
    def central(h):
        return np.column_stack([(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(len(x))])
    return (4 * central(step / 2) - central(step)) / 3


def _coordinates(parameters, values):
    """log SD, atanh corr, log sigma, beta."""
    with np.errstate(divide="ignore"):
        return np.array([TO.get(p.kind, float)(v) for p, v in zip(parameters, values)])


def _back(parameters, values):
    return np.array([BACK.get(p.kind, float)(v) for p, v in zip(parameters, values)])


def _interval_table(parameters, estimate, lower, upper, title, notes):
    table = pd.DataFrame({"estimate": np.asarray(estimate), "lower": lower, "upper": upper},
                         index=[p.label for p in parameters])
    return Table(table, title=title, notes=notes, digits={name: 5 for name in table})


# --- profile ------------------------------------------------------------------------------


def profile(fit, parameters=None):
    r"""The likelihood profile of every parameter.

    ``zeta(v) = sign(v - v_hat) sqrt(d(v) - d_min)`` by ML. A straight line means that the
    Wald interval is right; a bent one means that it is not.

    Parameters
    ----------
    fit : Fit
        A REML fit is fitted again by ML first.
    parameters : "fixed", "random", a label or a list of labels, optional

    Returns
    -------
    Profile
        With `table` (parameter, value, zeta), `confint(level)` and `plot()`.

    Raises
    ------
    ValueError
        For a fit without random effects or an unknown parameter.

    References
    ----------
    Bates and Watts (1988), Nonlinear Regression Analysis, ch. 6; Bates, Maechler, Bolker and
    Walker (2015), J. Stat. Software 67(1), section 5.1.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    >>> profile(fit).confint(0.8).round(2)
                            estimate  lower  upper
    sd(Intercept | school)      7.51   0.00  17.09
    sigma                      12.02   9.13  16.81
    Intercept                  54.46  46.25  62.67
    """
    check_fit(fit, "profile")
    if not isinstance(fit, Fit):
        raise ValueError("profile is for mixed models; the intervals of least squares are exact: "
                         "confint(fit, 'wald')")
    return Profile(fit, parameters)


class Profile:
    """Likelihood profiles of one fit.

    Attributes
    ----------
    fit : Fit
        The ML fit that was profiled.
    table : DataFrame
        parameter, value, zeta; zeta runs from about -2.6 to 2.6 (99 %).
    notes : list of str
    """

    def __init__(self, fit, parameters=None):
        self.notes = [f"Formula: {fit.formula}"]
        if fit.reml:
            self.notes.append("Fitted again by ML, whose likelihood is profiled.")
        self.fit = fit.refit(reml=False) if fit.reml else fit
        every = model_parameters(self.fit)
        values = _estimates(self.fit)
        self.curves = [_curve(self.fit, every[r], values[r]) for r in _choose(every, parameters)]

    def zeta(self, parameter, value):
        """Signed root of the rise in -2 log-likelihood with `parameter` held at `value`."""
        curves = {curve.parameter.label: curve for curve in self.curves}
        if parameter not in curves:
            raise ValueError(f"{parameter!r} was not profiled; these were: {', '.join(curves)}")
        return curves[parameter].zeta(value)

    def confint(self, level=0.95):
        """Limits where ``|zeta|`` reaches the normal quantile, found by root search.

        A limit of 0 for an SD, or of 1 for a correlation, means that the likelihood does
        not fall far enough before the end of the range.
        """
        z = z_value(level)
        limits = [
            (curve.limit(-1, z), curve.limit(1, z)) for curve in progress(self.curves, "profiling")
        ]
        lower, upper = np.array(limits).T
        notes, gain = [*self.notes], max(curve.minimum - curve.lowest for curve in self.curves)
        if gain > 1e-5:
            notes.append(
                f"On the way -2 log-likelihood fell {gain:.3g} below that of the fit: the fit is a "
                "local minimum, and these limits belong to it."
            )
        if not all(np.isfinite([c.estimate for c in self.curves])):
            notes.append("A correlation with an effect of zero variance is not defined: NA.")
        return _interval_table(
            [c.parameter for c in self.curves],
            [c.estimate for c in self.curves],
            lower,
            upper,
            f"Profile intervals, {level:.0%}",
            notes,
        )

    @cached_property
    def table(self):
        return pd.concat(
            [curve.points() for curve in progress(self.curves, "profiling")], ignore_index=True
        )

    def __repr__(self):
        return (f"<Profile of {len(self.curves)} parameters of {self.fit.formula!r}; "
                "see .table, .confint(), .plot()>")

    def plot(self, level=0.95):
        """Zeta against the value of each parameter, with its interval; returns the reading."""
        return _plot_profile(self, level)


def _curve(fit, parameter, estimate):
    kinds = {"sd": _SdCurve, "corr": _CorrCurve, "sigma": _SigmaCurve, "fixed": _FixedCurve}
    return kinds[parameter.kind](fit, parameter, estimate)


class _Curve:
    """d(v): -2 log-likelihood with one parameter at v and the rest at their best.

    `least(v, start)` gives the value and the start for the next v; `low` and `high` are the ends
    of the range, `step` a first step on the scale `to`.
    """

    low, high, step = -np.inf, np.inf, 0.3

    def __init__(self, fit, parameter, estimate):
        self.products, self.parameter, self.estimate = fit.products, parameter, float(estimate)
        self.minimum, self.known, self.lowest = fit.criterion, {}, fit.criterion
        self.prepare(fit)

    def prepare(self, fit):
        pass

    def to(self, v):
        return np.log(v)

    def back(self, c):
        return np.exp(c)

    def rise(self, v, start=None):
        """d(v) - d_min, and where the other parameters stand."""
        key = float(v)
        if key not in self.known:
            value, at = self.least(key, self.start if start is None else start)
            self.lowest = min(self.lowest, value)
            self.known[key] = (max(0.0, value - self.minimum), at)
        return self.known[key]

    def zeta(self, v):
        if not self.low <= v <= self.high:
            raise ValueError(f"{self.parameter.label} lies between {self.low:g} and "
                             f"{self.high:g}, not at {v:g}")
        return float(np.sign(v - self.estimate) * np.sqrt(self.rise(v)[0]))

    def limit(self, side, z):
        """Where sqrt(d - d_min) = z, going down or up from the estimate."""
        end = self.high if side > 0 else self.low
        if np.isnan(self.estimate):  # a correlation with an effect of no variance
            return end
        if np.isfinite(end) and np.sqrt(self.rise(end)[0]) <= z:
            return end
        inner, step = self.to(self.first()), side * self.step * z / 2
        at = self.rise(self.back(inner))[1]
        for _ in range(60):
            outer = inner + step
            rise, at = self.rise(self.back(outer), at)
            if np.sqrt(rise) > z:
                break
            inner, step = outer, 1.5 * step
        root = brentq(lambda c: np.sqrt(self.rise(self.back(c), at)[0]) - z,
                      *sorted((inner, outer)), xtol=1e-9 * max(1.0, abs(outer)), rtol=1e-10)
        return float(self.back(root))

    def first(self):
        return self.estimate

    def points(self, each=8, z=2.6):
        """A table of values and zeta between the limits at -z and z, estimate included."""
        if np.isnan(self.estimate):
            return pd.DataFrame(columns=["parameter", "value", "zeta"])
        low, high = self.limit(-1, z), self.limit(1, z)
        values = self.between(low, self.estimate, each)[:-1]
        values += self.between(self.estimate, high, each)
        return pd.DataFrame({"parameter": self.parameter.label, "value": values,
                             "zeta": [self.zeta(v) for v in values]})

    def between(self, a, b, each):
        """Even steps on the scale `to`, or on the plain one where that is infinite; ends exact."""
        if a == b:
            return [a]
        with np.errstate(divide="ignore"):
            ends = self.to(a), self.to(b)
        inner = (self.back(np.linspace(*ends, each + 1)) if np.isfinite(ends).all()
                 else np.linspace(a, b, each + 1))[1:-1]
        return [a, *map(float, inner), b]


class _FixedCurve(_Curve):
    """beta_j at v: y - x_j v takes the place of y, and x_j leaves X."""

    def prepare(self, fit):
        R = self.products.R
        v = solve_triangular(R, np.eye(len(R))[self.parameter.i], trans="T")
        self.length = 1 / np.linalg.norm(v)  # of the part of x_j that no other column explains
        self.v = v * self.length
        self.start = fit.theta
        self.step = fit.se.dropna().iloc[self.parameter.i]

    def to(self, v):
        return v

    back = to

    def least(self, value, start):
        criterion = ProfiledCriterion(self.given(value), reml=False)
        theta = minimise(criterion, start)[0]
        return criterion(theta), theta

    def given(self, value):
        """Products with e - x_j (value - start_j) for e, and the direction of x_j swapped for one
        that the data know nothing of, so that p stays and ML does not notice."""
        cp, v, p = self.products, self.v, self.products.p
        T = np.eye(p + 1)
        T[:p, :p] -= np.outer(v, v)
        T[:p, p] = -(value - cp.start[self.parameter.i]) * self.length * v
        QeQe = T.T @ cp.QeQe @ T
        QeQe[:p, :p] += np.outer(v, v)
        return replace(cp, QeQe=QeQe, ZtQe=[M @ T for M in cp.ZtQe])


class _SigmaCurve(_Curve):
    """sigma at v."""

    def prepare(self, fit):
        self.start = fit.theta
        self.step = 1 / np.sqrt(2 * fit.nobs)

    def least(self, value, start):
        criterion = GivenSigma(self.products, False, value)
        theta = minimise(criterion, start)[0]
        return criterion(theta), theta


class _RandomCurve(_Curve):
    """An SD or a correlation: its effects come first in their term, where one theta is fixed."""

    def prepare(self, fit):
        p = self.parameter
        k = fit.products.k[p.term]
        first = [p.i] if p.j < 0 else [p.j, p.i]
        order = first + [a for a in range(k) if a not in first]
        T = [np.eye(j) for j in fit.products.k]
        T[p.term] = np.eye(k)[:, order]
        self.products = with_effects(fit.products, T)
        lambdas = fit.products.lambdas(fit.theta)
        lambdas[p.term] = np.linalg.qr(lambdas[p.term][order].T)[1].T  # triangular again
        self.at, self.k = sum(j * (j + 1) // 2 for j in fit.products.k[:p.term]), k
        self.units = self.products.theta_units()
        self.diagonal = self.products.diagonal_places()
        lambdas = [lam * np.where(np.diag(lam) < 0, -1.0, 1.0) for lam in lambdas]
        self.start = self.begin(self.products.theta_from(lambdas) * self.units, fit.sigma)

    def search(self, objective, start):
        """BFGS from `start`, with zeros moved off the spot where the gradient vanishes."""
        def guarded(x):
            try:
                return objective(x)
            except LinAlgError:
                return np.inf, np.zeros_like(x)

        def run(x):
            return minimize(guarded, np.where(self.free_diagonal & (np.abs(x) < NUDGE), NUDGE, x),
                            jac=True, method="BFGS", options={"gtol": 1e-5})

        found = run(start)
        if np.any(np.abs(found.x[self.free_diagonal]) < 1e-3):  # a lower minimum elsewhere?
            again = run(np.where(self.free_diagonal, 1.0, start))
            found = min(found, again, key=lambda end: end.fun)
        return float(found.fun), found.x


class _SdCurve(_RandomCurve):
    """The first theta of the term is v / sigma; the search is over log sigma and the others."""

    low = 0.0

    def begin(self, phi, sigma):
        self.free_diagonal = np.append(np.delete(self.diagonal, self.at), False)
        return np.append(np.delete(phi, self.at), np.log(sigma))

    def least(self, value, start):
        def objective(x):
            sigma = np.exp(x[-1])
            theta = np.insert(x[:-1], self.at, 0.0) / self.units
            theta[self.at] = value / sigma
            criterion = GivenSigma(self.products, False, sigma)
            d, g = criterion.value_and_gradient(theta)
            slope = criterion.slope - g[self.at] * theta[self.at]
            return d, np.append(np.delete(g / self.units, self.at), slope)
        return self.search(objective, start)

    def first(self):
        return max(self.estimate, 1e-3 * np.exp(self.start[-1]) / self.units[self.at])


class _CorrCurve(_RandomCurve):
    """The first two rows of lambda are (s, 0) and t (v, sqrt(1 - v^2)) with s, t >= 0, for a change
    of sign would turn v into -v; the search is over sqrt(s), sqrt(t) and the other thetas."""

    low, high = -1.0, 1.0

    def to(self, v):
        return np.arctanh(v)

    def back(self, c):
        return np.tanh(c)

    def first(self):
        return np.clip(self.estimate, -0.999, 0.999)

    def begin(self, phi, sigma):
        self.pair = [self.at + 1, self.at + self.k]  # places of (2, 1) and (2, 2) in theta
        self.roots = [self.at, self.pair[1] - 1]     # places of sqrt(s) and sqrt(t) in the search
        self.free_diagonal = np.delete(self.diagonal, self.pair[0])
        x = np.delete(phi, self.pair[0])
        x[self.roots] = np.sqrt([phi[self.at], np.linalg.norm(phi[self.pair])])
        return x

    def least(self, value, start):
        M = np.insert(np.eye(len(self.units) - 1), self.pair[0], 0.0, axis=0)
        M[self.pair, self.roots[1]] = value, np.sqrt(max(0.0, 1 - value ** 2))
        criterion = ProfiledCriterion(self.products, reml=False)

        def objective(x):
            free, slope = x.copy(), np.ones_like(x)
            free[self.roots], slope[self.roots] = x[self.roots] ** 2, 2 * x[self.roots]
            d, g = criterion.value_and_gradient(M @ free / self.units)
            return d, slope * (M.T @ (g / self.units))
        return self.search(objective, start)


def _plot_profile(profiled, level):
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, INK, ORANGE, STYLE, short

    curves = [curve for curve in profiled.curves if np.isfinite(curve.estimate)]
    if not 1 <= len(curves) <= PANELS:
        raise ValueError(f"{len(curves)} profiles to draw; choose 1 to {PANELS} of them, "
                         'for instance profile(fit, "random")')
    z, table = z_value(level), profiled.table
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    limits = []
    with plt.rc_context(STYLE):
        panels = plt.subplots(rows, columns, figsize=(3.1 * columns, 2.7 * rows), squeeze=False,
                              sharey=True)[1].ravel()
        for panel in panels[len(curves):]:
            panel.remove()
        for k, (panel, curve) in enumerate(zip(panels, curves)):
            points = table[table.parameter == curve.parameter.label]
            lower, upper = curve.limit(-1, z), curve.limit(1, z)
            panel.axhline(0, color=GREY, linewidth=0.8)
            slope = _slope_at_estimate(points, curve.estimate)
            ends = curve.estimate + np.array([-1, 1]) * 2.6 / slope
            panel.plot(ends, [-2.6, 2.6], ":", color=ORANGE, label="Wald")
            panel.plot(points.value, points.zeta, "-o", color=BLUE, markersize=3, label="profile")
            for v in (lower, upper):
                panel.plot([v, v], [0, curve.zeta(v)], "--", color=INK, linewidth=1)
            panel.plot([lower, upper], [0, 0], color=INK, linewidth=3, solid_capstyle="butt",
                       label=f"{level:.0%}")
            margin = 0.06 * np.ptp(points.value)
            panel.set(title=curve.parameter.label,
                      xlim=(points.value.min() - margin, points.value.max() + margin))
            if k % columns == 0:
                panel.set_ylabel(r"$\zeta$")
            limits.append((lower, curve.estimate, upper))
        panels[0].legend(loc="upper left", fontsize=8)
    arms = np.diff(limits, axis=1)
    least_even = int(np.abs(np.diff(np.log(arms + 1e-300))).argmax())
    lower, _, upper = limits[least_even]
    below, above = arms[least_even]
    return (f"{len(curves)} profiles, {level:.0%} intervals; the least even is "
            f"{curves[least_even].parameter.label}: {short(lower)} to {short(upper)}, "
            f"{short(below, 3)} below the estimate and {short(above, 3)} above it.")


def _slope_at_estimate(points, estimate):
    """d zeta / d value from the neighbours of the estimate: the Wald line."""
    at = int(np.flatnonzero(points.value.to_numpy() == estimate)[0])
    near = points.iloc[[max(0, at - 1), min(len(points) - 1, at + 1)]]
    return float(np.ptp(near.zeta) / np.ptp(near.value))


# --- bootstrap ----------------------------------------------------------------------------


def bootstrap(fit, n=1000, seed=None, statistic=None, processes=2, conditional=False):
    r"""Parametric bootstrap: simulate from the fitted model, fit again, and see what varies.

    ``y* = X beta_hat + Z u* + e*`` with new ``u* ~ N(0, G_hat)`` and new ``e*``; the refit needs
    only the products with y*.

    Parameters
    ----------
    fit : Fit
    n : int
        Number of simulated data sets.
    seed : int, optional
        Draw i depends on (seed, i) alone, so the number of processes does not matter.
    statistic : function, optional
        What to keep of every refit: takes a Fit, returns a number, an array, a dict or a
        Series. By default all parameters: SDs, correlations, sigma, beta.
    processes : int
        A second process is started only if the work would last longer than its start, and
        if `statistic` lives in a module that it can import.
    conditional : bool
        True keeps the predicted b in place of u*. The groups then never vary, and standard
        errors of beta come out too small: for teaching the difference, not for intervals.

    Returns
    -------
    Bootstrap
        With `replicates`, `se`, `bias`, `table` and `confint(level, kind)`.

    Raises
    ------
    ValueError
        For n < 2, processes < 1, or a fit without random effects.

    References
    ----------
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 6 and 13.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    >>> boot = bootstrap(fit, n=50, seed=1)
    >>> boot.replicates.shape, list(boot.se.index)
    ((50, 3), ['sd(Intercept | school)', 'sigma', 'Intercept'])
    """
    check_fit(fit, "bootstrap")
    if not isinstance(fit, Fit):
        raise ValueError("bootstrap simulates random effects, and this fit has none; use "
                         "confint(fit)")
    if n < 2 or processes < 1:
        raise ValueError(f"n={n} and processes={processes}: at least 2 draws by 1 process are "
                         "needed")
    job = _Job(fit, statistic, conditional)
    parameters, estimate = job.original()
    sequence = np.random.SeedSequence(seed)
    draws = np.array(list(_run(job, sequence.spawn(n), processes)))
    return Bootstrap(fit, parameters, estimate, draws, sequence.entropy, conditional)


class Bootstrap:
    """Simulated refits of one model.

    Attributes
    ----------
    replicates : DataFrame
        One row per simulated data set, one column per parameter; NaN where a refit failed.
    estimate, se, bias : Series
        The original estimate, the SD of the replicates, their mean less the estimate.
    table : Table
        estimate, bias, se.
    seed : int
        What reproduces the draws.
    """

    def __init__(self, fit, parameters, estimate, draws, seed, conditional=False):
        self.fit, self.parameters, self.seed = fit, parameters, seed
        labels = [p.label for p in parameters]
        self.estimate = pd.Series(estimate, index=labels)
        self.replicates = replicates = pd.DataFrame(draws, columns=labels)
        self.se, self.bias = replicates.std(), replicates.mean() - self.estimate
        self.notes = [f"Formula: {fit.formula} ({'REML' if fit.reml else 'ML'})",
                      f"{len(replicates)} simulated data sets, seed {seed}."]
        if conditional:
            self.notes.append("The predicted b were kept: variation between groups is left out.")
        failed = int(replicates.isna().all(axis=1).sum())
        if failed:
            self.notes.append(f"{failed} refits failed and are left out.")
        sds = replicates.to_numpy()[:, [p.kind == "sd" for p in parameters]]
        zero = int((sds < 1e-4 * fit.sigma).any(axis=1).sum())
        if zero:
            self.notes.append(f"In {zero} of them an SD was estimated as zero.")

    @property
    def table(self):
        columns = {"estimate": self.estimate, "bias": self.bias, "se": self.se}
        return Table(pd.DataFrame(columns), title="Parametric bootstrap", notes=self.notes,
                     digits={"estimate": 5})

    def confint(self, level=0.95, kind="percentile", parameters=None):
        """Intervals from the replicates.

        "percentile": their quantiles. "basic": ``2 estimate - quantiles``. "normal":
        ``estimate - bias +- z se``. SDs and correlations are cut at the ends of their range.
        """
        z = z_value(level)
        tails = [(1 - level) / 2, (1 + level) / 2]
        quantiles = self.replicates.quantile(tails).to_numpy()
        if kind == "percentile":
            lower, upper = quantiles
        elif kind == "basic":
            upper, lower = 2 * self.estimate.to_numpy() - quantiles
        elif kind == "normal":
            middle, half = (self.estimate - self.bias).to_numpy(), z * self.se.to_numpy()
            lower, upper = middle - half, middle + half
        else:
            raise ValueError(f"kind={kind!r} is unknown; use 'percentile', 'basic' or 'normal'")
        chosen = _choose(self.parameters, parameters)
        ends = np.array([ENDS.get(p.kind, (-np.inf, np.inf)) for p in self.parameters]).T
        lower, upper = (np.clip(limit, *ends)[chosen] for limit in (lower, upper))
        title = f"Bootstrap intervals ({kind}), {level:.0%}"
        return _interval_table([self.parameters[r] for r in chosen], self.estimate.iloc[chosen],
                               lower, upper, title, self.notes)

    def __repr__(self):
        return str(self.table)

    def _repr_html_(self):
        return self.table._repr_html_()


class _Job:
    """What a process needs for one draw after another."""

    def __init__(self, fit, statistic, conditional):
        self.fit, self.statistic, self.conditional = fit, statistic, conditional
        self.terms = [(term.codes, term.x) for term in fit.terms]
        self.size = len(model_parameters(fit))

    def original(self):
        """The parameters (or the parts of the statistic), and their values in the fit itself."""
        if self.statistic is None:
            return model_parameters(self.fit), _estimates(self.fit)
        value = self.statistic(self.fit)
        if isinstance(value, (dict, pd.Series)):
            names, value = list(value.keys()), [*pd.Series(value)]
        elif np.ndim(value) > 1:
            raise ValueError("the statistic must be a number, a 1-d array, a dict or a Series, "
                             "not a table")
        else:
            names = [f"statistic[{i}]" for i in range(np.size(value))]
            names = names if np.ndim(value) else ["statistic"]
        self.size, value = len(names), np.atleast_1d(np.asarray(value, float))
        return [Parameter(str(name), "statistic") for name in names], value

    def draw(self, seed):
        fit = self.fit
        y = fit.simulate(1, np.random.default_rng(seed), self.conditional).to_numpy()[:, 0]
        try:
            if self.statistic is not None:
                value = self.statistic(fit.refit(y))
                value = [*value.values()] if isinstance(value, dict) else value
                return np.atleast_1d(np.asarray(value, float))
            design = fit.design
            products = fit.products.with_response(y, design.X, self.terms, design.weights)
            criterion = ProfiledCriterion(products, fit.reml)
            theta = minimise(criterion)[0]
            solution = criterion.solution(theta)
        except LinAlgError:
            return np.full(self.size, np.nan)
        return estimates(products, theta, np.sqrt(solution.sigma2), solution.beta)


def _run(job, seeds, processes):
    """Yield the draws in order, in this process or in several."""
    start = perf_counter()
    yield job.draw(seeds[0])
    seeds, one = seeds[1:], perf_counter() - start
    pickled = _pickled(job) if processes > 1 and one * len(seeds) > WORTH_IT else None
    if pickled is None:
        yield from progress(map(job.draw, seeds), "bootstrap", total=len(seeds))
        return
    size = max(1, len(seeds) // (8 * processes))
    pieces = [seeds[a:a + size] for a in range(0, len(seeds), size)]
    with ProcessPoolExecutor(processes, get_context("spawn"), _receive, (pickled,)) as pool:
        with _plain_children():
            work = [pool.submit(_draws, piece) for piece in pieces]
        try:
            for piece in progress(work, "bootstrap", total=len(work)):
                yield from piece.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _pickled(job):
    """The job as bytes; None for functions of a notebook or script, which others cannot read."""
    if getattr(job.statistic, "__module__", None) == "__main__":
        return None
    try:
        return pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


@contextmanager
def _plain_children():
    """Processes started here import mmteach but not the caller's script, and compute on one thread.

    A new process would run the main script again, which starts a bootstrap again, unless
    every caller wrote ``if __name__ == "__main__"``.
    """
    main, before = sys.modules["__main__"], {name: os.environ.get(name) for name in THREADS}
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _receive(pickled):
    global _job
    _job = pickle.loads(pickled)


def _draws(seeds):
    return [_job.draw(seed) for seed in seeds]
