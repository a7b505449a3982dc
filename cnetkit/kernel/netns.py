"""Network namespaces as file descriptors: created here or opened by path, and their names for ip-netns(8). It knows no node.

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
    """Creates a network namespace and enters it. The descriptor keeps it alive; close it with os.close."""
    unshare(CLONE_NEWNET)
    return current()


def current() -> int:
    """Opens the network namespace that the calling process is in."""
    return os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)


def adopt(path: str) -> int:
    """Opens the network namespace at a path, such as /proc/PID/ns/net or /run/netns/NAME. OSError if it is none."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if fcntl.ioctl(fd, _NS_GET_NSTYPE) != CLONE_NEWNET:
            raise OSError(22, f"{path} is a namespace, but not a network namespace")
    except BaseException:
        os.close(fd)
        raise
    return fd


def join(fd: int) -> None:
    """Enters a network namespace."""
    enter(fd, CLONE_NEWNET)


def give_name(fd: int, name: str) -> None:
    """Names a namespace for ip(8): mounts it on a file in NAMES. FileExistsError if the name is in use.

    Call it only in a sandbox, which has its own NAMES.
    """
    path = f"{NAMES}/{name}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0o444))
    mount(f"/proc/self/fd/{fd}", path, "", MS_BIND)


def take_name(name: str) -> None:
    """Removes a name, in all mount namespaces that share NAMES. Does nothing if it is gone already."""
    with contextlib.suppress(OSError):
        unmount(f"{NAMES}/{name}")
    with contextlib.suppress(OSError):
        os.unlink(f"{NAMES}/{name}")


def inode(fd: int) -> int:
    """The number that lsns(8) and the links in /proc/PID/ns show for a namespace."""
    return os.fstat(fd).st_ino
