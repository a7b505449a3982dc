"""A node's counter shows that it received its packets only if it grew by as many as were for it."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

OWN, OTHER, SENDER = "02:00:00:00:00:02", "02:00:00:00:00:09", "02:00:00:00:00:01"


def snapshot(time, counters):
    interfaces = (Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=("10.0.0.2/24", "fd00::2/64")),)
    return Topology(time, (Node("b", "host"),), interfaces, counters={"b": counters})


def packet(mac, number, six=False):
    network = IPv6(src="fd00::1", dst="fd00::2") if six else IP(src="10.0.0.1", dst="10.0.0.2", id=number)
    return bytes(Ether(src=SENDER, dst=mac) / network / UDP(sport=5, dport=90) / bytes([number]))


@pytest.mark.parametrize(("counter", "six"), [("Udp.InDatagrams", False), ("Ip6.Udp6InDatagrams", True)])
def test_a_flooded_copy_for_another_host_is_not_counted(counter, six):
    frames = [("b/eth0", 1, 50, packet(OWN, 1, six)), ("b/eth0", 1, 60, packet(OTHER, 2, six))]
    for grew, kind in ((1, "delivered"), (2, "arrived")):
        around = snapshot(0, {"Ip.InReceives": 1}), snapshot(100, {counter: grew, "Ip.InReceives": 9})
        outcome = explain(recording_of(frames_of(frames), around)).journeys[0].outcome
        assert outcome.kind == kind


def test_a_flood_ends_where_its_frame_might_be_taken():
    """One branch came to a host that it is not for, the other left by a port whose far end was not captured."""
    macs = {"p": "02:00:00:00:00:13", "q": "02:00:00:00:00:14", "r": "02:00:00:00:00:15"}
    interfaces = (
        Interface("d", "br0", 2, "bridge", "02:00:00:00:00:10", 1500, True),
        *(
            Interface("d", name, at, "veth", mac, 1500, True, master="br0")
            for at, (name, mac) in enumerate(macs.items(), 3)
        ),
        Interface("x", "eth0", 2, "veth", "02:00:00:00:00:20", 1500, True, peer=("d", "q"), addresses=("10.0.0.9/24",)),
    )
    topology = Topology(0, (Node("d", "host"), Node("x", "host")), interfaces)
    flood = packet(OTHER, 1)
    places = ("d/p", 1), ("d/r", 2), ("d/q", 2), ("x/eth0", 1)
    captured = [(place, way, 10 + at, flood) for at, (place, way) in enumerate(places)]
    (journey,) = explain(recording_of(frames_of(captured), (topology,))).journeys
    assert (journey.outcome.kind, journey.outcome.where) == ("left", "d/r")
