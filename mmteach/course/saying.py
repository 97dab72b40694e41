"""A line that any terminal can print."""

import sys

PLAIN = str.maketrans(
    {
        "σ": "sigma",
        "π": "pi",
        "·": " ",
        "³": "^3",
        "β": "beta",
        "λ": "lambda",
        "θ": "theta",
        "χ": "chi",
        "²": "^2",
        "⁻": "^-",
    }
    | {"¹": "1", "−": "-", "–": "-", "…": "...", "√": "root of ", "û": "u", "ŷ": "y", "×": "x"}
    | {"≈": "about ", "’": "'", "“": '"', "”": '"', "≤": "<=", "≥": ">="}
)


def say(text):
    """Print a text, in plain letters where the terminal has no others.

    >>> say("σ² is 144.4")
    σ² is 144.4
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    print(text)
