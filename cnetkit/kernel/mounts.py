"""The mounts of a sandbox and of its places: the machine's files are read-only, and /tmp, /run and the like are private.

Sources: mount(8), mount_namespaces(7), Documentation/filesystems/devpts.rst.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from cnetkit.kernel.namespaces import (
    MS_BIND,
    MS_MOVE,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_SHARED,
    mount,
    read_only,
)
from cnetkit.kernel.netns import NAMES

_OWN = ("/tmp", "/run", "/var/tmp", "/dev/shm")  # noqa: S108 - these are the very places that become private
_QUIET = MS_NOSUID | MS_NODEV | MS_NOEXEC


def preserved() -> list[str]:
    """Folders that must stay visible although they are below a folder that becomes private: the interpreter's, this package's
    and the current one."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = os.path.dirname(os.path.dirname(sys.executable))
    wanted = {
        os.path.realpath(path) for path in (sys.base_prefix, environment, package, os.getcwd(), *sys.path) if path
    }
    return sorted(path for path in wanted if os.path.isdir(path) and any(path.startswith(own + "/") for own in _OWN))


def of_sandbox() -> tuple[list[str], bool]:
    """Gives this mount namespace its own /proc, /sys, /dev/pts and temporary folders; everything else becomes read-only.

    Returns what the system did not allow, each as a sentence, and whether ip-netns(8) can find the nodes by their names.
    OSError if the system refuses even private mount propagation.
    """
    mount("none", "/", "", MS_REC | MS_PRIVATE)
    limits = list(_try("the host's files could not be made read-only", read_only, "/"))
    private, refused = _own_folders()
    limits += [*refused, *kernel_views()]
    options = "newinstance,ptmxmode=0666,mode=620"
    limits += _try("no terminals of its own", mount, "devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options)
    if "/run" not in private:  # never in the machine's own
        return limits, False
    unnamed = list(_try("ip(8) cannot find the nodes by their names", _make_names))
    return limits + unnamed, not unnamed


def _make_names() -> None:
    """Makes the folder of names, shared by all mount namespaces that are cloned from this one."""
    os.makedirs(NAMES, exist_ok=True)
    mount("tmpfs", NAMES, "tmpfs", _QUIET, "mode=755")
    mount("none", NAMES, "", MS_SHARED)


def of_place(named: bool) -> None:
    """Gives a node's mount namespace its own /proc and /sys, which show its processes and interfaces, and its own /tmp, /run
    and the like. `named`: the sandbox has a folder of names, which stays."""
    names = os.open(NAMES, os.O_PATH | os.O_CLOEXEC) if named else None
    _own_folders()
    if names is not None:
        os.makedirs(NAMES)
        mount(f"/proc/self/fd/{names}", NAMES, "", MS_MOVE)  # still shared with the sandbox
        os.close(names)
    kernel_views()


def kernel_views() -> list[str]:
    """Mounts new /proc and /sys. Returns what was not allowed: a container with a masked /proc allows neither."""
    return [
        *_try("/proc shows the host's processes", mount, "proc", "/proc", "proc", _QUIET),
        *_try("/sys shows the host's interfaces", sysfs, "/sys"),
    ]


def sysfs(place: str) -> None:
    """Mounts sysfs; read-only if the outer one is, because the kernel locks that flag (mount_namespaces(7)). OSError if parts of
    the outer one are hidden."""
    try:
        mount("sysfs", place, "sysfs", _QUIET)
    except PermissionError:
        mount("sysfs", place, "sysfs", _QUIET | MS_RDONLY)


def _own_folders() -> tuple[list[str], list[str]]:
    """Makes folders private. Returns those that are now, and why others are not."""
    folders = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in preserved()]
    private: list[str] = []
    refused: list[str] = []
    for path in _OWN:
        if os.path.isdir(path) and not os.path.islink(path):
            flags = MS_NOSUID | MS_NODEV
            failure = list(_try(f"{path} is not private", mount, "tmpfs", path, "tmpfs", flags, "mode=1777"))
            refused += failure
            private += [] if failure else [path]
    for path, fd in folders:
        os.makedirs(path, exist_ok=True)
        mount(f"/proc/self/fd/{fd}", path, "", MS_BIND | MS_REC)
        os.close(fd)
    return private, refused


def _try(consequence: str, call: object, *arguments: object) -> Iterable[str]:
    try:
        call(*arguments)  # type: ignore[operator]
    except OSError as error:
        yield f"{consequence}: {error.strerror}"
