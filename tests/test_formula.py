"""The formula grammar and the model frame: expansions, arrays, coding, and errors that teach."""

import itertools

import formulaic
import numpy as np
import pandas as pd
import pytest

from mmteach.engine.formula import split_bars
from mmteach.engine.frame import check_sizes, chunk_designs, design


def frame(n=60, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "y": rng.normal(10, 2, n),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "count": rng.integers(1, 9, n),
            "f": pd.Categorical(rng.choice(list("abc"), n), categories=list("cabq")),
            "h": rng.choice(["low", "high"], n),
            "k": rng.integers(0, 4, n) * 36,
            "b": rng.random(n) > 0.5,
            "g": rng.integers(300, 305, n),
            "p": rng.choice(["P1", "P2", "P3"], n),
            "row": np.arange(n),
        }
    )


# ---------------------------------------------------------------- the text


@pytest.mark.parametrize(
    "written, fixed, bars",
    [
        ("y ~ x*f + (1|g)", "x*f", ["(1 | g)"]),
        ("y~(x|g)", "1", ["(1 + x | g)"]),
        ("y ~ x + (1 + x | g)", "x", ["(1 + x | g)"]),
        ("y ~ 0 + x + (0+x|g)", "0 + x", ["(0 + x | g)"]),
        ("y ~ x - 1 + (x - 1|g)", "x - 1", ["(0 + x | g)"]),
        ("y ~ -1 + x + (-1 + x|g)", "-1 + x", ["(0 + x | g)"]),
        ("y ~ (1|g) + x + (1|h) + z", "x + z", ["(1 | g)", "(1 | h)"]),
        ("y ~ x + (x||g)", "x", ["(1 | g)", "(0 + x | g)"]),
        ("y ~ (1||g)", "1", ["(1 | g)"]),
        ("y ~ (0 + x + z||g)", "1", ["(0 + x | g)", "(0 + z | g)"]),
        (
            "y ~ (x*z + np.log(w)||g)",
            "1",
            ["(1 | g)", "(0 + x | g)", "(0 + z | g)", "(0 + x:z | g)", "(0 + np.log(w) | g)"],
        ),
        ("y ~ (1|a:b)", "1", ["(1 | a:b)"]),
        ("y ~ (1|a/b)", "1", ["(1 | a)", "(1 | a:b)"]),
        ("y ~ (1|a/b/c)", "1", ["(1 | a)", "(1 | a:b)", "(1 | a:b:c)"]),
        ("y ~ (1|a*b)", "1", ["(1 | a)", "(1 | b)", "(1 | a:b)"]),
        (
            "y ~ (1|a*b*c)",
            "1",
            ["(1 | a)", "(1 | b)", "(1 | c)", "(1 | a:b)", "(1 | a:c)", "(1 | b:c)", "(1 | a:b:c)"],
        ),
        ("y ~ (1|a:b/c)", "1", ["(1 | a:b)", "(1 | a:b:c)"]),
        ("y ~ (x||a/b)", "1", ["(1 | a)", "(0 + x | a)", "(1 | a:b)", "(0 + x | a:b)"]),
        ("y ~ (f|g)", "1", ["(1 + f | g)"]),
        ("y ~ (f*x|g)", "1", ["(1 + f*x | g)"]),
        ("y ~ (1|factor(g)) + (1|C(h))", "1", ["(1 | g)", "(1 | h)"]),
        ("y ~ x", "x", []),
        ("y ~ `a|b` + I('~(')  + (1|`my  group`)", "`a|b` + I('~(')", ["(1 | `my  group`)"]),
    ],
)
def test_expansion(written, fixed, bars):
    split = split_bars(written)
    assert split.response == "y"
    assert split.fixed == fixed
    assert [str(bar) for bar in split.bars] == bars
    assert split_bars(str(split)) == split


