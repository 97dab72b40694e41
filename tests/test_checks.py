"""What an answer may look like, and that no answer, however odd, stops a lesson."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmteach.course import answers, checks
from mmteach.course.answers import common, day5
from mmteach.course.checks import check, judge, numbers, progress, questions
from mmteach.course.question import Question

KEY = "day4.sigma2"


def right():
    return common.schools().sigma2


@pytest.fixture(autouse=True)
def nothing_answered_yet(monkeypatch):
    monkeypatch.setattr(checks, "_right", {})


@pytest.mark.parametrize(
    "form",
    [
        float,
        lambda x: f"{x:.2f}",
        lambda x: f" {x:.1f} points² ",
        lambda x: f"≈ {x:.1f}",
        lambda x: f"about {x:.1f}",
        lambda x: f"{x:.1f}".replace(".", ","),
        np.float64,
        np.float32,
        np.longdouble,
        np.array,
        lambda x: np.array([x]),
        lambda x: np.array([[x]]),
        lambda x: np.array([x], dtype=object),
        lambda x: np.array(f"{x:.3f}"),
        lambda x: np.ma.array([x]),
        lambda x: pd.Series([x], ["Residual"]),
        lambda x: pd.Series([f"{x:.3f}"]),
        lambda x: pd.DataFrame({"variance": [x]}),
        lambda x: pd.Index([x]),
        lambda x: [x],
        lambda x: (x,),
        lambda x: [[x]],
        lambda x: {"sigma2": x},
        Decimal,
        Fraction,
    ],
)
def test_any_reasonable_form_of_the_right_number_is_right(form):
    assert judge(KEY, form(right())) == (f"{KEY}: right, 144.4", True)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2906", 2906),
        ("2,906", 2906),
        ("2906 kg²/ha²", 2906),
        ("2,906.5 kg²/ha²", 2906.5),
        ("25 627", 25627),
        ("25\u202f627", 25627),
        ("25_627", 25627),
        ("1,234,567.5", 1234567.5),
        ("−66.52", -66.52),
        ("-66.52 kg/ha", -66.52),
        ("− 66.52", None),
        ("+3", 3),
        (".671", 0.671),
        ("5.", 5),
        ("67.1%", 0.671),
        ("67.1 %", 0.671),
        ("7.64e-07", 7.64e-7),
        ("1E3", 1000),
        ("7.64 × 10^-7", 7.64e-7),
        ("7.64*10**-7", 7.64e-7),
        ("2/3", 2 / 3),
        ("3 / 4 of it", 0.75),
        ("102,6", 102.6),
        ("1,2345", 1.2345),
        ("= 12.02", 12.02),
        ("~5", 5),
        ("12.02points", 12.02),
        ("about the same", None),
        ("", None),
        ("-", None),
        ("%", None),
        ("1.2.3", None),
        ("1,23,4", None),
        ("nan", None),
        ("e5", None),
        ("sigma2", None),
        ("(1, 2)", None),
    ],
)
def test_numbers_in_texts(text, number):
    assert numbers(text) == (None if number is None else [pytest.approx(number, rel=1e-15)])


@pytest.mark.parametrize("value", [None, ..., "", "  \n"])
def test_no_answer_yet(value):
    what = questions()[KEY]
    assert judge(KEY, value) == (f"{KEY}: not answered yet: {what}", False)


class Hostile:
    """Raises whatever one tries."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def _raise(self, *args):
        raise RuntimeError("no")

    __float__ = __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = _raise
    __array__ = _raise


class BadFloat:
    def __float__(self):
        raise KeyError("not today")


NESTED = []
NESTED.append(NESTED)
ODD = [
    True,
    np.True_,
    3 + 4j,
    b"144.4",
    {1, 2},
    object(),
    object,
    len,
    lambda: 1,
    Hostile(),
    BadFloat(),
    Hostile,
    NESTED,
    {},
    [],
    (),
    [None],
    [[], []],
    "junk",
    "\ud800",
    "\x00",
    "a\nb",
    "9" * 5000,
    "1e999",
    10**400,
    -(10**400),
    float("inf"),
    Decimal("sNaN"),
    Decimal("NaN"),
    Fraction(1, 3),
    pd.NA,
    pd.NaT,
    np.datetime64("2020"),
    np.timedelta64(3, "s"),
    pd.Timestamp("2020"),
    pd.Series(dtype=float),
    pd.DataFrame(),
    np.zeros((0, 3)),
    np.zeros(10**6),
    pd.Series(["a", "b"]),
    pd.Categorical(["a"]),
    iter([1]),
    range(1),
    (x for x in [1]),
    np.array([1, "x"], dtype=object),
    np.zeros(1, dtype=[("a", float)]),
    Question("q", float),
]


