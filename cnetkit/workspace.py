"""Copies the course, notebooks and labs, into a learner's own folder, beside what is there already.

It never replaces a file: what a learner has changed stays, and so does what an older version has put there. It opens
nothing; `cnetkit open` does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnetkit import catalog
from cnetkit.model import CnetkitError

PARTS = ("notebooks", "labs")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of the course's files, as paths inside the learner's folder: new ones, and those that differ there."""

    added: tuple[Path, ...]
    kept: tuple[Path, ...]


def copy(folder: Path) -> Copied:
    """Puts the course's files into `folder`, which is made where it is missing, and replaces none.

    CnetkitError where it cannot be written, or is no folder.
    """
    added, kept = [], []
    try:
        for source, place in _files():
            target = folder / place
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                added.append(place)
            elif target.read_bytes() != source.read_bytes():
                kept.append(place)
    except (FileExistsError, NotADirectoryError) as error:
        raise CnetkitError(f"{error.filename} is in the way, because it is no folder: choose another one") from None
    except OSError as error:
        raise CnetkitError(
            f"the course cannot be copied to {folder} ({error.filename}: {error.strerror}): choose another folder"
        ) from None
    return Copied(tuple(added), tuple(kept))


def _files() -> Iterator[tuple[Path, Path]]:
    """(file, its place in the learner's folder) for each file of the course, in order."""
    for part in PARTS:
        base = catalog.shipped(part)
        for path in sorted(base.rglob("*")):
            if path.is_file() and not set(LEFT_OUT) & set(path.parts):
                yield path, Path(part) / path.relative_to(base)
