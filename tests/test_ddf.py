"""Kenward-Roger and Satterthwaite: against R, their definitions with n x n matrices, identities."""

import numpy as np
import pandas as pd
import pytest
from reference_values import assert_close, frame, reference
from scipy import stats

import mmteach as mm
from mmteach.engine import crossproducts
from mmteach.inference import ddf, variation
from mmteach.textbook.likelihood import minus2_loglik

MODELS = {model["id"]: model for model in reference("inference")["mixed"]}
SMALL_SAMPLE = ("satterthwaite", "kenward-roger")


def data_of(model):
    return frame(model["data"], "inference")


def any_order(name):
    """R writes b:a as a:b if a came first in the formula."""
    return ":".join(sorted(name.split(":")))


def fit_of(model):
    return mm.lmm(model["formula"], data_of(model), weights=model.get("weights"))


def over_all_columns(fit, L):
    """R's L has no weights for dropped columns."""
    out = np.zeros((len(L), len(fit.beta)))
    out[:, fit.beta.notna().to_numpy()] = L
    return out


# --- against lmerTest and pbkrtest ---------------------------------------------------------


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_coefficients_and_contrasts_equal_R(model):
    fit = fit_of(model)
    each = np.eye(len(fit.beta))[fit.beta.notna().to_numpy()]
    for method in SMALL_SAMPLE:
        table = model["coefficients"].get(method)
        if table is None or "df" not in table:
            continue
        ours = ddf.row_tests(fit, each, method)
        for name in ("estimate", "se", "df"):
            np.testing.assert_allclose(ours[name], table[name], rtol=5e-5, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(ours.t, table["t"], rtol=5e-5, atol=1e-5)
        np.testing.assert_allclose(ours.p, table["p"], rtol=1e-3, atol=1e-7)
    if model.get("vcov_adjusted"):
        assert_close(ddf.kenward_roger(fit).Phi_A, model["vcov_adjusted"], 5e-5)
    for tested in model.get("contrasts") or []:
        L = over_all_columns(fit, tested["L"])
        for method in SMALL_SAMPLE:
            ours = ddf.joint_test(fit, L, method)
            for name in ("f", "num_df", "den_df"):
                assert getattr(ours, name) == pytest.approx(tested[method][name], rel=5e-5), (
                    method,
                    name,
                )
        assert ours.scale == pytest.approx(tested["krmodcomp"]["scaling"], rel=5e-5)


def test_enough_models_of_every_kind():
    notes = " ".join(str(model.get("note")) for model in MODELS.values())
    assert len(MODELS) >= 8 and "boundary" in notes and "empty cell" in notes


# --- against the definitions, with n x n matrices --------------------------------------------


def crossed_design(seed, weights=True, boundary=False):
    """Two crossed factors, one with a slope, unbalanced; rows weighted."""
    rng = np.random.default_rng(seed)
    n = 60
    data = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "a": rng.choice(list("pqr"), n),
            "g": rng.integers(0, 9, n),
            "h": rng.integers(0, 5, n),
            "w": rng.uniform(0.5, 3, n) if weights else np.ones(n),
        }
    )
    g, h = rng.normal(size=(9, 2)) * [1.0, 0.7], 0.8 * rng.normal(size=5) * (not boundary)
    noise = rng.normal(size=n) / np.sqrt(data.w)
    if boundary:  # fewer differences between the levels of h than chance gives
        noise -= noise.groupby(data.h).transform("mean")
    return data.assign(y=1 + data.x + g[data.g, 0] + g[data.g, 1] * data.x + h[data.h] + noise)


FORMULA = "y ~ x * a + (x | g) + (1 | h)"


def definition(fit):
    """X, V^-1, Phi, P and the G_r for every variance and covariance, all dense, sigma^2 last."""
    X, Z, V = fit.X.to_numpy(), fit.Z.to_numpy(), fit.V.to_numpy()
    Vi = np.linalg.inv(V)
    Phi = np.linalg.inv(X.T @ Vi @ X)
    P = Vi - Vi @ X @ Phi @ X.T @ Vi
    G, at = [], 0
    for J, k in zip(fit.products.J, fit.products.k):
        Zt = Z[:, at : at + J * k]
        at += J * k
        for j in range(k):
            for i in range(j, k):
                E = np.zeros((k, k))
                E[i, j] = E[j, i] = 1
                G.append(Zt @ np.kron(np.eye(J), E) @ Zt.T)
    G.append(fit.R.to_numpy() / fit.sigma2)
    return X, Vi, Phi, P, G


