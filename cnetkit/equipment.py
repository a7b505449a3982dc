"""Programs, libraries and Python packages: which of them are installed here.

It looks and starts nothing. The kernel is asked by `cnetkit.kernel.probe`.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from cnetkit import programs
from cnetkit.model import CnetkitError
from cnetkit.needs import Kind, Need

SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin", "/bin"])


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that labs may need. `cause` and `fix` are empty if it works."""

    name: str
    group: str
    """kernel, program or package."""
    works: bool
    detail: str = ""
    """A program's path, a package's version."""
    cause: str = ""
    fix: str = ""


def look(need: Need, container: str = "") -> Feature:
    """Looks for a program, library or Python package. `container`: the engine that this process runs under."""
    search, cause, group = _SEARCHES[need.kind]
    detail = search(need.name)
    if detail:
        return Feature(need.name, group, True, detail)
    return Feature(need.name, group, False, "", cause.format(need.name), need.fix_under(container))


def path(program: str) -> str:
    """Where a program is installed; empty if it is not."""
    return shutil.which(program, path=SEARCH) or ""


def version(package: str) -> str:
    """The installed version of a Python package; empty if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _fetched(name: str) -> str:
    wanted = programs.find(name).programs.split()
    if all(path(program) for program in wanted):
        return path(wanted[0])
    try:
        return str(programs.root(name))
    except CnetkitError:
        return ""


def _library(name: str) -> str:
    for file in (f"{name}.so.1", f"{name}.so.0.8"):
        try:
            ctypes.CDLL(file)
        except OSError:
            continue
        return file
    return ""


_SEARCHES: dict[Kind, tuple[Callable[[str], str], str, str]] = {
    "program": (path, "the program {} is not installed", "program"),
    "programs": (_fetched, "the programs of {} are neither installed nor fetched", "program"),
    "library": (_library, "the library {} is not installed", "program"),
    "package": (version, "not installed", "package"),
}
"""For each kind of need: how to look for it, what to say if it is missing, and its group in the report."""
