"""Work in several processes that end with the one that asked for it.

Each worker gets small pieces through a pipe of its own. It takes no notice of Ctrl-C, which is for
the asker; the asker ends its workers when it is interrupted, and a worker ends itself when its
asker is gone.
"""

import os
import pickle
import signal
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Thread
from types import ModuleType

CAN_START = sys.platform not in ("emscripten", "wasi") and find_spec("_multiprocessing") is not None
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def may_start():
    """Whether this process can have others work for it; a worker itself cannot."""
    if not CAN_START:
        return False
    from multiprocessing import current_process

    return not current_process().daemon


def in_processes(pickled, pieces, processes):
    """Yield the results of ``job(piece)`` in order, worked out by several processes.

    Parameters
    ----------
    pickled : bytes
        The job, a function of one piece.
    pieces : list
    processes : int

    Raises
    ------
    ValueError
        When a worker ended before its work was done. What the job itself raises is raised here.
    """
    from multiprocessing import Pipe, connection, get_context

    context, workers = get_context("spawn"), {}
    done, waiting, turn = {}, list(enumerate(pieces))[::-1], 0
    try:
        with _plain_children():
            for _ in range(min(processes, len(pieces))):
                here, there = Pipe()
                worker = context.Process(target=_work, args=(there, pickled), daemon=True)
                worker.start()
                there.close()  # so that this end notices when the worker is gone
                workers[here] = worker
        for here, worker in workers.items():
            with _alive(worker):
                here.send(waiting.pop())
        while turn < len(pieces):
            for here in connection.wait(list(workers)):
                with _alive(workers[here]):
                    number, result, error = here.recv()
                    if waiting:
                        here.send(waiting.pop())
                if error is not None:
                    raise error
                done[number] = result
            while turn in done:
                yield done.pop(turn)
                turn += 1
    finally:
        for worker in workers.values():
            worker.terminate()
        for here, worker in workers.items():
            worker.join(1)
            if worker.is_alive():
                worker.kill()
            here.close()


@contextmanager
def _alive(worker):
    """Talk with a worker; says in words that it has gone."""
    try:
        yield
    except (EOFError, OSError):
        worker.join(1)
        raise ValueError(
            "a process that worked for this one was ended from outside (exit code "
            f"{worker.exitcode}), perhaps for want of memory; use processes=1"
        ) from None


def _work(asker, pickled):
    """What a worker does: one piece after another, until nobody asks any more."""
    from multiprocessing import parent_process

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
    job = pickle.loads(pickled)
    while True:
        try:
            number, piece = asker.recv()
        except (EOFError, OSError):
            return
        try:
            answer = number, job(piece), None
        except Exception as error:
            answer = number, None, _portable(error)
        try:
            asker.send(answer)
        except OSError:
            return


def _portable(error):
    """The exception itself if it can travel, else its words."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return ValueError(f"{type(error).__name__}: {error}")


@contextmanager
def _plain_children():
    """Processes started here import mmteach but not the caller's script, and compute on one thread.

    A new process would run the main script again, which starts a bootstrap again, unless
    every caller wrote ``if __name__ == "__main__"``.
    """
    main, before = sys.modules["__main__"], {name: os.environ.get(name) for name in THREADS}
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
