"""Whether two pictures show the same, whatever the letters: for the pictures stored in lessons.

Two versions of matplotlib set letters a pixel elsewhere, so bytes cannot be compared. Each picture
is averaged over a coarse grid, and what counts is the part of the ink that lies elsewhere.
"""

import base64
import io

import numpy as np

GRID = 16  # cells a side
# Part of the ink that may lie elsewhere. Drawn by matplotlib 3.9 and by 3.11, the pictures of the
# lessons differ by at most 0.053; two different ones of a lesson differ by 0.2 or more.
ALIKE = 0.08


def averaging(size, cells=GRID):
    """The cells × size matrix that averages `size` pixels over as many cells, neighbours by half.

    >>> averaging(4, 2).tolist()
    [[0.25, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.25]]
    """
    edges, pixel = np.linspace(0, size, cells + 1), np.arange(size)
    start, end = edges[:-1, None], edges[1:, None]
    share = np.clip(np.minimum(end, pixel + 1) - np.maximum(start, pixel), 0, None)
    share /= share.sum(axis=1, keepdims=True)
    below, above = np.roll(share, 1, axis=0), np.roll(share, -1, axis=0)
    below[0] = above[-1] = 0  # beyond the edge the paper is white
    return (below + 2 * share + above) / 4


def ink(png):
    """The darkness of a PNG (its bytes, or base64 text as in notebooks) on the coarse grid."""
    from matplotlib.image import imread

    image = imread(io.BytesIO(base64.b64decode(png) if isinstance(png, str) else png), "png")
    image = image[..., None] if image.ndim == 2 else image
    transparent = image.shape[-1] == 4
    colours, opaque = (image[..., :3], image[..., 3:]) if transparent else (image, 1)
    dark = ((1 - colours) * opaque).mean(axis=-1)
    return averaging(dark.shape[0]) @ dark @ averaging(dark.shape[1]).T


def elsewhere(one, other):
    """The part of the ink of two pictures that lies elsewhere: 0 for the same, 1 for none shared."""
    a, b = ink(one), ink(other)
    return float(np.abs(a - b).sum() / max((a + b).sum(), 1e-12))


def pictures(cells):
    """[(number of the cell, PNG as base64 text)] of a notebook's cells, in order."""
    return [
        (number, output.data["image/png"])
        for number, cell in enumerate(cells)
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def complaints(stored, fresh):
    """One sentence for each picture of `stored` cells that the `fresh` ones do not draw."""
    before, after = pictures(stored), pictures(fresh)
    if [number for number, _ in before] != [number for number, _ in after]:
        return ["the cells that hold a picture are not those that draw one; rebuild with --force"]
    found = []
    for (number, old), (_, new) in zip(before, after, strict=True):
        part = elsewhere(old, new)
        if part > ALIKE:
            found.append(
                f"cell {number}: the stored picture is not what the cell draws ({part:.0%} of the "
                "ink lies elsewhere); rebuild with --force"
            )
    return found