def test_parts_of_a_bar():
    _, bar = split_bars("log(y) ~ days + (days | block/`field row`)").bars
    assert (bar.lhs, bar.group) == ("1 + days", "block:field row")
    assert bar.factors == ("block", "field row")


def test_split_prints_for_a_lesson():
    split = split_bars("y ~ x + (1|a/b)")
    assert str(split) == "y ~ x + (1 | a) + (1 | a:b)"
    assert repr(split) == ("response  y\nfixed     x\nrandom    (1 | a)\n          (1 | a:b)")
    assert "(none)" in repr(split_bars("y ~ x"))


@pytest.mark.parametrize(
    "written, says",
    [
        ("y", "exactly one '~'"),
        ("", "exactly one '~'"),
        ("y ~ x ~ z + (1|g)", "exactly one '~'"),
        ("y ~~ x", "exactly one '~'"),
        ("~ x + (1|g)", "response is missing"),
        ("y ~", "missing at the end"),
        ("y ~ x + (1|g) +", "missing at the end"),
        ("y ~ x + 1|g", r"needs its own parentheses: write \(1\|g\)"),
        ("y ~ (x + (1|g)", r"\) is missing"),
        ("y ~ x + 1|g)", r"\) at position 12 .* closes nothing"),
        ("y ~ (1|g]", r"\] at position 9 .* closes nothing"),
        ("y ~ `x + (1|g)", "no partner"),
        ("y ~ ((1|g))", "one pair of parentheses"),
        ("y ~ x*(1|g)", "one pair of parentheses"),
        ("y ~ (x)*(1|g)", "one pair of parentheses"),
        ("y ~ (x + (1|g))", "one pair of parentheses"),
        ("y ~ (1|g|h)", "one pair of parentheses"),
        ("y ~ (x || g || h)", "one pair of parentheses"),
        ("y ~ (x | | g)", "one pair of parentheses"),
        ("y ~ (1|g)(1|h)", "one pair of parentheses"),
        ("y ~ (|g)", "to the left of the bar"),
        ("y ~ (1|)", "to the right of the bar"),
        ("y ~ (0|g)", "lets nothing vary"),
        ("y ~ x - (1|g)", "cannot subtract"),
        ("(1|g) ~ y", "after the '~'"),
        ("y ~ (1|log(g))", r"cannot read 'log\(g\)' to the right"),
        ("y ~ (1|a+b)", r"write \(1 \| a\) \+ \(1 \| b\)"),
        ("y ~ (1|1)", "to the right of the bar"),
        ("y ~ (1|a:)", "an empty name"),
        ("y ~ (1|(a:b))", "to the right of the bar"),
        ("y ~ ((x + z)||g)", r"to the left of \|\|"),
        ("y ~ (x - z||g)", "not subtracted"),
        ("y ~ (1|g) + (1|g)", "occurs twice"),
        ("y ~ (1|a/b) + (1|a)", "occurs twice"),
        ("y ~ (1|a*b*c*d*e*f*g)", "more than 63"),
        (7, "must be text, not int"),
    ],
)
def test_text_that_is_no_formula(written, says):
    with pytest.raises(ValueError, match=says):
        split_bars(written)


# ---------------------------------------------------------------- the fixed part


@pytest.mark.parametrize(
    "fixed",
    [
        "1",
        "x",
        "x + z",
        "0 + x + z",
        "x + count",
        "x + f",
        "f + x + h",
        "0 + f",
        "0 + f + h",
        "f*h",
        "f:x",
        "x*f*h - f:h",
        "x + f:h",
        "poly(x, 2)",
        "np.log(count) + I(x**2)",
        "C(h)",
        "f/x",
        "C(f, contr.sum) + x",
        "(x + z + f)**2",
        "x - 1",
        "center(x) + scale(z)",
        "bs(x, df=4)",
        "x + x",
    ],
)
def test_fixed_part_equals_formulaic(fixed):
    data = frame()
    made = design(f"y ~ {fixed} + (1|g)", data)
    tidy = data.assign(f=data["f"].cat.remove_unused_categories())
    expected = formulaic.Formula(fixed).get_model_matrix(tidy, output="pandas")
    assert made.x_names == list(expected.columns)
    np.testing.assert_allclose(made.X, expected.to_numpy(float), rtol=0, atol=1e-13)
    assert made.X.dtype == float
    slices = {
        ("Intercept" if str(t) == "1" else str(t)): s
        for t, s in expected.model_spec.term_slices.items()
    }
    assert made.x_terms == slices
    assert set(made.x_factors) == set(made.x_variables) == set(slices)


