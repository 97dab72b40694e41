"""Small models run on one thread of every BLAS library, and the caller's setting comes back."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import mmteach as mm
from mmteach.engine import criterion, threads
from mmteach.engine.threads import is_small, one_thread


def blas():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


FREE = """
import threadpoolctl, mmteach as mm
from mmteach.engine import criterion, crossproducts, linear, search

def blas():
    return {(p["filepath"], p["num_threads"]) for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"}

seen, at = set(), []
def watch(where, name):
    plain = getattr(where, name)
    def watched(*arguments):
        at.append(name)
        seen.update(blas())
        return plain(*arguments)
    setattr(where, name, watched)

import numpy, scipy.linalg.lapack
threadpoolctl.threadpool_limits(3, "blas")
before = blas()
watch(crossproducts.Accumulator, "finish")         # the pass over the rows
watch(search, "bfgs")                              # the search
watch(criterion.ProfiledCriterion, "state")        # the solution
watch(linear, "independent_columns")               # least squares
fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
fit.refit(reml=False)
mm.lm("reaction_ms ~ days + subject", mm.load("sleepstudy"))
assert set(at) == {"finish", "bfgs", "state", "independent_columns"}, at
mm.anova(fit)
print(len(before), {n for _, n in before}, {n for _, n in seen}, len(seen), blas() == before)
"""


def test_a_fit_holds_every_blas_at_one_thread_and_gives_it_back():
    # a fresh process in which nobody set the number of threads
    environment = {
        name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")
    }
    environment["PYTHONPATH"] = str(Path(mm.__file__).parent.parent)
    out = subprocess.run(
        [sys.executable, "-c", FREE], env=environment, capture_output=True, text=True, timeout=120
    )
    assert out.returncode == 0, out.stderr
    libraries, before, inside, seen, restored = out.stdout.split()
    # on two wheels NumPy and SciPy bring one library each; elsewhere they may share one
    assert int(libraries) >= 1 and libraries == seen
    assert (before, inside, restored) == ("{3}", "{1}", "True")


@pytest.fixture
def three():
    with threadpool_limits(3, "blas"):
        yield blas()


def test_nested_blocks_restore_once(three):
    with one_thread():
        with one_thread():
            assert set(blas()) == {1}
        assert set(blas()) == {1}
    assert blas() == three


def test_restored_after_an_exception(three):
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert blas() == three


def test_restored_after_a_refused_fit(three):
    with pytest.raises(ValueError, match="reproduces the response"):
        sleep = mm.load("sleepstudy")
        mm.lmm("twice ~ reaction_ms + (1 | subject)", sleep.assign(twice=2 * sleep.reaction_ms))
    assert blas() == three


def test_as_a_decorator(three):
    assert set(one_thread()(blas)()) == {1} and blas() == three


def test_blocks_of_several_python_threads_leave_the_setting_as_it_was():
    def work():
        for _ in range(50):
            with one_thread():
                sum(range(100))

    before, workers = blas(), [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert blas() == before and not threads._held.locked()


def test_large_models_keep_their_threads(three, monkeypatch):
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    assert is_small(fit.products)  # 18 columns
    monkeypatch.setattr(threads, "SMALL", 18)
    assert not is_small(fit.products)
    seen, state = [], criterion.ProfiledCriterion.state
    monkeypatch.setattr(
        criterion.ProfiledCriterion, "state", lambda *a: seen.append(blas()) or state(*a)
    )
    fit.refit(reml=False)
    assert seen and all(s == three for s in seen)
