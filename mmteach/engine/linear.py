r"""The all-fixed model: what a mixed model is compared with.

y = X beta + e,    e ~ N(0, sigma^2 W^-1)
beta_hat = (X'WX)^-1 X'W y,    sigma_hat^2 = |W^1/2 (y - X beta_hat)|^2 / (n - p)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtr

from ..guards import truth
from ..tables import Report, column, p_value, significant
from ..words import dropped_columns
from . import frame
from .base import Model
from .linalg import independent_columns, solve_upper
from .threads import is_light, one_thread

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def lm(formula: str, data: pd.DataFrame, weights: str | ArrayLike | None = None) -> LinearFit:
    r"""Fit a linear model without random effects by (weighted) least squares.

    ``y = X beta + e``, ``e ~ N(0, sigma^2 W^-1)``, by the QR decomposition of W^1/2 X. Whatever
    else statsmodels' OLS and WLS offer is in ``fit.model``.

    Parameters
    ----------
    formula : str
        For instance ``"yield_kg_ha ~ genotype + block"``; ``+ offset(x)`` adds a column with the
        coefficient 1.
    data : DataFrame
        One row per observation; rows with missing values are dropped and counted.
    weights : str or (n,) array, optional
        Prior weights w (a column name or values), ``Var(e_i) = sigma^2 / w_i``.

    Returns
    -------
    LinearFit
        Its criterion is that of ML; to test a random term against it use `compare`, which
        takes the REML likelihood of both.

    Raises
    ------
    ValueError, KeyError
        With the culprit and the remedy: formula, columns, levels, weights, no residual left.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))
    >>> print(f"{fit.beta['Intercept']:.2f}, {fit.sigma:.1f} on {fit.df_resid}")
    672.03, 160.1 on 51
    """
    return LinearFit(frame.design(formula, data, weights, random=False))


class LinearFit(Model):
    """A fitted linear model without random effects.

    Attributes
    ----------
    beta, se : Series
        Coefficients and standard errors; NaN for columns that X does not need.
    cov_beta : DataFrame
        Covariance matrix of the estimated coefficients (kept columns).
    sigma, df_resid : float, int
        Residual standard deviation in units of y, on n - p degrees of freedom.
    rsquared, rsquared_adj, fvalue, f_pvalue : float
        Share of variation explained (of y less the offset), and the test of all coefficients but
        the intercept.
    loglik, aic, bic, criterion : float
        ML log-likelihood, with sigma counted as a parameter; criterion is -2 loglik.
    fitted, residuals, y : Series
    X : DataFrame
    messages : list of str
        What the reader should know: dropped rows, dropped columns.
    model : statsmodels results
        For everything else that statsmodels offers; made when it is first asked for.
    """

    def __init__(self, design):
        with one_thread(is_light(design.X)):
            self._estimate(design)

    def _estimate(self, design):
        self.design, self.formula = design, design.formula
        root = np.sqrt(design.row_weights)
        X, y = design.X * root[:, None], design.y * root
        Q, R = np.linalg.qr(X)
        self.kept = independent_columns(R)
        if len(self.kept) < R.shape[1]:
            Q, R = np.linalg.qr(X[:, self.kept])
        self.triangle = R  # upper, R'R = X'WX
        beta = solve_upper(R, Q.T @ y)
        residual = y - X[:, self.kept] @ beta
        beta = beta + solve_upper(R, Q.T @ residual)  # refined once: y may lie far from zero
        left = float(np.sum((y - X[:, self.kept] @ beta) ** 2))
        if left <= 1e-24 * (y @ y):
            raise ValueError(
                f"the model reproduces the response {design.y_name} exactly, so no "
                "residual variation is left to test with; look for a column that is "
                "computed from it"
            )
        self.nobs, self.df_resid = len(y), len(y) - len(self.kept)
        self.sigma2 = left / self.df_resid
        self.sigma = float(np.sqrt(self.sigma2))
        half = solve_upper(R, np.eye(len(R)))
        names = list(design.x_names)
        kept = [names[j] for j in self.kept]
        self.cov_beta = pd.DataFrame(self.sigma2 * half @ half.T, index=kept, columns=kept)
        self.beta = pd.Series(beta, index=kept).reindex(names)
        self.se = pd.Series(np.sqrt(np.diag(self.cov_beta)), index=kept).reindex(names)
        self._explained(root[:, None])
        self.criterion = float(
            self.nobs * (1 + np.log(2 * np.pi * left / self.nobs)) - 2 * np.log(root).sum()
        )
        self.n_parameters = len(kept) + 1
        self.messages = list(design.messages)
        if len(kept) < len(names):
            self.messages.append(dropped_columns([name for name in names if name not in kept]))

    def _explained(self, root):
        """R^2 and the overall F; around the mean if the columns of X can make a constant."""
        y = self.design.y * np.ravel(root)
        one = np.ones((self.nobs, 1)) * root
        constant = "Intercept" in self.design.x_terms or _spanned(one, self.design.X * root)
        total = np.sum((y - constant * np.ravel(one) * (one.T @ y) / np.vdot(one, one)) ** 2)
        left = self.sigma2 * self.df_resid
        model_df = len(self.kept) - constant
        self.rsquared = float(1 - left / total)
        self.rsquared_adj = float(1 - self.sigma2 / (total / (self.nobs - constant)))
        self.fvalue, self.df_model = np.nan, model_df
        if model_df:
            self.fvalue = float((total - left) / model_df / self.sigma2)
        self.f_pvalue = float(fdtrc(model_df, self.df_resid, self.fvalue))

    @property
    def model(self):
        """The same fit by statsmodels, made when it is first asked for."""
        return self.derived("model", _by_statsmodels)

    def joint_covariance(self):
        """Covariance matrix of beta_hat; a mixed model adds b - u."""
        return self.cov_beta.to_numpy()

    def loglik_by(self, reml):
        """The log-likelihood by ML, or by REML at the same estimates."""
        if not truth("reml", reml, "REML", "ML"):
            return self.loglik
        minus2 = (
            self.df_resid * (1 + np.log(2 * np.pi * self.sigma2))
            + 2 * np.log(np.abs(np.diag(self.triangle))).sum()
            - np.log(self.design.row_weights).sum()
        )
        return float(-minus2 / 2)

    def refit(self, y=None, reml=None):
        """The same model with another response; `reml` is for fits with random effects.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lm("strength ~ block", mm.load("potash"))
        >>> print(f"{fit.beta['Intercept']:.3f} {fit.refit(fit.y + 1).beta['Intercept']:.3f}")
        7.630 8.630
        """
        if reml is not None:
            raise ValueError(
                "reml is for fits with random effects; here beta is the same by both, and "
                "fit.loglik_by(True) gives the REML log-likelihood"
            )
        return self if y is None else LinearFit(replace(self.design, y=self._new_response(y)))

    def summary(self, max_rows=None):
        """The fit as a page to read: residuals, coefficients, sigma, R^2 and F.

        `max_rows` shows only so many of the coefficients.
        """
        weights = 1.0 if self.design.weights is None else np.sqrt(self.design.weights)
        sigma = significant(self.sigma)
        quantiles = np.quantile(self.residuals * weights, [0, 0.25, 0.5, 0.75, 1])
        p = 2 * stdtr(self.df_resid, -(self.beta / self.se).abs())
        fixed = self._coefficients(max_rows, p=[p_value(v) for v in p])
        names = ["min", "1Q", "median", "3Q", "max"]
        residuals = pd.DataFrame([column(quantiles, 5)], columns=names)
        heading = "Residuals" if self.design.weights is None else "Weighted residuals"
        parts = [
            f"Formula: {self.formula}",
            (heading, residuals),
            *fixed,
            "",
            f"Residual standard deviation: {sigma} on {self.df_resid} degrees of freedom",
            f"R-squared: {self.rsquared:.4f}, adjusted: {self.rsquared_adj:.4f}",
        ]
        if self.df_model:
            parts.append(
                f"F: {significant(self.fvalue)} on {self.df_model} and {self.df_resid} "
                f"degrees of freedom, p = {self.f_pvalue:.4g}"
            )
        parts += [f"Rows: {self.nobs}", *[""] * bool(self.messages), *self.messages]
        return Report("Linear model fit by least squares", parts)

    def __repr__(self):
        return (
            f"<LinearFit {self.formula!r}: sigma {significant(self.sigma)} on {self.df_resid} "
            f"degrees of freedom, {self.nobs} rows; see .summary()>"
        )


def _spanned(one, X):
    rest = one - X @ np.linalg.lstsq(X, one, rcond=None)[0]
    return bool(np.linalg.norm(rest) < 1e-8 * np.linalg.norm(one))


def _by_statsmodels(fit):
    from statsmodels.regression.linear_model import OLS, WLS

    design, X = fit.design, fit.design.X[:, fit.kept]
    model = OLS(design.y, X) if design.weights is None else WLS(design.y, X, design.weights)
    return model.fit(method="qr")
