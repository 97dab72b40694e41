"""Build pigs_crd.csv, pigs_rooms.csv and clover.csv: synthetic data with published statistics.

Two pig trials and a clover trial are discussed in lectures whose printed output is public
and whose plot values are not. This script makes plot values of our own that give the same
output, digit for digit. Run it from the project root:

    python data/make_synthetic.py

It writes the three files, their lines in SHA256SUMS, and a table "printed | achieved" (10 to 20
seconds). Run again it writes the same bytes; on another processor single values may come out a few
hundredths apart, since sums round differently there, with the same printed statistics. The
files that come with the project are the ones the lessons use.

The method, the same for each set:

1. Draw y from the model with a fixed seed.
2. Rescale: sequential sums of squares are |Q_t'y|^2 with orthogonal Q_t, one for each line of
   the ANOVA table, so stretching each projection Q_t Q_t'y gives the printed table exactly.
3. Every printed number is an interval (58.935 means 58.9345 to 58.9355). With s(y) the
   statistics, J their gradients, m and h the middle and half width of the intervals, take
   small least-squares steps in y until z = (s(y) - m) / h is inside (-1, 1) throughout.
4. Round y to three decimals, then move single values and pairs of values by 0.001 until
   z is inside (-1, 1) again.

The gradients are short. For REML with P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1 and G_r = dV/dg_r:
the criterion at its optimum has gradient 2Py (the variances do not count there, their score
is zero); the variances g solve tr(P G_r) = y'P G_r P y, hence dg/dy = H^-1 [2 P G_r P y]
with H_rs = -tr(P G_r P G_s) + 2 y'P G_r P G_s P y (Harville 1977, JASA 72, 320-338).
"""

import hashlib
import os
from pathlib import Path

# the matrices are small: more threads would only slow the work down, and reorder sums
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import stats

HERE = Path(__file__).resolve().parent
STEP = 0.001  # values are stored to three decimals


# ---------------------------------------------------------------- printed numbers as intervals


def printed(text):
    """The interval of numbers that print as ``text``: half a unit of the last digit each way."""
    mantissa, _, exponent = text.partition("e")
    half = 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return float(text) - half, float(text) + half


def both(*intervals):
    """The intersection of intervals: one statistic, printed in several places."""
    low, high = max(i[0] for i in intervals), min(i[1] for i in intervals)
    if low >= high:
        raise ValueError(f"these printed numbers contradict each other: {intervals}")
    return low, high


def f_of_p(text, df1, df2):
    """The F values whose p-value prints as ``text``."""
    low, high = printed(text)
    return stats.f.isf(high, df1, df2), stats.f.isf(low, df1, df2)


def chi2_of_p(text):
    """The likelihood-ratio values (1 df) whose p-value prints as ``text``."""
    low, high = printed(text)
    return stats.chi2.isf(high, 1), stats.chi2.isf(low, 1)


def as_printed(value, text):
    """``value`` written with the digits of ``text``."""
    mantissa, _, exponent = text.partition("e")
    return f"{value:.{len(mantissa.partition('.')[2])}{'e' if exponent else 'f'}}"


# ------------------------------------------------- from a draw to the wanted statistics (3, 4)


class Aim:
    """Where the statistics should be: z = (s(y) - middle) / half width, and its Jacobian."""

    def __init__(self, statistics, targets, prepare=lambda y: None):
        self.statistics = statistics  # y -> {name: (value, gradient)}
        self.prepare = prepare  # called before each search; see Clover.hold_order
        self.names = list(targets)
        low, high = np.array([targets[name] for name in self.names]).T
        self.middle, self.half = (low + high) / 2, (high - low) / 2
        self.weight = np.ones(len(self.names))

    def __call__(self, y):
        s = self.statistics(y)
        z = (np.array([s[name][0] for name in self.names]) - self.middle) / self.half
        jacobian = np.array([s[name][1] for name in self.names]) / self.half[:, None]
        return z, jacobian


def approach(y, aim, good, rounds=60):
    """Least squares in y, again with more weight on each |z| above ``good`` until none is.

    Printed digits can pull against each other: the centres of all intervals cannot be had,
    a point inside all of them can (the reweighting is Lawson's way to a minimax fit).
    """
    for _ in range(rounds):
        aim.prepare(y)
        z, _ = aim(y)
        worst = np.abs(z).max()
        if worst < good:
            break
        if worst < 2:
            aim.weight = aim.weight * np.clip(np.abs(z) / good, 1.0, 1.5)
        y = least_squares(y, aim)
    return y


