"""Outcomes if no topology says who owns an address."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import LLC, STP, Dot3, Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

CLIENT, WEB, DOCK = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


def datagram(source, target, mac, another, number=1, ttl=64):
    return bytes(
        Ether(src=mac, dst=another)
        / IP(src=source, dst=target, id=number, ttl=ttl)
        / UDP(sport=5, dport=90)
        / b"octets"
    )


ASK = datagram("10.0.0.1", "10.0.0.2", CLIENT, WEB)
ANSWER = datagram("10.0.0.2", "10.0.0.1", WEB, CLIENT, 2)
OWN = datagram("10.0.0.3", "10.0.0.1", DOCK, CLIENT, 3)


def ended(*seen):
    """The outcome of the first packet."""
    frames = [(place, way, at * 1000, frame) for at, (place, way, frame) in enumerate(seen)]
    return explain(recording_of(frames_of(frames))).journeys[0].outcome


def test_an_address_that_a_node_sends_from_is_its_own():
    result = ended(("dock/port", 1, ASK), ("dock/port", 2, ANSWER))
    assert (result.kind, result.evidence[0].quote) == ("arrived", "packets from 10.0.0.2 begin at dock")
    assert result.evidence[0].strength == "inferred"


def test_a_node_does_not_receive_at_an_interface_that_sends_from_several_mac_addresses():
    assert ended(("dock/port", 1, ASK), ("dock/port", 2, ANSWER), ("dock/port", 2, OWN)).kind == "left"


def test_an_address_that_packets_come_in_from_is_not_the_nodes():
    more = datagram("10.0.0.2", "10.9.9.9", WEB, DOCK, 4)
    assert ended(("dock/port", 1, ASK), ("dock/port", 2, ANSWER), ("dock/other", 1, more)).kind == "left"


def test_an_encapsulated_packet_is_not_delivered():
    around = (
        Ether(src=CLIENT, dst=DOCK)
        / IP(src="192.0.2.1", dst="192.0.2.2", id=9)
        / UDP(sport=1, dport=4789)
        / VXLAN(vni=1)
    )
    wrapped = bytes(around / Ether(ASK))
    assert ended(("dock/eth0", 1, wrapped), ("dock/eth0", 2, ANSWER)).kind == "left"


def test_an_unrouted_frame_arrives_at_the_mac_address_that_sends_there():
    frame = bytes(Ether(src=CLIENT, dst=WEB, type=0x88B5) / b"octets of somebody")
    assert ended(("a/eth0", 2, frame), ("b/eth0", 1, frame)).kind == "left"
    result = ended(("a/eth0", 2, frame), ("b/eth0", 1, frame), ("b/eth0", 2, ANSWER))
    assert (result.kind, result.evidence[0].quote) == ("arrived", f"packets from {WEB} begin at b")


def test_a_frame_with_a_length_instead_of_a_type_is_llc():
    frame = bytes(Dot3(dst="01:80:c2:00:00:00", src=CLIENT) / LLC() / STP())
    assert explain(recording_of(frames_of([("b/eth0", 1, 0, frame)]))).journeys[0].packet.protocol == "llc"
