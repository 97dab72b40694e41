"""Formulas of a lesson on a page without a script: as MathML, or in letters that can be read."""

import re
from html import escape

# a hat as a letter of its own lifts the exponent far above it; as part of the letter it does not
HAT = re.compile(
    r'<mover accent="true">(?:<mrow>)?(<mi[^>]*)>([^<]*)</mi>(?:</mrow>)?<mo>&#x0005E;</mo></mover>'
)
# the prime of a transpose, as small as an exponent and raised once more, would hardly be seen
PRIME = re.compile(r"<msup>(<mi[^>]*>[^<]*</mi>)<mi>&#x02032;</mi></msup>")
GREEK = {"sigma": "σ", "beta": "β", "mu": "μ", "lambda": "λ", "theta": "θ", "varepsilon": "ε"}
SIGNS = {"times": "×", "pm": "±", "cdot": "·", "sim": " ~ ", "mid": " | ", "le": "≤", "ge": "≥"}
SIGNS |= {"approx": "≈", "ne": "≠", "in": "∈", "dots": "…", "sum": "Σ", "chi": "χ", "pi": "π"}
SIGNS |= GREEK
STYLE = r"\\(?:mathbf|mathrm|boldsymbol|text|left|right|displaystyle)(?![A-Za-z])\s*"
PART = r"\s*(\{[^{}]*\}|[^{}\\\s])"


def formula(tex, block=False):
    """A formula as MathML; in readable letters when latex2mathml is not there or gives up.

    >>> formula("x").startswith(("<math", "<span"))
    True
    """
    try:
        from latex2mathml.converter import convert

        html = convert(" ".join(tex.split()), display="block" if block else "inline")
        html = PRIME.sub(r"\1<mo class='prime' lspace='0' rspace='0'>&#x2032;</mo>", html)
        return HAT.sub(r"\1 style='font-style: italic'>\2&#x0302;</mi>", html)
    except Exception:  # the package is optional, and no formula may stop a page
        return f'<span class="tex">{escape(readable(tex))}</span>'


def readable(tex):
    r"""TeX in letters that can be read where MathML is not to be had.

    >>> readable(r"\hat\sigma_b^2 = \mathbf X\hat{\boldsymbol\beta}")
    'σ̂_b² = Xβ̂'
    >>> readable(r"\frac{\mathrm{MS}_b + 17\,\mathrm{MS}_e}{72}")
    '(MS_b + 17 MS_e)/72'
    """
    tex = re.sub(r"\\q?quad(?![A-Za-z]) ?", "    ", " ".join(tex.split()))
    tex = re.sub(rf"{STYLE}\{{([^{{}}]*)\}}", r"\1", tex)
    tex = re.sub(r"\\[,!;: ]", " ", re.sub(STYLE, "", tex).replace(r"\dfrac", r"\frac"))
    tex = re.sub(
        r"\\([A-Za-z]+) ?",
        lambda found: SIGNS.get(found[1], found[0] if found[1] in SHAPES else found[1] + " "),
        tex,
    )
    tex = tex.replace("^{-1}", "⁻¹").replace("^2", "²").replace("'", "′")
    tex = re.sub(r"([_^])\{([^{}]*)\}", r"\1\2", tex)
    for name, (shape, parts) in SHAPES.items():
        pattern = re.compile(rf"\\{name}{PART * parts}")
        while pattern.search(tex):  # from the inside, as often as they are nested
            tex = pattern.sub(lambda found, shape=shape: shape(*map(_bare, found.groups())), tex)
    return re.sub(r" +([,.)])", r"\1", re.sub(r"[{}\\]", "", tex)).strip()


def _bare(text):
    return text.strip("{} ")


def _within(text):
    return text if len(text) < 2 or text.isdigit() else f"({text})"


# name -> (how it is written, how many parts it takes)
SHAPES = {
    "hat": (lambda text: text[:1] + "\u0302" + text[1:], 1),
    "bar": (lambda text: text[:1] + "\u0304" + text[1:], 1),
    "frac": (lambda above, below: f"{_within(above)}/{_within(below)}", 2),
    "sqrt": (lambda text: f"√{_within(text)}", 1),
}
