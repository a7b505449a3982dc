"""Tests in this folder need user namespaces. They are skipped if the system refuses them, and CI fails if a test is skipped."""

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
"""A resource limit that no test reaches, set to a number unique to this test run. All descendants inherit it, even when they are
reparented, so it distinguishes what this run leaves behind from other labs on this machine."""
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
    """The network of most tests: an outside client, a Docker-like host, two containers, a published port.

    With the rules that translate for everybody, neighbours and the host included: most paths of the kernel's own translation.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.host = lab.host("dock")
        self.net = self.host.bridge("docker0", "172.17.0.1/16", docker="20.10", proxy=False)
        self.web, self.client = self.net.container("web"), self.net.container("client")
        self.outside = lab.host("outside")
        lab.connect(self.outside, self.host, "203.0.113.0/24")
        self.host.publish(8080, to=self.web, port=80)
        self.web.http_server(80)


@pytest.fixture
def dock(lab: Lab) -> Dock:
    return Dock(lab)


class HostState:
    """What a lab must not change on the machine, read without any code of this project."""

    def __init__(self) -> None:
        from pyroute2 import IPRoute

        with IPRoute() as ip:
            self.links = sorted(link.get("IFLA_IFNAME") for link in ip.get_links())
            self.routes = sorted(str(sorted(route["attrs"], key=str)) for route in ip.get_routes(table=254))
            self.addresses = sorted(str(address.get("IFA_ADDRESS")) for address in ip.get_addr())
        self.mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        places = ("/tmp", "/run", "/var/tmp", "/dev/shm", str(Path.home()))
        self.files = sorted(f"{place}/{name}" for place in places for name in os.listdir(place) if "cnetkit" in name)
        self.sockets = sorted(
            name for line in _unix() if "@cnetkit/" in line and _may_be_ours(name := line.split("@")[1])
        )
        self.processes = sorted(_processes())

    def difference(self, later: HostState) -> dict[str, tuple[object, object]]:
        return {name: (old, vars(later)[name]) for name, old in vars(self).items() if old != vars(later)[name]}


def _unix() -> list[str]:
    return Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace").splitlines()


def _may_be_ours(socket: str) -> bool:
    """Whether the agent of a socket has the mark, or has ended."""
    entry = Path("/proc", socket.split("/")[2])
    return not entry.exists() or _marked(entry)


def _marked(entry: Path) -> bool:
    try:
        limits = (entry / "limits").read_text(encoding="ascii")
    except OSError:
        return False
    return any(line.split()[3] == str(MARK) for line in limits.splitlines() if line.startswith("Max msgqueue size"))


def _processes() -> Iterator[str]:
    """Processes of this run: agents and what runs in their sandboxes (in a PID namespace other than ours). The spawner of this
    process may live as long as the process itself (docs/decisions/0010)."""
    own_namespace = os.readlink("/proc/self/ns/pid")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or not _marked(entry):
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            in_sandbox = os.readlink(entry / "ns" / "pid") != own_namespace
        except OSError:
            continue
        if stat.rpartition(")")[2].split()[0] == "Z" and in_sandbox:
            yield f"zombie {entry.name}"
        elif command == "cnetkit: waits for labs" and int(stat.rpartition(")")[2].split()[1]) == os.getpid():
            continue
        elif command.startswith("cnetkit:") or "cnetkit.kernel." in command or in_sandbox:
            yield f"{entry.name} {command}"


def settled(before: HostState, patience: float = 10.0) -> HostState:
    """The machine's state after the kernel has had time to remove everything."""
    end = time.monotonic() + patience
    while before.difference(after := HostState()) and time.monotonic() < end:
        time.sleep(0.05)
    return after


@pytest.fixture
def untouched() -> Iterator[None]:
    """Fails a test that changes the machine."""
    before = HostState()
    yield
    after = settled(before)
    assert before.difference(after) == {}


def client(program: str) -> subprocess.Popen[bytes]:
    """Starts another process that uses the library; `program` prints a line when it is ready."""
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
