"""What a question is: what is asked, its right answer, and the wrong ones that people arrive at."""

from collections.abc import Callable
from dataclasses import dataclass, field

TOLERANCE = 5e-3  # relative: an answer rounded to three digits is right


@dataclass(frozen=True)
class Question:
    """One question: the right answer, and the known wrong ones with what to say.

    Parameters
    ----------
    what : str
        The quantity in words, with its unit.
    right : callable without arguments, returning a number, a word or a tuple of numbers
    wrong : dict of hint -> callable returning the wrong answer
    tolerance : float
        Relative tolerance for numbers; larger for a simulated answer.
    words : callable without arguments, optional
        Returns the words to choose from, for questions that are answered by a word.
    """

    what: str
    right: Callable
    wrong: dict = field(default_factory=dict)
    tolerance: float = TOLERANCE
    words: Callable | None = None
