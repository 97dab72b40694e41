"""Imports go one way: the statistics never use the course, and later files use earlier ones."""

import ast
from pathlib import Path

import pytest

import mmteach

PACKAGE = Path(mmteach.__file__).parent
ORDER = (
    # what everything may use: data, printing, drawing; then the files in the order of the lectures
    *("words", "progress", "datasets", "tables", "formula", "frame", "matrices", "plots", "likelihood"),
    *("crossproducts", "fit", "linear", "blup", "ddf", "inference", "comparison", "intervals"),
    *("means", "diagnostics"),
)
MODULES = sorted(path for path in PACKAGE.glob("*.py") if not path.stem.startswith("__"))


def imported(source, package="mmteach"):
    """Return the names of this package's modules that a source imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package if node.level else ""
            base = ".".join(filter(None, (base, node.module)))
            names = [base] + [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith(f"{package}.")}
    # what the package hands on lives in a module: from mmteach import load
    return {mmteach._WHERE.get(name, name) for name in found}


def wrong(module, source, order=ORDER):
    """Return the modules of the package that `module` imports though it must not."""
    used = imported(source)
    known = {name for name in used if name in order or name == "course"}
    earlier = set(order[: order.index(module)])
    return sorted(known - earlier - {module})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_only_earlier_ones(path):
    assert path.stem in ORDER, f"give {path.name} its place in the ORDER of this test"
    late = wrong(path.stem, path.read_text(encoding="utf-8"))
    assert not late, f"{path.stem} imports {', '.join(late)}, which come later in the lectures"


def test_the_statistics_exist():
    assert {"matrices", "likelihood", "datasets"} <= {path.stem for path in MODULES}


@pytest.mark.parametrize(
    ("module", "source", "late"),
    [
        ("matrices", "from .likelihood import gls", ["likelihood"]),
        ("matrices", "def f():\n    from mmteach import gls", ["likelihood"]),
        ("fit", "import mmteach.course.building", ["course"]),
        ("fit", "from mmteach import course", ["course"]),
        ("fit", "from . import means", ["means"]),
        ("means", "from . import fit\nfrom .matrices import build_V\nimport numpy", []),
    ],
)
def test_a_wrong_direction_would_be_found(module, source, late):
    assert wrong(module, source) == late


def test_importing_the_package_imports_nothing_heavy():
    import subprocess
    import sys

    code = "import mmteach, sys; print({'numpy', 'pandas', 'matplotlib'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
