"""Arguments of the inference wing that are refused: early, in words that name them."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import mmteach as mm
from mmteach.engine.search import minimise
from mmteach.inference import bootstrap as bootstrapping
from mmteach.inference import comparison, ddf


@pytest.fixture(scope="module")
def fit():
    return mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))


REFUSED = [
    (
        lambda f: mm.emmeans(f, "genotype", level=[0.9, 0.95]),
        r"level=\[0.9, 0.95\] must lie between 0 and 1",
    ),
    (lambda f: mm.emmeans(f, "genotype", level=None), "level=None must lie between 0 and 1"),
    (lambda f: mm.emmeans(f, "genotype", level=True), "level=True must lie between 0 and 1"),
    (
        lambda f: mm.emmeans(f, "genotype", df=["z"]),
        r"df=\['z'\] is unknown; use one of 'kenward-roger'",
    ),
    (lambda f: mm.emmeans(f, "genotype", nesting="no"), "nesting='no' must be True or False"),
    (lambda f: mm.emmeans(3, "genotype"), "emmeans takes a fit of mm.lmm or mm.lm first, not int"),
    (
        lambda f: mm.contrasts(mm.emmeans(f, "genotype"), adjust=["tukey"]),
        r"adjust=\['tukey'\] is unknown; did you mean 'tukey'\?",
    ),
    (lambda f: mm.contrasts(mm.emmeans(f, "genotype"), adjust=3), "adjust=3 is unknown"),
    (
        lambda f: mm.contrasts(mm.emmeans(f, "genotype"), {"q": [0] * 18}),
        "the weights of contrast 'q' are all zero",
    ),
    (lambda f: mm.contrasts(mm.emmeans(f, "genotype"), level=[0.9]), r"level=\[0.9\] must lie"),
    (
        lambda f: mm.contrasts(pd.DataFrame({"origin": [1]})),
        "contrasts needs the table that emmeans returned",
    ),
    (lambda f: mm.anova(f, type=[2]), r"type=\[2\] is unknown; use 1 \(sequential\)"),
    (lambda f: mm.anova(f, type=True), "type=True is unknown"),
    (lambda f: mm.anova(f, type=None), "type=None is unknown"),
    (lambda f: mm.anova("f"), "anova takes a fit of mm.lmm or mm.lm first, not str"),
    (lambda f: mm.anova_shell(3), "treatments is 3; it must be text such as 'diet"),
    (lambda f: mm.anova_shell(None), "treatments is None; it must be text"),
    (
        lambda f: mm.anova_shell("diet", blocks=["room"], n={"diet": 2}),
        r"blocks is \['room'\]; it must be text",
    ),
    (
        lambda f: mm.confint(f, parameters=3),
        "parameters is 3; give 'fixed', 'random', or one or more of sd",
    ),
    (lambda f: mm.confint(f, parameters=[]), r"parameters is \[\]; give 'fixed'"),
    (lambda f: mm.confint(f, parameters=[3]), "there is no parameter 3; the parameters are sd"),
    (
        lambda f: mm.confint(f, method=["wald"]),
        r"method=\['wald'\] is unknown; use 'wald', 'profile' or 'boot'",
    ),
    (lambda f: mm.confint(f, level="95"), "level='95' must lie"),
    (lambda f: mm.profile(f, parameters=3), "parameters is 3; give"),
    (lambda f: mm.bootstrap(f, n=2.5), "n is 2.5; it must be a whole number"),
    (lambda f: mm.bootstrap(f, n="10"), "n is '10'; it must be a whole number"),
    (
        lambda f: mm.bootstrap(f, n=5, processes=None),
        "processes is None; it must be a whole number",
    ),
    (lambda f: mm.bootstrap(f, n=5, seed=-1), "seed is -1; it must be a whole number, 0 or more"),
    (lambda f: mm.bootstrap(f, n=5, seed="a"), "seed is 'a'; it must be a whole number"),
    (
        lambda f: mm.bootstrap(f, n=5, statistic="mean"),
        "statistic is 'mean'; give a function of a fit",
    ),
    (lambda f: mm.bootstrap(f, n=5, conditional="yes"), "conditional='yes' must be True or False"),
    (lambda f: mm.simulated_residuals(f, n="a"), "n is 'a'; it must be a whole number"),
    (lambda f: mm.simulated_residuals(f, n=50.5), "n is 50.5; it must be a whole number"),
    (
        lambda f: mm.simulated_residuals(f, seed=-1),
        "seed is -1; it must be a whole number, 0 or more",
    ),
    (lambda f: mm.simulated_residuals(f, conditional=2), "conditional=2 must be True or False"),
    (lambda f: mm.compare(f, f, refit=0), "refit=0 is unknown; use one of True, False, 'ml'"),
    (lambda f: mm.compare(f, f, refit=1), "refit=1 is unknown"),
    (lambda f: mm.compare(f, f, boundary="yes"), "boundary='yes' must be True or False"),
    (lambda f: mm.compare(f, f, names="ab"), "names is 'ab'; give a list with a name for each fit"),
    (lambda f: mm.compare(f, 3), "compare takes a fit of mm.lmm or mm.lm first, not int"),
    (lambda f: mm.ranova(f, reduce="no"), "reduce='no' must be True or False"),
    (lambda f: mm.ranova(f, boundary=1), "boundary=1 must be True or False"),
    (lambda f: mm.contrast(f, {"Intercept": 1}, level=[0.9]), r"level=\[0.9\] must lie"),
    (lambda f: mm.contrast(f, {"Intercept": 1}, df=None), "df=None is unknown"),
    (
        lambda f: mm.contrast(f, pd.DataFrame([[1, 2]], columns=["Intercept"] * 2)),
        "several weights for 'Intercept'",
    ),
    (
        lambda f: mm.contrast(f, pd.Series([1, 2], index=["Intercept"] * 2)),
        "several weights for 'Intercept'",
    ),
    (lambda f: mm.influence(None), "influence takes a fit of mm.lmm or mm.lm first, not NoneType"),
    (
        lambda f: mm.show_residuals(None),
        "show_residuals takes a fit of mm.lmm or mm.lm first, not NoneType",
    ),
    (lambda f: mm.show_scale_location(None), "show_scale_location takes a fit"),
    (lambda f: mm.show_qq("fit"), "show_qq takes a fit of mm.lmm or mm.lm first, not str"),
    (lambda f: mm.show_ranef_qq(None), "show_ranef_qq takes a fit"),
    (
        lambda f: mm.show_residuals(f, ax=3),
        r"ax is 3; it must be Axes of matplotlib, such as plt.subplots\(\)\[1\]",
    ),
    (lambda f: mm.show_scale_location(f, ax=[]), r"ax is \[\]; it must be Axes"),
    (lambda f: mm.show_qq(f, ax="left"), "ax is 'left'; it must be Axes"),
    (lambda f: mm.show_residuals(f, title=3), "title is 3; it must be text in quotes"),
    (lambda f: mm.show_ranef_qq(f, title=3), "title is 3; it must be text in quotes"),
    (
        lambda f: mm.simulated_residuals(f, n=19, seed=1).plot(title=3),
        "title is 3; it must be text in quotes",
    ),
]


@pytest.mark.parametrize("call, message", REFUSED, ids=[message for _, message in REFUSED])
def test_refused_in_words(fit, call, message):
    with pytest.raises(ValueError, match=message):
        call(fit)
    assert not plt.get_fignums()  # and no empty figure is left


@pytest.mark.parametrize(
    "call",
    [
        lambda f: mm.confint(f, "boot", kind="typo"),
        lambda f: mm.confint(f, "boot", parameters="typo"),
        lambda f: mm.confint(f, "boot", level=95),
        lambda f: mm.confint(f, "profile", parameters="typo"),
        lambda f: mm.profile(f, "typo"),
        lambda f: mm.contrast(f, {"Intercept": 1}, level=95),
        lambda f: mm.emmeans(f, "genotype", level=95),
        lambda f: mm.anova(f, type=4),
    ],
)
def test_refused_before_any_work(fit, monkeypatch, call):
    def work(*args, **kwargs):
        raise AssertionError("work was done first")

    fresh = fit.refit(reml=True)
    for place, name in (
        (bootstrapping, "minimise"),
        (bootstrapping._Job, "draw"),
        (type(fresh), "refit"),
        (ddf, "KenwardRoger"),
    ):
        monkeypatch.setattr(place, name, work)
    with pytest.raises(ValueError):
        call(fresh)


def test_a_name_that_two_coefficients_would_share_is_refused():
    rng = np.random.default_rng(2)
    data = pd.DataFrame(
        {"h": list("abc") * 10, "h[T.b]": rng.normal(size=30), "g": np.repeat(list("pqrst"), 6)}
    )
    data["y"] = rng.normal(size=30)
    with pytest.raises(
        ValueError, match=r"two coefficients would be called 'h\[T.b\]': rename the column"
    ):
        mm.contrast(mm.lmm("y ~ h + `h[T.b]` + (1 | g)", data), {"h[T.b]": 1})


def test_what_is_compared_is_not_searched_again_when_that_is_not_asked_for(fit, monkeypatch):
    assert minimise is comparison.minimise
    other = mm.lmm("yield_kg_ha ~ genotype + (1 | block) + (1 | genotype)", mm.load("sorghum"))
    before = mm.compare(fit, other, refit=False)
    monkeypatch.setattr(type(fit), "refit", None)
    assert mm.compare(fit, other, refit=False).loglik.tolist() == before.loglik.tolist()


LIGHT = """
import sys
import matplotlib
matplotlib.use("Agg")
import mmteach as mm

