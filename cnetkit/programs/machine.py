"""What this machine's own apt is set to: the mirror, the network settings, Debian's keyring. It changes nothing and fetches
only the keyring, where it is missing.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cnetkit.model import CnetkitError
from cnetkit.programs import children, store, unpacking

ROOT = Path("/")
MIRROR = "http://deb.debian.org/debian"
SUITES = ("stable", "oldstable", "oldoldstable", "testing", "unstable", "sid")
KEYRINGS = ("usr/share/keyrings/debian-archive-keyring.pgp", "usr/share/keyrings/debian-archive-keyring.gpg")
SETTINGS = ("http", "https", "ftp", "Retries", "ForceIPv4", "ForceIPv6", "Check-Valid-Until", "Check-Date",
            "Min-ValidTime", "Max-ValidTime", "Max-FutureTime", "EnableSrvRecords", "Queue-Mode")  # fmt: skip
"""The subtrees of `Acquire` that are taken over: how to reach a mirror, and how old its signatures may be. Nothing that would
accept packages without a signature is taken over."""
FIELDS = "$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)"
"""Of apt-get indextargets(8). It prints a source whose package list has not been read only without release information, and
then ORIGIN is not replaced."""
WITHOUT_APT = (
    "this system has no {0}, which checks and unpacks Debian's packages. Install {1} and put them on PATH, or run "
    "`cnetkit get {2}` on a Debian or Ubuntu machine of the same architecture, copy {3} here, and run "
    "`cnetkit get {2} --from FOLDER`"
)


@dataclass(frozen=True, slots=True)
class Archive:
    """Where Debian's packages come from, and the keys that must have signed them."""

    mirror: str
    keyring: Path
    settings: tuple[str, ...] = ()
    """Lines of apt.conf(5)."""

    @property
    def undated(self) -> bool:
        """Whether this machine's apt accepts a package list whose signature has expired."""
        off = ("false", "0", "no", "off", "without", "disable")
        return any(line.startswith('Acquire::Check-Valid-Until "') and line.split('"')[1].lower() in off
                   for line in self.settings)  # fmt: skip


def check_tools(name: str, programs: str) -> None:
    """CnetkitError, with two other ways, if this system has no apt or dpkg."""
    for tool in ("apt-get", "apt-cache", "apt-config", "dpkg", "dpkg-deb", "tar"):
        if shutil.which(tool) is None:
            raise CnetkitError(WITHOUT_APT.format(tool, programs.replace(" ", ", "), name, store.folder(name)))


def archive(mirror: str = "", keyring: str = "") -> Archive:
    """The mirror and keyring that are given, or else this machine's, with the network settings of its apt."""
    if keyring and not Path(keyring).is_file():
        raise CnetkitError(f"there is no keyring {keyring}")
    return Archive(mirror.rstrip("/") or _mirror(), Path(keyring) if keyring else _keyring(), _settings())


def architecture() -> str:
    """Debian's name of this machine's architecture."""
    return _ask("dpkg", "--print-architecture").strip()


def _settings() -> tuple[str, ...]:
    wanted = tuple(f"Acquire::{name}" for name in SETTINGS)
    lines = _ask("apt-config", "dump").splitlines()
    return tuple(line for line in lines if line.split(" ")[0].startswith(wanted) and not line.endswith(' "";'))


def _mirror() -> str:
    """The first mirror of Debian itself that this machine's apt is set to; else Debian's own."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    suites = (*SUITES, release.get("VERSION_CODENAME", ""))
    targets = ["apt-get", "indextargets", "--format", FIELDS]
    read = _ask(*targets, "Created-By: Packages")
    for line in (read + _ask(*targets, "--no-release-info", "Created-By: Packages")).splitlines():
        origin, suite, component, uri = line.split("|")
        named = release.get("ID") == "debian" and Path(uri.rstrip("/")).stem == "debian" and suite in suites
        whole = component == "main" and not set("-/") & set(suite) and not uri.startswith("cdrom")
        if whole and (origin == "Debian" or named):
            return uri.rstrip("/")
    return MIRROR


def _keyring() -> Path:
    kept = store.cache() / "apt" / "debian-archive-keyring.gpg"
    for path in (*(ROOT / name for name in KEYRINGS), kept):
        if path.is_file():
            return path
    package = "debian-archive-keyring"
    with tempfile.TemporaryDirectory() as folder:
        command = ["apt-get", "-qq", "-o", "APT::Get::AllowUnauthenticated=0", "download", package]
        done = children.run(command, cwd=Path(folder))
        archives = sorted(Path(folder).glob(f"{package}_*.deb"))
        if done.status or not archives:
            raise CnetkitError(
                f"Debian's keys are not here, and apt cannot fetch them ({done.words}): run "
                f"`sudo apt-get update` and try again, or `sudo apt-get install {package}`"
            )
        unpacking.extract(archives[:1], Path(folder))
        found = next(path for name in KEYRINGS if (path := Path(folder) / name).is_file())
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".new")
        shutil.copyfile(found, part)
        part.rename(kept)
    return kept


def _ask(*command: str) -> str:
    return children.run(command).output
