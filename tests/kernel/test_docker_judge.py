"""A lab's bridges and published ports are judged by the real engine, in each version. A difference is a fault of the lab."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

import cnetkit
from cnetkit.lab import Lab
from cnetkit.model import Hop, Interface
from tests.kernel.engines import VERSIONS, engine, fetched

OUTSIDE, DOCK, WEB, OTHER = "203.0.113.2", "203.0.113.1", "172.17.0.2", "172.20.0.2"
DOCK6, OTHER6 = "[2001:db8::1]", "[fd00:5::2]"
ASKED = {
    "from outside": ("outside", f"{DOCK}:8080"),
    "from the host": ("dock", f"{DOCK}:8080"),
    "from the host's loopback": ("dock", "127.0.0.1:8080"),
    "from a neighbour": ("client", f"{DOCK}:8080"),
    "from a neighbour, directly": ("client", f"{WEB}:80"),
    "from itself": ("web", f"{DOCK}:8080"),
    "from outside, directly": ("outside", f"{WEB}:80"),
    "from the host, directly": ("dock", f"{WEB}:80"),
    "to the outside": ("client", f"{OUTSIDE}:80"),
    "to a port that nobody publishes": ("outside", f"{DOCK}:8081"),
    "from another network": ("other", f"{DOCK}:8080"),
    "from another network, directly": ("other", f"{WEB}:80"),
    "to another network, directly": ("client", f"{OTHER}:80"),
    "of a port range": ("outside", f"{DOCK}:9001"),
}
ASKED6 = {
    "from outside": ("outside", f"{DOCK6}:9000"),
    "from outside, directly": ("outside", f"{OTHER6}:80"),
    "from itself": ("other", f"{DOCK6}:9000"),
    "from the host": ("dock", f"{DOCK6}:9000"),
    "to the outside": ("other", "[2001:db8::2]:80"),
}
"""Who asks whom."""
IPV6 = {"20.10": "--experimental --ip6tables", "26.1": "--experimental --ip6tables", "28.5": ""}
"""What the engine must be told to treat IPv6 as it treats IPv4."""
CURL = "curl -s --connect-timeout 1 -m 20 -o /dev/null"
LEARNED = ("neighbour", "forwarding-entry")
"""Kinds of evidence from tables that the agent may have read after the packet passed."""
OPENING = ("SYN", "SYN, ACK", "RST", "RST, ACK")
Told = dict[str, list[str]]


def build(lab: Lab, version: str, proxy: bool) -> None:
    """Our own."""
    dock, outside = lab.host("dock"), lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24", *(["2001:db8::/64"] if lab.ipv6 else []))
    net = dock.bridge("docker0", "172.17.0.1/16", docker=version, proxy=proxy)
    two = dock.bridge("br-two", "172.20.0.1/16", *(["fd00:5::1/64"] if lab.ipv6 else []))
    web, _, other = net.container("web"), net.container("client"), two.container("other")
    dock.publish(8080, to=web, port=80)
    dock.publish(9000, to=other, port=80)
    dock.publish(9001, to=other, port=81)
    web.http_server(80)
    other.http_server(80)
    other.http_server(81)


def start(lab: Lab, version: str, proxy: bool) -> None:
    """The engine's."""
    docker = engine(lab, version, f"--userland-proxy={str(proxy).lower()} {IPV6[version] if lab.ipv6 else ''}")
    docker("run -d --name web -p 8080:80 host python3 -m http.server 80", check=True)
    docker("run -d --name client host sleep 1000", check=True)
    subnets = "--subnet 172.20.0.0/16" + (" --ipv6 --subnet fd00:5::/64" if lab.ipv6 else "")
    docker(f"network create -o com.docker.network.bridge.name=br-two {subnets} two", check=True)
    at = "-b ::" if lab.ipv6 else ""
    servers = f"python3 -m http.server {at} 81 & exec python3 -m http.server {at} 80"
    docker(f"run -d --name other --network two -p 9000-9001:80-81 host sh -c '{servers}'", check=True)
    lab["web"].wait_port(80)
    for port in (80, 81):
        lab["other"].wait_port(port)


def told(make: Callable[[Lab, str, bool], None], version: str, proxy: bool, ipv6: bool) -> Told:
    """For each request its hops, in a lab where all neighbours are known."""
    asked = ASKED6 if ipv6 else ASKED
    with Lab("judged", ipv6=ipv6) as lab:
        make(lab, version, proxy)
        lab["outside"].http_server(80)
        lab["outside"].run(f"ip route add 172.16.0.0/12 via {DOCK}", check=True)
        if ipv6:
            lab["outside"].run("ip route add fd00:5::/64 via 2001:db8::1", check=True)
        for port, (name, target) in enumerate(asked.values(), 20_000):
            lab[name].run(f"{CURL} --local-port {port} http://{target}/")
        return {what: hops(lab, *asked[what], port) for port, what in enumerate(asked, 21_000)}


def hops(lab: Lab, name: str, target: str, port: int) -> list[str]:
    """The answer, and each hop of what opens and of what refuses a connection, without the names that an engine makes up.

    `port` is used once: where two connections clash, masquerading changes the port as well."""
    with lab.trace() as trace:
        ran = lab[name].run(f"{CURL} --local-port {port} -w %{{http_code}} http://{target}/")
    names = {(i.node, i.name): name_of(i) for i in trace.recording.topologies[0].interfaces}
    ways: dict[tuple[str, ...], None] = {}  # a packet that is sent again takes the same way
    for journey in trace.journeys:
        if journey.packet.kind in OPENING or "unreachable" in journey.packet.kind:
            ways[f"{journey.packet.kind}: {journey.outcome.kind}", *(line(hop, names) for hop in journey.hops)] = None
    return [f"answer {ran.output}", *(line for way in ways for line in way)]


def name_of(interface: Interface) -> str:
    return f"port of {interface.peer[0]}" if interface.peer and interface.master else interface.name


def line(hop: Hop, names: dict[tuple[str, str], str]) -> str:
    changes = " ".join(change.field for change in hop.changes)
    known = [item for item in hop.evidence if item.kind not in LEARNED]
    evidence = "; ".join(sorted(e.kind + (f" {e.quote}" if e.kind == "nft-rule" else "") for e in known))
    return f"  {hop.direction} {hop.node}/{names[hop.node, hop.interface]} [{changes}] {evidence}"


@cache
def both(version: str, proxy: bool, ipv6: bool) -> tuple[Told, Told]:
    return told(build, version, proxy, ipv6), told(start, version, proxy, ipv6)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("proxy", [True, False], ids=["proxy", "no-proxy"])
def test_requests_take_the_same_hops_for_the_same_reasons_as_with_the_real_engine(version, proxy):
    ours, real = both(version, proxy, False)
    assert ours == real
    assert real["from outside"][0] == real["from a neighbour"][0] == real["to the outside"][0] == "answer 200"
    assert any("-j DNAT --to-destination 172.17.0.2:80" in line for line in real["from outside"])


def test_the_lab_by_hand_and_the_same_by_the_real_engine_do_not_differ():
    fetched("docker-28.5")
    by_hand, real = cnetkit.run("port-mapping"), cnetkit.run("docker-port-mapping")
    assert (by_hand.recording.replayed, real.recording.replayed) == ("", "")
    assert str(by_hand.compare(real)).startswith("nothing differs")


@pytest.mark.parametrize("version", VERSIONS)
def test_requests_over_ipv6_take_the_same_hops_as_with_the_real_engine(version):
    ours, real = both(version, True, True)
    assert ours == real
    assert any("DNAT" in line for line in real["from outside"])
