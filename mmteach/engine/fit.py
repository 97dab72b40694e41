r"""Fitting: from a formula and a table to the estimates.

    theta_hat = argmin d(theta),   d = -2 log-likelihood profiled over beta and sigma^2

`lmm` takes the steps one after another: design, products, criterion, search; `Fit` is what comes
out, with every matrix of the model. See `mmteach.engine` for the same steps by hand.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from . import frame
from .criterion import ProfiledCriterion
from .crossproducts import CrossProducts
from .henderson import conditional_variance, henderson_inverse
from .search import minimise
from .stream import stream
from ..textbook.matrices import build_G
from ..guards import finite, one_of, whole
from ..tables import Report, column, places, significant
from ..words import dropped_columns

BOUNDARY = 1e-4        # a diagonal of theta below this is called zero, as in lme4
LARGEST_MATRIX = 2e8   # cells; larger matrices are not laid out for inspection


def lmm(formula, data, reml=True, weights=None, levels=None):
    r"""Fit a linear mixed model given by an lmer formula.

    ``y = X beta + Z u + e``, ``u ~ N(0, G)``, ``e ~ N(0, sigma^2 W^-1)``.

    Parameters
    ----------
    formula : str
        For instance ``"yield_kg_ha ~ genotype + (1 | block)"``; `split_bars` shows how the
        terms in parentheses expand. ``+ offset(x)`` adds a column with the coefficient 1.
    data : DataFrame
        One row per observation; rows with missing values are dropped and counted. Data
        larger than memory: the path of a Parquet file, or an iterator of DataFrames that
        share the categories of their factors.
    reml : bool
        True for REML, False for ML.
    weights : str or (n,) array, optional
        Prior weights w (a column name or values), ``Var(e_i) = sigma^2 / w_i``.
    levels : dict of column -> list of levels, optional
        For streamed data whose factors are plain text.

    Returns
    -------
    Fit

    Raises
    ------
    ValueError, KeyError
        With the culprit and the remedy: formula, columns, levels, weights.

    References
    ----------
    Bates, Maechler, Bolker and Walker (2015), J. Stat. Software 67(1).

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    >>> round(fit.criterion, 4)
    729.7118
    >>> fit.varcomp.round(1)
          group       term  variance     sd  corr
    0     block  Intercept    2906.0   53.9   NaN
    1  Residual                25627.4  160.1   NaN
    """
    if not isinstance(reml, (bool, np.bool_)):
        raise ValueError(f"reml={reml!r} must be True (REML) or False (ML)")
    if isinstance(data, pd.DataFrame):
        if levels is not None:
            raise ValueError("levels is for data in pieces; in a DataFrame make the column a "
                             "category with these levels, by pd.Categorical(column, levels)")
        design = frame.design(formula, data, weights)
        products = CrossProducts.from_design(design)
    else:
        design, products = stream(formula, data, weights, levels)
    return Fit(design, products, reml)


class Fit:
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
        Every theta the optimiser tried, and the criterion there.
    messages : list of str
        What the reader should know: dropped rows, dropped columns, boundary estimates.
    """

    def __init__(self, design, products, reml=True, theta=None):
        self.design, self.products, self.reml = design, products, bool(reml)
        if products.residual_is_rounding():
            raise ValueError(f"the fixed part reproduces the response {design.y_name} exactly, so "
                             "no variation is left to explain; look for a column computed from it")
        self.formula = design.formula
        self.terms = [design.terms[t] for t in products.order]
        self.profiled = ProfiledCriterion(products, self.reml)
        if theta is None:
            self.theta, self._path = minimise(self.profiled)
        else:
            self.theta = _given(theta, products.n_theta)
            self._path = [(*self.theta, self.profiled(self.theta))]
        solution = self.profiled.solution(self.theta)
        self.sigma2, self.b = solution.sigma2, solution.b
        self.sigma = float(np.sqrt(solution.sigma2))
        self.criterion = solution.value
        names = pd.Index(design.x_names, dtype=object)
        kept = names if products.p == len(names) else names[products.kept]
        cov_beta = solution.sigma2 * solution.cov_beta
        beta, se = np.full((2, len(names)), np.nan)
        beta[products.kept], se[products.kept] = solution.beta, np.sqrt(np.diag(cov_beta))
        self.beta, self.se = pd.Series(beta, index=names), pd.Series(se, index=names)
        self.cov_beta = pd.DataFrame(cov_beta, index=kept, columns=kept)
        self.nobs = products.n
        self.n_parameters = products.p + products.n_theta + 1
        self.loglik = -self.criterion / 2
        self.aic = self.criterion + 2 * self.n_parameters
        self.bic = self.criterion + np.log(self.nobs) * self.n_parameters
        self.boundary, boundary_messages = _boundary(self)
        if theta is not None:
            boundary_messages = ["theta was given, not estimated: beta and sigma are the best ones for it."]
        self.messages = [*design.messages, *self._dropped_columns(), *boundary_messages]

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
        return pd.DataFrame(self._path, columns=[*self._theta_names(), "criterion"])

    def _theta_names(self):
        return [f"{term.group}.{a}" if i == j else f"{term.group}.{a}.{b}"
                for term in self.terms
                for j, b in enumerate(term.names) for i, a in enumerate(term.names) if i >= j]

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
        tables = []
        for term, b, C in zip(self.terms, self.b, conditional_variance(self.profiled, self.theta)):
            J, k = b.shape
            sd = np.sqrt(self.sigma2 * np.diagonal(C, axis1=1, axis2=2).clip(min=0))
            tables.append(pd.DataFrame({
                "group": term.group, "level": np.repeat(np.asarray(term.levels, dtype=object), k),
                "term": list(term.names) * J, "estimate": b.ravel(), "sd": sd.ravel()}))
        return pd.concat(tables, ignore_index=True)

    # --- the matrices --------------------------------------------------------------------

    @property
    def X(self):
        kept = self.products.kept
        return pd.DataFrame(self._rows().X[:, kept], index=self.design.rows, columns=self.cov_beta.index)

    @property
    def Z(self):
        labels = self._effect_labels()
        design = self._rows()
        _small_enough("Z", self.nobs * len(labels))
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
        _small_enough("G", len(labels) ** 2)
        return pd.DataFrame(build_G(self.covariances, self.products.J), index=labels, columns=labels)

    @property
    def R(self):
        design = self._rows()
        _small_enough("R", self.nobs ** 2)
        return pd.DataFrame(np.diag(self.sigma2 / design.row_weights), index=design.rows,
                            columns=design.rows)

    @property
    def V(self):
        _small_enough("V", self.nobs ** 2)
        Z = self.Z.to_numpy()
        return self.R + Z @ self.G.to_numpy() @ Z.T

    def _effect_labels(self):
        return pd.MultiIndex.from_tuples(
            [(term.group, level, name) for term in self.terms for level in term.levels for name in term.names],
            names=["group", "level", "term"])

    def _rows(self):
        if self.design.X is None:
            raise ValueError("the rows of a streamed fit are not kept; read a part of the data into a "
                             "DataFrame and use fit.predict(part)")
        return self.design

    # --- fitted values and predictions ---------------------------------------------------

    @property
    def y(self):
        design = self._rows()
        return pd.Series(design.response, index=design.rows, name=design.y_name)

    @property
    def fitted(self):
        design = self._rows()
        values = design.row_offset + design.X[:, self.products.kept] @ self.beta.dropna().to_numpy()
        for term, b in zip(self.terms, self.b):
            values = values + (term.x * b[term.codes]).sum(axis=1)
        return pd.Series(values, index=self.design.rows, name="fitted")

    @property
    def residuals(self):
        return (self.y - self.fitted).rename("residual")

    def predict(self, new=None, groups="conditional", new_levels="error", se=False):
        r"""Predicted means for new rows.

        ``x'beta + z'b`` (conditional: for the groups named in `new`) or ``x'beta``
        (population: for a group not yet seen).

        Parameters
        ----------
        new : DataFrame, optional
            The rows of the fit when absent.
        groups : "conditional" or "population"
        new_levels : "error" or "population"
            What to do with a group that the fit has not seen.
        se : bool
            Also give the standard error of the predicted mean; for an unseen group it
            contains the variance between groups.

        Returns
        -------
        Series, or DataFrame with columns mean and se.

        Raises
        ------
        KeyError, ValueError
            For missing columns, unseen levels or unknown options.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
        >>> new = mm.load("sleepstudy").iloc[[9]]
        >>> [round(float(fit.predict(new, groups=g).iloc[0]), 2) for g in ("conditional", "population")]
        [430.66, 345.61]
        """
        one_of("groups", groups, ("conditional", "population"))
        one_of("new_levels", new_levels, ("error", "population"))
        kept, beta = self.products.kept, self.beta.dropna().to_numpy()
        if new is None:
            X, index, offset = self._rows().X[:, kept], self.design.rows, self.design.row_offset
        else:
            X, index, offset = self.design.x_rows(new)[:, kept], new.index, self.design.offset_rows(new)
        mean, places, extra = offset + X @ beta, [], np.zeros(len(X))
        if groups == "conditional":
            at = 0
            for term, b, Sigma in zip(self.terms, self.b, self.covariances):
                codes, x = (term.codes, term.x) if new is None else term.rows(new)
                known = codes >= 0
                if new_levels == "error" and not known.all():
                    _unseen(term, new, known)
                mean = mean + np.where(known, (x * b[codes]).sum(axis=1), 0.0)
                extra += np.where(known, 0.0, np.einsum("ni,ij,nj->n", x, Sigma, x))
                places.append((at, codes, x, known))
                at += b.size
        mean = pd.Series(mean, index=index, name="mean")
        if not se:
            return mean
        if groups == "population":
            variance = np.einsum("ni,ij,nj->n", X, self.cov_beta.to_numpy(), X)
        else:
            W = np.zeros((len(X), at + len(kept)))
            W[:, at:] = X
            for start, codes, x, known in places:
                k = x.shape[1]
                for j in range(k):
                    W[known, start + codes[known] * k + j] = x[known, j]
            variance = np.einsum("ni,ij,nj->n", W, self.joint_covariance(), W) + extra
        return pd.DataFrame({"mean": mean, "se": np.sqrt(variance)})

    def joint_covariance(self):
        """Covariance matrix of (b - u, beta_hat): sigma^2 times Henderson's inverse."""
        _small_enough("the joint covariance matrix", (sum(b.size for b in self.b) + self.products.p) ** 2)
        return self.sigma2 * henderson_inverse(self.profiled, self.theta)

    def simulate(self, n=1, seed=None, conditional=False):
        """Draw `n` new responses from the fitted model.

        ``y* = X beta + Z u* + e*`` with new u* and e*; with ``conditional=True`` the
        predicted b take the place of u*, which leaves the variation between groups out.

        Parameters
        ----------
        n : int
        seed : int or numpy Generator, optional
        conditional : bool

        Returns
        -------
        DataFrame, one column per draw.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
        >>> fit.simulate(2, seed=1).shape
        (12, 2)
        """
        n = whole("n", n)
        design, rng = self._rows(), np.random.default_rng(seed)
        if conditional:
            mean = self.fitted.to_numpy()[:, None]
        else:
            mean = (design.row_offset + design.X[:, self.products.kept] @ self.beta.dropna().to_numpy())[:, None]
            for term, lam in zip(self.terms, self.products.lambdas(self.theta)):
                u = rng.standard_normal((n, len(term.levels), len(lam))) @ (self.sigma * lam.T)
                mean = mean + np.einsum("rk,srk->rs", term.x, u[:, term.codes])
        root_w = 1.0 if design.weights is None else np.sqrt(design.weights)[:, None]
        e = self.sigma * rng.standard_normal((self.nobs, n)) / root_w
        return pd.DataFrame(mean + e, index=design.rows)

    def refit(self, y=None, reml=None):
        """The same model with another response, or by the other likelihood.

        Only the products with y are computed again.

        Parameters
        ----------
        y : (n,) array, optional
            In the order of the rows kept by the fit.
        reml : bool, optional

        Returns
        -------
        Fit

        Raises
        ------
        ValueError
            When y has a wrong length or values that are not finite.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
        >>> float(fit.refit(reml=False).varcomp.variance[0].round(3))
        56.391
        """
        reml = self.reml if reml is None else reml
        if y is None:
            return Fit(self.design, self.products, reml)
        design = replace(self._rows(), y=_response(y, self.nobs) - self._rows().row_offset)
        products = self.products.with_response(design.y, design.X, [(t.codes, t.x) for t in self.terms],
                                               design.weights)
        return Fit(design, products, reml)

    # --- printing ------------------------------------------------------------------------

    def summary(self):
        """The fit as a page to read: criterion, residuals, variances, fixed effects."""
        method = "REML" if self.reml else "maximum likelihood"
        parts = [f"Formula: {self.formula}"]
        if self.reml:
            parts.append(f"REML criterion: {self.criterion:.1f}")
        else:
            parts.append(f"AIC {self.aic:.1f}   BIC {self.bic:.1f}   log-likelihood {self.loglik:.2f}   "
                         f"-2 log-likelihood {self.criterion:.1f}")
        if self.design.X is not None:
            weights = np.sqrt(self.design.row_weights)
            scaled = np.quantile(self.residuals * weights / self.sigma, [0, .25, .5, .75, 1])
            parts.append(("Scaled residuals", pd.DataFrame(
                [[f"{v:.5f}" for v in scaled]], columns=["min", "1Q", "median", "3Q", "max"])))
        varcomp = self.varcomp
        shown = pd.DataFrame({"group": varcomp.group, "term": varcomp.term,
                              "variance": [significant(v, 5) for v in varcomp.variance],
                              "sd": [significant(v, 4) for v in varcomp.sd]})
        for name in [c for c in varcomp if c.startswith("corr") and varcomp[c].notna().any()]:
            shown[name] = ["" if pd.isna(v) else f"{v:.2f}" for v in varcomp[name]]
        parts.append(("Random effects", shown))
        groups = ", ".join(dict.fromkeys(f"{t.group} {len(t.levels)}" for t in self.terms))
        parts.append(f"Rows: {self.nobs}; levels: {groups}")
        if not len(self.beta):
            return Report(f"Linear mixed model fit by {method}", [*parts, "Fixed effects: none", *self.messages])
        decimals = max(places(self.beta, 5), places(self.se, 3))
        fixed = pd.DataFrame({"estimate": column(self.beta, decimals=decimals),
                              "std. error": column(self.se, decimals=decimals),
                              "t": column(self.beta / self.se, decimals=3)}, index=self.beta.index)
        parts.append(("Fixed effects", fixed))
        return Report(f"Linear mixed model fit by {method}", parts + [""] * bool(self.messages) + self.messages)

    def __repr__(self):
        return (f"<Fit {self.formula!r} by {'REML' if self.reml else 'ML'}: criterion "
                f"{self.criterion:.4f}, {self.nobs} rows; see .summary()>")


