"""Formulas: from the text  y ~ x*f + (1 + x | g)  to the arrays y, X and the columns of Z.

    y = X beta + Z_1 b_1 + ... + Z_m b_m + e        one Z per bar, written  (left | group)

====================  =============================  ==========================================
written               is read as                     in words
====================  =============================  ==========================================
``(1 | g)``           itself                         an intercept for every level of g
``(x | g)``           ``(1 + x | g)``                correlated intercept and slope
``(0 + x | g)``       itself; also ``(x - 1 | g)``   a slope without an intercept
``(x || g)``          ``(1 | g) + (0 + x | g)``      intercept and slope without a correlation
``(1 | a:b)``         itself                         every observed combination of a and b
``(1 | a/b)``         ``(1 | a) + (1 | a:b)``        b is nested in a
``(1 | a*b)``         ``(1 | a) + (1 | b)            crossed, with their combinations
                      + (1 | a:b)``
everything else       X                              ``+ : * / ** -1 0+``, columns, expressions
``offset(x)``         y - x in place of y            a term with the coefficient 1
====================  =============================  ==========================================

Expressions such as ``np.log(x)``, ``I(x**2)``, ``poly(x, 2)`` or ``C(k, contr.sum)`` have their
table in `expressions`; the response is one of them. Nothing else is read, and nothing is executed.
The operators, from those that bind least:

    a + b, a - b    both; a without b            a:b          products of their columns
    a*b             a + b + a:b                  (a + b)**2   all products of up to 2 of them
    a/b             a + a:b

A name that is not a plain word goes between backticks, as in R. A factor to the left of ``||``
keeps the correlations among its levels, as in lme4: ``(f || g)`` is ``(1 | g) + (0 + f | g)``.
The grammar is that of Bates, Mächler, Bolker and Walker (2015), J. Statistical Software 67(1).
"""

from dataclasses import dataclass, field
from itertools import product
from math import comb, prod

from ..words import shown
from .expressions import Expression, read_expression, refused
from .tokens import (
    BARS,
    PLUS_MINUS,
    brief,
    find_intercept,
    has_bar,
    in_parentheses,
    is_call,
    joined,
    name_of,
    quoted,
    signed_terms,
    split,
    text_of,
    tokenise,
)

MOST_TERMS, MOST_BARS, LARGEST_POWER = 1023, 63, 20


