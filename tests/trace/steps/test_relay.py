"""One interface in a file without directions: a router's packet comes in and goes out there."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

CLIENT, NODE, OTHER = "02:00:00:00:00:c0", "02:00:00:00:00:01", "02:00:00:00:00:02"


def journeys(*frames):
    """The frames of each journey."""
    captured = [("node/eth0", 0, at * 1000, bytes(frame)) for at, frame in enumerate(frames)]
    return explain(recording_of(frames_of(captured)))


def frames(trace):
    return [[hop.frame for hop in journey.hops] for journey in trace.journeys]


def packet(ttl, source="10.0.0.1", target="10.1.0.2", sport=5, number=7, six=False):
    network = IPv6(src="fd00::1", dst="fd01::2", hlim=ttl) if six else IP(src=source, dst=target, ttl=ttl, id=number)
    return network / UDP(sport=sport, dport=53) / b"question"


@pytest.mark.parametrize("six", [False, True])
def test_a_router_with_one_interface(six):
    trace = journeys(
        Ether(src=CLIENT, dst=NODE) / packet(64, six=six), Ether(src=NODE, dst=OTHER) / packet(63, six=six)
    )
    assert frames(trace) == [[0, 1]]
    (evidence,) = trace.journeys[0].hops[1].evidence
    assert (evidence.kind, evidence.strength) == ("order", "inferred")


def wrapped(inner, source=NODE, target=OTHER, number=900):
    outer = (
        Ether(src=source, dst=target)
        / IP(src="192.0.2.1", dst="192.0.2.2", id=number)
        / UDP(sport=50000, dport=8472, chksum=0)
    )
    return outer / VXLAN(vni=1, flags=8) / Ether(src="86:00:00:00:00:01", dst="de:00:00:00:00:02") / inner


def test_a_node_port_that_leads_into_a_tunnel_and_back():
    answers = (
        IP(src="10.9.0.2", dst="10.9.0.1", id=8, ttl=63) / TCP(sport=80, dport=9, flags="A", seq=7, ack=2) / b"there"
    )
    back = (
        IP(src="10.0.0.9", dst="10.0.0.1", id=8, ttl=62) / TCP(sport=30000, dport=5, flags="A", seq=7, ack=2) / b"there"
    )
    ask = IP(src="10.0.0.1", dst="10.0.0.9", id=7, ttl=64) / TCP(sport=5, dport=30000, flags="A", seq=1, ack=7) / b"q"
    asked = IP(src="10.9.0.1", dst="10.9.0.2", id=7, ttl=63) / TCP(sport=9, dport=80, flags="A", seq=1, ack=7) / b"q"
    trace = journeys(
        Ether(src=CLIENT, dst=NODE) / ask,
        wrapped(asked),
        wrapped(answers, OTHER, NODE, 901),
        Ether(src=NODE, dst=CLIENT) / back,
    )
    assert frames(trace) == [[0, 1], [2, 3]]
    assert len(trace.flows) == 1
    (conversation,) = trace.conversations
    assert not conversation.findings
    assert (conversation.sent[0], conversation.received[0]) == (1, 1)


@pytest.mark.parametrize(
    "second",
    [
        Ether(src=OTHER, dst=NODE) / packet(63),  # from another machine
        Ether(src=NODE, dst=OTHER) / packet(64),  # not routed
        Ether(src=NODE, dst=OTHER) / packet(62),  # by two routers
        Ether(src=NODE, dst=OTHER) / packet(63, number=8),  # another packet
        Ether(src=NODE, dst=CLIENT)
        / (IP(src="10.1.0.2", dst="10.0.0.1", ttl=63, id=7) / UDP(sport=53, dport=5) / b"question"),
    ],
    ids=["machine", "hops", "two hops", "packet", "echoed"],
)
def test_what_else_looks_the_same_is_another_packet(second):
    assert frames(journeys(Ether(src=CLIENT, dst=NODE) / packet(64), second)) == [[0], [1]]


def test_a_group_is_no_machine_that_sends_on():
    group = "01:00:5e:00:00:fb"
    assert frames(journeys(Ether(src=CLIENT, dst=group) / packet(64), Ether(src=group, dst=OTHER) / packet(63))) == [
        [0],
        [1],
    ]