def test_terms_tell_their_factors_and_variables():
    made = design("y ~ f*np.log(count) + C(k) + x + (1|g)", frame())
    assert made.x_factors["f:np.log(count)"] == {"f": ["c", "a", "b"], "np.log(count)": None}
    assert made.x_variables["f:np.log(count)"] == ("f", "count")
    assert made.x_factors["C(k)"] == {"C(k)": [0, 36, 72, 108]}
    assert made.x_factors["Intercept"] == {}
    assert made.factors == {"f": ["c", "a", "b"], "k": [0, 36, 72, 108]}
    assert made.numeric == pytest.approx(frame()[["x", "count"]].mean().to_dict())


def test_plain_sums_give_what_formulaic_gives_to_the_last_bit():
    data = frame(5000)
    plain = design("y ~ x + f + count + h + (1|g)", data)
    detour = design("y ~ I(x) + f + I(count) + h + (1|g)", data)
    tidy = data.assign(f=data["f"].cat.remove_unused_categories())
    expected = formulaic.Formula("x + f + count + h").get_model_matrix(tidy, output="numpy")
    np.testing.assert_array_equal(plain.X, expected)
    assert [name.replace("I(", "").replace(")", "") for name in detour.x_names] == plain.x_names
    np.testing.assert_array_equal(plain.X, detour.X)
    assert plain.x_factors == {
        "Intercept": {},
        "x": {"x": None},
        "f": {"f": ["c", "a", "b"]},
        "count": {"count": None},
        "h": {"h": ["high", "low"]},
    }


def test_levels_order_unused_categories_and_truth_values():
    data = frame()
    assert design("y ~ f + (1|g)", data).x_names == ["Intercept", "f[T.a]", "f[T.b]"]
    assert design("y ~ h + b + (1|g)", data).x_names == ["Intercept", "h[T.low]", "b[T.True]"]
    assert design("y ~ f + (1|g)", data[data["f"] != "c"]).x_names == ["Intercept", "f[T.b]"]
    mixed = data.assign(m=[2, "one"] * 30)
    assert design("y ~ m + (1|g)", mixed).factors == {"m": [2, "one"]}
    assert design("y ~ x + (1|m)", mixed).terms[0].levels.tolist() == [2, "one"]


def test_numbers_kept_as_objects_or_nullable_are_numbers():
    data = frame().assign(
        o=pd.Series([1.5, 2, 4] * 20, dtype=object), i=pd.array([1, 2, 4] * 20, dtype="Int64")
    )
    made = design("y ~ o + i + (1|g)", data)
    assert made.x_names == ["Intercept", "o", "i"]
    np.testing.assert_array_equal(made.X[:3, 1:], [[1.5, 1], [2, 2], [4, 4]])