def least_squares(y, aim, steps=400):
    """Levenberg-Marquardt steps, each the smallest change of y that does the work."""
    z, J = aim(y)
    w, damping = aim.weight, 1e-3
    for _ in range(steps):
        cost = np.sum((w * z) ** 2)
        wJ = w[:, None] * J
        step = -wJ.T @ np.linalg.solve(wJ @ wJ.T + damping * np.eye(len(z)), w * z)
        trial = y + step * min(1.0, 3.0 / np.abs(step).max())
        z_trial, J_trial = aim(trial)
        new = np.sum((w * z_trial) ** 2)
        if new < cost:
            y, z, J, damping = trial, z_trial, J_trial, max(damping / 5, 1e-6)
            if cost - new < 1e-6 * cost or new < 1e-3:
                break
        else:
            damping *= 6
            if damping > 1e9:
                break
    return y


def to_grid(y, aim, rng, good, rounds=40, kicks=300):
    """Round to STEP, then move values and pairs of values by one STEP until all |z| < good."""
    units = np.rint(y / STEP)
    for _ in range(rounds):
        aim.prepare(units * STEP)
        z, J = aim(units * STEP)
        if np.abs(z).max() < good:
            break
        D = J * STEP  # z + D d: the statistics are so nearly linear that d can be sought on paper
        d = descend(z, D, aim.weight, np.zeros(len(y)))
        for _ in range(kicks):
            trial = d.copy()
            trial[rng.choice(len(y), 4, replace=False)] += rng.choice([-1, 1], 4)
            trial = descend(z, D, aim.weight, trial)
            if np.abs(z + D @ trial).max() < np.abs(z + D @ d).max():
                d = trial
        units = units + d
    return np.round(units * STEP, 3)


def descend(z, D, weight, d, moves=200):
    """Whole numbers d with a small |w(z + D d)|: the best single or pair move, again and again."""
    wD = weight[:, None] * D
    wz, gram, d = weight * (z + D @ d), wD.T @ wD, d.copy()
    square = np.diag(gram)
    for _ in range(moves):
        # a move by -sign(slope) lowers the sum of squares most; a pair, with both signs so chosen
        slope = 2 * wD.T @ wz
        sign = -np.sign(slope)
        alone = square - np.abs(slope)
        pair = alone[:, None] + alone + 2 * np.outer(sign, sign) * gram
        np.fill_diagonal(pair, alone)
        i, j = divmod(int(pair.argmin()), len(d))
        if pair[i, j] > -1e-9:
            break
        for k in {i, j}:
            d[k] += sign[k]
            wz = wz + sign[k] * wD[:, k]
    return d


# ------------------------------------------------------------------------------ linear algebra


def indicators(*factors):
    """The 0/1 columns of a factor, or of the combinations of several."""
    labels = factors[0].astype(str)
    for factor in factors[1:]:
        labels = labels + ":" + factor.astype(str)
    return pd.get_dummies(labels).to_numpy(float)


def sequential_bases(*terms):
    """Orthonormal Q_t for each term given those before it, and the residual space last."""
    n = len(terms[0])
    bases, so_far = [], np.zeros((n, 0))
    for term in [*terms, np.eye(n)]:
        rest = term - so_far @ (so_far.T @ term)
        rest = rest - so_far @ (so_far.T @ rest)  # twice: once leaves rounding errors
        left, size, _ = np.linalg.svd(rest, full_matrices=False)
        bases.append(left[:, size > 1e-8])
        so_far = np.hstack([so_far, bases[-1]])
    return bases


def sums_of_squares(y, bases):
    """(|Q'y|^2, gradient 2 Q Q'y) for each basis."""
    return [((q.T @ y) @ (q.T @ y), 2 * q @ (q.T @ y)) for q in bases]


def stretch(y, bases, wanted):
    """y with the sums of squares of the listed bases set to the wanted values (None: as drawn)."""
    out = np.zeros(len(y))
    for basis, ss in zip(bases, wanted):
        part = basis @ (basis.T @ y)
        out += part if ss is None else part * np.sqrt(ss / (part @ part))
    return out


