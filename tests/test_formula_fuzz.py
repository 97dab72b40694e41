"""Whatever the text, the formula reader answers with a result, a ValueError or a KeyError."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mmteach.engine.formula import split_bars
from mmteach.engine.frame import design

FAST = settings(derandomize=True, deadline=None, database=None)

_rng = np.random.default_rng(4)
N = 120
DATA = pd.DataFrame(
    {
        "y": _rng.normal(size=N),
        "x": _rng.normal(size=N),
        "f": pd.Categorical(_rng.choice(list("abc"), N)),
        "g": _rng.integers(0, 5, N),
        "h": _rng.choice(["u", "v"], N),
        "yield": _rng.normal(size=N),
        "total fruits": _rng.poisson(4, N) + 1.0,
    }
)

PIECES = [
    *"y x f g h zz 0 1 2 1.5e1 ~ | || + - * / : ( ) [ ] { } ^ = == @ , . ` ' \" # é".split(),
    "yield",
    "`total fruits`",
    "I(",
    "np.log(",
    "C(",
    "poly(x,2)",
    "**2",
    "%in%",
    "\n",
    " ",
    "\\",
]

names = st.sampled_from(["x", "f", "h", "yield", "`total fruits`"])
calls = st.sampled_from(["np.log(`total fruits`)", "I(x**2)", "C(g)", "poly(x, 2)", "0", "1"])
terms = st.recursive(
    st.one_of(names, names, calls),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("*:/"), inner).map(" ".join),
        st.tuples(inner, inner).map(lambda two: "({} + {})".format(*two)),
    ),
    max_leaves=3,
)
sums = st.lists(st.tuples(st.sampled_from(["+", "+", "-"]), terms), min_size=1, max_size=2).map(
    lambda parts: " ".join(" ".join(part) for part in parts)
)
groups = st.lists(st.sampled_from(["f", "g", "h"]), min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([operator.join(parts) for operator in ":/*"])
)
bars = st.tuples(st.one_of(names, sums), st.sampled_from(["|", "||"]), groups).map(
    lambda parts: "({} {} {})".format(*parts)
)
formulas = st.tuples(
    st.sampled_from(["y", "yield", "log(`total fruits`)", "y/10"]),
    sums,
    st.lists(bars, min_size=1, max_size=2).map(" + ".join),
).map(lambda parts: "{} ~ {} + {}".format(*parts))


def reads_or_teaches(text):
    """True if the text gives a sound design, False if it is refused with a message."""
    try:
        split = split_bars(text)
        assert split_bars(str(split)) == split
        made = design(text, DATA)
    except (ValueError, KeyError) as error:
        assert len(str(error)) > 20, f"{text!r} gives the bare message {error}"
        return False
    assert made.y.shape == (N,) and made.X.shape == (N, len(made.x_names))
    assert np.isfinite(made.X).all()
    np.testing.assert_allclose(made.x_rows(DATA), made.X, atol=1e-10)
    for term in made.terms:
        assert term.codes.max() == len(term.levels) - 1 and term.x.shape == (N, len(term.names))
    return True


@settings(FAST, max_examples=200)
@given(st.text(max_size=40))
def test_any_text(text):
    reads_or_teaches(text)


@settings(FAST, max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=15))
def test_pieces_of_formulas(pieces):
    reads_or_teaches("".join(pieces))


@settings(FAST, max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_pieces_within_a_formula(pieces):
    reads_or_teaches("y ~ x + (1 | g) + " + "".join(pieces))


def test_formulas_of_the_grammar():
    results = []

    @settings(FAST, max_examples=120)
    @given(formulas)
    def collect(text):
        results.append(reads_or_teaches(text))

    collect()
    assert np.mean(results) > 0.4  # a fuzz whose formulas are all refused would prove nothing