def kenward_roger_by_definition(fit, L):
    X, Vi, Phi, P, G = definition(fit)
    PG = [P @ g for g in G]
    W = 2 * np.linalg.inv([[np.trace(a @ b) for b in PG] for a in PG])
    middle = sum(
        W[r, s] * X.T @ Vi @ G[r] @ P @ G[s] @ Vi @ X for r in range(len(G)) for s in range(len(G))
    )
    Phi_A = Phi + 2 * Phi @ middle @ Phi
    rank = len(L)
    Theta = L.T @ np.linalg.inv(L @ Phi @ L.T) @ L
    u = [Theta @ Phi @ (-X.T @ Vi @ g @ Vi @ X) @ Phi for g in G]
    A1 = sum(
        W[r, s] * np.trace(u[r]) * np.trace(u[s]) for r in range(len(u)) for s in range(len(u))
    )
    A2 = sum(W[r, s] * np.trace(u[r] @ u[s]) for r in range(len(u)) for s in range(len(u)))
    B = (A1 + 6 * A2) / (2 * rank)
    g = ((rank + 1) * A1 - (rank + 4) * A2) / ((rank + 2) * A2)
    c1, c2, c3 = np.array([g, rank - g, rank + 2 - g]) / (3 * rank + 2 * (1 - g))
    mean = 1 / (1 - A2 / rank)
    variance = 2 / rank * (1 + c1 * B) / ((1 - c2 * B) ** 2 * (1 - c3 * B))
    df = 4 + (rank + 2) / (rank * variance / (2 * mean**2) - 1)
    scale = df / (mean * (df - 2))
    wald = L @ fit.beta.to_numpy()
    return Phi_A, scale * wald @ np.linalg.inv(L @ Phi_A @ L.T) @ wald / rank, df


@pytest.mark.parametrize("rows", ([1], [1, 2], [3, 4, 5]))
def test_kenward_roger_equals_its_definition(rows):
    fit = mm.lmm(FORMULA, crossed_design(2), weights="w")
    L = np.eye(6)[rows] + 0.3 * np.eye(6)[0]
    Phi_A, f, df = kenward_roger_by_definition(fit, L)
    ours = ddf.joint_test(fit, L)
    assert not fit.boundary
    np.testing.assert_allclose(ddf.kenward_roger(fit).Phi_A, Phi_A, rtol=1e-8, atol=1e-10)
    assert (ours.f, ours.den_df) == pytest.approx((f, df), rel=1e-7)


def test_kenward_roger_equals_its_definition_on_the_boundary():
    fit = mm.lmm(FORMULA, crossed_design(19, boundary=True), weights="w")
    assert fit.boundary
    L = np.eye(6)[[3, 4, 5]]
    Phi_A, f, df = kenward_roger_by_definition(fit, L)
    ours = ddf.joint_test(fit, L)
    np.testing.assert_allclose(ddf.kenward_roger(fit).Phi_A, Phi_A, rtol=1e-8, atol=1e-10)
    assert (ours.f, ours.den_df) == pytest.approx((f, df), rel=1e-7)


@pytest.mark.parametrize("reml", (True, False))
def test_satterthwaite_equals_numerical_derivatives(reml):
    """nu from a Hessian in (theta, log sigma) and gradients of Phi, all by central differences."""
    fit = mm.lmm(FORMULA, crossed_design(2), reml=reml, weights="w")
    X, Z, y = fit.X.to_numpy(), fit.Z.to_numpy(), fit.y.to_numpy()
    R0 = fit.R.to_numpy() / fit.sigma2

    def V(point):
        lambdas = fit.products.lambdas(point[:-1])
        Lambda = np.zeros((Z.shape[1],) * 2)
        at = 0
        for J, lam in zip(fit.products.J, lambdas):
            size = J * len(lam)
            Lambda[at : at + size, at : at + size] = np.kron(np.eye(J), lam)
            at += size
        return np.exp(2 * point[-1]) * (Z @ Lambda @ Lambda.T @ Z.T + R0)

    point, h = np.append(fit.theta, np.log(fit.sigma)), 1e-3
    steps = h * np.eye(len(point))
    d = lambda at: minus2_loglik(y, X, V(at), reml=reml)
    Hessian = np.array(
        [
            [
                d(point + a + b) - d(point + a - b) - d(point - a + b) + d(point - a - b)
                for a in steps
            ]
            for b in steps
        ]
    ) / (4 * h * h)
    Phi = lambda at: np.linalg.inv(X.T @ np.linalg.inv(V(at)) @ X)
    slopes = [(Phi(point + a) - Phi(point - a)) / (2 * h) for a in steps]
    L = np.eye(6)
    gradient = np.array([[row @ S @ row for S in slopes] for row in L])
    variance = np.einsum("na,ab,nb->n", gradient, 2 * np.linalg.inv(Hessian), gradient)
    expected = 2 * np.diag(Phi(point)) ** 2 / variance
    np.testing.assert_allclose(ddf.satterthwaite(fit).df(L), expected, rtol=2e-4)


