"""A rule switches tracing off: a later rule is named only if its counter grew by as many packets as ended there."""

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Action, Chain, Event, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"
UNKNOWN = "the kernel traced it no further, and a rule of b switches tracing off"


def outcome(
    grown=1,
    number=1,
    layer=UDP,
    switching="b",
    reported=True,
    verdict="continue",
    matches=("udp dport",),
    more=(),
    way=1,
):
    """Of packets from a that reached b, whose rule 6 switches tracing off and whose rule 7 drops and counts."""
    rules = (
        Rule(switching, "ip", "filter", "pre", 6, "meta nftrace set 0", actions=(Action("notrace"),)),
        Rule("b", "ip", "filter", "in", 7, "udp dport 53 counter drop", actions=(Action("drop"),), matches=matches),
        Rule("b", "ip", "filter", "in", 8, "counter drop", actions=(Action("drop"),)),
        Rule("b", "ip", "filter", "in", 9, "counter accept", actions=(Action("accept"),)),
    )
    chains = Chain("b", "ip", "filter", "pre", "prerouting"), Chain("b", "ip", "filter", "in", "input", 1)
    interfaces = (
        Interface("a", "eth0", 2, "veth", A, up=True, peer=("b", "eth0"), addresses=("10.0.0.1/24",)),
        Interface("b", "eth0", 2, "veth", B, up=True, peer=("a", "eth0"), addresses=("10.0.0.2/24",)),
    )

    def snapshot(time, counted):
        counters = {
            "b": {"Ip.InReceives": time} | {f"nft ip filter in {handle}": 5 + by for handle, by in counted.items()}
        }
        return Topology(time, (Node("a"), Node("b")), interfaces, rules=rules, chains=chains, counters=counters)

    captured, events = [], []
    for at in range(number):
        packet = IP(src="10.0.0.1", dst="10.0.0.2", id=at + 1) / layer(sport=1000 + at, dport=53)
        octets, time = bytes(packet), 1000 * (at + 1)
        captured.append(("b/eth0", way, time, bytes(Ether(src=A, dst=B) / packet)))
        if reported:
            said = Verdict(at + 1, "ip", "filter", "pre", 6, "rule", verdict, incoming="eth0", network_header=octets[:20],
                           transport_header=octets[20:40])  # fmt: skip
            events.append(Event(time, "b", "verdict", "verdict", said))
    around = snapshot(0, {7: 0, 8: 0, 9: 0}), snapshot(10**6, {7: grown, 8: 0, 9: 0, **dict(more)})
    return explain(recording_of(frames_of(captured), around, tuple(events))).journeys[0].outcome


@pytest.mark.parametrize("number", [1, 3])
def test_the_rule_that_counted_as_many_packets_as_ended_there_is_their_cause(number):
    said = outcome(grown=number, number=number, more={9: 7})
    assert (said.kind, said.reason) == ("dropped", "udp dport 53 counter drop")
    counted = f"ip filter in handle 7, counted {number} packet{'s' if number > 1 else ''}"
    assert [(piece.quote, piece.source) for piece in said.evidence] == [
        ("udp dport 53 counter drop", counted),
        ("meta nftrace set 0", "ip filter pre handle 6"),
    ]


@pytest.mark.parametrize(
    "situation",
    [
        {"grown": 0},
        {"grown": 2},
        {"grown": 2, "number": 3},
        {"layer": TCP},  # the counter moved, but this rule does not match the packet
        {"more": {8: 1}},  # two rules counted
    ],
)
def test_the_counter_moved_but_not_for_this_packet(situation):
    said = outcome(**situation)
    assert (said.kind, said.reason) == ("arrived", UNKNOWN)
    assert [piece.quote for piece in said.evidence] == ["meta nftrace set 0"]


def test_a_rule_without_ports_may_have_dropped_any_packet():
    assert outcome(layer=TCP, matches=("ip saddr",)).kind == "dropped"


@pytest.mark.parametrize(
    "situation",
    [
        {"switching": "a"},
        {"reported": False},
        {"verdict": "drop"},
        {"way": 2},
    ],
)
def test_nothing_is_said_about_tracing_where_it_did_not_end(situation):
    said = outcome(**situation)
    assert said.reason not in (UNKNOWN, "udp dport 53 counter drop")
