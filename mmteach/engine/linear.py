r"""The all-fixed model, as a thin layer over statsmodels: what a mixed model is compared with.

    y = X beta + e,    e ~ N(0, sigma^2 W^-1)
    beta_hat = (X'WX)^-1 X'W y,    sigma_hat^2 = |W^1/2 (y - X beta_hat)|^2 / (n - p)
"""

import numpy as np
import pandas as pd
from scipy.special import fdtrc, stdtr

from . import frame
from .linalg import independent_columns
from ..tables import Report, column, p_value, places, significant
from ..words import dropped_columns


def lm(formula, data, weights=None):
    r"""Fit a linear model without random effects by (weighted) least squares.

    ``y = X beta + e``, ``e ~ N(0, sigma^2 W^-1)``; the arithmetic is that of statsmodels' OLS
    and WLS, the formula and the printed page are those of `lmm`.

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


class LinearFit:
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
        For everything else that statsmodels offers.
    """

    terms = ()  # no random terms

    def __init__(self, design):
        from statsmodels.api import OLS, WLS

        self.design, self.formula = design, design.formula
        weights = design.weights
        root = 1.0 if weights is None else np.sqrt(weights)[:, None]
        triangle = np.linalg.qr(design.X * root, mode="r")
        self.kept = independent_columns(triangle)
        if len(self.kept) < triangle.shape[1]:
            triangle = np.linalg.qr(triangle[:, self.kept], mode="r")
        self.triangle = triangle  # upper, triangle'triangle = X'WX
        X = design.X[:, self.kept]
        model = OLS(design.y, X) if weights is None else WLS(design.y, X, weights)
        self.model = model.fit(method="qr")
        names = list(design.x_names)
        kept = [names[j] for j in self.kept]
        self.beta = pd.Series(self.model.params, index=kept).reindex(names)
        self.se = pd.Series(self.model.bse, index=kept).reindex(names)
        self.cov_beta = pd.DataFrame(self.model.cov_params(), index=kept, columns=kept)
        self.nobs, self.df_resid = len(design.y), int(self.model.df_resid)
        if self.model.ssr <= 1e-24 * np.sum((design.y * np.ravel(root)) ** 2):
            raise ValueError(f"the model reproduces the response {design.y_name} exactly, so no "
                             "residual variation is left to test with; look for a column that is "
                             "computed from it")
        self.sigma2 = float(self.model.scale)
        self.sigma = float(np.sqrt(self.sigma2))
        self._explained(root)
        self.loglik = float(self.model.llf)
        self.criterion = -2 * self.loglik
        self.n_parameters = len(kept) + 1
        self.aic = self.criterion + 2 * self.n_parameters
        self.bic = self.criterion + np.log(self.nobs) * self.n_parameters
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
    def X(self):
        X = self.design.X[:, self.kept]
        return pd.DataFrame(X, index=self.design.rows, columns=self.cov_beta.index)

    @property
    def y(self):
        return pd.Series(self.design.response, index=self.design.rows, name=self.design.y_name)

    @property
    def fitted(self):
        return pd.Series(self.design.row_offset + self.model.fittedvalues, index=self.design.rows, name="fitted")

    @property
    def residuals(self):
        return (self.y - self.fitted).rename("residual")

    def predict(self, new=None, se=False):
        r"""Means x'beta for new rows, with standard errors ``sqrt(x'Cov(beta_hat)x)`` if asked.

        Parameters
        ----------
        new : DataFrame, optional
            The rows of the fit when absent.
        se : bool

        Returns
        -------
        Series, or DataFrame with columns mean and se.

        Raises
        ------
        KeyError, ValueError
            For missing columns or levels that the fit does not know.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash"))
        >>> fit.predict(mm.load("potash").head(1), se=True).round(4)
            mean      se
        0  7.758  0.1428
        """
        X = self.design.X if new is None else self.design.x_rows(new)
        X = X[:, self.kept]
        offset = self.design.row_offset if new is None else self.design.offset_rows(new)
        mean = pd.Series(offset + X @ self.beta.dropna().to_numpy(), name="mean",
                         index=self.design.rows if new is None else new.index)
        if not se:
            return mean
        variance = np.einsum("ni,ij,nj->n", X, self.cov_beta.to_numpy(), X)
        return pd.DataFrame({"mean": mean, "se": np.sqrt(variance)})

    def summary(self):
        """The fit as a page to read: residuals, coefficients, sigma, R^2 and F."""
        weights = 1.0 if self.design.weights is None else np.sqrt(self.design.weights)
        sigma = significant(self.sigma)
        quantiles = np.quantile(self.residuals * weights, [0, .25, .5, .75, 1])
        decimals = max(places(self.beta, 5), places(self.se, 3))
        t = self.beta / self.se
        p = 2 * stdtr(self.df_resid, -t.abs())
        fixed = pd.DataFrame({"estimate": column(self.beta, decimals=decimals),
                              "std. error": column(self.se, decimals=decimals),
                              "t": column(t, decimals=3), "p": [p_value(v) for v in p]})
        names = ["min", "1Q", "median", "3Q", "max"]
        residuals = pd.DataFrame([column(quantiles, 5)], columns=names)
        heading = "Residuals" if self.design.weights is None else "Weighted residuals"
        parts = [f"Formula: {self.formula}", (heading, residuals),
                 ("Fixed effects", fixed.set_index(self.beta.index)), "",
                 f"Residual standard deviation: {sigma} on {self.df_resid} degrees of freedom",
                 f"R-squared: {self.rsquared:.4f}, adjusted: {self.rsquared_adj:.4f}"]
        if self.df_model:
            parts.append(f"F: {significant(self.fvalue)} on {self.df_model} and {self.df_resid} "
                         f"degrees of freedom, p = {self.f_pvalue:.4g}")
        parts += [f"Rows: {self.nobs}", *[""] * bool(self.messages), *self.messages]
        return Report("Linear model fit by least squares", parts)

    def __repr__(self):
        return (f"<LinearFit {self.formula!r}: sigma {significant(self.sigma)} on {self.df_resid} "
                f"degrees of freedom, {self.nobs} rows; see .summary()>")


def _spanned(one, X):
    rest = one - X @ np.linalg.lstsq(X, one, rcond=None)[0]
    return bool(np.linalg.norm(rest) < 1e-8 * np.linalg.norm(one))
