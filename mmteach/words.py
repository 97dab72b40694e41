"""The words that error messages share: a near miss, a list cut short, a choice, a level."""

from difflib import get_close_matches


class UnknownName(KeyError):
    """A KeyError whose message prints as plain text."""

    def __str__(self):
        return self.args[0]


def near(name, known):
    """"did you mean 'x'? " for the known name closest to `name`, or nothing.

    >>> near("Genotype", ["block", "genotype"]), near("zzz", ["block"])
    ("did you mean 'genotype'? ", '')
    """
    known = list(map(str, known))
    same = [k for k in known if k.lower() == str(name).lower()]
    found = same or get_close_matches(str(name), known, 1, cutoff=0.4)
    return f"did you mean '{found[0]}'? " if found else ""


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
    return (f"X is rank-deficient, so {len(names)} column(s) were dropped (their coefficients "
            f"are NA): {', '.join(names)}")
