"""Pictures: arrays in, a drawing and a sentence out. ``from mmteach import plots``."""

from .lessons import (BLUE, GREY, INK, ORANGE, STYLE, axes_or_new, short, show_curves, show_field, show_intervals,
                      show_matrix, show_points, show_sampling, show_shrinkage, show_surface, show_terms)
