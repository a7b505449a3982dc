"""Outcomes if no topology says who owns an address."""

import struct

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import LLC, STP, Dot3, Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.recording.frames import LINKTYPE_LINUX_SLL
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


def cooked(packet, kind, mac=CLIENT):
    """As `tcpdump -i any` writes it (LINUX_SLL): 0 to this host, 3 to another one, 4 sent by this host."""
    header = struct.pack(">HHH8sH", kind, 1, 6, bytes.fromhex(mac.replace(":", "")) + b"\0\0", 0x800)
    return header + bytes(packet)


def seen_by_any(*seen):
    """The trace of (packet, kind), in the order of time; Linux's kind 4 is `out`, all others `in`."""
    captured = [
        ("r/any", 2 if kind == 4 else 1, at * 1000, cooked(packet, kind)) for at, (packet, kind) in enumerate(seen)
    ]
    return explain(recording_of(frames_of(captured, LINKTYPE_LINUX_SLL)))


def segment(ttl, number=1):
    return (
        IP(src="10.1.0.1", dst="10.2.0.2", id=number, ttl=ttl)
        / TCP(sport=5, dport=80, flags="PA", seq=1, ack=1)
        / b"data"
    )


def test_a_promiscuous_copy_is_no_parent_of_a_route_and_never_arrives():
    trace = seen_by_any((segment(64), 3), (segment(64), 0), (segment(63), 4), (segment(63), 3))
    assert [[hop.frame for hop in journey.hops] for journey in trace.journeys] == [[0], [1, 2], [3]]
    assert [journey.outcome.kind for journey in trace.journeys] == ["left"] * 3
    (conversation,) = trace.conversations
    assert not conversation.findings


def test_what_is_sent_to_the_loopback_network_is_delivered_by_its_own_node():
    for target, network in (("127.0.0.53", IP(src="127.0.0.1", dst="127.0.0.53")), ("::1", IPv6(src="::1", dst="::1"))):
        ask = bytes(
            Ether(src="00:00:00:00:00:00", dst="00:00:00:00:00:00") / network / UDP(sport=5, dport=53) / b"name"
        )
        trace = explain(recording_of(frames_of([("a/lo", 2, 0, ask), ("a/lo", 1, 9, ask)])))
        (journey,) = trace.journeys
        assert (journey.outcome.kind, journey.outcome.where) == ("delivered", "a/lo"), target
        strengths = {evidence.strength for hop in journey.hops for evidence in hop.evidence}
        assert strengths == {"inferred"}  # no tables were recorded
    outside = ended(("a/eth0", 1, datagram("10.0.0.1", "127.0.0.1", CLIENT, WEB)))
    assert outside.kind != "delivered"


def test_a_link_header_without_a_destination_gives_no_mac_address():
    trace = seen_by_any((b"octets of something", 0))
    assert trace.journeys[0].packet.eth_dst == ""
