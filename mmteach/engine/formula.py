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
everything else       X, by formulaic                ``+ : * / -1 0+ I(x**2) np.log(x) poly(x, 2)
                                                     C(k)``, factors with treatment coding
====================  =============================  ==========================================

A name that is not a plain word goes between backticks, as in R. A factor to the left of ``||``
keeps the correlations among its levels, as in lme4: ``(f || g)`` is ``(1 | g) + (0 + f | g)``.
The grammar is that of Bates, Mächler, Bolker and Walker (2015), J. Statistical Software 67(1).
"""

import re
from collections import namedtuple
from dataclasses import dataclass
from itertools import accumulate, pairwise

# ---------------------------------------------------------------- reading the text

BARS, PLUS_MINUS, OPEN, CLOSE = ("|", "||"), ("+", "-"), tuple("([{"), tuple(")]}")
PYTHON_WORDS = ("True", "False", "None", "and", "or", "not", "in")


@dataclass(frozen=True)
class Bar:
    """One random-effects term after expansion, such as ``(1 + days | subject)``.

    Attributes: `lhs` (what varies, intercept written out), `group` (the factors joined by ``:``)
    and `factors` (the names of the grouping columns).
    """

    lhs: str
    group: str
    factors: tuple[str, ...]

    def __str__(self):
        return f"({self.lhs} | {':'.join(map(_quoted, self.factors))})"


@dataclass(frozen=True, repr=False)
class SplitFormula:
    """A formula in three parts: `response`, `fixed` (both text) and `bars` (a tuple of `Bar`)."""

    response: str
    fixed: str
    bars: tuple[Bar, ...]

    def __str__(self):
        return f"{self.response} ~ " + " + ".join([self.fixed, *map(str, self.bars)])

    def __repr__(self):
        bars = [str(bar) for bar in self.bars] or ["(none)"]
        return "\n          ".join([f"response  {self.response}\nfixed     {self.fixed}\n"
                                    f"random    {bars[0]}", *bars[1:]])


_Token = namedtuple("_Token", "kind text start end")
_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<quoted>`[^`]+`) | (?P<string>'[^']*'|"[^"]*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<name>\.?[^\W\d][\w.]*)
      | (?P<op>\|\||\*\*|%in%|[=!<>]=|//|.)""",
    re.VERBOSE | re.DOTALL,
)


def split_bars(formula):
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
    sides = [part for _, part in _split(tokens, "~")]
    if sum(t.text == "~" for t in tokens) != 1 or len(sides) != 2:
        raise ValueError("a formula has exactly one '~', as in y ~ x + (1 | g): please correct "
                         f"{formula!r}")
    left, right = sides
    if not left:
        raise ValueError(f"the response is missing: put its column before the '~' in {formula!r}")
    if _has_bar(left):
        raise ValueError("random terms such as (1 | g) belong after the '~', not in the response")
    if not right or right[-1].text in PLUS_MINUS:
        raise ValueError(f"something is missing at the end of the formula {formula!r}")
    fixed, bars = [], []
    for sign, piece in signed_terms(right):
        if not _has_bar(piece):
            fixed.append((sign, piece))
        elif sign == "-":
            raise ValueError(f"cannot subtract a random term: leave {text_of(piece)} out instead")
        else:
            bars += _read_bar(piece)
    _refuse_twins(bars)
    return SplitFormula(text_of(left), _join(fixed) or "1", tuple(bars))


def tokenise(formula):
    if not isinstance(formula, str):
        raise ValueError(f"the formula must be text, not {type(formula).__name__}: "
                         "write it between quotes")
    tokens = [_Token(m.lastgroup, m[0], *m.span()) for m in _TOKEN.finditer(formula)
              if m.lastgroup != "space"]
    awaited = []
    for token in tokens:
        where = f"{token.text} at position {token.start + 1} of {formula!r}"
        if token.text in "`'\"":
            raise ValueError(f"the quote {where} has no partner: close it")
        if token.text in OPEN:
            awaited.append(CLOSE[OPEN.index(token.text)])
        elif token.text in CLOSE and (not awaited or awaited.pop() != token.text):
            raise ValueError(f"unbalanced parenthesis: {where} closes nothing")
    if awaited:
        raise ValueError(f"unbalanced parenthesis: {awaited[-1]} is missing in {formula!r}")
    return tokens


def depths(tokens):
    return list(accumulate((t.text in OPEN) - (t.text in CLOSE) for t in tokens))


def _split(tokens, operators):
    """Cut at operators outside parentheses: a list of (operator before, tokens)."""
    parts = [("", [])]
    for token, depth in zip(tokens, depths(tokens)):
        if depth == 0 and token.text in operators:
            parts.append((token.text, []))
        else:
            parts[-1][1].append(token)
    return parts


def signed_terms(tokens):
    """The terms of a sum with their signs; ``x + -1`` counts as ``x - 1``."""
    terms, sign = [], "+"
    for operator, piece in _split(tokens, PLUS_MINUS):
        if operator == "-":
            sign = "-" if sign == "+" else "+"
        if piece:
            terms.append((sign, piece))
            sign = "+"
    return terms


