"""A tunnel's end that throws packets away: named only at that end, and only with what shows it."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

NEAR, FAR, OWN = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:f2"


def outcome(checksum=None, source="02:00:00:00:00:f1", six=False, counters=None, target="192.0.2.2", vni=42):
    """Of a packet that comes in a VXLAN tunnel to n2 (192.0.2.2)."""
    outer = IPv6(src="fd00::1", dst="fd00::2") if six else IP(src="192.0.2.1", dst=target, id=7)
    inside = Ether(src=source, dst=OWN) / IP(src="10.0.0.1", dst="10.0.0.2", id=9) / UDP(sport=5, dport=90) / b"ask"
    udp = UDP(sport=50000, dport=4789) if checksum is None else UDP(sport=50000, dport=4789, chksum=checksum)
    frame = bytes(Ether(src=NEAR, dst=FAR) / outer / udp / VXLAN(vni=vni, flags=8) / inside)
    interfaces = (
        Interface(
            "n2",
            "eth0",
            2,
            "veth",
            FAR,
            1500,
            True,
            addresses=("192.0.2.2/24", "fd00::2/64"),
            details={"forwarding": 1},
        ),
        Interface("n2", "flannel.1", 3, "vxlan", OWN, 1450, True, peer=("n2", "eth0"), details={"id": 42}),
    )
    around = [
        Topology(time, (Node("n2", "host"),), interfaces, counters={"n2": found})
        for time, found in ((0, {}), (99, counters or {}))
    ]
    return explain(recording_of(frames_of([("n2/eth0", 1, 50, frame)]), around)).journeys[0].outcome


@pytest.mark.parametrize(("six", "counter"), [(False, "Udp.InCsumErrors"), (True, "Ip6.Udp6InCsumErrors")])
def test_a_tunnel_header_with_a_wrong_checksum_is_named_with_the_counter(six, counter):
    found = outcome(0x1234, six=six, counters={counter: 1})
    assert (found.kind, found.reason) == ("dropped", "the checksum of its tunnel's header is wrong")
    assert outcome(0x1234, six=six).reason == ""
    assert outcome(six=six, counters={counter: 1}).reason == ""  # the counter moved, but not for this packet


def test_without_a_checksum_there_is_none_that_could_be_wrong():
    assert outcome(0, counters={"Udp.InCsumErrors": 1}).reason == ""


def test_a_router_does_not_look_at_the_tunnels_checksum():
    assert "checksum" not in outcome(0x1234, target="192.0.2.77", counters={"Udp.InCsumErrors": 1}).reason


def test_a_frame_from_the_own_mac_address_of_the_tunnels_end_is_named():
    assert outcome(source=OWN).reason == (
        f"the frame comes from the MAC address of n2/flannel.1 itself: both ends of the tunnel have {OWN}"
    )
    assert "MAC" not in outcome().reason
    assert "MAC" not in outcome(source=OWN, vni=43).reason  # it is for another VXLAN interface
