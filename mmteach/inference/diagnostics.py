r"""Checking a model: residuals, leverage, and data simulated from the fit itself.

    y_hat = H y,   H = W C W'    (C: Henderson's inverse over sigma^2, W = [X Z])
    Var(y - y_hat) = sigma^2 (I - H)

so that e_i / (sigma sqrt(1 - h_i)) has variance 1 for every row, in mixed models as in least
squares; prior weights multiply the rows by sqrt(w).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..engine.threads import is_small, one_thread
from ..guards import check_fit, check_seed, text, truth, whole
from ..tables import Table, significant
from .variation import Absorbed

if TYPE_CHECKING:
    from ..engine.fit import Fit
    from ..engine.linear import LinearFit

MANY_CELLS = 5e7  # rows x simulations that are kept: 0.4 GB
CELLS_AT_ONCE = 5e6  # of them are simulated, and ranked, at one time


# --- leverage, standardised residuals, Cook's distance ------------------------------------


def influence(fit: Fit | LinearFit) -> Table:
    r"""Leverage, standardised residual and Cook's distance of every row.

    ``h_i = d y_hat_i / d y_i`` at the estimated variances, the diagonal of H; ``t_i = sqrt(w_i)
    e_i / (sigma sqrt(1 - h_i))``; ``D_i = t_i^2 h_i / ((1 - h_i) p)``. For a mixed model y_hat
    includes the BLUPs and p counts the fixed effects, so that h adds up to the effective
    number of parameters, between p and p + q.

    Parameters
    ----------
    fit : fit of `lmm` or `lm`

    Returns
    -------
    Table
        One row per observation: fitted, residual, standardised, leverage, cooks_distance.

    Raises
    ------
    ValueError
        For a streamed fit, whose rows are not kept.

    References
    ----------
    Cook (1977), Technometrics 19, 15-18; Demidenko and Stukel (2005), Stat. Med. 24, 893-909.

    Examples
    --------
    >>> import mmteach as mm
    >>> table = influence(mm.lmm("score ~ 1 + (1 | school)", mm.load("schools")))
    >>> float(table.leverage.sum().round(3)), int(table.cooks_distance.idxmax())
    (2.48, 7)
    """
    check_fit(fit, "influence")
    residual, weights = fit.residuals, fit.design.row_weights
    h = weights * _leverage_without_weights(fit)
    # a row that alone decides its own mean has h = 1 and no residual to standardise
    left = np.where(1 - h > 1e-10, 1 - h, np.nan)
    t = np.sqrt(weights) * residual.to_numpy() / (fit.sigma * np.sqrt(left))
    p = len(fit.cov_beta)
    table = pd.DataFrame(
        {
            "fitted": fit.fitted,
            "residual": residual,
            "standardised": t,
            "leverage": h,
            "cooks_distance": t**2 * h / (left * (p or np.nan)),
        }
    )
    table.index = pd.Index(np.asarray(table.index))  # row numbers are worth showing
    notes = [f"The leverages add up to {significant(h.sum())}; {p} fixed effects."]
    if np.isnan(left).any():
        notes.append(f"{np.isnan(left).sum()} rows decide their own fitted value (leverage 1): NA.")
    return Table(table, title=f"Influence of each row: {fit.formula}", notes=notes)


def _leverage_without_weights(fit):
    """diag(W C W') without laying out W, and without C of the term with most levels."""
    if not fit.random:
        return fit.predict(se=True).se.to_numpy() ** 2 / fit.sigma2
    with one_thread(is_small(fit.products)):
        return Absorbed(fit).mean_variance(fit.X.to_numpy())


# --- residuals against simulations --------------------------------------------------------


def simulated_residuals(
    fit: Fit | LinearFit,
    n: int = 250,
    seed: int | np.random.Generator | None = None,
    conditional: bool = False,
) -> SimulatedResiduals:
    r"""Where every observation stands among data simulated from the fit: 0 lowest, 1 highest.

    ``u_i = (rank of y_i among y_i and n simulated y*_i - 1/2) / (n + 1)``. If the model is right
    every u_i is uniform, whatever its distribution. Rows of one group rise and fall together,
    so the usual p-value of a uniformity test would not hold; here the Kolmogorov-Smirnov
    distance of the data is compared with that of each simulated data set ranked the same way.
    Parameters fitted to the data bring them closer to the model than simulations are, so p errs
    on the large side.

    Parameters
    ----------
    fit : fit of `lmm` or `lm`
    n : int
        Number of simulated data sets.
    seed : int, optional
    conditional : bool
        Simulate around the BLUPs instead of with new random effects.

    Returns
    -------
    SimulatedResiduals
        With `values`, `distance`, `p` and `plot()`.

    Raises
    ------
    ValueError
        For n < 19, or more cells than fit into memory.

    References
    ----------
    Dunn and Smyth (1996), J. Comput. Graph. Stat. 5, 236-244; Besag and Clifford (1989),
    Biometrika 76, 633-642.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    >>> simulated = simulated_residuals(fit, seed=1)
    >>> len(simulated.values), bool(simulated.values.between(0, 1).all())
    (180, True)
    """
    check_fit(fit, "simulated_residuals")
    n = whole("n", n)
    check_seed(seed)
    truth("conditional", conditional)
    if n < 19:
        raise ValueError(f"n={n} simulations cannot give a p-value of 0.05; use 19 or more")
    if fit.nobs * n > MANY_CELLS:
        most = int(MANY_CELLS / fit.nobs)
        raise ValueError(
            f"{fit.nobs} rows and n={n} simulations are too many to rank at one time; "
            + f"use n={most}, or " * (most >= 19)
            + "fit a part of the data"
        )
    U = np.empty((fit.nobs, n + 1))
    U[:, 0] = fit.y
    rng, step = np.random.default_rng(seed), max(1, int(CELLS_AT_ONCE / fit.nobs))
    rows = max(1, int(CELLS_AT_ONCE / n))
    for a in range(1, n + 1, step):
        U[:, a : a + step] = fit.simulate(min(step, n + 1 - a), rng, conditional)
    for a in range(0, fit.nobs, rows):
        places = np.argsort(U[a : a + rows], axis=1)
        np.put_along_axis(U[a : a + rows], places, (np.arange(n + 1) + 0.5) / (n + 1), axis=1)
    distances = np.concatenate(
        [uniform_distance(U[:, a : a + step]) for a in range(0, n + 1, step)]
    )
    return SimulatedResiduals(
        fit,
        pd.Series(U[:, 0], index=fit.y.index, name="simulated_residual"),
        distances[0],
        float(np.mean(distances >= distances[0] - 1e-12)),
        n,
    )


def uniform_distance(U):
    """Kolmogorov-Smirnov distance of every column of U from the uniform distribution.

    >>> uniform_distance(np.array([[0.25], [0.75]]))
    array([0.25])
    """
    U = np.sort(U, axis=0)
    steps = np.arange(1, len(U) + 1)[:, None] / len(U)
    return np.maximum(steps - U, U - steps + 1 / len(U)).max(axis=0)


class SimulatedResiduals:
    """Scaled residuals of one fit.

    Attributes
    ----------
    values : Series
        Between 0 and 1, one per row.
    distance : float
        Kolmogorov-Smirnov distance from the uniform distribution.
    p : float
        Share of the data sets (simulated and observed) with at least this distance.
    n : int
        Number of simulations.
    """

    def __init__(self, fit, values, distance, p, n):
        self.fit, self.values, self.distance, self.p, self.n = fit, values, float(distance), p, n

    @property
    def outside(self):
        """Number of rows below or above all their simulations."""
        return int(((self.values < 1 / (self.n + 1)) | (self.values > self.n / (self.n + 1))).sum())

    def plot(self, title=None):
        """Q-Q plot against the uniform, and residuals against the population mean."""
        import matplotlib.pyplot as plt

        from ..plots import BLUE, GREY, INK, STYLE

        text("title", title)
        u = self.values.to_numpy()
        mean = _population_mean(self.fit)
        with plt.rc_context(STYLE):
            left, right = plt.subplots(1, 2, figsize=(9.0, 3.6))[1]
            left.plot([0, 1], [0, 1], color=GREY)
            left.plot((np.arange(len(u)) + 0.5) / len(u), np.sort(u), "o", markersize=3, color=BLUE)
            left.set(
                xlabel="expected if the model holds", ylabel="simulated residual", aspect="equal"
            )
            right.plot(mean, u, "o", markersize=3, color=BLUE, alpha=0.6)
            x, quartiles = by_fifths(mean, u, lambda v: np.quantile(v, [0.25, 0.5, 0.75]))
            for q, style in zip((0.25, 0.5, 0.75), ("--", "-", "--")):
                right.axhline(q, color=GREY, linewidth=0.8, linestyle=style)
            for values, style in zip(quartiles.T, ("--", "-", "--")):
                right.plot(x, values, style, color=INK, marker="s", markersize=4)
            right.set(xlabel="population mean", ylabel="simulated residual")
            if title:
                left.set_title(title)
        return str(self)

    def __str__(self):
        medians = by_fifths(_population_mean(self.fit), self.values.to_numpy(), np.median)[1]
        return (
            f"{len(self.values)} simulated residuals: distance from uniform {self.distance:.3f}, "
            f"p = {self.p:.3f} against {self.n} simulated data sets; {self.outside} lie outside "
            f"all their simulations (about {2 * len(self.values) / (self.n + 1):.1f} expected); "
            f"medians by fifths of the population mean {medians.min():.2f} to {medians.max():.2f}."
        )

    __repr__ = __str__


def _population_mean(fit):
    return fit.predict(groups="population").to_numpy()


def by_fifths(x, y, summary):
    """Mean of x and summary of y in five groups of rows, from the smallest x to the largest.

    Rows with the same x stay together, so there are fewer groups where x has few values.
    """
    x, y = np.asarray(x), np.asarray(y)
    groups = np.unique(x, return_inverse=True)[1]
    if groups.max() >= 5:
        groups = np.floor(5 * (pd.Series(x).rank().to_numpy() - 0.5) / len(x))
    codes = pd.factorize(groups, sort=True)[0]
    rows = [codes == g for g in range(codes.max() + 1)]
    return np.array([x[r].mean() for r in rows]), np.array([summary(y[r]) for r in rows])
