"""The data sets: loading, the dictionary, and every published statistic to its printed digits.

What is expected is typed as it was printed ("58.935"); a number agrees when it rounds to that.
"""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from reference_values import assert_close, models
from scipy import stats
from scipy.optimize import minimize

import mmteach as mm
from mmteach import datasets

DATA = Path(__file__).parents[1] / "data"
SETS = {  # name: (rows, columns)
    "sorghum": (72, "block genotype yield_kg_ha"),
    "barley": (560, "block fungicide genotype row bed yield_t_ha"),
    "potash": (15, "k2o_lb_ac block strength"),
    "sleepstudy": (180, "subject days reaction_ms"),
    "arabidopsis": (625, "region population genotype rack nutrient clipping status fruits"),
    "schools": (12, "school score"),
    "dyestuff2": (30, "batch yield"),
    "pigs_crd": (270, "pen diet day dry_matter_pct"),
    "pigs_rooms": (270, "room pen diet day dry_matter_pct"),
    "clover": (116, "site_year rep entry biomass"),
}


def rounds_to(value, text):
    """Whether ``value`` lies within half a unit of the last digit of ``text``."""
    mantissa, _, exponent = text.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(value - float(text)) <= unit / 2 * (1 + 1e-6)  # a tie may be printed either way


def agree(values, texts):
    """Assert that each number rounds to the word at its place in ``texts``."""
    values, texts = np.ravel(values), texts.split()
    assert len(values) == len(texts)
    wrong = [(text, float(v)) for v, text in zip(values, texts) if not rounds_to(v, text)]
    assert not wrong, f"(printed, got): {wrong}"


def test_the_comparison_sees_a_wrong_last_digit():
    assert rounds_to(58.9354, "58.935") and not rounds_to(58.9356, "58.935")
    assert rounds_to(3.4409e-5, "3.441e-05") and not rounds_to(3.4421e-5, "3.441e-05")
    with pytest.raises(AssertionError, match="2.5"):
        agree([1.0, 2.44], "1.0 2.5")