@pytest.mark.parametrize(
    "name",
    [
        "yield",
        "class",
        "total fruits",
        "total.fruits",
        "log",
        "C",
        "I",
        "np",
        "poly",
        "a:b",
        "_c0_",
        "Größe",
        "True",
        "x|y",
        ".hidden",
    ],
)
def test_any_column_name_works_everywhere(name):
    data = frame().rename(columns={"count": name, "p": name + "2"})
    plain = name.isidentifier() or name in ("total.fruits", ".hidden")
    safe, group = (name, name + "2") if plain else (f"`{name}`", f"`{name}2`")
    made = design(f"{safe} ~ x*f + np.log(x**2) + (x | {group})", data)
    assert made.y_name == safe
    assert made.terms[0].group == name + "2"
    np.testing.assert_array_equal(made.y, data[name])
    made = design(
        f"log({safe}) ~ {safe}*f + np.log({safe}) + C({safe} > 3) + (0 + {safe} | g)", data
    )
    np.testing.assert_allclose(made.y, np.log(data[name]))
    assert made.x_names == [
        "Intercept",
        f"{name}",
        "f[T.a]",
        "f[T.b]",
        f"np.log({name})",
        f"C({name} > 3)[T.True]",
        f"{name}:f[T.a]",
        f"{name}:f[T.b]",
    ]
    assert made.terms[0].names == [name]
    np.testing.assert_array_equal(made.x_rows(data), made.X)


def test_response_may_be_transformed():
    data = frame()
    for text, values in [
        ("np.log(y)", np.log(data.y)),
        ("log(y)", np.log(data.y)),
        ("I(y/10)", data.y / 10),
        ("y - x", data.y - data.x),
        ("sqrt(count)", np.sqrt(data["count"])),
    ]:
        made = design(f"{text} ~ x + (1|g)", data)
        assert made.y_name == text
        np.testing.assert_allclose(made.y, values)


# ---------------------------------------------------------------- the random terms


def test_group_codes_and_left_sides():
    data = frame()
    made = design("y ~ x + (f + x | g) + (1 | p)", data)
    slope, intercept = made.terms
    assert (slope.group, slope.names) == ("g", ["Intercept", "f[T.a]", "f[T.b]", "x"])
    assert slope.levels.tolist() == sorted(data["g"].unique())
    np.testing.assert_array_equal(slope.levels[slope.codes], data["g"])
    np.testing.assert_array_equal(slope.x[:, 1], data["f"] == "a")
    np.testing.assert_array_equal(intercept.x, np.ones((60, 1)))
    assert design("y ~ (0 + f || g)", data).terms[0].names == ["f[c]", "f[a]", "f[b]"]


def test_only_observed_combinations_become_levels():
    data = frame()
    data = data[(data["p"] != "P2") | (data["g"] == 301)]
    for three in ("p:g", "p:g:h"):
        term = design(f"y ~ x + (1|{three})", data).terms[0]
        joined = data[three.split(":")].astype(str).agg(":".join, axis=1)
        assert term.levels.tolist() == sorted(joined.unique())
        np.testing.assert_array_equal(term.levels[term.codes], joined)


def test_terms_stand_in_order_of_their_number_of_levels():
    made = design("y ~ x + (1|h) + (1|p) + (1|g) + (0 + x|p)", frame())
    assert [str(term.bar) for term in made.terms] == [
        "(1 | g)",
        "(1 | p)",
        "(0 + x | p)",
        "(1 | h)",
    ]


@pytest.mark.parametrize(
    "convert",
    [
        lambda g: g,
        lambda g: g.astype(float),
        lambda g: g.astype(str),
        lambda g: g.astype("category"),
        lambda g: pd.Categorical(g, categories=range(299, 310)),
        lambda g: g.astype("Int64"),
        lambda g: pd.Timestamp("2024-01-01") + pd.to_timedelta(g, "D"),
        lambda g: g.astype(object),
    ],
)
def test_groups_of_any_type(convert):
    data = frame()
    expected = design("y ~ x + (1|g)", data).terms[0].codes
    data["g"] = convert(data["g"])
    term = design("y ~ x + (1|g)", data).terms[0]
    np.testing.assert_array_equal(term.codes, expected)
    assert len(term.levels) == 5
    np.testing.assert_array_equal(term.rows(data)[0], expected)


def test_the_same_effect_twice_is_remarked():
    made = design("y ~ x + (1|g) + (x|g)", frame())
    assert made.messages == [
        "Intercept of g occurs in (1 + x | g) and in (1 | g): their variances cannot be told apart"
    ]


