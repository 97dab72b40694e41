"""What an editor sees: the lazy names of the package are declared, and public functions are annotated."""

import ast
import inspect
from pathlib import Path

import pytest

import mmteach as mm
from mmteach import plots

PACKAGE = Path(mm.__file__).parent


def declared(path):
    """{name: module} from the block under ``if TYPE_CHECKING:`` of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    blocks = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    return {
        alias.asname: node.module for block in blocks for node in block.body for alias in node.names
    }


def test_editors_see_the_names_that_are_loaded_on_first_use():
    assert declared(PACKAGE / "__init__.py") == mm._WHERE
    assert (PACKAGE / "py.typed").exists()


FUNCTIONS = [(name, getattr(mm, name)) for name in mm.__all__ if name != "ProfiledCriterion"]
FUNCTIONS += [
    (f"plots.{name}", getattr(plots, name)) for name in dir(plots) if name.startswith("show_")
]
OPEN = ("fit", "design", "options")  # the textbook wing does not know the engine's classes


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_public_functions_are_annotated(name, function):
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    bare = [
        p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty
    ]
    assert set(bare) <= set(OPEN), f"{name}: {', '.join(bare)} without a type"
