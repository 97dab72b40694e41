r"""Checking a model: residuals, leverage, and data simulated from the fit itself.

    y_hat = H y,   H = W C W'    (C: Henderson's inverse over sigma^2, W = [X Z])
    Var(y - y_hat) = sigma^2 (I - H)

so that e_i / (sigma sqrt(1 - h_i)) has variance 1 for every row, in mixed models as in least
squares; prior weights multiply the rows by sqrt(w).

Every `show_` function draws and returns its reading: one sentence computed from the numbers.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata, spearmanr

from ..engine.fit import Fit
from ..tables import Table, significant
from ..guards import check_fit

MANY_CELLS = 5e7   # rows x simulations that are kept at one time


# --- leverage, standardised residuals, Cook's distance ------------------------------------


def influence(fit):
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
    h = weights * _mean_variance(fit) / fit.sigma2
    # a row that alone decides its own mean has h = 1 and no residual to standardise
    left = np.where(1 - h > 1e-10, 1 - h, np.nan)
    t = np.sqrt(weights) * residual.to_numpy() / (fit.sigma * np.sqrt(left))
    p = len(fit.cov_beta)
    table = pd.DataFrame({"fitted": fit.fitted, "residual": residual, "standardised": t,
                          "leverage": h, "cooks_distance": t ** 2 * h / (left * p)})
    table.index = pd.Index(np.asarray(table.index))  # row numbers are worth showing
    notes = [f"The leverages add up to {significant(h.sum())}; {p} fixed effects."]
    if np.isnan(left).any():
        notes.append(f"{np.isnan(left).sum()} rows decide their own fitted value (leverage 1): NA.")
    return Table(table, title=f"Influence of each row: {fit.formula}", notes=notes)


def _mean_variance(fit):
    """sigma^2 diag(W C W') without laying out W, as a row meets few random effects."""
    if not isinstance(fit, Fit):
        return fit.predict(se=True).se.to_numpy() ** 2
    X, C = fit.X.to_numpy(), fit.joint_covariance()
    q = len(C) - X.shape[1]
    columns, start = [], 0
    for term, b in zip(fit.terms, fit.b):
        J, k = b.shape
        columns += [(start + term.codes * k + j, term.x[:, j]) for j in range(k)]
        start += J * k
    variance = np.einsum("ni,ij,nj->n", X, C[q:, q:], X, optimize=True)
    for a, x in columns:
        variance += 2 * x * np.einsum("nj,nj->n", C[a, q:], X)
        for b, z in columns:
            variance += x * z * C[a, b]
    return variance


# --- residuals against simulations --------------------------------------------------------


def simulated_residuals(fit, n=250, seed=None, conditional=False):
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
    if n < 19:
        raise ValueError(f"n={n} simulations cannot give a p-value of 0.05; use 19 or more")
    if fit.nobs * n > MANY_CELLS:
        raise ValueError(f"{fit.nobs} rows and n={n} simulations are too many to rank at one time; "
                         f"use n={max(19, int(MANY_CELLS / fit.nobs))}, or fit a part of the data")
    Y = np.column_stack([fit.y, _simulated(fit, n, seed, conditional)])
    U = (rankdata(Y, axis=1) - 0.5) / (n + 1)
    distances = uniform_distance(U)
    return SimulatedResiduals(fit, pd.Series(U[:, 0], index=fit.y.index, name="simulated_residual"),
                              distances[0], float(np.mean(distances >= distances[0] - 1e-12)), n)


def _simulated(fit, n, seed, conditional):
    rng = np.random.default_rng(seed)
    if isinstance(fit, Fit):
        return fit.simulate(n, rng, conditional).to_numpy()
    scale = fit.sigma / np.sqrt(fit.design.row_weights)
    return fit.fitted.to_numpy()[:, None] + scale[:, None] * rng.standard_normal((fit.nobs, n))


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
            x, quartiles = _by_fifths(mean, u, lambda v: np.quantile(v, [0.25, 0.5, 0.75]))
            for q, style in zip((0.25, 0.5, 0.75), ("--", "-", "--")):
                right.axhline(q, color=GREY, linewidth=0.8, linestyle=style)
            for values, style in zip(quartiles.T, ("--", "-", "--")):
                right.plot(x, values, style, color=INK, marker="s", markersize=4)
            right.set(xlabel="population mean", ylabel="simulated residual")
            if title:
                left.set_title(title)
        return str(self)

    def __str__(self):
        medians = _by_fifths(_population_mean(self.fit), self.values.to_numpy(), np.median)[1]
        return (
            f"{len(self.values)} simulated residuals: distance from uniform {self.distance:.3f}, "
            f"p = {self.p:.3f} against {self.n} simulated data sets; {self.outside} lie outside "
            f"all their simulations (about {2 * len(self.values) / (self.n + 1):.1f} expected); "
            f"medians by fifths of the population mean {medians.min():.2f} to {medians.max():.2f}."
        )

    __repr__ = __str__


def _population_mean(fit):
    return (fit.predict(groups="population") if isinstance(fit, Fit) else fit.fitted).to_numpy()


# --- pictures -----------------------------------------------------------------------------


def show_residuals(fit, ax=None, title=None):
    """Residuals against fitted values, with the mean of each fifth of the fitted values.

    Parameters
    ----------
    fit : fit of `lmm` or `lm`
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: the span of the residuals, and of their means by fifths.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import mmteach as mm
    >>> show_residuals(mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum")))
    '72 residuals from -320 to 307.4, the largest in row 2; means by fifths of the fitted ...'
    """
    from ..plots import short

    e, fitted = fit.residuals.to_numpy(), fit.fitted.to_numpy()
    means = _cloud(fitted, e, np.mean, "fitted value", "residual", ax, title, zero=True)
    worst = int(np.abs(e).argmax())
    return (f"{len(e)} residuals from {short(e.min())} to {short(e.max())}, the largest in row "
            f"{fit.residuals.index[worst]}; means by fifths of the fitted values "
            f"{short(means.min())} to {short(means.max())}.")


def show_scale_location(fit, ax=None, title=None):
    """Size of the residuals against fitted values: does the spread change with the mean?

    Parameters
    ----------
    fit : fit of `lmm` or `lm`
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: spread by fifths of the fitted values, and the rank correlation.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import mmteach as mm
    >>> show_scale_location(mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum")))
    'Standard deviation of the standardised residuals by fifths of the fitted values: 0.80, ...'
    """
    table = influence(fit).dropna()
    size = np.sqrt(table.standardised.abs().to_numpy())
    fitted = table.fitted.to_numpy()
    _cloud(
        fitted,
        size,
        np.mean,
        "fitted value",
        r"$\sqrt{|\mathrm{standardised\ residual}|}$",
        ax,
        title,
    )
    spread = _by_fifths(fitted, table.standardised.to_numpy(), np.std)[1]
    reading = ("Standard deviation of the standardised residuals by fifths of the fitted values: "
               + ", ".join(f"{v:.2f}" for v in spread))
    if len(spread) > 1:
        reading += (
            f"; rank correlation of size and fitted value {spearmanr(size, fitted).statistic:.2f}"
        )
    return reading + "."


def show_qq(fit, ax=None, title=None):
    """Normal Q-Q plot of the standardised residuals.

    Parameters
    ----------
    fit : fit of `lmm` or `lm`
    ax : matplotlib Axes, optional
    title : str, optional

    Returns
    -------
    str
        The reading: correlation with normal quantiles, and the tails.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import mmteach as mm
    >>> show_qq(mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum")))
    '72 standardised residuals from -2.35 (row 2) to 2.26 (row 69), normal would be -2.38 ...'
    """
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, STYLE, axes_or_new

    t = influence(fit).standardised.dropna()
    ordered, quantiles = np.sort(t), _normal_quantiles(len(t))
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(4.6, 4.2))
        ax.plot(quantiles[[0, -1]], quantiles[[0, -1]], color=GREY)
        ax.plot(quantiles, ordered, "o", markersize=3.5, color=BLUE)
        ax.set(xlabel="normal quantile", ylabel="standardised residual")
        if title:
            ax.set_title(title)
    r = np.corrcoef(ordered, quantiles)[0, 1]
    return (
        f"{len(t)} standardised residuals from {ordered[0]:.2f} (row {t.idxmin()}) to "
        f"{ordered[-1]:.2f} (row {t.idxmax()}), normal would be {quantiles[0]:.2f} to "
        f"{quantiles[-1]:.2f}; correlation with "
        f"normal quantiles {r:.3f}."
    )