# ---------------------------------------------------------------- missing values, caller's data


def test_missing_rows_are_dropped_and_counted():
    data = frame().astype({"p": object, "count": "Int64"})
    data.index = [f"r{i}" for i in range(60)]
    data.loc["r3", "x"] = np.nan
    data.loc[["r3", "r4"], "p"] = None
    data.loc["r5", "count"] = pd.NA
    data.loc["r6", "f"] = np.nan
    data.loc["r59", "z"] = np.nan  # not used
    weights = np.ones(60)
    weights[7] = np.nan
    made = design("y ~ x + count + (f | p)", data, weights)
    assert made.messages == [
        "5 of 60 rows were dropped: missing values in x (1), count (1), f (1), p (2), weights (1)"
    ]
    gone = ["r3", "r4", "r5", "r6", "r7"]
    assert made.n_dropped == 5 and made.rows.tolist() == data.index.drop(gone).tolist()
    clean = design("y ~ x + count + (f | p)", data.drop(gone), np.delete(weights, range(3, 8)))
    np.testing.assert_array_equal(made.X, clean.X)
    np.testing.assert_array_equal(made.terms[0].codes, clean.terms[0].codes)
    np.testing.assert_array_equal(made.weights, clean.weights)
    one = design("y ~ x + (1 | h)", data)
    assert one.messages == ["1 of 60 rows was dropped: missing values in x (1)"]


def test_levels_that_vanish_with_the_missing_rows_give_no_column():
    data = frame()
    data.loc[data["f"] == "b", "y"] = np.nan
    assert design("y ~ f + (1|g)", data).x_names == ["Intercept", "f[T.a]"]


def test_the_data_are_never_changed():
    data, weights = frame(), np.linspace(1, 2, 60)
    data.loc[4, "x"] = np.nan
    before, kept = data.copy(deep=True), weights.copy()
    made = design("y ~ x*f + poly(z, 2) + b + (x | g/p)", data, weights)
    for array in (made.y, made.X, made.weights, made.terms[0].x, made.terms[0].codes):
        array += 1
    pd.testing.assert_frame_equal(data, before)
    np.testing.assert_array_equal(weights, kept)
    made = design("y ~ x + z + (1 | row:g) - 1", before.drop(index=4).assign(row=0))
    made.X += 1
    made.y += 1
    pd.testing.assert_frame_equal(data, before)


def test_weights_by_name_or_array():
    data = frame()
    for weights in ("count", data["count"], data["count"].to_numpy(), data["count"].tolist()):
        made = design("y ~ x + (1|g)", data, weights)
        np.testing.assert_array_equal(made.weights, data["count"])


# ---------------------------------------------------------------- new rows


def test_new_rows_are_coded_like_the_old_ones():
    data = frame()
    made = design("y ~ poly(x, 2)*f + center(z) + C(k) + (h | g:p)", data)
    some = data.sample(20, random_state=3)
    np.testing.assert_allclose(made.x_rows(some), made.X[some.index], atol=1e-12)
    one = data.iloc[[7]].assign(f="b").drop(columns=["y", "g"])  # plain text, a single level
    assert made.x_rows(one)[0, made.x_names.index("f[T.b]")] == 1
    codes, x = made.terms[0].rows(some)
    np.testing.assert_array_equal(codes, made.terms[0].codes[some.index])
    np.testing.assert_array_equal(x, made.terms[0].x[some.index])


def test_new_levels_of_a_group_get_minus_one():
    data = frame()
    term = design("y ~ x + (1 | g:p)", data).terms[0]
    new = data.head(4).astype({"g": float})
    new.loc[1, "g"], new.loc[2, "p"] = 999, None
    codes, _ = term.rows(new)
    assert codes.tolist() == [term.codes[0], -1, -1, term.codes[3]]


