"""The same bad arguments for every public name, in the manner of scikit-learn's check_estimator.

Each parameter of each public function, method and picture is given each of VALUES while the other
arguments stay good. Either the call works, or it is refused: a ValueError, KeyError or TypeError
raised by a statement of mmteach, whose message names the argument (or what was meant) and says
what to do. No call may allocate a gigabyte or take two seconds of computing time.

The calls are made once, in a process of their own with a limit on its memory; the tests read
what came of them. ``python tests/test_common_checks.py [part of a name]`` prints the failures.
"""

import ast
import datetime
import functools
import inspect
import json
import re
import signal
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach import plots

PACKAGE = Path(mm.__file__).parent
SECONDS, BYTES = 2.0, 1_000_000_000
REFUSALS = (ValueError, KeyError, TypeError)
CASES = 7440  # so many calls are made, at least

# --- what is called -----------------------------------------------------------------------

FORMULA = "score ~ x + h + (1 | school)"


@functools.cache
def data():
    """Twelve students in three schools, with a covariate and a second factor."""
    return mm.load("schools").assign(x=np.arange(12.0) % 5, h=pd.Categorical(list("abba") * 3))


@functools.cache
def made(name):
    """What functions take and what methods are called on."""
    return {
        "Fit": lambda: mm.lmm(FORMULA, data()),
        "LinearFit": lambda: mm.lm("score ~ x + h", data()),
        "Profile": lambda: mm.profile(made("Fit")),
        "Bootstrap": lambda: mm.bootstrap(made("Fit"), n=4, seed=1, processes=1),
        "SimulatedResiduals": lambda: mm.simulated_residuals(made("Fit"), n=20, seed=1),
        "Means": lambda: mm.emmeans(made("Fit"), "h"),
        "Contrasts": lambda: mm.contrast(made("Fit"), {"x": 1}),
        "ProfiledCriterion": lambda: made("Fit").profiled,
    }[name]()


CLASSES = (
    "Fit",
    "LinearFit",
    "Means",
    "Contrasts",
    "Profile",
    "Bootstrap",
    "SimulatedResiduals",
    "ProfiledCriterion",
)


@functools.cache
def functions():
    """Every public name with good arguments: all that have no default, and some that have."""
    fit, linear, school, y = made("Fit"), made("LinearFit"), data().school, data().score
    X, V = np.column_stack([np.ones(12), data().x]), mm.build_V_cs(100, 225, school)
    return {
        "load": {"name": "schools"},
        "list_datasets": {},
        "split_bars": {"formula": FORMULA},
        "design": {"formula": FORMULA, "data": data()},
        "build_Z": {"groups": school},
        "build_G": {"variances": 1.0, "n_levels": 2},
        "build_R": {"sigma2": 1.0, "n": 2},
        "build_V": {"Z": np.ones((2, 2)), "G": np.eye(2), "R": np.eye(2)},
        "build_V_cs": {"sigma2_b": 1.0, "sigma2": 2.0, "groups": school},
        "build_lambdas": {"theta": [1.0], "sizes": [1]},
        "gls": {"X": X, "y": y, "V": V},
        "minus2_loglik": {"y": y, "X": X, "V": V},
        "ml_objective": {"log_variances": [4.0, 5.0], "y": y, "X": X, "groups": school},
        "reml_objective": {"log_variances": [4.0, 5.0], "y": y, "X": X, "groups": school},
        "textbook_objective": {"theta": [1.0], "design": fit.design},
        "error_contrasts": {"X": X},
        "ProfiledCriterion": {"products": fit.products},
        "lmm": {"formula": FORMULA, "data": data()},
        "lm": {"formula": "score ~ x + h", "data": data()},
        "henderson": {"fit": fit},
        "shrinkage": {"fit": fit},
        "kenward_roger": {"fit": fit},
        "satterthwaite": {"fit": fit},
        "contrast": {"fit": fit, "L": {"x": 1}},
        "anova": {"fit": fit},
        "compare": {"fits": linear, "refit": True, "boundary": False, "names": ["a", "b"]},
        "ranova": {"fit": fit},
        "anova_shell": {"treatments": "diet*day", "n": {"diet": 6, "day": 3, "rep": 2}},
        "confint": {"fit": fit, "parameters": ["x"]},
        "profile": {"fit": fit, "parameters": ["x"]},
        "bootstrap": {"fit": fit, "n": 2, "seed": 1, "processes": 1},
        "emmeans": {"fit": fit, "specs": "h"},
        "contrasts": {"emm": made("Means")},
        "influence": {"fit": fit},
        "simulated_residuals": {"fit": fit, "n": 20, "seed": 1},
        "show_matrix": {"M": V[:2, :2]},
        "show_residuals": {"fit": fit},
        "show_qq": {"fit": fit},
        "show_scale_location": {"fit": fit},
        "show_ranef_qq": {"fit": fit},
    }


