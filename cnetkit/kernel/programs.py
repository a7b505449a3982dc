"""Finds programs. It starts none."""

from __future__ import annotations

import os
import shutil

from cnetkit.model import CnetkitError

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name: str) -> str:
    """The path of a program. CnetkitError if it is not installed."""
    path = shutil.which(name, path=PATH + os.pathsep + os.environ.get("PATH", ""))
    if path is None:
        raise CnetkitError(f"the program {name} is not installed: run 'cnetkit doctor' to see which package has it")
    return path
