"""The words of the course: each spelled out, in one plain sentence, with the day it belongs to."""

import textwrap
from difflib import get_close_matches
from typing import NamedTuple

from ..words import shown
from .saying import say


class Term(NamedTuple):
    """A term: its full name, what it means, the day that explains it."""

    spelled: str
    sentence: str
    day: int


TERMS = {
    "AIC": Term(
        "Akaike's information criterion",
        "−2 times the log-likelihood plus 2 for each parameter: smaller is better, among fits to "
        "the same data.",
        7,
    ),
    "balanced": Term(
        "balanced data",
        "Every combination occurs equally often, such as each genotype once in each block.",
        2,
    ),
    "BIC": Term(
        "Bayesian information criterion",
        "Like AIC, but each parameter costs the logarithm of the number of observations.",
        7,
    ),
    "block": Term(
        "block",
        "A group of plots that lie together and so share good or bad conditions.",
        2,
    ),
    "BLUE": Term(
        "best linear unbiased estimate",
        "The estimate of a fixed effect that varies least among all linear ones that are right on "
        "average; least squares gives it, generalised where observations are correlated.",
        5,
    ),
    "BLUP": Term(
        "best linear unbiased prediction",
        "The prediction of a random effect with the smallest mean squared error among all linear "
        "ones that are right on average; it is drawn towards zero.",
        5,
    ),
    "boundary": Term(
        "boundary fit (singular fit)",
        "A fit in which a variance is estimated as zero, or a correlation as 1 or −1.",
        4,
    ),
    "CI": Term(
        "confidence interval",
        "An interval from a rule that catches the true value in, say, 95 of 100 repetitions.",
        1,
    ),
    "conditional mode": Term(
        "conditional mode of a random effect",
        "The most probable value of a random effect given the data; in the models of this course "
        "with normal responses it is the BLUP.",
        5,
    ),
    "contrast": Term(
        "contrast",
        "A weighted sum of means whose weights add up to zero, such as one mean minus another.",
        6,
    ),
    "covariance": Term(
        "covariance",
        "How far two values move together; of a value with itself it is the variance.",
        2,
    ),
    "criterion": Term(
        "criterion (deviance)",
        "−2 times the log-likelihood, by ML or by REML: the fit makes it as small as possible.",
        4,
    ),
    "crossed": Term(
        "crossed factors",
        "Each level of one factor occurs with each level of the other, as genotypes with blocks.",
        3,
    ),
    "df": Term(
        "degrees of freedom",
        "How many independent pieces of information an estimate of a variance rests on.",
        1,
    ),
    "experimental unit": Term(
        "experimental unit",
        "What is given a treatment at random, independently of the others: here mostly a plot.",
        1,
    ),
    "fixed effect": Term(
        "fixed effect",
        "An unknown constant of the model, such as the mean of a genotype.",
        2,
    ),
    "GLS": Term(
        "generalised least squares",
        "Least squares that weighs the observations by the inverse of V, so that correlated ones "
        "count less.",
        2,
    ),
    "ICC": Term(
        "intraclass correlation",
        "The correlation of two observations of one group: σ_b²/(σ_b² + σ²).",
        2,
    ),
    "interaction": Term(
        "interaction",
        "The effect of one factor depends on the level of another.",
        6,
    ),
    "Kenward-Roger": Term(
        "Kenward and Roger's method",
        "Corrects standard errors and degrees of freedom for the fact that the variances were "
        "estimated.",
        6,
    ),
    "likelihood": Term(
        "likelihood",
        "The density of the data, read as a function of the parameters.",
        4,
    ),
    "LRT": Term(
        "likelihood-ratio test",
        "Compares two nested models by the difference of their criteria.",
        4,
    ),
    "mean square": Term(
        "mean square (MS)",
        "A sum of squares divided by its degrees of freedom.",
        1,
    ),
    "ML": Term(
        "maximum likelihood",
        "Chooses the parameters under which the data would be most probable; it forgets that means "
        "were estimated too, so its variances are on average too small.",
        4,
    ),
    "nested": Term(
        "nested factors",
        "Each level of one factor occurs with one level only of the other, as plots inside blocks.",
        3,
    ),
    "observational unit": Term(
        "observational unit",
        "What is measured: one row of the table.",
        1,
    ),
    "orthogonal": Term(
        "orthogonal layout",
        "The effects of one factor can be estimated as if the other were not there, as treatments "
        "and blocks when each treatment stands once in each block.",
        2,
    ),
    "partial pooling": Term(
        "partial pooling",
        "Each group gets a value between its own estimate and the common one; shrinkage does that.",
        5,
    ),
    "plug-in": Term(
        "plug-in",
        "The estimated variances are put in as if they were the true ones.",
        2,
    ),
    "profile": Term(
        "profiled criterion",
        "The criterion as a function of some parameters, the others at their best for these.",
        4,
    ),
    "pseudoreplication": Term(
        "pseudoreplication",
        "Repeated measurements of one experimental unit are counted as if they were several units.",
        3,
    ),
    "random effect": Term(
        "random effect",
        "An effect that the model treats as drawn from a distribution, of which the variance is "
        "estimated.",
        2,
    ),
    "RCBD": Term(
        "randomised complete block design",
        "Every treatment stands once in every block, at a random place.",
        2,
    ),
    "REML": Term(
        "restricted maximum likelihood",
        "Estimates the variances from the part of the data that does not depend on the means.",
        4,
    ),
    "residual": Term(
        "residual",
        "An observation minus what the model expects for it.",
        1,
    ),
    "Satterthwaite": Term(
        "Satterthwaite's method",
        "Gives a standard error made of several variances the degrees of freedom of one variance "
        "that is equally uncertain.",
        2,
    ),
    "SD": Term(
        "standard deviation",
        "The root of a variance; it has the unit of the data.",
        1,
    ),
    "SE": Term(
        "standard error",
        "The standard deviation of an estimate over repetitions of the whole trial.",
        1,
    ),
    "SED": Term(
        "standard error of a difference",
        "The standard error of one mean minus another; it judges whether two treatments differ.",
        2,
    ),
    "shrinkage": Term(
        "shrinkage",
        "A group's own deviation is drawn towards zero, the more so the less the group tells.",
        5,
    ),
    "split-plot": Term(
        "split-plot design",
        "One treatment is given to whole plots, another to parts of them, so there are two sizes "
        "of experimental unit and two errors.",
        3,
    ),
    "variance component": Term(
        "variance component",
        "One of the variances that add up to the variance of an observation, such as σ_b² and σ².",
        2,
    ),
}
# what people also write
ALSO = {
    "degrees of freedom": "df",
    "ddf": "df",
    "deviance": "criterion",
    "kr": "Kenward-Roger",
    "kenward-rogers": "Kenward-Roger",
    "empirical blup": "BLUP",
    "eblup": "BLUP",
    "icc": "ICC",
    "intraclass correlation": "ICC",
    "ms": "mean square",
    "singular": "boundary",
    "singular fit": "boundary",
    "maximum likelihood": "ML",
}