INSIDE = {"derived"}  # a method that only the files of the package use
METHODS = {  # the parameters without a default
    "Fit.loglik_by": {"reml": True},
    "LinearFit.loglik_by": {"reml": True},
    "Profile.zeta": {"parameter": "x", "value": 1.0},
    "ProfiledCriterion.score": {"theta": [1.0], "place": 0},
    "ProfiledCriterion.solution": {"theta": [1.0]},
    "ProfiledCriterion.state": {"theta": [1.0]},
    "ProfiledCriterion.value_and_gradient": {"theta": [1.0]},
}


@functools.cache
def pictures():
    """The functions of plots, beside `show_matrix`."""
    terms = pd.DataFrame({"a": [1.0, 0], "b": [0.0, 1]}, index=[0.0, 1.0])
    return {
        "plots.show_matrix": {"M": np.eye(2)},
        "plots.show_field": {"plots": data(), "block": "school", "treatment": "h"},
        "plots.show_points": {"values": [1.0, 2], "categories": ["a", "b"]},
        "plots.show_intervals": {"names": ["a"], "analyses": {"f": ([1.0], 1.0, 1.0)}},
        "plots.show_shrinkage": {"names": ["a"], "raw": [1.0], "shrunk": [0.5]},
        "plots.show_sampling": {"estimates": {"m": [1.0, 2]}, "truth": 1.0},
        "plots.show_terms": {"terms": terms, "sums": {"s": ["a"]}},
        "plots.show_surface": {"criterion": lambda a, b: a * b, "first": [0, 1], "second": [0, 1]},
        "plots.show_curves": {"curves": {"c": ([0, 1], [0, 1])}},
    }


def streamed(**arguments):
    return mm.lmm(FORMULA, iter([data()]), **arguments)


@functools.cache
def second_ways():
    """Another way to call some of them, in which other parameters matter."""
    fit, linear, means = made("Fit"), made("LinearFit"), made("Means")
    boot = {"fit": fit, "method": "boot", "n": 2, "seed": 1, "processes": 1, "kind": "basic"}
    return {
        "confint, boot": (mm.confint, boot),
        "confint, profile": (mm.confint, {"fit": fit, "method": "profile", "parameters": ["x"]}),
        "emmeans, at": (mm.emmeans, {"fit": linear, "specs": "x", "at": {"x": [1]}, "by": "h"}),
        "contrasts, dict": (mm.contrasts, {"emm": means, "method": {"d": [1, -1]}}),
        "anova, lm": (mm.anova, {"fit": linear}),
        "lmm, stream": (streamed, {"reml": True, "weights": None, "levels": None}),
        "anova_shell, blocks": (
            mm.anova_shell,
            {
                "treatments": "diet*day",
                "blocks": "room",
                "n": {"diet": 6, "day": 3, "room": 3, "rep": 5},
            },
        ),
    }


SECOND_WAYS = (
    "confint, boot",
    "confint, profile",
    "emmeans, at",
    "contrasts, dict",
    "anova, lm",
    "lmm, stream",
    "anova_shell, blocks",
)


def methods(name):
    """The public methods that mmteach itself gives to an object."""
    return [
        m
        for m, value in inspect.getmembers(type(made(name)), callable)
        if not m.startswith("_")
        and m not in INSIDE
        and getattr(value, "__module__", "").startswith("mmteach")
    ]


