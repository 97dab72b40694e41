"""The V-matrix builders: the definitions, and what they say to bad input."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import mmteach as mm


def double_loop(sigma2_b, sigma2, groups):
    """V cell by cell, as one writes it on the board."""
    n = len(groups)
    V = np.zeros((n, n))
    for i in range(n):
        for k in range(n):
            if groups[i] == groups[k]:
                V[i, k] = sigma2_b
            if i == k:
                V[i, k] += sigma2
    return V


@pytest.mark.parametrize("seed", range(20))
def test_V_equals_the_double_loop_on_random_groups(seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(
        np.concatenate([["a", "b"], rng.choice(list("abcde"), rng.integers(3, 30))])
    )
    sigma2_b, sigma2 = rng.uniform(0, 9, 2)
    q = len(set(groups))
    expected = double_loop(sigma2_b, sigma2, groups)
    V = mm.build_V(mm.build_Z(groups), mm.build_G(sigma2_b, q), mm.build_R(sigma2, len(groups)))
    np.testing.assert_allclose(V, expected, atol=1e-12)
    np.testing.assert_allclose(mm.build_V_cs(sigma2_b, sigma2, groups), expected, atol=1e-12)


def test_Z_of_several_factors_stands_side_by_side():
    a, b = list("xxyy"), pd.Categorical(list("pqpq"), categories=["q", "p"])
    Z = np.hstack([mm.build_Z(a), mm.build_Z(b)])
    assert np.array_equal(mm.build_Z([a, b]), Z)
    assert np.array_equal(mm.build_Z({"a": a, "b": b}), Z)
    assert np.array_equal(mm.build_Z(pd.DataFrame({"a": a, "b": b})), Z)
    assert np.array_equal(Z[:, 2], [0, 1, 0, 1])  # the order of the categories, not of the alphabet


def test_random_slopes_give_the_covariance_of_two_rows():
    Sigma, days = np.array([[4.0, 0.5], [0.5, 1.0]]), np.array([0.0, 1.0, 2.0])
    x = np.column_stack([np.ones(3), days])
    Z = mm.build_Z(["s", "s", "t"], x=x)
    V = mm.build_V(Z, mm.build_G([Sigma], [2]), mm.build_R(2.0, 3))
    assert V[0, 1] == pytest.approx(x[0] @ Sigma @ x[1])
    assert V[2, 2] == pytest.approx(x[2] @ Sigma @ x[2] + 2)
    assert V[0, 2] == 0


def test_R_takes_one_variance_per_row():
    assert np.array_equal(np.diag(mm.build_R([1.0, 2.0], 2)), [1, 2])


def test_G_of_one_term_is_written_in_three_ways():
    Sigma = np.array([[4.0, 0.5], [0.5, 1.0]])
    for G in (
        mm.build_G(Sigma, 2),
        mm.build_G([Sigma], [2]),
        mm.build_G(pd.DataFrame(Sigma), np.int64(2)),
    ):
        assert np.array_equal(G, np.kron(np.eye(2), Sigma))
    assert np.array_equal(
        mm.build_G(pd.Series([4.0, 1.0], index=[7, 9]), (2, 1)), np.diag([4, 4, 1])
    )


def test_the_size_of_a_matrix_is_asked_before_it_is_made():
    tracemalloc.start()
    for make in (
        lambda: mm.build_Z(np.arange(100_000)),
        lambda: mm.build_G([1.0, 2.0], [5000, 5000]),
        lambda: mm.build_R(1.0, 10**5),
        lambda: mm.build_V_cs(1, 1, np.arange(10**4)),
        lambda: mm.reml_objective(
            [0, 0], np.zeros(10**4), np.ones((10**4, 1)), np.arange(10**4) % 50
        ),
    ):
        with pytest.raises(ValueError, match="look at a smaller part of the data"):
            make()
    largest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert largest < 50e6


def test_unused_categories_give_no_column():
    groups = pd.Categorical(["a", "b"], categories=["a", "b", "c"])
    assert mm.build_Z(groups).shape == (2, 2)


X = pd.DataFrame({"mean": [1.0, 1.0]})
BAD = {
    "one level": (lambda: mm.build_Z(["a", "a"]), "only one level .*at least two groups"),
    "missing label": (lambda: mm.build_Z(["a", None, "b"]), "missing label.*row 1.*drop"),
    "empty": (lambda: mm.build_Z([]), "empty"),
    "lengths of factors": (lambda: mm.build_Z([["a", "b"], ["a", "b", "c"]]), "different lengths"),
    "length of x": (lambda: mm.build_Z(["a", "b"], x=[1.0]), "1 rows but groups has 2"),
    "x with two factors": (
        lambda: mm.build_Z([["a", "b"], ["c", "d"]], x=[1.0, 2.0]),
        "one grouping factor",
    ),
    "NaN in x": (lambda: mm.build_Z(["a", "b"], x=[1.0, np.nan]), r"x holds 1 value.*index \[1\]"),
    "text in x": (lambda: mm.build_Z(["a", "b"], x=["u", "v"]), "x must hold numbers"),
    "negative variance in G": (
        lambda: mm.build_G(-1.0, 2),
        "variance 1 is negative .*zero or larger",
    ),
    "variances and factors": (lambda: mm.build_G([1.0, 2.0], [3]), "2 variances for 1 grouping"),
    "one variance, two factors": (lambda: mm.build_G(1.0, [3, 2]), "1 variances for 2 grouping"),
    "correlation over one": (lambda: mm.build_G([[[1, 2], [2, 1]]], [2]), "correlation exceeds 1"),
    "not symmetric": (lambda: mm.build_G([[[1, 0.5], [0, 1]]], [2]), "symmetric"),
    "negative variance in R": (lambda: mm.build_R(-1.0, 2), "sigma2 is negative"),
    "NaN in R": (lambda: mm.build_R(np.nan, 2), "missing or infinite"),
    "variances in R": (lambda: mm.build_R([1.0, 2.0, 3.0], 2), r"one per row \(2\)"),
    "shape of G": (
        lambda: mm.build_V(np.ones((3, 2)), np.eye(3), np.eye(3)),
        "Z has 2 columns, so G must be 2 x 2",
    ),
    "shape of R": (
        lambda: mm.build_V(np.ones((3, 2)), np.eye(2), np.eye(2)),
        "Z has 3 rows, so R must be 3 x 3",
    ),
    "Z without columns": (
        lambda: mm.build_V(np.ones(3), np.eye(2), np.eye(2)),
        "Z must have 2 dimension",
    ),
    "negative short cut": (lambda: mm.build_V_cs(-1, 1, ["a", "b"]), "sigma2_b is negative"),
    "no groups": (lambda: mm.build_Z(None), "groups is None; give one label per row"),
    "an empty dict": (lambda: mm.build_Z({}), "groups holds no column"),
    "the name of a column": (
        lambda: mm.build_Z("school"),
        "groups is 'school'; give one label per row",
    ),
    "labels that cannot be sorted out": (
        lambda: mm.build_Z([{}, {}]),
        "grouping factor 1 is {}; give one label",
    ),
    "a table in a column": (lambda: mm.build_Z({"a": X}), "'a' is a DataFrame of shape"),
    "Z too large": (lambda: mm.build_Z(np.arange(100_000)), r"Z would have 1e\+10 cells \(80 GB\)"),
    "x with three dimensions": (
        lambda: mm.build_Z(["a", "b"], np.ones((2, 2, 2))),
        "x must have 2 dimension",
    ),
    "numbers as text in x": (
        lambda: mm.build_Z(["a", "b"], ["1", "2"]),
        "x must hold numbers, but holds text",
    ),
    "complex x": (
        lambda: mm.build_Z(["a", "b"], [1j, 2]),
        "x must hold numbers, but holds complex128",
    ),
    "dates in x": (lambda: mm.build_Z(["a", "b"], pd.date_range("2020", periods=2)), "datetime64"),
    "a negative number of levels": (
        lambda: mm.build_G(1.0, -1),
        "n_levels, the number of levels, is -1; it must",
    ),
    "levels as text": (
        lambda: mm.build_G(1.0, "3"),
        "n_levels, the number of levels, is '3'; it must",
    ),
    "labels for their number": (lambda: mm.build_G(1.0, ["a", "b"]), "1 variances for 2 grouping"),
    "G too large": (lambda: mm.build_G(1.0, 10**6), r"G would have 1e\+12 cells"),
    "no variance": (lambda: mm.build_G(None, 2), "variance 1 is missing"),
    "an empty covariance matrix": (
        lambda: mm.build_G([np.ones((0, 0))], [2]),
        "variance 1 is empty",
    ),
    "R, the two exchanged": (
        lambda: mm.build_R(3, 225.5),
        "n, the number of rows, is 225.5; it must be a whole",
    ),
    "R too large": (lambda: mm.build_R(1.0, 10**6), r"R would have 1e\+12 cells \(8e\+03 GB\)"),
    "short cut, exchanged": (
        lambda: mm.build_V_cs(["a", "b"], 100, 225),
        r"sigma2_b is \['a', 'b'\]; it must be one number",
    ),
    "short cut too large": (
        lambda: mm.build_V_cs(1, 1, np.arange(10_000)),
        r"V would have 1e\+08 cells",
    ),
    "one size": (lambda: mm.build_lambdas([1.0], 1), r"sizes is 1; give a list .* such as \[1\]"),
    "one theta": (lambda: mm.build_lambdas(1.0, [1]), "theta must have 1 dimension.s., but is 1.0"),
    "missing theta": (lambda: mm.build_lambdas([np.nan], [1]), "theta holds 1 value"),
    "number of theta": (
        lambda: mm.build_lambdas([1.0], [2]),
        "theta has 1 values, but the terms need 3",
    ),
    "two factors in the short cut": (
        lambda: mm.build_V_cs(1, 1, [["a", "b"], ["a", "b"]]),
        "one grouping factor",
    ),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=BAD)
def test_bad_input_names_the_culprit_and_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()
