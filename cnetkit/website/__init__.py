"""The course as a folder of static web pages: each lesson run from its recording, with the viewer and answerable questions in it.

Sphinx with MyST-NB and Furo makes the pages (docs/decisions/0018): this room runs the notebooks, says what becomes of each cell,
and brings the pages' two scripts. A page asks nothing of any other host, and works from a folder as well as from a web server.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from cnetkit.model import CnetkitError

MARK = "course-by-cnetkit.txt"
"""A file in a folder that was made here: such a folder may be replaced."""
PACKAGES = ("sphinx", "myst_nb", "furo", "nbclient", "ipykernel")


def build(folder: Path, tell: Callable[[str], None]) -> int:
    """Makes the pages, replaces `folder` as a whole, and returns how many lessons there are. `tell` hears what was done.

    CnetkitError if packages are missing or if the folder is something else or cannot be written: then it is as it was.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise CnetkitError(f"{', '.join(missing)} is not installed: run `pip install 'cnetkit[site]'`, then again")
    folder = folder.expanduser().absolute()
    _check(folder)
    from cnetkit.website.pages import write
    from cnetkit.website.sources import prepare

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".cnetkit-site-", dir=folder.parent) as work:
            sources, pages = Path(work) / "sources", Path(work) / "pages"
            lessons = prepare(sources, tell)
            write(sources, pages, tell)
            (pages / MARK).write_text(
                "Made by `cnetkit site`, which replaces this folder as a whole.\n", encoding="utf-8"
            )
            _replace(folder, pages, Path(work) / "before")
    except OSError as error:
        raise CnetkitError(
            f"the pages cannot be written to {folder} ({error.strerror or error}): choose another folder"
        ) from None
    return lessons


def _check(folder: Path) -> None:
    """CnetkitError unless the folder is missing, empty or made here."""
    try:
        inside = {path.name for path in folder.iterdir()} if os.path.lexists(folder) else set()
    except OSError as error:
        raise CnetkitError(f"{folder} cannot be used ({error.strerror}): choose another folder") from None
    if inside and MARK not in inside:
        raise CnetkitError(f"{folder} contains other files, and would be replaced as a whole: choose another folder")


def _replace(folder: Path, pages: Path, before: Path) -> None:
    """Puts `pages` in the place of `folder`; what was there goes to `before`, and comes back if that fails."""
    pages.chmod(0o755)
    if not folder.exists():
        pages.rename(folder)
        return
    folder.rename(before)
    try:
        pages.rename(folder)
    except OSError:
        before.rename(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)
