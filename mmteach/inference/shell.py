r"""The ANOVA shell: sources of variation and their degrees of freedom, before there are data.

a factor: a - 1,    an interaction: (a - 1)(b - 1),    the error of a stratum: what is left
"""

from itertools import combinations
from math import prod

import pandas as pd

from ..engine.formula import split_bars
from ..guards import whole
from ..tables import Table
from ..words import listed, shown


def anova_shell(
    treatments: str,
    blocks: str | None = None,
    n: dict[str, int] | None = None,
) -> Table:
    r"""Sources of variation and their degrees of freedom, from the design alone.

    A factor with a levels has ``a - 1``, an interaction the product ``(a - 1)(b - 1)``, and
    the error of each stratum has what is left of its units: for d x t treatments in r
    complete blocks and N plots ``N - dt - (r - 1)``.

    Parameters
    ----------
    treatments : str
        For instance ``"diet*day"``; ``:``, ``*``, ``/`` and ``+`` as in model formulas.
    blocks : str, optional
        Complete blocks (``"room"``), or strata from large to small units: whole plots
        ``"block/fungicide"``, pens seen on several days ``"room/diet:rep"``.
    n : dict {factor: levels}
        Every combination of the levels is one observation; names that appear in neither
        formula are replicates within all the others.

    Returns
    -------
    Table
        One row per source: df, and how it comes about.

    Raises
    ------
    ValueError
        For factors without a number of levels, and numbers that are not positive integers.

    References
    ----------
    Fisher (1935), The Design of Experiments; Nelder (1965), Proc. R. Soc. A 283, 147-178.

    Examples
    --------
    >>> anova_shell("diet*day", blocks="room", n={"diet": 6, "day": 3, "room": 3, "rep": 5})
    ANOVA shell for 270 observations
               df                       how
    room        2                     3 − 1
    diet        5                     6 − 1
    day         2                     3 − 1
    diet:day   10            (6 − 1)(3 − 1)
    error     250  270 − 1 − 2 − 5 − 2 − 10
    total     269                   270 − 1
    Levels: diet 6, day 3, room 3, rep 5
    Error: 270 observations − 18 treatment means − 2 for blocks
    """
    treatment_terms, block_terms = (
        _shell_terms(treatments, "treatments"),
        _shell_terms(blocks, "blocks"),
    )
    n = _shell_levels(n, [f for term in [*treatment_terms, *block_terms] for f in term])
    everything = tuple(n)
    strata = [*(B for B in block_terms if set(B) != set(everything)), everything]
    # every set S of factors stands for one effect of prod(n - 1) df; the smallest units
    # that hold it are those of its stratum
    effects = [frozenset(S) for k in range(1, len(n) + 1) for S in combinations(everything, k)]
    home = {S: next(B for B in strata if S.issubset(B)) for S in effects}
    owner = {}
    for T in treatment_terms:
        for S in effects:
            if S.issubset(T):
                owner.setdefault(S, T)
    size = {S: prod(n[f] - 1 for f in S) for S in effects}
    rows = []
    for B in strata:
        here = [S for S in effects if home[S] is B]
        sources = [(T, [S for S in here if owner.get(S) == T]) for T in treatment_terms]
        sources = [
            (":".join(T), sum(size[S] for S in mine), _product_text(mine, n))
            for T, mine in sources
            if mine
        ]
        rest = sum(size[S] for S in here if S not in owner)
        last, label = B is everything, ":".join(B)
        above = [df for name, df, _, stratum in rows if set(stratum) <= set(B)] + [
            df for _, df, _ in sources
        ]
        left = " − ".join(map(str, [prod(n[f] for f in B), 1, *above]))
        if last:
            sources.append(("error", rest, left))
        elif sources and rest:
            sources.append((f"error of {label}", rest, left))
        elif rest:
            sources = [(label, rest, _product_text([S for S in here if S not in owner], n))]
        rows += [(*source, B) for source in sources]
    total = prod(n.values())
    labels, df, how = zip(*(row[:3] for row in rows), ("total", total - 1, f"{total} − 1"))
    table = pd.DataFrame({"df": df, "how": how}, index=labels)
    notes = ["Levels: " + ", ".join(f"{f} {k}" for f, k in n.items())]
    if sum(name.startswith("error") for name in labels) == 1:
        means = 1 + sum(size[S] for S in owner)
        notes.append(
            f"Error: {total} observations − {means} treatment means"
            f" − {total - means - table.df['error']} for blocks".replace(" − 0 for blocks", "")
        )
    if table.df["error"] == 0:
        notes.append(
            "Nothing is left for the error: replicate, or leave the highest interaction out."
        )
    return Table(table, title=f"ANOVA shell for {total} observations", notes=notes)


def _shell_terms(text, what):
    """Terms of a formula as tuples of names, main effects first."""
    if text is None and what == "blocks":
        return []
    if not isinstance(text, str):
        raise ValueError(f"{what} is {shown(text)}; it must be text such as 'diet*day'")
    if "(" in text or "|" in text or "~" in text or not text.strip():
        raise ValueError(
            f"{what}={shown(text)}: join names by + : * or / only, for instance 'diet*day'"
        )
    terms = [
        bar.factors for piece in text.split("+") for bar in split_bars(f"y ~ (1 | {piece})").bars
    ]
    return sorted(dict.fromkeys(terms), key=len)


def _shell_levels(n, needed):
    if not isinstance(n, dict):
        raise ValueError(
            "n gives the levels of every factor, for instance n={'diet': 6, 'day': 3, 'rep': 15}"
        )
    missing = [f for f in dict.fromkeys(needed) if f not in n]
    if missing:
        raise ValueError(
            f"n has no number of levels for {listed(name[:60] for name in missing)}; add it, "
            f"n={{{shown(missing[0])}: ...}}"
        )
    for factor, levels in n.items():
        whole(f"n[{factor!r}]", levels)
    return {**{f: int(n[f]) for f in dict.fromkeys(needed)}, **{f: int(k) for f, k in n.items()}}


def _product_text(sets, n):
    """'(6 − 1)(3 − 1)', or '3·(4 − 1)' for a nested factor; a sum if there is no product."""
    common, widest = frozenset.intersection(*sets), frozenset.union(*sets)
    if len(sets) == 2 ** (len(widest) - len(common)):
        if len(widest) == 1:
            return f"{n[next(iter(widest))]} − 1"
        return "".join(
            [
                *(f"{n[f]}·" for f in n if f in widest - common),
                *(f"({n[f]} − 1)" for f in n if f in common),
            ]
        )
    return " + ".join(_product_text([S], n) for S in sets)
