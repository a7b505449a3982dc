"""Copies the course, notebooks and labs, into a folder of the learner.

It never replaces a file, neither one that the learner has changed nor one of an older version. It opens nothing: `cnetkit
open` does.
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
    """Paths inside the learner's folder: files that were added, and files that were kept because they differ."""

    added: tuple[Path, ...]
    kept: tuple[Path, ...]


def copy(folder: Path) -> Copied:
    """Copies the course's files into `folder`, which is created if it is missing, and replaces none.

    CnetkitError if it cannot be written or is not a folder.
    """
    added, kept = [], []
    try:
        for source, path in _files():
            target = folder / path
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                added.append(path)
            elif target.read_bytes() != source.read_bytes():
                kept.append(path)
    except (FileExistsError, NotADirectoryError) as error:
        raise CnetkitError(
            f"{error.filename} is in the way, because it is not a folder: choose another folder"
        ) from None
    except OSError as error:
        raise CnetkitError(
            f"the course cannot be copied to {folder} ({error.filename}: {error.strerror}): choose another folder"
        ) from None
    return Copied(tuple(added), tuple(kept))


def _files() -> Iterator[tuple[Path, Path]]:
    """(file, path inside the learner's folder) for each file of the course, sorted."""
    for part in PARTS:
        base = catalog.shipped(part)
        for path in sorted(base.rglob("*")):
            if path.is_file() and not set(LEFT_OUT) & set(path.parts):
                yield path, Path(part) / path.relative_to(base)
