"""Time mmteach, lme4 and the packages that pip installs, end to end with the formula.

    python tests/benchmarks/speed.py [--quick] [--only NAME ...]

Prints seconds and ratios from one run on one machine; nothing here is a test. lme4 runs
through Rscript where R has it, statsmodels where it can fit the model in a minute; lme-python,
mixedlm and gpboost where they are installed. Each runs in a process of its own with one thread;
mmteach also with the threads left as they are.
"""

import os
import sys

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
WORKER = "--worker" in sys.argv
if not WORKER:
    os.environ |= dict.fromkeys(THREADS, "1")

import argparse
import json
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

import mmteach as mm

R_SCRIPT = Path(__file__).parents[1] / "reference" / "bench.R"


def simulated(n, groups, columns=0, slopes=False, seed=1):
    """y ~ x1 + ... with a random intercept (and slope of x1) for each group."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, max(columns, 1)))
    g = rng.integers(0, groups, n)
    b = rng.normal(size=(groups, 2)) @ [[1.0, 0.3], [0.0, 0.5]]
    y = X @ rng.normal(size=X.shape[1]) + b[g, 0] + slopes * b[g, 1] * X[:, 0] + rng.normal(size=n)
    data = pd.DataFrame(X, columns=[f"x{i + 1}" for i in range(X.shape[1])])
    return data.assign(g=g, y=y)


def insteval():
    """lme4's InstEval, exported by R."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "insteval.csv"
        subprocess.run(
            ["Rscript", "-e", f'write.csv(lme4::InstEval, "{path}", row.names = FALSE)'],
            check=True,
            capture_output=True,
        )
        return pd.read_csv(path, dtype=dict.fromkeys(("s", "d", "dept", "service"), "category"))


def million(n):
    data = simulated(n, 1000, columns=19)
    return data, "y ~ " + " + ".join(f"x{i}" for i in range(1, 20)) + " + (1 | g)"


# name: (data and formula, repeats of mmteach, repeats of lme4, statsmodels' formula and groups)
CASES = {
    "schools": (
        lambda: (mm.load("schools"), "score ~ 1 + (1 | school)"),
        15,
        15,
        ("score ~ 1", "school"),
    ),
    "sorghum": (
        lambda: (mm.load("sorghum"), "yield_kg_ha ~ genotype + (1 | block)"),
        15,
        15,
        ("yield_kg_ha ~ genotype", "block"),
    ),
    "sleepstudy": (
        lambda: (mm.load("sleepstudy"), "reaction_ms ~ days + (days | subject)"),
        15,
        15,
        ("reaction_ms ~ days", "subject", "~ days"),
    ),
    "clover": (
        lambda: (
            mm.load("clover"),
            "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)",
        ),
        11,
        11,
        None,
    ),
    "barley split-plot": (
        lambda: (mm.load("barley"), "yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)"),
        7,
        7,
        ("yield_t_ha ~ genotype*fungicide", "block", None, {"f": "0 + C(fungicide)"}),
    ),
    "InstEval": (
        lambda: (insteval(), "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)"),
        3,
        1,
        None,
    ),
    "20 000 groups, slopes": (
        lambda: (simulated(200_000, 20_000, slopes=True), "y ~ x1 + (x1 | g)"),
        3,
        1,
        None,
    ),
    "1e6 rows x 20 x 1000": (
        lambda: million(1_000_000),
        3,
        1,
        ("y ~ " + " + ".join(f"x{i}" for i in range(1, 20)), "g"),
    ),
}
# these had not finished after four minutes
SLOW = {"InstEval": ("lme-python",)}
QUICK = ("schools", "sorghum", "sleepstudy", "clover", "barley split-plot")


def median_time(run, repeats):
    times = []
    for _ in range(repeats + 1):  # the first one warms up
        start = time.perf_counter()
        result = run()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:])), result


