"""One thread for small matrices: NumPy and SciPy each bring a BLAS, and both spin between calls.

A fit alternates between the two. With more than one thread each, the waiting of one costs more
than small matrices take altogether, so the search, the solution and the tests of a small model
run on one thread. The setting belongs to the whole process; the caller's comes back afterwards.
"""

from contextlib import contextmanager
from functools import cache
from threading import Lock

import scipy.linalg.lapack  # noqa: F401  loads SciPy's BLAS: a controller made earlier would not know it
from threadpoolctl import ThreadpoolController

LIGHT = 1e8  # multiplications in a pass over the rows, about, from which threads pay
SMALL = 500  # rows of the dense matrices (all terms but the first, and X) from which threads pay

_held = Lock()  # whoever holds it sets the threads, and sets them back


@cache
def controller():
    """Of all BLAS libraries in this process. To look for them takes 3 ms, to set them 0.1 ms."""
    return ThreadpoolController()


@contextmanager
def one_thread(small=True):
    """BLAS on one thread within the block, or decorated function, unless matrices are not `small`.

    A block within a block costs next to nothing.

    >>> with one_thread():
    ...     {pool["num_threads"] for pool in controller().info() if pool["user_api"] == "blas"}
    {1}
    """
    if not small or not _held.acquire(blocking=False):
        yield
        return
    try:
        with controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _held.release()


def is_small(products):
    """Whether the dense matrices of a model are too small for more than one thread."""
    return len(products.B22) + products.p < SMALL


def is_light(X):
    """Whether X'X is too little work for more than one thread."""
    return X.size * X.shape[1] < LIGHT
