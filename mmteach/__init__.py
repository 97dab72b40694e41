"""Linear mixed models, small enough to read and exact enough to trust.

Four wings, and each uses only those before it: ``textbook`` (the V builders, the REML objective,
Henderson's equations), ``engine`` (formula and table to estimates), ``inference`` (how sure), and
``course`` (what the lessons call). ``plots`` takes arrays and stands beside them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:  # the same names for editors: completion, hover, go to definition
    from .datasets import list_datasets as list_datasets
    from .datasets import load as load
    from .engine.criterion import ProfiledCriterion as ProfiledCriterion
    from .engine.formula import split_bars as split_bars
    from .engine.frame import design as design
    from .engine.linear import lm as lm
    from .engine.lmm import lmm as lmm
    from .inference.anova import anova as anova
    from .inference.bootstrap import bootstrap as bootstrap
    from .inference.comparing_means import contrasts as contrasts
    from .inference.comparison import compare as compare
    from .inference.comparison import ranova as ranova
    from .inference.contrasts import contrast as contrast
    from .inference.ddf import kenward_roger as kenward_roger
    from .inference.ddf import satterthwaite as satterthwaite
    from .inference.diagnostics import influence as influence
    from .inference.diagnostics import simulated_residuals as simulated_residuals
    from .inference.intervals import confint as confint
    from .inference.means import emmeans as emmeans
    from .inference.pictures import show_qq as show_qq
    from .inference.pictures import show_ranef_qq as show_ranef_qq
    from .inference.pictures import show_residuals as show_residuals
    from .inference.pictures import show_scale_location as show_scale_location
    from .inference.profile import profile as profile
    from .inference.shell import anova_shell as anova_shell
    from .plots import show_matrix as show_matrix
    from .textbook.blup import henderson as henderson
    from .textbook.blup import shrinkage as shrinkage
    from .textbook.gls import gls as gls
    from .textbook.likelihood import error_contrasts as error_contrasts
    from .textbook.likelihood import minus2_loglik as minus2_loglik
    from .textbook.likelihood import ml_objective as ml_objective
    from .textbook.likelihood import reml_objective as reml_objective
    from .textbook.likelihood import textbook_objective as textbook_objective
    from .textbook.matrices import build_G as build_G
    from .textbook.matrices import build_lambdas as build_lambdas
    from .textbook.matrices import build_R as build_R
    from .textbook.matrices import build_V as build_V
    from .textbook.matrices import build_V_cs as build_V_cs
    from .textbook.matrices import build_Z as build_Z

# name -> module; modules load on first use, so ``import mmteach`` stays quick
_WHERE = {
    name: module
    for module, names in {
        "datasets": "load list_datasets",
        "engine.formula": "split_bars",
        "engine.frame": "design",
        "textbook.matrices": "build_Z build_G build_R build_V build_V_cs build_lambdas",
        "textbook.gls": "gls",
        "textbook.likelihood": "ml_objective reml_objective error_contrasts minus2_loglik textbook_objective",
        "engine.criterion": "ProfiledCriterion",
        "engine.lmm": "lmm",
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
        "inference.means": "emmeans",
        "inference.comparing_means": "contrasts",
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
    raise AttributeError(
        f"module 'mmteach' has no attribute {name!r}; it offers {', '.join(__all__)}"
    )


def __dir__():
    return sorted([*globals(), *__all__])
