"""The grammar of an expression: what may stand between the operators of a formula.

    e  =  column  |  number  |  -e  |  e + e   - * / // % **  |  e < e   <= > >= == !=  |  (e)
       |  log(e)  log2 log10 log1p exp expm1 sqrt abs sin cos  (also np.log(e), ...)  |  I(e)
       |  center(e)  |  scale(e)  |  poly(e, 2)  |  bs(e, df=4)  |  cr(e, df=4)
       |  C(e)  |  C(e, coding)  |  C(e, levels=[...])  |  factor(...) for C(...)

A coding is Treatment("b"), Sum, Helmert, Diff, Poly, as in R contr.treatment, contr.sum and so
on, or a list of rows of numbers. All further arguments are written out: numbers, text, True,
False, None or lists of these. `read` goes through a tree of Python's parser and refuses all that is
not in the table above; nothing is ever executed.
"""

import ast
from collections import namedtuple

import numpy as np

from ..words import listed, near, shown

OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
ELEMENTWISE = "log log2 log10 log1p exp expm1 sqrt abs sin cos".split()
OPTIONS = {  # the arguments after the first, in order
    "I": "",
    "center": "",
    "scale": "center scale ddof",
    "poly": "degree raw",
    "bs": "df knots degree include_intercept lower_bound upper_bound extrapolation",
    "cr": "df knots lower_bound upper_bound constraints extrapolation",
    "C": "contrasts levels",
    "factor": "contrasts levels",
}
SEVERAL = ("poly", "bs", "cr", "C", "factor")  # more than one column: a term of their own
CODINGS = {
    "treatment": "base",
    "SAS": "base",
    "sum": "",
    "helmert": "reverse scale",
    "diff": "backward",
    "poly": "scores",
    "custom": "contrasts",
}
WORDS = {"True": True, "False": False, "None": None}
LARGEST_EXPONENT, LARGEST_DEGREE, MOST_LITERALS = 100, 100, 10_000

Node = namedtuple("Node", "kind value parts options", defaults=((), ()))
Word = namedtuple("Word", "text role")  # role: function, column or quoted


class NotInGrammar(ValueError):
    """What is wrong with a part of a formula."""


def read(tree, words, top=False):
    """A tree of Python's parser as a `Node`, if it is in the table at the top of this file."""
    if isinstance(tree, ast.Name):
        return _column(word_of(tree, words))
    if isinstance(tree, ast.Constant):
        return _literal(tree, words)
    if isinstance(tree, ast.BinOp) and type(tree.op) in OPERATORS:
        return _operation(OPERATORS[type(tree.op)], read(tree.left, words), read(tree.right, words))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        part = read(tree.operand, words)
        return part if isinstance(tree.op, ast.UAdd) else _operation("-", Node("number", 0), part)
    if isinstance(tree, ast.Compare):
        if len(tree.ops) > 1 or type(tree.ops[0]) not in OPERATORS:
            raise NotInGrammar("compare two things at a time, as in I(x > 3)")
        return _operation(
            OPERATORS[type(tree.ops[0])], read(tree.left, words), read(tree.comparators[0], words)
        )
    if isinstance(tree, ast.Call):
        return _call(tree, words, top)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitXor):
        raise NotInGrammar("the power ^ of R is ** here")
    if isinstance(tree, ast.BinOp):
        raise NotInGrammar("an operator in it is none of + - * / // % ** and < <= > >= == !=")
    if isinstance(tree, ast.Attribute):
        raise NotInGrammar(make_it_first("a formula cannot ask a column for anything by a dot"))
    if isinstance(tree, ast.Subscript):
        raise NotInGrammar(make_it_first("square brackets pick nothing in a formula"))
    if isinstance(tree, (ast.Dict, ast.Set)):
        raise NotInGrammar("braces are not used here: write I(...) around an expression")
    raise NotInGrammar(
        "a formula knows columns, numbers, + - * / **, comparisons and the functions "
        f"{listed([*ELEMENTWISE, *OPTIONS], 30)}"
    )


def _column(word):
    """A name outside a call; one with a dot may be a column, which only the data can tell."""
    return Node("column", word.text)


