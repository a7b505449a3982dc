"""A port that is published for UDP, and one that is taken, judged by the real engine. A difference is a fault of the lab."""

from __future__ import annotations

from functools import cache

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from tests.kernel.engines import VERSIONS, engine
from tests.kernel.test_docker_judge import DOCK, WEB, Told, line, name_of

ASKED = {
    "from outside": ("outside", DOCK, 5353),
    "from the host": ("dock", DOCK, 5353),
    "from the host's loopback": ("dock", "127.0.0.1", 5353),
    "from a neighbour": ("client", DOCK, 5353),
    "from a neighbour, directly": ("client", WEB, 53),
    "from itself": ("web", DOCK, 5353),
    "from outside, directly": ("outside", WEB, 53),
    "to a port that nobody publishes": ("outside", DOCK, 5354),
}
"""Who asks which address and port."""
CHOICES = [("28.5", True), ("28.5", False), ("26.1", False), ("20.10", False)]
"""The proxies of 26.1 and 20.10 for UDP are not made by hand."""
ASK = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[3])))
s.connect((sys.argv[1], int(sys.argv[2])))
s.settimeout(1)
try:
    s.send(b"hello")
    print("answer", s.recv(99).decode())
except OSError as error:
    print(type(error).__name__)
"""


def by_hand(lab: Lab, version: str, proxy: bool) -> None:
    dock, outside = lab.host("dock"), lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24")
    net = dock.bridge("docker0", "172.17.0.1/16", docker=version, proxy=proxy)
    web, _ = net.container("web"), net.container("client")
    dock.publish(5353, to=web, port=53, protocol="udp")
    dock.publish(8080, to=web, port=80)


def by_engine(lab: Lab, version: str, proxy: bool) -> None:
    docker = engine(lab, version, f"--userland-proxy={str(proxy).lower()}")
    docker("run -d --name web -p 5353:53/udp -p 8080:80 host sleep 1000", check=True)
    docker("run -d --name client host sleep 1000", check=True)


def told(lab: Lab) -> Told:
    """For each request its answer and its packets' hops, when all neighbours are known and no connection is."""
    lab["web"].udp_echo(53)
    lab["outside"].run(f"ip route add 172.17.0.0/16 via {DOCK}", check=True)
    answers: Told = {}
    for first in (20_000, 21_000):
        for port, (what, (name, address, to)) in enumerate(ASKED.items(), first):
            with lab.trace() as trace:
                ran = lab[name].run(["python3", "-c", ASK, address, str(to), str(port)])
            names = {(i.node, i.name): name_of(i) for i in trace.recording.topologies[0].interfaces}
            ways = [
                (
                    f"{trip.packet.protocol} {trip.packet.kind}: {trip.outcome.kind}",
                    *(line(hop, names) for hop in trip.hops),
                )
                for trip in trace.journeys
                if trip.packet.protocol == "udp" or "unreachable" in trip.packet.kind
            ]
            answers[what] = [ran.output, *(text for way in ways for text in way)]
    return answers


@cache
def judged(make: object, version: str, proxy: bool) -> Told:
    with Lab("judged") as lab:
        make(lab, version, proxy)
        return told(lab)


@pytest.mark.parametrize(("version", "proxy"), CHOICES)
def test_datagrams_take_the_same_hops_for_the_same_reasons_as_with_the_real_engine(version, proxy):
    ours, real = judged(by_hand, version, proxy), judged(by_engine, version, proxy)
    assert ours == real
    assert [real[what][0] for what in ("from outside", "from a neighbour")] == ["answer hello\n"] * 2
    assert real["to a port that nobody publishes"][0] == "ConnectionRefusedError\n"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_port_that_is_taken_is_refused_and_leaves_the_rules_as_they_were(version):
    for make, again in ((by_hand, publish_again), (by_engine, run_again)):
        with Lab("clash") as lab:
            make(lab, version, False)
            dock = lab["dock"]
            before = dock.run("iptables -S; iptables -t nat -S", check=True).output
            assert again(lab, 8080)
            assert dock.run("iptables -S; iptables -t nat -S").output == before
            assert not again(lab, 8081)
            assert dock.run("iptables -t nat -S").output.count("-j DNAT --to-destination 172.17.0.3:80") == 1


def publish_again(lab: Lab, port: int) -> bool:
    """Whether the lab refuses it, with the name of who has it."""
    said = ""
    try:
        lab["dock"].publish(port, to=lab["client"], port=80)
    except CnetkitError as error:
        said = str(error)
    assert said == "" or "web" in said
    return bool(said)


def run_again(lab: Lab, port: int) -> bool:
    """Whether the engine refuses it."""
    docker = lab["dock"].docker()
    docker("rm -f client")
    ran = docker(f"run -d --name client -p {port}:80 host sleep 1000")
    assert ran.ok or "port is already allocated" in ran.errors
    return not ran.ok
