"""A network namespace, held by a file descriptor: made here, or somebody else's. It knows no node and no name.

Sources: network_namespaces(7), ioctl_ns(2).
"""

from __future__ import annotations

import fcntl
import os

from cnetkit.kernel.namespaces import CLONE_NEWNET, enter, unshare

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


def inode(fd: int) -> int:
    """The number by which `ls -i`, lsns(8) and the links in /proc/PID/ns name it."""
    return os.fstat(fd).st_ino
