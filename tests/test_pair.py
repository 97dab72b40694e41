"""The pair of day 2: cell for cell comparable, and every number of the lecture is in an output."""

import re
from pathlib import Path
from statistics import median

import pytest
from mmteach.course.authoring import lessons

FOLDER = Path(__file__).parents[1] / "notebooks"
CELLS = {
    kind: lessons.read(FOLDER / f"day2_rcbd_{kind}.ipynb").cells for kind in ("fixed", "mixed")
}
KINDS = pytest.mark.parametrize("kind", CELLS)

# genotype effects, kg/ha, and their t values: printed alike by lm and by lmer
EFFECTS = """
G02 -66.52 -0.588   G03 223.07 1.971   G04 167.40 1.479   G05 61.05 0.539   G06 -267.20 -2.361
G07 355.20 3.138   G08 159.53 1.409   G09 231.31 2.043   G10 156.66 1.384   G11 146.29 1.292
G12 -42.87 -0.379   G13 243.18 2.148   G14 1.06 0.009   G15 64.72 0.572   G16 22.81 0.201
G17 -296.66 -2.621   G18 448.28 3.960""".split()
P_VALUES = """0.559393 0.054201 0.145336 0.591996 0.022111 0.002826 0.164820 0.046198 0.172393
0.202071 0.706453 0.036467 0.992565 0.570007 0.841122 0.011534 0.000233""".split()
BLOCKS = {"R2": "-150.83 53.36 -2.827 0.006704", "R3": "-85.66 53.36 -1.605 0.114592",
          "R4": "-124.21 53.36 -2.328 0.023936"}
SIZE = {"fixed": 21, "mixed": 18}   # coefficients
# the rest of what the lecture prints for each model
LECTURE = {
    "fixed": """672.03 86.46 7.773 3.29e-10 113.20 -150.83 53.36 -2.827 0.006704
        -85.66 -1.605 0.114592 -124.21 -2.328 0.023936 160.1 51 0.6748 0.5473 5.291 20 7.64e-07
        -349.66 -81.58 -1.08 78.47 318.59""".split(),
    "mixed": """729.7 2906 53.91 25627 160.09 581.86 84.46 6.889 113.20
        -1.99895 -0.58043 -0.01854 0.52108 1.92022 60.52 -40.71 3.03 -22.84 0.671
        46.69 138.64 45.9""".split(),
}


def outputs(kind):
    return "\n".join(lessons.output_text(cell.get("outputs", ())) for cell in CELLS[kind])


def shown(kind, number):
    """Whether some output prints this number, with at least the digits of the lecture."""
    places = len(number.partition("e")[0].partition(".")[2])
    for text in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?![\d.]*\d)", outputs(kind)):
        if ("e" in text or "e" in number) and text != number:
            continue
        if len(text.partition("e")[0].partition(".")[2]) >= places and alike(text, number):
            return True
    return False


def alike(text, number):
    """Equal to the digits of `number`; where the next digits are exactly 5, both ways are right."""
    places = len(number.partition("e")[0].partition(".")[2])
    return abs(float(text) - float(number)) <= 0.5 * 10.0**-places + 1e-9


def coefficient_tables(kind):
    """The tables of coefficients: that of `summary`, then the one made by hand; name -> numbers."""
    rows = [line.split() for line in outputs(kind).split("\n")]
    rows = [row for row in rows if row and re.match(r"Intercept$|\w+\[T\.", row[0])]
    starts = [i for i, row in enumerate(rows) if row[0] == "Intercept"]
    return [{row[0]: row[1:] for row in rows[start:start + SIZE[kind]]} for start in starts]


def test_the_two_are_comparable_cell_by_cell():
    fixed, mixed = CELLS["fixed"], CELLS["mixed"]
    assert len(fixed) == len(mixed)
    for number, (a, b) in enumerate(zip(fixed, mixed)):
        assert a.cell_type == b.cell_type, f"cell {number}"
        for key in ("slideshow", "minutes", "tags"):
            assert a.metadata.get(key) == b.metadata.get(key), f"cell {number}, {key}"
        if number and lessons.heading(a)[0]:
            assert lessons.heading(a) == lessons.heading(b), f"cell {number}"
        pictures = [sum("image/png" in output.get("data", {}) for output in cell.get("outputs", ()))
                    for cell in (a, b)]
        assert pictures[0] == pictures[1], f"cell {number} draws {pictures}"


def test_sections_are_numbered_in_order():
    titles = [lessons.heading(cell)[1] for cell in CELLS["fixed"] if lessons.heading(cell)[0] == 2]
    assert [int(title.split(".")[0]) for title in titles] == list(range(1, len(titles) + 1))
    assert len(titles) >= 12


