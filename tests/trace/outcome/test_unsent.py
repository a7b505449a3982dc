"""Packets that left no frame: said with the rule that dropped them, and only those."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Action, Chain, Event, Interface, Node, Route, Rule, Topology, Verdict
from cnetkit.trace import explain
from cnetkit.view import wording
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
SENT = {
    4: IP(src="10.0.0.1", dst="10.0.0.2", id=7) / UDP(sport=5, dport=53),
    6: IPv6(src="fd00::1", dst="fd00::2") / UDP(sport=5, dport=53),
}
TOPOLOGY = Topology(
    time_ns=0,
    nodes=(Node("a"),),
    interfaces=(Interface("a", "eth0", 2, "veth", MACS["src"], addresses=("10.0.0.1/24", "fd00::1/64")),),
    chains=tuple(Chain("a", *where) for where in (
        ("ip", "filter", "OUTPUT", "output"), ("ip6", "filter", "OUTPUT", "output"), ("inet", "t", "p", "postrouting"),
        ("netdev", "t", "e", "egress"), ("bridge", "t", "o", "output"), ("ip", "filter", "FORWARD", "forward"),
    )),
    rules=(Rule("a", "ip", "filter", "OUTPUT", 5, "-A OUTPUT -p udp -j DROP", "iptables"),),
)  # fmt: skip


def events(packet, family, table, chain, first="output", **changes):
    """Our own chain's verdict on a packet as it began, and the drop."""
    octets = bytes(packet)
    size = 20 if octets[0] >> 4 == 4 else 40
    headers = {"network_header": octets[:size], "transport_header": octets[size : size + 20], "outgoing": "eth0"}
    began = Verdict(1, "inet", "cnetkit_trace", first, 1, "rule", "continue", **headers)
    drop = replace(began, family=family, table=table, chain=chain, handle=5, verdict="drop", **changes)
    return tuple(Event(at, "a", "verdict", "verdict", verdict) for at, verdict in ((10, began), (11, drop)))


def traced(these, frames=(), counters=({}, {})):
    snapshots = tuple(
        replace(TOPOLOGY, time_ns=at, counters={"a": each}) for at, each in zip((0, 99), counters, strict=True)
    )
    return explain(recording_of(frames_of(list(frames)), snapshots, these))


@pytest.mark.parametrize(("version", "where", "hook"), [
    (4, ("ip", "filter", "OUTPUT"), "output"), (6, ("ip6", "filter", "OUTPUT"), "output"),
    (4, ("inet", "t", "p"), "postrouting"), (6, ("netdev", "t", "e"), "egress"),
])  # fmt: skip
def test_a_packet_dropped_on_its_way_out_is_named_without_a_frame(version, where, hook):
    (entry,) = traced(events(SENT[version], *where)).unsent
    assert (entry.node, entry.packet.protocol, entry.packet.ends.destination_port, entry.hook) == ("a", "udp", 53, hook)
    assert entry.packet.ends.source == SENT[version].src


def test_the_rule_is_quoted_in_the_summary_and_in_the_document():
    trace = traced(events(SENT[4], "ip", "filter", "OUTPUT"))
    lines = list(wording.unsent(trace))
    assert "Not sent by a: 1 packet, udp 10.0.0.1 → 10.0.0.2:53, dropped in OUTPUT" in lines
    assert "   because of the rule “-A OUTPUT -p udp -j DROP” (ip filter OUTPUT handle 5; kernel)" in lines
    assert b'"reason":"-A OUTPUT -p udp -j DROP"' in trace.to_json().split(b'"unsent":')[1]


def test_a_forwarded_packet_or_one_that_its_bridge_dropped_is_no_unsent_one():
    assert traced(events(SENT[4], "ip", "filter", "FORWARD", first="prerouting")).unsent == ()
    assert traced(events(SENT[4], "bridge", "t", "o")).unsent == ()
    assert traced(events(SENT[4], "ip", "filter", "OUTPUT")[:1]).unsent == ()


