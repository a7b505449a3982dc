"""What a host's programs find besides its network: a root folder that can be written to, and cgroups, as on a real machine.

All of it is private to the host and is kept in memory. The machine's own files show through and are never changed. Sources:
mount(8), overlayfs (Documentation/filesystems/overlayfs.rst), pivot_root(2), cgroups(7), cgroup_namespaces(7).
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress

from cnetkit.kernel.namespaces import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    mount,
    pivot_root,
    unmount,
)

_WRITABLE = ("/etc", "/opt", "/root", "/srv", "/var/cache", "/var/lib", "/var/log", "/var/spool")
"""Folders of the machine that a host gets as its own: what is written there is seen in this host only."""
_CGROUPS = "/sys/fs/cgroup"
_NEW = "/run/machine"
_KEPT = ("proc", "sys", "dev", "run", "tmp")
"""Folders of the place that remain when programs' own folder becomes the root."""
_OWN = frozenset(("bin", "boot", "etc", "lib", "lib32", "lib64", "libx32", "root", "sbin", "usr", "var"))
"""Folders that come from the programs' own folder, not from the machine."""
_FILES = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
"""Files that a package's installation would write, or that its programs expect."""


def of_host(programs: str) -> None:
    """Gives this mount namespace, a host's place, its own files and cgroups. `programs`: a folder that becomes its root.

    What the system refuses of it is left out, but not the root: OSError.
    """
    os.mkdir(_NEW)
    mount("tmpfs", _NEW, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    if programs:
        _change_root(programs)
    else:
        for folder in filter(os.path.isdir, _WRITABLE):
            with suppress(OSError):
                _overlay(folder, folder)
        unmount(_NEW)
        os.rmdir(_NEW)
    with suppress(OSError):
        _cgroups()


def _overlay(lower: str, target: str) -> None:
    """Mounts a folder so that what is written goes to memory. Before Linux 5.11 OSError."""
    own = f"{_NEW}/{target.replace('/', '_')}"
    for part in ("", "/upper", "/work"):
        os.mkdir(own + part)
    mode = os.stat(lower).st_mode & 0o7777
    os.chmod(f"{own}/upper", mode)
    shown = lower.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    mount("overlay", target, "overlay", 0, f"lowerdir={shown},upperdir={own}/upper,workdir={own}/work,userxattr")


def _change_root(programs: str) -> None:
    """Makes a folder of programs the root; what is not a program's, such as /home, stays the machine's."""
    root = f"{_NEW}/root"
    os.mkdir(root)
    _overlay(programs, root)
    for name in (*_KEPT, *sorted(set(os.listdir("/")) - _OWN - set(_KEPT))):
        if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}"):
            os.makedirs(f"{root}/{name}", exist_ok=True)
            mount(f"/{name}", f"{root}/{name}", "", MS_BIND | MS_REC)
            if f"/{name}" in _WRITABLE:
                with suppress(OSError):
                    _overlay(f"/{name}", f"{root}/{name}")
    for folder in ("etc", "root", "var/lib", "var/log", "var/tmp"):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    for name, text in _FILES.items():
        if not os.path.exists(f"{root}/etc/{name}"):
            with open(f"{root}/etc/{name}", "w", encoding="ascii") as file:
                file.write(text)
    if os.path.exists("/etc/resolv.conf"):
        shutil.copyfile("/etc/resolv.conf", f"{root}/etc/resolv.conf")
    for name, target in (("run", "/run"), ("lock", "/run/lock")):
        if not os.path.islink(link := f"{root}/var/{name}"):
            shutil.rmtree(link, ignore_errors=True)
            os.symlink(target, link)
    os.mkdir(f"{root}/.old")
    os.chdir(root)
    pivot_root(".", ".old")
    os.chdir("/")
    unmount("/.old")
    os.rmdir("/.old")
    with suppress(OSError):  # its copy below /run
        unmount(_NEW)
        os.rmdir(_NEW)


def _cgroups() -> None:
    """Mounts cgroups where a new /sys hides them: programs such as runc look for them there."""
    if os.listdir(_CGROUPS):
        return
    quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        hierarchies = cgroup_mounts(file.read())
    if "" not in hierarchies:
        mount("tmpfs", _CGROUPS, "tmpfs", quiet, "mode=755")
        for folder in hierarchies:
            os.mkdir(f"{_CGROUPS}/{folder}")
    for folder, (kind, options) in hierarchies.items():
        mount(
            "cgroup", f"{_CGROUPS}/{folder}", kind, quiet | MS_RDONLY, options
        )  # groups made here would outlive the lab


def cgroup_mounts(text: str) -> dict[str, tuple[str, str]]:
    """The mounts that show the hierarchies in the text of /proc/self/cgroup (cgroups(7)): folder → kind and options.

    Version 2 alone has the whole place, an empty folder. Beside version 1 it is left out.
    """
    names = [line.split(":")[1] for line in text.splitlines()]
    first = {
        name.removeprefix("name="): ("cgroup", f"none,{name}" if name.startswith("name=") else name)
        for name in names
        if name
    }
    return first or {"": ("cgroup2", "")}
