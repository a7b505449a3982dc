"""A network namespace, held by a file descriptor: made here, or somebody else's; and the names of ip-netns(8). It knows no node.

Sources: network_namespaces(7), ioctl_ns(2), ip-netns(8).
"""

from __future__ import annotations

import contextlib
import fcntl
import os

from cnetkit.kernel.namespaces import CLONE_NEWNET, MS_BIND, enter, mount, unmount, unshare

NAMES = "/run/netns"
"""Where ip(8) looks for namespaces by their names."""

_NS_GET_NSTYPE = 0xB703
_OWN = "/proc/self/ns/net"


def create() -> int:
    """A new network namespace, which the calling process is then in. The descriptor keeps it alive; close it with os.close."""
    unshare(CLONE_NEWNET)
    return current()


def current() -> int:
    """The network namespace that the calling process is in."""
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


def adopt(path: str) -> int:
    """The network namespace behind a file, such as /proc/PID/ns/net or one of ip-netns(8). OSError where it is none."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if fcntl.ioctl(fd, _NS_GET_NSTYPE) != CLONE_NEWNET:
            raise OSError(22, f"{path} is a namespace, but no network namespace")
    except BaseException:
        os.close(fd)
        raise
    return fd


def join(fd: int) -> None:
    """Makes it the namespace of the calling process."""
    enter(fd, CLONE_NEWNET)


def give_name(fd: int, name: str) -> None:
    """Lets ip(8) find the namespace: a file in NAMES on which it is mounted. FileExistsError where the name is taken.

    Only for a sandbox, whose NAMES is its own.
    """
    path = f"{NAMES}/{name}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o444))
    mount(f"/proc/self/fd/{fd}", path, "", MS_BIND)


def take_name(name: str) -> None:
    """Takes the name away again, in all mount namespaces that share NAMES. One that is gone already is left alone."""
    with contextlib.suppress(OSError):
        unmount(f"{NAMES}/{name}")
    with contextlib.suppress(OSError):
        os.unlink(f"{NAMES}/{name}")


def inode(fd: int) -> int:
    """The number by which `ls -i`, lsns(8) and the links in /proc/PID/ns name it."""
    return os.fstat(fd).st_ino
