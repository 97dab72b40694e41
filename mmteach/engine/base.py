r"""What every fit can say, with random effects or without.

    y = offset + X beta + Z b + e,    mean of a row = offset + x'beta_hat + z'b_hat
    Var(mean of a row) = [z' x'] Var(b - u, beta_hat) [z' x']'

`Fit` (with random effects) and `LinearFit` (without; its `terms` are empty) add how they are
estimated and the page that they print. Whatever asks a fit a question asks it here, and need not
know which of the two it has.
"""

import numpy as np
import pandas as pd

from ..guards import check_seed, finite, one_of, truth, whole
from ..tables import column, places
from .columns import check_magnitude, largest
from .henderson import row_variance
from .threads import SMALL, one_thread

MOST_DRAWS = 50_000_000  # numbers that are simulated at one time, 0.4 GB


class Model:
    """A fitted model.

    Attributes
    ----------
    design : Design
        The formula on the data, as arrays.
    formula : str
    beta, se : Series
        Fixed effects and standard errors; NaN for columns that X does not need.
    cov_beta : DataFrame
        Covariance matrix of the estimated fixed effects, kept columns only.
    kept : (p,) array
        Which columns of X are kept.
    sigma, sigma2 : float
        Residual standard deviation and variance, in units of y and of y squared.
    terms, b, covariances : list
        The random terms, their predicted effects (J, k) and their covariance matrices (k, k).
    reml : bool
    criterion : float
        -2 log-likelihood with its constant.
    triangle : (p, p) array
        Upper triangle with triangle'triangle = X'WX, W the prior weights.
    nobs, n_parameters : int
    messages : list of str
        What the reader should know.
    """

    terms, b, covariances, reml = (), (), (), False

    # --- what kind of fit it is ------------------------------------------------------------

    @property
    def random(self):
        """Whether the model has random effects."""
        return bool(self.terms)

    @property
    def streamed(self):
        """Whether the data came in pieces, so that no row is kept."""
        return self.design.X is None

    @property
    def _small(self):
        """Whether its dense matrices are too small for more than one thread."""
        return len(self.kept) < SMALL

    def derived(self, key, make):
        """What follows from this fit alone, made by ``make(self)`` once and kept beside it."""
        made = vars(self).setdefault("_derived", {})
        if key not in made:
            with one_thread(self._small):
                made[key] = make(self)
        return made[key]

    def __getstate__(self):
        """All but what is derived: a pickled fit stays small."""
        return {name: value for name, value in vars(self).items() if name != "_derived"}

    # --- how well it fits ------------------------------------------------------------------

    @property
    def loglik(self):
        return -self.criterion / 2

    @property
    def aic(self):
        return self.criterion + 2 * self.n_parameters

    @property
    def bic(self):
        return self.criterion + np.log(self.nobs) * self.n_parameters

    # --- rows ------------------------------------------------------------------------------

    def _rows(self):
        if self.streamed:
            raise ValueError(
                "the rows of a streamed fit are not kept; read a part of the data into a "
                "DataFrame and use fit.predict(part)"
            )
        return self.design

    @property
    def X(self):
        rows = self._rows()
        return pd.DataFrame(rows.X[:, self.kept], index=rows.rows, columns=self.cov_beta.index)

    @property
    def y(self):
        rows = self._rows()
        return pd.Series(rows.response, index=rows.rows, name=rows.y_name)

    @property
    def fitted(self):
        return self.predict().rename("fitted")

    @property
    def residuals(self):
        return (self.y - self.fitted).rename("residual")

    def predict(self, new=None, groups="conditional", new_levels="error", se=False):
        r"""Predicted means for new rows.

        ``x'beta + z'b`` (conditional: for the groups named in `new`) or ``x'beta``
        (population: for a group not yet seen); an offset is added. Without random effects the
        two are the same.

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
        >>> fit = mm.lm("strength ~ C(k2o_lb_ac) + block", mm.load("potash"))
        >>> fit.predict(mm.load("potash").head(1), se=True).round(4)
            mean      se
        0  7.758  0.1428
        """
        one_of("groups", groups, ("conditional", "population"))
        one_of("new_levels", new_levels, ("error", "population"))
        se = truth("se", se)
        if new is None:
            rows = self._rows()
            X, index, offset = rows.X[:, self.kept], rows.rows, rows.row_offset
        else:
            X, offset = self.design.x_rows(new)[:, self.kept], self.design.offset_rows(new)
            index = new.index
        mean, met, unseen = offset + X @ self._kept_beta, [], np.zeros(len(X))
        for term, b, Sigma in (
            zip(self.terms, self.b, self.covariances) if groups == "conditional" else ()
        ):
            codes, x = (term.codes, term.x) if new is None else term.rows(new)
            known = codes >= 0
            if new_levels == "error" and not known.all():
                _unseen(term, new, known)
            mean = mean + np.where(known, (x * b[codes]).sum(axis=1), 0.0)
            unseen += np.where(known, 0.0, ((x @ Sigma) * x).sum(axis=1))
            met.append((codes, x * known[:, None], b.shape))
        mean = pd.Series(mean, index=index, name="mean")
        if not se:
            return mean
        C = self.joint_covariance() if met else self.cov_beta.to_numpy()
        return pd.DataFrame({"mean": mean, "se": np.sqrt(row_variance(X, met, C) + unseen)})

    @property
    def _kept_beta(self):
        return self.beta.to_numpy()[self.kept]

    def _roots(self):
        """A root of each matrix of `covariances`: root root' = Sigma."""
        return ()

    # --- new responses ---------------------------------------------------------------------

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

        Raises
        ------
        ValueError
            For an n or a seed that is none, and for more numbers than are drawn at one time.

        Examples
        --------
        >>> import mmteach as mm
        >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
        >>> fit.simulate(2, seed=1).shape
        (12, 2)
        """
        check_seed(seed)
        design, rng, n = self._rows(), np.random.default_rng(seed), whole("n", n)
        if n * self.nobs > MOST_DRAWS:
            raise ValueError(
                f"n={n} draws of {self.nobs} rows are too many at one time; draw "
                f"{max(1, MOST_DRAWS // self.nobs)} or fewer, and repeat with another seed"
            )
        if truth("conditional", conditional):
            mean = self.fitted.to_numpy()[:, None]
        else:
            mean = self.predict(groups="population").to_numpy()[:, None]
            for term, root in zip(self.terms, self._roots()):
                u = rng.standard_normal((n, len(term.levels), len(root))) @ root.T
                mean = mean + np.einsum("rk,srk->rs", term.x, u[:, term.codes])
        e = (
            rng.standard_normal((self.nobs, n))
            * (self.sigma / np.sqrt(design.row_weights))[:, None]
        )
        return pd.DataFrame(mean + e, index=design.rows)

    def _new_response(self, y):
        """`y` in the order of the rows of the fit; a Series is matched by its index."""
        rows = self._rows().rows
        if isinstance(y, pd.Series) and not y.index.equals(rows):
            missing = rows[~rows.isin(y.index)]
            if len(missing) or not (y.index.is_unique and rows.is_unique):
                why = (
                    f"it has no value for row {missing[0]!r}"
                    if len(missing)
                    else "a label stands there twice"
                )
                raise ValueError(
                    f"the index of y does not fit the rows of the fit: {why}; give y the index of "
                    "the data, or pass y.to_numpy() if the order is the same"
                )
            y = y[rows]
        y = finite(y, "y", ndim=1)
        if len(y) != self.nobs:
            raise ValueError(
                f"y has {len(y)} values, but the fit has {self.nobs} rows (after dropping missing "
                "ones)"
            )
        y = y - self.design.row_offset
        check_magnitude({self.design.y_name: largest(y[:, None])[0]})
        return y

    # --- printing --------------------------------------------------------------------------

    def _coefficients(self, max_rows, **more):
        """Estimates, standard errors and t as text; the first `max_rows` and how many more there are."""
        decimals = max(places(self.beta, 5), places(self.se, 3))
        table = pd.DataFrame(
            {
                "estimate": column(self.beta, decimals=decimals),
                "std. error": column(self.se, decimals=decimals),
                "t": column(self.beta / self.se, decimals=3),
                **more,
            },
            index=self.beta.index,
        )
        if max_rows is None or len(table) <= whole("max_rows", max_rows):
            return [("Fixed effects", table)]
        rest = len(table) - max_rows
        return [
            ("Fixed effects", table.head(max_rows)),
            f"... and {rest} more; fit.beta and fit.se hold them all",
        ]


def _unseen(term, new, known):
    labels = (
        new.loc[~known, list(term.bar.factors)].drop_duplicates().head(3).to_numpy(dtype=object)
    )
    shown = ", ".join(
        ":".join("a missing one" if pd.isna(v) else str(v) for v in row) for row in labels
    )
    raise ValueError(
        f"{term.group} has levels that the fit has not seen: {shown}; use "
        'new_levels="population" to predict them at the population mean'
    )
