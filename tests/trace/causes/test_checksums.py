"""A checksum is called wrong if it is wrong, the kernel counted such a packet, and no card was to compute it."""

import struct

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN
from scapy.utils import checksum

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"
COUNTERS = {TCP: "Tcp.InCsumErrors", UDP: "Udp.InCsumErrors"}


def ended(frame, counters):
    """The outcome of a packet that came into `r`, 10.0.0.1, whose counters grew from zero."""

    def snapshot(time, counted):
        interfaces = (
            Interface("r", "eth0", 2, "veth", B, 1500, True, addresses=("10.0.0.1/24",)),
            Interface("r", "vxlan0", 3, "vxlan", "02:00:00:00:00:03", 1450, True, details={"id": 42}),
        )
        return Topology(time, (Node("r", "host"),), interfaces, counters={"r": {"Ip.InReceives": 1} | counted})

    topologies = (snapshot(0, {"Ip.InReceives": 0}), snapshot(100, counters))
    return explain(recording_of(frames_of([("r/eth0", 1, 50, bytes(frame))]), topologies)).journeys[0].outcome


def packet(kind, wrong):
    return Ether(src=A, dst=B) / IP(src="10.0.0.2", dst="10.0.0.1") / kind(chksum=wrong) / b"x"


@pytest.mark.parametrize("kind", COUNTERS)
def test_a_wrong_checksum_that_was_counted_is_the_cause(kind):
    outcome = ended(packet(kind, 0x1234), {COUNTERS[kind]: 1})
    assert (outcome.kind, outcome.reason) == ("dropped", "its checksum is wrong")


@pytest.mark.parametrize("kind", COUNTERS)
def test_the_counter_moved_but_not_for_a_packet_with_a_right_checksum(kind):
    assert ended(packet(kind, None), {COUNTERS[kind]: 1}).kind != "dropped"


@pytest.mark.parametrize("kind", COUNTERS)
def test_a_wrong_checksum_that_nobody_counted_is_no_cause(kind):
    assert ended(packet(kind, 0x1234), {}).kind != "dropped"


@pytest.mark.parametrize("kind", COUNTERS)
def test_a_checksum_that_was_left_to_the_card_is_not_wrong(kind):
    size = len(bytes(kind())) + 1
    pseudo = bytes([10, 0, 0, 2, 10, 0, 0, 1]) + struct.pack("!BBH", 0, 6 if kind is TCP else 17, size)
    assert ended(packet(kind, 0xFFFF - checksum(pseudo)), {COUNTERS[kind]: 1}).kind != "dropped"


@pytest.mark.parametrize(
    ("wrong", "cause"), [(0x1234, "the checksum of its tunnel's header is wrong"), (0, ""), (None, "")]
)
def test_the_outer_checksum_of_a_tunnel_is_checked_where_the_tunnel_ends(wrong, cause):
    inner = Ether(src=A, dst=B) / IP(src="10.9.0.2", dst="10.9.0.1") / UDP(dport=53) / b"x"
    outer = Ether(src=A, dst=B) / IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=4000, dport=4789, chksum=wrong)
    assert ended(outer / VXLAN(vni=42) / inner, {"Udp.InCsumErrors": 1}).reason == cause
