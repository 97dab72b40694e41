"""Units in answers: "113.2 t/ha" is not 113.2 kg/ha, and kg²/ha² is the unit of a variance.

A unit is read as (factor, powers): how many of the base units it holds, and their powers. So
t/ha is 0.1 kg/m², powers kg 1 and m −2; two units compare when their powers agree.
"""

import re

ACRE, POUND = 4046.8564224, 0.45359237  # in m² and kg, exact by definition

# name -> (base unit, power, how many base units)
KNOWN = {
    **dict.fromkeys(("kg", "kilogram", "kilograms"), ("kg", 1, 1.0)),
    **dict.fromkeys(("t", "ton", "tons", "tonne", "tonnes"), ("kg", 1, 1000.0)),
    **dict.fromkeys(("g", "gram", "grams"), ("kg", 1, 0.001)),
    **dict.fromkeys(("dt", "quintal", "quintals"), ("kg", 1, 100.0)),
    **dict.fromkeys(("lb", "lbs", "pound", "pounds"), ("kg", 1, POUND)),
    **dict.fromkeys(("ha", "hectare", "hectares"), ("m", 2, 10000.0)),
    **dict.fromkeys(("acre", "acres", "ac"), ("m", 2, ACRE)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("m", 1, 1.0)),
    "cm": ("m", 1, 0.01),
    "mm": ("m", 1, 0.001),
    "km": ("m", 1, 1000.0),
    **dict.fromkeys(("s", "sec", "second", "seconds"), ("s", 1, 1.0)),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), ("s", 1, 0.001)),
    **dict.fromkeys(("day", "days", "d"), ("day", 1, 1.0)),
    **dict.fromkeys(("point", "points", "pt", "pts"), ("point", 1, 1.0)),
}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
PIECE = re.compile(r"\s*(?:(?P<sign>[/·*])|(?P<name>[^\W\d_]+)\s*(?P<power>-?\d+)?)\s*")
SQUARED = re.compile(r"\s*\((?P<inside>[^()]*)\)\s*(?P<power>-?\d+)?\s*")


def read(text):
    """(factor, {base unit: power}) of a unit as people write it; None when it is not known.

    >>> read("kg/ha") == read("kilograms per hectare") == read("kg ha⁻¹")
    True
    >>> read("(t/ha)²")
    (0.01, {'kg': 2, 'm': -4})
    >>> read("bushels") is None
    True
    """
    text = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda found: found[1].translate(RAISED), text.strip())
    text = re.sub(r"\b(?:per|a)\b", "/", text.lower().replace("\u2212", "-"))
    text = re.sub(r"\s+squared\b", "2", text.replace("^", "").replace("**", ""))
    whole = SQUARED.fullmatch(text)
    outer = int(whole["power"] or 1) if whole else 1
    text, factor, powers, side, at = (whole["inside"] if whole else text), 1.0, {}, 1, 0
    while at < len(text):
        piece = PIECE.match(text, at)
        if piece is None or (piece["name"] and piece["name"] not in KNOWN):
            return None
        at = piece.end()
        if piece["sign"]:
            side = -1 if piece["sign"] == "/" else 1
            continue
        base, power, size = KNOWN[piece["name"]]
        times = side * outer * int(piece["power"] or 1)
        if abs(times) > 8:  # nobody means it, and a power could overflow
            return None
        factor *= size**times
        powers[base] = powers.get(base, 0) + times * power
        side = 1
    powers = {base: power for base, power in powers.items() if power}
    return (float(f"{factor:.12g}"), powers) if powers else None


def compare(text, wanted):
    """(kind, factor to the wanted unit) of a unit as typed.

    The kinds: "" (nothing typed), "same", "scaled", "variance" and "sd" (the square and the root
    of what is wanted), "other", "unknown".

    >>> compare("t/ha", "kg/ha"), compare("kg²/ha²", "kg/ha"), compare("points", "points²")
    (('scaled', 1000.0), ('variance', 1.0), ('sd', 1.0))
    >>> compare("of it", "kg/ha"), compare("kg", "")
    (('unknown', 1.0), ('other', 1.0))
    """
    if not text:
        return "", 1.0
    typed = read(text)
    if typed is None:
        return "unknown", 1.0
    factor, powers = read(wanted) or (1.0, {})
    if powers == typed[1]:
        ratio = typed[0] / factor
        return ("same", 1.0) if abs(ratio - 1) < 1e-9 else ("scaled", float(f"{ratio:.12g}"))
    if powers and typed[1] == {base: 2 * power for base, power in powers.items()}:
        return "variance", 1.0
    if powers and powers == {base: 2 * power for base, power in typed[1].items()}:
        return "sd", 1.0
    return "other", 1.0
