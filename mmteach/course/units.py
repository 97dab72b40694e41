"""Units in answers: "113.2 t/ha" is not 113.2 kg/ha, and kg²/ha² is the unit of a variance.

A unit is read as (factor, powers): how many of the base units it holds, and their powers. So
t/ha is 0.1 kg/m², powers kg 1 and m −2; two units compare when their powers agree.
"""

import re

ACRE, POUND = 4046.8564224, 0.45359237  # in m² and kg, exact by definition

# name -> (base unit, power, how many base units)
KNOWN = {
    **{name: ("kg", 1, 1.0) for name in ("kg", "kilogram", "kilograms")},
    **{name: ("kg", 1, 1000.0) for name in ("t", "ton", "tons", "tonne", "tonnes")},
    **{name: ("kg", 1, 0.001) for name in ("g", "gram", "grams")},
    **{name: ("kg", 1, 100.0) for name in ("dt", "quintal", "quintals")},
    **{name: ("kg", 1, POUND) for name in ("lb", "lbs", "pound", "pounds")},
    **{name: ("m", 2, 1e4) for name in ("ha", "hectare", "hectares")},
    **{name: ("m", 2, ACRE) for name in ("acre", "acres", "ac")},
    **{name: ("m", 1, 1.0) for name in ("m", "metre", "metres", "meter", "meters")},
    "cm": ("m", 1, 0.01),
    "mm": ("m", 1, 0.001),
    "km": ("m", 1, 1000.0),
    **{name: ("s", 1, 1.0) for name in ("s", "sec", "second", "seconds")},
    **{name: ("s", 1, 0.001) for name in ("ms", "millisecond", "milliseconds")},
    **{name: ("day", 1, 1.0) for name in ("day", "days", "d")},
    **{name: ("point", 1, 1.0) for name in ("point", "points", "pt", "pts")},
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
