"""Linear mixed models, small enough to read and exact enough to trust.

Four wings, and each uses only those before it: ``textbook`` (the V builders, the REML objective,
Henderson's equations), ``engine`` (formula and table to estimates), ``inference`` (how sure), and
``course`` (what the lessons call). ``plots`` takes arrays and stands beside them.
"""

from importlib import import_module

__version__ = "0.1.0"

# name -> module; modules load on first use, so ``import mmteach`` stays quick
_WHERE = {
    name: module
    for module, names in {
        "datasets": "load list_datasets",
        "engine.formula": "split_bars",
        "engine.frame": "design",
        "textbook.matrices": "build_Z build_G build_R build_V build_V_cs build_lambdas",
        "textbook.likelihood": "gls ml_objective reml_objective error_contrasts minus2_loglik textbook_objective",
        "engine.criterion": "ProfiledCriterion",
        "engine.fit": "lmm",
        "textbook.blup": "henderson shrinkage",
        "engine.linear": "lm",
        "inference.ddf": "kenward_roger satterthwaite",
        "inference.contrasts": "contrast",
        "inference.anova": "anova",
        "inference.comparison": "compare ranova",
        "inference.shell": "anova_shell",
        "inference.profile": "profile",
        "inference.bootstrap": "bootstrap",
        "inference.intervals": "confint",
        "inference.means": "emmeans contrasts",
        "inference.diagnostics": "influence simulated_residuals",
        "inference.pictures": "show_residuals show_qq show_scale_location show_ranef_qq",
        "plots": "show_matrix",
    }.items()
    for name in names.split()
}

__all__ = sorted(_WHERE)


def __getattr__(name):
    if name in _WHERE:
        value = getattr(import_module(f"mmteach.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mmteach' has no attribute {name!r}; it offers {', '.join(__all__)}")


def __dir__():
    return sorted([*globals(), *__all__])