barley = mm.load("barley")
fit = mm.lmm("yield_t_ha ~ fungicide + (1 | block/fungicide)", barley)
loaded = [name for name in ("statsmodels", "formulaic") if name in sys.modules]
mm.anova(fit), mm.confint(fit), mm.show_qq(fit), mm.ranova(fit, boundary=True)
mm.contrasts(mm.emmeans(fit, "fungicide")), mm.contrast(fit, {"Intercept": 1})
mm.compare(fit, mm.lmm("yield_t_ha ~ fungicide + (1 | block)", barley))
mm.confint(mm.lmm("score ~ 1 + (1 | school)", mm.load("schools")), "profile")
mm.bootstrap(fit, n=3, seed=1).confint(), mm.simulated_residuals(fit, n=19, seed=1).plot()
mm.show_residuals(fit), mm.show_scale_location(fit), mm.show_ranef_qq(fit)
print(loaded, "scipy.stats" in sys.modules)
"""


def test_inference_does_not_load_scipy_stats():
    import subprocess
    import sys

    out = subprocess.run(
        [sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True
    ).stdout
    loaded, stats = out.strip().splitlines()[-1].rsplit(" ", 1)
    assert stats == "False" or loaded != "[]", out


ONE_THREAD = """
import numpy as np
import mmteach as mm
from mmteach.engine.threads import controller
from mmteach.inference import ddf, held, intervals, variation

