"""Pictures: arrays in, a drawing and a sentence out. ``from mmteach import plots``.

Every function draws on `ax` (or on a new figure) and returns its reading: a sentence computed
from the same numbers, to be printed below the figure.
"""

from .criteria import show_curves, show_surface, show_terms
from .estimates import show_intervals, show_sampling, show_shrinkage
from .matrix import show_matrix
from .style import BLUE, GREY, INK, ORANGE, STYLE, axes_or_new, frame, short
from .trials import show_field, show_points

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "ORANGE",
    "STYLE",
    "axes_or_new",
    "frame",
    "short",
    "show_curves",
    "show_field",
    "show_intervals",
    "show_matrix",
    "show_points",
    "show_sampling",
    "show_shrinkage",
    "show_surface",
    "show_terms",
]
