"""The folder of fetched programs, `cnetkit/programs` in $XDG_CACHE_HOME, by default ~/.cache: what is there, and how it goes
again. It fetches nothing.

A set is a folder NAME. While it is made it is NAME.new, and while it is removed NAME.old: neither counts as there.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from cnetkit.model import CnetkitError
from cnetkit.programs import sets

RECORD = ".cnetkit-programs.json"
"""In each set's root: the fields of Present except its folder."""
UNFINISHED = (".new", ".old")


@dataclass(frozen=True, slots=True)
class Present:
    """A set that has been fetched. `size` is in bytes."""

    name: str
    folder: Path
    size: int
    suite: str
    packages: dict[str, str]
    """Package → version; empty if the folder was made elsewhere."""


def cache() -> Path:
    """The folder for all that is fetched. It need not exist."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path("~/.cache").expanduser()
    return base / "cnetkit"


def folder(name: str) -> Path:
    """Where the set of this name is, or will be. `name` is one of `sets` or was listed by `here`."""
    return cache() / "programs" / name


def root(name: str) -> Path:
    """The root directory of a fetched set, such as `docker-28.5`; `docker` is the newest in the table.

    CnetkitError if there is no such set, or if it is not here.
    """
    entry = sets.find(name)
    place = folder(entry.name)
    if not place.is_dir():
        raise CnetkitError(f"{entry.name} is not here: run `cnetkit get {entry.name}`")
    return place


def here() -> list[Present]:
    """The sets that have been fetched, by name."""
    try:
        places = sorted(place for place in (cache() / "programs").iterdir() if place.suffix not in UNFINISHED)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [_read(place) for place in places if place.is_dir() and not place.name.startswith(".")]


def unfinished() -> int:
    """The bytes of packages that interrupted runs have downloaded, and that the next ones will use."""
    return sum(archive.stat().st_size for archive in (cache() / "apt").glob("*/archives/**/*.deb"))


def write_record(place: Path, present: Present) -> None:
    """Writes what `here` lists into a root that is being made."""
    fields = {key: value for key, value in asdict(present).items() if key != "folder"}
    (place / RECORD).write_text(json.dumps(fields, indent=1, sort_keys=True), encoding="utf-8")


def _read(place: Path) -> Present:
    try:
        fields = json.loads((place / RECORD).read_text(encoding="utf-8"))
        return Present(place.name, place, int(fields["size"]), str(fields["suite"]), dict(fields["packages"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Present(place.name, place, size(place), "", {})


def remove(name: str) -> int:
    """Removes a set, and the package list and the downloads of its suite if no other set of it is here. The bytes freed.

    CnetkitError if neither is here. A lab that uses the set loses its programs.
    """
    with locked():
        present = {entry.name: entry for entry in here()}
        known = name if name in present else sets.find(name).name
        freed = size(place) if (place := folder(known)).is_dir() and known in present else 0
        suite = present[known].suite if known in present else sets.find(known).suite
        clear_unfinished()
        if known in present:
            aside = place.with_name(f"{known}.old")
            place.rename(aside)
            delete(aside)
        lists = cache() / "apt" / suite
        if suite and lists.is_dir() and all(entry.suite != suite for entry in here()):
            freed += size(lists)
            delete(lists)
    if not freed:
        raise CnetkitError(f"{known} is not here: `cnetkit get --list` shows what is")
    return freed


def clear_unfinished() -> None:
    """Removes what interrupted runs left half made or half removed. The caller holds the lock."""
    for place in (cache() / "programs").iterdir():
        if place.suffix in UNFINISHED:
            delete(place)


@contextlib.contextmanager
def locked(waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Holds the lock of the whole folder, which is made if it is missing. Calls `waiting` if another process has it."""
    place = cache() / "programs"
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = os.open(place / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CnetkitError(
            f"{error.filename} cannot be written ({error.strerror}): set XDG_CACHE_HOME to a folder of yours"
        ) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def delete(place: Path) -> None:
    """Deletes a folder with all that is in it, also where its folders are not writable. Symbolic links are not followed."""
    for base, folders, _ in os.walk(place):
        for inner in [base, *(os.path.join(base, name) for name in folders)]:
            mode = os.lstat(inner).st_mode
            if stat.S_ISDIR(mode) and mode & 0o700 != 0o700:
                os.chmod(inner, 0o700)
    shutil.rmtree(place)


def size(place: Path) -> int:
    """The bytes that a folder takes on its disk. A file with several names counts once."""
    counted: set[int] = set()
    total = 0
    for base, folders, files in os.walk(place):
        for name in (*folders, *files):
            status = os.lstat(os.path.join(base, name))
            if status.st_ino not in counted:
                counted.add(status.st_ino)
                total += status.st_blocks * 512
    return total