def f_ratio(term, df1, error, df2):
    """F = (ss/df1) / (sse/df2) with its gradient, from two (value, gradient) pairs."""
    f = (term[0] / df1) / (error[0] / df2)
    return f, f * (term[1] / term[0] - error[1] / error[0])


# ---------------------------------------------------------------------------------------- pigs

DIETS = list("ABCDEF")
PIGS = {  # printed: sums of squares, F, p; diet means and their limits; one SE for all means
    "ss": {"day": "850.7", "diet": "896.5", "day:diet": "673.1", "residual": "12360.9"},
    "f": {"day": "8.6720", "diet": "3.6556", "day:diet": "1.3723"},
    "p": {"day": "0.0002279", "diet": "0.0032772", "day:diet": "0.1934086"},
    "se": "1.044041",
    "mean": dict(zip(DIETS, "18.5 23.6 20.1 18.3 19.8 18.6".split())),
    "lower": dict(zip(DIETS, "16.40749 21.5 18.1 16.3 17.8 16.5".split())),
    "upper": dict(zip(DIETS, "20.51980 25.6 22.2 20.4 21.9 20.6".split())),
}
ROOMS = {
    "f": {"day": "10.7115", "diet": "4.7730", "day:diet": "1.1153"},
    "p": {"day": "3.441e-05", "diet": "0.0003483", "day:diet": "0.3509474"},
}
EFFECT_DF = {"day": 2, "diet": 5, "day:diet": 10}
# ours, where nothing is printed: how much pens and rooms differ, and the error in rooms
PIGS["pen variance"] = (9.0, 9.6)
ROOMS |= {"pen variance": (6.7, 7.3), "room variance": (11.5, 12.5), "error ms": (35.8, 36.2)}


