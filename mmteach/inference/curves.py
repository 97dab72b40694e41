r"""One likelihood profile: d(v), with a parameter held at v and all others at their best.

    zeta(v) = sign(v - v_hat) sqrt(d(v) - d_min),    limits where |zeta| = z

Each kind of parameter has its own way to be held: beta_j leaves X and y - x_j v takes the place of
y; sigma is given; an SD or a correlation takes the first theta of its term.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, solve_triangular
from scipy.optimize import brentq, minimize

from ..engine.criterion import GivenSigma, ProfiledCriterion
from ..engine.crossproducts import with_effects
from ..engine.search import minimise

NUDGE = 0.1       # where the search starts for a theta that stood at zero, in units of Z


def curve_of(fit, parameter, estimate):
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
