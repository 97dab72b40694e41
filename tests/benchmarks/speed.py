"""Time mmteach, lme4, statsmodels and lme-python side by side, end to end with the formula.

    python tests/benchmarks/speed.py [--quick] [--only NAME ...]

Prints seconds and ratios from one run on one machine; nothing here is a test. lme4 runs
through Rscript where R has it, statsmodels where it can fit the model in a minute, lme-python
where it is installed. Threads are fixed at one for all.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import shutil
import subprocess
import sys
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
        subprocess.run(["Rscript", "-e", f'write.csv(lme4::InstEval, "{path}", row.names = FALSE)'],
                       check=True, capture_output=True)
        return pd.read_csv(path, dtype={c: "category" for c in ("s", "d", "dept", "service")})


def million(n):
    data = simulated(n, 1000, columns=19)
    return data, "y ~ " + " + ".join(f"x{i}" for i in range(1, 20)) + " + (1 | g)"


# name: (data and formula, repeats of mmteach, repeats of lme4, statsmodels' formula and groups)
CASES = {
    "schools": (lambda: (mm.load("schools"), "score ~ 1 + (1 | school)"), 15, 15, ("score ~ 1", "school")),
    "sorghum": (lambda: (mm.load("sorghum"), "yield_kg_ha ~ genotype + (1 | block)"), 15, 15,
                ("yield_kg_ha ~ genotype", "block")),
    "sleepstudy": (lambda: (mm.load("sleepstudy"), "reaction_ms ~ days + (days | subject)"), 15, 15,
                   ("reaction_ms ~ days", "subject", "~ days")),
    "clover": (lambda: (mm.load("clover"),
                        "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"), 11, 11, None),
    "barley split-plot": (lambda: (mm.load("barley"), "yield_t_ha ~ genotype*fungicide + (1 | block/fungicide)"),
                          7, 7, ("yield_t_ha ~ genotype*fungicide", "block", None, {"f": "0 + C(fungicide)"})),
    "InstEval": (lambda: (insteval(), "y ~ service + (1 | s) + (1 | d) + (1 | dept:service)"), 3, 1, None),
    "20 000 groups, slopes": (lambda: (simulated(200_000, 20_000, slopes=True), "y ~ x1 + (x1 | g)"), 3, 1,
                              None),
    "1e6 rows x 20 x 1000": (lambda: million(1_000_000), 3, 1,
                             ("y ~ " + " + ".join(f"x{i}" for i in range(1, 20)), "g")),
}
SLOW_FOR_LME_PYTHON = ("InstEval",)  # version 0.2.7 had not finished after four minutes
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
        spec = {"formula": formula, "repeats": repeats, "warmup": int(repeats > 1),
                "data": {"kind": "binary", "folder": folder, "n": len(data), "columns": columns}}
        path = Path(folder) / "spec.json"
        path.write_text(json.dumps(spec))
        out = subprocess.run(["Rscript", str(R_SCRIPT), str(path)], capture_output=True, text=True)
        if out.returncode:
            raise RuntimeError(out.stderr)
        answer = json.loads(out.stdout.strip().splitlines()[-1])
        return answer["median"]


def time_statsmodels(data, how, repeats):
    import statsmodels.formula.api as smf

    formula, groups, *rest = how
    options = {"re_formula": rest[0] if rest else None, "vc_formula": rest[1] if len(rest) > 1 else None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return median_time(lambda: smf.mixedlm(formula, data, groups=data[groups], **options).fit(), repeats)[0]


def time_lme_python(data, formula, repeats):
    try:
        import lme_python
    except ImportError:
        return None
    try:
        return median_time(lambda: lme_python.lmer(formula, data), repeats)[0]
    except Exception as problem:  # another package's limits are not ours to handle
        print(f"  (lme-python: {str(problem)[:100]})")
        return None


def shown(seconds):
    return "-" if seconds is None else f"{seconds:.4g}"


def ratio(other, ours):
    return "-" if other is None else f"{other / ours:.1f}x"


def compare(names):
    print(f"{'':24}{'mmteach s':>10}{'lme4 s':>10}{'ratio':>8}{'statsm. s':>11}{'ratio':>8}"
          f"{'lme-py s':>10}{'ratio':>8}")
    for name in names:
        make, ours, theirs, how = CASES[name]
        data, formula = make()
        seconds, _ = median_time(lambda: mm.lmm(formula, data), ours)
        r = time_lme4(data, formula, theirs)
        sm = None if how is None else time_statsmodels(data, how, 1 if len(data) > 500 else 3)
        lp = None if name in SLOW_FOR_LME_PYTHON else time_lme_python(data, formula, ours)
        print(f"{name:24}{shown(seconds):>10}{shown(r):>10}{ratio(r, seconds):>8}{shown(sm):>11}"
              f"{ratio(sm, seconds):>8}{shown(lp):>10}{ratio(lp, seconds):>8}", flush=True)


def scaling():
    print("\nrows x 20 columns x 1000 levels: seconds")
    sizes, seconds = [10_000, 100_000, 1_000_000, 3_000_000], []
    for n in sizes:
        data, formula = million(n)
        seconds.append(median_time(lambda: mm.lmm(formula, data), 3)[0])
        print(f"{n:>10}{seconds[-1]:>10.3f}")
    slope = np.polyfit(np.log(sizes[1:]), np.log(seconds[1:]), 1)[0]
    print(f"exponent from 1e5 rows on: {slope:.2f}; over the whole range: "
          f"{np.polyfit(np.log(sizes), np.log(seconds), 1)[0]:.2f}")


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
        out = subprocess.run([sys.executable, "-c", MEMORY.format(folder=str(Path(__file__).parent))],
                             capture_output=True, text=True, check=True)
        print(f"\npeak memory of 1e6 rows x 20 columns, beyond the data: {float(out.stdout):.0f} MB")


def importing():
    """Time of ``import mmteach``, and of what ``mm.lmm`` loads, beyond numpy and pandas."""
    starts = ["import numpy, pandas", "import numpy, pandas, mmteach", "import numpy, pandas, mmteach; mmteach.lmm"]
    best = dict.fromkeys(starts, np.inf)
    for _ in range(8):
        for code in starts:
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            best[code] = min(best[code], time.perf_counter() - start)
    base, package, fit = best.values()
    print(f"\nbeyond numpy and pandas: import mmteach {package - base:.3f} s; with mm.lmm {fit - base:.3f} s")


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
    chosen = arguments.parse_args()
    compare(chosen.only or (QUICK if chosen.quick else CASES))
    if not (chosen.quick or chosen.only):
        scaling()
        memory()
        importing()
        kenward_roger()
