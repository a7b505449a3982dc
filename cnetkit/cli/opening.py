"""`cnetkit open`: the course in a folder of the learner, opened in JupyterLab."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from cnetkit import workspace
from cnetkit.learn import progress
from cnetkit.model import CnetkitError

LISTED = 6
SETTINGS = Path(__file__).resolve().parent / "jupyter"
"""JupyterLab's settings for the course, used here, in the Makefile and on Binder: no dialogs when it opens, and no requests to
the network for news, updates or extensions."""


def open_course(arguments: argparse.Namespace) -> None:
    """Copies missing files, lists those that were kept, and becomes JupyterLab with the first notebook."""
    if find_spec("jupyterlab") is None:
        raise CnetkitError("JupyterLab is not installed: run `pip install 'cnetkit[notebook]'`, then open again")
    folder = Path(arguments.dir).expanduser().absolute()
    if arguments.anew:
        aside = workspace.begin_anew(folder, arguments.anew)
        progress.forget(arguments.anew)
        print(
            f"Lesson {arguments.anew} begins anew." + (f" Your notebook is now {aside}." if aside else ""), flush=True
        )
    copied = workspace.copy(folder)
    renewed = f", {len(copied.renewed)} brought up to date" if copied.renewed else ""
    print(f"The course is in {folder}: {len(copied.added)} files added{renewed}.", flush=True)
    if copied.kept:
        named = ", ".join(map(str, copied.kept[:LISTED])) + (", ..." if len(copied.kept) > LISTED else "")
        print(f"These files differ from the course's and were kept: {named}.", flush=True)
        print("To get the course's files, rename or remove yours and open again.", flush=True)
    first = min(folder.glob(f"notebooks/{arguments.anew or ''}*.ipynb")).relative_to(folder)
    inherited = os.environ.get("JUPYTER_CONFIG_PATH", "")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (str(SETTINGS), inherited)))
    os.execv(sys.executable, command(folder, first, arguments.no_browser))  # noqa: S606 - no shell is needed


def command(folder: Path, notebook: Path, no_browser: bool) -> list[str]:
    """The command that starts JupyterLab in `folder` with `notebook`, a path inside it, opened."""
    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{notebook}"]
    options += ["--no-browser"] if no_browser else []
    options += ["--allow-root"] if os.geteuid() == 0 else []
    return [sys.executable, "-m", "jupyterlab", *options]


def show_progress(arguments: argparse.Namespace) -> None:
    """Prints where the learner stands, and writes it as a page if asked."""
    from cnetkit.standing import standing

    course = standing()
    if arguments.html:
        try:
            Path(arguments.html).write_text(course.page(), encoding="utf-8")
        except OSError as error:
            raise CnetkitError(f"{arguments.html} cannot be written: {error.strerror}") from None
    print(course)
