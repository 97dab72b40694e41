"""Estimates on the boundary: a variance of zero, or a correlation of plus or minus one.

    certificate: the slope of d in the variance, d d(theta) / d(sigma_u^2) >= 0 at zero

Such an estimate is no failure of the search; the slope says that the data ask for it.
"""

import numpy as np

BOUNDARY = 1e-4  # a diagonal of theta below this is called zero, as in lme4


def on_boundary(fit):
    """Whether the estimate lies on the boundary, and one calm sentence for each case."""
    cp, messages = fit.products, []
    relative = fit.theta * cp.theta_units()
    places = np.flatnonzero(cp.diagonal_places() & (np.abs(relative) < BOUNDARY))
    if len(places):
        units = cp.theta_units()
        scores = [fit.profiled.score(fit.theta, i, 1e-4 / units[i]) / fit.sigma2 for i in places]
        at_zero = fit.varcomp[fit.varcomp.variance < (BOUNDARY * fit.sigma) ** 2]
        what = ", ".join(np.array(fit._theta_names())[places])
        certificate = f"the criterion would rise by {min(scores):.3g} per unit of variance"
        if len(at_zero):
            messages.append(
                f"Boundary estimate: the data ask for a variance of zero ({what}); {certificate}. "
                "The fit is complete, and the term adds nothing to V."
            )
        else:
            messages.append(
                f"Boundary estimate: the data ask for a correlation of plus or minus one ({what}); "
                f"{certificate}. The fit is complete; a simpler term may describe it as well."
            )
    if relative.max() > 1e4:
        messages.append(
            "The random effects reproduce the data almost exactly, so the residual variance has no "
            "estimate of its own; leave out a random term."
        )
    return bool(len(places)), messages
