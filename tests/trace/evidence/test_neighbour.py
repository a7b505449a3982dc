"""The neighbour entry that is quoted is one that the packet can have used."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Neighbour, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

OWN, FAR = "02:00:00:00:00:01", "02:00:00:00:00:02"
ENTRIES = (
    Neighbour("a", "eth0", "fe80::2", FAR, "REACHABLE"),
    Neighbour("a", "eth0", "fd00::2", FAR, "STALE"),
    Neighbour("a", "eth0", "10.0.0.9", FAR, "STALE"),
    Neighbour("a", "eth0", "10.0.0.2", FAR, "REACHABLE"),
)


def quoted(network, entries=ENTRIES):
    frame = bytes(Ether(src=OWN, dst=FAR) / network / UDP(dport=9) / b"x")
    topology = Topology(
        0, (Node("a", "host"),), (Interface("a", "eth0", 2, "veth", OWN, 1500, True),), neighbours=entries
    )
    journey = explain(recording_of(frames_of([("a/eth0", 2, 50, frame)]), (topology,))).journeys[0]
    return [each.quote for each in journey.hops[0].evidence if each.kind == "neighbour"]


@pytest.mark.parametrize(
    ("network", "quote"),
    [
        (IP(src="10.0.0.1", dst="10.0.0.2"), "10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE"),
        (IPv6(src="fd00::1", dst="fd00::2"), "fd00::2 dev eth0 lladdr 02:00:00:00:00:02 STALE"),
        (IPv6(src="fd00::1", dst="fd00:9::1"), "fe80::2 dev eth0 lladdr 02:00:00:00:00:02 REACHABLE"),
    ],
)
def test_the_entry_of_the_destination_itself_comes_first_then_one_of_its_family(network, quote):
    assert quoted(network) == [quote]


def test_an_entry_of_the_other_address_family_is_not_quoted():
    assert quoted(IP(src="10.0.0.1", dst="10.0.0.2"), ENTRIES[:2]) == []