def gradient(function, x, h):
    return np.array([(function(x + h * e) - function(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def optimum(y, X, groups, start, reml=True):
    """Variances and criterion where the score is zero: BFGS, then Newton for the last digits."""
    function = mm.reml_objective if reml else mm.ml_objective

    def objective(x):
        return function(x, y, X, groups)

    def score(x):
        return gradient(objective, x, 1e-4)

    x = minimize(objective, np.log(start), jac=score, method="BFGS").x
    hessian = gradient(score, x, 1e-3)
    for _ in range(3):
        x = x - np.linalg.solve(hessian, score(x))
    assert np.abs(score(x)).max() < 1e-6
    value = objective(x)
    for e in 0.02 * np.eye(len(x)):  # a minimum: no neighbour is lower
        assert min(objective(x + e), objective(x - e)) > value
    return np.exp(x), value


# ---- loading -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_rows_columns_and_no_gaps(name):
    frame = mm.load(name)
    rows, columns = SETS[name]
    assert len(frame) == rows and list(frame.columns) == columns.split()
    assert not frame.isna().any(axis=None)
    assert frame.attrs["name"] == name and frame.attrs["source"] and frame.attrs["design"]


def levels(name, column):
    return mm.load(name)[column].cat.categories.tolist()


def test_factors_stand_in_their_natural_order():
    assert levels("sorghum", "genotype") == [f"G{i:02d}" for i in range(1, 19)]
    assert levels("barley", "block") == ["B1", "B2", "B3", "B4"]
    assert levels("barley", "fungicide") == ["F1", "F2"]
    assert levels("potash", "block") == ["1", "2", "3"]
    assert levels("sleepstudy", "subject")[:3] == ["308", "309", "310"]
    # numbers in labels count as numbers: as text, 11 would come before 4
    assert levels("arabidopsis", "genotype")[:5] == ["4", "5", "6", "11", "12"]
    assert levels("arabidopsis", "nutrient") == ["1", "8"]
    assert levels("arabidopsis", "clipping") == ["unclipped", "clipped"]
    assert levels("arabidopsis", "population")[:3] == ["1.SP", "1.SW", "2.SW"]
    assert levels("dyestuff2", "batch") == list("ABCDEF")
    assert levels("pigs_crd", "diet") == list("ABCDEF")
    assert levels("pigs_rooms", "room") == ["room1", "room2", "room3"]
    assert levels("pigs_rooms", "pen") == [f"P{i:02d}" for i in range(1, 91)]
    assert levels("pigs_rooms", "day") == ["1", "2", "3"]
    assert levels("clover", "rep") == ["24AL-1", "24AL-2", "25AL-1", "25AL-2"]
    assert levels("clover", "entry") == [f"C{i:02d}" for i in range(1, 36)]


@pytest.mark.parametrize("name", SETS)
def test_a_column_is_a_factor_or_a_number(name):
    frame = mm.load(name)
    for column in frame:
        factor = isinstance(frame[column].dtype, pd.CategoricalDtype)
        assert factor or pd.api.types.is_numeric_dtype(frame[column])
        assert factor == (column in datasets.DATASETS[name].factors)
        if factor:
            assert set(frame[column].cat.categories) == set(frame[column])  # no unused level


def test_rates_and_days_of_sleep_stay_numbers():
    assert sorted(mm.load("potash")["k2o_lb_ac"].unique()) == [36, 54, 72, 108, 144]
    assert sorted(mm.load("sleepstudy")["days"].unique()) == list(range(10))


def test_each_call_returns_a_frame_of_its_own():
    first, second = mm.load("schools"), mm.load("schools")
    first["score"] = 0.0
    first["school"] = first["school"].cat.rename_categories({"S1": "?"})
    first.attrs["source"] = "?"
    assert mm.load("schools").equals(second) and not first.equals(second)
    assert mm.load("schools").attrs == second.attrs != first.attrs


def test_capitals_and_the_ending_are_forgiven():
    assert mm.load(" Sorghum.CSV ").equals(mm.load("sorghum"))


def test_an_unknown_name_gets_the_known_ones_and_the_closest():
    with pytest.raises(KeyError) as error:
        mm.load("sorgum")
    message = str(error.value)
    assert "'sorgum'" in message and "Did you mean 'sorghum'?" in message
    assert all(name in message for name in SETS)
    with pytest.raises(KeyError) as error:
        mm.load("zzz")
    assert "Did you mean" not in str(error.value) and "clover" in str(error.value)
    for not_a_name in (3, None, ["sorghum"]):
        with pytest.raises(KeyError, match="no data set"):
            mm.load(not_a_name)


def test_the_list_of_data_sets():
    table = datasets.list_datasets()
    assert list(table.index) == list(SETS)
    assert table["rows"].to_list() == [rows for rows, _ in SETS.values()]
    assert table.loc["clover", "columns"] == "site_year, rep, entry, biomass"


# ---- where the files are, and whether they are whole ---------------------------------------------


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the data folder inside a package folder, as in an installed wheel."""
    shutil.copytree(DATA, tmp_path / "mmteach" / "data")
    monkeypatch.setattr(datasets, "HERE", tmp_path / "mmteach")
    return tmp_path / "mmteach" / "data"


def test_a_changed_value_is_noticed_and_the_remedy_named(copy):
    path = copy / "sorghum.csv"
    path.write_bytes(path.read_bytes().replace(b"449.40", b"449.41"))
    with pytest.raises(ValueError) as error:
        mm.load("sorghum")
    for words in (str(path), "git checkout -- data/sorghum.csv", "pandas.read_csv", "SHA-256"):
        assert words in str(error.value)
    assert len(mm.load("barley")) == 560  # the others still load


@pytest.mark.parametrize("damage", [b"one two three\n", b"\xff\xfe\x00\n", b"", b"\x00" * 50])
def test_damaged_files_are_named(copy, damage):
    sums, table = copy / "SHA256SUMS", copy / "sorghum.csv"
    kept = table.read_bytes()
    for cut in (damage, kept[:-20], kept.replace(b"R1", b"\xff\xfe")):
        table.write_bytes(cut)
        with pytest.raises(ValueError, match=r"sorghum\.csv is not the published file"):
            mm.load("sorghum")
    table.write_bytes(kept)
    whole = sums.read_bytes()
    sums.write_bytes(whole + damage)
    if damage:
        with pytest.raises(ValueError, match=r"SHA256SUMS is damaged: line \d+ is not a checksum"):
            mm.load("sorghum")
    sums.write_bytes(b"")
    with pytest.raises(ValueError, match="not the published file"):
        mm.load("sorghum")


def test_windows_line_ends_are_no_change(copy):
    path = copy / "sorghum.csv"
    expected = mm.load("sorghum")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    sums = copy / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes().replace(b"\n", b"\r\n"))
    assert mm.load("sorghum").equals(expected)


def test_a_missing_file_and_a_missing_folder_are_named(copy):
    (copy / "clover.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"clover\.csv is missing.*git checkout"):
        mm.load("clover")
    shutil.rmtree(copy)
    with pytest.raises(FileNotFoundError, match="Install mmteach again"):
        mm.load("sorghum")


def test_the_folder_inside_the_package_comes_first(tmp_path):
    package = tmp_path / "site-packages" / "mmteach"
    inside, beside = package / "data", package.parent / "data"
    for folder in (inside, beside):
        folder.mkdir(parents=True)
    (beside / "another.csv").touch()  # some other package's data folder is not ours
    with pytest.raises(FileNotFoundError):
        datasets._data_folder(package)
    (beside / "SHA256SUMS").touch()
    assert datasets._data_folder(package) == beside  # a checkout
    (inside / "SHA256SUMS").touch()
    assert datasets._data_folder(package) == inside  # a wheel


@pytest.mark.parametrize("place", ["mmteach/data", "data"])
def test_a_fresh_interpreter_loads_from_either_layout(tmp_path, place):
    package = Path(mm.__file__).parent
    (tmp_path / "mmteach").mkdir()
    for file in ("__init__.py", "datasets.py", "words.py"):
        shutil.copy(package / file, tmp_path / "mmteach")
    shutil.copytree(DATA, tmp_path / place)
    # -P and the path set in the program: an editable install elsewhere must not be picked up
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import mmteach as mm; "
        "print(mm.__file__, *(len(mm.load(n)) for n in mm.list_datasets().index))"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    file, *rows = run.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert [int(n) for n in rows] == [rows for rows, _ in SETS.values()]


def test_every_file_has_one_checksum_and_it_is_right():
    sums = datasets.checksums(DATA)
    assert set(sums) == {path.name for path in DATA.glob("*.csv")} == {f"{n}.csv" for n in SETS}
    for file, digest in sums.items():
        raw = (DATA / file).read_bytes().replace(b"\r\n", b"\n")
        assert hashlib.sha256(raw).hexdigest() == digest, file


# ---- the dictionary ------------------------------------------------------------------------------

README = (DATA / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"(?m)^## ", README)[1:])


def test_the_dictionary_shows_the_checksums_of_SHA256SUMS():
    shown = dict(re.findall(r"(?m)^\| (\S+\.csv) \| `([0-9a-f]{64})` \|$", SECTIONS["Checksums"]))
    assert shown == datasets.checksums(DATA)


@pytest.mark.parametrize("name", SETS)
def test_the_dictionary_describes_each_set(name):
    rows, columns = SETS[name]
    text = SECTIONS[name]
    assert f"{rows} rows" in text and f"| [{name}](#{name}) | {rows} |" in README
    assert re.findall(r"(?m)^\| `(\w+)` \|", text) == columns.split()
    assert "\nSource: " in text
    # what it calls a factor is what load makes one
    factors = re.findall(r"(?m)^\| `(\w+)` \|[^|]*; factor \|", text)
    assert factors == [c for c in columns.split() if c in datasets.DATASETS[name].factors]
    synthetic = datasets.DATASETS[name].source.startswith("Synthetic")
    assert text.startswith("\n**Synthetic.**") == synthetic


# ---- the published sets --------------------------------------------------------------------------


def test_sorghum_has_the_published_regression():
    fit = smf.ols("yield_kg_ha ~ genotype + block", mm.load("sorghum")).fit()
    names = [
        "Intercept",
        "genotype[T.G02]",
        "genotype[T.G18]",
        "block[T.R2]",
        "block[T.R3]",
        "block[T.R4]",
    ]
    agree(fit.params[names], "672.03 -66.52 448.28 -150.83 -85.66 -124.21")
    agree(fit.bse[names[:4]], "86.46 113.20 113.20 53.36")
    agree([fit.mse_resid**0.5, fit.rsquared, fit.rsquared_adj], "160.1 0.6748 0.5473")
    agree([fit.fvalue, fit.f_pvalue], "5.291 7.64e-07")
    assert (fit.df_model, fit.df_resid) == (20, 51)
    agree(np.quantile(fit.resid, [0, 0.25, 0.5, 0.75, 1]), "-349.66 -81.58 -1.08 78.47 318.59")


def test_potash_has_the_published_analysis_of_variance():
    d = mm.load("potash")
    formula = "strength ~ C(k2o_lb_ac) + block"
    agree(smf.ols(formula, d).fit().mse_resid * 8, "0.34948")
    total = ((d["strength"] - d["strength"].mean()) ** 2).sum()
    rates = smf.ols("strength ~ C(k2o_lb_ac)", d).fit().ssr
    agree([total - rates, rates - smf.ols(formula, d).fit().ssr], "0.73244 0.09712")


def test_dyestuff2_has_no_variance_between_batches_as_in_lme4():
    data = mm.load("dyestuff2")
    assert (data.groupby("batch", observed=True).size() == 5).all()
    theirs = models()["dyestuff2"]
    fit = mm.lmm("yield ~ 1 + (1 | batch)", data)
    assert fit.varcomp["variance"].iloc[0] == 0 == theirs["varcorr"]["vcov"][0]
    agree([fit.sigma2, fit.criterion], "13.806 161.828")
    assert_close([fit.sigma2, fit.criterion], [theirs["sigma"] ** 2, theirs["criterion"]], 1e-8)
    # and why: the mean square between batches is less than the one within them
    rows = mm.anova(mm.lm("yield ~ batch", data), type=1)
    assert rows.mean_sq["batch"] < rows.mean_sq["Residual"]


def test_schools_has_the_published_optimum():
    d, X = mm.load("schools"), np.ones((12, 1))
    theta, criterion = optimum(d["score"], X, d["school"], [102.6, 144.4])
    agree([criterion, *theta], "91.092 102.6 144.39")  # 144.3946; the note cuts it to 144.394
    agree(optimum(d["score"], X, d["school"], [56.4, 144.4], reml=False)[0][:1], "56.391")


def test_barley_has_the_published_criterion():
    d = mm.load("barley")
    whole_plot = d["block"].astype(str) + d["fungicide"].astype(str)
    X = smf.ols("yield_t_ha ~ genotype * fungicide", d).exog
    variances = np.square([0.16972, 0.11737, 0.28119])
    value = mm.reml_objective(np.log(variances), d["yield_t_ha"], X, [d["block"], whole_plot])
    assert value == pytest.approx(340.473203771, abs=1e-5)
    assert d.groupby(["block", "fungicide"], observed=True).size().tolist() == [70] * 8


def test_sleepstudy_has_the_published_criterion():
    d = mm.load("sleepstudy")
    Z = mm.build_Z(d["subject"])
    Zx = np.hstack([Z, Z * d[["days"]].to_numpy()])
    G = np.kron([[612.10, 9.6046], [9.6046, 35.072]], np.eye(18))
    V = Zx @ G @ Zx.T + 654.94 * np.eye(180)
    X = np.column_stack([np.ones(180), d["days"]])
    assert mm.minus2_loglik(d["reaction_ms"], X, V) == pytest.approx(1743.628271958, abs=1e-5)


def test_arabidopsis_is_nested_as_described():
    d = mm.load("arabidopsis")
    assert d.groupby("genotype", observed=True)["population"].nunique().max() == 1
    assert d.groupby("population", observed=True)["region"].nunique().max() == 1
    assert d["genotype"].nunique() == 24 and d["population"].nunique() == 9
    assert pd.api.types.is_integer_dtype(d["fruits"]) and (d["fruits"] >= 0).all()
    assert d.groupby(["nutrient", "clipping"], observed=True).size().min() > 100


# ---- pigs in a completely randomised design ------------------------------------------------------


def columns(*factors):
    """0/1 columns of a factor, or of the combinations of several."""
    return mm.build_Z(
        factors[0]
        if len(factors) == 1
        else [":".join(labels) for labels in zip(*(f.astype(str) for f in factors))]
    )


def sequential(y, *terms):
    """SS, df, F and p of each term (0/1 columns) after those before it; the residual is last."""
    rss, rank, X = [], [], np.ones((len(y), 1))
    for term in [np.empty((len(y), 0)), *terms]:
        X = np.hstack([X, term])
        beta, _, r, _ = np.linalg.lstsq(X, y, rcond=1e-10)
        rss.append(np.sum((y - X @ beta) ** 2))
        rank.append(r)
    ss, df, error_df = -np.diff(rss), np.diff(rank), len(y) - rank[-1]
    f = ss / df / (rss[-1] / error_df)
    return np.append(ss, rss[-1]), [*df.tolist(), error_df], f, stats.f.sf(f, df, error_df)


def test_pigs_crd_has_the_printed_analysis():
    d = mm.load("pigs_crd")
    terms = columns(d["day"]), columns(d["diet"]), columns(d["day"], d["diet"])
    ss, df, f, p = sequential(d["dry_matter_pct"].to_numpy(), *terms)
    assert df == [2, 5, 10, 252]
    agree(ss, "850.7 896.5 673.1 12360.9")
    agree(f, "8.6720 3.6556 1.3723")
    agree(p, "0.0002279 0.0032772 0.1934086")

    se = np.sqrt(ss[-1] / 252 / 45)
    agree([se], "1.044041")
    means = d.groupby("diet", observed=True)["dry_matter_pct"].mean().to_numpy()
    half = stats.t.ppf(0.975, 252) * se
    agree(means, "18.5 23.6 20.1 18.3 19.8 18.6")
    agree([means[0] - half, means[0] + half], "16.40749 20.51980")
    agree(means - half, "16.4 21.5 18.1 16.3 17.8 16.5")
    agree(means + half, "20.5 25.6 22.2 20.4 21.9 20.6")


def test_pigs_crd_has_its_design_and_differing_pens():
    d = mm.load("pigs_crd")
    per_pen = d.groupby("pen", observed=True)
    assert (per_pen["diet"].nunique() == 1).all() and (per_pen["day"].nunique() == 3).all()
    assert d.groupby(["diet", "day"], observed=True).size().tolist() == [15] * 18
    assert d["dry_matter_pct"].between(5, 60).all()
    # the lesson adds (1 | pen): that has to show, and is modest
    cells, pens = columns(d["day"], d["diet"]), columns(d["pen"])
    ss, df, f, p = sequential(d["dry_matter_pct"].to_numpy(), cells, pens)
    assert df == [17, 84, 168] and p[1] < 0.01
    assert 8 < (ss[1] / 84 - ss[2] / 168) / 3 < 11


# ---- pigs in rooms -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rooms():
    return mm.load("pigs_rooms")


def test_pigs_rooms_has_its_design(rooms):
    assert rooms.groupby(["room", "diet", "day"], observed=True).size().tolist() == [5] * 54
    per_pen = rooms.groupby("pen", observed=True)
    assert (per_pen["room"].nunique() == 1).all() and (per_pen["diet"].nunique() == 1).all()
    assert per_pen.size().tolist() == [3] * 90
    assert rooms["dry_matter_pct"].between(5, 60).all()


def room_variances(rooms):
    """ANOVA estimates, which are the REML estimates of this balanced design: room, residual."""
    cells, room = columns(rooms["day"], rooms["diet"]), columns(rooms["room"])
    ss, df, *_ = sequential(rooms["dry_matter_pct"].to_numpy(), cells, room)
    assert df == [17, 2, 250]
    return (ss[1] / 2 - ss[2] / 250) / 90, ss[2] / 250


def test_pigs_rooms_has_the_printed_F_tests(rooms):
    # blocks random, GLS; balanced, so Kenward-Roger changes neither F nor the 250 df
    room, residual = room_variances(rooms)
    assert room > 5
    coded = smf.ols("dry_matter_pct ~ C(day, Sum) * C(diet, Sum)", rooms)
    X, y = coded.exog, rooms["dry_matter_pct"]
    fit = mm.gls(X, y, mm.build_V_cs(room, residual, rooms["room"]))
    f, p, effect_df = [], [], []
    day, diet = (np.array([f"C({name}" in c for c in coded.exog_names]) for name in ("day", "diet"))
    for at in (day & ~diet, diet & ~day, day & diet):
        b, C = fit.beta[at], fit.cov_beta[np.ix_(at, at)]
        effect_df.append(len(b))
        f.append(b @ np.linalg.solve(C, b) / len(b))
        p.append(stats.f.sf(f[-1], len(b), 250))
    assert effect_df == [2, 5, 10]
    agree(f, "10.7115 4.7730 1.1153")
    agree(p, "3.441e-05 0.0003483 0.3509474")


def test_pigs_rooms_variances_are_the_REML_optimum(rooms):
    start = room_variances(rooms)
    X = smf.ols("dry_matter_pct ~ day * diet", rooms).exog
    found, _ = optimum(rooms["dry_matter_pct"], X, rooms["room"], [10, 40])
    assert found == pytest.approx(start, rel=1e-6)


def test_rooms_fixed_or_random_is_worth_discussing(rooms):
    room, residual = room_variances(rooms)
    fixed, random = np.sqrt(residual / 90 * 2), np.sqrt(room / 3 + residual / 90 * 2)
    assert random > 2 * fixed  # SE of a diet mean over 45 pigs
    terms = columns(rooms["day"], rooms["diet"]), columns(rooms["room"]), columns(rooms["pen"])
    ss, df, *_ = sequential(rooms["dry_matter_pct"].to_numpy(), *terms)
    assert df == [17, 2, 82, 168] and (ss[2] / 82 - ss[3] / 168) / 3 > 5


# ---- clover --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clover():
    return mm.load("clover")


@pytest.fixture(scope="module")
def parts(clover):
    """Response, fixed part, and the grouping factors of the mixed model."""
    X = np.column_stack([np.ones(116), clover["site_year"] == "25AL"]).astype(float)
    groups = {
        "entry:site_year": clover["entry"].astype(str) + clover["site_year"].astype(str),
        "entry": clover["entry"],
        "rep": clover["rep"],
    }
    return clover["biomass"].to_numpy(), X, groups


@pytest.fixture(scope="module")
def reml(parts):
    y, X, groups = parts
    return optimum(y, X, list(groups.values()), [58.935, 17.335, 5.807, 142.962])


def test_clover_has_its_design(clover):
    cells = clover.groupby(["entry", "site_year"], observed=True)
    assert len(cells) == 58 and (cells.size() == 2).all() and (cells["rep"].nunique() == 2).all()
    assert (clover["rep"].str.slice(0, 4) == clover["site_year"].astype(str)).all()
    by_entry = clover.groupby("entry", observed=True)["site_year"]
    seen = by_entry.agg(lambda s: "+".join(sorted(set(s))))
    assert seen.value_counts().to_dict() == {"24AL+25AL": 23, "24AL": 5, "25AL": 7}
    assert (clover["biomass"] > 5).all()


def test_clover_first_ten_entries(clover):
    first = (
        clover.groupby("entry", observed=True)
        .agg(mean=("biomass", "mean"), plots=("biomass", "size"), years=("site_year", "nunique"))
        .head(10)
    )
    agree(first["mean"], "49.1 56.3 34.0 50.2 53.0 42.5 44.2 45.6 53.1 61.3")
    pattern = " ".join(f"{p}/{y}" for p, y in zip(first["plots"], first["years"]))
    assert pattern == "4/2 4/2 2/1 2/1 4/2 4/2 4/2 2/1 4/2 2/1"


@pytest.fixture(scope="module")
def fixed_terms(clover, parts):
    factors = clover["site_year"], clover["rep"], clover["entry"], parts[2]["entry:site_year"]
    return [columns(factor) for factor in factors]


def test_clover_sequential_analysis(clover, fixed_terms):
    ss, df, f, p = sequential(clover["biomass"].to_numpy(), *fixed_terms)
    assert df == [1, 2, 34, 22, 56]
    agree(ss, "4055.3 621.0 11143.9 5389.6 8001.5")
    agree(f, "28.3819 2.1731 2.2939 1.7146")
    agree(p, "1.833e-06 0.123333 0.002852 0.053792")


def test_clover_twelve_means_are_not_estimable(clover, parts, fixed_terms):
    _, size, rows = np.linalg.svd(np.hstack([np.ones((116, 1)), *fixed_terms]))
    null = rows[(size > 1e-10).sum() :]
    entry, cell = clover["entry"].to_numpy().astype(str), parts[2]["entry:site_year"].to_numpy()
    cells = sorted(set(cell))
    entries = clover["entry"].cat.categories
    missing = []
    for e in entries:
        # both site-years, all four reps, the entry, and both of its cells where they were grown
        l = np.concatenate(
            [
                [1],
                [0.5] * 2,
                [0.25] * 4,
                entries == e,
                [0.5 * (c in (f"{e}24AL", f"{e}25AL")) for c in cells],
            ]
        )
        if np.linalg.norm(null @ l) > 1e-8:
            missing.append(e)
    once = [e for e in entries if len(set(cell[entry == e])) == 1]
    assert missing == once and len(missing) == 12


def test_clover_REML_variances_and_criterion(reml):
    variances, criterion = reml
    agree(variances, "58.935 17.335 5.807 142.962")
    agree(np.sqrt(variances), "7.677 4.163 2.410 11.957")
    agree([criterion, -criterion / 2, criterion + 12], "939.3 -469.64 951.28")


def test_clover_fixed_effects_and_scaled_residuals(parts, reml):
    y, X, groups = parts
    variances, _ = reml
    Z = mm.build_Z(list(groups.values()))
    G = mm.build_G(list(variances[:3]), [58, 35, 4])
    V = mm.build_V(Z, G, mm.build_R(variances[3], 116))
    fit = mm.gls(X, y, V)
    se = np.sqrt(np.diag(fit.cov_beta))
    agree(fit.beta, "50.027 -11.592")
    agree(se, "2.858 3.878")
    agree(fit.beta / se, "17.506 -2.989")
    agree([fit.cov_beta[0, 1] / se.prod()], "-0.694")
    blups = G @ Z.T @ np.linalg.solve(V, fit.residuals)
    scaled = (fit.residuals - Z @ blups) / np.sqrt(variances[3])
    agree(np.quantile(scaled, [0, 0.25, 0.5, 0.75, 1]), "-2.18776 -0.60236 0.00158 0.57017 2.76647")


@pytest.mark.parametrize(
    "without, printed",
    {
        "rep": "-470.00 950.00 0.71145 0.39896",
        "entry": "-469.77 949.54 0.25599 0.61289",
        "entry:site_year": "-471.14 952.29 3.00386 0.08307",
    }.items(),
)
def test_clover_single_term_deletions(parts, reml, without, printed):
    y, X, groups = parts
    kept = [name for name in groups if name != without]
    start = [v for name, v in zip(groups, reml[0]) if name != without]
    _, criterion = optimum(y, X, [groups[k] for k in kept], [*start, reml[0][3]])
    lrt = criterion - reml[1]
    agree([-criterion / 2, criterion + 10, lrt, stats.chi2.sf(lrt, 1)], printed)


def test_clover_ML_comparison(parts, reml):
    y, X, groups = parts
    start = reml[0]
    _, full = optimum(y, X, list(groups.values()), start, reml=False)
    kept = [groups["entry:site_year"], groups["rep"]]
    _, null = optimum(y, X, kept, [70, 5, 143], reml=False)
    agree([null + 10, full + 12], "957.01 958.75")
    agree([null + 5 * np.log(116), full + 6 * np.log(116)], "970.78 975.27")
    agree([-null / 2, -full / 2], "-473.50 -473.37")
    agree([null - full, stats.chi2.sf(null - full, 1)], "0.2648 0.6069")


# ---- the script behind the synthetic sets --------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_synthetic", DATA / "make_synthetic.py")
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "dont_write_bytecode", True)  # data/ is for data
        spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["pigs_crd", "pigs_rooms"])
def test_the_script_makes_the_pig_sets(script, name):
    build, compare = script.SETS[name]
    made, kept = build(), mm.load(name)
    assert (made.iloc[:, :-1].astype(str) == kept.iloc[:, :-1].astype(str)).all(axis=None)
    # other processors add up in another order: a last digit may differ, a printed one may not
    assert (made["dry_matter_pct"] - kept["dry_matter_pct"]).abs().max() < 0.05
    assert [text for _, text, value in compare(made) if not rounds_to(value, text)] == []


def test_the_script_lays_out_the_clover_trial(script, clover):
    assert (script.clover_plots() == clover.iloc[:, :3].astype(str)).all(axis=None)
    rows = list(script.compare_clover(clover.astype(dict.fromkeys(clover.columns[:3], str))))
    assert len(rows) > 60
    assert [label for label, text, value in rows if not rounds_to(value, text)] == []


def test_the_scripts_gradients_are_right(script, clover):
    # the search for plot values follows these gradients
    d = clover.astype(dict.fromkeys(clover.columns[:3], str))
    aim = script.Aim(script.Clover(d).statistics, script.clover_targets())
    y, h = clover["biomass"].to_numpy(), 1e-3
    _, J = aim(y)
    for i in (3, 70):
        e = h * np.eye(116)[i]
        numeric = (aim(y + e)[0] - aim(y - e)[0]) / (2 * h)
        assert numeric == pytest.approx(
            J[:, i], abs=1e-4 * np.abs(J).max(axis=1).max() / 100, rel=1e-3
        )
