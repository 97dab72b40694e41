"""Check that this computer is ready for the course: ``python -m mmteach doctor``."""

import re
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from .saying import say

INSTALL = 'in the project folder: python -m pip install -e ".[course]"'


class Finding(NamedTuple):
    """What one check found: ``remedy`` is empty when all is well."""

    name: str
    detail: str
    remedy: str = ""

    @property
    def ok(self):
        return not self.remedy


def required_python():
    """Return the lowest Python version that the project allows, as a tuple."""
    text = metadata.metadata("mmteach").get("Requires-Python", ">=3.11")
    return tuple(int(part) for part in re.search(r"[\d.]+", text)[0].split("."))


def python_version():
    """Python is new enough."""
    found, floor = sys.version_info[:3], required_python()
    detail = ".".join(map(str, found))
    wanted = ".".join(map(str, floor))
    remedy = f"install Python {wanted} or newer, then make the environment anew"
    return Finding("Python", detail, "" if found >= floor else remedy)


def packages():
    """Every package of the course is there, in a version the project allows."""
    from packaging.requirements import Requirement

    too_old, missing, versions = [], [], []
    for line in metadata.requires("mmteach"):
        need = Requirement(line)
        if need.marker and not (need.marker.evaluate({"extra": "course"})):
            continue
        try:
            found = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            missing.append(need.name)
            continue
        versions.append(f"{need.name} {found}")
        if not need.specifier.contains(found, prereleases=True):
            too_old.append(f"{need.name} {found} (the course needs {need.specifier})")
    if missing or too_old:
        trouble = "; ".join([f"missing: {', '.join(missing)}"] * bool(missing) + too_old)
        return Finding("Packages", trouble, INSTALL.replace("install", "install -U"))
    return Finding("Packages", ", ".join(versions))


def kernel():
    """Jupyter has a kernel named python3, and it is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    remedy = "python -m ipykernel install --sys-prefix --name python3"
    try:
        first = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("Kernel", "Jupyter knows no kernel named python3", remedy)
    # Jupyter itself replaces a bare "python" by the Python that runs it
    bare = Path(first).stem.rstrip("0123456789.") == "python" and not Path(first).is_absolute()
    if bare or Path(first).absolute() == Path(sys.executable).absolute():
        return Finding("Kernel", "python3 is this Python")
    return Finding("Kernel", f"python3 starts another Python: {first}", remedy)


def data():
    """Every data set loads, and its bytes are those of the course."""
    from mmteach.datasets import DATASETS, load

    remedy = "fetch the project's folder data/ anew; do not edit or re-save its files"
    troubles = {}
    for name in DATASETS:
        try:
            load(name)
        except Exception as error:  # the student shall see the remedy, whatever went wrong
            troubles[name] = str(error)
    if troubles:
        return Finding("Data", f"{', '.join(troubles)}: {next(iter(troubles.values()))}", remedy)
    return Finding("Data", f"{len(DATASETS)} data sets")


def arithmetic():
    """A small least-squares fit comes out right."""
    import numpy as np

    x = np.column_stack([np.ones(5), np.arange(5.0)])
    slope = np.linalg.lstsq(x, 3 + 2 * np.arange(5.0), rcond=None)[0][1]
    remedy = "reinstall numpy: python -m pip install --force-reinstall numpy"
    return Finding("A tiny fit", f"slope {slope:.6f}", "" if abs(slope - 2) < 1e-9 else remedy)


def writable():
    """Notebooks can be saved in the folder where we stand."""
    here = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        remedy = "move the project into your own documents and start again from there"
        return Finding("Saving", f"{here}: {error.strerror}", remedy)
    return Finding("Saving", f"{here} can be written to")


CHECKS: tuple[Callable[[], Finding], ...] = (
    *(python_version, packages, kernel, data, arithmetic, writable),
)


def findings():
    """Return the Finding of every check; a check that itself breaks becomes a finding."""
    found = []
    for check in CHECKS:
        try:
            found.append(check())
        except Exception as error:  # a broken installation must not silence the doctor
            name = check.__name__.replace("_", " ").capitalize()
            found.append(Finding(name, f"{type(error).__name__}: {error}", f"reinstall, {INSTALL}"))
    return found


def doctor(details: bool = False):
    """Print one line for each check: what is well, what needs attention and how to mend it.

    Parameters
    ----------
    details : bool
        Also print versions and folders; these differ from computer to computer.
    """
    say(report(findings(), details))


def report(found, details=False):
    """Return the findings as text.

    >>> print(report([Finding("Kernel", "python3 is this Python")]))
    OK         Kernel
    All is well: open a lesson.
    """
    lines = []
    for finding in found:
        if finding.ok:
            lines.append(f"OK         {finding.name}" + (f": {finding.detail}" if details else ""))
        else:
            lines += [
                f"ATTENTION  {finding.name}: {finding.detail}",
                f"           {finding.remedy}",
            ]
    troubles = sum(not finding.ok for finding in found)
    lines.append(
        f"Mend the {troubles} marked, from the top, and ask the doctor again."
        if troubles
        else "All is well: open a lesson."
    )
    return "\n".join(lines)


def main():
    """Print the findings with details; return 1 when something needs attention."""
    found = findings()
    say(report(found, details=True))
    return 0 if all(finding.ok for finding in found) else 1
