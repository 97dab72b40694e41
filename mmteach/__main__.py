"""The course's commands: ``python -m mmteach``."""

import argparse
import sys
from importlib import import_module

# command -> the file of the course that does it
WHERE = {
    "start": "classroom",
    "doctor": "checkup",
    "build": "authoring.building",
    "check": "authoring.checking",
    "runsheet": "authoring.runsheet",
    "exercises": "authoring.exercises",
    "pair": "authoring.pair_page",
}


def seconds(text):
    """Return whole seconds above zero; argparse turns the error into its message."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give whole seconds above zero, such as 120")
    return int(text)


def parser():
    """Return the argument parser of ``python -m mmteach``."""
    top = argparse.ArgumentParser(
        prog="python -m mmteach",
        description="Linear mixed models in notebooks. Each command explains itself with --help.",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    one = commands.add_parser(
        "start",
        help="make your own copy of the course and open it in JupyterLab",
        description="Copy the lessons and exercises, without outputs, into a folder of your own, "
        "and open the first. What you have changed is never overwritten; give the command again "
        "at any time.",
    )
    one.add_argument(
        "--folder",
        help="where the copies go (default: the copy that you are in, or my_course in the project)",
    )
    one.add_argument(
        "--fresh", metavar="LESSON", help="another copy of this lesson beside yours, with its date"
    )
    one.add_argument("--solutions", action="store_true", help="copy the solutions as well")
    one.add_argument(
        "--no-browser", dest="browser", action="store_false", help="start JupyterLab without one"
    )
    one.add_argument("--copies-only", action="store_true", help="do not start JupyterLab")

    one = commands.add_parser("doctor", help="check that this computer is ready for the course")

    one = commands.add_parser(
        "build",
        help="rebuild notebooks from their scripts",
        description="Execute each script in a fresh kernel and store the notebook beside it. "
        "Without names: every lesson that is not in step.",
    )
    one.add_argument("names", nargs="*", metavar="LESSON", help="a file, a folder or a name")
    one.add_argument("--check", action="store_true", help="only say which pairs are out of step")
    one.add_argument("--force", action="store_true", help="also rebuild pairs that are in step")
    one.add_argument(
        "--ties",
        action="store_true",
        dest="look_for_ties",
        help="only look for printed numbers that hang on the last bit of the arithmetic",
    )
    one.add_argument("--timeout", type=seconds, default=120, help="seconds allowed for one cell")

    one = commands.add_parser(
        "check",
        help="say which rules a lesson breaks, where, and how to mend it",
        description="The rules of the course and the check of numbers in prose, without the "
        "tests. Without names: every lesson.",
    )
    one.add_argument("names", nargs="*", metavar="LESSON", help="a file, a folder or a name")

    one = commands.add_parser(
        "runsheet",
        help="print a lesson's sections, minutes, notes and discussion stops",
    )
    one.add_argument("names", nargs="+", metavar="LESSON", help="a lesson's name or its beginning")

    one = commands.add_parser(
        "exercises",
        help="make the exercises from the solutions",
        description="Write each edition without answers, and build both notebooks.",
    )
    one.add_argument("--check", action="store_true", help="only say which are out of step")

    one = commands.add_parser(
        "pair",
        help="write the two lessons of a day side by side on one page",
        description="One HTML file that needs no network, for the projector and for A4 landscape: "
        "what the two share across the page, what differs in two columns, the words marked.",
    )
    one.add_argument("name", metavar="DAY", help="such as day2: the beginning of both names")
    one.add_argument("--out", default=".", metavar="DIR", help="the folder for the page")
    one.add_argument("--answers", action="store_true", help="with the folded answers open")
    return top


def main(arguments=None):
    """Run one command; return its exit code (0: all is well)."""
    top = parser()
    given = vars(top.parse_args(arguments))
    command = given.pop("command")
    if command is None:
        top.print_help()
        return 0
    try:
        return import_module(f"mmteach.course.{WHERE[command]}").main(**given)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # "σ" must not stop a command in an ASCII terminal
    sys.exit(main())
