r"""Parametric bootstrap: refit y* = X beta + Z u* + e*, again and again.

se = SD of the replicates,    bias = their mean - estimate
"""

from __future__ import annotations

import pickle
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError

from ..engine.criterion import ProfiledCriterion
from ..engine.search import minimise
from ..engine.threads import is_small, one_thread
from ..guards import check_fit, one_of, truth, whole
from ..progress import progress
from ..tables import Table
from ..words import listed, shown
from . import workers
from .parameters import (
    ENDS,
    Parameter,
    choose,
    estimates,
    estimates_of,
    interval_table,
    model_parameters,
    z_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..engine.fit import Fit

WORTH_IT = 4.0  # seconds of work that repay the start of other processes
MOST_DRAWS = 1_000_000
PIECE = 0.25  # seconds of work that a process gets at a time
KINDS = ("percentile", "basic", "normal")


def bootstrap(
    fit: Fit,
    n: int = 1000,
    seed: int | None = None,
    statistic: Callable | None = None,
    processes: int = 2 if workers.CAN_START else 1,
    conditional: bool = False,
) -> Bootstrap:
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
        For n < 2, processes < 1, or more than one where Python cannot start others (in a browser),
        a statistic that does not return numbers, or a fit without random effects.

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
    if not fit.random:
        raise ValueError(
            "bootstrap simulates random effects, and this fit has none; use confint(fit)"
        )
    n, processes = whole("n", n, least=0, most=MOST_DRAWS), whole("processes", processes, least=0)
    if n < 2 or processes < 1:
        raise ValueError(
            f"n={n} and processes={processes}: at least 2 draws by 1 process are needed"
        )
    if processes > 1 and not workers.CAN_START:
        raise ValueError(
            f"processes={processes}: this Python cannot start other processes (one in "
            "a browser never can); use processes=1"
        )
    if seed is not None:
        seed = whole("seed", seed, least=0)
    truth("conditional", conditional)
    if statistic is not None and not callable(statistic):
        raise ValueError(
            f"statistic is {shown(statistic)}; give a function of a fit, such as "
            "lambda fit: fit.sigma"
        )
    seed = np.random.SeedSequence(seed).entropy
    job = _Job(fit, statistic, conditional, seed)
    parameters, estimate = job.original()
    draws = np.array(list(_run(job, n, processes)))
    return Bootstrap(fit, parameters, estimate, draws, seed, conditional)


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
        self.notes = [
            f"Formula: {fit.formula} ({'REML' if fit.reml else 'ML'})",
            f"{len(replicates)} simulated data sets, seed {seed}.",
        ]
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
        return Table(
            pd.DataFrame(columns),
            title="Parametric bootstrap",
            notes=self.notes,
            digits={"estimate": 5},
        )

    def confint(self, level=0.95, kind="percentile", parameters=None):
        """Intervals from the replicates.

        "percentile": their quantiles. "basic": ``2 estimate - quantiles``. "normal":
        ``estimate - bias +- z se``. SDs and correlations are cut at the ends of their range.
        """
        z = z_value(level)
        one_of("kind", kind, KINDS)
        chosen = choose(self.parameters, parameters)
        tails = [(1 - level) / 2, (1 + level) / 2]
        quantiles = self.replicates.quantile(tails).to_numpy()
        if kind == "percentile":
            lower, upper = quantiles
        elif kind == "basic":
            upper, lower = 2 * self.estimate.to_numpy() - quantiles
        else:
            middle, half = (self.estimate - self.bias).to_numpy(), z * self.se.to_numpy()
            lower, upper = middle - half, middle + half
        ends = np.array([ENDS.get(p.kind, (-np.inf, np.inf)) for p in self.parameters]).T
        lower, upper = (np.clip(limit, *ends)[chosen] for limit in (lower, upper))
        title = f"Bootstrap intervals ({kind}), {level:.0%}"
        return interval_table(
            [self.parameters[r] for r in chosen],
            self.estimate.iloc[chosen],
            lower,
            upper,
            title,
            self.notes,
        )

    def __repr__(self):
        return str(self.table)

    def _repr_html_(self):
        return self.table._repr_html_()


def finite_or_missing(value):
    """What a statistic returned as numbers; NaN is one that could not be had."""
    try:
        if value is None or isinstance(value, (str, bytes)):
            raise TypeError
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"the statistic returned {shown(value)}; let it return a number, or "
            "several by name, such as lambda fit: fit.sigma"
        ) from None