def _operation(operator, left, right):
    for part in (left, right):
        if part.kind == "text" and operator not in ("==", "!="):
            raise NotInGrammar(
                f"text such as {shown(part.value)} can only be compared, by == or !="
            )
        if part.value in SEVERAL and part.kind == "call":
            raise NotInGrammar(
                f"{part.value}(...) gives several columns, so it cannot be part of a sum "
                "or product within an expression: let it be a term of its own"
            )
    if operator == "**" and right.kind == "number" and abs(right.value) > LARGEST_EXPONENT:
        raise NotInGrammar(f"the exponent {shown(right.value)} is larger than {LARGEST_EXPONENT}")
    if left.kind == right.kind == "number":
        return Node("number", _constant(operator, left.value, right.value))
    return Node("operator", operator, (left, right))


def _constant(operator, left, right):
    """Numbers are put together here, as floating-point numbers, so that none can grow huge."""
    with np.errstate(all="ignore"):
        value = float(arithmetic(operator, np.float64(left), np.float64(right)))
    if not np.isfinite(value):
        raise NotInGrammar(f"{left:g} {operator} {right:g} is no finite number")
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def arithmetic(operator, left, right):
    """left + right and so on, for numbers and arrays."""
    return {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "//": np.floor_divide,
        "%": np.mod,
        "**": np.power,
        "==": np.equal,
        "!=": np.not_equal,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }[operator](left, right)


def _call(tree, words, top):
    """A call of one of the listed functions; all its arguments but the first are literals."""
    name = _function(tree.func, words)
    if any(isinstance(arg, ast.Starred) for arg in tree.args) or any(
        k.arg is None for k in tree.keywords
    ):
        raise NotInGrammar("a star in front of an argument has no meaning in a formula")
    if name == "offset":
        raise NotInGrammar("offset(...) is a term of its own, added to the others by +")
    if not tree.args:
        raise NotInGrammar(f"{name}() needs a column between its parentheses")
    inside = read(tree.args[0], words, top=False)
    if inside.kind == "call" and inside.value in SEVERAL or name in SEVERAL and not top:
        inner = inside.value if inside.kind == "call" and inside.value in SEVERAL else name
        raise NotInGrammar(
            f"{inner}(...) gives several columns, so it stands alone, not inside of "
            "another function"
        )
    if inside.kind == "text" and name != "I":
        raise NotInGrammar(f"{name} takes a column, not text in quotes")
    if name in ELEMENTWISE:
        if len(tree.args) + len(tree.keywords) > 1:
            raise NotInGrammar(f"{name} takes one argument")
        return Node("call", name, (inside,))
    options = _options(name, OPTIONS[name].split(), tree.args[1:], tree.keywords, words)
    _check_options(name, dict(options))
    return Node("call", name, (inside,), options)


def _function(func, words):
    """The name of a listed function, without its np."""
    word = word_of(func, words) if isinstance(func, ast.Name) else None
    if word is None:
        raise NotInGrammar(make_it_first("what is called must be a function by its name"))
    name = word.text.removeprefix("np.")
    if word.role == "quoted":
        raise NotInGrammar(f"`{shown(word.text)[1:-1]}` is a column, and a column cannot be called")
    if name in ELEMENTWISE or word.text in OPTIONS or word.text == "offset":
        return name
    hint = near(word.text, [*ELEMENTWISE, *OPTIONS]) if "." not in word.text else ""
    raise NotInGrammar(
        make_it_first(
            f"unknown function {shown(word.text)}; {hint}a formula knows "
            f"{listed([*ELEMENTWISE, *OPTIONS], 30)}"
        )
    )


def _options(name, known, args, keywords, words):
    if len(args) > len(known):
        raise NotInGrammar(f"{name} has too many arguments: it takes {listed(['one', *known])}")
    given = list(zip(known, args)) + [(k.arg, k.value) for k in keywords]
    for option, _ in given:
        if option not in known:
            raise NotInGrammar(
                f"{name} has no argument {shown(option)}; {near(option, known)}it takes "
                f"{listed(['one column', *known])}"
            )
        if [o for o, _ in given].count(option) > 1:
            raise NotInGrammar(f"the argument {option} of {name} is given twice")
    return tuple(
        (
            option,
            _coding(value, words)
            if option == "contrasts" and name in ("C", "factor")
            else _literal(value, words),
        )
        for option, value in given
    )


