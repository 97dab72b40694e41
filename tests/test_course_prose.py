"""The finder of numbers in prose finds what it should, and lets pass what it should."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mmteach.course.authoring.lesson_prose import (
    complaints,
    folded,
    shown_numbers,
    supports,
    typed_numbers,
)


def lesson(prose, printed="", html="", **metadata):
    """A code cell that printed something, and a markdown cell about it."""
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    if html:
        outputs.append(new_output("display_data", {"text/html": html, "text/plain": "…"}))
    return [
        new_code_cell("…", outputs=outputs),
        new_markdown_cell(prose, metadata=metadata),
    ]


@pytest.mark.parametrize(
    "prose",
    [
        "The criterion is 729.7.",
        "Eighteen is written 18 here.",
        "G02 lies −66.52 below.",
        r"so $\hat\sigma_b^2 = 2906$ follows",
        r"$$\sigma^2 = 25\,627$$",
        r"$p = 7.64\times10^{-7}$",
        "p = 7.64 × 10⁻⁷",
        "p = 7.64e-07",
        "| a | 17.5 |\n|---|---|\n| b | c |",
        "The value `729.7` in code type is still a claim.",
        "![the criterion falls to 729.7](figures/x.png)",
        "a 72-plot trial",
        "160.09kg",
        "67.1 % of it",
        "about 25,600",
        "1975 plots",
        "on 4 and 51 df",
        "## 3. All 729.7 of it",
        "(see the 1850 plots)",
        "They answer two questions. 84.46 belongs to a mean.",
        "lower by 150.83",
        "a mean of 1850",
        "the part 0.671 of it",
        "in this table 113.20 stands for the SED",
        "lme4 113.20",
        "in R 581.86",
        "- a list item with 729.7 under no reading heading",
    ],
)
def test_a_number_that_nothing_shows_is_found(prose):
    assert len(complaints(lesson(prose, "nothing but 3 words"))) == 1


@pytest.mark.parametrize(
    "prose",
    [
        "0 to 12 blocks, 0.5, the 5 % level, a 95 % interval, p < 0.05",
        "## 13. Title\n14. item\n> 15. quoted item",
        "G14 and R13, 24AL-1, lme4, the 13th, plot G-15",
        "Henderson (1975) and (Patterson and Thompson, 1971; Searle et al. 1992) in 1971",
        "50 minutes, 15–20 min, a 50-minute block, 90 seconds",
        "day 13, cells 14 and 15, section 2.13, equation (16), Table 17, figure 3.14",
        "Python 3.11, Python ≥ 3.13, R 4.2, statsmodels 0.15, lme4 1.1, CC BY 4.0",
        "`x[17]`, `build_G(2906, 4)` and\n```python\nx = 99.5\n```\n",
        "[text](https://example.org/99.5/17) https://example.org/17 doi:10.18637/jss.v067.i01",
        '<img src="a.png" width="600">',
        r"$\frac{1}{2}$, $\tfrac12$, $\chi^2_{51}$, $\mathbf{X}_{72\times 21}$, $2^{14}$",
        "## Further reading\n* Bates, D. (2015). Fitting. *JSS* 67(1), 1–48.\n  pages 99.5",
        "on 2024-05-17 at 13:45",
    ],
)
def test_what_is_no_result_is_left_alone(prose):
    assert complaints(lesson(prose)) == []


@pytest.mark.parametrize(
    ("prose", "printed"),
    [
        ("729.7", "criterion 729.7118"),
        ("729.71", "criterion 729.7118"),
        (".671", "0.67123"),
        ("0.671", ".6712"),
        ("67.1 %", "0.6712"),
        ("67.1 per cent", "67.12"),
        ("−66.52", "G02 -66.5200"),
        ("lower by 66.52", "G02 -66.5200"),
        ("-66.52", "G02 −66.52"),
        ("25,627", "25626.9"),
        ("25627", "25,627"),
        ("about 25,600", "25627"),
        ("roughly 730", "729.71"),
        ("7.64e-07", "7.6401e-07"),
        (r"$7.64\times10^{-7}$", "7.64e-07"),
        ("72 plots, 18 genotypes", "(72, 18)"),
        (r"$25{,}627$", "[2.5627e+04]"),
        ("13–18", "13 and 18"),
        ("exactly 14", "[14. 3.]"),
    ],
)
def test_a_number_that_an_output_shows_passes(prose, printed):
    assert complaints(lesson(prose, printed)) == []


@pytest.mark.parametrize(
    ("prose", "printed"),
    [
        ("729.8", "criterion 729.7118"),
        ("113.20", "SED 113.2"),  # more digits than anybody computed
        ("113.20", "SED 113"),
        ("−66.52", "66.52"),  # the sign is part of the claim
        ("25,600", "25627"),  # no "about"
        ("67.1", "0.6712"),  # no "%"
        ("67.1 %", "0.6755"),  # a percentage has two decimals more than it shows
        ("67.1 %", "0.67"),
        ("67 %", "0.68"),
        ("18", "G18 R18"),  # names show no number
        ("about 25,600", "25,651"),
    ],
)
def test_a_number_that_does_not_round_to_it_is_no_support(prose, printed):
    assert len(complaints(lesson(prose, printed))) == 1


def test_tables_count_and_their_tags_and_styles_do_not():
    html = '<style>td {width: 44.5px}</style><td class="x55.5">17.5</td>'
    assert complaints(lesson("17.5", html=html)) == []
    assert len(complaints(lesson("44.5 and 55.5", html=html))) == 2


def test_pictures_do_not_count():
    size = new_output("display_data", {"image/png": "", "text/plain": "<Figure size 640x480 …>"})
    cells = [new_code_cell("plot", outputs=[size]), new_markdown_cell("640 wide")]
    assert len(complaints(cells)) == 1


def test_an_origin_is_accepted_and_must_be_needed():
    origin = {"144.39": "lme4's printout"}
    assert complaints(lesson("lme4 says 144.39", numbers_from=origin)) == []
    assert "144.4" in complaints(lesson("lme4 says 144.4", numbers_from=origin))[0]
    assert "remove the entry" in complaints(lesson("144.39", "144.390", numbers_from=origin))[0]
    assert len(complaints(lesson("144.39", numbers_from={"144.39": " "}))) == 1  # no reason given


def test_the_reading_list_ends_with_its_heading():
    cells = [
        *lesson("## In practice and further reading"),
        new_markdown_cell("* Searle (1992). *Variance Components*, 501 pp."),
        new_markdown_cell("A sentence with 501.5 in it.\n\n## 4. Next\n* 502.5"),
    ]
    assert [text.split(": ")[0] for text in complaints(cells)] == ["cell 3", "cell 3"]


def test_the_complaint_names_cell_number_and_remedy():
    text = complaints(lesson("729.7"))[0]
    assert text.startswith("cell 1: the prose says 729.7")
    assert "print it" in text and 'numbers_from={"729.7"' in text


def test_precision_of_rough_numbers():
    (number,) = typed_numbers("about 25,600 kg")
    assert number.decimals == -2
    assert supports(shown_numbers("25649")[0], number)
    assert not supports(shown_numbers("25651")[0], number)


def test_folded_answers_are_left_to_the_tests_of_the_lesson():
    asked = "SED 99.9. <details><summary>Answer</summary>\nIt is 113.2.\n</details> And 77.7."
    assert [number.text for number in typed_numbers(asked)] == ["99.9", "77.7"]
    assert "113.2" in folded(asked) and "77.7" not in folded(asked)
