"""The course's machinery: building and checking lessons, the run sheet, the doctor.

Everything here may use the statistics in ``mmteach``; the statistics use nothing from here.
"""

from importlib import import_module

# name -> module; modules load on first use, so that a lesson pays only for what it asks
_WHERE = {
    "doctor": "checkup",
    "check": "checks",
    "glossary": "terms",
    "progress": "checks",
    "questions": "checks",
    "quiz": "quizzes",
}

__all__ = sorted(_WHERE)


def __getattr__(name):
    if name in _WHERE:
        return getattr(import_module(f"mmteach.course.{_WHERE[name]}"), name)
    raise AttributeError(f"mmteach.course has no {name!r}; it offers {', '.join(__all__)}")