def time_lme4(data, formula, repeats):
    """Median seconds of lmer() on the same rows, or None without R."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        columns = []
        for name in data.columns:
            values = data[name]
            if isinstance(values.dtype, pd.CategoricalDtype) or name == "g":
                codes, levels = pd.factorize(values, sort=True)
                columns.append({"name": name, "type": "factor", "levels": len(levels)})
                codes.astype("<i4").tofile(f"{folder}/{name}.bin")
            else:
                columns.append({"name": name, "type": "double"})
                values.to_numpy("<f8").tofile(f"{folder}/{name}.bin")
            columns[-1]["file"] = f"{name}.bin"
        spec = {
            "formula": formula,
            "repeats": repeats,
            "warmup": int(repeats > 1),
            "data": {"kind": "binary", "folder": folder, "n": len(data), "columns": columns},
        }
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec))
        out = subprocess.run(["Rscript", str(R_SCRIPT), str(path)], capture_output=True, text=True)
        if out.returncode:
            raise RuntimeError(out.stderr)
        answer = json.loads(out.stdout.strip().splitlines()[-1])
        return answer["median"]


def fitted_by(package, name):
    """A function of no arguments that fits the case with one Python package."""
    make, _, _, how = CASES[name]
    data, formula = make()
    if package == "mmteach":
        return lambda: mm.lmm(formula, data)
    if package == "lme-python":
        import lme_python

        return lambda: lme_python.lmer(formula, data)
    if package == "mixedlm":
        import mixedlm

        return lambda: mixedlm.lmer(formula, data)
    if package == "gpboost":
        return gpboost_fit(formula, data)
    import statsmodels.formula.api as smf

    fixed, groups, *rest = how
    options = {
        "re_formula": rest[0] if rest else None,
        "vc_formula": rest[1] if len(rest) > 1 else None,
    }
    return lambda: smf.mixedlm(fixed, data, groups=data[groups], **options).fit()


def gpboost_fit(formula, data):
    """gpboost takes matrices: X and the labels of each grouping factor; random intercepts only."""
    import gpboost
    from formulaic import model_matrix

    parts = mm.split_bars(formula)
    if any(bar.lhs != "1" for bar in parts.bars):
        raise NotImplementedError("random slopes are not set up for gpboost here")

    def fit():
        X = model_matrix(parts.fixed, data).to_numpy(float)
        groups = np.column_stack(
            [data[list(bar.factors)].astype(str).agg(":".join, axis=1) for bar in parts.bars]
        )
        model = gpboost.GPModel(group_data=groups, likelihood="gaussian")
        return model.fit(data[parts.response].to_numpy(), X=X)

    return fit


def worker(package, name, repeats):
    """Seconds of one package on one case in a process of its own; "-" where it is not there or fails."""
    warnings.simplefilter("ignore")
    try:
        print(f"SECONDS {median_time(fitted_by(package, name), repeats)[0]}")
    except Exception as problem:  # another package's limits are not ours to handle
        print(f"  ({package}: {type(problem).__name__}: {str(problem)[:80]})", file=sys.stderr)


def in_a_process(package, name, repeats, threads, patience=240):
    """Run `worker` with one thread (threads=1) or with the threads left as they are (None)."""
    environment = {k: v for k, v in os.environ.items() if k not in THREADS}
    if threads:
        environment |= dict.fromkeys(THREADS, str(threads))
    command = [sys.executable, __file__, "--worker", package, name, str(repeats)]
    try:
        out = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        print(f"  ({package}: no answer in {patience} s)")
        return None
    if "SECONDS" not in out.stdout:
        print(out.stderr.rstrip().splitlines()[-1])
    found = [line.split()[1] for line in out.stdout.splitlines() if line.startswith("SECONDS")]
    return float(found[0]) if found else None


def shown(seconds):
    return "-" if seconds is None else f"{seconds:.4g}"


def ratio(other, ours):
    return "-" if other is None or ours is None else f"{other / ours:.1f}x"


PEERS = ("statsmodels", "lme-python", "mixedlm", "gpboost")


def compare(names):
    """One line a model: our seconds with one thread and by default, the others' as ratios to the first."""
    print("seconds of mmteach, and how many times as long the others take (one thread each)")
    print(
        f"{'':24}{'mmteach s':>10}{'default s':>10}{'lme4':>8}"
        + "".join(f"{peer:>13}" for peer in PEERS)
    )
    for name in names:
        make, ours, theirs, how = CASES[name]
        one = in_a_process("mmteach", name, ours, 1)
        default = in_a_process("mmteach", name, ours, None)
        data, formula = make()
        r = time_lme4(data, formula, theirs)
        repeats = 1 if len(data) > 10_000 else 3
        peers = [
            None
            if peer in SLOW.get(name, ()) or (peer == "statsmodels" and how is None)
            else in_a_process(peer, name, repeats, 1)
            for peer in PEERS
        ]
        print(
            f"{name:24}{shown(one):>10}{shown(default):>10}{ratio(r, one):>8}"
            + "".join(f"{ratio(peer, one):>13}" for peer in peers),
            flush=True,
        )


