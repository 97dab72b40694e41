"""What an answer may look like, and that no answer, however odd, stops a lesson."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmteach.course import answers, checks, units
from mmteach.course.answers import common, day5
from mmteach.course.checks import check, judge, numbers, progress, questions
from mmteach.course.question import Question

KEY = "day4.sigma2"  # a worked one; one of the student's own:
OWN = "day4.sigma2_b"


def right():
    return common.schools().sigma2


def own():
    return common.variances(common.schools())[0]


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
        ("2*sigma2/4", None),
        ("2 * 25627 / 4", None),
        ("1 / sqrt(2)", None),
        ("2906 - 5", None),
        ("5 /ha", 5),
        ("113.2*kg/ha", 113.2),
        ("7.64E-07 t", 7.64e-7),
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
    check(OWN, own())
    assert capsys.readouterr().out == f"{OWN}: right, 102.6 (1 of 4 done)\n"
    progress("day4")
    out = capsys.readouterr().out
    assert out.startswith("day4: worked 3, yours 1 of 4; still open: day4.criterion, ")
    check(OWN, 1)
    progress("day4")
    assert "day4: worked 3, yours 0 of 4; still open: day4.sigma2_b, " in capsys.readouterr().out
    for key in questions("day4"):
        check(key, checks._computed(key)[0])
    out = capsys.readouterr().out
    assert re.findall(r"\((\d) of 4 done\)", out) == ["1", "2", "3", "4"] and out.count("\n") == 7
    progress("day4")
    assert capsys.readouterr().out == "day4: worked 3, yours 4 of 4; all green\n"
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


# --- what a good tutor says ---------------------------------------------------------------------

# number typed -> words of the answer; typed in here, apart from how the hints are computed
KNOWN_SLIPS = {
    "day1.slope": {
        -0.005617: "multiplied",
        -0.005011: "per lb/acre",
        8.137: "intercept",
        -3.466: "this is t",
        -0.447: "100 kg/ha",
    },
    "day1.error_df": {
        95: "the total",
        86: "interaction is missing",
        85: "24 means",
        14: "of the interaction",
        23: "of the treatments",
        73: "overall mean",
    },
    "day1.se_cell": {
        1.044: "45 rows",
        4.044: "15 pens",
        7.004: "SD of one row",
        3.270: "square root",
        1.747: "RSS by n",
        2.557: "of a difference",
        1.773: "of A on day 1",
        0.01808: "sign % out",
    },
    "day1.half": {
        1.808: "multiply it by t",
        7.123: "the whole width",
        23.24: "the lower limit",
        2.056: "SE of 45 rows",
        3.878: "14 df; σ of all",
        2.985: "0.975",
        13.79: "divide it by √15",
        3.544: "known σ",
        30.37: "the upper limit",
        3.596: "84 df",
        3.576: "these 15 rows alone",
        3.894: "their own SD",
        0.03561: "sign % out",
    },
    "day1.rows": {
        (20, 18, 23, 23, 20, 18): "reference is A",
        (3, 0, -2, -2, 3, 0): "column of ones",
        (21, 18, 18, 18, 21, 18): "1 for everybody",
        (23, 18, 20, 20, 23, 18): "reference is B",
        (18, 20, 23, 23, 18, 20): "changed places",
    },
    "day1.f": {
        0.07649: "mean squares",
        19.28: "5 df",
        4.131: "RSS by n",
        0.2594: "1/F",
        8.652: "of the days",
        4.773: "leave them out",
        2.276: "counts the pens",
        3.87: "leaves the interaction out",
        3.429: "pens and rooms",
        3.657: "days and the interaction",
    },
    "day1.days": {
        0.7382: "90 rows as independent",
        1.226: "three days",
        0.867: "halves both parts",
        0.7874: "pens alone",
        1.808: "only 15 pens are counted",
        1.062: "square root",
        0.5226: "SDs",
        0.0103: "sign % out",
    },
    "day2.sigma": {
        25627: "variance",
        134.73: "ML",
        168.92: "blocks are missing",
        80.04: "a genotype",
    },
    "day2.sigma2_b": {
        53.91: "square it",
        2180: "ML",
        13077: "by 4, the number of blocks",
        4330: "holds σ²/18",
        52308: "divide it by 18",
        25627: "residual variance",
    },
    "day2.correlation": {0.1134: "σ_b²/σ²", 0.252: "not of SDs", 0.898: "share of the error"},
    "day2.sed": {
        80.04: "you compare two",
        119.4: "cancels",
        226.4: "two plots",
        160.1: "SD of one plot",
        98.03: "ML's",
        12814: "the square of the SED",
    },
    "day2.se_mean": {
        80.04: "blocks fixed",
        113.2: "the SED",
        96.5: "does not divide σ_b² by 4",
        73.14: "ML's",
        7133: "square root",
        168.9: "SD of one plot",
        160.1: "this is σ;",
        53.9: "this is σ_b;",
        100.2: "one new block",
    },
    "day3.pen": {
        0.247: "two pens of one room",
        0.146: "the pen alone",
        0.607: "share of the error",
        0.53: "SDs",
        18.84: "divide it by the variance",
    },
    "day3.df": {5: "of the blocks", 15: "5 more", 60: "subplots", 18: "number of whole plots"},
    "day3.days": {1844: "adds σ²", 0.56: "correlation", 698.5: "2 · 7", 1103: "2 + 7"},
    "day3.four_plots": {
        300: "plots 1 and 2",
        200: "between blocks",
        145: "plot has moved",
        182.5: "three variances",
        132.5: "shares with itself",
        120: "independent",
        195: "300, not 200",
        830: "needs 4²",
        3320: "sum of all cells",
        14.4: "square it",
        162.5: "lacks σ²",
        480: "variance of one plot",
    },
    "day3.numbers": {
        5: "variances only",
        10: "four effects",
        25: "twice",
        4: "the intercept varies",
        16: "counts σ²",
    },
    "day3.theta": {
        0.486: "take its root",
        0.707: "280 errors",
        0.417: "the estimate",
        0.348: "averages 4 halves",
        1.435: "σ_w above",
    },
    "day2.potash": {
        0.0097: "still holds σ²/5",
        0.004875: "divide it by 5",
        0.00065: "ML",
        0.04368: "residual variance",
        0.03122: "square it",
    },
    "day4.sigma2": {
        225: "the truth",
        12.02: "square it",
        108.3: "RSS/n",
        118.1: "RSS/(n − 1)",
        102.6: "other line",
    },
    "day4.sigma2_b": {
        56.39: "ML",
        138.7: "still holds σ²/4",
        554.9: "MS_b, whose",
        410.5: "divide it by 4",
        136.8: "divided by 3",
        144.4: "residual variance",
        10.13: "square it",
        100: "this is the truth",
    },
    "day4.criterion": {
        88.607: "log|X'X| is subtracted",
        91.281: "at the ML variances",
        91.142: "take σ²/4 off",
        91.160: "can be lower",
        91.874: "true variances",
        96.548: "the ML criterion",
        -45.546: "log-likelihood",
        90.5: "below the minimum",
        94.93: "is missing; the rest is right",
        98.76: "you subtracted it",
    },
    "day4.uneven": {
        167.7: "ML's formula",
        260.96: "3 for the students",
        123.23: "the last two of S3",
        155.1: "ML",
        263.7: "balanced",
        102.6: "all 12",
        81.32: "residual variance",
    },
    "day4.potash": {5.02: "refit both by ML", 7.288: "twice", -14.58: "sign"},
    "day5.factor": {0.395: "1/(1 + λ)", 0.277: "taken away", 0.764: "SDs"},
    "day5.school": {
        54.46: "the mean",
        -0.853: "another school",
        10.46: "1/λ",
        63.57: "from the mean",
        0.74: "this is the factor",
        9.497: "SDs",
    },
    "day5.few": {0.861: "SDs", 0.137: "with populations in the model"},
    "day5.line": {
        (259.64, 7.181): "transposed",
        (260.14, -0.7232): "off the diagonal",
        (263.37, 7.871): "taken away",
        (263.03, -2.881): "no pooling",
        (-0.3336, -10.75): "add the fixed effects",
    },
    "day6.f_pens": {4.773: "independent", 2.276: "blocks are missing", 22.27: "rooms"},
    "day6.error_df": {
        66: "rooms are forgotten",
        195: "counts samples",
        132: "error of the days",
        71: "pens less one",
        15: "diet × room",
        62: "counts one less",
        72: "number of pens",
        60: "subtract from the 72 pens",
        64: "subtract from the 72 pens",
    },
    "day6.lrt": {47.84: "compare by ML", 7.10: "twice that", -14.20: "smaller model minus"},
    "day6.df_mean": {
        2.614: "1 df, not 2",
        1.058: "weight",
        2.995: "all three rooms",
        53: "rooms cancel",
        1: "use the formula",
    },
    "day6.p_blocks": {
        0.1911: "boundary",
        0.19: "boundary",
        0.0656: "take REML",
        0.0478: "twice",
        1.709: "p is asked",
        0.1312: "by ML; take REML",
        0.1132: "the exact F test",
    },
    "day6.dunnett": {
        0.00283: "unadjusted",
        0.0480: "Bonferroni",
        0.180: "Tukey",
        0.0331: "the better one",
    },
    "day6.upper": {
        0.7171: "1.96",
        0.7421: "the 2 is missing",
        1.0183: "variance of blocks",
        0.5716: "take the root",
        0.5966: "small plots",
        0.8805: "SE of a mean",
        0.7835: "df of a mean",
        0.2731: "lower end",
        0.5479: "difference itself",
    },
    "day7.parameters": {18: "number of effects", 153: "covariances alone", 324: "twice"},
    "day7.aic": {769.7: "REML", 922.96: "variances only", 938.96: "AIC asks 2", 1004.5: "BIC"},
    "day7.cook": {1.704: "divide by p", 0.2411: "squared", 0.7499: "1 − h", 0.12: "leverage"},
    "day7.qq": {0.951: "norm.ppf", 0.958: "r²", 0.994: "logarithm", -0.005: "not sorted"},
    "day7.driver": {"332": "strangest row", "308": "steepest", "337": "slowest"},
    "day7.scales": {
        -1503.1: "add twice",
        -578.1: "once",
        -3353: "sign",
        359.9: "REML",
        336.6: "as it is",
    },
    "day7.neighbours": {0.554: "yields", 0.358: "next row", 0.428: "two beds", 0.265: "r²"},
}


@pytest.mark.parametrize(
    ("key", "number", "words"),
    [(key, number, words) for key, slips in KNOWN_SLIPS.items() for number, words in slips.items()],
)
def test_known_slips_by_their_values(key, number, words):
    line, right = judge(key, number)
    assert not right and line.startswith(f"{key}: not yet: ") and words in line, line


def test_a_criterion_is_right_to_the_second_decimal_only():
    assert judge("day4.criterion", 91.09)[1] and judge("day4.criterion", 91.1)[1]
    assert not judge("day4.criterion", 91.11)[1] and not judge("day4.criterion", 91.07)[1]
    assert judge("day4.criterion", 91)[0] == "day4.criterion: close: give two decimals"


def test_a_close_answer_is_asked_for_more_than_it_has():
    """Of every number, rounded to few decimals; and what the reply asks for is then right."""
    assert judge("day7.qq", 0.98)[0] == "day7.qq: close: give three decimals"
    asked = 0
    for key, question in answers.every().items():
        if question.words or question.absolute is None:
            continue
        target = numbers(checks._computed(key)[0])
        for n in range(4):
            typed = [round(number, n) for number in target]
            reply = re.search(r"close: give (\w+) decimals", judge(key, typed)[0])
            if reply:
                wanted = checks.COUNTED.index(reply[1])
                assert wanted > n, (key, typed)
                assert judge(key, [round(number, wanted) for number in target])[1], key
                asked += 1
    assert asked >= 5


@pytest.mark.parametrize(
    ("key", "rounded"),
    [
        ("day2.se_mean", 84),
        ("day2.se_mean", "84 kg/ha"),
        ("day2.correlation", 0.10),
        ("day2.correlation", "0.10"),
        ("day2.correlation", "10 %"),
        ("day2.potash", 0.001),
        ("day2.potash", 0.00098),
        ("day2.potash", 0.00097),
        ("day5.school", "9 points"),
        ("day5.line", (250, -0.28)),
        ("day5.line", (251.07, -0.28)),
    ],
)
def test_a_rounded_answer_is_close_and_not_false(key, rounded):
    line, right = judge(key, rounded)
    assert (line, right) == (f"{key}: close: give three digits", False)


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("day2.se_mean", 88),
        ("day2.se_mean", 83.2),
        ("day2.correlation", 0.2),
        ("day5.few", 0.7),
    ],
)
def test_what_no_rounding_gives_is_not_called_close(key, number):
    line, right = judge(key, number)
    assert not right and "close" not in line and " is not " in line


def test_a_count_is_not_close_to_another_count():
    for number in (60, 60.0, "60 df"):
        line, right = judge("day6.error_df", number)
        assert not right and "close:" not in line and "three digits" not in line, line


@pytest.mark.parametrize(
    ("key", "typed", "answer"),
    [
        ("day2.sed", "113.2 kg/ha", "right, 113.2"),
        ("day2.sed", "113.2 kg ha⁻¹", "right, 113.2"),
        ("day2.sed", "113.2 kg per ha", "right, 113.2"),
        ("day2.sed", "0.1132 t/ha", "right, 113.2"),
        ("day2.sed", "1.132 dt/ha", "right, 113.2"),
        ("day2.sed", "101.0 lb/acre", "right, 113.2"),
        (
            "day2.sed",
            "113.2 t/ha",
            "not yet: 113.2 is in kg/ha; in your unit it is 0.1132 t/ha",
        ),
        (
            "day2.sed",
            "113.2 kg²/ha²",
            "not yet: the number is right, but kg²/ha² is the unit of a variance; "
            "give the SE of a difference of two genotype means (kg/ha)",
        ),
        (
            "day2.sed",
            "500 kg",
            "not yet: kg is another unit; give the SE of a difference of two genotype means (kg/ha)",
        ),
        ("day2.sed", "12814 (kg/ha)²", "not yet: this is the square of the SED"),
        ("day2.sed", "0.08004 t/ha", "not yet: this is √(σ²/4), the SE of one mean with"),
        ("day2.sed", "113.2 bushels", "right, 113.2 (bushels is no unit known here: not read)"),
        ("day2.sigma2_b", "0.002906 t²/ha²", "right, 2906"),
        ("day2.sigma2_b", "2906 (kg/ha)^2", "right, 2906"),
        ("day2.sigma2_b", "2906 kg/ha squared", "not yet: the number is right, but "),
        ("day4.sigma2", "144.4 points", "not yet: the number is right, but points is the unit of"),
        ("day4.sigma2", "144.4 points squared", "right, 144.4"),
        ("day2.correlation", "0.1018 kg/ha", "not yet: the number is right, but kg/ha does not"),
        ("day5.line", ("0.25107 s", "-0.2849 ms a day"), "right, 251.1, -0.2849"),
        ("day5.line", ("251.07 ms", "-0.2849 ms per day"), "right, 251.1, -0.2849"),
    ],
)
def test_units_are_read(key, typed, answer):
    line, right = judge(key, typed)
    assert line.startswith(f"{key}: {answer}") and right == answer.startswith("right"), line


@pytest.mark.parametrize(
    "text",
    ["kg^9999/ha", "kg99999999999999999", "/", "()", "kg)", "(kg", "²", "kg/ha" * 400, "((kg))^2"],
)
def test_odd_units_are_no_units_or_known_ones(text):
    kind, factor = units.compare(text, "kg/ha")
    assert kind in ("unknown", "other") and factor == 1.0
    assert judge("day2.sed", f"113.2 {text}")[0].startswith("day2.sed: ")


@pytest.mark.parametrize("question", answers.every().values(), ids=list(answers.every()))
def test_every_unit_of_a_question_is_a_known_one(question):
    for unit in question.unit if isinstance(question.unit, tuple) else [question.unit]:
        assert unit == "" or units.read(unit)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2*sigma2/4", "'2*sigma2/4' is a calculation in quotes; give the number; let Python"),
        ("sigma2 / 4", "is a calculation in quotes"),
        ("np.sqrt(2 * 25627 / 4)", "is a calculation in quotes"),
        ("√(2σ²/4)", "is not a number; give the SE"),
        ("(1, 2)", "is a calculation in quotes"),
        ("sed", "sed is a name in quotes; without the quotes Python puts its value there"),
        ("about a hundred", "is in words; use digits"),
        ("bigger than before", "is not a number; give the SE of a difference"),
    ],
)
def test_texts_without_a_number_hear_why(typed, words):
    line, right = judge("day2.sed", typed)
    assert not right and words in line, line


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_terminal_can_print_every_line(encoding):
    import contextlib
    import io

    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    with contextlib.redirect_stdout(out):
        for key, question in answers.every().items():
            check(key, None)
            check(key, "\ud800 ≈ σ²")
            for wrong in question.wrong.values():
                check(key, wrong())
        progress("σ²")
    out.flush()
    lines = out.buffer.getvalue().decode(encoding).splitlines()
    assert len(lines) == 1 + sum(2 + len(question.wrong) for question in answers.every().values())
    if encoding == "ascii":
        assert any("sigma_b^2" in line for line in lines)
        assert not any("?" in line.replace("; did you mean", "") for line in lines)


def test_check_on_an_ascii_terminal():
    import os
    import subprocess
    import sys

    code = "from mmteach.course import check; check('day2.sed', 119.44); check('day2.sed', 'σ²')"
    env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert out.returncode == 0 and "this counts sigma_b^2, which cancels" in out.stdout, out.stderr
