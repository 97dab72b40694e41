"""Set up before any test: one thread, no window for figures."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # the kernels of the notebooks inherit it
os.environ.pop("MPLBACKEND", None)  # in the kernels figures are drawn inline ...

import matplotlib  # noqa: E402

matplotlib.use("Agg")  # ... and in the tests of this process nowhere