def test_a_packet_that_was_captured_on_its_way_out_is_no_unsent_one():
    frame = ("a/eth0", 2, 10, bytes(Ether(**MACS) / SENT[4]))
    assert traced(events(SENT[4], "ip", "filter", "OUTPUT"), [frame]).unsent == ()
    other = SENT[4].copy()
    other.id = 8
    frame = ("a/eth0", 2, 10, bytes(Ether(**MACS) / other))
    assert len(traced(events(SENT[4], "ip", "filter", "OUTPUT"), [frame]).unsent) == 1


def test_a_device_drops_a_packet_under_another_trace_id():
    began, _ = events(SENT[4], "ip", "filter", "OUTPUT")
    passed = replace(began, subject=replace(began.subject, chain="postrouting"))
    late = events(SENT[4], "netdev", "t", "e", trace_id=2)[1]
    (entry,) = traced((began, passed, late)).unsent
    assert (entry.hook, entry.reason) == ("egress", "netdev t e")
    assert traced((late,)).unsent == ()


def test_a_counter_that_grew_names_packets_without_a_route():
    (entry,) = traced((), counters=({"Ip.OutNoRoutes": 2}, {"Ip.OutNoRoutes": 5})).unsent
    assert (entry.count, entry.reason, entry.packet) == (3, "no route (IPv4)", None)
    assert traced((), counters=({"Ip.OutNoRoutes": 2}, {"Ip.OutNoRoutes": 2})).unsent == ()
    lines = list(wording.unsent(traced((), counters=({}, {"Ip.OutNoRoutes": 1}))))
    assert lines == [
        "Not sent by a: no route (IPv4) for 1 packet",
        "   because of the counter “Ip.OutNoRoutes grew by 1” (a counters; table)",
    ]


DNAT = Rule("a", "ip", "nat", "DOCKER", 5, "-A DOCKER -j DNAT --to-destination 10.0.0.9", "iptables")


def looped(target="10.0.0.9", source="127.0.0.1", allowed=0, everywhere="0", more=()):
    """A packet from the loopback network, translated at the output hook, and what the kernel reported later."""
    packet = IP(src=source, dst="127.0.0.1", id=7) / UDP(sport=5, dport=53)
    began, translated = (event.subject for event in events(packet, "ip", "nat", "DOCKER"))
    these = [began, replace(translated, verdict="accept"), *more]
    rule = replace(DNAT, actions=(Action("dnat", target),))
    eth0 = replace(TOPOLOGY.interfaces[0], details={"route_localnet": allowed})
    sysctls = {"net.ipv4.conf.all.route_localnet": everywhere}
    snapshot = replace(
        TOPOLOGY, nodes=(Node("a", sysctls=sysctls),), interfaces=(eth0,), rules=(rule,),
        routes=(Route("a", "10.0.0.0/24", interface="eth0"),),
    )  # fmt: skip
    reports = tuple(Event(10 + at, "a", "verdict", "verdict", verdict) for at, verdict in enumerate(these))
    return explain(recording_of(frames_of([]), (snapshot, replace(snapshot, time_ns=99)), reports)).unsent


def test_a_loopback_source_that_was_translated_to_another_node_finds_no_way_out():
    (entry,) = looped()
    assert entry.reason == "127.0.0.1 is a loopback address, which must not leave by eth0 (route_localnet is 0)"
    quotes = [evidence.quote for evidence in entry.evidence]
    assert quotes == ["net.ipv4.conf.eth0.route_localnet = 0", DNAT.text]


@pytest.mark.parametrize(
    "situation",
    [
        {"allowed": 1},
        {"everywhere": "1"},
        {"target": "10.0.0.1"},  # its own address
        {"source": "10.0.0.1"},
        {"more": (Verdict(1, "inet", "cnetkit_trace", "postrouting", 2, "rule", "continue"),)},  # it went on
    ],
)
def test_a_translated_packet_that_may_leave_is_not_called_unsent(situation):
    assert looped(**situation) == ()
