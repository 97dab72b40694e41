"""The search ends at the lowest point, also where the criterion has several minima."""

import numpy as np
import pandas as pd
import pytest
from numpy.linalg import LinAlgError
from reference_values import FOLDER
from scipy.optimize import minimize, rosen, rosen_der

import mmteach as mm
from mmteach.engine import onefactor, search
from mmteach.engine.criterion import GivenSigma
from mmteach.engine.crossproducts import CrossProducts
from mmteach.engine.onefactor import OneFactor, suits
from mmteach.engine.search import bfgs, minimise

# --- a known case -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uneven():
    return mm.lmm(
        "y ~ f*c*q + (1|g) + (1|h)", pd.read_csv(FOLDER / "data" / "optimum_a.csv"), weights="w"
    )


def test_a_lower_point_far_from_the_boundary_is_found(uneven):
    assert uneven.criterion == pytest.approx(17.255074, abs=2e-6)
    np.testing.assert_allclose(uneven.theta, [12.85, 14.50], rtol=1e-3)
    assert uneven.profiled([0.131, 0.126]) == pytest.approx(
        20.872460, abs=1e-5
    )  # where moments alone lead


def test_the_trace_says_which_starts_were_tried(uneven):
    trace = uneven.trace
    assert list(trace.columns) == ["h.Intercept", "g.Intercept", "criterion", "start"]
    assert list(dict.fromkeys(trace.start))[:7] == [
        "moments",
        "all small",
        "all 1",
        "all large",
        "all huge",
        "term 1 alone",
        "term 2 alone",
    ]
    assert trace[trace.start == "moments"].criterion.min() == pytest.approx(20.872460, abs=1e-5)
    assert trace.criterion.min() == pytest.approx(uneven.criterion, abs=1e-9)


def test_another_start_is_given_up_on_its_way_to_a_known_end():
    fit = mm.lmm("yield_t_ha ~ genotype + fungicide + (1 | block/fungicide)", mm.load("barley"))
    spent = fit.trace.start.value_counts()
    assert set(spent.index) > {"all small", "all 1", "term 1 alone"}
    assert spent.drop("moments").max() < spent["moments"]


