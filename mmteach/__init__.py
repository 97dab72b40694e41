"""Linear mixed models, small enough to read and exact enough to trust.

The files follow the lectures: formula -> frame -> matrices -> likelihood -> crossproducts -> fit
-> linear -> blup -> ddf -> inference -> comparison -> intervals -> means -> diagnostics, with
plots beside them. The course machinery lives apart in ``mmteach.course``.
"""

from importlib import import_module

__version__ = "0.1.0"

# name -> module; modules load on first use, so ``import mmteach`` stays quick
_WHERE = {
    name: module
    for module, names in {
        "datasets": "load list_datasets",
        "formula": "split_bars",
        "frame": "design",
        "matrices": "build_Z build_G build_R build_V build_V_cs build_lambdas",
        "likelihood": "gls ml_objective reml_objective error_contrasts minus2_loglik textbook_objective",
        "crossproducts": "ProfiledCriterion",
        "fit": "lmm",
        "blup": "henderson shrinkage",
        "linear": "lm",
        "ddf": "kenward_roger satterthwaite",
        "inference": "contrast anova",
        "comparison": "compare ranova anova_shell",
        "intervals": "confint profile bootstrap",
        "means": "emmeans contrasts",
        "diagnostics": "influence simulated_residuals show_residuals show_qq show_scale_location show_ranef_qq",
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
