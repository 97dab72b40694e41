"""A stale or exchanged picture is noticed; another font is not."""

import base64
import functools
import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_output

from mmteach.course.authoring import lessons, pictures

FOLDER = Path(__file__).parents[1] / "notebooks"
STORED = {
    notebook.stem: pictures.pictures(lessons.read(notebook).cells)
    for _, notebook in lessons.pairs(FOLDER)
}


def png(figure, **options):
    """A figure as a notebook holds it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", **options)
    plt.close(figure)
    return base64.b64encode(file.getvalue()).decode()


def figure(slope=1.0, family="DejaVu Sans", size=10.0, dots=True):
    """A scatter of points and a line, as lessons draw them."""
    x = np.linspace(0, 1, 12)
    with plt.rc_context({"font.family": family, "font.size": size}):
        drawn, ax = plt.subplots(figsize=(6, 3.5))
        ax.plot(x, slope * x)
        if dots:
            ax.plot(x, slope * x + 0.1 * np.cos(17 * x), "o")
        ax.set(xlabel="dose (kg/ha)", ylabel="yield (t/ha)", title="A trial", ylim=(-0.5, 1.5))
    return drawn


def cells(*images):
    return [
        new_code_cell("draw()", outputs=[new_output("display_data", {"image/png": image})])
        for image in images
    ]


def test_a_picture_is_like_itself_and_nothing_like_a_pixel():
    one, pixel = png(figure()), png(plt.figure(figsize=(0.01, 0.01)))
    assert pictures.elsewhere(one, one) == 0
    assert pictures.complaints(cells(one), cells(one)) == []
    assert "cell 0: the stored picture" in pictures.complaints(cells(pixel), cells(one))[0]


@pytest.mark.parametrize(
    "change",
    [{"family": "DejaVu Serif"}, {"size": 10.5}, {"family": "DejaVu Sans Mono", "size": 9.5}],
)
def test_other_letters_are_the_same_picture(change):
    assert pictures.complaints(cells(png(figure())), cells(png(figure(**change)))) == []


def test_another_resolution_is_the_same_picture():
    assert pictures.complaints(cells(png(figure())), cells(png(figure(), dpi=150))) == []


@pytest.mark.parametrize("change", [{"slope": 0.6}, {"slope": -0.3}, {"slope": 1.4, "dots": False}])
def test_other_content_is_another_picture(change):
    assert len(pictures.complaints(cells(png(figure())), cells(png(figure(**change))))) == 1


def test_a_missing_and_an_additional_picture_are_found():
    one = png(figure())
    assert "are not those that draw" in pictures.complaints(cells(one), cells(one, one))[0]
    assert "are not those that draw" in pictures.complaints(cells(one, one), cells(one))[0]


@pytest.mark.parametrize("name", [name for name in STORED if len(STORED[name]) > 1])
def test_any_two_pictures_of_a_lesson_exchanged_would_be_found(name, monkeypatch):
    monkeypatch.setattr(pictures, "ink", functools.cache(pictures.ink))  # each is read once
    images = [image for _, image in STORED[name]]
    for i, one in enumerate(images):
        for other in images[:i]:
            assert pictures.elsewhere(one, other) > 2 * pictures.ALIKE
