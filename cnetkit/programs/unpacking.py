"""Unpacks Debian packages into a folder that can be a node's root, and makes the links that their installation would make.

It installs nothing: no script of a package runs. Documentation and translations are left out, and so is /dev.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cnetkit.model import CnetkitError
from cnetkit.programs import children, sets

MERGED = ("bin", "sbin", "lib", "lib64")
"""Folders that are links into /usr in Debian since 2023; older packages still have files in them."""
FULL = 1 << 20
"""Bytes; with fewer left, a disk is full. tar does not always say so itself."""
LEFT_OUT = ("bash-completion", "bug", "doc", "i18n", "info", "lintian", "locale", "man", "zsh")
LINKS = (
    *(
        (f"usr/sbin/{table}{verb}", f"{table}-nft{verb}")
        for table in ("iptables", "ip6tables", "arptables", "ebtables")
        for verb in ("", "-save", "-restore")
    ),
    ("usr/bin/awk", "mawk"),
    ("usr/bin/sh", "dash"),
    ("usr/bin/sh", "bash"),
    ("usr/bin/which", "which.debianutils"),
    ("usr/sbin/ovs-vswitchd", "../lib/openvswitch-switch/ovs-vswitchd"),
    ("usr/bin/nc", "nc.openbsd"),
)
"""(link, target) as the packages' postinst scripts make them by update-alternatives(1): each where its target is there and
nothing has its name yet."""


def unpack(archives: Sequence[Path], root: Path, advanced: Callable[[int], object] = lambda _: None) -> None:
    """Unpacks packages into `root`, a new folder. `advanced` gets the number of packages that are done.

    CnetkitError, in the words of tar or dpkg-deb, if that fails.
    """
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for path in (root, root / "usr", *(root / "usr" / name for name in MERGED)):
        path.chmod(0o755)
    for number, archive in enumerate(archives, 1):
        extract(archive, root)
        advanced(number)
    for link, target in LINKS:
        place = root / link
        if not os.path.lexists(place) and (place.parent / target).exists():
            place.symlink_to(target)


def extract(archive: Path, folder: Path) -> None:
    """Unpacks the files of one package into a folder. Owners, set-user-id bits and device nodes are not kept."""
    folder.mkdir(exist_ok=True)
    excluded = [f"--exclude=./usr/share/{name}/*" for name in LEFT_OUT]
    with tempfile.TemporaryFile() as errors:
        reader = children.start(["dpkg-deb", "--fsys-tarfile", str(archive)], errors=errors)
        assert reader.stdout is not None  # noqa: S101 - for mypy: `start` opens a pipe
        writer = children.start(
            ["tar", "-x", "-f", "-", "-C", str(folder), "--no-same-owner", "--no-same-permissions", "--exclude=./dev/*",
             "--keep-directory-symlink", *excluded],
            errors=errors, stdin=reader.stdout,
        )  # fmt: skip
        with children.stopped(writer, reader):
            reader.stdout.close()  # only tar reads from it: if tar ends, dpkg-deb ends too
            writer.wait()
            reader.wait()
        errors.seek(0)
        words = " ".join(errors.read().decode(errors="replace").split())
    if writer.returncode or reader.returncode:
        status = os.statvfs(folder)
        full = "No space left on device. " if status.f_bavail * status.f_frsize < FULL else ""
        raise CnetkitError(f"{archive.name} cannot be unpacked. {full}tar says: {words}")


def check(root: Path, entry: sets.ProgramSet) -> None:
    """CnetkitError unless a folder is a root with the programs of a set, and holds nothing but files, folders and links."""
    folders = [root / name for name in sets.FOLDERS]
    lacking = [
        name for name in entry.programs.split() if not any(os.access(folder / name, os.X_OK) for folder in folders)
    ]
    if lacking:
        raise CnetkitError(
            f"{root} has no {', '.join(lacking)} in {', '.join(sets.FOLDERS[:2])}: it is no {entry.name}"
        )
    if not os.path.lexists(root / "bin" / "sh"):
        raise CnetkitError(f"{root} has no bin/sh: it cannot be the root of a node")
    for base, _, files in os.walk(root):
        for name in files:
            mode = os.lstat(os.path.join(base, name)).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                raise CnetkitError(
                    f"{os.path.join(base, name)} is neither a file nor a link: such a folder is not taken"
                )