def test_the_same_in_small_pieces_and_with_a_sparse_matrix(monkeypatch):
    fit = mm.lmm(FORMULA, crossed_design(2), weights="w")
    L = np.eye(6)
    expected = [ddf.joint_test(fit, L, method) for method in SMALL_SAMPLE]
    monkeypatch.setattr(crossproducts, "DENSE_CELLS", 0)
    monkeypatch.setattr(variation, "LEVELS_AT_ONCE", 40)
    again = mm.lmm(FORMULA, crossed_design(2), weights="w")
    assert not isinstance(again.products.B21, np.ndarray)
    assert len(list(variation.variation_of(again)._levels())) > 1
    for method, test in zip(SMALL_SAMPLE, expected):
        assert tuple(ddf.joint_test(again, L, method)) == pytest.approx(tuple(test), rel=1e-7)


# --- identities --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sleepstudy():
    return mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))


def test_sleepstudy_has_the_df_of_its_18_subjects(sleepstudy):
    for method in SMALL_SAMPLE:
        assert ddf.row_tests(sleepstudy, np.eye(2), method).df.to_numpy() == pytest.approx(
            [17, 17], rel=1e-5
        )
    joint = ddf.joint_test(sleepstudy, np.eye(2))
    assert f"{joint.f:.2f}" == "705.84" and f"{joint.scale:.4f}" == "0.9412"
    assert joint.den_df == pytest.approx(16)


def test_a_balanced_block_design_has_the_df_of_its_table():
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
    differences = np.eye(18)[1:]
    for method in SMALL_SAMPLE:
        assert ddf.row_tests(fit, differences, method).df.to_numpy() == pytest.approx(
            np.full(17, 51.0)
        )
        assert ddf.joint_test(fit, differences, method).den_df == pytest.approx(51)
    np.testing.assert_allclose(
        ddf.kenward_roger(fit).Phi_A, fit.cov_beta, rtol=1e-9
    )  # nothing to adjust


def test_a_variance_of_zero_leaves_sensible_df():
    fit = mm.lmm("yield ~ 1 + (1 | batch)", frame("dyestuff2"))
    assert fit.theta[0] == 0
    assert ddf.satterthwaite(fit).df([[1]])[0] == pytest.approx(29)
    assert ddf.kenward_roger(fit).df([[1]])[0] == pytest.approx(5)


def test_units_of_y_and_x_and_the_order_of_rows_do_not_count(sleepstudy):
    data = mm.load("sleepstudy")
    other = data.assign(reaction_ms=data.reaction_ms * 1e-7, days=data.days * 1e5).sample(
        frac=1, random_state=1
    )
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", other)
    for method in SMALL_SAMPLE:
        before, after = (ddf.contrast_test(f, np.eye(2), method) for f in (sleepstudy, fit))
        np.testing.assert_allclose(after.rows[["df", "t"]], before.rows[["df", "t"]], rtol=1e-5)
        assert tuple(after.joint) == pytest.approx(tuple(before.joint), rel=1e-5, abs=1e-15)


def test_a_large_value_added_to_y_changes_nothing():
    data = mm.load("sleepstudy").assign(reaction_ms=lambda d: d.reaction_ms + 1e7)
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", data)
    assert ddf.satterthwaite(fit).df([[0, 1]])[0] == pytest.approx(17, rel=1e-4)


