r"""A parameter held at a value v: -2 log-likelihood (ML) as a function of all the others.

    beta_j = v    r^2 + (v - beta_j)^2 / C_jj  in place of r^2,   C = (X'V0^-1 X)^-1
    sigma = v     sigma is not profiled out
    sd = v        the first theta of its term is v / sigma
    corr = v      the first two rows of lambda are s (1, 0) and t (v, sqrt(1 - v^2))

Each of them gives d, its exact gradient in the other parameters x, and its exact slope in v.
x are theta in units of Z (`theta_units`), log sigma, and square roots of s and t.
"""

from dataclasses import replace

import numpy as np

from ..engine.criterion import GivenSigma, ProfiledCriterion
from ..engine.crossproducts import with_effects
from ..engine.linalg import solve_lower, solve_upper
from ..textbook.matrices import triangle


class GivenBeta(ProfiledCriterion):
    """-2 log-likelihood (ML) as a function of theta with one combination of beta held.

    With l the combination in the columns of Q and c = l'(Rx Rx')^-1 l, the best beta subject to
    ``l'beta = value`` raises r^2 by ``(value - l'beta)^2 / c``.
    """

    def __init__(self, products, l, value):
        super().__init__(products, reml=False)
        self.l, self.value = l, value

    def state(self, theta):
        s = super().state(theta)
        half = solve_lower(s.Rx, self.l)
        away, c = self.value - self.l @ s.beta, half @ half
        r2 = s.r2 + away**2 / c
        self.slope = 2 * s.m * away / (c * r2)
        beta = s.beta + solve_lower(s.Rx, half, transpose=True) * (away / c)
        return replace(s, value=s.value + s.m * np.log(r2 / s.r2), beta=beta, r2=r2)


class Held:
    """What all kinds have.

    Attributes
    ----------
    low, high : the ends of the range of v
    ends : those of them that can be reached
    to, back : the scale of v on which d is closer to a parabola, and the way back
    stretch : d v / d (that scale)
    first, step : where the way to a limit begins, and a first step on that scale
    start : x at the estimate
    diagonal : for each x, whether it is a diagonal element of lambda
    column : for each x, the column of lambda that changes its sign with it
    """

    ends = ()

    def upright(self, x):
        """The same lambda lambda' with no diagonal below zero."""
        for i in np.flatnonzero(self.diagonal & (x < 0)):
            x = np.where(self.column == self.column[i], -x, x)
        return x


class _OverTheta(Held):
    """What is left to search are the thetas, all of them."""

    def __init__(self, fit):
        self.products = fit.products
        self.units, self.diagonal = fit.products.theta_units(), fit.products.diagonal_places()
        self.column = columns_of_lambda(fit.products)
        self.start = fit.theta * self.units

    def value(self, v, x):
        criterion = self.given(v)
        d, gradient = criterion.value_and_gradient(x / self.units)
        return d, gradient / self.units, self.slope(criterion, v)


class HeldBeta(_OverTheta):
    low, high = -np.inf, np.inf
    to, back, stretch = staticmethod(float), staticmethod(float), staticmethod(lambda v: 1.0)

    def __init__(self, fit, parameter, estimate):
        super().__init__(fit)
        j, R = parameter.i, fit.products.R
        self.l = solve_upper(R, np.eye(len(R))[j], transpose=True)
        self.offset = fit.products.start[j]
        self.step, self.first = fit.se.dropna().iloc[j], estimate

    def given(self, v):
        return GivenBeta(self.products, self.l, v - self.offset)

    def slope(self, criterion, v):
        return criterion.slope


class HeldSigma(_OverTheta):
    low, high = np.nextafter(0, 1), np.inf  # at zero itself there is no likelihood
    to, back, stretch = staticmethod(np.log), staticmethod(np.exp), staticmethod(lambda v: v)

    def __init__(self, fit, parameter, estimate):
        super().__init__(fit)
        self.step, self.first = 1 / np.sqrt(2 * fit.nobs), estimate

    def given(self, v):
        return GivenSigma(self.products, False, v)

    def slope(self, criterion, v):
        return criterion.slope / v


