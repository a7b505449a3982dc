"""Debian's packages through the machine's apt, with a state of its own: package lists, what a set needs, downloads.

apt checks the signatures. Nothing of the system's apt is used or changed but its programs: this state has an empty list of
installed packages, so that a set is whole, with its libraries.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from urllib.parse import unquote

from cnetkit.model import CnetkitError
from cnetkit.programs import children, machine, sets, store

CONFIGURATION = "CNETKIT_APT_CONF"
"""The environment variable that names a file with more settings for apt."""
ENFORCED = ("APT::Get::AllowUnauthenticated", "Acquire::AllowInsecureRepositories", "Acquire::AllowWeakRepositories",
            "Acquire::AllowDowngradeToInsecureRepositories")  # fmt: skip
SETTINGS = """
Dir::State "{0}"; Dir::State::lists "{0}/lists"; Dir::State::status "{0}/status";
Dir::State::extended_states "{0}/extended_states";
Dir::Cache "{0}"; Dir::Cache::archives "{0}/archives"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "{0}/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null"; Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null"; Dir::Etc::trustedparts "{0}/keys"; Dir::Log "{0}/log";
APT::Architecture "{1}"; APT::Architectures {{ "{1}"; }}; APT::Sandbox::User "root"; APT::Install-Recommends "0";
APT::Update::Error-Mode "any"; Acquire::Languages "none"; Acquire::GzipIndexes "true"; Acquire::PDiffs "false";
Acquire::Retries "3";
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a plan. `size` is that of its file, `installed` that of its content, in bytes."""

    name: str
    version: str
    file: Path
    size: int
    installed: int
    sha256: str

    @property
    def kept(self) -> bool:
        """Whether an earlier run has fetched it."""
        return self.file.is_file() and self.file.stat().st_size == self.size


class Apt:
    """apt for one suite of an archive. Its state is a folder of the cache; the caller holds the cache's lock."""

    def __init__(self, suite: str, archive: machine.Archive) -> None:
        self.folder = store.cache() / "apt" / suite
        self._where, self._keyring = f"{archive.mirror} {suite}", archive.keyring
        for name in ("lists/partial", "archives/partial", "keys", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        if set('"\\\n') & set(str(self.folder)):
            raise CnetkitError(f"apt cannot work in {self.folder}: set XDG_CACHE_HOME to a folder with a simpler name")
        mirror = archive.mirror.replace("file:", "copy:", 1) if archive.mirror.startswith("file:") else archive.mirror
        armoured = archive.keyring.read_bytes().startswith(b"-----BEGIN")
        shutil.rmtree(self.folder / "keys")
        (self.folder / "keys").mkdir()
        shutil.copyfile(archive.keyring, self.folder / "keys" / ("archive.asc" if armoured else "archive.gpg"))
        (self.folder / "status").touch()
        for name in ("apt.conf", "sources.list"):  # proxies and mirrors may be given with passwords
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).chmod(0o600)
        (self.folder / "sources.list").write_text(f"deb {mirror} {suite} main\n", encoding="utf-8")
        settings = SETTINGS.format(self.folder, machine.architecture())
        (self.folder / "apt.conf").write_text("\n".join([settings, *archive.settings, ""]), encoding="utf-8")

    def update(self, advanced: Callable[[float], object]) -> None:
        """Reads the suite's package list from the mirror, if it has changed. `advanced` gets the share that is done."""
        done = self._run("apt-get", "update", advanced=advanced)
        if done.status:
            raise CnetkitError(
                f"the package list of {self._where} cannot be read. apt says: {done.words} {_advice(done, self._keyring)}"
            )

    def plan(self, packages: str) -> list[Package]:
        """These packages with all that they need, as the mirror has them now."""
        wanted = [*packages.split(), *sets.BASE.split()]
        done = self._run("apt-get", f"-o=Dir::Cache::archives={self.folder}/none/", "install", "--print-uris", *wanted)
        files = [unquote(line.split(" ")[1]) for line in done.output.splitlines() if line.startswith("'")]
        if done.status or not files:
            raise CnetkitError(f"{self._where} does not have all packages of this set. apt says: {done.words}")
        told = self._run("apt-cache", "show", *(f"{name}={version}" for name, version, _ in map(_parts, files))).output
        records = {record["Package"]: record for text in told.split("\n\n") if (record := _fields(text))}
        return [self._package(file, records) for file in files]

    def download(self, packages: str, plan: list[Package], advanced: Callable[[float], object]) -> None:
        """Fetches what is missing of a plan for these packages, and checks all of its files."""
        wanted = [*packages.split(), *sets.BASE.split()]
        done = self._run("apt-get", "install", "--download-only", "--yes", *wanted, advanced=advanced)
        if done.status:
            raise CnetkitError(
                f"not everything can be fetched from {self._where}. apt says: {done.words} What came is kept: the same "
                "command goes on there"
            )
        for package in plan:
            with package.file.open("rb") as stream:
                if file_digest(stream, "sha256").hexdigest() == package.sha256:
                    continue
            package.file.unlink()
            raise CnetkitError(
                f"{package.file.name} was damaged on this disk, and is deleted: run the same command again"
            )

    def clear(self) -> None:
        """Removes the downloaded packages."""
        for archive in (self.folder / "archives").glob("**/*.deb"):
            archive.unlink()

    def _package(self, file: str, records: dict[str, dict[str, str]]) -> Package:
        name, version, _ = _parts(file)
        record = records[name]
        path = self.folder / "archives" / file.replace(":", "%3a")
        return Package(name, version, path, int(record["Size"]), int(record["Installed-Size"]) * 1024, record["SHA256"])

    def _run(
        self, program: str, *arguments: str, advanced: Callable[[float], object] | None = None
    ) -> children.Finished:
        own = os.environ.get(CONFIGURATION, "")
        if own and not os.path.isfile(own):
            raise CnetkitError(f"there is no file {own}, which {CONFIGURATION} names")
        more = ["-c", own] if own else []
        more += [f"-o={name}=false" for name in ENFORCED] + (["-o=APT::Status-Fd=1"] if advanced else [])

        def heard(line: str) -> None:
            if advanced and line.startswith("dlstatus:"):
                advanced(float(line.split(":")[2]) / 100)

        command = [program, "-qq", *more, *arguments]
        done = children.run(command, settings={"APT_CONFIG": str(self.folder / "apt.conf")}, heard=heard)
        lines = (
            line for line in done.errors.splitlines() if "deprecated option Dir::Etc::Trusted" not in line
        )  # apt 3
        return replace(done, errors="\n".join(lines))


def _advice(done: children.Finished, keyring: Path) -> str:
    """What to do about a package list that apt refuses."""
    if "is expired" in done.words or "not valid yet" in done.words:
        return (
            "Check this machine's clock. If the mirror is kept as it was on purpose, write "
            f'`Acquire::Check-Valid-Until "false"; Acquire::Check-Date "false";` into a file and set {CONFIGURATION} to its path'
        )
    if "couldn't be verified" in done.words or "not signed" in done.words:
        return (
            f"It is not signed by one of the keys in {keyring}, and nothing was taken from there: choose another mirror by "
            "--mirror, or a newer keyring by --keyring"
        )
    return "Check the network, or choose another mirror by --mirror"


def _parts(file: str) -> tuple[str, str, str]:
    """Name, version and architecture of a package file."""
    name, version, architecture = file.removesuffix(".deb").split("_")
    return name, version, architecture


def _fields(text: str) -> dict[str, str]:
    """The fields of one stanza as apt-cache prints it; continued lines are left out."""
    lines = (line.partition(": ") for line in text.splitlines() if not line.startswith(" "))
    return {name: value for name, separator, value in lines if separator}
