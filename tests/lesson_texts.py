"""Reads a lesson as the tests look at it: its prose, its folded answers, what its cells show."""

import ast
import re
from pathlib import Path

from mmteach.course.authoring import lesson_prose, lesson_rules, lessons

FOLDER = Path(__file__).parents[1] / "notebooks"


class Lesson:
    """A notebook below ``notebooks/``, by its name without the suffix."""

    def __init__(self, name):
        self.cells = lessons.read(FOLDER / f"{name}.ipynb").cells
        self.code = [cell for cell in self.cells if cell.cell_type == "code"]
        self.prose = "\n".join(c.source for c in self.cells if c.cell_type == "markdown")
        self.folded = lesson_prose.folded(self.prose)
        self.shown = "\n".join(lessons.output_text(cell.outputs) for cell in self.code)

    def place_of(self, words):
        """The number of the one code cell whose source holds these words."""
        (found,) = [
            number
            for number, cell in enumerate(self.cells)
            if cell.cell_type == "code" and words in cell.source
        ]
        return found

    def shown_by(self, words):
        """Text output of that cell."""
        return lessons.output_text(self.cells[self.place_of(words)].outputs)

    def before(self, place):
        """All that stands on the screen before a cell: sources and outputs."""
        cells = self.cells[:place]
        outputs = [lessons.output_text(c.outputs) for c in cells if c.cell_type == "code"]
        return "\n".join([cell.source for cell in cells] + outputs)

    def functions(self, space, without=()):
        """`space` with the functions that the lesson defines, and nothing that it computed."""
        for cell in self.code:
            for node in lesson_rules.tree(cell.source).body:
                if isinstance(node, ast.FunctionDef) and node.name not in without:
                    exec(ast.unparse(node), space)
        return space


def numbers(text):
    """The numbers of a text, in order."""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
