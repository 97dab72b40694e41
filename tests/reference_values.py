"""Reads the R reference values and the data they were computed from."""

import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "reference"


@cache
def reference(name):
    """The parsed JSON file `name`.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def models(name="lmm"):
    """Reference models by their id."""
    return {model["id"]: model for model in reference(name)["models"]}


def frame(name, source="lmm"):
    """A data set with the level order that R used; `source` is the JSON file that describes it."""
    about = reference(source)["data"][name]
    data = pd.read_csv(ROOT / about["path"], dtype=dict.fromkeys(about["factors"], str))
    for column, levels in about["factors"].items():
        data[column] = pd.Categorical(data[column], categories=[str(level) for level in levels])
    return data


def r_names(names):
    """Our coefficient names as R writes them: genotype[T.G02] -> genotypeG02."""
    return [
        re.sub(r"\[(?:T\.)?([^\]]*)\]", r"\1", n).replace("Intercept", "(Intercept)") for n in names
    ]


def assert_close(ours, theirs, tolerance, what=""):
    """Equal to `tolerance`, relative to the larger of 1 and the largest reference value."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    scale = max(1.0, np.nanmax(np.abs(theirs), initial=0))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=what)
