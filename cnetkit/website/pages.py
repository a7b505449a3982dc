"""Sphinx, with MyST-NB and Furo: its settings, and what goes wrong in it as one sentence."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from cnetkit.model import CnetkitError
from cnetkit.view import bundle

STATIC = Path(__file__).parent / "static"
VIEWER = "viewer.js"
SETTINGS = {
    "project": "Container networks",
    "html_title": "Container networks",
    "html_short_title": "Container networks",
    "language": "en",
    "extensions": ["myst_nb"],
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "myst_enable_extensions": ["colon_fence"],
    "myst_heading_anchors": 3,
    "smartquotes": False,
    "html_theme": "furo",
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_show_search_summary": False,  # it reads other pages, which a browser refuses for files
    "html_show_sourcelink": False,
    "html_use_index": False,
    "html_permalinks": False,
    "html_css_files": ["site.css"],
    "html_js_files": [[VIEWER, {"defer": "defer"}], ["site.js", {"defer": "defer"}]],
    "suppress_warnings": ["misc.highlighting_failure"],
}


def write(sources: Path, folder: Path, tell: Callable[[str], None]) -> None:
    """Makes pages of everything in `sources`. CnetkitError if Sphinx cannot, or has anything to complain of."""
    static = sources.parent / "static"
    shutil.copytree(STATIC, static)
    (static / VIEWER).write_text(f"(() => {{\n{bundle.script('site')}\n}})();\n", encoding="utf-8")
    (static / "viewer.css").write_text(bundle.style(), encoding="utf-8")
    tell("the pages: made by Sphinx")
    warnings = io.StringIO()
    try:
        app = Sphinx(
            sources, None, folder, sources.parent / "doctrees", "html", status=None, warning=warnings,
            confoverrides=SETTINGS | {"html_static_path": [str(static)]},
        )  # fmt: skip
        app.build()
    except SphinxError as error:
        raise CnetkitError(f"Sphinx cannot make the pages: {error}") from error
    if complaint := warnings.getvalue().strip():
        raise CnetkitError(f"Sphinx complains of the pages: {complaint.splitlines()[0]}")
    shutil.rmtree(folder / "_sources", ignore_errors=True)
    for name in (".buildinfo", "objects.inv"):
        (folder / name).unlink(missing_ok=True)