class _OfATerm(Held):
    """An SD or a correlation: its effects come first in their term, where one theta is fixed."""

    step = 0.3

    def __init__(self, fit, parameter, estimate):
        p, k = parameter, fit.products.k[parameter.term]
        first = [p.i] if p.j < 0 else [p.j, p.i]
        order = first + [a for a in range(k) if a not in first]
        T = [np.eye(j) for j in fit.products.k]
        T[p.term] = np.eye(k)[:, order]
        self.products = with_effects(fit.products, T)
        lambdas = fit.products.lambdas(fit.theta)
        lambdas[p.term] = np.linalg.qr(lambdas[p.term][order].T)[1].T  # triangular again
        lambdas = [lam * np.where(np.diag(lam) < 0, -1.0, 1.0) for lam in lambdas]
        self.at, self.k = sum(j * (j + 1) // 2 for j in fit.products.k[: p.term]), k
        self.units = self.products.theta_units()
        self.column = columns_of_lambda(self.products)
        self.begin(self.products.theta_from(lambdas) * self.units, fit.sigma, estimate)


class HeldSd(_OfATerm):
    low, high, ends = 0.0, np.inf, (0.0,)
    to, back, stretch = staticmethod(np.log), staticmethod(np.exp), staticmethod(lambda v: v)

    def begin(self, phi, sigma, estimate):
        self.diagonal = np.append(np.delete(self.products.diagonal_places(), self.at), False)
        self.column = np.append(np.delete(self.column, self.at), -1)
        self.start = np.append(np.delete(phi, self.at), np.log(sigma))
        self.first = max(estimate, 1e-3 * sigma / self.units[self.at])

    def value(self, v, x):
        sigma = np.exp(x[-1])
        theta = np.insert(x[:-1], self.at, 0.0) / self.units
        theta[self.at] = v / sigma
        criterion = GivenSigma(self.products, False, sigma)
        d, g = criterion.value_and_gradient(theta)
        in_log_sigma = criterion.slope - g[self.at] * theta[self.at]
        return d, np.append(np.delete(g / self.units, self.at), in_log_sigma), g[self.at] / sigma


class HeldCorr(_OfATerm):
    """s, t >= 0, for a change of sign would turn v into -v; so the search is over their roots."""

    low, high, ends = -1.0, 1.0, (-1.0, 1.0)
    to, back = staticmethod(np.arctanh), staticmethod(np.tanh)
    stretch = staticmethod(lambda v: 1 - v**2)

    def begin(self, phi, sigma, estimate):
        self.pair = [self.at + 1, self.at + self.k]  # places of (2, 1) and (2, 2) in theta
        self.roots = [self.at, self.pair[1] - 1]  # places of sqrt(s) and sqrt(t) in x
        self.diagonal = np.delete(self.products.diagonal_places(), self.pair[0])
        self.column = np.delete(self.column, self.pair[0])
        self.column[self.roots] = -1, -2  # a root changes its own sign only
        self.start = np.delete(phi, self.pair[0])
        self.start[self.roots] = np.sqrt([phi[self.at], np.linalg.norm(phi[self.pair])])
        self.first = np.clip(estimate, -0.999, 0.999)
        self.criterion = ProfiledCriterion(self.products, reml=False)

    def value(self, v, x):
        across = np.sqrt(max(0.0, 1 - v**2))
        M = np.insert(np.eye(len(x)), self.pair[0], 0.0, axis=0)
        M[self.pair, self.roots[1]] = v, across
        free, chain = x.copy(), np.ones_like(x)
        free[self.roots], chain[self.roots] = x[self.roots] ** 2, 2 * x[self.roots]
        d, g = self.criterion.value_and_gradient(M @ free / self.units)
        g = g / self.units
        turn = g[self.pair[0]] - g[self.pair[1]] * v / across if across else np.nan
        return d, chain * (M.T @ g), turn * free[self.roots[1]]


def columns_of_lambda(products):
    """For each theta a number for its column of lambda."""
    number, out = 0, []
    for k in products.k:
        out.append(number + triangle(k)[0])
        number += k
    return np.concatenate(out)


KINDS = {"fixed": HeldBeta, "sigma": HeldSigma, "sd": HeldSd, "corr": HeldCorr}