@KINDS
def test_every_number_of_the_lecture_is_computed(kind):
    missing = [number for number in LECTURE[kind] if not shown(kind, number)]
    assert not missing, f"day2_rcbd_{kind} shows no {', '.join(missing)}"


@KINDS
def test_the_coefficient_tables_are_the_lectures(kind):
    first = {"fixed": "672.03 86.46 7.773", "mixed": "581.86 84.46 6.889"}[kind].split()
    tables = coefficient_tables(kind)
    assert len(tables) == 2, "one of summary(), one by hand"
    for rows in tables:
        assert len(rows) == SIZE[kind]
        assert all(map(alike, rows["Intercept"], first))
        for name, effect, t in zip(EFFECTS[::3], EFFECTS[1::3], EFFECTS[2::3], strict=True):
            row = rows[f"genotype[T.{name}]"]
            assert all(map(alike, row, [effect, "113.20", t])), f"{name}: {row}"


def test_the_p_values_of_lm_are_there():
    rows = coefficient_tables("fixed")[1]
    assert [rows[f"genotype[T.{g}]"][3] for g in EFFECTS[::3]] == P_VALUES
    assert rows["Intercept"][3] == "3.29e-10"
    for name, numbers in BLOCKS.items():
        assert all(map(alike, rows[f"block[T.{name}]"], numbers.split()))


@KINDS
def test_the_tables_of_the_package_are_shown(kind):
    """The F test of the genotypes, and a mean with its SE and degrees of freedom."""
    lines = [line.split() for line in outputs(kind).split("\n")]
    assert any(line[:1] == ["genotype"] and line[3:] == ["17", "51", "5.6880", "<0.0001"]
               for line in lines)
    mean = {"fixed": ["80.04", "51"], "mixed": ["84.46", "45.905"]}[kind]
    assert any(line[:2] == ["G01", "581.9"] and line[2:4] == mean for line in lines)


@KINDS
def test_the_table_of_same_and_differs_is_computed(kind):
    lines = outputs(kind).split("\n")
    same = [line for line in lines if line.rstrip().endswith(" same")]
    differs = [line for line in lines if line.rstrip().endswith(" differs")]
    assert all(name in " ".join(same) for name in ("G02 − G01", "SED", "sigma", "mean of G01"))
    assert all(name in " ".join(differs) for name in ("SE of a mean", "df of a mean", "covariance"))


@pytest.mark.parametrize("kind, words", [
    ("fixed", "last dummy"), ("fixed", "dividing by n"), ("fixed", "point estimates"),
    ("mixed", "many letters"), ("mixed", "whose residual"), ("mixed", "taking ML for REML"),
    ("mixed", "balanced data do not shrink"), ("mixed", "point estimates"),
])
def test_the_common_slips_have_their_box(kind, words):
    boxes = [line for cell in CELLS[kind] if cell.cell_type == "markdown"
             for line in cell.source.split("\n") if line.startswith("> **Common slip")]
    assert any(words in box for box in boxes)


@KINDS
def test_rhythm(kind):
    cells = CELLS[kind]
    code = [cell for cell in cells if cell.cell_type == "code"]
    figures = sum("image/png" in out.get("data", {}) for cell in code for out in cell.outputs)
    captions = sum(cell.source.count("*Figure ") for cell in cells if cell.cell_type == "markdown")
    assert 45 <= len(cells) <= 60 and 20 <= len(code) <= 25
    assert figures == captions
    lengths = [sum(bool(line.strip()) for line in cell.source.split("\n")) for cell in code]
    assert max(lengths) <= 15 and median(lengths) <= 4
    minutes = sum(cell.metadata.get("minutes", 0) for cell in cells)
    assert 50 <= minutes <= 60


@KINDS
def test_one_slider_with_a_static_twin(kind):
    code = [cell for cell in CELLS[kind] if cell.cell_type == "code"]
    sliders = [number for number, cell in enumerate(code) if "interact(" in cell.source]
    assert len(sliders) == 1
    twin = code[sliders[0] + 1]
    assert "plt.subplots(2, 3" in twin.source and "image/png" in str(twin.outputs)


@KINDS
def test_two_questions_for_discussion_and_a_prediction(kind):
    tagged = [cell for cell in CELLS[kind] if "discuss" in cell.metadata.get("tags", ())]
    prose = "\n".join(cell.source for cell in CELLS[kind] if cell.cell_type == "markdown")
    assert len(tagged) >= 2 and prose.count("**Predict") >= 3
    assert prose.count("<details>") == prose.count("</details>") >= 6
