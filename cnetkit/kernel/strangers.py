"""Finds the network namespaces that programs in a host made for themselves, such as a container engine for its containers.

They are found by the processes in them, and by the mounts that keep one without a process. It opens nothing and changes nothing.
Sources: namespaces(7), proc(5), ioctl_ns(2), ip-netns(8).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_NS_GET_PARENT = 0xB702
_GENERATIONS = 4
"""How many ancestors of a process may tell what it belongs to: a container's first process, its shim, and what started that."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A network namespace by its inode. `pid`: a process in it, by its number in the agent's PID namespace; 0 if there is none.
    `path`: where it can be opened. `mounted`: where it is mounted, if it is."""

    inode: int
    pid: int
    path: str
    mounted: str = ""


def strangers(first: int, known: Collection[int]) -> list[Stranger]:
    """The network namespaces, by inode not among `known`, of what runs below process `first`, a host's, or is mounted there."""
    found: dict[int, Stranger] = {}
    places = dict(mounted(first))
    outer = _inode(f"/proc/{first}/ns/pid")
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        inode = _inode(f"/proc/{pid}/ns/net")
        if inode and inode not in known and inode not in found and outer in set(_pid_namespaces(pid)):
            found[inode] = Stranger(inode, pid, f"/proc/{pid}/ns/net", places.get(inode, ""))
    for inode, path in places.items():
        if inode not in known:
            found.setdefault(inode, Stranger(inode, 0, f"/proc/{first}/root{path}", path))
    return list(found.values())


def occupied(inodes: Collection[int]) -> set[int]:
    """Which of these namespaces some process is in, this one apart."""
    here = {
        _inode(f"/proc/{name}/ns/net") for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()
    }
    return here & set(inodes)


def mounted(pid: int) -> Iterator[tuple[int, str]]:
    """The network namespaces that are mounted on files where this process looks: inode and path."""
    for line in _read(f"/proc/{pid}/mountinfo").splitlines():
        fields = line.split()
        if len(fields) > 4 and fields[3].startswith("net:["):
            yield int(fields[3][5:-1]), fields[4]


def command_lines(pid: int) -> Iterator[str]:
    """The command lines of a process and of its ancestors, the nearest first. In one of them stands a container engine's
    identifier of the container. (Not so in its mounts: until it leaves its engine's root, it has those of all containers.)"""
    for _ in range(_GENERATIONS):
        if pid <= 1:
            return
        yield _read(f"/proc/{pid}/cmdline").replace("\0", " ")
        pid = _parent(pid)


def _parent(pid: int) -> int:
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()  # the name before it may hold anything
    return int(fields[1]) if len(fields) > 1 else 0


def _pid_namespaces(pid: int) -> Iterator[int]:
    """The inodes of a process's PID namespace and of those around it, as far as this process may ask."""
    try:
        fd = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    while True:
        yield os.fstat(fd).st_ino
        try:
            outer = fcntl.ioctl(fd, _NS_GET_PARENT)
        except OSError:
            os.close(fd)
            return
        os.close(fd)
        fd = outer


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0  # it has ended


def _read(path: str) -> str:
    with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
    return ""
