"""Set up before any test: one thread, no window for figures."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # the kernels of the notebooks inherit it
os.environ.pop("MPLBACKEND", None)  # in the kernels figures are drawn inline ...

import matplotlib  # noqa: E402

matplotlib.use("Agg")  # ... and in the tests of this process nowhere


def pytest_collection_modifyitems(items):
    """The file that takes longest begins, so that no core waits for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_rerun.py")
