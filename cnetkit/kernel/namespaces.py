"""System calls for namespaces and mounts: unshare, setns, mount and their like, with errors as OSError.

It knows no node. Sources: namespaces(7), user_namespaces(7), pid_namespaces(7), mount_namespaces(7).
"""

from __future__ import annotations

import ctypes
import errno
import os

CLONE_NEWTIME, CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x80, 0x20000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_MOVE, MS_REC = 1, 2, 4, 8, 4096, 8192, 16384
MS_PRIVATE, MS_SHARED = 1 << 18, 1 << 20
MNT_DETACH = 2
_AT_RECURSIVE, _MOUNT_ATTR_RDONLY, _AT_FDCWD = 0x8000, 1, -100
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """unshare(2). OSError, EINVAL for CLONE_NEWUSER in a process that has threads."""
    _check(_libc.unshare(flags), "unshare")


def enter(fd: int, flags: int) -> None:
    """setns(2): `fd` is a namespace file, or a pidfd for several namespaces of one process at once (Linux 5.8)."""
    _check(_libc.setns(fd, flags), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


def unmount(target: str) -> None:
    """umount2(2), lazily: what still uses the mount keeps it."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2): `new`, a mount, becomes the root, and the former root is then at `old`, a folder in it."""
    numbers = {"x86_64": 155, "aarch64": 41}  # the kernel's syscall tables
    if os.uname().machine not in numbers:
        raise OSError(errno.ENOSYS, f"pivot_root on {os.uname().machine}")
    _check(_libc.syscall(numbers[os.uname().machine], new.encode(), old.encode()), "pivot_root")


def read_only(path: str) -> None:
    """Makes `path` and all mounts below it read-only in this mount namespace (mount_setattr(2), Linux 5.12)."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    mount_setattr = 442  # the same number on every architecture
    _check(
        _libc.syscall(mount_setattr, _AT_FDCWD, path.encode(), _AT_RECURSIVE, attributes, ctypes.sizeof(attributes)),
        f"mount_setattr {path}",
    )


def close_on_exec(first: int) -> None:
    """Marks all file descriptors from `first` on to be closed when a program is started (close_range(2), Linux 5.11)."""
    close_range, cloexec = 436, 4  # the same number on every architecture
    _check(_libc.syscall(close_range, first, 0x7FFFFFFF, cloexec), "close_range")


def die_with_parent(signal: int) -> None:
    """prctl(2), PR_SET_PDEATHSIG: the kernel sends `signal` to this process when the thread that forked it ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl")
