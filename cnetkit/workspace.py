"""Copies the course, notebooks and labs, into a folder of the learner.

It never replaces a file that the learner has changed. A file that was copied from an older version and not changed since is
brought up to date. It opens nothing: `cnetkit open` does.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cnetkit import catalog
from cnetkit.model import CnetkitError

PARTS = ("notebooks", "labs")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")
LIST = ".cnetkit-course.json"
"""In the learner's folder: the SHA-256 of each file as it was copied."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Paths inside the learner's folder: files that were added, brought up to date, and kept because the learner changed them."""

    added: tuple[Path, ...]
    renewed: tuple[Path, ...]
    kept: tuple[Path, ...]


def copy(folder: Path) -> Copied:
    """Copies the course's files into `folder`, which is created if it is missing, and replaces none that was changed.

    CnetkitError if it cannot be written or is not a folder.
    """
    added, renewed, kept = list[Path](), list[Path](), list[Path]()
    try:
        before = _listed(folder / LIST)
        now = dict(before)
        for source, path in _files():
            target, content = folder / path, source.read_bytes()
            exists = os.path.lexists(target)
            if exists and (old := target.read_bytes()) != content and _digest(old) != before.get(str(path)):
                kept.append(path)
                continue
            if not exists or old != content:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                (renewed if exists else added).append(path)
            now[str(path)] = _digest(content)
        if now != before:
            (folder / LIST).write_text(json.dumps(now, indent=0, sort_keys=True), encoding="utf-8")
    except (FileExistsError, NotADirectoryError) as error:
        raise CnetkitError(
            f"{error.filename} is in the way, because it is not a folder: choose another folder"
        ) from None
    except OSError as error:
        raise CnetkitError(
            f"the course cannot be copied to {folder} ({error.filename}: {error.strerror}): choose another folder"
        ) from None
    return Copied(tuple(added), tuple(renewed), tuple(kept))


def begin_anew(folder: Path, number: str) -> Path | None:
    """Puts the learner's notebook of a lesson aside, so that `copy` adds the course's. Its new path; None if there was none."""
    notebook = next(iter(sorted(catalog.shipped("notebooks").glob(f"{number}-*.ipynb"))), None)
    if notebook is None:
        raise CnetkitError(f"there is no lesson {number!r}: `cnetkit doctor` lists the lessons")
    mine = folder / "notebooks" / notebook.name
    if not mine.exists():
        return None
    kept = next(path for n in range(1, 1000) if not (path := mine.with_name(f"{mine.stem}.mine-{n}.ipynb")).exists())
    try:
        mine.rename(kept)
    except OSError as error:
        raise CnetkitError(f"{mine} cannot be put aside: {error.strerror}") from None
    return kept


def _listed(path: Path) -> dict[str, str]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _files() -> Iterator[tuple[Path, Path]]:
    """(file, path inside the learner's folder) for each file of the course, sorted."""
    for part in PARTS:
        base = catalog.shipped(part)
        for path in sorted(base.rglob("*")):
            if path.is_file() and not set(LEFT_OUT) & set(path.parts):
                yield path, Path(part) / path.relative_to(base)