def targets():
    """Each callable by name, with its good arguments."""
    for name, good in functions().items():
        yield name, getattr(mm, name), good
    for kind in CLASSES:
        for method in methods(kind):
            yield (
                f"{kind}.{method}",
                getattr(made(kind), method),
                METHODS.get(f"{kind}.{method}", {}),
            )
    for name, good in pictures().items():
        yield name, getattr(plots, name.removeprefix("plots.")), good
    for name, (function, good) in second_ways().items():
        yield name, function, good


def parameters(function, good):
    """The names to try: those of the signature, and what is given by ``**options``."""
    named = [
        name
        for name, p in inspect.signature(function).parameters.items()
        if p.kind is not p.VAR_KEYWORD
    ]
    return list(dict.fromkeys([*named, *good]))


# --- with what ------------------------------------------------------------------------------


def a_function(*args):
    return None


@functools.cache
def values():
    """What is given in place of a good argument, by name."""
    return {
        "None": None,
        "empty text": "",
        "text": "a",
        "bytes": b"a",
        "long text": "a" * 100_000,
        "-1": -1,
        "0": 0,
        "2.5": 2.5,
        "nan": np.nan,
        "inf": np.inf,
        "10**9": 10**9,
        "complex": 1j,
        "[]": [],
        "{}": {},
        "[2]": [2],
        "[text]": ["tukey"],
        "ragged": [[1], [1, 2]],
        "set": {1, 2},
        "object": object(),
        "class": dict,
        "function": a_function,
        "date": datetime.date(2020, 1, 1),
        "timestamps": pd.date_range("2020", periods=12),
        "DataFrame": pd.DataFrame({"a": [1.0, 2.0]}),
        "fit of lm": made("LinearFit"),
        "Series of other rows": pd.Series(np.arange(12.0), index=np.arange(12) + 100),
        "no numbers": np.ones(0),
        "2 x 3": np.ones((2, 3)),
        "1 x 1 x 1": np.ones((1, 1, 1)),
        "0-d array": np.array(3.0),
    }


# --- what came of it --------------------------------------------------------------------------

# what a message may call the argument instead of its name
MEANT = {
    "ax": "axes",
    "name": "data set",
    "variances": "variance",
    "n_levels": "number of levels|grouping factors|G",
    "log_variances": "log-variances",
    "weights": "column",
    "L": "coefficient",
    "theta": "terms",
    "new": "data",
    "specs": "predictors",
    "by": "predictors",
    "treatments": "number of levels",
    "blocks": "number of levels",
    "fits": "a fit of",
    "parameter": "profiled",
}
REMEDY = re.compile(
    r"\b(give|use|must|needs?|needed|takes?|leave|drop|write|make|add|choose|pass|put|fit|look|check|draw|"
    r"join|correct|did you mean|one of|such as|for instance|(columns|parameters|predictors|They) are|"
    r"course has)\b"
)


@functools.cache
def raise_statements(file):
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    return [
        (node.lineno, node.end_lineno) for node in ast.walk(tree) if isinstance(node, ast.Raise)
    ]


def complaint(error, parameter):
    """What is wrong with a refusal, or nothing."""
    if not isinstance(error, REFUSALS):
        return f"a {type(error).__name__}"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if not Path(frame.filename).is_relative_to(PACKAGE):
        return f"raised outside mmteach, in {Path(frame.filename).name}"
    if not any(a <= frame.lineno <= b for a, b in raise_statements(frame.filename)):
        return f"not raised on purpose: {Path(frame.filename).name}, line {frame.lineno}"
    words = str(error)
    if not re.search(rf"\b({parameter}|{MEANT.get(parameter, parameter)})", words):
        return "does not name the argument"
    if not REMEDY.search(words):
        return "does not say what to do"
    if len(words) > 1000:
        return f"{len(words)} letters long"
    return ""


class TooLong(BaseException):
    pass


def stop(*_):
    raise TooLong


def called(function, good, **bad):
    """Call it with good arguments, except for one."""
    arguments = {**good, **bad}
    several = [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.VAR_POSITIONAL
    ]
    first = [made("Fit"), arguments.pop(several[0])] if several else []
    with warnings.catch_warnings():
        warnings.simplefilter(
            "error", RuntimeWarning
        )  # numpy's, when it has gone on without a word to the user
        return function(*first, **arguments)


