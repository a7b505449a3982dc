"""Fetches a set of programs: package list, plan, download, unpacking, and at last its name.

Either the whole set is there afterwards or nothing of it but downloaded packages, which the next run uses.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from cnetkit.model import CnetkitError
from cnetkit.programs import children, machine, sets, store, unpacking
from cnetkit.programs.apt import Apt, Package

SPARE = 32 << 20
"""Bytes that must stay free: folders, and the rounding of file sizes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a set takes, in bytes. `kept` is what earlier runs have fetched of `download`."""

    name: str
    packages: int
    download: int
    kept: int
    room: int
    undated: bool
    """Whether this machine's apt accepts package lists whose signature has expired."""


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a stage is, from 0 to 1."""

    stage: Literal["waiting", "list", "download", "unpack"]
    share: float


Listener: TypeAlias = Callable[[Plan | Advance], object]


def fetch(name: str, listener: Listener = lambda _: None, *, mirror: str = "", keyring: str = "") -> store.Present:
    """Fetches a set, unless it is here already. `listener` gets the Plan when it is known, and each Advance.

    CnetkitError if there is no such set, apt is missing or refuses, the disk is too small, or a package cannot be unpacked.
    """
    entry = sets.find(name)
    with store.locked(lambda: listener(Advance("waiting", 0))):
        store.clear_unfinished()
        if (present := _present(entry.name)) is not None:
            return present
        machine.check_tools(entry.name, entry.programs)
        archive = machine.archive(mirror, keyring)
        with _writing():
            apt = Apt(entry.suite, archive)
            apt.update(lambda share: listener(Advance("list", share)))
            packages = apt.plan(entry.packages)
            _check_version(entry, packages)
            plan = _plan(entry.name, packages, archive.undated)
            listener(plan)
            _check_room(plan.name, plan.download - plan.kept + plan.room, apt.folder)
            apt.download(entry.packages, packages, lambda share: listener(Advance("download", share)))
            present = _unpack(entry, packages, listener)
            apt.clear()
        return present


def take(name: str, folder: Path) -> store.Present:
    """Copies a set from a folder that was made elsewhere, unless it is here already. CnetkitError if it is no such set."""
    entry = sets.find(name)
    if not folder.is_dir():
        raise CnetkitError(f"there is no folder {folder}")
    unpacking.check(folder, entry)
    with store.locked():
        store.clear_unfinished()
        if (present := _present(entry.name)) is not None:
            return present
        with _writing(), _made(entry.name) as new:
            _check_room(entry.name, store.size(folder), store.cache())
            copy = ["cp", "-R", "-P", "--preserve=mode,links,timestamps", "--reflink=auto"]
            done = children.run([*copy, str(folder.absolute()), str(new)])
            if done.status:
                raise CnetkitError(f"{folder} cannot be copied. cp says: {done.words}")
            present = store.Present(entry.name, store.folder(entry.name), store.size(new), "", {})
            store.write_record(new, present)
    return present


def megabytes(size: float) -> str:
    """A size for people."""
    return f"{size / 1e6:.0f} MB"


def _present(name: str) -> store.Present | None:
    return next((present for present in store.here() if present.name == name), None)


def _plan(name: str, packages: list[Package], undated: bool) -> Plan:
    kept = sum(package.size for package in packages if package.kept)
    room = sum(package.installed for package in packages)
    return Plan(name, len(packages), sum(package.size for package in packages), kept, room, undated)


def _check_version(entry: sets.ProgramSet, packages: list[Package]) -> None:
    """CnetkitError if the suite has another version by now than the one in the set's name."""
    first = entry.packages.split()[0]
    version = next(package.version for package in packages if package.name == first)
    if not version.rpartition(":")[2].startswith(entry.version):
        others = ", ".join(
            f"`cnetkit get {other.name}`" for other in sets.SETS if other.family == entry.family and other != entry
        )
        raise CnetkitError(
            f"Debian {entry.suite} now has {first} {version}, and not {entry.version}: a newer cnetkit may know it"
            + (f", and there is {others}" if others else "")
        )


def _check_room(name: str, wanted: int, folder: Path) -> None:
    status = os.statvfs(folder)
    wanted, free = wanted + SPARE, status.f_bavail * status.f_frsize
    if wanted > free:
        raise CnetkitError(
            f"{name} needs {megabytes(wanted)} in {store.cache()}, and {megabytes(free)} are free there: make room, or set "
            "XDG_CACHE_HOME to a folder with more"
        )


def _unpack(entry: sets.ProgramSet, packages: list[Package], listener: Listener) -> store.Present:
    total = sum(package.installed for package in packages) or 1
    done = [sum(package.installed for package in packages[:number]) for number in range(len(packages) + 1)]
    with _made(entry.name) as new:
        unpacking.unpack(
            [package.file for package in packages],
            new,
            lambda number: listener(Advance("unpack", done[number] / total)),
        )
        unpacking.check(new, entry)
        versions = {package.name: package.version for package in packages}
        present = store.Present(entry.name, store.folder(entry.name), store.size(new), entry.suite, versions)
        store.write_record(new, present)
    return present


@contextlib.contextmanager
def _made(name: str) -> Iterator[Path]:
    """The folder NAME.new, which gets its name at the end, when all of it is on the disk; removed if anything fails."""
    place = store.folder(name)
    new = place.with_name(f"{name}.new")
    try:
        yield new
        children.run(["sync", "--file-system", str(new)])
        new.rename(place)
    finally:
        if new.is_dir():
            store.delete(new)


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CnetkitError(
            f"{error.filename or store.cache()} cannot be written ({error.strerror}): make room, or set XDG_CACHE_HOME to "
            "another folder"
        ) from None
