"""The bootstrap's processes under real signals, and what it asks of a statistic."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.inference import bootstrap as bootstrapping
from mmteach.inference import workers
from mmteach.inference.bootstrap import bootstrap

HERE = Path(__file__).parent
LONG = """
import signal, threading, time
from multiprocessing import active_children
import mmteach as mm
from mmteach.inference import bootstrap as bootstrapping

def tell():
    while len(active_children()) < 2:
        time.sleep(0.01)
    time.sleep(1.0)  # into the work
    print(*(child.pid for child in active_children()), flush=True)

# one that was started in the background would not hear of Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
bootstrapping.WORTH_IT = 0.0
threading.Thread(target=tell, daemon=True).start()
fit = mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))
{call}
"""
needs_signals = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@pytest.fixture(scope="module")
def schools():
    return mm.lmm("score ~ 1 + (1 | school)", mm.load("schools"))


@pytest.fixture
def long_bootstrap():
    """Start a bootstrap that would take minutes; give its process and those of its workers."""
    started = []

    def start(call="mm.bootstrap(fit, n=200_000, seed=1)"):
        parent = subprocess.Popen(
            [sys.executable, "-c", LONG.format(call=call)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=HERE,
            start_new_session=True,
        )
        started.append(parent)
        return parent, [int(pid) for pid in parent.stdout.readline().split()]

    yield start
    for parent in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def runs(pid):
    """Whether a process is there and not only waits to be counted as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def seconds_until_gone(pids, most=20):
    start = time.perf_counter()
    while any(map(runs, pids)) and time.perf_counter() - start < most:
        time.sleep(0.01)
    return time.perf_counter() - start


@needs_signals
@pytest.mark.parametrize(
    "sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name
)
def test_workers_end_with_the_process_that_asked_for_them(long_bootstrap, sent):
    parent, children = long_bootstrap()
    assert len(children) == 2 and all(map(runs, children))
    os.kill(parent.pid, sent)  # to it alone, as an IDE or a batch system does
    assert seconds_until_gone(children) < 2
    assert seconds_until_gone([parent.pid]) < 10  # Python itself takes its time to end
    error = parent.communicate()[1]
    assert ("KeyboardInterrupt" in error) == (sent == signal.SIGINT)
    assert error.count("Traceback") == (sent == signal.SIGINT)  # the workers say nothing


@needs_signals
def test_an_interrupt_of_the_whole_group_prints_one_traceback(long_bootstrap):
    parent, children = long_bootstrap()
    os.kill(children[0], signal.SIGINT)  # which is for the one that asked
    time.sleep(0.5)
    assert all(map(runs, [parent.pid, *children]))
    os.killpg(parent.pid, signal.SIGINT)  # Ctrl-C in a terminal
    assert seconds_until_gone(children) < 2
    assert seconds_until_gone([parent.pid]) < 10  # Python itself takes its time to end
    assert parent.communicate()[1].count("Traceback") == 1


@needs_signals
def test_a_killed_worker_is_reported_in_words(long_bootstrap):
    parent, children = long_bootstrap()
    os.kill(children[0], signal.SIGKILL)
    assert seconds_until_gone(children) < 2
    assert seconds_until_gone([parent.pid]) < 10
    error = parent.communicate()[1]
    assert re.search(
        r"ValueError: a process that worked for this one was ended from outside "
        r"\(exit code -9\).*use processes=1",
        error,
    )
    assert "BrokenProcessPool" not in error


@needs_signals
def test_a_loop_left_early_ends_the_workers(schools, monkeypatch):
    from multiprocessing import active_children

    monkeypatch.setattr(bootstrapping, "WORTH_IT", 0.0)
    job = bootstrapping._Job(schools, None, False, seed=1)
    job.original()
    draws = bootstrapping._run(job, 100_000, 2)
    for _ in range(3):
        next(draws)
    children = [child.pid for child in active_children()]
    assert len(children) == 2
    draws.close()
    assert not any(map(runs, children)) and not active_children()


def divide_by_zero(fit):
    return 1 / 0 if fit.design.y[0] != mm.load("schools").score[0] else 1.0


def test_an_error_of_the_statistic_comes_through_from_another_process(schools, monkeypatch):
    from multiprocessing import active_children

    monkeypatch.setattr(bootstrapping, "WORTH_IT", 0.0)
    pickled, pieces = __import__("pickle").dumps(_fails), [[1], [2], [3]]
    with pytest.raises(ZeroDivisionError):
        list(workers.in_processes(pickled, pieces, 2))
    assert not active_children()
    with pytest.raises(ZeroDivisionError):
        bootstrap(schools, 5, seed=1, statistic=divide_by_zero, processes=1)


def _fails(piece):
    return 1 / 0


def test_where_no_process_can_be_started_that_is_said_at_once(schools, monkeypatch):
    monkeypatch.setattr(workers, "CAN_START", False)
    with pytest.raises(
        ValueError, match=r"processes=2: this Python cannot start .*browser.*processes=1"
    ):
        bootstrap(schools, 10, processes=2)
    assert len(bootstrap(schools, 5, seed=1, processes=1).replicates) == 5
    code = (
        "import sys, inspect, mmteach as mm\n"
        "sys.platform = 'emscripten'; import mmteach.inference.workers; sys.platform = 'linux'\n"
        "print(inspect.signature(mm.bootstrap).parameters['processes'].default)\n"
        "mm.bootstrap(mm.lmm('score ~ 1 + (1 | school)', mm.load('schools')), 5, seed=1)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "1"


# --- the statistic -------------------------------------------------------------------------


def test_a_statistic_by_name_is_read_by_name(schools):
    calls = []

    def turned(fit):
        calls.append(1)
        out = {"sigma": fit.sigma, "mean": fit.beta.iloc[0]}
        return dict(reversed(out.items())) if len(calls) % 2 == 0 else out

    boot = bootstrap(schools, 6, seed=1, statistic=turned)
    plain = bootstrap(schools, 6, seed=1)
    np.testing.assert_allclose(boot.replicates.sigma, plain.replicates.sigma, rtol=1e-6)
    np.testing.assert_allclose(boot.replicates["mean"], plain.replicates.Intercept, rtol=1e-6)
    series = bootstrap(schools, 6, seed=1, statistic=lambda fit: pd.Series(turned(fit)))
    np.testing.assert_allclose(series.replicates[boot.replicates.columns], boot.replicates)


@pytest.mark.parametrize(
    "statistic, message",
    [
        ("mean", r"statistic is 'mean'; give a function of a fit"),
        (lambda fit: None, r"the statistic returned None; let it return a number"),
        (lambda fit: "much", r"the statistic returned 'much'"),
        (lambda fit: [], r"the statistic gave 0 numbers; it must give"),
        (lambda fit: np.eye(2), r"a number, a 1-d array, a dict or a Series, not a table"),
        (lambda fit: {"a": "x"}, r"the statistic returned \['x'\]"),
    ],
)
def test_a_statistic_that_gives_no_numbers_is_refused(schools, statistic, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(schools, 5, seed=1, statistic=statistic)


def test_a_statistic_that_changes_its_shape_is_refused(schools):
    y = mm.load("schools").score
    with pytest.raises(ValueError, match="gave 3 numbers for simulated data, but 1 for the fit"):
        bootstrap(
            schools, 5, seed=1, statistic=lambda f: [1.0] * (1 if np.array_equal(f.y, y) else 3)
        )
    with pytest.raises(ValueError, match="the same names every time"):
        bootstrap(
            schools, 5, seed=1, statistic=lambda f: {"a" if np.array_equal(f.y, y) else "b": 1.0}
        )
