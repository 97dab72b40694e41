"""Words of a formula: its text is cut into tokens once, and only tokens travel on.

"y ~ x*f + (1 | g)"   ->   y  ~  x  *  f  +  (  1  |  g  )
"""

import re
from collections import namedtuple
from itertools import accumulate, pairwise

from ..words import shown

BARS, PLUS_MINUS, OPEN, CLOSE = ("|", "||"), ("+", "-"), tuple("([{"), tuple(")]}")
DEEPEST = 50  # brackets within brackets

Token = namedtuple("Token", "kind text start end")
_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<quoted>`[^`]+`) | (?P<string>'[^']*'|"[^"]*")
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<name>\.?[^\W\d][\w.]*)
      | (?P<op>\|\||\*\*|%in%|[=!<>]=|//|.)""",
    re.VERBOSE | re.DOTALL,
)


def tokenise(formula):
    """The tokens of a text; its quotes have partners and its brackets are balanced.

    >>> [token.text for token in tokenise("log(`a b`)**2")]
    ['log', '(', '`a b`', ')', '**', '2']
    """
    if not isinstance(formula, str):
        raise ValueError(
            f"the formula must be text, not {type(formula).__name__}: write it between quotes"
        )
    tokens = [
        Token(m.lastgroup, m[0], *m.span())
        for m in _TOKEN.finditer(formula)
        if m.lastgroup != "space"
    ]
    awaited = []
    for token in tokens:
        where = f"{token.text} at position {token.start + 1} of {shown(formula)}"
        if token.text in "`'\"":
            raise ValueError(f"the quote {where} has no partner: close it")
        if token.text in OPEN:
            awaited.append(CLOSE[OPEN.index(token.text)])
        elif token.text in CLOSE and (not awaited or awaited.pop() != token.text):
            raise ValueError(f"unbalanced parenthesis: {where} closes nothing")
        if len(awaited) > DEEPEST:
            raise ValueError(
                f"the bracket {where} is the {len(awaited)}th within another: a formula "
                f"has at most {DEEPEST}, so take some away"
            )
    if awaited:
        raise ValueError(f"unbalanced parenthesis: {awaited[-1]} is missing in {shown(formula)}")
    return tokens


def depths(tokens):
    return list(accumulate((t.text in OPEN) - (t.text in CLOSE) for t in tokens))


def split(tokens, operators):
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
    for operator, piece in split(tokens, PLUS_MINUS):
        if operator == "-":
            sign = "-" if sign == "+" else "+"
        if piece:
            terms.append((sign, piece))
            sign = "+"
    return terms


def find_intercept(terms):
    """Take the 0s and 1s out of a sum: (is there an intercept, the other terms)."""
    intercept, others = True, []
    for sign, piece in terms:
        if text_of(piece) in ("0", "1"):
            intercept = (text_of(piece) == "1") == (sign == "+")
        else:
            others.append((sign, piece))
    return intercept, others


def joined(terms):
    """The text of a sum."""
    text = "".join(f" {sign} {text_of(piece)}" for sign, piece in terms)
    return "-" + text[3:] if text.startswith(" - ") else text[3:]


def text_of(tokens):
    """The tokens as the user wrote them, each run of white space made one blank."""
    gaps = ["", *(" " if a.end < b.start else "" for a, b in pairwise(tokens))]
    return "".join(gap + token.text for gap, token in zip(gaps, tokens))


def brief(text, most=80):
    """The text, cut where it gets too long for a message."""
    return text if len(text) <= most else text[:most] + "…"


def quoted(name):
    return name if re.fullmatch(r"\.?[^\W\d][\w.]*", name) else f"`{name}`"


def name_of(tokens):
    """The column that the tokens name, or None if they are more than one name."""
    single = len(tokens) == 1 and (tokens[0].kind in ("name", "quoted") or tokens[0].text == ".")
    return tokens[0].text.strip("`") if single else None


def is_call(tokens):
    """Whether the tokens are one call ``f(...)`` from end to end."""
    return (
        len(tokens) > 2
        and tokens[0].kind in ("name", "quoted")
        and tokens[1].text == "("
        and all(depths(tokens)[1:-1])
    )


def in_parentheses(tokens):
    return len(tokens) > 1 and tokens[0].text == "(" and all(depths(tokens)[:-1])


def has_bar(tokens):
    return any(token.text in BARS for token in tokens)
