"""`cnetkit open`: the course in a folder of the learner's own, in JupyterLab."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from cnetkit import workspace
from cnetkit.model import CnetkitError

LISTED = 6
SETTINGS = Path(__file__).resolve().parent / "jupyter"
"""JupyterLab's settings for the course, here, in the Makefile and on Binder: it asks nothing of a learner when it opens, nor of
the network: no news, no updates, no list of extensions."""


def open_course(arguments: argparse.Namespace) -> None:
    """Copies what is missing, says what was left as it is, and becomes JupyterLab on the first notebook."""
    if find_spec("jupyterlab") is None:
        raise CnetkitError("JupyterLab is not installed: run `pip install 'cnetkit[notebook]'`, then open again")
    folder = Path(arguments.dir).expanduser().absolute()
    copied = workspace.copy(folder)
    print(f"The course is in {folder}: {len(copied.added)} files added.", flush=True)
    if copied.kept:
        named = ", ".join(map(str, copied.kept[:LISTED])) + (", ..." if len(copied.kept) > LISTED else "")
        print(f"Kept as they are, since they differ from the course's: {named}.", flush=True)
        print("To get the course's own, rename or remove yours and open again.", flush=True)
    first = min(folder.glob("notebooks/*.ipynb")).relative_to(folder)
    others = os.environ.get("JUPYTER_CONFIG_PATH", "")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (str(SETTINGS), others)))
    os.execv(sys.executable, command(folder, first, arguments.no_browser))  # noqa: S606 - no shell is wanted


def command(folder: Path, notebook: Path, no_browser: bool) -> list[str]:
    """JupyterLab with `folder` on its left and `notebook`, a path inside of it, opened."""
    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{notebook}"]
    options += ["--no-browser"] if no_browser else []
    options += ["--allow-root"] if os.geteuid() == 0 else []
    return [sys.executable, "-m", "jupyterlab", *options]
