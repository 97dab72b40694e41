"""What formula and data are refused for: types of columns, sizes, names, weights; and how it is said."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.engine.frame import chunk_designs, design

N = 60


def frame(seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(10, 2, N),
            "x": rng.normal(size=N),
            "z": rng.normal(size=N),
            "h": rng.choice(["a", "b"], N),
            "g": rng.choice(list("pqrst"), N),
            "k": rng.integers(1, 5, N),
            "i": rng.integers(0, 2, N),
        }
    )


NOT_NUMBERS = {
    "dates": lambda d: d.assign(x=pd.Timestamp("2020-01-01")),
    "time spans": lambda d: d.assign(x=pd.Timedelta("1D")),
    "periods": lambda d: d.assign(x=pd.period_range("2020", periods=len(d), freq="D")),
    "complex": lambda d: d.assign(x=d.x + 1j),
    "numbers as text": lambda d: d.assign(x=d.x.astype(str)),
    "truth values": lambda d: d.assign(x=d.x > 0),
    "truth values as objects": lambda d: d.assign(x=(d.x > 0).astype(object)),
    "categories of numbers": lambda d: d.assign(x=pd.Categorical(d.x)),
    "dates as objects": lambda d: d.assign(x=[pd.Timestamp("2020-01-01").date()] * len(d)),
    "mixed": lambda d: d.assign(x=["1", 2.0] * (len(d) // 2)),
}


@pytest.mark.parametrize("change", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_new_rows_and_later_chunks_are_checked_as_the_first_were(change):
    d = frame()
    says = "column 'x' (must hold numbers|holds)"
    for fit in (
        mm.lmm("y ~ x + (1 | g)", d),
        mm.lm("y ~ np.exp(x)", d),
        mm.lmm("y ~ (x | g)", d),
        mm.lm("y ~ z + offset(x)", d),
    ):
        with pytest.raises(ValueError, match=says):
            fit.predict(change(d))
    with pytest.raises(ValueError, match=says):
        mm.lmm("y ~ x + (1 | g)", [d, change(d)])
    with pytest.raises(ValueError, match="response 'x' is not numeric|column 'x' holds"):
        list(chunk_designs("x ~ z + (1 | g)", [d, change(d)]))


def test_what_a_factor_was_it_stays():
    d = frame().assign(b=lambda d: d.x > 0)
    fit = mm.lm("y ~ C(i) + h", d)
    for column, value, says in [
        ("i", True, "'True' is not one of the known levels of 'i'"),
        ("i", "0", "'0' is not one of the known levels of 'i'"),
        ("h", 1, "'1' is not one of the known levels of 'h'"),
        ("h", pd.Timestamp("2020"), "is not one of the known levels of 'h'"),
    ]:
        with pytest.raises(ValueError, match=says):
            fit.predict(d.assign(**{column: value}))
    assert fit.predict(d.assign(i=d.i.astype(float))).equals(fit.predict(d))
    truth = mm.lm("y ~ b", d)
    with pytest.raises(ValueError, match="is not one of the known levels of 'b'"):
        truth.predict(d.assign(b=1))
    assert truth.predict(d.assign(b=d.b.astype(object))).equals(truth.predict(d))


@pytest.mark.parametrize(
    "new, says",
    [
        ({"g": None}, "has not seen: a missing one"),
        ({"g": np.nan}, "has not seen: a missing one"),
        ({"g": 3}, "has not seen: 3"),
        ({"g": [["p"]] * N}, "cannot be labels"),
    ],
)
def test_groups_of_new_rows(new, says):
    d = frame()
    fit = mm.lmm("y ~ x + (1 | g)", d)
    with pytest.raises(ValueError, match=says):
        fit.predict(d.assign(**new))
    if "labels" not in says:
        np.testing.assert_allclose(
            fit.predict(d.assign(**new), new_levels="population"),
            fit.predict(d, groups="population"),
        )


def test_lists_are_no_groups():
    pyarrow = pytest.importorskip("pyarrow")
    lists = pd.Series([["a"], ["b"]] * 30, dtype=pd.ArrowDtype(pyarrow.list_(pyarrow.string())))
    for column in (lists, lists.astype(object)):
        with pytest.raises(ValueError, match="entries of column 'g' cannot be labels"):
            mm.lmm("y ~ x + (1 | g)", frame().assign(g=column))


@pytest.mark.parametrize(
    "convert",
    [
        "object",
        "str",
        "string",
        "category",
        lambda pa: pd.ArrowDtype(pa.string()),
        lambda pa: pd.ArrowDtype(pa.large_string()),
    ],
)
def test_labels_of_any_type_are_labels(convert):
    d = frame()
    kind = convert if isinstance(convert, str) else convert(pytest.importorskip("pyarrow"))
    labelled = d.assign(h=d.h.astype(kind), g=d.g.astype(kind))
    formula = "y ~ x*h + C(h, contr.sum):z + I(x*(h == 'a')) + (h | g)"
    fit, same = mm.lmm(formula, labelled), mm.lmm(formula, d)
    np.testing.assert_allclose(fit.beta, same.beta)
    np.testing.assert_allclose(fit.predict(labelled), same.fitted)


@pytest.mark.parametrize(
    "kind",
    [
        "int8",
        "uint8",
        "float16",
        "float32",
        "Int64",
        "Float32",
        "object",
        "int64[pyarrow]",
        "double[pyarrow]",
        "decimal",
    ],
)
def test_numbers_of_any_type_are_numbers(kind):
    d = frame()
    if "pyarrow" in kind:
        pytest.importorskip("pyarrow")
    k = [Decimal(int(v)) for v in d.k] if kind == "decimal" else d.k.astype(kind)
    formula = "y ~ k + np.log(k) + (k | g)"
    fit, same = mm.lmm(formula, d.assign(k=k)), mm.lmm(formula, d)
    np.testing.assert_allclose(fit.beta, same.beta)
    np.testing.assert_allclose(fit.predict(d.assign(k=k)), same.fitted)


# ---------------------------------------------------------------- numbers as text


def test_numbers_read_as_text_are_named():
    d = frame()
    with pytest.raises(
        ValueError,
        match=r"x brings 59 of them.*'x' holds text, so if it should be numbers, use "
        r"pd.to_numeric\(data\['x'\]\)",
    ):
        mm.lmm("y ~ x + (1 | g)", d.assign(x=d.x.astype(str)))
    with pytest.raises(
        ValueError, match=r"response 'y' is not numeric .*pd.to_numeric\(data\['y'\]\)"
    ):
        mm.lmm("y ~ x + (1 | g)", d.assign(y=d.y.astype(str)))
    with pytest.raises(
        ValueError, match=r"'x' holds labels such as .*pd.to_numeric\(data\['x'\]\)"
    ):
        mm.lmm("y ~ np.log(x) + (1 | g)", d.assign(x=d.k.astype(str)))
    with pytest.raises(ValueError, match=r"\(C\(id\) brings 59 of them\)$"):
        mm.lmm("y ~ C(id) + (1 | g)", d.assign(id=range(N)))


def test_numbers_kept_as_text_are_remarked():
    d = frame().assign(k=lambda d: d.k.astype(str))
    remark = (
        "'k' holds text, and so is a factor of 4 levels; they look like numbers: if levels are "
        "meant, C(k) says so, for one slope use pd.to_numeric(data['k'])"
    )
    assert mm.lmm("y ~ k + (1 | g)", d).messages == mm.lm("y ~ k", d).messages == [remark]
    assert mm.lmm("y ~ C(k) + (1 | g)", d).messages == []
    # a grouping factor is made of levels
    assert not any("text" in line for line in mm.lmm("y ~ x + (1 | k)", d).messages)
    assert mm.lmm("y ~ k + (1 | g)", d.assign(k="a" + d.k)).messages == []


def test_one_cell_of_text_among_numbers_is_remarked():
    d = frame().assign(k=lambda d: d.k.astype(str))
    d.loc[3, "k"] = "n/a"
    fit = mm.lmm("y ~ k + (1 | g)", d)
    assert fit.messages[0] == (
        "'k' holds text, and so is a factor of 5 levels; but for 'n/a' they are numbers: if "
        "that is what you mean, use pd.to_numeric(data['k'], errors=\"coerce\")"
    )
    assert mm.lmm("y ~ k + (1 | g)", [d]).messages[0] == fit.messages[0]
    assert mm.lm("y ~ C(k)", d).messages == []  # asked for


# ---------------------------------------------------------------- magnitudes


@pytest.mark.parametrize(
    "change, says",
    [
        (
            lambda d: d.assign(y=d.y * 1e200),
            r"y reaches 1\.\d+e\+201, and squares .* overflow: divide it by 1e\+201",
        ),
        (
            lambda d: d.assign(y=d.y * 1e-300),
            r"y is at most 1\.\d+e-299, and squares .* vanish: divide it by 1e-299",
        ),
        (lambda d: d.assign(x=d.x * 1e-310), r"x is at most .*e-310, .*divide it by 1e-310"),
        (lambda d: d.assign(x=d.x * 1e150), r"x reaches .*e\+150, .*divide it by 1e\+150"),
    ],
)
def test_numbers_whose_squares_are_lost(change, says):
    d = change(frame())
    for fit in (
        lambda: mm.lmm("y ~ x + (1 | g)", d),
        lambda: mm.lm("y ~ x", d),
        lambda: mm.lmm("y ~ x + (1 | g)", [d[:30], d[30:]]),
    ):
        with pytest.raises(ValueError, match=says):
            fit()


def test_slopes_and_products_are_looked_at_too():
    d = frame()
    with pytest.raises(ValueError, match="^x is at most"):
        mm.lmm("y ~ (x | g)", d.assign(x=d.x * 1e-200))
    with pytest.raises(ValueError, match="^x:z reaches|^x:z overflows"):
        mm.lmm("y ~ x*z + (1 | g)", d.assign(x=d.x * 1e80, z=d.z * 1e80))


@pytest.mark.parametrize("unit", [1e-60, 1e60])
def test_other_units_give_the_same_fit(unit):
    d = frame()
    a, b = mm.lmm("y ~ x + (1 | g)", d), mm.lmm("y ~ x + (1 | g)", d.assign(x=d.x * unit))
    assert b.criterion - a.criterion == pytest.approx(
        2 * np.log(unit), abs=1e-6
    )  # REML knows the unit of x
    np.testing.assert_allclose(b.fitted, a.fitted, rtol=1e-6)


# ---------------------------------------------------------------- names


def test_names_that_could_not_be_told_apart():
    d = frame().assign(Intercept=lambda d: d.x, **{"h[T.b]": lambda d: d.z})
    for formula in (
        "y ~ Intercept + h + (1 | g)",
        "y ~ (Intercept | g)",
        "y ~ 0 + Intercept*x + (1 | g)",
    ):
        with pytest.raises(ValueError, match="column called 'Intercept' cannot be told .*rename"):
            mm.lmm(formula, d)
    with pytest.raises(ValueError, match=r"two coefficients would be called 'h\[T.b\]': rename"):
        mm.lmm("y ~ h + `h[T.b]` + (1 | g)", d)
    with pytest.raises(ValueError, match=r"two coefficients would be called 'm\[T.1\]': rename"):
        mm.lm("y ~ m", d.assign(m=[0, 1, "1"] * 20))
    assert mm.lmm("y ~ np.exp(Intercept) + `h[T.b]` + (1 | g)", d).beta.index.is_unique


def test_levels_of_combinations_keep_names_of_their_own():
    d = frame().assign(p=["a:b", "a", "a", "c"] * 15, q=["c", "b:c", "c", "d"] * 15)
    fit = mm.lmm("y ~ x + (1 | p:q)", d)
    levels = fit.ranef().level.tolist()
    assert levels == ["a:b\\:c", "a:c", "a\\:b:c", "c:d"] == fit.terms[0].levels.tolist()
    assert fit.G.index.is_unique and fit.Z.columns.is_unique
    np.testing.assert_array_equal(
        fit.terms[0].levels[fit.terms[0].codes],
        (d.p.str.replace(":", "\\:") + ":" + d.q.str.replace(":", "\\:")),
    )
    tidy = mm.lmm("y ~ x + (1 | p:q)", d[d.p != "a:b"])
    assert tidy.terms[0].levels.tolist() == [
        "a:b:c",
        "a:c",
        "c:d",
    ]  # as before where nothing is lost
    mixed = mm.lmm("y ~ x + (1 | m:h)", d.assign(m=[1, "1", 2, 3] * 15))
    assert mixed.terms[0].levels.is_unique


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize(
    "weights",
    [
        pd.date_range("2020", periods=N),
        np.ones(N) + 1j,
        pd.Series(["1"] * N),
        np.array(["1"] * N),
        [None] * N,
        pd.Series(pd.Categorical([1, 2] * 30)),
        pd.timedelta_range("1D", periods=N),
        [[1]] * N,
        "h",
    ],
)
def test_weights_must_be_numbers(weights):
    with pytest.raises(
        ValueError, match="weights must be one positive number for each row|no complete row"
    ):
        design("y ~ x + (1 | g)", frame(), weights)


def test_a_series_of_weights_follows_its_index():
    d = frame().set_index(pd.Index([f"r{i}" for i in range(N)]))
    w = pd.Series(np.linspace(1, 3, N), index=d.index)
    right = design("y ~ x + (1 | g)", d, w)
    np.testing.assert_array_equal(right.weights, w)
    np.testing.assert_array_equal(
        design("y ~ x + (1 | g)", d, w.sample(frac=1, random_state=1)).weights, w
    )
    for other in (w.reset_index(drop=True), w.rename({"r3": "s3"}), w.rename({"r3": "r4"})):
        with pytest.raises(
            ValueError, match="whose index is not that of the data.*weights.to_numpy"
        ):
            design("y ~ x + (1 | g)", d, other)
        np.testing.assert_array_equal(design("y ~ x + (1 | g)", d, other.to_numpy()).weights, w)
    with pytest.raises(ValueError, match="59 weights for 60 rows"):
        design("y ~ x + (1 | g)", d, w[:-1])
    twice = d.set_index(pd.Index(["a"] * N))
    np.testing.assert_array_equal(
        design("y ~ x + (1 | g)", twice, w.set_axis(twice.index)).weights, w
    )


# ---------------------------------------------------------------- what is no table


class Polars:
    """What a data frame of polars looks like from outside."""

    def __iter__(self):
        return iter([pd.Series([1.0])])

    def to_pandas(self):
        raise AssertionError("never called for the user")


@pytest.mark.parametrize(
    "data, says",
    [
        (Polars(), r"not .*Polars[;:] pass data.to_pandas\(\)"),
        ([{"y": 1, "x": 2}], r"not list of dict; make one with pd.DataFrame\(...\)"),
        ([(1, 2)], r"not list of tuple; make one with pd.DataFrame"),
        (frame().to_records(), "not numpy.recarray; make one with pd.DataFrame"),
        (frame().to_numpy(), "not numpy.ndarray; make one with pd.DataFrame"),
        ({"y": [1]}, "not dict; make one"),
        (frame().y, "not pandas.Series; make one"),
        (iter([{"y": 1}]), "not dict: pass pd.DataFrame"),
        (7, "not int; make one"),
        (None, "not NoneType; make one"),
    ],
)
def test_data_that_are_no_table(data, says):
    with pytest.raises(ValueError, match=says):
        mm.lmm("y ~ x + (1 | g)", data)


@pytest.mark.parametrize(
    "levels, says",
    [
        (["g"], r"levels=\['g'\] must be a dict"),
        ("h", "levels='h' must be a dict"),
        ({"h": ["a", "a"]}, r"levels\['h'\] must be a list .* 'a' is named twice"),
        ({"h": ["a", "b", "a"]}, "'a' is named twice"),
        ({"h": "ab"}, "two labels or more"),
        ({"h": ["a"]}, "two labels or more"),
        ({"h": None}, "two labels or more"),
        ({"hh": ["a", "b"]}, "no column 'hh'"),
        ({"h": ["a", "c"]}, "'b' is not one of the known levels of 'h'"),
    ],
)
def test_levels_of_streamed_factors(levels, says):
    with pytest.raises((ValueError, KeyError), match=says):
        mm.lmm("y ~ x + h + (1 | g)", [frame()], levels=levels)