class _Job:
    """What a process needs for one draw after another."""

    def __init__(self, fit, statistic, conditional, seed):
        self.fit, self.statistic, self.conditional, self.seed = fit, statistic, conditional, seed
        self.terms = [(term.codes, term.x) for term in fit.terms]
        self.names = None  # of the parts of a statistic that returns a dict or a Series
        self.size = len(model_parameters(fit)) if statistic is None else None

    def __call__(self, numbers):
        return [self.draw(i) for i in numbers]

    def original(self):
        """The parameters (or the parts of the statistic), and their values in the fit itself."""
        if self.statistic is None:
            return model_parameters(self.fit), estimates_of(self.fit)
        try:
            with one_thread(is_small(self.fit.products)):
                value = self.statistic(self.fit)
        except Exception as error:
            raise ValueError(
                f"statistic fails with the fit itself ({type(error).__name__}: "
                f"{shown(str(error))}); give a function of a fit, such as "
                "lambda fit: fit.sigma"
            ) from error
        if isinstance(value, (dict, pd.Series)):
            self.names = list(value.keys())
        elif np.ndim(value) > 1:
            raise ValueError(
                "the statistic must be a number, a 1-d array, a dict or a Series, not a table"
            )
        else:
            self.labels = [f"statistic[{i}]" for i in range(np.size(value))]
            self.labels = self.labels if np.ndim(value) else ["statistic"]
        value = self.numbers(value)
        self.size = len(value)
        return [Parameter(str(name), "statistic") for name in self.names or self.labels], value

    def numbers(self, value):
        """What the statistic returned as an array, in the order of its first time."""
        if self.names is not None:
            if not isinstance(value, (dict, pd.Series)) or set(value.keys()) != set(self.names):
                raise ValueError(
                    f"the statistic gave {listed(self.names, 4)} for the fit, but "
                    f"{shown(value)} for simulated data; it must give the same names "
                    "every time"
                )
            value = [value[name] for name in self.names]
        value = np.atleast_1d(finite_or_missing(value))
        if not value.size or self.size not in (None, len(value)):
            instead = f" for simulated data, but {self.size} for the fit" if value.size else ""
            raise ValueError(
                f"the statistic gave {len(value)} numbers{instead}; it must give as "
                "many every time, and one at least"
            )
        return value

    def draw(self, i):
        fit, seed = self.fit, np.random.SeedSequence(self.seed, spawn_key=(i,))
        with one_thread(is_small(fit.products)):
            y = fit.simulate(1, np.random.default_rng(seed), self.conditional).to_numpy()[:, 0]
            return self.refitted(y)

    def refitted(self, y):
        """The parameters, or the statistic, for another response; NaN if its fit fails."""
        fit = self.fit
        try:
            if self.statistic is not None:
                return self.numbers(self.statistic(fit.refit(y)))
            design = fit.design
            products = fit.products.with_response(
                y - design.row_offset, design.X, self.terms, design.weights
            )
            criterion = ProfiledCriterion(products, fit.reml)
            theta = minimise(criterion)[0]
            solution = criterion.solution(theta)
        except LinAlgError:
            return np.full(self.size, np.nan)
        return estimates(products, theta, np.sqrt(solution.sigma2), solution.beta)


def _run(job, n, processes):
    """Yield the draws in order, worked out here or in several processes."""
    start = perf_counter()
    yield job.draw(0)
    one = perf_counter() - start
    start_others = processes > 1 and one * (n - 1) > WORTH_IT and workers.may_start()
    pickled = _pickled(job) if start_others else None
    if pickled is None:
        yield from progress(map(job.draw, range(1, n)), "bootstrap", total=n - 1)
        return
    size = max(1, min(int(PIECE / one), n // (8 * processes)))
    pieces = [range(a, min(a + size, n)) for a in range(1, n, size)]
    results = workers.in_processes(pickled, pieces, processes)
    try:
        for draws in progress(results, "bootstrap", total=len(pieces)):
            yield from draws
    finally:
        results.close()  # ends the processes now, and not when Python comes to it


def _pickled(job):
    """The job as bytes; None for functions of a notebook or script, which others cannot read."""
    if getattr(job.statistic, "__module__", None) == "__main__":
        return None
    try:
        return pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
