"""The pictures: their readings come from the data, and nothing leaks into the session."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

import mmteach as mm
from mmteach import plots

TWO_SCHOOLS = ["S1", "S1", "S2", "S2"]
V = mm.build_V_cs(100, 225, TWO_SCHOOLS)


@pytest.fixture(autouse=True)
def no_trace():
    """Every test starts without figures and ends with the settings it found."""
    plt.close("all")
    before = dict(plt.rcParams)
    yield
    assert dict(plt.rcParams) == before, "a plot function changed matplotlib's settings"
    plt.close("all")


@pytest.fixture
def trial():
    return mm.load("sorghum")


def cell_texts(ax):
    return [text.get_text() for text in ax.texts]


# --- readings ----------------------------------------------------------------------------


def test_matrix_reading_of_the_trial(trial):
    V_trial = mm.build_V_cs(2906, 25627, trial.block)
    assert plots.show_matrix(V_trial, trial.block) == (
        "72 × 72 matrix in 4 blocks of 18: 28533 on the diagonal, 2906 inside a block, "
        "0 between blocks."
    )


@pytest.mark.parametrize(
    "matrix, groups, reading",
    [
        (mm.build_R(25627, 6), None, "6 × 6 matrix: 25627 on the diagonal, 0 elsewhere."),
        (
            V,
            ["S1", "S2", "S1", "S2"],
            "4 × 4 matrix in 2 groups of 2: 325 on the diagonal, 0 inside a group, "
            "0 to 100 between groups.",
        ),
        (
            mm.build_V_cs(1, 2, list("aab")),
            list("aab"),
            "3 × 3 matrix in 2 blocks of 1 to 2: 3 on the diagonal, 1 inside a block, 0 between blocks.",
        ),
        (
            mm.build_Z(TWO_SCHOOLS),
            TWO_SCHOOLS,
            "4 × 2 matrix of zeros and ones: each row holds 1 one, each column 2.",
        ),
        (
            np.array([[1.0, 0], [1, 1]]),
            None,
            "2 × 2 matrix of zeros and ones: each row holds 1 to 2 ones, each column 1 to 2.",
        ),
        (
            np.array([[1.0, 0.0, -2.5]]),
            None,
            "1 × 3 matrix: values from -2.5 to 1, 33 % of them zero.",
        ),
        (np.array([[1.0, 3.0]]), None, "1 × 2 matrix: values from 1 to 3, none of them zero."),
        (np.array([[7.0]]), None, "1 × 1 matrix: 7 on the diagonal."),
        (np.diag([2.0, -0.0]), None, "2 × 2 matrix: 0 to 2 on the diagonal, 0 elsewhere."),
    ],
)
def test_matrix_readings(matrix, groups, reading):
    assert plots.show_matrix(matrix, groups) == reading


def test_matrix_reading_follows_the_values():
    changed = V.copy()
    changed[0, 1] = changed[1, 0] = 90
    assert "90 to 100 inside a block" in plots.show_matrix(changed, TWO_SCHOOLS)


def test_field_reading_tells_complete_from_incomplete(trial):
    assert plots.show_field(trial, "block", "genotype") == (
        "4 blocks of 18 plots; each of the 18 genotypes stands once in every block."
    )
    lost = plots.show_field(trial.drop(index=0), "block", "genotype")
    assert (
        lost == "4 blocks of 17 to 18 plots; the blocks are not complete: G01 is missing from R1."
    )
    several = plots.show_field(trial.drop(index=[0, 1]), "block", "genotype")
    assert several.endswith(
        "2 of the 72 pairs of a block and a genotype do not stand exactly once, "
        "for example G01 is missing from R1."
    )
    twice = plots.show_field(trial.iloc[[*range(72), 0]], "block", "genotype")
    assert twice.endswith("the blocks are not complete: G01 stands 2 times in R1.")


def test_interval_reading_has_every_analysis():
    reading = plots.show_intervals(
        list("ABC"), {"fixed": ([3, 1, 2], 0.5, 0.7), "mixed": ([3, 1, 2], [0.6, 0.6, 0.7])}
    )
    assert reading == (
        "3 means, from 1 (B) to 3 (A). Fixed: standard error of a mean 0.5, of a difference 0.7. "
        "Mixed: standard error of a mean 0.6 to 0.7."
    )
    with_unit = plots.show_intervals(["A"], {"fixed": ([3], 0.5, 0.7)}, unit="yield (t/ha)")
    assert with_unit.count(" t/ha") == 4


def test_point_reading_of_the_trial(trial):
    assert plots.show_points(trial.yield_kg_ha, trial.genotype, trial.block) == (
        "72 values; the genotype means run from 285.2 (G17) to 1030 (G18). "
        "Block R1 holds the highest value of 10 of the 18 genotypes, R3 of 3, R4 of 3, R2 of 2."
    )
    assert plots.show_points([1, 2, 6], ["a", "a", "b"]) == (
        "3 values; the category means run from 1.5 (a) to 6 (b)."
    )


def test_point_reading_takes_unit_and_names_from_what_is_given():
    potash = mm.load("potash")
    assert plots.show_points(
        potash.strength, potash.k2o_lb_ac, potash.block, unit="strength (index)"
    ) == (
        "15 values; the means at 5 values of k2o_lb_ac run from 7.45 index (144) to 8.053 index (54). "
        "Block 2 holds the highest value at 3 of the 5 values, 1 at 1, 3 at 1."
    )
    axes = plt.gca()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("k2o_lb_ac", "strength (index)")
    assert "points (S2)" in plots.show_points(
        *(mm.load("schools")[c] for c in ("score", "school")), unit="(points)"
    )
    assert "the site-year means run" in plots.show_points(
        *(mm.load("clover")[c] for c in ("biomass", "site_year"))
    )


@pytest.mark.parametrize(
    "raw, shrunk, reading",
    [
        (
            [90.0, -60.0],
            [45.0, -30.0],
            "Each of the 2 effects keeps 50 % of what was measured: 90 becomes 45 for R1.",
        ),
        (
            [90.0, -60.0],
            [45.0, -15.0],
            "The 2 effects keep from 25 % to 50 % of what was measured: 90 becomes 45 for R1.",
        ),
        (
            [90.0, -60.0],
            [90.0, -60.0],
            "Each of the 2 effects stays as it was measured, none is shrunk: 90 for R1.",
        ),
        (
            [90.0, -60.0],
            [45.0, 30.0],
            "The 2 effects do not shrink in proportion, some change sides: 90 becomes 45 for R1.",
        ),
        ([90.0, 0.0], [45.0, -3.0], "The 2 effects move by up to 45: 90 becomes 45 for R1."),
        ([0.0, 0.0], [0.0, 0.0], "Each of the 2 effects is zero, before and after."),
    ],
)
def test_shrinkage_readings(raw, shrunk, reading):
    assert plots.show_shrinkage(["R1", "R2"], raw, shrunk) == reading


def test_shrinkage_reading_has_the_unit_and_one_effect():
    assert plots.show_shrinkage(["R1"], [90.18], [60.52], unit="kg/ha") == (
        "The effect keeps 67.1 % of what was measured: 90.18 kg/ha becomes 60.52 kg/ha for R1."
    )
    assert plt.gca().get_xlabel() == "deviation (kg/ha)"


def test_sampling_reading_follows_the_columns():
    many = np.arange(2000.0) - 500  # 500 of 2000 lie below zero
    reading = plots.show_sampling(pd.DataFrame({"ML": many, "REML": many + 250}), 500)
    assert reading == (
        "The truth is 500. Averaged over 2000 samples, ML gives 499.5 (25 % of its estimates lie "
        "below zero), REML 749.5 (12.5 % below zero)."
    )
    assert plots.show_sampling({"A": [3.0, 3.0], "B": [3.0, 3.0]}, 3) == (
        "The truth is 3. Averaged over 2 samples, A gives 3, B 3; no estimate lies below zero."
    )


def price_and_misfit(s):
    return pd.DataFrame({"price": s / 10, "misfit": 40 / (s + 10), "own": -s / 20}, index=s)


def test_terms_reading_finds_the_lowest_point_of_each_sum():
    s = np.arange(0.0, 101)
    reading = plots.show_terms(
        price_and_misfit(s), {"ML": ["price", "misfit"], "REML": ["price", "misfit", "own"]}
    )
    # s/10 + 40/(s + 10) is lowest at 10, s/20 + 40/(s + 10) at sqrt(800) - 10
    assert reading == (
        "ML is lowest at 10, and less than 1 above that from 1 to 29; "
        "REML is lowest at 18, and less than 1 above that from 3 to 54."
    )
    ml, reml = plt.gca().lines[3:]
    assert ml.get_ydata()[0] == 0 and ml.get_markevery() == [10] and reml.get_markevery() == [18]


def bowl(a, b):
    return (a - 1) ** 2 + 4 * (b - 2) ** 2


def test_surface_reading_has_the_steps_and_the_width():
    first, second = np.linspace(-1, 4, 51), np.linspace(0, 4, 41)
    names = ("$\\sigma_b$", "$\\sigma$")
    path = [[4, 4], [2, 3], [1, 2]]
    assert plots.show_surface(bowl, first, second, path, names=names) == (
        "The search takes 2 steps, to sigma_b 1 and sigma 2. The criterion is less than 2 above its "
        "lowest value for sigma_b from -0.4 to 2.4."
    )
    assert plots.show_surface(bowl, first, second, unit="points") == (
        "The criterion is less than 2 above its lowest value for first from -0.4 to 2.4 points."
    )
    assert "nowhere on the grid" in plots.show_surface(bowl, first + 5, second, path)


def test_surface_is_drawn_with_the_first_parameter_across():
    plots.show_surface(
        bowl, np.linspace(-1, 3, 41), np.linspace(0, 9, 41), [[2, 3], [1, 2]], (1, 2), unit="points"
    )
    ax = plt.gca()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("first (points)", "second (points)")
    steps, star = ax.lines
    assert steps.get_xdata().tolist() == [2, 1] and star.get_xydata().tolist() == [[1, 2]]
    around = np.vstack(ax.collections[0].get_paths()[0].vertices)  # 0.2 above the lowest point
    assert np.allclose(bowl(*around.T), 0.2, atol=0.1)


def test_curves_reading_tells_a_lowest_point_from_an_end():
    x = np.linspace(-2, 2, 41)
    curves = {"bowl": (x, (x - 0.5) ** 2), "fall": (x, -x)}
    assert plots.show_curves(curves) == (
        "The curve 'bowl' is lowest at 0.5, 'fall' at 2 (the right end of the curve)."
    )
    assert plots.show_curves(curves, "highest", label="$\\theta$") == (
        "The curve 'bowl' is highest at theta -2 (the left end of the curve), 'fall' at -2 (the left end of the "
        "curve)."
    )
    plots.show_curves(curves, limits=(0, 1))
    bowl_line, fall_line = plt.gca().lines
    assert plt.gca().get_ylim() == (0, 1)
    assert bowl_line.get_linestyle() != fall_line.get_linestyle()


# --- what is drawn -----------------------------------------------------------------------


def draw_all(axes, trial):
    plots.show_matrix(V, TWO_SCHOOLS, ax=axes[0])
    plots.show_field(trial, "block", "genotype", ax=axes[1])
    plots.show_intervals(["A"], {"fixed": ([1.0], 0.1)}, ax=axes[2])
    plots.show_shrinkage(["R1"], [2.0], [1.0], ax=axes[3])
    plots.show_points([1.0, 2.0], ["a", "b"], ax=axes[4])
    plots.show_sampling({"A": [1.0, 2.0, 4.0]}, 2, ax=axes[5])
    plots.show_terms(price_and_misfit(np.arange(9.0)), {"all": ["price"]}, at=3, ax=axes[6])
    plots.show_surface(bowl, np.arange(4.0), np.arange(4.0), ax=axes[7])
    plots.show_curves({"line": ([0.0, 1.0], [1.0, 2.0])}, ax=axes[8])


def test_given_axes_are_used_and_no_figure_is_added(trial):
    figure, axes = plt.subplots(3, 3)
    axes = axes.ravel()
    draw_all(axes, trial)
    assert all(ax.has_data() or ax.patches for ax in axes)
    assert plt.get_fignums() == [figure.number]


def test_without_axes_each_call_makes_one_figure():
    plots.show_matrix(V)
    plots.show_shrinkage(["R1"], [2.0], [1.0])
    assert len(plt.get_fignums()) == 2


def test_titles_are_set(trial):
    for draw in (
        lambda **k: plots.show_matrix(V, **k),
        lambda **k: plots.show_field(trial, "block", "genotype", **k),
        lambda **k: plots.show_intervals(["A"], {"fixed": ([1.0], 0.1)}, **k),
        lambda **k: plots.show_points([1.0, 2.0], ["a", "b"], **k),
        lambda **k: plots.show_shrinkage(["R1"], [2.0], [1.0], **k),
        lambda **k: plots.show_sampling({"A": [1.0, 2.0, 4.0]}, 2, **k),
        lambda **k: plots.show_terms(price_and_misfit(np.arange(9.0)), {"all": ["price"]}, **k),
        lambda **k: plots.show_surface(bowl, np.arange(4.0), np.arange(4.0), **k),
        lambda **k: plots.show_curves({"line": ([0.0, 1.0], [1.0, 2.0])}, **k),
    ):
        _, ax = plt.subplots()
        draw(ax=ax, title="Here")
        assert "Here" in (ax.get_title(), ax.get_title(loc="left"))


def test_small_matrix_shows_numbers_or_symbols_and_a_large_one_neither():
    _, (numbers, symbols, array, large) = plt.subplots(1, 4)
    plots.show_matrix(V, ax=numbers)
    assert cell_texts(numbers)[:4] == ["325", "100", "0", "0"]
    plots.show_matrix(V, symbols={325: "diagonal", 100: "inside"}, ax=symbols)
    assert cell_texts(symbols)[:3] == ["diagonal", "inside", "0"]  # no symbol: the number
    plots.show_matrix(V, symbols=np.full((4, 4), "x"), ax=array)
    assert set(cell_texts(array)) == {"x"}
    plots.show_matrix(np.eye(13), ax=large)
    assert cell_texts(large) == []


def test_symbols_are_found_despite_rounding_errors():
    plots.show_matrix(V * (1 + 1e-13), symbols={325: "d", 100: "c", 0: "0"})
    assert set(cell_texts(plt.gca())) == {"d", "c", "0"}


def test_group_lines_stand_between_the_groups():
    _, (square, tall) = plt.subplots(1, 2)
    plots.show_matrix(V, TWO_SCHOOLS, ax=square)
    plots.show_matrix(mm.build_Z(TWO_SCHOOLS), TWO_SCHOOLS, ax=tall)
    assert [list(line.get_ydata()) for line in square.lines[:1]] == [[1.5, 1.5]]
    assert len(square.lines) == 2 and len(tall.lines) == 1  # rows and columns; rows only
    assert [tick.get_text() for tick in square.get_yticklabels()] == ["S1", "S2"]


def test_lightness_alone_tells_the_values_apart():
    """Printed in grey, a larger covariance is darker, and zero is white."""
    _, ax = plt.subplots()
    plots.show_matrix(np.array([[0.0, 1.0, 2.0, 4.0, 8.0, 16.0]]), ax=ax)
    image = ax.images[0]
    rgb = image.cmap(image.norm(image.get_array()))[0, :, :3]
    light = rgb @ [0.299, 0.587, 0.114]
    assert np.allclose(rgb[0], 1) and (np.diff(light) < -0.02).all()


def test_colour_is_proportional_to_the_value():
    """A covariance of a tenth of the variance takes the colour at a tenth of the bar."""
    V_trial = mm.build_V_cs(2906, 25627, mm.load("sorghum").block)
    figure, ax = plt.subplots()
    plots.show_matrix(V_trial, mm.load("sorghum").block, ax=ax, unit="kg²/ha²")
    norm = ax.images[0].norm
    assert norm(0) == 0 and norm(28533) == 1 and norm(2906) == pytest.approx(2906 / 28533)
    bar = next(other for other in figure.axes if other is not ax)
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["0", "2906", "28533"]
    assert bar.get_ylabel() == "kg²/ha²"


def test_letters_too_small_to_read_give_way_to_the_bar():
    figure, axes = plt.subplots(1, 6, figsize=(9, 2))
    plots.show_matrix(np.arange(144.0).reshape(12, 12), ax=axes[0])
    assert not axes[0].texts and len(figure.axes) == 7


def test_signed_matrices_put_white_in_the_middle():
    _, ax = plt.subplots()
    plots.show_matrix(np.array([[1.0, -1.0], [-1.0, 1.0]]), ax=ax)
    norm = ax.images[0].norm
    assert norm(0) == 0.5 and norm(-1) == 0


def test_text_is_readable_on_its_cell():
    _, ax = plt.subplots()
    plots.show_matrix(V, ax=ax)
    image = ax.images[0]
    for text in ax.texts:
        j, i = (int(place) for place in text.get_position())
        behind = (1, 1, 1) if V[i, j] == 0 else image.cmap(image.norm(V[i, j]))[:3]
        contrast = abs(np.dot(np.subtract(to_rgb(text.get_color()), behind), [0.299, 0.587, 0.114]))
        assert contrast > 0.35, text.get_text()


def test_the_sed_bar_is_as_long_as_the_sed():
    _, ax = plt.subplots()
    plots.show_intervals(["A"], {"fixed": ([10.0], 1.0, 3.0)}, unit="kg", ax=ax)
    assert ax.get_ylabel() == "kg"
    ends = ax.containers[-1].lines[2][0].get_segments()[0][:, 1]
    assert np.ptp(ends) == pytest.approx(3.0)


def test_points_stand_at_their_categories_and_none_hides_another():
    _, ax = plt.subplots()
    plots.show_points([3.0, 1.0, 2.0, 9.0], list("aaab"), sort=False, ax=ax)
    x = np.concatenate([line.get_xdata() for line in ax.lines])
    assert len(set(x)) == 4 and sorted(np.round(x)) == [0, 0, 0, 1]
    plots.show_points([3.0, 1.0], list("ab"), sort=True, ax=ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["b", "a"]


def test_a_group_keeps_its_side_and_the_order_in_the_file_draws_no_slope():
    _, (sides, alone) = plt.subplots(1, 2)
    plots.show_points([1.0, 1, 2, 2], list("aabb"), list("pqpq"), ax=sides)
    first, second = sides.lines[:2]
    assert (first.get_xdata() < [0, 1]).all() and (second.get_xdata() > [0, 1]).all()
    plots.show_points(np.arange(18.0), ["a"] * 18, ax=alone)
    x = alone.lines[0].get_xdata()
    assert abs(np.corrcoef(x, np.arange(18))[0, 1]) < 0.3 and np.diff(np.sort(x)).min() > 0.02


def test_legends_explain_what_is_drawn_and_stand_once():
    figure, (one, two) = plt.subplots(1, 2)
    for ax in (one, two):
        plots.show_shrinkage(["R1"], [2.0], [1.0], ax=ax)
    assert [text.get_text() for text in one.get_legend().get_texts()] == ["raw", "shrunken"]
    assert two.get_legend() is None
    for draw, words in (
        (lambda: plots.show_points([1.0, 2.0], list("ab"), list("pq")), ["p", "q", "mean"]),
        (lambda: plots.show_points([1.0, 2.0], list("ab")), ["one value", "mean"]),
        (lambda: plots.show_sampling({"A": [1.0, 2.0]}, 2), ["average", "truth"]),
        (lambda: plots.show_intervals(["A"], {"f": ([1.0], 1), "m": ([1.0], 1)}), ["f", "m"]),
        (
            lambda: plots.show_surface(bowl, [0, 1], [0, 9], [[1, 2]], (1, 2)),
            ["steps of the search", "truth"],
        ),
        (lambda: plots.show_curves({"a": ([0, 1], [0, 1]), "b": ([0, 1], [0, 1])}), ["a", "b"]),
        (
            lambda: plots.show_terms(price_and_misfit(np.arange(9.0)), {"all": ["price"]}, at=3),
            ["price", "misfit", "own", "all", "at 3"],
        ),
    ):
        plt.figure()
        draw()
        assert [text.get_text() for text in plt.gca().get_legend().get_texts()] == words


def test_a_legend_covers_no_contour_label():
    plots.show_surface(
        bowl, np.linspace(-1, 4, 51), np.linspace(0, 4, 41), [[4, 4], [1, 2]], (1, 2)
    )
    ax = plt.gca()
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y0 >= ax.get_window_extent().y1 - 1


def test_many_names_stand_upright():
    _, (few, many) = plt.subplots(2, 1)
    plots.show_points(np.arange(3.0), list("abc"), ax=few)
    plots.show_points(np.arange(35.0), [f"C{i:02d}" for i in range(35)], ax=many)
    assert [ax.get_xticklabels()[0].get_rotation() for ax in (few, many)] == [0, 90]


def test_split_draws_a_line_between_columns():
    _, ax = plt.subplots()
    plots.show_matrix(np.eye(4)[:, [0, 1, 2]], split=[2], ax=ax)
    assert [list(line.get_xdata()) for line in ax.lines] == [[1.5, 1.5]]


def test_axis_limit_of_shrinkage_is_kept():
    _, ax = plt.subplots()
    plots.show_shrinkage(["R1", "R2"], [9.0, -9.0], [1.0, -1.0], ax=ax, limit=50)
    assert ax.get_xlim() == (-50, 50) and len(ax.texts) == 2  # two arrows


def test_short_moves_get_no_arrow():
    _, ax = plt.subplots()
    plots.show_shrinkage(["R1", "R2"], [9.0, -9.0], [9.0, -8.9], ax=ax)
    assert not ax.texts


# --- bad input and innocence -------------------------------------------------------------


def test_the_callers_data_stay_as_they_were(trial):
    matrix, frame, raw = V.copy(), trial.copy(), np.array([1.0, 2.0])
    plots.show_matrix(matrix, TWO_SCHOOLS)
    plots.show_field(frame, "block", "genotype")
    plots.show_shrinkage(["a", "b"], raw, raw / 2)
    terms, x = price_and_misfit(np.arange(9.0)), np.arange(3.0)
    kept, samples = terms.copy(), pd.DataFrame({"ML": raw})
    plots.show_terms(terms, {"all": ["price"]})
    plots.show_sampling(samples, 1)
    plots.show_curves({"x": (x, x)})
    assert terms.equals(kept) and samples.ML.tolist() == [1, 2] and x.tolist() == [0, 1, 2]
    assert (matrix == V).all() and frame.equals(trial) and (raw == [1, 2]).all()


@pytest.mark.parametrize(
    "call, culprit",
    [
        (lambda: plots.show_matrix(V, ["S1"]), "groups has 1 labels but M has 4 rows"),
        (lambda: plots.show_matrix(V, labels=["a"]), "1 labels for 4 rows"),
        (
            lambda: plots.show_matrix(V, symbols=np.array([["x"]])),
            "symbols is 1 x 1 but M is 4 x 4",
        ),
        (lambda: plots.show_matrix([1.0, 2.0]), "M must have 2 dimension"),
        (lambda: plots.show_matrix(np.full((2, 2), np.nan)), "missing or infinite"),
        (lambda: plots.show_matrix(np.empty((0, 0))), "M is empty"),
        (
            lambda: plots.show_field(pd.DataFrame({"block": ["a"]}), "block", "diet"),
            "plots has no column 'diet' to be the treatment; give one of block",
        ),
        (lambda: plots.show_intervals(["A"], {"fixed": ([1.0],)}), "'fixed' needs .means, errors."),
        (lambda: plots.show_intervals(["A"], {"fixed": ([1.0, 2.0], 1.0)}), "2 values for 1 names"),
        (lambda: plots.show_intervals(["A"], {}), "0 analyses"),
        (lambda: plots.show_points([1.0], ["a", "b"]), "categories has 2 labels for 1 values"),
        (lambda: plots.show_points([1.0] * 5, list("abcde"), list("vwxyz")), "5 groups"),
        (lambda: plots.show_sampling({}, 1), "0 methods"),
        (lambda: plots.show_sampling({"A": [1.0], "B": [1.0, 2.0]}, 1), "different numbers"),
        (lambda: plots.show_sampling({"A": [np.nan]}, 1), "'A' holds 1 value"),
        (
            lambda: plots.show_terms(price_and_misfit(np.arange(3.0)), {"ML": ["cost"]}),
            "'ML' adds 'cost', which is not one of the terms: price, misfit, own",
        ),
        (lambda: plots.show_terms(pd.DataFrame({"a": [np.nan]}), {}), "terms holds 1 value"),
        (
            lambda: plots.show_surface(bowl, [0, 1], [0, 1], [[1, 2, 3]]),
            "path is 1 x 3; it needs two",
        ),
        (lambda: plots.show_surface(lambda a, b: np.nan, [0, 1], [0, 1]), "the criterion holds 4"),
        (lambda: plots.show_curves({"a": ([0.0, 1.0], [1.0])}), "2 values of x for 1 of y"),
        (
            lambda: plots.show_curves({"a": ([0.0], [1.0])}, "deepest"),
            "look_for='deepest' is unknown; did you mean 'lowest'",
        ),
        (lambda: plots.show_curves({}), "0 curves"),
        (lambda: plots.show_curves({"a": 3}), "'a' in curves is 3; give a pair"),
        (
            lambda: plots.show_curves({"a": ([1, 0], [1, 0])}),
            "x of 'a' must hold 1 or more numbers in ascending order",
        ),
        (lambda: plots.show_curves([1]), "curves is .1.; give a dict"),
        (lambda: plots.show_matrix(V, split="x"), "split is 'x'; give a list"),
        (lambda: plots.show_matrix(V * 1j), "M must hold numbers, but holds complex"),
        (lambda: plots.show_matrix(V, ax=3), "ax is 3; give axes of matplotlib"),
        (
            lambda: plots.show_matrix(V, ax=plt.subplots(1, 2)[1]),
            "ax is an array .*; give one of these, such as axes.0.",
        ),
        (lambda: plots.show_matrix(V, title=3), "title is 3; it must be text"),
        (lambda: plots.show_field(3, "block", "diet"), "plots is 3; give a pandas DataFrame"),
        (
            lambda: plots.show_field(mm.load("sorghum"), "block", "genotype", highlight="G99"),
            "highlight='G99' is none of the genotypes; did you mean",
        ),
        (lambda: plots.show_sampling({"A": [1.0]}, "one"), "truth is 'one'; it must be one number"),
        (
            lambda: plots.show_sampling({"A": [1.0]}, 1, limits=(2, 1)),
            "limits is .2, 1.; give two numbers, the lower",
        ),
        (lambda: plots.show_surface(bowl, [0], [0, 1]), "first must hold 2 or more numbers"),
        (
            lambda: plots.show_surface(len, [0, 1], [0, 1]),
            "criterion must be a function of two numbers",
        ),
        (
            lambda: plots.show_shrinkage(["a"], [1.0], [1.0], limit=-1),
            "limit is -1; give half the width",
        ),
        (lambda: plots.show_shrinkage(["A"], [1.0, 2.0], [1.0]), "1 names, 2 raw and 1 shrunken"),
    ],
)
def test_bad_input_is_named(call, culprit):
    with pytest.raises(ValueError, match=culprit.replace("'", ".")):
        call()