def glossary(term: str | None = None):
    """Print what a term means, in one sentence, and the day that explains it; without one, all.

    A term that is not there is met with the closest ones.

    Examples
    --------
    >>> glossary("SED")
    SED: standard error of a difference (day 2)
      The standard error of one mean minus another; it judges whether two treatments differ.
    >>> glossary("blups")
    BLUP: best linear unbiased prediction (day 5)
      The prediction of a random effect with the smallest mean squared error among all linear ones
      that are right on average; it is drawn towards zero.
    >>> glossary("remel")
    'remel' is not in the glossary; did you mean 'REML'?
    """
    if term is None:
        for name in sorted(TERMS, key=str.lower):
            say(_entry(name))
        return
    name = find(term)
    if name is not None:
        say(_entry(name))
        return
    names = {name.lower(): name for name in TERMS}
    close = isinstance(term, str) and get_close_matches(term[:80].lower(), names, 1, cutoff=0.5)
    remedy = f"did you mean {names[close[0]]!r}?" if close else "glossary() lists all"
    say(f"{shown(term, most=40)} is not in the glossary; {remedy}")


def find(term):
    """The name under which a term is listed, however it is written; else None.

    >>> find("Kenward–Roger"), find("degrees of freedom"), find("random effects"), find(3)
    ('Kenward-Roger', 'df', 'random effect', None)
    """
    if not isinstance(term, str):
        return None
    wanted = " ".join(term.replace("–", "-").replace("_", " ").lower().split())
    names = {name.lower(): name for name in TERMS}
    names |= {one.spelled.lower(): name for name, one in TERMS.items()}
    names |= ALSO
    return names.get(wanted) or names.get(wanted.removesuffix("s"))


def _entry(name):
    one = TERMS[name]
    spelled = "" if one.spelled == name else f": {one.spelled}"
    return f"{name}{spelled} (day {one.day})\n" + textwrap.fill(
        one.sentence, 94, initial_indent="  ", subsequent_indent="  "
    )