def pig_pens(rng, rooms=()):
    """One row per pen and day: 90 pens, diets drawn by lot (within rooms), days 1, 2 and 3."""
    blocks = max(len(rooms), 1)
    pens = pd.DataFrame({"pen": [f"P{i:02d}" for i in range(1, 91)]})
    pens["diet"] = np.concatenate([rng.permutation(DIETS * (15 // blocks)) for _ in range(blocks)])
    if blocks > 1:
        pens.insert(0, "room", np.repeat(rooms, 30))
    rows = pens.loc[np.repeat(pens.index, 3)].reset_index(drop=True)
    return rows.assign(day=["1", "2", "3"] * 90)


def draw_pigs(d, rng, pen_sd, error_sd):
    """Diet and day means, pens, rooms, and an error skewed a little (dry matter is positive)."""
    diet = d["diet"].map(dict(zip(DIETS, (18.46, 23.6, 20.1, 18.3, 19.8, 18.6)))).to_numpy(float)
    day = d["day"].map({"1": -2.2, "2": 0.2, "3": 2.0}).to_numpy(float)
    pen = np.repeat(rng.normal(0, pen_sd, 90), 3)
    error = error_sd * (rng.beta(2, 4, size=len(d)) - 1 / 3) / 0.178
    y = diet + day + pen + error
    if "room" in d:
        y = y + d["room"].map({"room1": -2.6, "room2": 3.9, "room3": -1.3}).to_numpy(float)
    return y


def pen_variance(pens, df1, within, df2):
    """(MS pens - MS within) / 3, the ANOVA estimate with three days a pen, and its gradient."""
    return tuple((p / df1 - w / df2) / 3 for p, w in zip(pens, within))


def build_pigs_crd(seed=70):
    """90 pens, 15 a diet, seen on three days."""
    rng = np.random.default_rng(seed)
    d = pig_pens(rng)
    one = np.ones((270, 1))
    bases = sequential_bases(
        one,
        indicators(d["day"]),
        indicators(d["diet"]),
        indicators(d["day"], d["diet"]),
        indicators(d["pen"]),
    )
    averages = indicators(d["diet"]) / 45
    t = stats.t.isf(0.025, 252)

    def statistics(y):
        _, day, diet, day_diet, pens, within = sums_of_squares(y, bases)
        residual = pens[0] + within[0], pens[1] + within[1]
        se = np.sqrt(residual[0] / 252 / 45)
        se_gradient = se * residual[1] / (2 * residual[0])
        out = {"ss residual": residual, "pen variance": pen_variance(pens, 84, within, 168)}
        for name, term in (("day", day), ("diet", diet), ("day:diet", day_diet)):
            out[f"ss {name}"] = term
            out[f"f {name}"] = f_ratio(term, EFFECT_DF[name], residual, 252)
        for name, average in zip(DIETS, averages.T):
            mean = average @ y
            out[f"mean {name}"] = mean, average
            out[f"lower {name}"] = mean - t * se, average - t * se_gradient
            out[f"upper {name}"] = mean + t * se, average + t * se_gradient
        return out

    targets = {f"ss {name}": printed(text) for name, text in PIGS["ss"].items()}
    low, high = printed(PIGS["se"])
    targets["ss residual"] = both(targets["ss residual"], (11340 * low**2, 11340 * high**2))
    for name, df in EFFECT_DF.items():
        targets[f"f {name}"] = both(printed(PIGS["f"][name]), f_of_p(PIGS["p"][name], df, 252))
    for part in ("mean", "lower", "upper"):
        targets |= {f"{part} {name}": printed(text) for name, text in PIGS[part].items()}
    targets["pen variance"] = PIGS["pen variance"]

    aim = Aim(statistics, targets)
    y = stretch(draw_pigs(d, rng, 3.0, 6.3), bases, [None, 850.7, 896.5, 673.1, None, None])
    d["dry_matter_pct"] = to_grid(approach(y, aim, 0.95), aim, rng, 0.97)
    return d


def build_pigs_rooms(seed=98):
    """The same in three rooms: 30 pens a room, five a diet."""
    rng = np.random.default_rng(seed)
    d = pig_pens(rng, ["room1", "room2", "room3"])
    bases = sequential_bases(
        np.ones((270, 1)),
        indicators(d["room"]),
        indicators(d["day"]),
        indicators(d["diet"]),
        indicators(d["day"], d["diet"]),
        indicators(d["pen"]),
    )

    def statistics(y):
        _, room, day, diet, day_diet, pens, within = sums_of_squares(y, bases)
        error = pens[0] + within[0], pens[1] + within[1]
        out = {"error ms": (error[0] / 250, error[1] / 250)}
        out["pen variance"] = pen_variance(pens, 82, within, 168)
        out["room variance"] = tuple((r / 2 - e / 250) / 90 for r, e in zip(room, error))
        for name, term in (("day", day), ("diet", diet), ("day:diet", day_diet)):
            out[f"f {name}"] = f_ratio(term, EFFECT_DF[name], error, 250)
        return out

    targets = {
        f"f {name}": both(printed(ROOMS["f"][name]), f_of_p(ROOMS["p"][name], df, 250))
        for name, df in EFFECT_DF.items()
    }
    targets |= {name: ROOMS[name] for name in ("pen variance", "room variance", "error ms")}
    aim = Aim(statistics, targets)
    y = approach(draw_pigs(d, rng, 2.6, 5.4), aim, 0.5)
    d["dry_matter_pct"] = to_grid(y, aim, rng, 0.5)
    return d


# -------------------------------------------------------------------------------------- clover

ENTRIES = [f"C{i:02d}" for i in range(1, 36)]
ONLY_FIRST = ["C04", "C10", "C15", "C21", "C30"]
ONLY_SECOND = ["C03", "C08", "C12", "C18", "C24", "C27", "C33"]
CLOVER = {
    "anova": {  # df, sum of squares, F, p
        "site_year": (1, "4055.3", "28.3819", "1.833e-06"),
        "rep": (2, "621.0", "2.1731", "0.123333"),
        "entry": (34, "11143.9", "2.2939", "0.002852"),
        "site_year:entry": (22, "5389.6", "1.7146", "0.053792"),
    },
    "residual ss": "8001.5",
    "variance": {
        "entry:site_year": ("58.935", "7.677"),
        "entry": ("17.335", "4.163"),
        "rep": ("5.807", "2.410"),
        "residual": ("142.962", "11.957"),
    },
    "criterion": "939.3",
    "beta": ("50.027", "-11.592"),
    "se": ("2.858", "3.878"),
    "correlation": "-0.694",
    "t": ("17.506", "-2.989"),
    "quartiles": ("-2.18776", "-0.60236", "0.00158", "0.57017", "2.76647"),
    # single-term deletions, REML: logLik, AIC, LRT, p
    "deletion": {
        "rep": ("-470.00", "950.00", "0.71145", "0.39896"),
        "entry": ("-469.77", "949.54", "0.25599", "0.61289"),
        "entry:site_year": ("-471.14", "952.29", "3.00386", "0.08307"),
    },
    "full": ("-469.64", "951.28"),  # logLik, AIC of the REML fit
    # ML, without and with entry: AIC, BIC, logLik; chi-square and p
    "ml": {"without": ("957.01", "970.78", "-473.50"), "with": ("958.75", "975.27", "-473.37")},
    "ml test": ("0.2648", "0.6069"),
    "means": "49.1 56.3 34.0 50.2 53.0 42.5 44.2 45.6 53.1 61.3".split(),
}
TERMS = list(CLOVER["variance"])


def clover_plots():
    """116 plots: each entry once in each rep of each site-year in which it was grown."""
    rows = [
        (site_year, f"{site_year}-{rep}", entry)
        for site_year, absent in (("24AL", ONLY_SECOND), ("25AL", ONLY_FIRST))
        for rep in (1, 2)
        for entry in ENTRIES
        if entry not in absent
    ]
    return pd.DataFrame(rows, columns=["site_year", "rep", "entry"])


class Model:
    """Fits y ~ N(X beta, sum g_r G_r) by Newton steps on the variances g; small n only."""

    def __init__(self, X, kernels, reml=True):
        self.X, self.kernels, self.reml = X, kernels, reml
        self.g = np.full(len(kernels), 30.0)  # after a fit: the start of the next one

    def fit(self, y):
        for _ in range(100):
            self.invert()
            B = self.P if self.reml else self.V_inverse
            self.Py = self.P @ y
            GPy = np.array([G @ self.Py for G in self.kernels])
            self.PGPy = GPy @ self.P
            BG = [B @ G for G in self.kernels]
            score = np.array([np.trace(b) for b in BG]) - GPy @ self.Py
            traces = np.array([[np.sum(a * b.T) for b in BG] for a in BG])
            self.H = 2 * GPy @ self.PGPy.T - traces
            # far from the optimum H may not be positive definite; its expectation is
            curvature = self.H if np.linalg.eigvalsh(self.H)[0] > 0 else traces
            step = np.linalg.solve(curvature, -score)
            if np.abs(step / self.g).max() < 1e-10:
                break
            while np.any(self.g + step < 0.2 * self.g):
                step = step / 2
            self.g = self.g + step
        else:
            raise RuntimeError("a variance runs to zero: try another seed")
        n, p = self.X.shape
        self.criterion = (n - p * self.reml) * np.log(2 * np.pi) + y @ self.Py
        self.criterion -= np.linalg.slogdet(self.V_inverse)[1]
        self.criterion += self.reml * np.linalg.slogdet(self.XtViX)[1]
        self.gradient = 2 * self.Py  # of the criterion, with respect to y
        return self

    def invert(self):
        self.V_inverse = np.linalg.inv(np.tensordot(self.g, self.kernels, axes=1))
        ViX = self.V_inverse @ self.X
        self.XtViX = self.X.T @ ViX
        self.to_beta = np.linalg.solve(self.XtViX, ViX.T)
        self.P = self.V_inverse - ViX @ self.to_beta


def quantile_weights(values):
    """Rows w with w @ values = minimum, quartiles, maximum (R's default, type 7)."""
    order, n = np.argsort(values, kind="stable"), len(values)
    rows = np.zeros((5, n))
    for row, probability in zip(rows, (0, 0.25, 0.5, 0.75, 1)):
        whole, part = divmod(probability * (n - 1), 1)
        row[order[int(whole)]] += 1 - part
        row[order[min(int(whole) + 1, n - 1)]] += part
    return rows


class Clover:
    """The design and models of the clover trial, and every printed statistic with its gradient."""

    def __init__(self, d):
        self.d = d
        n, two = len(d), d["site_year"].eq("25AL").to_numpy(float)
        self.bases = sequential_bases(
            np.ones((n, 1)),
            indicators(d["site_year"]),
            indicators(d["rep"]),
            indicators(d["entry"]),
            indicators(d["entry"], d["site_year"]),
        )
        X = np.column_stack([np.ones(n), two])
        columns = [
            indicators(d["entry"], d["site_year"]),
            indicators(d["entry"]),
            indicators(d["rep"]),
            np.eye(n),
        ]
        kernels = {term: Z @ Z.T for term, Z in zip(TERMS, columns)}

        def model(without=None, reml=True):
            return Model(X, np.array([kernels[t] for t in TERMS if t != without]), reml)

        self.full = model()
        self.without = {term: model(without=term) for term in TERMS[:3]}
        self.ml, self.ml_null = model(reml=False), model(without="entry", reml=False)
        self.averages = (columns[1] / columns[1].sum(axis=0)).T
        self.quantile_rows = None

    def hold_order(self, y):
        """Fix which plots make the quartiles as they are at y: with swaps there would be kinks."""
        self.quantile_rows = quantile_weights(self.full.fit(y).Py)

    def statistics(self, y):
        out = {}
        _, *terms, residual = sums_of_squares(y, self.bases)
        out["ss residual"] = residual
        for (name, (df, *_)), term in zip(CLOVER["anova"].items(), terms):
            out[f"ss {name}"] = term
            out[f"f {name}"] = f_ratio(term, df, residual, 56)

        m = self.full.fit(y)
        dg = np.linalg.solve(m.H, 2 * m.PGPy)
        out |= {f"variance {t}": (m.g[i], dg[i]) for i, t in enumerate(TERMS)}
        out["criterion"] = m.criterion, m.gradient
        beta_by_g = -(m.to_beta @ np.array([G @ m.Py for G in m.kernels]).T)
        beta, dbeta = m.to_beta @ y, m.to_beta + beta_by_g @ dg
        # Var(beta) = (X'V^-1 X)^-1 =: C has dC/dg_r = A G_r A' with beta = A y
        cov = np.linalg.inv(m.XtViX)
        cov_by_g = np.array([m.to_beta @ G @ m.to_beta.T for G in m.kernels])
        for i, se in enumerate(np.sqrt(np.diag(cov))):
            dse, t = cov_by_g[:, i, i] @ dg / (2 * se), beta[i] / se
            out[f"beta {i}"], out[f"se {i}"] = (beta[i], dbeta[i]), (se, dse)
            out[f"t {i}"] = t, (dbeta[i] - t * dse) / se
        # scaled residuals (y - X beta - Z b) / sigma = sigma P y
        sigma = np.sqrt(m.g[-1])
        e, e_by_g = sigma * m.Py, -sigma * m.PGPy.T
        e_by_g[:, -1] += e / (2 * m.g[-1])
        de = sigma * m.P + e_by_g @ dg
        rows = quantile_weights(e) if self.quantile_rows is None else self.quantile_rows
        for i, w in enumerate(rows):
            out[f"quartile {i}"] = w @ e, w @ de
        for term, reduced in self.without.items():
            reduced.fit(y)
            out[f"lrt {term}"] = (reduced.criterion - m.criterion, reduced.gradient - m.gradient)

        ml, null = self.ml.fit(y), self.ml_null.fit(y)
        out["ml with"] = ml.criterion, ml.gradient
        out["ml without"] = null.criterion, null.gradient
        out["ml test"] = null.criterion - ml.criterion, null.gradient - ml.gradient
        out |= {f"mean {e}": (w @ y, w) for e, w in zip(ENTRIES[:10], self.averages)}
        return out


def clover_targets():
    """Every printed clover number as an interval; numbers printed twice as an intersection."""
    c, log_n = CLOVER, np.log(116)
    out = {"ss residual": printed(c["residual ss"])}
    for name, (df, ss, f, p) in c["anova"].items():
        out[f"ss {name}"] = printed(ss)
        out[f"f {name}"] = both(printed(f), f_of_p(p, df, 56))
    for name, (variance, sd) in c["variance"].items():
        low, high = printed(sd)
        out[f"variance {name}"] = both(printed(variance), (low**2, high**2))
    for part in ("beta", "se", "t"):
        out |= {f"{part} {i}": printed(text) for i, text in enumerate(c[part])}
    for i, text in enumerate(c["quartiles"]):  # well inside: optimisers stop a little apart
        low, high = printed(text)
        out[f"quartile {i}"] = low + 0.3 * (high - low), high - 0.3 * (high - low)

    def from_loglik(text):
        low, high = printed(text)
        return -2 * high, -2 * low

    def less(text, amount):
        low, high = printed(text)
        return low - amount, high - amount

    out["criterion"] = both(from_loglik(c["full"][0]), less(c["full"][1], 12))
    for term, (loglik, aic, lrt, p) in c["deletion"].items():
        out[f"lrt {term}"] = both(printed(lrt), chi2_of_p(p))
        # criterion + LRT must print as logLik and AIC; the LRT is known far better than needed
        window = both(from_loglik(loglik), less(aic, 10))
        out["criterion"] = both(out["criterion"], tuple(w - float(lrt) for w in window))
    for name, df in (("without", 5), ("with", 6)):
        aic, bic, loglik = c["ml"][name]
        out[f"ml {name}"] = both(less(aic, 2 * df), less(bic, df * log_n), from_loglik(loglik))
    chi2, p = c["ml test"]
    out["ml test"] = both(printed(chi2), chi2_of_p(p))
    out |= {f"mean {e}": printed(text) for e, text in zip(ENTRIES, c["means"])}
    return out


def build_clover(seed=884):
    """35 entries, two site-years, two reps in each; 12 entries grown in one site-year only."""
    d = clover_plots()
    trial = Clover(d)
    rng = np.random.default_rng(seed)
    y = np.where(d["site_year"] == "24AL", 50.0, 38.4) + rng.normal(0, 12.0, len(d))
    for factors, sd in ((["entry", "site_year"], 7.7), (["entry"], 4.2), (["rep"], 2.4)):
        Z = indicators(*(d[f] for f in factors))
        y = y + Z @ rng.normal(0, sd, Z.shape[1])
    y = stretch(y, trial.bases, [None, 4055.3, 621.0, 11143.9, 5389.6, 8001.5])
    aim = Aim(trial.statistics, clover_targets(), trial.hold_order)
    d["biomass"] = to_grid(approach(y, aim, 0.965), aim, rng, 0.97)
    return d


# ------------------------------------------------------------------- what was printed, what is


def compare_anova(d, response, terms, table, error_df):
    """Rows (label, printed, achieved) of F and p, and of SS where printed, term after term."""
    bases = sequential_bases(np.ones((len(d), 1)), *(t for _, t in terms))
    ss = [value for value, _ in sums_of_squares(d[response].to_numpy(), bases)]
    for (name, _), term in zip(terms, ss[1:]):
        if name not in table:
            continue
        df, ss_text, f_text, p_text = table[name]
        f = (term / df) / (ss[-1] / error_df)
        if ss_text:
            yield f"SS {name}", ss_text, term
        yield f"F {name}", f_text, f
        yield f"p {name}", p_text, stats.f.sf(f, df, error_df)


def diet_terms(d):
    return [
        ("day", indicators(d["day"])),
        ("diet", indicators(d["diet"])),
        ("day:diet", indicators(d["day"], d["diet"])),
    ]


def compare_pigs_crd(d):
    table = {
        name: (df, PIGS["ss"][name], PIGS["f"][name], PIGS["p"][name])
        for name, df in EFFECT_DF.items()
    }
    yield from compare_anova(d, "dry_matter_pct", diet_terms(d), table, 252)
    cells = d.groupby(["diet", "day"])["dry_matter_pct"]
    residual = ((d["dry_matter_pct"] - cells.transform("mean")) ** 2).sum()
    se = np.sqrt(residual / 252 / 45)
    yield "SS residual", PIGS["ss"]["residual"], residual
    yield "SE of a diet mean", PIGS["se"], se
    for diet, mean in d.groupby("diet")["dry_matter_pct"].mean().items():
        yield f"mean {diet}", PIGS["mean"][diet], mean
        yield f"lower {diet}", PIGS["lower"][diet], mean - stats.t.isf(0.025, 252) * se
        yield f"upper {diet}", PIGS["upper"][diet], mean + stats.t.isf(0.025, 252) * se


def compare_pigs_rooms(d):
    table = {name: (df, None, ROOMS["f"][name], ROOMS["p"][name]) for name, df in EFFECT_DF.items()}
    terms = [("room", indicators(d["room"])), *diet_terms(d)]
    yield from compare_anova(d, "dry_matter_pct", terms, table, 250)


def compare_clover(d):
    c, trial = CLOVER, Clover(d)
    terms = [
        ("site_year", indicators(d["site_year"])),
        ("rep", indicators(d["rep"])),
        ("entry", indicators(d["entry"])),
        ("site_year:entry", indicators(d["site_year"], d["entry"])),
    ]
    yield from compare_anova(d, "biomass", terms, c["anova"], 56)
    s = {name: value for name, (value, _) in trial.statistics(d["biomass"].to_numpy()).items()}
    yield "SS residual", c["residual ss"], s["ss residual"]
    yield "REML criterion", c["criterion"], s["criterion"]
    for term, (variance, sd) in c["variance"].items():
        yield f"variance {term}", variance, s[f"variance {term}"]
        yield f"SD {term}", sd, np.sqrt(s[f"variance {term}"])
    cov = np.linalg.inv(trial.full.XtViX)
    for i, name in enumerate(("intercept", "second year")):
        yield name, c["beta"][i], s[f"beta {i}"]
        yield f"SE {name}", c["se"][i], s[f"se {i}"]
        yield f"t {name}", c["t"][i], s[f"t {i}"]
    yield "correlation", c["correlation"], cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1])
    for i, name in enumerate(("min", "1Q", "median", "3Q", "max")):
        yield f"scaled residuals, {name}", c["quartiles"][i], s[f"quartile {i}"]
    yield "REML logLik", c["full"][0], -s["criterion"] / 2
    yield "REML AIC", c["full"][1], s["criterion"] + 12
    for term, (loglik, aic, lrt, p) in c["deletion"].items():
        reduced = s["criterion"] + s[f"lrt {term}"]
        yield f"without {term}, logLik", loglik, -reduced / 2
        yield f"without {term}, AIC", aic, reduced + 10
        yield f"without {term}, LRT", lrt, s[f"lrt {term}"]
        yield f"without {term}, p", p, stats.chi2.sf(s[f"lrt {term}"], 1)
    for which, df in (("without", 5), ("with", 6)):
        aic, bic, loglik = c["ml"][which]
        deviance = s[f"ml {which}"]
        yield f"ML {which} entry, AIC", aic, deviance + 2 * df
        yield f"ML {which} entry, BIC", bic, deviance + df * np.log(len(d))
        yield f"ML {which} entry, logLik", loglik, -deviance / 2
    yield "ML chi-square", c["ml test"][0], s["ml test"]
    yield "ML p", c["ml test"][1], stats.chi2.sf(s["ml test"], 1)
    means = d.groupby("entry")["biomass"].mean()
    for entry, text in zip(ENTRIES, c["means"]):
        yield f"mean {entry}", text, means[entry]


SETS = {
    "pigs_crd": (build_pigs_crd, compare_pigs_crd),
    "pigs_rooms": (build_pigs_rooms, compare_pigs_rooms),
    "clover": (build_clover, compare_clover),
}


def write(d, name):
    """Write data/<name>.csv with LF line ends, and its line in SHA256SUMS."""
    raw = d.to_csv(index=False, float_format="%.3f", lineterminator="\n").encode("utf-8")
    (HERE / f"{name}.csv").write_bytes(raw)
    sums = HERE / "SHA256SUMS"
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.exists() else []
    lines = [line for line in lines if not line.endswith(f"  {name}.csv")]
    lines.append(f"{hashlib.sha256(raw).hexdigest()}  {name}.csv")
    text = "\n".join(sorted(lines, key=lambda line: line.split()[1])) + "\n"
    sums.write_bytes(text.encode("utf-8"))


def main():
    missed = 0
    for name, (build, compare) in SETS.items():
        write(build(), name)
        d = pd.read_csv(HERE / f"{name}.csv", dtype={"day": str})  # what a reader of the file has
        print(f"\n{name}: {len(d)} rows\n  {'statistic':34}{'printed':>12}{'achieved':>12}   full")
        for label, text, value in compare(d):
            missed += as_printed(value, text) != text
            mark = "" if as_printed(value, text) == text else "  <- differs"
            print(f"  {label:34}{text:>12}{as_printed(value, text):>12}   {value:.9g}{mark}")
    print(f"\n{missed} printed statistics missed" if missed else "\nevery printed digit reproduced")
    return missed


if __name__ == "__main__":
    raise SystemExit(main() > 0)
