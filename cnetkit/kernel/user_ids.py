"""The users and groups of a sandbox: the range of ids that the administrator gave its user, or else that user alone.

newuidmap(1) and newgidmap(1) write what subuid(5) and subgid(5) allow. They must run outside of the new user namespace. Source:
user_namespaces(7).
"""

from __future__ import annotations

import errno
import os
import pwd
from contextlib import suppress
from typing import NoReturn

from cnetkit.kernel.namespaces import CLONE_NEWUSER, unshare
from cnetkit.kernel.programs import program
from cnetkit.model import CnetkitError

_PROGRAMS = {"gid": "newgidmap", "uid": "newuidmap"}


def become_root_of_a_user_namespace(flags: int = 0) -> None:
    """Enters a new user namespace, and in the same call new namespaces for `flags`. The caller, without threads, is root there.

    User and group 0 are the caller's own; those from 1 on come from the range that it may use, if it has one. OSError as
    unshare(2) raises it: EPERM and ENOSPC if the system refuses user namespaces.
    """
    own = {"uid": os.geteuid(), "gid": os.getegid()}
    if why_one():
        unshare(CLONE_NEWUSER | flags)
    else:
        _unshare_with_ranges(flags, own)
    try:
        for kind, number in own.items():
            if _mapped(kind) == 0:
                _map_own(kind, number)
        os.chroot("/")  # changes nothing, but needs a capability
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES):
            # AppArmor lets unshare(2) succeed, but takes the capabilities away.
            raise PermissionError(error.errno, "root of a new user namespace has no rights") from error
        raise


def many() -> bool:
    """Whether this process's user namespace has more than one user and more than one group."""
    return all(_mapped(kind) > 1 for kind in _PROGRAMS)


def why_one() -> str:
    """Why this user can have one id only, in a few words; empty if it can have more."""
    for kind, name in _PROGRAMS.items():
        try:
            program(name)
        except CnetkitError:
            return f"{name} is not installed"
        if _range(kind) is None:
            return f"/etc/sub{kind} has no range for this user"
    return ""


def _range(kind: str) -> tuple[str, str] | None:
    """This user's largest range, as text: its first id, and how many."""
    names = {str(os.geteuid())}
    with suppress(KeyError):
        names.add(pwd.getpwuid(os.geteuid()).pw_name)
    try:
        with open(f"/etc/sub{kind}", encoding="utf-8", errors="replace") as file:
            entries = [line.strip().split(":") for line in file]
    except OSError:
        return None
    whole = [entry for entry in entries if len(entry) == 3 and "".join(entry[1:]).isdecimal()]
    ranges = [(first, count) for name, first, count in whole if name in names and int(count) > 0]
    return max(ranges, key=lambda one: int(one[1]), default=None)


def _unshare_with_ranges(flags: int, own: dict[str, int]) -> None:
    """unshare(2) for a new user namespace, whose maps a second process outside of it lets write. What is refused stays empty."""
    ready, go = os.pipe()
    target = os.getpid()
    mapper = os.fork()
    if mapper == 0:
        os.close(go)
        _map_ranges(ready, target, own)
    os.close(ready)
    try:
        unshare(CLONE_NEWUSER | flags)
        with suppress(BrokenPipeError):
            os.write(go, b"!")
    finally:
        os.close(go)
        os.waitpid(mapper, 0)


def _map_ranges(ready: int, target: int, own: dict[str, int]) -> NoReturn:
    """Waits until process `target` is in its user namespace, and has its maps written. Ends with it."""
    try:
        for kind, name in _PROGRAMS.items() if os.read(ready, 1) else ():
            words = [name, str(target), "0", str(own[kind]), "1", "1", *(_range(kind) or ())]
            quiet = [(os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
            os.waitpid(os.posix_spawn(program(name), words, os.environ, file_actions=quiet), 0)
    finally:
        os._exit(0)


def _mapped(kind: str) -> int:
    """How many ids this user namespace has."""
    with open(f"/proc/self/{kind}_map", encoding="ascii") as file:
        return sum(int(line.split()[2]) for line in file)


def _map_own(kind: str, number: int) -> None:
    if kind == "gid":
        with open("/proc/self/setgroups", "w", encoding="ascii") as file:
            file.write("deny")
    with open(f"/proc/self/{kind}_map", "w", encoding="ascii") as file:
        file.write(f"0 {number} 1")
