"""A packet that went into a VXLAN interface was dropped with its outer packet only if all that the verdict shows fits."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import Chain, Event, ForwardingEntry, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

INNER = (
    Ether(src="02:00:00:00:00:01", dst="02:11:22:33:44:55")
    / IP(src="10.0.0.1", dst="10.0.0.2", id=7)
    / UDP(dport=90)
    / b"ask"
)
FOUR, SIX = IP(src="192.0.2.1", dst="192.0.2.2"), IPv6(src="fd00::1", dst="fd00::2")
TUNNEL = Interface("n1", "vxlan0", 3, "vxlan", "02:00:00:00:00:03", 1450, True, details={"id": 42})
REMOTES = tuple(ForwardingEntry("n1", "vxlan0", mac, remote="192.0.2.2") for mac in (INNER.dst, "03:11:22:33:44:55"))
TOPOLOGY = Topology(
    forwarding=REMOTES,
    nodes=(Node("n1", "host"), Node("n2", "host")),
    interfaces=(Interface("n1", "eth0", 2, "veth", "02:00:00:00:00:02", 1500, True), TUNNEL),
    chains=tuple(Chain(node, family, "filter", "OUTPUT", "output") for node in ("n1", "n2") for family in ("ip", "ip6")),
    rules=(Rule("n1", "ip", "filter", "OUTPUT", 5, "-A OUTPUT -j FIRST", "iptables"),
           Rule("n1", "ip", "filter", "OUTPUT", 6, "-A OUTPUT -j SECOND", "iptables")),
)  # fmt: skip


def dropped(
    number=1, handle=5, node="n1", around=FOUR, vni=42, inner=INNER, longer=0, shown=20, flags=8, transport=None
):
    """The verdicts on an outer packet, which its node dropped in OUTPUT."""
    if transport is None:
        transport = UDP(sport=50_000, dport=4789, len=16 + len(inner) + longer) / VXLAN(vni=vni, flags=flags) / inner
    octets, head = bytes(around / transport), len(around)
    headers = {"network_header": octets[:head], "transport_header": octets[head : head + shown], "outgoing": "eth0"}
    began = Verdict(number, "inet", "cnetkit_trace", "output", 1, "rule", "continue", **headers)
    drop = replace(
        began, family="ip" if head == 20 else "ip6", table="filter", chain="OUTPUT", handle=handle, verdict="drop"
    )
    return tuple(
        Event(10 * number + at, node, "verdict", "verdict", verdict) for at, verdict in ((1, began), (2, drop))
    )


def outcomes(*verdicts, frames=(INNER,), way=2, place="n1/vxlan0", tunnel=TUNNEL):
    captured = [(place, way, 10 * at, bytes(frame)) for at, frame in enumerate(frames, 1)]
    topology = replace(TOPOLOGY, interfaces=(TOPOLOGY.interfaces[0], tunnel))
    events = tuple(event for each in verdicts for event in each)
    return [journey.outcome for journey in explain(recording_of(frames_of(captured), (topology,), events)).journeys]


def unsent(outcome):
    return outcome.reason.startswith("its tunnel's packet was not sent")


def test_the_outer_packets_rule_is_the_cause():
    (outcome,) = outcomes(dropped())
    assert (outcome.kind, outcome.where) == ("dropped", "n1/vxlan0")
    assert outcome.reason == "its tunnel's packet was not sent: -A OUTPUT -j FIRST"
    assert [(e.kind, e.quote, e.source, e.strength, e.effect) for e in outcome.evidence] == [
        ("nft-rule", "-A OUTPUT -j FIRST", "ip filter OUTPUT handle 5", "kernel", "stops")
    ]


@pytest.mark.parametrize("verdict", [dropped(handle=9), dropped(around=SIX)])
def test_without_the_rule_its_chain_is_named(verdict):
    (outcome,) = outcomes(verdict)
    family = verdict[1].subject.family
    assert (outcome.kind, outcome.reason) == (
        "dropped",
        f"its tunnel's packet was not sent: dropped in {family} filter OUTPUT",
    )
    assert outcome.evidence == ()


@pytest.mark.parametrize(
    "verdict",
    [
        {"node": "n2"}, {"vni": 43}, {"vni": 42 << 8}, {"longer": 1}, {"longer": -1}, {"shown": 19}, {"flags": 0},
        {"inner": Ether(src="02:00:00:00:00:01", dst="03:11:22:33:44:55") / INNER.payload},
        {"inner": Ether(src="02:00:00:00:00:01", dst="02:11:22:34:44:55") / INNER.payload},
        {"around": IP(src="192.0.2.1", dst="192.0.2.2", proto=132)},
        {"around": IPv6(src="fd00::1", dst="fd00::2", nh=132)},
        {"transport": TCP(sport=50_000, dport=4789)},
    ],
)  # fmt: skip
def test_a_drop_of_another_packet_is_no_cause(verdict):
    assert not any(unsent(outcome) for outcome in outcomes(dropped(**verdict)))


@pytest.mark.parametrize(
    "captured",
    [
        {"way": 1},
        {"place": "n1/eth0"},
        {"tunnel": replace(TUNNEL, kind="veth")},
        {"tunnel": replace(TUNNEL, details={})},
    ],
)
def test_only_what_was_sent_into_a_vxlan_interface_has_an_outer_packet(captured):
    assert not any(unsent(outcome) for outcome in outcomes(dropped(), **captured))


def test_of_several_that_are_alike_each_has_its_own_verdict_or_none_has():
    both = outcomes(dropped(1), dropped(2, handle=6), frames=(INNER, INNER))
    assert [outcome.reason.rpartition(": ")[2] for outcome in both] == ["-A OUTPUT -j FIRST", "-A OUTPUT -j SECOND"]
    assert not any(unsent(outcome) for outcome in outcomes(dropped(1), frames=(INNER, INNER)))
    assert not any(unsent(outcome) for outcome in outcomes(dropped(1), dropped(2)))


def test_what_was_seen_further_on_was_not_dropped():
    outer = (
        Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:99")
        / FOUR
        / UDP(sport=50_000, dport=4789)
        / VXLAN(vni=42)
        / INNER
    )
    frames = frames_of([("n1/vxlan0", 2, 10, bytes(INNER)), ("n1/eth0", 2, 20, bytes(outer))])
    (journey,) = explain(recording_of(frames, (TOPOLOGY,), dropped())).journeys
    assert (len(journey.hops), unsent(journey.outcome)) == (2, False)
