"""The words that error messages share: a near miss, a list cut short, a choice, a level."""

from difflib import get_close_matches


class UnknownName(KeyError):
    """A KeyError whose message prints as plain text."""

    def __str__(self):
        return self.args[0]


def near(name, known):
    """ "did you mean 'x'? " for the known name closest to `name`, or nothing.

    >>> near("Genotype", ["block", "genotype"]), near("zzz", ["block"])
    ("did you mean 'genotype'? ", '')
    """
    known = list(map(str, known))
    same = [k for k in known if k.lower() == str(name).lower()]
    found = same or get_close_matches(str(name)[:80], known, 1, cutoff=0.4)
    return f"did you mean '{found[0]}'? " if found else ""


def shown(value, most=60):
    """A value as a message quotes it: as typed if that is short, else what it is.

    >>> shown("tukey"), shown([2]), shown(range(99)), shown("a" * 99, most=8)
    ("'tukey'", '[2]', 'range(0, 99)', "'aaaaaaa…")
    >>> import numpy
    >>> shown(numpy.ones((3, 2))), shown(print)
    ('an array of shape (3, 2)', 'a function')
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # np.float64(2.5) is for programmers, 2.5 for all
    elif type(value).__module__.split(".")[0] in ("numpy", "pandas") and hasattr(value, "shape"):
        word = "array" if type(value).__name__ == "ndarray" else type(value).__name__
        return f"{_a(word)} of shape {value.shape}"
    if isinstance(value, (str, bytes)):
        value = value[:most]  # the whole of a long one would take long
    elif isinstance(value, (list, tuple, dict, set)) and len(value) > 20:
        return f"{_a(type(value).__name__)} of length {len(value)}"
    elif callable(value):
        return f"the class {value.__name__}" if isinstance(value, type) else "a function"
    words = repr(value)
    if words.startswith("<"):
        return _a(type(value).__name__)
    return words if len(words) <= most else words[:most] + "…"


def _a(word):
    return f"a{'n' * (word[0].lower() in 'aeiou')} {word}"


def listed(items, most=12):
    """The first items, separated by commas, and how many more there are.

    >>> listed("abcd", most=2)
    'a, b and 2 more'
    """
    items = list(map(str, items))
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def dropped_columns(names):
    """What a fit says about columns that X does not need.

    >>> dropped_columns(["hours"])
    'X is rank-deficient, so 1 column(s) were dropped (their coefficients are NA): hours'
    """
    return (
        f"X is rank-deficient, so {len(names)} column(s) were dropped (their coefficients "
        f"are NA): {', '.join(names)}"
    )
