"""Data in pieces: the same fit as on the whole table, constants of the whole, pieces that do not fit."""

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.engine.frame import chunk_designs, design
from mmteach.engine.stream import pieces


def frame(n=300, seed=3):
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 12, n)
    x = np.sort(rng.normal(size=n)) + 3  # sorted: every piece has another mean and range
    d = pd.DataFrame(
        {
            "x": x,
            "z": rng.uniform(1, 2, n),
            "h": pd.Categorical(rng.choice(["a", "b"], n)),
            "g": g,
            "w": rng.uniform(0.5, 2, n),
            "o": rng.normal(size=n),
        }
    )
    return d.assign(y=x**2 / 3 + (d.h == "b") * x + rng.normal(size=12)[g] + rng.normal(size=n))


FORMULAS = [
    "y ~ center(x):h + (1 | g)",
    "y ~ scale(x)*h + (1 | g)",
    "y ~ poly(x, 2) + (1 | g)",
    "y ~ poly(x, 3)*h + (1 | g)",
    "y ~ bs(x, df=5) + (1 | g)",
    "y ~ cr(x, df=4) + (1 | g)",
    "y ~ cr(x, df=4, constraints='center') + (1 | g)",
    "y ~ I(center(x)**2) + x + (1 | g)",
    "y ~ poly(np.log(z), 2) + (1 | g)",
    "y ~ x + (center(x) | g)",
    "y ~ x + (0 + scale(x) || g)",
    "y ~ center(log(z))*center(x) + (1 | g)",
    "scale(y) ~ x + (1 | g)",
    "y ~ x + offset(center(o)) + (1 | g)",
    "y ~ x + offset(o) + offset(2*z) + (1 | g)",
    "y ~ I(center(x)*(h == 'a')) + (1 | g)",
    "y ~ poly(x, 2, raw=True) + (1 | g)",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_constants_are_those_of_all_rows(formula):
    d = frame()
    whole = mm.lmm(formula, d)
    for cuts in ([100, 101], [37], [299]):
        streamed = mm.lmm(formula, _cut(d, cuts))
        assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-9)
        np.testing.assert_allclose(streamed.beta, whole.beta, rtol=1e-6, atol=1e-8)
        assert list(streamed.beta.index) == list(whole.beta.index)
        new = d.iloc[[5, 150, 290]]
        np.testing.assert_allclose(streamed.predict(new), whole.predict(new), rtol=1e-6)
        np.testing.assert_allclose(
            streamed.predict(new), whole.predict().iloc[[5, 150, 290]], rtol=1e-6
        )


def _cut(d, cuts):
    places = [0, *cuts, len(d)]
    return [d.iloc[a:b] for a, b in zip(places, places[1:])]


@pytest.mark.parametrize(
    "formula", [f for f in FORMULAS if "raw" not in f and "offset(o)" not in f]
)
def test_pieces_that_can_be_read_once_are_refused(formula):
    d = frame()
    for once in (iter([d[:100], d[100:]]), (p for p in [d[:100], d[100:]])):
        with pytest.raises(
            ValueError,
            match="takes constants from all rows.*read only once: pass the path .*list of "
            "pieces, or make the column first",
        ):
            mm.lmm(formula, once)


def test_formulas_without_constants_take_what_can_be_read_once():
    d = frame()
    formula = "y ~ np.log(z) + x*h + I(x**2) + (x | g)"
    streamed = mm.lmm(formula, (p for p in _cut(d, [120, 200])))
    assert streamed.criterion == pytest.approx(mm.lmm(formula, d).criterion, rel=1e-9)


def test_missing_rows_take_no_part_in_the_constants():
    d = frame()
    d.loc[:60, "y"] = np.nan  # a first piece without a complete row
    d.loc[[100, 200], "h"] = None
    d.loc[250:260, "w"] = np.nan
    formula = "y ~ poly(x, 2)*h + (center(x) | g)"
    whole = mm.lmm(formula, d, weights="w")
    streamed = mm.lmm(formula, _cut(d, [40, 180]), weights="w")
    assert streamed.criterion == pytest.approx(whole.criterion, rel=1e-9)
    assert sorted(streamed.messages) == sorted(whole.messages) and "dropped" in streamed.messages[0]


def test_a_parquet_file_gives_the_constants_too(tmp_path):
    pytest.importorskip("pyarrow")
    d = frame()
    d.to_parquet(tmp_path / "d.parquet", row_group_size=50)
    for formula in ("y ~ poly(x, 2) + (scale(x) | g)", "y ~ x + offset(o) + (1 | g)"):
        streamed = mm.lmm(formula, tmp_path / "d.parquet")
        assert streamed.criterion == pytest.approx(mm.lmm(formula, d).criterion, rel=1e-9)
    same = mm.lmm("y ~ poly(x, 2) + (scale(x) | g)", str(tmp_path / "d.parquet"))
    assert same.nobs == 300


def test_files_that_cannot_be_read(tmp_path):
    pytest.importorskip("pyarrow")
    bad = tmp_path / "bad.parquet"
    bad.write_bytes(b"PAR1 no table")
    for path, says in [
        (bad, "bad.parquet' cannot be read as a Parquet file.*to_parquet"),
        (tmp_path / "none.parquet", "there is no file .*none.parquet"),
        (tmp_path / "d.csv", "is not a .parquet file; .*chunksize"),
    ]:
        with pytest.raises(ValueError, match=says):
            mm.lmm("y ~ x + (1 | g)", path)


def test_pieces_are_handed_on_as_they_are():
    some = [frame()]
    assert pieces(some) is some
    once = iter(some)
    assert pieces(once) is once


def test_later_pieces_are_coded_as_the_first():
    d = frame()
    whole = design("y ~ poly(x, 2) + h + (1 | g)", d)
    parts = list(chunk_designs("y ~ poly(x, 2) + h + (1 | g)", _cut(d, [90, 91])))
    np.testing.assert_allclose(np.vstack([p.X for p in parts]), whole.X, atol=1e-12)
    assert all(p.x_names == whole.x_names for p in parts)
    np.testing.assert_allclose(parts[0].x_rows(d), whole.X, atol=1e-12)


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda d: d.assign(h="c"), "'c' is not one of the known levels of 'h'"),
        (lambda d: d.drop(columns="z"), "no column 'z' in the new data"),
        (lambda d: d.assign(z=0.0), r"'log\(z\)' is not finite in every row .100 of 100"),
        (lambda d: d.to_dict(), "must be a pandas DataFrame, not dict"),
        (lambda d: d.assign(z=np.inf), "'z' has 100 infinite values"),
    ],
)
def test_pieces_that_do_not_fit(change, says):
    d = frame()
    with pytest.raises((ValueError, KeyError), match=says):
        mm.lmm("y ~ log(z) + h + (1 | g)", [d[:200], change(d[200:])])


def test_what_all_pieces_together_cannot_be():
    d = frame()
    for formula, data, says in [
        ("y ~ x + (1 | g)", d.assign(y=3.0), "response y is constant"),
        ("y ~ x + (1 | g)", d.assign(g=1), "one level in the rows used"),
        ("y ~ C(x) + (1 | g)", d, "is not one of the known levels of 'x'"),
        ("y ~ x + (1 | g)", d.assign(x=np.nan), "no complete row|no piece"),
        ("y ~ h*poly(x, 9) + (1 | g)", d[::25], "coefficients for 12 rows.*poly.x, 9. brings 9"),
    ]:
        with pytest.raises(ValueError, match=says):
            mm.lmm(formula, _cut(data, [len(data) // 2]))