def _coding(tree, words):
    """The coding of a factor: its name, its name with literal arguments, or rows of numbers."""
    func, call = (tree.func, tree) if isinstance(tree, ast.Call) else (tree, None)
    if not isinstance(func, ast.Name):
        return Node("coding", "custom", options=(("contrasts", _literal(tree, words)),))
    written = word_of(func, words).text
    if written in WORDS:
        return Node("coding", "treatment")
    name = written.removeprefix("contr.")
    if name == written != "SAS":  # Sum is contr.sum
        name = {n.capitalize(): n for n in CODINGS}.get(name)
    if name not in CODINGS:
        raise NotInGrammar(
            f"unknown coding {shown(written)}; use {listed('contr.' + n for n in CODINGS)}"
        )
    if call is None:
        return Node("coding", name)
    known = CODINGS[name].split()
    keywords = [
        ast.keyword("base" if k.arg == "reference" else k.arg, k.value) for k in call.keywords
    ]
    return Node("coding", name, options=_options(written, known, call.args, keywords, words))


def _literal(tree, words):
    """A number, text, True, False, None or a list of these, written out."""
    if isinstance(tree, ast.Name) and word_of(tree, words).text in WORDS:
        return Node("word", WORDS[word_of(tree, words).text])
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return Node("text", tree.value)
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        if not abs(tree.value) < 1e300:
            raise NotInGrammar("a number in it is too large")
        return Node("number", tree.value)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
        part = _literal(tree.operand, words)
        if part.kind == "number":
            return part._replace(value=-part.value) if isinstance(tree.op, ast.USub) else part
    if isinstance(tree, (ast.List, ast.Tuple)) and len(tree.elts) <= MOST_LITERALS:
        return Node("list", len(tree.elts), tuple(_literal(item, words) for item in tree.elts))
    raise NotInGrammar(
        "the further arguments of a function are written out: numbers, text in quotes, "
        "True, False, None or lists of these"
    )


def literal(node):
    """The value of a literal."""
    return [literal(part) for part in node.parts] if node.kind == "list" else node.value


def _check_options(name, options):
    for option, node in options.items():
        value = literal(node) if node.kind != "coding" else None
        is_size = node.kind == "number" and value == int(value) and 1 <= value <= LARGEST_DEGREE
        no_df = option == "df" and value is None
        if option in ("degree", "df") and not (is_size or no_df):
            raise NotInGrammar(
                f"{option}={shown(value)} of {name} must be a whole number between 1 and "
                f"{LARGEST_DEGREE}"
            )
        if option == "knots" and (
            node.kind != "list"
            or len(value) > LARGEST_DEGREE
            or any(part.kind != "number" for part in node.parts)
        ):
            raise NotInGrammar(
                f"knots of {name} must be a list of at most {LARGEST_DEGREE} numbers"
            )
        if option in ("lower_bound", "upper_bound", "ddof") and node.kind not in ("number", "word"):
            raise NotInGrammar(f"{option}={shown(value)} of {name} must be a number")
        if option in ("raw", "include_intercept", "center", "scale") and not isinstance(
            value, bool
        ):
            raise NotInGrammar(f"{option}={shown(value)} of {name} must be True or False")
        if option == "extrapolation" and value not in ("raise", "clip", "na", "zero", "extend"):
            raise NotInGrammar(
                f"extrapolation={shown(value)} of {name} must be 'raise', 'clip', 'na', "
                "'zero' or 'extend'"
            )
        if option == "constraints" and value not in ("center", None):
            raise NotInGrammar(f"constraints={shown(value)} of {name} must be 'center'")
        if option == "levels" and (
            node.kind != "list" or len(set(map(str, value))) < max(len(value), 1)
        ):
            raise NotInGrammar(f"levels of {name} must be a list of different labels")


def make_it_first(what):
    return (
        f"{what}; for the mean of a column subtracted use center(x), for anything else make the "
        'column first, d["name"] = ..., and use its name'
    )


def word_of(tree, words):
    return words[int(tree.id.strip("_"))]
