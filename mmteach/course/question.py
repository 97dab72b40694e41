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
        The quantity in words, without its unit.
    right : callable without arguments, returning a number, a word or a tuple of numbers
    wrong : dict of hint -> callable returning the wrong answer
    suspect : dict of hint -> callable that takes the number given and says whether the hint fits;
        for what is wrong over a range, asked after the answers in `wrong`
    unit : str, or tuple of str for several numbers
        Such as "kg/ha"; empty for a pure number.
    tolerance : float
        Relative tolerance for numbers; larger for a simulated answer.
    absolute : float, optional
        In place of `tolerance`, where differences count and not ratios, as between criteria.
    worked : bool
        The exercise shows its solution, so it is not counted as the student's.
    words : callable without arguments, optional
        Returns the words to choose from, for questions that are answered by a word.
    also : dict of hint -> callable returning a wrong answer
        Asked after those in `wrong`, which the reference values of R hold as well.
    """

    what: str
    right: Callable
    wrong: dict = field(default_factory=dict)
    suspect: dict = field(default_factory=dict)
    unit: str | tuple = ""
    tolerance: float = TOLERANCE
    absolute: float | None = None
    worked: bool = False
    words: Callable | None = None
    also: dict = field(default_factory=dict)

    @property
    def asked(self):
        """What is asked, with the unit.

        >>> Question("the SED", float, unit="kg/ha").asked
        'the SED (kg/ha)'
        """
        return (
            f"{self.what} ({self.unit})" if isinstance(self.unit, str) and self.unit else self.what
        )

    def same(self, given, target, times=1):
        """Whether all numbers agree to `times` the tolerance of the question.

        >>> Question("a criterion", float, absolute=0.01).same([91.1], [91.092])
        True
        >>> Question("a variance", float).same([91.1, 1], [91.9, 1])
        False
        """

        def near(g, t):
            if self.absolute is not None:
                return abs(g - t) <= times * self.absolute
            return abs(g - t) <= times * self.tolerance * max(abs(t), 1e-12)

        return (
            target is not None
            and len(given) == len(target)
            and all(near(g, t) for g, t in zip(given, target, strict=True))
        )
