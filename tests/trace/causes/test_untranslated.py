"""A rejected answer names the translation that it went past, if a conntrack entry shows it."""

from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Connection, Interface, Node, Topology, Tuple5
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

POD, SHOP = "02:00:00:00:00:02", "02:00:00:00:00:03"
ANSWER = IP(src="10.0.0.2", dst="10.0.0.3") / TCP(sport=80, dport=5, flags="SA", seq=9, ack=42)
RESET = IP(src="10.0.0.3", dst="10.0.0.2") / TCP(sport=5, dport=80, flags="R", seq=42)
ENTRY = Connection("n1", 7, "tcp", Tuple5("10.0.0.3", "10.96.0.1", 5, 8080), Tuple5("10.0.0.2", "10.0.0.3", 80, 5))


def outcome(*entries, answer=ANSWER, reset=RESET, bridged="0"):
    """Of an answer that a bridge at n1 passed on, and that shop rejected."""
    interfaces = (
        Interface("n1", "cni0", 2, "bridge", "02:00:00:00:00:01", 1500, True, addresses=("10.0.0.1/24",)),
        Interface("n1", "p1", 3, "veth", "02:00:00:00:00:11", 1500, True, master="cni0"),
        Interface("n1", "p2", 4, "veth", "02:00:00:00:00:12", 1500, True, master="cni0", peer=("shop", "eth0")),
        Interface("shop", "eth0", 2, "veth", SHOP, 1500, True, peer=("n1", "p2"), addresses=("10.0.0.3/24",)),
    )
    nodes = (Node("n1", "host", sysctls={"net.bridge.bridge-nf-call-iptables": bridged}), Node("shop", "pod"))
    before = Topology(0, nodes, interfaces, connections=entries)
    there, back = bytes(Ether(src=POD, dst=SHOP) / answer), bytes(Ether(src=SHOP, dst=POD) / reset)
    seen = ("n1/p1", 1, 10, there), ("n1/p2", 2, 11, there), ("shop/eth0", 1, 12, there), ("shop/eth0", 2, 13, back)
    return explain(recording_of(frames_of(seen), (before, replace(before, time_ns=99)))).journeys[0].outcome


def test_an_answer_that_skipped_netfilter_on_the_bridge_is_named():
    found = outcome(ENTRY)
    reset, why = found.reason.split(": ", 1)
    assert reset == "the node answered with a TCP reset"
    assert why == "it asked 10.96.0.1:8080, and the answer from 10.0.0.2:80 was not translated back by n1"
    assert [(e.kind, e.source) for e in found.evidence] == [
        ("tcp", "frame.number 4"),
        ("conntrack", "n1 conntrack"),
        ("sysctl", "n1"),
    ]
    assert [e.kind for e in outcome(ENTRY, bridged="1").evidence] == ["tcp", "conntrack"]


def test_the_same_by_udp():
    answer = IP(src="10.0.0.2", dst="10.0.0.3") / UDP(sport=53, dport=5) / b"answer"
    error = IP(src="10.0.0.3", dst="10.0.0.2") / ICMP(type=3, code=3) / answer
    ends = Tuple5("10.0.0.3", "10.96.0.1", 5, 53), Tuple5("10.0.0.2", "10.0.0.3", 53, 5)
    found = outcome(Connection("n1", 7, "udp", *ends), answer=answer, reset=error)
    assert found.reason.startswith("the node answered with ICMP port unreachable: it asked 10.96.0.1:53")


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, original=Tuple5("10.0.0.3", "10.0.0.2", 5, 80)),  # nothing was translated
        replace(ENTRY, reply=Tuple5("10.0.0.2", "10.0.0.3", 80, 6)),  # another connection
        replace(ENTRY, protocol="udp"),
        replace(ENTRY, node="shop"),  # it translates its own packets, and that is no matter of the way
        replace(ENTRY, original=Tuple5("10.9.9.9", "10.96.0.1", 5, 8080)),  # masqueraded: it is for the node itself
    ],
)
def test_an_entry_that_does_not_translate_this_answer_is_no_cause(entry):
    assert outcome(entry).reason == "the node answered with a TCP reset"
