r"""Parametric bootstrap: refit y* = X beta + Z u* + e*, again and again.

    se = SD of the replicates,    bias = their mean - estimate
"""

import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from time import perf_counter
from types import ModuleType

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError

from .parameters import (ENDS, Parameter, choose, estimates, estimates_of, interval_table,
                         model_parameters, z_value)
from ..engine.criterion import ProfiledCriterion
from ..engine.fit import Fit
from ..engine.search import minimise
from ..progress import progress
from ..tables import Table
from ..guards import check_fit

WORTH_IT = 4.0    # seconds of work that repay the start of other processes
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
        chosen = choose(self.parameters, parameters)
        ends = np.array([ENDS.get(p.kind, (-np.inf, np.inf)) for p in self.parameters]).T
        lower, upper = (np.clip(limit, *ends)[chosen] for limit in (lower, upper))
        title = f"Bootstrap intervals ({kind}), {level:.0%}"
        return interval_table([self.parameters[r] for r in chosen], self.estimate.iloc[chosen],
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
            return model_parameters(self.fit), estimates_of(self.fit)
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
            products = fit.products.with_response(y - design.row_offset, design.X, self.terms, design.weights)
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