def _given(theta, size):
    theta = finite(theta, "theta", ndim=1)
    if len(theta) != size:
        raise ValueError(f"theta has {len(theta)} values, but the model has {size}: the lower triangles of its "
                         "relative Cholesky factors, term by term, column by column")
    return theta


def _boundary(fit):
    """Whether the estimate lies on the boundary, and one calm sentence for each case."""
    cp, messages = fit.products, []
    relative = fit.theta * cp.theta_units()
    names = np.array(fit._theta_names())
    places = np.flatnonzero(cp.diagonal_places() & (np.abs(relative) < BOUNDARY))
    if len(places):
        units = cp.theta_units()
        scores = [fit.profiled.score(fit.theta, i, 1e-4 / units[i]) / fit.sigma2 for i in places]
        at_zero = fit.varcomp[fit.varcomp.variance < (BOUNDARY * fit.sigma) ** 2]
        what = ", ".join(names[places])
        certificate = f"the criterion would rise by {min(scores):.3g} per unit of variance"
        if len(at_zero):
            messages.append(f"Boundary estimate: the data ask for a variance of zero ({what}); {certificate}. "
                            "The fit is complete, and the term adds nothing to V.")
        else:
            messages.append(f"Boundary estimate: the data ask for a correlation of plus or minus one ({what}); "
                            f"{certificate}. The fit is complete; a simpler term may describe it as well.")
    if relative.max() > 1e4:
        messages.append("The random effects reproduce the data almost exactly, so the residual variance has no "
                        "estimate of its own; leave out a random term.")
    return bool(len(places)), messages


# --- checks ------------------------------------------------------------------------------


def _response(y, n):
    y = finite(y, "y", ndim=1)
    if len(y) != n:
        raise ValueError(f"y has {len(y)} values, but the fit has {n} rows (after dropping missing ones)")
    return y


def _unseen(term, new, known):
    labels = new.loc[~known, list(term.bar.factors)].drop_duplicates().head(3).to_numpy(dtype=object)
    shown = ", ".join(":".join("a missing one" if pd.isna(v) else str(v) for v in row) for row in labels)
    raise ValueError(f"{term.group} has levels that the fit has not seen: {shown}; use "
                     'new_levels="population" to predict them at the population mean')


def _small_enough(name, cells):
    if cells > LARGEST_MATRIX:
        raise ValueError(f"{name} would have {cells:.2g} cells; look at a smaller part of the data, the "
                         "estimates themselves never need it")