def test_new_rows_that_do_not_fit():
    data = frame()
    made = design("y ~ x + f + C(k) + (z | g)", data)
    with pytest.raises(KeyError, match="no column 'f' in the new data; .*columns are: y, x"):
        made.x_rows(data.drop(columns="f"))
    with pytest.raises(ValueError, match=r"'q' is not one of the known levels of 'f' \(c, a, b\)"):
        made.x_rows(data.assign(f="q"))
    with pytest.raises(ValueError, match="'5' is not one of the known levels of 'k'"):
        made.x_rows(data.assign(k=5))
    with pytest.raises(ValueError, match="2 missing values in 'f': fill them in or drop"):
        made.x_rows(data.assign(f=[None, None] + ["a"] * 58))
    with pytest.raises(ValueError, match="'x' must hold numbers"):
        made.x_rows(data.assign(x="many"))
    with pytest.raises(ValueError, match="pandas DataFrame, not dict"):
        made.x_rows({"x": 1})
    with pytest.raises(KeyError, match="no column 'g' in the new data"):
        made.terms[0].rows(data.drop(columns="g"))
    with pytest.raises(KeyError, match="no column 'z' in the new data"):
        made.terms[0].rows(data.drop(columns="z"))
    both = design("y ~ k + C(k) + (1 | g)", data)  # numeric and factor: formulaic notices
    with pytest.raises(ValueError, match="cannot evaluate"):
        both.x_rows(data.assign(k=5))


# ---------------------------------------------------------------- errors that teach


@pytest.mark.parametrize(
    "formula, says",
    [
        ("Y ~ x + (1|g)", "no column 'Y' in the data; did you mean 'y'"),
        ("y ~ X + (1|g)", "no column 'X' in the data; did you mean 'x'"),
        ("y ~ x + np.log(coun) + (1|g)", "did you mean 'count'"),
        ("y ~ x + (zz|g)", "no column 'zz'"),
        ("y ~ x + (1|gg)", "no column 'gg'"),
        ("y ~ x + (1|g/pp)", "no column 'pp'"),
        ("y ~ x + (1|g:pp)", "no column 'pp'"),
        ("y ~ . + (1|g)", r"no column '\.'"),
        ("y ~ `no such` + (1|g)", "no column 'no such'"),
    ],
)
def test_unknown_columns(formula, says):
    with pytest.raises(KeyError, match=says) as caught:
        design(formula, frame())
    assert not str(caught.value).startswith(("'", '"'))


@pytest.mark.parametrize(
    "formula, says",
    [
        ("y ~ x", "no random term.*mm.lm"),
        ("1 ~ x + (1|g)", "response '1' names no column"),
        ("f ~ x + (1|g)", "response 'f' is not numeric .it holds category"),
        ("h ~ x + (1|g)", "response 'h' is not numeric"),
        ("b ~ x + (1|g)", "response 'b' is not numeric .it holds bool"),
        ("log(h) ~ x + (1|g)", "response 'h' is not numeric"),
        ("poly(y, 2) ~ x + (1|g)", "must be one column"),
        ("same ~ x + (1|g)", "response 'same' is constant .3."),
        ("np.log(zero) ~ x + (1|g)", "not finite in every row"),
        ("inf ~ x + (1|g)", "'inf' has 1 infinite values"),
        ("y ~ inf + (1|g)", "'inf' has 1 infinite values"),
        ("y ~ x + (inf|g)", "'inf' has 1 infinite values"),
        ("y ~ np.log(zero) + (1|g)", r"'np.log\(zero\)' is not finite"),
        (
            "y ~ empty + (1|g)",
            "no complete row: 60 of 60 rows were dropped: missing values in empty",
        ),
        ("y ~ x + (1|one)", "one level in the rows used.*at least two"),
        ("y ~ one + (1|g)", "factor 'one' has one level .a. .*leave it out"),
        ("y ~ x + (1|row)", r"\(1 \| row\) has as many levels as rows \(60\)"),
        ("y ~ x + (x|row)", "as many levels as rows"),
        ("y ~ x + (x + z|half)", "30 x 3 = 90 random effects from 60 rows"),
        ("y ~ C(row) + (1|g)", "60 coefficients for 60 rows"),
        ("y ~ open('a') + (1|g)", "unknown function 'open'"),
        ("y ~ I(x^2) + (1|g)", r"cannot evaluate 'I\(x\^2\)': .*powers are written I\(x\*\*2\)"),
        ("y ~ x z + (1|g)", "cannot evaluate 'x z': Missing operator"),
        ("y ~ (x + z + 2|g)", "cannot evaluate"),
        ("y ~ np.mean(x) + (1|g)", "cannot evaluate"),
        ("y ~ day + (1|g)", "'day' holds datetime.* turn it into numbers"),
        ("y ~ x + (1|lists)", "entries of column 'lists' cannot be labels"),
    ],
)
def test_designs_that_cannot_be(formula, says):
    data = frame()
    data = data.assign(
        same=3.0,
        zero=0.0,
        inf=np.where(data["row"] == 5, np.inf, data["row"]),
        empty=np.nan,
        one="a",
        half=data["row"] // 2,
        lists=[[1]] * 60,
        day=pd.date_range("2024-01-01", periods=60),
    )
    with pytest.raises(ValueError, match=says):
        design(formula, data)