@dataclass(frozen=True)
class Side:
    """What is added up on one side: terms, each a tuple of `Expression` to be multiplied.

    Attributes: `intercept` (is there one), `terms` (those of fewer factors first) and `offsets`.
    """

    intercept: bool = True
    terms: tuple[tuple[Expression, ...], ...] = ()
    offsets: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One random-effects term after expansion, such as ``(1 + days | subject)``.

    Attributes: `lhs` (what varies, intercept written out), `group` (the factors joined by ``:``),
    `factors` (the names of the grouping columns) and `left` (lhs as a `Side`).
    """

    lhs: str
    group: str
    factors: tuple[str, ...]
    left: Side = field(default=Side(), repr=False)

    def __str__(self):
        return f"({self.lhs} | {':'.join(map(quoted, self.factors))})"


@dataclass(frozen=True, repr=False)
class SplitFormula:
    """A formula in three parts: `response`, `fixed` (both text) and `bars` (a tuple of `Bar`).

    `y` is the response as an `Expression`, `x` the fixed part as a `Side`.
    """

    response: str
    fixed: str
    bars: tuple[Bar, ...]
    y: Expression
    x: Side

    def __str__(self):
        return f"{self.response} ~ " + " + ".join([self.fixed, *map(str, self.bars)])

    def __repr__(self):
        bars = [str(bar) for bar in self.bars] or ["(none)"]
        return "\n          ".join(
            [f"response  {self.response}\nfixed     {self.fixed}\nrandom    {bars[0]}", *bars[1:]]
        )


def split_bars(formula: str) -> SplitFormula:
    """Split a mixed-model formula into its response, fixed part and expanded bars.

    Pure text work, no data needed. Raises ValueError for text that is not a formula.

    >>> split_bars("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)")
    response  yield_t_ha
    fixed     genotype*fungicide
    random    (1 | block)
              (1 | block:fungicide)
    >>> print(split_bars("y ~ x + (x || g)"))
    y ~ x + (1 | g) + (0 + x | g)
    """
    tokens = tokenise(formula)
    sides = [part for _, part in split(tokens, "~")]
    if sum(t.text == "~" for t in tokens) != 1 or len(sides) != 2:
        raise ValueError(
            f"a formula has exactly one '~', as in y ~ x + (1 | g): please correct {shown(formula)}"
        )
    left, right = sides
    if not left:
        raise ValueError(
            f"the response is missing: put its column before the '~' in {shown(formula)}"
        )
    if has_bar(left):
        raise ValueError("random terms such as (1 | g) belong after the '~', not in the response")
    if not right or right[-1].text in PLUS_MINUS:
        raise ValueError(f"something is missing at the end of the formula {shown(formula)}")
    fixed, bars = [], []
    for sign, piece in signed_terms(right):
        if not has_bar(piece):
            fixed.append((sign, piece))
        elif sign == "-":
            raise ValueError(
                f"cannot subtract a random term: leave {brief(text_of(piece))} out instead"
            )
        else:
            bars += _read_bar(piece)
    _refuse_twins(bars)
    y = read_expression(left)
    return SplitFormula(text_of(left), joined(fixed) or "1", tuple(bars), y, _read_side(fixed))


# ---------------------------------------------------------------- terms


def _read_side(signed):
    """The `Side` that a sum stands for."""
    intercept, terms = find_intercept(signed)
    offsets = [
        (sign, piece) for sign, piece in terms if is_call(piece) and piece[0].text == "offset"
    ]
    if any(sign == "-" for sign, _ in offsets):
        raise ValueError("an offset cannot be subtracted: write offset(-(...)) instead")
    read = _sum([term for term in terms if term not in offsets])
    return Side(
        intercept, _in_order(read), tuple(read_expression(piece[2:-1]) for _, piece in offsets)
    )


def _sum(signed):
    """Terms of a sum without repeats."""
    kept = {}
    for sign, piece in signed:
        for term in _terms(piece):
            if sign == "+":
                kept.setdefault(frozenset(term), term)
            else:
                kept.pop(frozenset(term), None)
    return list(kept.values())


def _in_order(terms):
    """Those of fewer factors first."""
    return tuple(sorted(terms, key=len))


def _terms(tokens):
    """Expand ``* / : **`` to a list of tuples of expressions; those that repeat count once."""
    count = _count(tokens)
    if count > MOST_TERMS:
        raise ValueError(
            f"{shown(text_of(tokens))} stands for {count} terms, and more than {MOST_TERMS} are "
            "too many: name the ones you need"
        )
    terms = []
    for operator, part in split(tokens, ("*", "/")):
        new = [()]
        for _, factor in split(part, (":",)):
            new = _crossed(new, _power(factor, tokens))
        if operator == "*":
            terms = [*terms, *new, *_crossed(terms, new)]
        elif operator == "/":
            terms = [*terms, *_crossed([_merged(*terms)], new)]
        else:
            terms = new
    return _unique(terms)


def _power(tokens, around):
    """A name, an expression, a sum in parentheses, or one of these to a power."""
    (_, base), *powers = split(tokens, ("**", "^"))
    terms = first = _base(base, around)
    for _ in range(_exponent(powers, around, len(first)) - 1):
        terms = _unique(_crossed(terms, first))
    return terms


def _exponent(powers, around, m):
    """The power of a sum of m terms, 1 if there is none."""
    if not powers:
        return 1
    text = text_of(powers[0][1])
    if len(powers) > 1 or not text.isdecimal() or not text.lstrip("0"):
        raise refused(text_of(around), "the exponent of a sum is a whole number, as in (a + b)**2")
    if m == 1:
        raise refused(
            text_of(around),
            "a power of one term is that term again; the square of a column is I(x**2)",
        )
    if len(text) > 9 or int(text) > LARGEST_POWER:
        raise refused(
            text_of(around),
            f"the exponent {brief(text)} is larger than {LARGEST_POWER}; {m} "
            f"terms stand for {2 ** min(m, 60) - 1} products at most, and the exponent "
            f"{min(m, LARGEST_POWER)} gives as many as may be",
        )
    return int(text)


def _base(tokens, around):
    if not tokens:
        raise refused(text_of(around) or "an empty place", "a name is missing beside an operator")
    if not in_parentheses(tokens):
        if tokens[0].kind == "number" and len(tokens) == 1:
            raise refused(
                text_of(around),
                "a number is no term; the intercept, 1 or 0, stands outside of "
                "parentheses and products, and I(2*x) is twice x",
            )
        return [(read_expression(tokens),)]
    inner = signed_terms(tokens[1:-1])
    if any(text_of(piece) in ("0", "1") for _, piece in inner):
        raise refused(text_of(around), "the intercept, 1 or 0, stands outside of parentheses")
    if any(sign == "-" for sign, _ in inner[:1]) or not inner:
        raise refused(text_of(around), "the parentheses begin with a minus, or are empty")
    return _sum(inner)


def _unique(terms):
    """Terms without repeats; a:b and b:a are the same."""
    kept = {}
    for term in terms:
        kept.setdefault(frozenset(term), term)
    return list(kept.values())


def _merged(*terms):
    return tuple(dict.fromkeys(e for term in terms for e in term))


def _crossed(left, right):
    return [_merged(a, b) for a, b in product(left, right)]


def _count(tokens):
    """How many terms some tokens stand for at most; pure arithmetic, before any is made."""
    total = 0
    for operator, part in split(tokens, ("*", "/")):
        new = prod(_count_of_power(factor) for _, factor in split(part, (":",)))
        total = total + new + total * new if operator == "*" else total + new
    return min(total, 10**15)


def _count_of_power(tokens):
    (_, base), *powers = split(tokens, ("**", "^"))
    m = sum(_count(piece) for _, piece in signed_terms(base[1:-1])) if in_parentheses(base) else 1
    k = min(_exponent(powers, tokens, m), m)
    return sum(comb(m, j) for j in range(1, k + 1))


# ---------------------------------------------------------------- expanding a bar


def _read_bar(piece):
    """The bars that one term ``( left | right )`` of the formula stands for."""
    text = brief(text_of(piece))
    if len(split(piece, BARS)) > 1:
        raise ValueError(f"a random term needs its own parentheses: write ({text})")
    inside = split(piece[1:-1], BARS) if in_parentheses(piece) else []
    if len(inside) != 2 or has_bar(inside[0][1] + inside[1][1]):
        raise ValueError(
            f"cannot read {text}: write every random term as one pair of parentheses "
            "with one bar in it, (left | group), joined to the others by +"
        )
    (_, left), (bar, right) = inside
    if not left:
        raise ValueError(f"nothing to the left of the bar in {text}: an intercept is (1 | ...)")
    if not right:
        raise ValueError(f"nothing to the right of the bar in {text}: name the grouping column")
    sides = _left_sides(left, text, separate=bar == "||")
    groups = _products(right, _group_name, text)
    return [Bar(lhs, ":".join(names), names, left) for names in groups for lhs, left in sides]


def _left_sides(left, text, separate):
    """(text, `Side`) of the left side with its intercept written out; if `separate` (``||``) of
    each of its terms."""
    intercept, terms = find_intercept(signed_terms(left))
    if not intercept and not terms:
        raise ValueError(f"{text} lets nothing vary: write 1 or a column to the left of the bar")
    if any(is_call(piece) and piece[0].text == "offset" for _, piece in terms):
        raise ValueError(
            f"an offset has no coefficient that could vary: take it out of {text} and add it to "
            "the fixed part"
        )
    if not separate:
        return [
            (
                ("1 + " if intercept else "0 + ") + joined(terms) if terms else "1",
                Side(intercept, _in_order(_sum(terms))),
            )
        ]
    if any(sign == "-" for sign, _ in terms):
        raise ValueError(f"{text}: terms to the left of || can be added, not subtracted")
    effects = dict.fromkeys(names for _, t in terms for names in _products(t, _effect, text))
    return [("1", Side())] * intercept + [
        ("0 + " + ":".join(e.source for e in effect), Side(False, (effect,))) for effect in effects
    ]


def _products(tokens, read_name, text):
    """Expand ``:``, ``*`` and ``/`` (from left to right) to a list of tuples of what is read."""
    terms = []
    for operator, part in split(tokens, ("*", "/")):
        new = tuple(read_name(name, text) for _, name in split(part, (":",)))
        if operator == "*":
            terms = [*terms, new, *(term + new for term in terms)]
        elif operator == "/":
            terms = [*terms, terms[-1] + new]  # the last one holds all the names so far
        else:
            terms = [new]
        if len(terms) > MOST_BARS:
            raise ValueError(
                f"{text} stands for more than {MOST_BARS} random terms: name the ones you need"
            )
    unique = {frozenset(term): tuple(dict.fromkeys(term)) for term in reversed(terms)}
    return sorted(reversed(unique.values()), key=len)  # noqa: C414 (order among equals counts)


def _group_name(tokens, text):
    """A grouping column; ``factor(g)`` or ``C(g)`` is g, because groups are always categorical."""
    if len(tokens) == 4 and tokens[0].text in ("C", "factor", "as.factor"):
        tokens = tokens[2:3]
    if name_of(tokens):
        return name_of(tokens)
    raise ValueError(
        f"cannot read {_what(tokens)} to the right of the bar in {text}: use column names "
        "joined by : / or *. For two separate factors write (1 | a) + (1 | b); for anything else "
        "make a column first"
    )


def _effect(tokens, text):
    if is_call(tokens) or name_of(tokens):
        return read_expression(tokens)
    raise ValueError(
        f"cannot read {_what(tokens)} to the left of || in {text}: use columns or functions of "
        "columns joined by + : or *"
    )


def _what(tokens):
    return shown(text_of(tokens)) if tokens else "an empty name"


def _refuse_twins(bars):
    keys = [(bar.lhs, frozenset(bar.factors)) for bar in bars]
    for i, bar in enumerate(bars):
        if keys[i] in keys[:i]:
            raise ValueError(
                f"the random term {brief(str(bar))} occurs twice (written out, (1 | a/b) is "
                "(1 | a) + (1 | a:b)): leave one out"
            )
