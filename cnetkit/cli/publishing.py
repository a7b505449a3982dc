"""`cnetkit site`: the course as a folder of web pages."""

from __future__ import annotations

import argparse
from pathlib import Path

from cnetkit import website


def write_site(arguments: argparse.Namespace) -> None:
    """Makes the pages and prints what is done, and where to look."""
    folder = Path(arguments.dir)
    lessons = website.build(folder, lambda line: print(f"  {line}", flush=True))
    print(f"{lessons} lessons are in {folder}: open {folder / 'index.html'}, or put the folder on a web server.")