@pytest.mark.parametrize(
    "data, says",
    [
        ({"y": [1, 2], "g": [1, 2]}, "pandas DataFrame, not dict"),
        (None, "pandas DataFrame, not NoneType"),
        (frame().head(0), "no complete row"),
        (pd.concat([frame(), frame()[["x"]]], axis=1), "several columns called 'x'"),
    ],
)
def test_data_that_are_no_table(data, says):
    with pytest.raises(ValueError, match=says):
        design("y ~ x + (1|g)", data)


@pytest.mark.parametrize(
    "weights, says",
    [
        (np.r_[-1, np.ones(59)], "positive and finite, but row 0 has -1"),
        (np.r_[1, 0, np.ones(58)], "row 1 has 0"),
        (np.r_[np.inf, np.ones(59)], "row 0 has inf"),
        (np.ones(59), "59 weights for 60 rows"),
        (2.0, "1 weights for 60 rows"),
        (np.ones((60, 2)), "one positive number for each row"),
        (["a"] * 60, "one positive number for each row"),
        ("h", "one positive number for each row"),
    ],
)
def test_bad_weights(weights, says):
    with pytest.raises(ValueError, match=says):
        design("y ~ x + (1|g)", frame(), weights)


def test_more_columns_than_rows_is_fine_while_the_rank_is_low():
    data = frame(24)
    made = design("y ~ C(row//8)*C(row//8 + 1)*C(row//8 + 2) + (1|p)", data)
    assert made.X.shape[1] >= 24 > np.linalg.matrix_rank(made.X)


def test_without_random_terms_on_request():
    made = design("y ~ f*x", frame(), random=False)
    assert made.terms == [] and made.X.shape == (60, 6)
    with pytest.raises(ValueError, match=r"\(1 \| g\) is a random term: .*mm.lmm"):
        design("y ~ x + (1|g)", frame(), random=False)


# ---------------------------------------------------------------- chunks


def crossproducts(pieces):
    """[Z X y]'[Z X y] added up over the pieces, the levels of every term sorted at the end."""
    pieces = list(pieces)
    blocks = [[] for _ in pieces]
    for t, term in enumerate(pieces[-1].terms):
        order = np.argsort(np.asarray(term.levels.astype(str)))
        for block, piece in zip(blocks, pieces):
            block.append(
                np.eye(len(term.levels))[piece.terms[t].codes][:, order] * piece.terms[t].x[:, :1]
            )
    whole = [np.hstack([*block, piece.X, piece.y[:, None]]) for block, piece in zip(blocks, pieces)]
    return sum(rows.T @ rows for rows in whole)


