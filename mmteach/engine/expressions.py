"""Expressions: a part of a formula as a checked tree; read, never executed.

    text  ->  tokens  ->  Python's own parser, which sees a stand-in for every name
          ->  `grammar`, which refuses all that it does not list  ->  `Expression`

The stand-ins are why no word of Python's language can be spoken in a formula. `columns` gives the
tree its values.
"""

import ast
from dataclasses import dataclass
from functools import cached_property

from ..words import shown
from .grammar import Node, NotInGrammar, Word, read, word_of
from .tokens import name_of, text_of


@dataclass(frozen=True)
class Expression:
    """One expression of a formula that passed the grammar.

    Attributes: `text` (in one spelling, so that equal ones are equal), `node` (the tree) and
    `source` (as the user wrote it). `columns` are the columns of the data in it, `bare` those
    that occur outside of C(column), and so can be numbers.
    """

    text: str
    node: Node
    source: str

    def __eq__(self, other):
        return isinstance(other, Expression) and self.node == other.node

    def __hash__(self):
        return hash(self.node)

    @cached_property
    def columns(self):
        return tuple(dict.fromkeys(n.value for n in walk(self.node) if n.kind == "column"))

    @cached_property
    def bare(self):
        return set(_bare(self.node))

    @property
    def is_column(self):
        return self.node.kind == "column"


def walk(node):
    """The node and all below it."""
    yield node
    for part in node.parts:
        yield from walk(part)


def _bare(node):
    if node.kind == "column":
        yield node.value
    elif not (node.value in ("C", "factor") and node.parts[0].kind == "column"):
        for part in node.parts:
            yield from _bare(part)


def read_expression(tokens):
    """The checked `Expression` that some tokens stand for; ValueError for anything else."""
    source, name = text_of(tokens), name_of(tokens)
    if name:
        return Expression(name, Node("column", name), source)
    try:
        words, safe = _stand_ins(tokens)
        try:
            tree = ast.parse(safe, mode="eval").body
        except SyntaxError:
            raise NotInGrammar(_why_unreadable(tokens)) from None
        node = read(tree, words, top=True)
        return Expression(_spelled(tree, words), node, source)
    except (RecursionError, MemoryError):
        why = "it is too long, so make a column of it first"
    except ValueError as error:
        why = str(error)
    raise refused(source, why) from None


def refused(source, why):
    """The error for a part of a formula that cannot be read or has no value."""
    return ValueError(
        f"cannot evaluate {shown(source)}: {why} (powers are written I(x**2), functions np.log(x))"
    )


def _stand_ins(tokens):
    """The words of some tokens, and their text with a harmless name for each word."""
    words, safe = [], []
    for i, token in enumerate(tokens):
        after = tokens[i + 1].text if i + 1 < len(tokens) else ""
        if token.kind == "string":
            safe.append(repr(token.text[1:-1]))  # taken literally
        elif token.kind == "number":
            safe.append(
                token.text.lstrip("0") if token.text.isdigit() and int(token.text) else token.text
            )
        elif token.kind == "name" and after == "=" and i and tokens[i - 1].text in "(,":
            safe.append(token.text)  # poly(x, degree=2)
        elif token.kind in ("name", "quoted"):
            role = "quoted" if token.kind == "quoted" else "function" if after == "(" else "column"
            safe.append(f"_{len(words)}_")
            words.append(Word(token.text.strip("`"), role))
        else:
            safe.append(token.text)
    return words, " ".join(safe)


def _spelled(tree, words):
    """The text of the tree, with the user's names again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = word_of(node, words).text
    return ast.unparse(tree).replace("\n", " ")


def _why_unreadable(tokens):
    for a, b in zip(tokens, tokens[1:]):
        if all(t.kind in ("name", "quoted", "number") for t in (a, b)):
            return f"Missing operator between {shown(a.text)} and {shown(b.text)}"
    return "it is not complete, or has something that does not belong here"
