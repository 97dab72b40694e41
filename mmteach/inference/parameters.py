r"""The parameters of a mixed model by name, and the scales on which their intervals are made.

    sd -> log sd,    corr -> atanh corr,    sigma -> log sigma,    beta -> beta

where the likelihood is closer to a parabola; beta is linear already.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..guards import check_level
from ..tables import Table
from ..words import listed, shown
from .distributions import normal_quantile

TO = {"sd": np.log, "sigma": np.log, "corr": np.arctanh}
BACK = {"sd": np.exp, "sigma": np.exp, "corr": np.tanh}
ENDS = {"sd": (0, np.inf), "sigma": (0, np.inf), "corr": (-1, 1)}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a mixed model: what it is, and where it stands."""

    label: str
    kind: str  # "sd", "corr", "sigma" or "fixed"
    term: int = -1  # which term
    i: int = -1  # which effect of the term, or which column of X
    j: int = -1  # corr: with which other effect


def model_parameters(fit):
    """All parameters: SDs and correlations term by term, sigma, then beta."""
    out = []
    for t, term in enumerate(fit.terms):
        for j, i in zip(*np.triu_indices(len(term.names))):
            a, b = term.names[i], term.names[j]
            out.append(
                Parameter(f"sd({a} | {term.group})", "sd", t, i)
                if i == j
                else Parameter(f"corr({a}, {b} | {term.group})", "corr", t, i, j)
            )
    out.append(Parameter("sigma", "sigma"))
    return out + [Parameter(name, "fixed", i=j) for j, name in enumerate(fit.cov_beta.index)]


def estimates(products, theta, sigma, beta):
    """Values in the order of `model_parameters`; a correlation with nothing is NaN."""
    values = []
    for lam in products.lambdas(theta):
        sd = np.sqrt((lam**2).sum(axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = lam @ lam.T / np.outer(sd, sd)
        j, i = np.triu_indices(len(lam))
        values.append(np.where(i == j, sigma * sd[i], corr[i, j].clip(-1, 1)))
    return np.concatenate([*values, [sigma], beta])


def estimates_of(fit):
    return estimates(fit.products, fit.theta, fit.sigma, fit.beta.dropna().to_numpy())


def choose(all_parameters, wanted):
    if wanted is None:
        return list(range(len(all_parameters)))
    if isinstance(wanted, str) and wanted in ("fixed", "random"):
        fixed = wanted == "fixed"
        return [r for r, p in enumerate(all_parameters) if (p.kind == "fixed") == fixed]
    labels = [p.label for p in all_parameters]
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(wanted, (list, tuple, pd.Index)) or not len(wanted):
        raise ValueError(
            f"parameters is {shown(wanted)}; give 'fixed', 'random', or one or more "
            f"of {listed(labels, 8)}"
        )
    for label in wanted:
        if not isinstance(label, str) or label not in labels:
            raise ValueError(
                f"there is no parameter {shown(label)}; the parameters are {listed(labels, 8)}"
            )
    return [labels.index(label) for label in wanted]


def z_value(level):
    """The normal quantile of a two-sided interval."""
    check_level(level)
    return normal_quantile((1 + level) / 2)


def coordinates(parameters, values):
    """log SD, atanh corr, log sigma, beta."""
    with np.errstate(divide="ignore"):
        return np.array([TO.get(p.kind, float)(v) for p, v in zip(parameters, values)])


def back(parameters, values):
    return np.array([BACK.get(p.kind, float)(v) for p, v in zip(parameters, values)])


def interval_table(parameters, estimate, lower, upper, title, notes):
    table = pd.DataFrame(
        {"estimate": np.asarray(estimate), "lower": lower, "upper": upper},
        index=[p.label for p in parameters],
    )
    return Table(table, title=title, notes=notes, digits=dict.fromkeys(table, 5))
