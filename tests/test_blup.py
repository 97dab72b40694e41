"""Henderson's equations and the three poolings: what the weight means, and when there is none."""

import numpy as np
import pytest

import mmteach as mm


@pytest.fixture(scope="module")
def unequal():
    """The sorghum trial after four plots of R4 were lost: one random intercept, 18 means in X."""
    trial = mm.load("sorghum")
    lost = (trial.block == "R4") & trial.genotype.isin(["G03", "G07", "G11", "G18"])
    return mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial[~lost])


def test_weight_times_the_mean_residual_is_the_blup_of_an_intercept(unequal):
    table = mm.shrinkage(unequal).set_index("level")
    residual = unequal.y - unequal.X @ unequal.beta
    block = unequal.Z.to_numpy().argmax(axis=1)
    deviation = residual.groupby(block).mean().to_numpy()
    blups = unequal.ranef().estimate
    np.testing.assert_allclose(table.no_pooling - table.complete, deviation, rtol=1e-10)
    np.testing.assert_allclose(table.weight * deviation, blups, rtol=1e-10)
    variance = unequal.varcomp.variance[0]
    np.testing.assert_allclose(table.weight, variance / (variance + unequal.sigma2 / table.n))
    assert table.n.tolist() == [18, 18, 18, 14] and table.weight["R4"] < table.weight["R1"]
    # the raw mean minus the overall mean is another number, and the weight is not meant for it
    raw = unequal.y.groupby(block).mean() - unequal.y.mean()
    assert abs(table.weight["R4"] * raw[3] - blups[3]) > 0.5


def test_weight_holds_with_prior_weights_and_for_a_slope():
    sleep = mm.load("sleepstudy").assign(w=lambda d: 1 + d.days % 3)
    fit = mm.lmm("reaction_ms ~ days + (0 + days | subject)", sleep, weights="w")
    table = mm.shrinkage(fit)
    np.testing.assert_allclose(
        table.weight * (table.no_pooling - table.complete), fit.ranef().estimate, rtol=1e-8
    )


def test_several_effects_share_a_matrix_of_weights():
    fit = mm.lmm("reaction_ms ~ days + (days | subject)", mm.load("sleepstudy"))
    table = mm.shrinkage(fit)
    x = np.column_stack([np.ones(10), np.arange(10)])
    B = x.T @ x / fit.sigma2
    W = np.linalg.solve(B + np.linalg.inv(fit.covariances[0]), B)
    np.testing.assert_allclose(table.weight.to_numpy().reshape(-1, 2), np.tile(np.diag(W), (18, 1)))
    d = (table.no_pooling - table.complete).to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(
        d @ W.T, (table.partial - table.complete).to_numpy().reshape(-1, 2), rtol=1e-8
    )
    assert "diagonal of the matrix W_j" in str(table)


def test_with_several_terms_no_weight_is_given():
    fit = mm.lmm(
        "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", mm.load("clover")
    )
    table = mm.shrinkage(fit)
    assert table.weight.isna().all() and table.partial.notna().all()
    assert "weight is NA: with several random terms" in str(table)
    order = fit.ranef()
    assert (table.level == order.level).all()
    np.testing.assert_allclose(table.partial - table.complete, order.estimate, rtol=1e-10)


def test_the_table_says_what_its_weight_is_for(unequal):
    assert "partial - complete = weight * (no_pooling - complete)" in str(
        mm.shrinkage(unequal)
    ).replace("\n", " ")


def test_hendersons_inverse_is_the_variance_of_the_prediction_errors(unequal):
    """Var(u_hat - u) = G - G Z'P Z G, by V itself."""
    X, Z, G, V = (M.to_numpy() for M in (unequal.X, unequal.Z, unequal.G, unequal.V))
    V_inverse = np.linalg.inv(V)
    P = V_inverse - V_inverse @ X @ np.linalg.solve(X.T @ V_inverse @ X, X.T @ V_inverse)
    inverse = mm.henderson(unequal).inverse.to_numpy()
    np.testing.assert_allclose(inverse[18:, 18:], G - G @ Z.T @ P @ Z @ G, rtol=1e-8)


LINEAR = mm.lm("score ~ school", mm.load("schools"))
STREAMED = mm.lmm("score ~ 1 + (1 | school)", iter([mm.load("schools")]))


@pytest.mark.parametrize("function", [mm.henderson, mm.shrinkage], ids=["henderson", "shrinkage"])
@pytest.mark.parametrize(
    "wrong, message",
    [
        (None, "takes a fit of mm.lmm first, not NoneType"),
        (mm.load("schools"), "takes a fit of mm.lmm first, not DataFrame"),
        (type(STREAMED), "takes a fit of mm.lmm first, not type"),
        (LINEAR, "is about random effects, and this fit of mm.lm has none"),
        (STREAMED, "rows of a streamed fit are not kept"),
    ],
    ids=["None", "data", "class", "lm", "streamed"],
)
def test_what_is_no_mixed_fit_is_refused(function, wrong, message):
    with pytest.raises(ValueError, match=message):
        function(wrong)


def test_equations_too_large_to_look_at_are_refused(unequal, monkeypatch):
    monkeypatch.setattr("mmteach.guards.LARGEST_MATRIX", 400)
    with pytest.raises(ValueError, match="would have .* cells"):
        mm.henderson(unequal)