def show_ranef_qq(fit, title=None):
    """Normal Q-Q plots of the BLUPs, term by term, each with its conditional SD.

    The line is what the model expects: BLUPs are shrunken, so their variance is not that of
    the random effects but ``sigma_u^2 - Var(u | y)``, averaged over the levels.

    Parameters
    ----------
    fit : Fit
    title : str, optional

    Returns
    -------
    str
        The reading: for every effect its SD, expected SD and largest level.

    Raises
    ------
    ValueError
        For a fit without random effects.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import mmteach as mm
    >>> show_ranef_qq(mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum")))
    'Intercept | block: 4 BLUPs with SD 38.2, expected 44.2, farthest R1 at 60.5.'
    """
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, STYLE, short

    if not isinstance(fit, Fit):
        raise ValueError("this fit has no random effects; show_qq(fit) shows its residuals")
    effects = list(fit.ranef().groupby(["group", "term"], sort=False))
    variances = fit.varcomp.set_index(["group", "term"]).variance
    columns = min(3, len(effects))
    readings = []
    with plt.rc_context(STYLE):
        size = (3.4 * columns, 3.2 * -(-len(effects) // columns))
        panels = plt.subplots(-(-len(effects) // columns), columns, figsize=size, squeeze=False)[
            1
        ].ravel()
        for panel in panels[len(effects):]:
            panel.remove()
        for panel, ((group, name), table) in zip(panels, effects):
            table = table.sort_values("estimate")
            b, quantiles = table.estimate.to_numpy(), _normal_quantiles(len(table))
            expected = np.sqrt(max(0.0, np.mean(variances[group, name] - table.sd ** 2)))
            panel.plot(quantiles[[0, -1]], expected * quantiles[[0, -1]], color=GREY)
            panel.errorbar(
                quantiles, b, table.sd, fmt="o", markersize=4, color=BLUE, elinewidth=0.8
            )
            panel.set(xlabel="normal quantile", ylabel="BLUP", title=f"{name} | {group}")
            far = table.loc[table.estimate.abs().idxmax()]
            readings.append(
                f"{name} | {group}: {len(b)} BLUPs with SD {short(np.sqrt(np.mean(b**2)), 3)}, "
                f"expected {short(expected, 3)}, farthest {far.level} "
                f"at {short(far.estimate, 3)}"
            )
        if title:
            panels[0].figure.suptitle(title)
    return "; ".join(readings) + "."


def _cloud(x, y, summary, x_label, y_label, ax, title, zero=False):
    """Points with a line through the summary of each fifth of x; returns those summaries."""
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, INK, STYLE, axes_or_new

    centres, values = _by_fifths(x, y, summary)
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize=(7.0, 3.6))
        if zero:
            ax.axhline(0, color=GREY, linewidth=1)
        ax.plot(x, y, "o", markersize=4, color=BLUE, alpha=0.6)
        ax.plot(
            centres,
            values,
            color=INK,
            marker="s",
            markersize=5,
            label="mean of a fifth of the rows",
        )
        ax.set(xlabel=x_label, ylabel=y_label)
        ax.legend(loc="best")
        if title:
            ax.set_title(title)
    return values


def _by_fifths(x, y, summary):
    """Mean of x and summary of y in five groups of rows, from the smallest x to the largest.

    Rows with the same x stay together, so there are fewer groups where x has few values.
    """
    ranks = rankdata(x, method="dense") - 1
    values = ranks.max() + 1
    groups = ranks if values <= 5 else np.floor(5 * (rankdata(x) - 0.5) / len(x))
    codes = pd.factorize(groups, sort=True)[0]
    rows = [codes == g for g in range(codes.max() + 1)]
    return np.array([x[r].mean() for r in rows]), np.array([summary(y[r]) for r in rows])


def _normal_quantiles(n):
    """Expected places of n ordered normal values (Blom, 1958)."""
    return norm.ppf((np.arange(1, n + 1) - 0.375) / (n + 0.25))
