"""What people type as an answer, read as numbers."""

import ast
import re
import warnings

import numpy as np

from . import units

# 2,906.5 or 2,5 (a decimal comma) or 2.5; then perhaps e-7, /3 and %
NUMBER = re.compile(
    r"([-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d+|\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
    r"(?:\s*/\s*(\d+))?(?![\d.,]*\d)\s*(%?)",
    re.IGNORECASE,
)
WORDS = re.compile(
    r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|fifty|hundred"
    r"|thousand|half|third|quarter)\b",
    re.IGNORECASE,
)
NO_NUMBER = "is not a number"
QUOTES_OFF = "give the number; let Python compute it: no quotes"


def numbers(value):
    """The number or numbers in any reasonable form of answer, as a list of floats; else None.

    >>> numbers("2,906.0 kg²/ha²"), numbers("−66.52"), numbers((1, np.float64(2.5)))
    ([2906.0], [-66.52], [1.0, 2.5])
    >>> numbers("67.1 %"), numbers("2/3 of it"), numbers("about the same"), numbers("2*sigma2/4")
    ([0.671], [0.6666666666666666], None, None)
    """
    found = quantities(value)
    return None if found is None else [number for number, _ in found]


def quantities(value):
    """Like `numbers`, each with the text that follows it, as [(number, text)]; else None.

    >>> quantities("113.2 t/ha"), quantities(["251 ms", "-0.28 ms a day"]), quantities(3)
    ([(113.2, 't/ha')], [(251.0, 'ms'), (-0.28, 'ms a day')], [(3.0, '')])
    """
    if isinstance(value, str):
        return _in_text(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        parts = [quantities(part) for part in value]
        return None if None in parts else [one for part in parts for one in part]
    try:
        array = np.asarray(value)
        if array.dtype.kind == "U":
            return quantities(array.ravel().tolist())
        if array.dtype.kind not in "iufO" or isinstance(value, bytes | bool):
            return None  # dates, complex numbers and truth values would turn into floats
        if array.dtype.kind == "O" and array.size != 1:
            return quantities(array.ravel().tolist())
        return [(float(number), "") for number in array.ravel()]
    except Exception:  # whatever an object's own __array__ or __float__ raises
        return None


def _start(text):
    """(match of the number that a text begins with, the text after it), else (None, text)."""
    text = text.strip().replace("\u2212", "-")
    text = re.sub(r"^(≈|~|=|about|roughly)\s*", "", text, flags=re.IGNORECASE)
    text = re.sub(r"\s*[×*]\s*10(\^|\*\*)\s*(?=[-+]?\d)", "e", text)
    text = re.sub(r"(?<=\d)[ _\u00a0\u2009\u202f](?=\d{3}(?!\d))", "", text)  # 25 627, 25_627
    found = NUMBER.match(text)
    return found, text[found.end() :].strip() if found else text


def _in_text(text):
    """The number at the start of a text: "≈ −2,906.0 kg", "3/4", "7.6 × 10^-7", "67.1 %"."""
    found, rest = _start(text)
    if not found or _goes_on(rest):
        return None
    number, divisor, percent = found.groups()
    thousands = re.match(r"[-+]?\d{1,3}(,\d{3})+(\.|e|$)", number, re.IGNORECASE)
    number = float(number.replace(",", "" if thousands else "."))
    if divisor:
        number = number / float(divisor) if float(divisor) else np.nan
    return [(number / 100 if percent else number, rest)]


def _goes_on(rest):
    """Whether a calculation follows the number, and not a unit such as "/ha"."""
    return rest[:1] in set("+-*/^×÷") and bool(rest) and units.read(rest) is None


def why_not(text):
    """One clause on why a text is not a number, and what to do.

    >>> why_not("2*sigma2/4")
    'is a calculation in quotes; give the number; let Python compute it: no quotes'
    >>> why_not("sigma2")
    'is a name in quotes; without the quotes Python puts its value there'
    >>> why_not("two or three")
    'is in words; use digits'
    """
    found, rest = _start(text)
    if (found and _goes_on(rest)) or _expression(text):
        return f"is a calculation in quotes; {QUOTES_OFF}"
    if WORDS.search(text[:30]):
        return "is in words; use digits"
    if text.isidentifier() and text.isascii() and re.search(r"[_\d]|^[a-z]{1,6}$", text):
        return "is a name in quotes; without the quotes Python puts its value there"
    return NO_NUMBER


def _expression(text):
    """Whether Python would take the text as a calculation."""
    if len(text) > 200:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = ast.parse(text.strip(), mode="eval").body
    except Exception:  # no Python at all, or too deep
        return False
    return isinstance(node, ast.BinOp | ast.Call | ast.Subscript | ast.Tuple | ast.List)


def digits(number):
    """(significant digits that a number shows, the worth of its last one).

    >>> digits(84.0), digits(0.1), digits(0.00098), digits(1200)
    ((2, 1.0), (1, 0.1), (2, 1e-05), (2, 100.0))
    """
    if number == 0 or not np.isfinite(number):
        return 1, 0.0
    mantissa, exponent = f"{abs(number):.14e}".split("e")
    shown = len(mantissa.rstrip("0").replace(".", ""))
    return shown, float(f"1e{int(exponent) - shown + 1}")
