r"""The fitted mixed model, with every matrix of it.

    theta_hat = argmin d(theta),   d = -2 log-likelihood profiled over beta and sigma^2

`lmm` makes it from a formula and a table, step by step; see `mmteach.engine` for the same by hand.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..guards import finite, small_enough, truth
from ..tables import Report, significant
from ..textbook.matrices import build_G, build_V
from ..words import dropped_columns
from .base import Model
from .boundary import on_boundary
from .criterion import ProfiledCriterion
from .henderson import conditional_variance, henderson_inverse
from .search import minimise
from .threads import is_light, is_small, one_thread

if TYPE_CHECKING:
    pass


class Fit(Model):
    """A fitted linear mixed model; every matrix of it can be opened.

    Parameters
    ----------
    design : Design
        From `mmteach.design`.
    products : CrossProducts
        From ``CrossProducts.from_design(design)``.
    reml : bool
    theta : array, optional
        Hold theta at these values instead of searching for the best ones.

    Attributes
    ----------
    beta, se : Series
        Fixed effects and standard errors; NaN for columns that X does not need.
    cov_beta : DataFrame
        Covariance matrix of the estimated fixed effects.
    sigma : float
        Residual standard deviation, in units of y.
    theta : (number of parameters,) array
        Relative Cholesky factors, term by term, column by column, as in lme4.
    varcomp : DataFrame
        group, term, variance, sd, corr (with the first effect of the term); residual last.
    criterion, loglik, aic, bic : float
        -2 log-likelihood (REML or ML) with its constant, and what follows from it.
    boundary : bool
        True if a variance is estimated as zero or a correlation as plus or minus one.
    X, Z, G, R, V : DataFrame
        The matrices of the model, labelled, rows in the order of the data.
    fitted, residuals : Series
        X beta + Z b, and y minus that.
    trace : DataFrame
        Every theta the optimiser tried, the criterion there, and from which start it came.
    messages : list of str
        What the reader should know: dropped rows, dropped columns, boundary estimates.
    """

    def __init__(self, design, products, reml=True, theta=None):
        self.design, self.products, self.reml = design, products, bool(reml)
        if not products.is_finite():
            raise ValueError(
                f"sums of squares of the response {design.y_name} or of the weights overflow: divide "
                "them by a large number, such as their mean"
            )
        if products.residual_is_rounding():
            raise ValueError(
                f"the fixed part reproduces the response {design.y_name} exactly, so "
                "no variation is left to explain; look for a column computed from it"
            )
        self.formula = design.formula
        self.terms = [design.terms[t] for t in products.order]
        self.profiled = ProfiledCriterion(products, self.reml)
        if theta is None:
            self.theta, self._path = minimise(self.profiled)
        else:
            self.theta = _given(theta, products.n_theta)
            self._path = [(*self.theta, self.profiled(self.theta), "given")]
        with one_thread(self._small):
            solution = self.profiled.solution(self.theta)
        self.sigma2, self.b = solution.sigma2, solution.b
        self.sigma = float(np.sqrt(solution.sigma2))
        self.criterion = solution.value
        self._estimates = solution.beta, solution.sigma2 * solution.cov_beta
        self.kept, self.triangle = products.kept, products.R
        self.nobs, self.n_parameters = products.n, products.p + products.n_theta + 1
        self.boundary, boundary_messages = on_boundary(self)
        if theta is not None:
            boundary_messages = [
                "theta was given, not estimated: beta and sigma are the best ones for it."
            ]
        self.messages = [*design.messages, *self._dropped_columns(), *boundary_messages]

    # --- fixed effects, labelled when they are first asked for ------------------------------

    @property
    def _small(self):
        return is_small(self.products)

    @cached_property
    def beta(self):
        return self._labelled(self._estimates[0])

    @cached_property
    def se(self):
        return self._labelled(np.sqrt(np.diag(self._estimates[1])))

    @cached_property
    def cov_beta(self):
        kept = pd.Index(self.design.x_names, dtype=object)[self.kept]
        return pd.DataFrame(self._estimates[1], index=kept, columns=kept)

    def _labelled(self, values):
        every = np.full(len(self.design.x_names), np.nan)
        every[self.kept] = values
        return pd.Series(every, index=pd.Index(self.design.x_names, dtype=object))

    # --- variances -----------------------------------------------------------------------

    @property
    def covariances(self):
        """Covariance matrix of the effects of each term, sigma^2 lambda lambda'."""
        return [self.sigma2 * lam @ lam.T for lam in self.products.lambdas(self.theta)]

    @property
    def varcomp(self):
        rows = []
        for term, Sigma in zip(self.terms, self.covariances):
            sd = np.sqrt(np.diag(Sigma))
            with np.errstate(invalid="ignore", divide="ignore"):
                corr = Sigma / np.outer(sd, sd)
            for i, name in enumerate(term.names):
                row = {"group": term.group, "term": name, "variance": Sigma[i, i], "sd": sd[i]}
                row |= {"corr" if j == 0 else f"corr_{j + 1}": corr[i, j] for j in range(i)}
                rows.append(row)
        rows.append({"group": "Residual", "term": "", "variance": self.sigma2, "sd": self.sigma})
        table = pd.DataFrame(rows)
        return table if "corr" in table else table.assign(corr=np.nan)

    @property
    def trace(self):
        return pd.DataFrame(self._path, columns=[*self._theta_names(), "criterion", "start"])

    def _theta_names(self):
        return [
            f"{term.group}.{a}" if i == j else f"{term.group}.{a}.{b}"
            for term in self.terms
            for j, b in enumerate(term.names)
            for i, a in enumerate(term.names)
            if i >= j
        ]

    def _dropped_columns(self):
        if self.products.p == len(self.design.x_names):
            return []
        return [dropped_columns(self.beta.index[self.beta.isna()])]

    # --- random effects ------------------------------------------------------------------

    def ranef(self):
        r"""Predicted random effects (BLUPs, conditional modes) with conditional SDs.

        ``b = E(u | y) = G Z'V^-1 (y - X beta)``; sd from ``Var(u | y)`` at the estimated
        variances, as in lme4.

        Returns
        -------
        DataFrame with columns group, level, term, estimate, sd, in units of y per unit of x.

        References
        ----------
        Henderson (1975), Biometrics 31, 423-447.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
        >>> fit.ranef().round(2)
           group level       term  estimate     sd
        0  block    R1  Intercept     60.52  30.91
        1  block    R2  Intercept    -40.71  30.91
        2  block    R3  Intercept      3.03  30.91
        3  block    R4  Intercept    -22.84  30.91
        """
        tables, variances = (
            [],
            self.derived("Var(u | y)", lambda fit: conditional_variance(fit.profiled, fit.theta)),
        )
        for term, b, C in zip(self.terms, self.b, variances):
            J, k = b.shape
            sd = np.sqrt(self.sigma2 * np.diagonal(C, axis1=1, axis2=2).clip(min=0))
            tables.append(
                pd.DataFrame(
                    {
                        "group": term.group,
                        "level": np.repeat(np.asarray(term.levels, dtype=object), k),
                        "term": list(term.names) * J,
                        "estimate": b.ravel(),
                        "sd": sd.ravel(),
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    # --- the matrices --------------------------------------------------------------------

    @property
    def Z(self):
        labels = self._effect_labels()
        design = self._rows()
        small_enough("Z", self.nobs * len(labels))
        columns = []
        for term in self.terms:
            J, k = len(term.levels), len(term.names)
            Zt = np.zeros((self.nobs, J, k))
            Zt[np.arange(self.nobs), term.codes] = term.x
            columns.append(Zt.reshape(self.nobs, -1))
        return pd.DataFrame(np.hstack(columns), index=design.rows, columns=labels)

    @property
    def G(self):
        labels = self._effect_labels()
        small_enough("G", len(labels) ** 2)
        return pd.DataFrame(
            build_G(self.covariances, self.products.J), index=labels, columns=labels
        )

    @property
    def R(self):
        design = self._rows()
        small_enough("R", self.nobs**2)
        return pd.DataFrame(
            np.diag(self.sigma2 / design.row_weights), index=design.rows, columns=design.rows
        )

    @property
    def V(self):
        small_enough("V", self.nobs**2)
        R = self.R
        return pd.DataFrame(build_V(self.Z, self.G, R), index=R.index, columns=R.columns)

    def _roots(self):
        return [self.sigma * lam for lam in self.products.lambdas(self.theta)]

    def _effect_labels(self):
        return pd.MultiIndex.from_tuples(
            [
                (term.group, level, name)
                for term in self.terms
                for level in term.levels
                for name in term.names
            ],
            names=["group", "level", "term"],
        )

    def joint_covariance(self):
        """Covariance matrix of (b - u, beta_hat): sigma^2 times Henderson's inverse."""
        small_enough(
            "the joint covariance matrix", (sum(b.size for b in self.b) + self.products.p) ** 2
        )
        with one_thread(self._small):
            return self.sigma2 * henderson_inverse(self.profiled, self.theta)

    def refit(self, y=None, reml=None):
        """The same model with another response, or by the other likelihood.

        Only the products with y are computed again.

        Parameters
        ----------
        y : (n,) array or Series, optional
            In the order of the rows kept by the fit; a Series is matched by its index.
        reml : bool, optional

        Returns
        -------
        Fit

        Raises
        ------
        ValueError
            When y has a wrong length, index or values that are not finite.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
        >>> float(fit.refit(reml=False).varcomp.variance[0].round(3))
        56.391
        """
        reml = self.reml if reml is None else truth("reml", reml, "REML", "ML")
        if y is None:
            return Fit(self.design, self.products, reml)
        design = replace(self._rows(), y=self._new_response(y))
        with one_thread(is_light(design.X)):
            products = self.products.with_response(
                design.y, design.X, [(t.codes, t.x) for t in self.terms], design.weights
            )
        return Fit(design, products, reml)

    # --- printing ------------------------------------------------------------------------

    def loglik_by(self, reml):
        """The log-likelihood by REML or by ML, the fit made anew if it is by the other one."""
        reml = truth("reml", reml, "REML", "ML")
        return self.loglik if self.reml == reml else self.refit(reml=reml).loglik

    def summary(self, max_rows=None):
        """The fit as a page to read: criterion, residuals, variances, fixed effects.

        `max_rows` shows only so many of the fixed effects.
        """
        method = "REML" if self.reml else "maximum likelihood"
        parts = [f"Formula: {self.formula}"]
        if self.reml:
            parts.append(f"REML criterion: {self.criterion:.1f}")
        else:
            parts.append(
                f"AIC {self.aic:.1f}   BIC {self.bic:.1f}   log-likelihood {self.loglik:.2f}   "
                f"-2 log-likelihood {self.criterion:.1f}"
            )
        if not self.streamed:
            weights = np.sqrt(self.design.row_weights)
            scaled = np.quantile(self.residuals * weights / self.sigma, [0, 0.25, 0.5, 0.75, 1])
            parts.append(
                (
                    "Scaled residuals",
                    pd.DataFrame(
                        [[f"{v:.5f}" for v in scaled]], columns=["min", "1Q", "median", "3Q", "max"]
                    ),
                )
            )
        varcomp = self.varcomp
        shown = pd.DataFrame(
            {
                "group": varcomp.group,
                "term": varcomp.term,
                "variance": [significant(v, 5) for v in varcomp.variance],
                "sd": [significant(v, 4) for v in varcomp.sd],
            }
        )
        for name in [c for c in varcomp if c.startswith("corr") and varcomp[c].notna().any()]:
            shown[name] = ["" if pd.isna(v) else f"{v:.2f}" for v in varcomp[name]]
        parts.append(("Random effects", shown))
        groups = ", ".join(dict.fromkeys(f"{t.group} {len(t.levels)}" for t in self.terms))
        parts.append(f"Rows: {self.nobs}; levels: {groups}")
        if not len(self.beta):
            return Report(
                f"Linear mixed model fit by {method}",
                [*parts, "Fixed effects: none", *self.messages],
            )
        parts += self._coefficients(max_rows)
        return Report(
            f"Linear mixed model fit by {method}",
            parts + [""] * bool(self.messages) + self.messages,
        )

    def __repr__(self):
        return (
            f"<Fit {self.formula!r} by {'REML' if self.reml else 'ML'}: criterion "
            f"{self.criterion:.4f}, {self.nobs} rows; see .summary()>"
        )


def _given(theta, size):
    theta = finite(theta, "theta", ndim=1)
    if len(theta) != size:
        raise ValueError(
            f"theta has {len(theta)} values, but the model has {size}: the lower triangles of its "
            "relative Cholesky factors, term by term, column by column"
        )
    return theta
