"""Tests in this folder need user namespaces; where a system refuses them they are skipped, which CI counts as failing."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError

_MOST = resource.getrlimit(resource.RLIMIT_MSGQUEUE)[1]
MARK = os.getpid() % _MOST
"""A limit that nothing here comes near, set to a number of this run's own: every process that comes of it inherits it,
whoever its parent becomes, so that other labs on this machine are told apart from what this run leaves behind."""
resource.setrlimit(resource.RLIMIT_MSGQUEUE, (MARK, _MOST))


def pytest_collection_modifyitems(config, items):
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    if not here:
        return
    try:
        Lab("probe").close()
    except CnetkitError as error:
        for item in here:
            item.add_marker(pytest.mark.skip(reason=str(error)))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab("test") as lab:
        yield lab


class Dock:
    """The network of the design's contract: an outside client, a Docker-like host, two containers, a published port."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.host = lab.host("dock")
        self.net = self.host.bridge("docker0", "172.17.0.1/16")
        self.web, self.client = self.net.container("web"), self.net.container("client")
        self.outside = lab.host("outside")
        lab.connect(self.outside, self.host, "203.0.113.0/24")
        self.host.publish(8080, to=self.web, port=80)
        self.web.http_server(80)


@pytest.fixture
def dock(lab: Lab) -> Dock:
    return Dock(lab)


class HostState:
    """What a lab must leave as it was, read from the kernel without any part of this project."""

    def __init__(self) -> None:
        from pyroute2 import IPRoute

        with IPRoute() as ip:
            self.links = sorted(link.get("IFLA_IFNAME") for link in ip.get_links())
            self.routes = sorted(str(sorted(route["attrs"], key=str)) for route in ip.get_routes(table=254))
            self.addresses = sorted(str(address.get("IFA_ADDRESS")) for address in ip.get_addr())
        self.mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        places = ("/tmp", "/run", "/var/tmp", "/dev/shm", str(Path.home()))
        self.files = sorted(f"{place}/{name}" for place in places for name in os.listdir(place) if "cnetkit" in name)
        self.doors = sorted(
            door for line in _unix() if "@cnetkit/" in line and _may_be_ours(door := line.split("@")[1])
        )
        self.processes = sorted(_processes())

    def difference(self, other: HostState) -> dict[str, tuple[object, object]]:
        return {name: (old, vars(other)[name]) for name, old in vars(self).items() if old != vars(other)[name]}


def _unix() -> list[str]:
    return Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines()


def _may_be_ours(door: str) -> bool:
    """Whether the agent of a door bears the mark, or is gone."""
    entry = Path("/proc", door.split("/")[2])
    return not entry.exists() or _marked(entry)


def _marked(entry: Path) -> bool:
    try:
        limits = (entry / "limits").read_text(encoding="ascii")
    except OSError:
        return False
    return any(line.split()[3] == str(MARK) for line in limits.splitlines() if line.startswith("Max msgqueue size"))


def _processes() -> Iterator[str]:
    """Processes of this run: agents and what runs in their sandboxes (another PID namespace than ours). The spawner
    that waits for the labs of this very process may stay as long as it (docs/decisions/0010)."""
    mine = os.readlink("/proc/self/ns/pid")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or not _marked(entry):
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            elsewhere = os.readlink(entry / "ns" / "pid") != mine
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] == "Z" and elsewhere:
            yield f"zombie {entry.name}"
        elif command == "cnetkit: waits for labs" and int(stat.rpartition(")")[2].split()[1]) == os.getpid():
            continue
        elif command.startswith("cnetkit:") or "cnetkit.kernel." in command or elsewhere:
            yield f"{entry.name} {command}"


def settled(before: HostState, patience: float = 10.0) -> HostState:
    """The host's state once the kernel has had time to take everything away."""
    end = time.monotonic() + patience
    while before.difference(after := HostState()) and time.monotonic() < end:
        time.sleep(0.05)
    return after


@pytest.fixture
def untouched() -> Iterator[None]:
    """Fails a test after which the host is not as it was before."""
    before = HostState()
    yield
    after = settled(before)
    assert before.difference(after) == {}


def client(program: str) -> subprocess.Popen[bytes]:
    """Another process that uses the library; `program` prints a line when it is ready."""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