def _join(terms):
    text = "".join(f" {sign} {text_of(piece)}" for sign, piece in terms)
    return "-" + text[3:] if text.startswith(" - ") else text[3:]


def text_of(tokens):
    """The tokens as the user wrote them, each run of white space made one blank."""
    gaps = ["", *(" " if a.end < b.start else "" for a, b in pairwise(tokens))]
    return "".join(gap + token.text for gap, token in zip(gaps, tokens))


def _quoted(name):
    return name if re.fullmatch(r"\.?[^\W\d][\w.]*", name) else f"`{name}`"


def name_of(tokens):
    """The column that the tokens name, or None if they are more than one name."""
    single = len(tokens) == 1 and tokens[0].kind in ("name", "quoted")
    return tokens[0].text.strip("`") if single else None


def _has_bar(tokens):
    return any(token.text in BARS for token in tokens)


# ---------------------------------------------------------------- expanding a bar


def _read_bar(piece):
    """The bars that one term ``( left | right )`` of the formula stands for."""
    text = text_of(piece)
    if len(_split(piece, BARS)) > 1:
        raise ValueError(f"a random term needs its own parentheses: write ({text})")
    inside = _split(piece[1:-1], BARS) if all(depths(piece)[:-1]) else []
    if len(inside) != 2 or _has_bar(inside[0][1] + inside[1][1]) or piece[0].text != "(":
        raise ValueError(f"cannot read {text}: write every random term as one pair of parentheses "
                         "with one bar in it, (left | group), joined to the others by +")
    (_, left), (bar, right) = inside
    if not left:
        raise ValueError(f"nothing to the left of the bar in {text}: an intercept is (1 | ...)")
    if not right:
        raise ValueError(f"nothing to the right of the bar in {text}: name the grouping column")
    sides = _left_sides(left, text, separate=bar == "||")
    groups = _products(right, _group_name, text)
    return [Bar(lhs, ":".join(names), names) for names in groups for lhs in sides]


def _left_sides(left, text, separate):
    """The left side with its intercept written out; one for each term if `separate` (``||``)."""
    intercept, terms = find_intercept(signed_terms(left))
    if not intercept and not terms:
        raise ValueError(f"{text} lets nothing vary: write 1 or a column to the left of the bar")
    if not separate:
        return [("1 + " if intercept else "0 + ") + _join(terms) if terms else "1"]
    if any(sign == "-" for sign, _ in terms):
        raise ValueError(f"{text}: terms to the left of || can be added, not subtracted")
    names = [":".join(names) for _, t in terms for names in _products(t, _effect_name, text)]
    return ["1"] * intercept + [f"0 + {name}" for name in dict.fromkeys(names)]


def find_intercept(terms):
    """Take the 0s and 1s out of a sum: (is there an intercept, the other terms)."""
    intercept, others = True, []
    for sign, piece in terms:
        if text_of(piece) in ("0", "1"):
            intercept = (text_of(piece) == "1") == (sign == "+")
        else:
            others.append((sign, piece))
    return intercept, others


def _products(tokens, read_name, text):
    """Expand ``:``, ``*`` and ``/`` (from left to right) to a list of tuples of names."""
    terms = []
    for operator, part in _split(tokens, ("*", "/")):
        new = tuple(read_name(name, text) for _, name in _split(part, (":",)))
        if operator == "*":
            terms = [*terms, new, *(term + new for term in terms)]
        elif operator == "/":
            terms = [*terms, terms[-1] + new]  # the last one holds all the names so far
        else:
            terms = [new]
        if len(terms) > 63:
            raise ValueError(f"{text} stands for more than 63 random terms: name the ones you need")
    unique = {frozenset(term): tuple(dict.fromkeys(term)) for term in reversed(terms)}
    return sorted(reversed(unique.values()), key=len)


def _group_name(tokens, text):
    """A grouping column; ``factor(g)`` or ``C(g)`` is g, because groups are always categorical."""
    if len(tokens) == 4 and tokens[0].text in ("C", "factor", "as.factor"):
        tokens = tokens[2:3]
    if name_of(tokens):
        return name_of(tokens)
    raise ValueError(f"cannot read {text_of(tokens) or 'an empty name'!r} to the right of the bar in "
                     f"{text}: use column names joined by : / or *. For two separate factors write "
                     "(1 | a) + (1 | b); for anything else make a column first")


def _effect_name(tokens, text):
    call = len(tokens) > 1 and tokens[0].kind == "name" and all(depths(tokens)[1:-1])
    if call or name_of(tokens):
        return text_of(tokens)
    raise ValueError(f"cannot read {text_of(tokens) or 'an empty name'!r} to the left of || in "
                     f"{text}: use columns or functions of columns joined by + : or *")


def _refuse_twins(bars):
    keys = [(bar.lhs, frozenset(bar.factors)) for bar in bars]
    for i, bar in enumerate(bars):
        if keys[i] in keys[:i]:
            raise ValueError(f"the random term {bar} occurs twice (written out, (1 | a/b) is "
                             "(1 | a) + (1 | a:b)): leave one out")