def test_large_models_are_searched_once_unless_they_end_near_zero(monkeypatch):
    products = CrossProducts.from_design(
        mm.design("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    )
    monkeypatch.setattr(search, "CHEAP", 21)  # one column less than [Z X] has
    assert {row[-1] for row in minimise(mm.ProfiledCriterion(products))[1]} == {"moments"}
    zero = CrossProducts.from_design(
        mm.design("yield ~ 1 + (1 | batch)", pd.read_csv(FOLDER / "data" / "dyestuff2.csv"))
    )
    monkeypatch.setattr(search, "CHEAP", 0)
    assert len({row[-1] for row in minimise(mm.ProfiledCriterion(zero))[1]}) > 3


def test_a_given_start_is_followed(uneven):
    theta, path = minimise(uneven.profiled, [13.0, 14.0])
    assert {row[-1] for row in path} == {"given"}
    np.testing.assert_allclose(theta, uneven.theta, rtol=1e-4)
    local, _ = minimise(uneven.profiled, [0.13, 0.13])  # no other start follows
    assert uneven.profiled(local) == pytest.approx(20.872460, abs=1e-5)


# --- random designs: 500 and more -----------------------------------------------------------

FIXED = ["1", "x", "f*x", "f*c", "f*c*x", "f*c*x*z", "x + I(x**2) + z + I(z**2) + x:z"]
RANDOM = [
    "(1 | g)",
    "(x | g)",
    "(x || g)",
    "(1 | g) + (1 | h)",
    "(1 | g/h)",
    "(x | g) + (1 | h)",
    "(1 | g) + (x | h)",
    "(x | g) + (z | h)",
    "(x + z | g)",
    "(0 + f | g)",
    "(1|g) + (1|h) + (1|k)",
]


def small_design(seed):
    """Few levels, heavy weights, more coefficients than wise: where minima are many."""
    rng = np.random.default_rng(seed)
    n, (J, H, K) = int(rng.integers(14, 36)), rng.integers(2, 8, 3)
    g, h, k = rng.permutation(np.arange(n) % J), rng.integers(0, H, n), rng.integers(0, K, n)
    x, z = rng.normal(size=(2, n)) * rng.choice([0.01, 1.0, 100.0], size=(2, 1), p=[0.1, 0.8, 0.1])
    sd = rng.choice([0, 0.1, 0.5, 2.0, 10.0], size=5)
    y = (
        sd[0] * rng.normal(size=J)[g]
        + sd[1] * rng.normal(size=J)[g] * x / x.std()
        + sd[2] * rng.normal(size=H)[h]
        + sd[3] * rng.normal(size=H)[h] * z / z.std()
        + sd[4] * rng.normal(size=K)[k]
        + rng.normal(size=n)
    )
    weights = [np.ones(n), np.exp(1.5 * rng.normal(size=n)), rng.uniform(0.2, 5, n)][
        rng.integers(3)
    ]
    data = pd.DataFrame(
        {
            "y": y,
            "x": x,
            "z": z,
            "g": g,
            "h": h,
            "k": k,
            "w": weights,
            "f": rng.integers(0, 3, n).astype(str),
            "c": rng.integers(0, 2, n).astype(str),
        }
    )
    return f"y ~ {rng.choice(FIXED)} + {rng.choice(RANDOM)}", data, rng


def is_bounded(design):
    """If X and Z together reproduce any y, the criterion has no lowest point."""
    columns = [design.X]
    for term in design.terms:
        Z = np.zeros((len(design.y), len(term.levels), len(term.names)))
        Z[np.arange(len(Z)), term.codes] = term.x
        columns.append(Z.reshape(len(Z), -1))
    W = np.hstack(columns)
    W = W / np.maximum(np.linalg.norm(W, axis=0), 1e-300)
    return np.linalg.matrix_rank(W) < len(W)


def lowest_of_many(d, rng, starts):
    """The lowest of scipy's searches from random thetas of all sizes, in units of Z."""
    units, diagonal = d.products.theta_units(), d.products.diagonal_places()

    def objective(phi):
        try:
            value, gradient = d.value_and_gradient(phi / units)
        except LinAlgError:
            return np.inf, np.zeros_like(phi)
        return value, gradient / units

    def end():
        size = np.exp(rng.uniform(np.log(0.03), np.log(40), len(units)))
        start = np.where(diagonal, size, 0.7 * size * rng.normal(size=len(units)))
        return minimize(objective, start, jac=True, method="BFGS", options={"gtol": 1e-4}).fun

    return min(end() for _ in range(starts))


@pytest.mark.parametrize("block", range(10))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_lower_point_from_many_random_starts(block):
    checked, missed = 0, []
    for seed in range(100 * block, 100 * block + 75):
        formula, data, rng = small_design(seed)
        try:
            design = mm.design(formula, data, "w")
        except ValueError:  # as many levels as rows, or as many coefficients
            continue
        if not is_bounded(design):
            continue
        d = mm.ProfiledCriterion(CrossProducts.from_design(design), reml=bool(seed % 3))
        ours, theirs = d(minimise(d)[0]), lowest_of_many(d, rng, 4)
        if ours > theirs + 1e-4:
            missed.append((seed, formula, ours - theirs))
        checked += 1
    assert not missed
    assert checked >= 50


# --- the criterion of small models from one factor ------------------------------------------


@pytest.mark.parametrize("reml", [True, False])
def test_one_factor_gives_the_criterion_and_its_gradient(reml):
    checked = set()
    for seed in range(1000, 1060):
        formula, data, rng = small_design(seed)
        try:
            design = mm.design(formula, data, "w")
        except ValueError:
            continue
        if not is_bounded(design):
            continue
        d = mm.ProfiledCriterion(CrossProducts.from_design(design), reml)
        assert suits(d.products) and search._Search(d).value_and_gradient.__class__ is OneFactor
        quick = OneFactor(d)
        for size in (0.0, 0.2, 3.0):
            theta = size * rng.normal(size=d.products.n_theta) / d.products.theta_units()
            value, gradient = quick(theta)
            expected, slopes = d.value_and_gradient(theta)
            assert value == pytest.approx(expected, rel=1e-11, abs=1e-9)
            units = d.products.theta_units()
            np.testing.assert_allclose(gradient / units, slopes / units, rtol=1e-7, atol=1e-7)
        checked.add((tuple(d.products.k), d.products.p))
    assert len(checked) > 20


def test_one_factor_without_fixed_effects_and_out_of_reach():
    data = mm.load("sleepstudy")
    for formula in ("reaction_ms ~ 0 + (days | subject)", "reaction_ms ~ days + (1 | subject)"):
        d = mm.ProfiledCriterion(CrossProducts.from_design(mm.design(formula, data)))
        theta = np.full(d.products.n_theta, 0.4)
        value, gradient = OneFactor(d)(theta)
        assert value == pytest.approx(d(theta), abs=1e-9)
        np.testing.assert_allclose(gradient, d.value_and_gradient(theta)[1], rtol=1e-9)
    with pytest.raises(LinAlgError):
        OneFactor(d)(np.array([1e12]))


def test_only_small_models_are_taken_from_one_factor(monkeypatch):
    d = mm.ProfiledCriterion(
        CrossProducts.from_design(mm.design("score ~ 1 + (1 | school)", mm.load("schools")))
    )
    assert search._Search(d).value_and_gradient.__class__ is OneFactor
    assert (
        search._Search(GivenSigma(d.products, True, 10.0)).value_and_gradient.__name__
        == "value_and_gradient"
    )
    monkeypatch.setattr(onefactor, "FEW_COLUMNS", 2)  # Z has 3
    assert search._Search(d).value_and_gradient == d.value_and_gradient


@pytest.mark.parametrize(
    ("seed", "start"), [(336, "all 1"), (426, "all large"), (525, "all 1"), (555, "all 1")]
)
def test_a_start_that_begins_higher_can_end_lower(seed, start):
    formula, data, _ = small_design(seed)
    d = mm.ProfiledCriterion(
        CrossProducts.from_design(mm.design(formula, data, "w")), reml=bool(seed % 3)
    )
    theta, path = minimise(d)
    first_end = min(row[-2] for row in path if row[-1] == "moments")
    values = [row[-2] for row in path if row[-1] == start]
    assert values[0] > first_end  # it would have been left out, were it judged by where it begins
    assert d(theta) == pytest.approx(min(values), abs=1e-6) and d(theta) < first_end - 0.5


# --- BFGS ---------------------------------------------------------------------------------


def test_bfgs_walks_along_a_valley():
    x, value, gradient = bfgs(
        lambda x: (rosen(x), rosen_der(x)),
        np.array([-1.2, 1.0, 0.5]),
        rosen([-1.2, 1.0, 0.5]),
        rosen_der(np.array([-1.2, 1.0, 0.5])),
        1e-6,
    )
    np.testing.assert_allclose(x, [1, 1, 1], atol=1e-5)
    assert value < 1e-10 and np.abs(gradient).max() <= 1e-6


def test_bfgs_steps_back_from_where_there_is_no_value():
    def f(x):  # defined for x < 1 only
        return (
            (-np.log(1 - x[0]) + x[0] ** 2, np.array([1 / (1 - x[0]) + 2 * x[0]]))
            if x[0] < 1
            else (np.inf, np.zeros(1))
        )

    start = np.array([-20.0])
    x, value, _ = bfgs(f, start, *f(start), 1e-8)
    assert x[0] == pytest.approx((1 - np.sqrt(3)) / 2, abs=1e-7)
