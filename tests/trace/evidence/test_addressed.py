"""Which frames an interface ignores because they are for another host."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from cnetkit.trace.evidence.addressed import for_another
from tests.trace.loading import frames_of, recording_of

OWN, OTHER, BRIDGE = "02:00:00:00:00:02", "02:00:00:00:00:09", "02:00:00:00:00:03"
INTERFACES = (
    Interface("a", "eth0", 2, "veth", OWN, up=True),
    Interface("a", "br0", 3, "bridge", BRIDGE, up=True),
    Interface("a", "p0", 4, "veth", "02:00:00:00:00:04", up=True, master="br0"),
)


@pytest.mark.parametrize(
    ("place", "way", "target", "ignored"),
    [
        ("a/eth0", 1, OWN, False),
        ("a/eth0", 1, OTHER, True),
        ("a/eth0", 2, OTHER, False),  # sent
        ("a/eth0", 1, "ff:ff:ff:ff:ff:ff", False),
        ("a/eth0", 1, "01:00:5e:00:00:05", False),
        ("a/p0", 1, OTHER, False),  # a bridge takes all
        ("a/br0", 1, BRIDGE, False),
        ("a/br0", 1, OTHER, True),
    ],
)
@pytest.mark.parametrize("tunnelled", [False, True])
def test_a_frame_for_another_mac_address_is_ignored_where_it_came_in(place, way, target, ignored, tunnelled):
    packet = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=4789 if tunnelled else 6)
    if tunnelled:  # the outer address counts
        packet = packet / VXLAN(vni=1) / Ether(src="02::5", dst=OWN if ignored else OTHER) / IP() / UDP()
    frame = bytes(Ether(src="02:00:00:00:00:01", dst=target) / packet)
    topology = Topology(nodes=(Node("a"),), interfaces=INTERFACES)
    case = explain(recording_of(frames_of([(place, way, 0, frame)]), (topology,))).analysis.case
    assert for_another(case).tolist() == [ignored]
    bare = explain(recording_of(frames_of([(place, way, 0, frame)]))).analysis.case
    assert for_another(bare).tolist() == [False]  # the interface's address is not known
