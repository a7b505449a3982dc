"""A packet without a verdict was dropped with its flow if the rules treat a flow's packets alike; else it is not known."""

import pytest
from scapy.layers.inet import IP, TCP, UDP

from cnetkit.model import Action, Chain, Event, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.causes.at_b import OWN, at_b, directed
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

DROP = Rule("b", "ip", "filter", "INPUT", 7, "udp dport 53 drop", actions=(Action("drop"),), matches=("udp dport",))
RANDOM = Rule(
    "b", "ip", "filter", "INPUT", 7, "limit rate 1/second drop", actions=(Action("drop"),), matches=("limit",)
)
ACCEPT = Rule("b", "ip", "filter", "INPUT", 8, "accept", actions=(Action("accept"),))
CHAIN = Chain("b", "ip", "filter", "INPUT", "input")
UNKNOWN = ("lost-from-sight", "the kernel was not asked about it, and rules of b drop packets")
WITH_FLOW = ("dropped", "udp dport 53 drop, as the others of its flow were that the kernel was asked about")


def datagram(number, port=53):
    return IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=5, dport=port) / bytes([number])


def outcomes(*packets, rules=(DROP,), verdicts=(), later=None, chains=(CHAIN,)):
    """Of packets at b, each received, or sent as (2, packet). `verdicts`: number of the packet → the kernel's verdict on it."""

    def snapshot(time, given):
        interfaces = (Interface("b", "eth0", 2, "veth", OWN, 1500, True, addresses=("10.0.0.2/24",)),)
        return Topology(time, (Node("b", "host"),), interfaces, rules=tuple(given), chains=tuple(chains),
                        counters={"b": {"Ip.InReceives": time}})  # fmt: skip

    frames = at_b(packets)
    events = []
    for at, (handle, verdict) in dict(verdicts).items():
        octets = bytes(directed(packets[at])[1])
        head = {"network_header": octets[:20], "transport_header": octets[20:28], "incoming": "eth0"}
        events.append(
            Event(
                10 + at,
                "b",
                "verdict",
                "verdict",
                Verdict(1 + at, "ip", "filter", "INPUT", handle, "rule", verdict, **head),
            )
        )
    around = snapshot(0, rules), snapshot(100, rules if later is None else later)
    journeys = explain(recording_of(frames_of(frames), around, tuple(events))).journeys
    return [(journey.outcome.kind, journey.outcome.reason) for journey in journeys]


def test_a_packet_without_a_verdict_was_dropped_if_all_others_of_its_flow_were():
    assert outcomes(datagram(1), datagram(2), verdicts={0: (7, "drop")}) == [
        ("dropped", "udp dport 53 drop"),
        WITH_FLOW,
    ]
    three = outcomes(datagram(1), datagram(2), datagram(3), verdicts={0: (7, "drop"), 2: (7, "drop")})
    assert three[1] == WITH_FLOW


def test_a_packet_of_a_flow_whose_others_passed_arrived():
    assert outcomes(datagram(1), datagram(2), verdicts={0: (8, "accept")})[1] == ("arrived", "")


@pytest.mark.parametrize(
    ("packets", "situation"),
    [
        ([datagram(1), datagram(2)], {"rules": (RANDOM,), "verdicts": {0: (7, "drop")}}),
        ([datagram(1), datagram(2, 54)], {"verdicts": {0: (7, "drop")}}),  # another flow
        ([datagram(1), datagram(3), datagram(2)], {"verdicts": {0: (7, "drop"), 1: (8, "accept")}}),
        ([datagram(1), datagram(2)], {"verdicts": {0: (7, "drop")}, "later": (ACCEPT, DROP)}),  # the rules changed
        ([datagram(2)], {}),
    ],
)
def test_what_happened_to_a_packet_is_not_known_if_nothing_says_that_it_is_as_with_others(packets, situation):
    assert outcomes(*packets, **situation)[-1] == UNKNOWN


def test_nothing_is_unknown_where_no_rule_may_drop_it():
    assert outcomes(datagram(1), rules=(ACCEPT,)) == [("arrived", "")]
    assert outcomes(datagram(1), chains=(Chain("b", "ip", "filter", "INPUT", "forward"),)) == [("arrived", "")]
    policy = Chain("b", "ip", "filter", "INPUT", "input", policy="drop")
    assert outcomes(datagram(1), rules=(), chains=(policy,)) == [UNKNOWN]


def test_an_answer_shows_that_a_flow_passes():
    answer = 2, IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=53, dport=5) / b"answer"
    assert outcomes(datagram(1), answer)[0] == ("delivered", "")
    assert outcomes(datagram(1), answer, datagram(2))[2] == UNKNOWN  # nothing was answered since


def segment(flags, size, seq=100):
    return (
        IP(src="10.0.0.1", dst="10.0.0.2", id=seq) / TCP(sport=5, dport=80, flags=flags, seq=seq, ack=1) / bytes(size)
    )


def acknowledged(number):
    return 2, IP(src="10.0.0.2", dst="10.0.0.1", id=number) / TCP(sport=80, dport=5, flags="A", seq=1, ack=number)


@pytest.mark.parametrize(("flags", "size", "last"), [("PA", 10, 110), ("FA", 0, 101), ("FPA", 10, 111), ("S", 0, 101)])
def test_an_acknowledgement_shows_that_this_segment_passed_only_if_it_covers_it(flags, size, last):
    limited = {"rules": (RANDOM,)}
    assert outcomes(segment(flags, size), acknowledged(last), **limited)[0] == ("delivered", "")
    assert outcomes(segment(flags, size), acknowledged(last - 1), acknowledged(last), **limited)[0] == ("delivered", "")
    assert outcomes(segment(flags, size), acknowledged(last - 1), **limited)[0] == UNKNOWN
    assert outcomes(acknowledged(last), segment(flags, size), **limited)[1] == UNKNOWN
    assert outcomes(segment(flags, size), **limited)[0] == UNKNOWN