def attempt(function, good, **bad):
    """(works, what is wrong, message) of one call.

    The timer counts what this process computes, whatever else the machine does, and is off before
    a refusal is judged: `ast.parse` does not bear to be interrupted.
    """
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            called(function, good, **bad)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except TooLong:
        return False, "takes too long", ""
    except Exception as error:
        message = str(error)
        return False, complaint(error, *bad), message[:300]
    return True, "", ""


def limit_memory():
    """A gigabyte more than what the imports took."""
    import resource

    pages = Path("/proc/self/statm")
    if pages.exists():
        in_use = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + BYTES, resource.RLIM_INFINITY))


def main(part=""):
    import matplotlib
    import matplotlib.pyplot as plt

    matplotlib.use("Agg")
    matplotlib.rcParams["figure.max_open_warning"] = 0
    wanted = [target for target in targets() if part in target[0]]
    for (
        _,
        function,
        good,
    ) in wanted:  # as it should be called; what it imports takes its time and memory now
        called(function, good)
    limit_memory()
    signal.signal(signal.SIGPROF, stop)
    for name, function, good in wanted:
        for parameter in parameters(function, good):
            for label, value in values().items():
                works, wrong, message = attempt(function, good, **{parameter: value})
                print(json.dumps([name, parameter, label, works, wrong, message]), flush=True)
            plt.close("all")


# --- the tests ------------------------------------------------------------------------------

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer of Unix")


@pytest.fixture(scope="module")
def calls():
    """All calls with what came of them, made in another process."""
    run = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("[")]


@pytest.mark.parametrize(
    "name",
    [
        *mm.__all__,
        *CLASSES,
        *(f"plots.{n}" for n in dir(plots) if n.startswith("show_")),
        *SECOND_WAYS,
    ],
)
def test_bad_arguments_are_refused_in_words_or_work(calls, name):
    mine = [call for call in calls if call[0] == name or call[0].startswith(f"{name}.")]
    without = {"list_datasets", "Means", "Contrasts"}  # nothing to be wrong with
    assert mine or name in without
    wrong = [
        f"{where}({parameter}={label}): {what}: {message}"
        for where, parameter, label, _, what, message in mine
        if what
    ]
    assert not wrong, f"{len(wrong)} of {len(mine)} calls\n" + "\n".join(wrong[:20])


def test_most_bad_arguments_are_refused(calls):
    assert len(calls) >= CASES
    assert sum(works for *_, works, _, _ in calls) < len(calls) / 5


def test_nothing_public_is_forgotten():
    assert set(functions()) == set(mm.__all__)
    assert set(pictures()) == {f"plots.{name}" for name in dir(plots) if name.startswith("show_")}
    assert set(second_ways()) == set(SECOND_WAYS)
    assert {"predict", "ranef", "simulate", "refit", "summary"} <= set(methods("Fit"))


@pytest.mark.parametrize(
    "function, what",
    [
        (lambda x: np.ones(x)[x], "a IndexError"),
        (lambda x: np.linalg.inv(np.ones((2, x))), "raised outside mmteach"),
        (lambda x: pd.DataFrame({"a": [1]})["b"], "raised outside mmteach"),
        (lambda x: mm.build_R(1.0, n=-1), "does not name the argument"),
        (lambda x: np.log(x - 3), "a RuntimeWarning"),
        (lambda x: np.ones(10**13), "a MemoryError"),
        (lambda x: [None for _ in iter(int, 1)], "takes too long"),
        (lambda x: x + 1, ""),
    ],
    ids=[
        "numpy",
        "numpy's ValueError",
        "pandas",
        "another name",
        "warning",
        "memory",
        "time",
        "works",
    ],
)
def test_a_fault_would_be_found(function, what, monkeypatch):
    mm.build_R(1.0, 2)  # what it imports takes its time now, as in `main`
    monkeypatch.setattr(sys.modules[__name__], "SECONDS", 0.2)
    before = signal.signal(signal.SIGPROF, stop)
    works, wrong, _ = attempt(function, {"x": 1}, x=3)
    signal.signal(signal.SIGPROF, before)
    assert wrong.startswith(what) and works == (not what)


if __name__ == "__main__":
    main(*sys.argv[1:])
