"""Unpacks Debian packages into a folder that can be a node's root, and makes the links that their installation would make.

It installs nothing: no script of a package runs. Documentation and translations are left out, and so is /dev.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
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
FOLDER_LINKS = (("var/run", "../run"), ("var/lock", "../run/lock"))
"""(folder, target) as the postinst script of base-files makes them, where the folder is empty."""
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
    ("usr/bin/pager", "more"),
    ("usr/bin/w", "w.procps"),
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
    extract(archives, root, advanced)
    for name, target in FOLDER_LINKS:
        place = root / name
        if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
            place.rmdir()
            place.symlink_to(target)
    for link, target in LINKS:
        place = root / link
        if not os.path.lexists(place) and (place.parent / target).exists():
            place.symlink_to(target)


def extract(archives: Sequence[Path], folder: Path, advanced: Callable[[int], object] = lambda _: None) -> None:
    """Unpacks the files of packages into a folder. Owners, set-user-id bits and device nodes are not kept.

    One tar reads all packages, because it makes links that lead out of the folder only when everything else is there: so no
    package writes through the link of another.
    """
    excluded = [f"--exclude=./usr/share/{name}/*" for name in LEFT_OUT]
    with tempfile.TemporaryFile() as errors:
        writer = children.start(
            ["tar", "-x", "--ignore-zeros", "-f", "-", "-C", str(folder), "--no-same-owner", "--no-same-permissions",
             "--keep-directory-symlink", "--exclude=./dev/*", *excluded],
            errors=errors, stdin=subprocess.PIPE,
        )  # fmt: skip
        assert writer.stdin is not None  # noqa: S101 - for mypy: it is a pipe
        with children.stopped(writer):
            for number, archive in enumerate(archives, 1):
                reader = children.start(
                    ["dpkg-deb", "--fsys-tarfile", str(archive)], errors=errors, stdout=writer.stdin
                )
                with children.stopped(reader):
                    reader.wait()
                if reader.returncode:
                    break
                advanced(number)
            writer.stdin.close()
            writer.wait()
        errors.seek(0)
        words = " ".join(errors.read().decode(errors="replace").split())
    if writer.returncode or reader.returncode:
        status = os.statvfs(folder)
        full = "No space left on device. " if status.f_bavail * status.f_frsize < FULL else ""
        raise CnetkitError(f"the packages cannot be unpacked. {full}tar says: {words}")


def check(root: Path, entry: sets.ProgramSet) -> None:
    """CnetkitError unless a folder is a root with the programs of a set, and holds nothing but files, folders and links."""
    folders = [root / name for name in sets.FOLDERS]
    lacking = [
        name
        for name in entry.programs.split()
        if not any(path.is_symlink() or os.access(path, os.X_OK) for folder in folders if (path := folder / name))
    ]
    if lacking:
        raise CnetkitError(
            f"{root} has no {', '.join(lacking)} in {', '.join(sets.FOLDERS[:2])}: it is no {entry.name}"
        )
    if not os.path.lexists(root / "bin" / "sh"):
        raise CnetkitError(f"{root} has no bin/sh: it cannot be the root of a node")
    shell = (root / "bin" / "sh").resolve()
    if shell.is_file() and _machine(shell) != _machine(Path(sys.executable)):
        raise CnetkitError(f"the programs in {root} are for another processor than this machine's")
    for base, _, files in os.walk(root):
        for name in files:
            mode = os.lstat(os.path.join(base, name)).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                raise CnetkitError(
                    f"{os.path.join(base, name)} is neither a file nor a link: such a folder is not taken"
                )


def _machine(program: Path) -> bytes:
    """The machine that an ELF file is for, elf(5): its class and byte order, and e_machine. Empty for a script."""
    with program.open("rb") as stream:
        header = stream.read(20)
    return header[4:6] + header[18:20] if header.startswith(b"\x7fELF") else b""
