"""A packet that a bridge handed up keeps its verdicts, under another trace id and with another destination."""

import pytest
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Action, Chain, Event, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
ENDS = {4: (IP, "10.0.0.1", "203.0.113.1", "10.0.0.9"), 6: (IPv6, "fd00::1", "fd01::1", "fd00::9")}


def packet(version, to, port, seq=7):
    kind, source, *targets = ENDS[version]
    return kind(src=source, dst=targets[to]) / TCP(sport=5, dport=port, seq=seq, flags="S")


def report(time_ns, trace_id, chain, handle, verdict, headers, version):
    octets, size = bytes(headers), 20 if version == 4 else 40
    family = "ip" if version == 4 else "ip6"
    table = "nat" if chain == "PREROUTING" else "filter"
    head = {"network_header": octets[:size], "transport_header": octets[size : size + 20], "incoming": "br0"}
    return Event(
        time_ns, "r", "verdict", "verdict", Verdict(trace_id, family, table, chain, handle, "rule", verdict, **head)
    )


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("seq", "kind"), [(7, "dropped"), (8, "lost-from-sight"), (7 + (1 << 24), "lost-from-sight")])
def test_a_drop_after_dnat_belongs_to_the_packet_with_the_old_destination(version, seq, kind):
    family = "ip" if version == 4 else "ip6"
    topology = Topology(
        nodes=(Node("r"),),
        interfaces=(
            Interface("r", "br0", 2, "bridge", MACS["dst"], up=True, addresses=("203.0.113.1/24", "fd01::1/64")),
            Interface("r", "p0", 3, "veth", "02:00:00:00:00:05", up=True, master="br0"),
        ),
        chains=(
            Chain("r", family, "nat", "PREROUTING", "prerouting"),
            Chain("r", family, "filter", "FORWARD", "forward"),
        ),
        rules=(
            Rule(
                "r",
                family,
                "nat",
                "PREROUTING",
                1,
                "-j DNAT",
                "iptables",
                actions=(Action("dnat", ENDS[version][3], 80),),
            ),
            Rule("r", family, "filter", "FORWARD", 2, "-A FORWARD -j DROP", "iptables", actions=(Action("drop"),)),
        ),
    )
    before, after = packet(version, 0, 8080), packet(version, 1, 80)
    events = (
        report(11, 1, "PREROUTING", 1, "accept", before, version),
        report(12, 2, "FORWARD", 2, "drop", packet(version, 1, 80, seq), version),
    )
    frames = frames_of([("r/p0", 1, 10, bytes(Ether(**MACS) / before)), ("r/br0", 1, 12, bytes(Ether(**MACS) / after))])
    (journey,) = explain(recording_of(frames, (topology,), events)).journeys
    assert journey.outcome.kind == kind
    assert journey.outcome.reason == ("-A FORWARD -j DROP" if kind == "dropped" else "")


@pytest.mark.parametrize(("whole", "dropped"), [(True, [True, False]), (False, [True, False]), (None, [False, False])])
def test_a_verdict_about_a_fragment_belongs_to_its_datagram_whether_or_not_it_was_put_together(whole, dropped):
    """With connection tracking netfilter sees the datagram, without it each fragment. `None`: the verdict is on another one."""
    interfaces = (Interface("r", "eth0", 2, "veth", MACS["dst"], up=True, addresses=("10.0.0.2/24",)),)
    rule = Rule("r", "ip", "filter", "INPUT", 2, "-A INPUT -j DROP", "iptables", actions=(Action("drop"),))
    chain = Chain("r", "ip", "filter", "INPUT", "input")
    topology = Topology(nodes=(Node("r"),), interfaces=interfaces, chains=(chain,), rules=(rule,))
    frames, heads = [], []
    for number in (7, 8):
        datagram = IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=5, dport=6) / bytes(2000)
        parts = fragment(datagram, 1000)
        frames += [("r/eth0", 1, 10 * number + at, bytes(Ether(**MACS) / part)) for at, part in enumerate(parts)]
        heads.append([bytes(datagram)] if whole else [bytes(part) for part in parts])
    other = bytes(IP(src="10.0.0.1", dst="10.0.0.2", id=9) / UDP(sport=5, dport=6) / bytes(2000))
    events = []
    for at, octets in enumerate([other] if whole is None else heads[0]):
        head = {"network_header": octets[:20], "transport_header": octets[20:28], "incoming": "eth0"}
        verdict = Verdict(1 + at, "ip", "filter", "INPUT", 2, "rule", "drop", **head)
        events.append(Event(73, "r", "verdict", "verdict", verdict))
    journeys = explain(recording_of(frames_of(frames), (topology,), tuple(events))).journeys
    assert [journey.outcome.kind == "dropped" for journey in journeys] == dropped


@pytest.mark.parametrize(
    ("packets", "dropped"),
    [
        (3, ()),
        (3, (0,)),
        (3, (1,)),
        (3, (2,)),
        (3, (0, 2)),
        (2, (0,)),
        (2, (1,)),
        (1, (0,)),
        (5, (3,)),
        (5, (2, 4)),
        (5, (0, 3)),
    ],
)
def test_of_identical_packets_each_has_the_verdict_of_its_own_passage(packets, dropped):
    """The fourth and fifth come ten seconds later."""

    def when(at):
        return 100 * at + 10**10 * (at > 2)

    interfaces = (Interface("r", "eth0", 2, "veth", MACS["dst"], up=True, addresses=("203.0.113.1/24",)),)
    rules = tuple(
        Rule("r", "ip", "filter", "INPUT", 2 + at, f"-j {word}", "iptables", actions=(Action(word),))
        for at, word in enumerate(("accept", "drop"))
    )
    topology = Topology(
        nodes=(Node("r"),), interfaces=interfaces, chains=(Chain("r", "ip", "filter", "INPUT", "input"),), rules=rules
    )
    alike = packet(4, 0, 80)
    frames = frames_of([("r/eth0", 1, when(at), bytes(Ether(**MACS) / alike)) for at in range(packets)])
    events = [
        report(when(at) + 1, 1 + at, "INPUT", 2 + (at in dropped), "drop" if at in dropped else "accept", alike, 4)
        for at in range(packets)
    ]
    journeys = explain(recording_of(frames, (topology,), tuple(events))).journeys
    assert [journey.outcome.kind == "dropped" for journey in journeys] == [at in dropped for at in range(packets)]
