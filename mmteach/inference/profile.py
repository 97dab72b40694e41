r"""Likelihood profiles: the whole curve, where the Wald interval sees one point and one curvature.

zeta(v) = sign(v - v_hat) sqrt(d(v) - d_min),    limits where |zeta| = z
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..engine.threads import is_small, one_thread
from ..guards import check_fit, number
from ..progress import progress
from ..words import shown
from .curves import Curve
from .parameters import choose, estimates_of, interval_table, model_parameters, z_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.fit import Fit

PANELS = 12  # profiles that one figure can show


def profile(fit: Fit, parameters: str | Sequence[str] | None = None) -> Profile:
    r"""The likelihood profile of every parameter.

    ``zeta(v) = sign(v - v_hat) sqrt(d(v) - d_min)`` by ML. A straight line means that the
    Wald interval is right; a bent one means that it is not.

    Parameters
    ----------
    fit : Fit
        A REML fit is fitted again by ML first.
    parameters : "fixed", "random", a label or a list of labels, optional

    Returns
    -------
    Profile
        With `table` (parameter, value, zeta), `confint(level)` and `plot()`.

    Raises
    ------
    ValueError
        For a fit without random effects or an unknown parameter.

    References
    ----------
    Bates and Watts (1988), Nonlinear Regression Analysis, ch. 6; Bates, Maechler, Bolker and
    Walker (2015), J. Stat. Software 67(1), section 5.1.

    Examples
    --------
    >>> import mmteach as mm
    >>> fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
    >>> profile(fit).confint(0.8).round(2)
                            estimate  lower  upper
    sd(Intercept | school)      7.51   0.00  17.09
    sigma                      12.02   9.13  16.81
    Intercept                  54.46  46.25  62.67
    """
    check_fit(fit, "profile")
    if not fit.random:
        raise ValueError(
            "profile is for mixed models; the intervals of least squares are exact: "
            "confint(fit, 'wald')"
        )
    choose(model_parameters(fit), parameters)  # refused here, and not after a fit by ML
    return Profile(fit, parameters)


class Profile:
    """Likelihood profiles of one fit.

    Attributes
    ----------
    fit : Fit
        The ML fit that was profiled.
    table : DataFrame
        parameter, value, zeta; zeta runs from about -2.6 to 2.6 (99 %).
    notes : list of str
    """

    def __init__(self, fit, parameters=None):
        self.notes = [f"Formula: {fit.formula}"]
        if fit.reml:
            self.notes.append("Fitted again by ML, whose likelihood is profiled.")
        self.fit = fit.refit(reml=False) if fit.reml else fit
        every = model_parameters(self.fit)
        values = estimates_of(self.fit)
        self.curves = [Curve(self.fit, every[r], values[r]) for r in choose(every, parameters)]

    def zeta(self, parameter, value):
        """Signed root of the rise in -2 log-likelihood with `parameter` held at `value`."""
        curves = {curve.parameter.label: curve for curve in self.curves}
        if not isinstance(parameter, str) or parameter not in curves:
            raise ValueError(f"{shown(parameter)} was not profiled; use one of {', '.join(curves)}")
        return curves[parameter].zeta(number("value", value))

    def confint(self, level=0.95):
        """Limits where ``|zeta|`` reaches the normal quantile, found by root search.

        A limit of 0 for an SD, or of 1 for a correlation, means that the likelihood does
        not fall far enough before the end of the range.
        """
        z = z_value(level)
        with one_thread(is_small(self.fit.products)):
            limits = [
                (curve.limit(-1, z), curve.limit(1, z))
                for curve in progress(self.curves, "profiling")
            ]
        lower, upper = np.array(limits).T
        notes, gain = [*self.notes], max(curve.minimum - curve.lowest for curve in self.curves)
        if gain > 1e-5:
            notes.append(
                f"On the way -2 log-likelihood fell {gain:.3g} below that of the fit: the fit is a "
                "local minimum, and these limits belong to it."
            )
        if not all(np.isfinite([c.estimate for c in self.curves])):
            notes.append("A correlation with an effect of zero variance is not defined: NA.")
        return interval_table(
            [c.parameter for c in self.curves],
            [c.estimate for c in self.curves],
            lower,
            upper,
            f"Profile intervals, {level:.0%}",
            notes,
        )

    @cached_property
    def table(self):
        with one_thread(is_small(self.fit.products)):
            parts = [curve.points() for curve in progress(self.curves, "profiling")]
        return pd.concat(parts, ignore_index=True)

    def __repr__(self):
        return (
            f"<Profile of {len(self.curves)} parameters of {self.fit.formula!r}; "
            "see .table, .confint(), .plot()>"
        )

    def plot(self, level=0.95):
        """Zeta against the value of each parameter, with its interval; returns the reading."""
        return _plot_profile(self, level)


def _plot_profile(profiled, level):
    import matplotlib.pyplot as plt

    from ..plots import BLUE, GREY, INK, ORANGE, STYLE, short

    curves = [curve for curve in profiled.curves if np.isfinite(curve.estimate)]
    if not 1 <= len(curves) <= PANELS:
        raise ValueError(
            f"{len(curves)} profiles to draw; choose 1 to {PANELS} of them, "
            'for instance profile(fit, "random")'
        )
    z, table = z_value(level), profiled.table
    columns = min(3, len(curves))
    rows = -(-len(curves) // columns)
    limits = []
    with plt.rc_context(STYLE):
        panels = plt.subplots(
            rows, columns, figsize=(3.1 * columns, 2.7 * rows), squeeze=False, sharey=True
        )[1].ravel()
        for panel in panels[len(curves) :]:
            panel.remove()
        for k, (panel, curve) in enumerate(zip(panels, curves)):
            points = table[table.parameter == curve.parameter.label]
            lower, upper = curve.limit(-1, z), curve.limit(1, z)
            panel.axhline(0, color=GREY, linewidth=0.8)
            slope = _slope_at_estimate(points, curve.estimate)
            ends = curve.estimate + np.array([-1, 1]) * 2.6 / slope
            panel.plot(ends, [-2.6, 2.6], ":", color=ORANGE, label="Wald")
            panel.plot(points.value, points.zeta, "-o", color=BLUE, markersize=3, label="profile")
            for v in (lower, upper):
                panel.plot([v, v], [0, curve.zeta(v)], "--", color=INK, linewidth=1)
            panel.plot(
                [lower, upper],
                [0, 0],
                color=INK,
                linewidth=3,
                solid_capstyle="butt",
                label=f"{level:.0%}",
            )
            margin = 0.06 * np.ptp(points.value)
            panel.set(
                title=curve.parameter.label,
                xlim=(points.value.min() - margin, points.value.max() + margin),
            )
            if k % columns == 0:
                panel.set_ylabel(r"$\zeta$")
            limits.append((lower, curve.estimate, upper))
        panels[0].legend(loc="upper left", fontsize=8)
    arms = np.diff(limits, axis=1)
    least_even = int(np.abs(np.diff(np.log(arms + 1e-300))).argmax())
    lower, _, upper = limits[least_even]
    below, above = arms[least_even]
    return (
        f"{len(curves)} profiles, {level:.0%} intervals; the least even is "
        f"{curves[least_even].parameter.label}: {short(lower)} to {short(upper)}, "
        f"{short(below, 3)} below the estimate and {short(above, 3)} above it."
    )


def _slope_at_estimate(points, estimate):
    """d zeta / d value from the neighbours of the estimate: the Wald line."""
    at = int(np.flatnonzero(points.value.to_numpy() == estimate)[0])
    near = points.iloc[[max(0, at - 1), min(len(points) - 1, at + 1)]]
    return float(np.ptp(near.zeta) / np.ptp(near.value))
