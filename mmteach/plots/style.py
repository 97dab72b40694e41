"""What all pictures share: colours, the frame they are drawn in, and the words of their readings.

Colours are safe for colour-blind readers, and nothing rests on colour alone: small matrices
carry their values, groups carry lines, and two analyses differ in marker as well as in hue.
"""

import re
from contextlib import contextmanager

import numpy as np

from ..guards import is_number, text
from ..words import shown

# hues from Okabe and Ito (2008): told apart in every common form of colour blindness
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8A8A8A", "#222222"
HUES, MARKERS = (BLUE, ORANGE, "#009E73", "#CC79A7"), "os^D"

STYLE = {
    "figure.figsize": (7.0, 3.6),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.4,
}


# --- drawing -----------------------------------------------------------------------------


@contextmanager
def frame(ax, figsize, title=None, xlabel=None, ylabel=None, legend=False):
    """Axes in the style of the course; labels, the legend (above) and the title when all is drawn.

    Leaves matplotlib's settings as they were. Panels with one and the same legend show it once.
    """
    import matplotlib.pyplot as plt

    for name, value in (("title", title), ("xlabel", xlabel), ("ylabel", ylabel)):
        text(name, value)
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax, figsize)
        yield ax
        ax.set(xlabel=xlabel or "", ylabel=ylabel or "")
        if legend and not _explained_beside(ax):
            ax.legend(
                loc="lower left",
                bbox_to_anchor=(0, 1),
                ncols=5,
                borderaxespad=0.2,
                handletextpad=0.5,
                columnspacing=1.2,
            )
        if title:
            ax.set_title(title, pad=22 if legend else None)


def axes_or_new(ax, figsize):
    """The axes given, or those of a new figure."""
    import matplotlib.pyplot as plt

    if ax is None:
        return plt.subplots(figsize=figsize)[1]
    if not isinstance(ax, plt.Axes):
        several = isinstance(ax, np.ndarray) and ax.ndim
        give = (
            "one of these, such as axes[0]"
            if several
            else "axes of matplotlib, such as plt.subplots()[1]"
        )
        raise ValueError(f"ax is {shown(ax)}; give {give}, or leave it out")
    return ax


def tick_names(ax, places, names):
    """Names below the horizontal axis, upright where they would run into each other."""
    ax.set_xticks(places, names)
    inches = ax.get_window_extent().width / ax.figure.dpi
    if (max(map(len, names)) + 1) * len(names) > 14 * inches:
        ax.tick_params(axis="x", rotation=90)


def _explained_beside(ax):
    """Whether other axes of the figure carry the legend that this one would have."""
    words = ax.get_legend_handles_labels()[1]
    legends = [other.get_legend() for other in ax.figure.axes if other is not ax]
    return any(
        legend and [text.get_text() for text in legend.get_texts()] == words for legend in legends
    )


# --- words -------------------------------------------------------------------------------


def short(value, digits=4):
    """Significant digits, but all digits before the point.

    >>> short(28533.4), short(113.2164), short(0.67117), short(-0.0)
    ('28533', '113.2', '0.6712', '0')
    """
    value = float(value) + 0.0  # turns -0.0 into 0.0
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def span(values, unit=""):
    """The range of numbers, or the number that they all are.

    >>> span([113.2, 113.2]), span([80, 92.4], "kg/ha")
    ('113.2', '80 to 92.4 kg/ha')
    """
    low, high = (short(v) for v in (np.min(values), np.max(values)))
    return (low if low == high else f"{low} to {high}") + (f" {unit}" if unit else "")


def percent(share, digits=3):
    """A share as per cent: as many as that of a thousand, with more digits where there are more.

    >>> percent(0.671172), percent(1.0), percent(0.25)
    ('67.1 %', '100 %', '25 %')
    """
    return f"{100 * share:.{digits}g} %"


def unit_of(label):
    """The unit at the end of the label of an axis.

    >>> unit_of("yield (kg/ha)"), unit_of("strength"), unit_of(None)
    ('kg/ha', '', '')
    """
    found = re.search(r"\(([^()]*)\)\s*$", label or "")
    return found[1] if found else ""


def plain(label):
    r"""A label of matplotlib's mathematics as plain text, without its unit.

    >>> plain(r"$\sigma_b^2$ (points²)"), plain(r"$\theta = \sigma_b/\sigma$")
    ('sigma_b²', 'theta')
    """
    bare = re.sub(r"\([^()]*\)\s*$", "", label or "")
    return re.sub(r"[$\\{}]", "", bare).replace("^2", "²").split("=")[0].strip()


def word_for(given, other):
    """What the labels are called: the name of a Series in plain words, else the other word.

    >>> import pandas as pd
    >>> word_for(pd.Series(["A"], name="site_year"), "category"), word_for(["A"], "category")
    ('site-year', 'category')
    """
    name = str(getattr(given, "name", None) or "")
    return name.replace("_", "-") if name.replace("_", "").isalpha() else other


def plural(word):
    """Several of them.

    >>> plural("block"), plural("entry"), plural("box")
    ('blocks', 'entries', 'boxes')
    """
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def counted(number, word):
    """A number of things.

    >>> counted(1, "step"), counted(4, "block")
    ('1 step', '4 blocks')
    """
    return f"{number} {word if number == 1 else plural(word)}"


# --- what several pictures refuse ----------------------------------------------------------


def by_name(name, given, example, least=1, most=4):
    """The items of a dict as (name, value); refuse what is none, and more than can be told apart."""
    if not hasattr(given, "items") or isinstance(given, type):
        raise ValueError(f"{name} is {shown(given)}; give a dict, such as {example}")
    items = [(str(key), value) for key, value in given.items()]
    if not least <= len(items) <= most:
        raise ValueError(
            f"there are {len(items)} {name}; give {least} to {most}, which can be told apart"
        )
    return items


def is_pair(given, fits):
    """Whether it is two of what fits."""
    several = isinstance(given, (tuple, list, np.ndarray)) and getattr(given, "shape", None) != ()
    return several and len(given) == 2 and all(map(fits, given))


def ends(name, given):
    """The two ends of an axis."""
    if not is_pair(given, is_number) or not given[0] < given[1]:
        raise ValueError(f"{name} is {shown(given)}; give two numbers, the lower end first")
    return tuple(given)