@pytest.mark.parametrize("key", [KEY, "day5.line", "day5.promote"])
@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_odd_answers_get_one_line_and_never_raise(key, value, capsys):
    assert check(key, value) is None
    line, end, rest = capsys.readouterr().out.partition("\n")
    assert (end, rest) == ("\n", "") and line.startswith(f"{key}: ") and len(line) < 250
    assert "right," not in line


@pytest.mark.parametrize(
    "key",
    [None, 3, "", [], {}, KEY + "x", "\ud800", "a\nb", "x" * 10_000, Hostile(), np.zeros(3)],
    ids=range(11),
)
def test_odd_keys_get_one_line_and_never_raise(key, capsys):
    check(key, 1.0)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and len(out) < 200
    assert "there is no such question" in out or "could not be read" in out
    out.encode()


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.fractions()
    | st.datetimes()
)
anything = st.recursive(
    scalars,
    lambda part: (
        st.lists(part, max_size=4)
        | st.tuples(part, part)
        | st.dictionaries(st.text(max_size=3), part, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(key=st.sampled_from([KEY, "day5.line", "day5.promote"]) | st.text(), value=anything)
@example(key=KEY, value="−")
def test_check_never_raises(key, value):
    import contextlib
    import io

    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) as out:
        check(key, value)
        out.flush()
        assert out.buffer.getvalue().count(b"\n") == 1


@settings(max_examples=300, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back(number):
    for text in (repr(number), f"{number:,.3f}", repr(number).replace("-", "−")):
        expected = float(text.replace(",", "").replace("−", "-"))
        assert numbers(text) == [expected]


def test_missing_values_several_numbers_and_signs():
    assert "NaN" in judge(KEY, np.nan)[0]
    assert "2 numbers where 1 should stand" in judge(KEY, (right(), 1))[0]
    assert "1 number where 2 should stand" in judge("day5.line", 251.07)[0]
    assert judge(KEY, -right())[0].endswith("the size is right, the sign is not")
    assert (
        "percentage"
        in judge("day5.factor", 100 * day5.factor(*common.variances(day5.field()), 4))[0]
    )
    assert judge(KEY, len)[0].startswith(
        f"{KEY}: this builtin_function_or_method is not a number; call it"
    )


@pytest.mark.parametrize(
    "form",
    [
        tuple,
        list,
        np.array,
        lambda x: pd.Series(x, ["Intercept", "days"]),
        lambda x: {"intercept": x[0], "slope": x[1]},
        lambda x: [str(v) for v in x],
    ],
)
def test_two_numbers_in_any_form(form):
    assert judge("day5.line", form(day5.line("partial")))[1]


@pytest.mark.parametrize(
    "form",
    [
        str,
        str.lower,
        lambda x: f" {x}. ",
        np.str_,
        lambda x: [x],
        lambda x: pd.Series([x]),
        lambda x: pd.Categorical([x]),
        lambda x: f"'{x}'",
    ],
)
def test_a_word_in_any_form(form):
    assert judge("day5.promote", form("G19"))[1]
    assert "with one of G01, G02, … G70" in judge("day5.promote", form("G99"))[0]


@pytest.mark.parametrize("digits", [3, 4, 5])
@pytest.mark.parametrize("key", [k for k, q in answers.every().items() if not q.words])
def test_rounded_answers_are_right(key, digits):
    rounded = [float(f"{x:.{digits}g}") for x in numbers(checks._computed(key)[0])]
    assert judge(key, rounded)[1]


def test_an_unknown_key_is_met_with_the_closest():
    assert judge("day4.sigma", 1) == (
        "day4.sigma: there is no such question; did you mean day4.sigma2?",
        False,
    )
    assert judge("zzz", 1) == ("zzz: there is no such question", False)


def test_progress_counts_the_latest_answers(capsys):
    check(KEY, right())
    progress("day4")
    assert "day4: 1 of 7 done; still open: day4.var_mean, " in capsys.readouterr().out
    check(KEY, 1)
    progress("day4")
    assert "day4: 0 of 7 done" in capsys.readouterr().out
    for key in questions("day4"):
        check(key, checks._computed(key)[0])
    capsys.readouterr()
    progress("day4")
    assert capsys.readouterr().out == "day4: 7 of 7 done; all green\n"
    progress(None)
    assert capsys.readouterr().out == "None: there are no questions yet\n"


def test_the_course_hands_the_checks_on():
    from mmteach import course

    assert (course.check, course.progress, course.questions) == (check, progress, questions)


def test_only_the_day_that_is_asked_is_loaded():
    import subprocess
    import sys

    code = (
        "from mmteach.course import check; import sys; check('day2.sigma', None); "
        "print([n for n in sys.modules if n.startswith('mmteach.course.answers.day')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[1] == "['mmteach.course.answers.day2']"


def test_importing_the_checks_computes_nothing():
    import subprocess
    import sys

    code = (
        "from mmteach.course import check, progress; import sys; "
        "heavy = ('scipy', 'statsmodels', 'mmteach.engine', 'mmteach.course.answers.'); "
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