def test_a_streamed_fit_has_the_same_df():
    data = crossed_design(2)
    data["a"] = data.a.astype("category")
    whole = mm.lmm(FORMULA, data)
    streamed = mm.lmm(FORMULA, iter([data[:25], data[25:]]))
    for method in SMALL_SAMPLE:
        a, b = (ddf.joint_test(fit, np.eye(6)[1:], method) for fit in (whole, streamed))
        assert tuple(a) == pytest.approx(tuple(b), rel=1e-5)


def test_rows_that_repeat_each_other_count_once(sleepstudy):
    for method in ddf.METHODS:
        once = ddf.joint_test(sleepstudy, [[0, 1], [1, 0]], method)
        again = ddf.joint_test(sleepstudy, [[0, 1], [1, 0], [0, 2], [1, 1]], method)
        assert again.num_df == 2
        assert (again.f, again.p) == pytest.approx((once.f, once.p), rel=1e-6, abs=1e-15)
    nothing = ddf.contrast_test(sleepstudy, [[0, 0]])
    assert nothing.joint.num_df == 0 and np.isnan(nothing.rows.t[0])


def test_z_is_the_normal_distribution(sleepstudy):
    rows, joint = ddf.contrast_test(sleepstudy, np.eye(2), "z")
    assert rows.p.to_numpy() == pytest.approx(2 * stats.norm.sf(rows.t.abs()), rel=1e-10)
    small = ddf.row_tests(sleepstudy, [[0.0416, -1.0]], "z")  # a combination near zero
    assert small.p[0] == pytest.approx(2 * stats.norm.sf(abs(small.t[0])))
    assert np.isinf(joint.den_df) and joint.p == pytest.approx(stats.chi2.sf(2 * joint.f, 2))


def test_without_random_effects_both_methods_are_the_residual_df():
    fit = mm.lm("yield_kg_ha ~ genotype + block", mm.load("sorghum"))
    for method in SMALL_SAMPLE:
        rows, joint = ddf.contrast_test(fit, np.eye(21)[1:3], method)
        assert (rows.df == 51).all() and joint.den_df == 51
        assert rows.se.to_numpy() == pytest.approx(fit.se.iloc[1:3].to_numpy())


def test_the_costly_part_is_done_once(sleepstudy):
    assert ddf.kenward_roger(sleepstudy) is ddf.kenward_roger(sleepstudy)
    assert variation.variation_of(sleepstudy) is variation.variation_of(sleepstudy)
    assert ddf.kenward_roger(sleepstudy.refit(reml=True)) is not ddf.kenward_roger(sleepstudy)


# --- errors ------------------------------------------------------------------------------------


def test_errors_name_the_fault_and_the_remedy(sleepstudy):
    with pytest.raises(
        ValueError, match=r"by ML; use fit\.refit\(reml=True\), or df='satterthwaite'"
    ):
        ddf.joint_test(sleepstudy.refit(reml=False), np.eye(2))
    with pytest.raises(
        ValueError,
        match="df='kenward' is unknown; did you mean 'kenward-roger'\\? use one of 'kenward-roger', 'satterthwaite', 'z'",
    ):
        ddf.row_tests(sleepstudy, np.eye(2), "kenward")
    with pytest.raises(
        ValueError, match="L has 3 weights in a row, but the model has 2 fixed effects"
    ):
        ddf.row_tests(sleepstudy, [[1, 0, 0]])


def test_p_of_several_rows_with_infinite_degrees_of_freedom_is_that_of_chi_squared(sleepstudy):
    from scipy.stats import chi2

    L = np.array([[1, 0], [0, 1.0]])
    target = np.array([245, 8.5])  # not so far from the estimates that p is 0
    fit = mm.lmm(
        "reaction_ms ~ days + (days | subject)",
        data_of({"data": "sleepstudy"}).assign(
            reaction_ms=lambda d: d.reaction_ms - target @ [np.ones(len(d)), d.days]
        ),
    )
    wald = fit.beta @ np.linalg.solve(fit.cov_beta, fit.beta)
    joint = ddf.joint_test(fit, L, "z")
    assert joint.f == pytest.approx(wald / 2) and joint.num_df == 2 and np.isinf(joint.den_df)
    assert joint.p == pytest.approx(chi2.sf(wald, 2)) and 0.001 < joint.p < 0.9
