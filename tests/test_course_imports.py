"""Imports go one way: wing by wing, and inside a wing file by file."""

import ast
from pathlib import Path

import pytest

import mmteach
from mmteach import course

PACKAGE = Path(mmteach.__file__).parent
# A file may use the files above it. What stands without a wing is for everybody.
ORDER = """
words guards progress datasets tables
textbook.factors textbook.matrices textbook.gls textbook.likelihood textbook.blup
plots.style plots.matrix plots.trials plots.estimates plots.criteria
engine.tokens engine.grammar engine.expressions engine.columns engine.coding engine.formula engine.arrays
engine.reader engine.frame engine.threads engine.linalg engine.crossproducts engine.gradient
engine.criterion
engine.onefactor engine.henderson engine.base engine.search engine.boundary
engine.stream engine.fit engine.lmm engine.linear
inference.multivariate_t inference.distributions inference.variation inference.ddf inference.contrasts inference.anova
inference.nested inference.comparison inference.shell
inference.parameters inference.held inference.curves inference.profile
inference.workers inference.bootstrap inference.intervals
inference.grid inference.weights inference.means inference.comparing_means inference.diagnostics inference.pictures
course.saying course.units course.reading course.terms course.question
course.answers.common course.answers.day1 course.answers.day2 course.answers.day3
course.answers.day4 course.answers.day5 course.answers.day6 course.answers.day7 course.answers
course.checks course.checkup
course.quizzes
course.authoring.lessons course.authoring.lesson_prose course.authoring.lesson_rules
course.authoring.checking course.authoring.kernels course.authoring.executing
course.authoring.pictures course.authoring.ties
course.authoring.building course.authoring.exercises
course.authoring.formulas course.authoring.runsheet
course.authoring.figures course.authoring.pair_page
course.classroom
""".split()
WINGS = ("textbook", "plots", "engine", "inference", "course")


def name_of(path, package=PACKAGE):
    """``engine.fit`` for engine/fit.py, ``course.answers`` for course/answers/__init__.py."""
    return ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


# of the files that open a folder, only this one holds code of its own
MODULES = sorted(
    (
        path
        for path in PACKAGE.rglob("*.py")
        if not path.stem.startswith("__") or name_of(path) == "course.answers"
    ),
    key=lambda path: path.as_posix(),
)


def imported(module, source):
    """Return the package's modules that a source imports, wherever in the file."""
    home = ["mmteach", *module.split(".")[:-1]]
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            bases, names = [alias.name for alias in node.names], [""] * len(node.names)
        elif isinstance(node, ast.ImportFrom):
            up = home[: len(home) - node.level + 1] if node.level else []
            base = ".".join([*up, *filter(None, [node.module])])
            bases, names = [base] * len(node.names), [alias.name for alias in node.names]
        else:
            continue
        for base, name in zip(bases, names):
            if base == "mmteach" or base.startswith("mmteach."):
                found.add(resolved(".".join(filter(None, (base, name)))))
    return found - {""}


def resolved(dotted):
    """The module of ORDER in which an imported name lives."""
    inside = dotted.removeprefix("mmteach").lstrip(".")
    if inside in mmteach._WHERE:  # what the package hands on: from mmteach import load
        inside = mmteach._WHERE[inside]
    if inside.startswith("course.") and inside[7:] in course._WHERE:  # ... import check
        inside = f"course.{course._WHERE[inside[7:]]}"
    known = any(inside == m or inside.startswith(f"{m}.") for m in ORDER)
    if inside == "plots" or (inside.startswith("plots.") and not known):  # ... import show_matrix
        return max((m for m in ORDER if m.startswith("plots.")), key=ORDER.index)
    candidates = [m for m in ORDER if inside == m or inside.startswith(f"{m}.")]
    wing = inside.split(".")[0]
    # the longest that fits, else the wing as a whole, which stands nowhere in ORDER
    return max(candidates, key=len) if candidates else wing if wing in WINGS else ""


def wrong(module, source):
    """Return the modules that `module` imports though it must not."""
    earlier = set(ORDER[: ORDER.index(module)])
    return sorted(imported(module, source) - earlier - {module})


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_earlier_ones(path):
    name = name_of(path)
    assert name in ORDER, f"give {name} its place in the ORDER of this test"
    late = wrong(name, path.read_text(encoding="utf-8"))
    assert not late, f"{name} imports {', '.join(late)}, which come later"


def test_every_file_is_looked_at():
    assert {name_of(path) for path in MODULES} == set(ORDER)
    assert len([path for path in MODULES if name_of(path).startswith("course.")]) > 10


@pytest.mark.parametrize(
    ("module", "source", "late"),
    [
        ("textbook.matrices", "from .gls import gls", ["textbook.gls"]),
        ("textbook.matrices", "def f():\n    from mmteach import gls", ["textbook.gls"]),
        ("textbook.matrices", "from ..engine import fit", ["engine.fit"]),
        ("textbook.matrices", "from ..guards import whole\nimport numpy", []),
        ("engine.fit", "import mmteach.course.authoring.building", ["course.authoring.building"]),
        ("engine.fit", "import mmteach.course.nowhere", ["course"]),
        ("engine.fit", "from ..progress import silent", []),
        ("course.question", "from mmteach.course import check", ["course.checks"]),
        ("course.answers.day2", "from ..checks import judge", ["course.checks"]),
        ("course.answers.day2", "from ..question import Question", []),
        ("course.checks", "from .authoring import lessons", ["course.authoring.lessons"]),
        ("course.authoring.lesson_rules", "from . import building", ["course.authoring.building"]),
        ("engine.fit", "from mmteach import course", ["course"]),
        ("engine.fit", "from ..inference.means import emmeans", ["inference.means"]),
        ("engine.fit", "from .linear import LinearFit", ["engine.linear"]),
        ("inference.means", "from ..engine import fit\nfrom ..textbook import matrices", []),
        ("plots.style", "from .matrix import show_matrix", ["plots.matrix"]),
        ("plots.trials", "from .style import frame", []),
        ("plots.matrix", "from mmteach.plots import show_field", ["plots.criteria"]),
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