def pools():
    return {pool["num_threads"] for pool in controller().info() if pool["user_api"] == "blas"}

seen = {}
def watch(place, name):
    work = getattr(place, name)
    def watched(*args, **kwargs):
        seen.setdefault(name, set()).update(pools())
        return work(*args, **kwargs)
    setattr(place, name, watched)

watch(variation.Absorbed, "border_inverse")
watch(variation.Absorbed, "mean_variance")
watch(held.HeldSd, "value")
watch(intervals, "_random_se")
fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", mm.load("sorghum"))
before = pools()
mm.anova(fit), mm.influence(fit), mm.confint(fit), mm.confint(fit, "profile", parameters="random")
mm.bootstrap(fit, 2, seed=1, statistic=lambda f: seen.setdefault("statistic", set()).update(pools()) or f.sigma)
print(before, pools() == before, {n: sorted(s) for n, s in sorted(seen.items())})
"""


def test_small_models_are_worked_out_on_one_thread():
    import os
    import subprocess
    import sys

    two = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    out = subprocess.run(
        [sys.executable, "-c", ONE_THREAD],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **two},
    ).stdout.strip()
    assert out.endswith(
        "True {'_random_se': [1], 'border_inverse': [1], 'mean_variance': [1], "
        "'statistic': [1], 'value': [1]}"
    ), out