@pytest.mark.parametrize(
    "formula",
    ["y ~ x*h + f + (1|g) + (0 + x|p)", "y ~ np.log(count) + (1|g/p)", "y ~ x + (1|p:g) + (1|b)"],
)
def test_chunks_add_up_to_the_whole(formula):
    data = frame(200)
    data["f"] = data["f"].cat.remove_unused_categories()
    data.loc[[3, 70], "x"] = np.nan
    data.loc[120:140, "y"] = np.nan  # one chunk without a complete row
    whole = design(formula, data)
    levels = {"h": ["high", "low"]} if "h" in whole.factors else None
    for size in (200, 55, 21):
        chunks = (data[i : i + size] for i in range(0, 200, size))
        pieces = list(chunk_designs(formula, chunks, levels=levels))
        assert all(piece.x_names == whole.x_names for piece in pieces)
        assert sum(piece.n_dropped for piece in pieces) == whole.n_dropped
        for term in pieces[-1].terms:
            assert sorted(map(str, term.levels)) == sorted(
                next(map(str, t.levels) for t in whole.terms if t.bar == term.bar)
            )
        whole.terms.sort(key=lambda term: [t.bar for t in pieces[0].terms].index(term.bar))
        np.testing.assert_allclose(crossproducts(pieces), crossproducts([whole]), atol=1e-9)


def test_all_categories_of_a_chunk_count():
    data = frame()
    first, second = chunk_designs("y ~ f + (1|g)", [data[:30], data[30:]])
    assert first.x_names == ["Intercept", "f[T.a]", "f[T.b]", "f[T.q]"] == second.x_names
    assert second.X[:, 3].sum() == 0


def test_groups_are_discovered_on_the_way():
    data = frame(6).assign(g=list("bbaacb"))
    first, second = chunk_designs("y ~ x + (1|g)", [data[:2], data[2:]])
    assert first.terms[0].levels.tolist() == ["b"]
    assert second.terms[0].levels.tolist() == ["b", "a", "c"]
    assert second.terms[0].codes.tolist() == [1, 1, 2, 0]
    codes, _ = second.terms[0].rows(data.assign(g=list("cabxxb")))
    assert codes.tolist() == [2, 1, 0, -1, -1, 0]


def test_chunks_that_do_not_fit():
    data = frame()
    with pytest.raises(ValueError, match="'low' is not one of the known levels .*levels={"):
        list(chunk_designs("y ~ h + (1|g)", [data.assign(h=["high", "mid"] * 30), data]))
    with pytest.raises(KeyError, match="no column 'x' in the new data"):
        list(chunk_designs("y ~ x + (1|g)", [data, data.drop(columns="x")]))
    with pytest.raises(KeyError, match="no column 'hh' in the data; did you mean 'h'"):
        list(chunk_designs("y ~ h + (1|g)", [data], levels={"hh": ["high", "low"]}))
    with pytest.raises(ValueError, match="weights must be the name of a column"):
        list(chunk_designs("y ~ x + (1|g)", [data], weights=np.ones(60)))
    with pytest.raises(ValueError, match="iterable of chunks is empty"):
        list(chunk_designs("y ~ x + (1|g)", []))


def test_chunk_weights_come_from_a_column():
    pieces = chunk_designs("y ~ x + (1|g)", [frame()[:30], frame()[30:]], weights="count")
    weights = list(itertools.chain.from_iterable(piece.weights for piece in pieces))
    assert weights == frame()["count"].tolist()


def test_sizes_can_be_checked_after_the_last_chunk():
    bar = split_bars("y ~ (x|g)").bars[0]
    check_sizes(100, [(bar, 10, 2)])
    for n, levels, says in [(100, 1, "one level"), (9, 9, "as many levels"), (20, 10, "10 x 2 =")]:
        with pytest.raises(ValueError, match=says):
            check_sizes(n, [(bar, levels, 2)])