def scaling():
    print("\nrows x 20 columns x 1000 levels: seconds")
    sizes, seconds = [10_000, 100_000, 1_000_000, 3_000_000], []
    for n in sizes:
        data, formula = million(n)
        seconds.append(median_time(lambda: mm.lmm(formula, data), 3)[0])
        print(f"{n:>10}{seconds[-1]:>10.3f}")
    slope = np.polyfit(np.log(sizes[1:]), np.log(seconds[1:]), 1)[0]
    print(
        f"exponent from 1e5 rows on: {slope:.2f}; over the whole range: "
        f"{np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}"
    )


MEMORY = """
import sys; sys.path.insert(0, {folder!r})
from pathlib import Path
import mmteach as mm, speed
def megabytes(what):
    line, = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what)]
    return int(line.split()[1]) / 1e3
data, formula = speed.million(1_000_000)
data = data.copy()
Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
before = megabytes("VmRSS")
mm.lmm(formula, data)
print(megabytes("VmHWM") - before)
"""


def memory():
    """Peak memory of the million-row fit beyond what the data take (Linux only)."""
    if Path("/proc/self/clear_refs").exists():
        out = subprocess.run(
            [sys.executable, "-c", MEMORY.format(folder=str(Path(__file__).parent))],
            capture_output=True,
            text=True,
            check=True,
        )
        print(
            f"\npeak memory of 1e6 rows x 20 columns, beyond the data: {float(out.stdout):.0f} MB"
        )


def importing():
    """Time of ``import mmteach``, and of what ``mm.lmm`` loads, beyond numpy and pandas."""
    starts = [
        "import numpy, pandas",
        "import numpy, pandas, mmteach",
        "import numpy, pandas, mmteach; mmteach.lmm",
    ]
    best = dict.fromkeys(starts, np.inf)
    for _ in range(8):
        for code in starts:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            best[code] = min(best[code], time.perf_counter() - start)
    base, package, fit = best.values()
    print(
        f"\nbeyond numpy and pandas: import mmteach {package - base:.3f} s; with mm.lmm {fit - base:.3f} s"
    )


def kenward_roger():
    """Degrees of freedom after the fit: million rows, and the split-plot against R."""
    data, formula = million(1_000_000)
    fit = mm.lmm(formula, data)
    start = time.perf_counter()
    mm.contrast(fit, {"x1": 1.0}, df="kenward-roger")
    print(f"\nKenward-Roger df after 1e6 rows: {time.perf_counter() - start:.2f} s")
    fit = mm.lmm("yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)", mm.load("barley"))
    seconds, _ = median_time(lambda: mm.anova(fit.refit(), type=2, df="kenward-roger"), 3)
    print(f"anova(type=2, Kenward-Roger) of the barley split-plot, refit included: {seconds:.2f} s")
    seconds, _ = median_time(lambda: mm.emmeans(fit.refit(), "genotype", df="kenward-roger"), 3)
    print(f"emmeans of 70 genotypes with Kenward-Roger, refit included: {seconds:.2f} s")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--quick", action="store_true", help="the small models only")
    arguments.add_argument("--only", nargs="*", choices=CASES, help="these models only")
    arguments.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.worker:
        worker(chosen.worker[0], chosen.worker[1], int(chosen.worker[2]))
        sys.exit()
    compare(chosen.only or (QUICK if chosen.quick else CASES))
    if not (chosen.quick or chosen.only):
        scaling()
        memory()
        importing()
        kenward_roger()
