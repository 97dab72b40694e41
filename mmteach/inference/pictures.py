r"""Pictures that check a model: residuals, their spread, and Q-Q plots.

Every `show_` function draws and returns its reading: one sentence computed from the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..guards import check_fit, text
from ..words import shown
from .diagnostics import by_fifths, influence
from .distributions import normal_quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..engine.fit import Fit
    from ..engine.linear import LinearFit


def show_residuals(fit: Fit | LinearFit, ax: Axes | None = None, title: str | None = None) -> str:
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

    _drawable(fit, "show_residuals", ax, title)
    e, fitted = fit.residuals.to_numpy(), fit.fitted.to_numpy()
    means = _cloud(fitted, e, np.mean, "fitted value", "residual", ax, title, zero=True)
    worst = int(np.abs(e).argmax())
    return (
        f"{len(e)} residuals from {short(e.min())} to {short(e.max())}, the largest in row "
        f"{fit.residuals.index[worst]}; means by fifths of the fitted values "
        f"{short(means.min())} to {short(means.max())}."
    )


def show_scale_location(
    fit: Fit | LinearFit,
    ax: Axes | None = None,
    title: str | None = None,
) -> str:
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
    _drawable(fit, "show_scale_location", ax, title)
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
    spread = by_fifths(fitted, table.standardised.to_numpy(), np.std)[1]
    reading = (
        "Standard deviation of the standardised residuals by fifths of the fitted values: "
        + ", ".join(f"{v:.2f}" for v in spread)
    )
    if len(spread) > 1:
        ranks = pd.DataFrame({"size": size, "fitted": fitted}).rank()
        reading += f"; rank correlation of size and fitted value {ranks.corr().iloc[0, 1]:.2f}"
    return reading + "."


def show_qq(fit: Fit | LinearFit, ax: Axes | None = None, title: str | None = None) -> str:
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

    _drawable(fit, "show_qq", ax, title)
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


def show_ranef_qq(fit: Fit, title: str | None = None) -> str:
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

    _drawable(fit, "show_ranef_qq", None, title)
    if not fit.random:
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
        for panel in panels[len(effects) :]:
            panel.remove()
        for panel, ((group, name), table) in zip(panels, effects):
            table = table.sort_values("estimate")
            b, quantiles = table.estimate.to_numpy(), _normal_quantiles(len(table))
            expected = np.sqrt(max(0.0, np.mean(variances[group, name] - table.sd**2)))
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


def _drawable(fit, name, ax, title):
    """Refuse what cannot be drawn, before a figure is opened."""
    check_fit(fit, name)
    text("title", title)
    if ax is not None and not hasattr(ax, "axhline"):
        raise ValueError(
            f"ax is {shown(ax)}; it must be Axes of matplotlib, such as plt.subplots()[1]"
        )


def _cloud(x, y, summary, x_label, y_label, ax, title, zero=False):
    """Points with a line through the summary of each fifth of x; returns those summaries."""
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, INK, STYLE, axes_or_new

    centres, values = by_fifths(x, y, summary)
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


def _normal_quantiles(n):
    """Expected places of n ordered normal values (Blom, 1958)."""
    return normal_quantile((np.arange(1, n + 1) - 0.375) / (n + 0.25))
