"""A rule of iptables-legacy is the cause only if it matches the packet and counted as many as ended at its node."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.kernel.sources import legacy
from cnetkit.model import Event, Interface, Node, Topology, Verdict
from cnetkit.rules.iptables_match import Matched, applies
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
SAVED = """*filter
:INPUT {policy} [{policed}:0]
[{counted}:60] -A INPUT -s 10.0.0.1/32 -p udp -m udp --dport 53 -j DROP
[9:60] -A INPUT -p tcp -j ACCEPT
COMMIT
"""
PACKETS = {4: (IP, "10.0.0.1", "10.0.0.2"), 6: (IPv6, "fd00::1", "fd00::2")}


def topology(time_ns, counted=0, policy="ACCEPT", policed=0, family="ip", saved=SAVED, jumped=0, forwarded=0):
    saved = saved.format(counted=counted, policy=policy, policed=policed, jumped=jumped, forwarded=forwarded)
    if family == "ip6":
        saved = saved.replace("10.0.0.1/32", "fd00::1/128")
    return Topology(
        time_ns=time_ns,
        nodes=(Node("b"),),
        interfaces=(Interface("b", "eth0", 2, "veth", MACS["dst"], up=True, addresses=("10.0.0.2/24", "fd00::2/64")),),
        counters={"b": {"Ip.InReceives": time_ns}},
        legacy_rules=tuple(legacy.read("b", family, saved)),
    )


def outcomes(ports, counted, version=4, events=(), saved=SAVED, **changes):
    kind, source, target = PACKETS[version]
    packets = [kind(src=source, dst=target) / UDP(sport=5, dport=port) for port in ports]
    frames = frames_of([("b/eth0", 1, at, bytes(Ether(**MACS) / packet)) for at, packet in enumerate(packets, 10)])
    family = "ip" if version == 4 else "ip6"
    snapshots = (
        topology(0, family=family, saved=saved), topology(99, counted, family=family, saved=saved, **changes)
    )  # fmt: skip
    return [journey.outcome for journey in explain(recording_of(frames, snapshots, events)).journeys]


@pytest.mark.parametrize("version", [4, 6])
def test_a_rule_that_counted_the_packet_is_its_cause(version):
    (outcome,) = outcomes([53], 1, version)
    assert (outcome.kind, outcome.reason.startswith("-A INPUT -s ")) == ("dropped", True)
    assert "counted 1 packet" in outcome.evidence[0].source


def test_a_counter_that_moved_for_another_packet_is_no_cause():
    dropped, other = outcomes([53, 54], 1)
    assert (dropped.kind, other.kind) == ("dropped", "arrived")
    assert [outcome.kind for outcome in outcomes([53, 53], 1)] == ["arrived", "arrived"]  # one of them, not known which
    assert [outcome.kind for outcome in outcomes([53], 0)] == ["arrived"]


CHAINS = """*filter
:INPUT ACCEPT [0:0]
:BLOCK - [0:0]
[{jumped}:60] -A INPUT -p udp -m udp --dport 53 -j BLOCK
[{forwarded}:60] -A FORWARD -j BLOCK
[{counted}:60] -A BLOCK -j DROP
COMMIT
"""


def test_a_chain_that_others_jump_to_drops_only_what_a_jump_matches():
    dropped, other = outcomes([53, 54], 1, saved=CHAINS, jumped=1)
    assert (dropped.kind, dropped.reason) == ("dropped", "-A BLOCK -j DROP of iptables-legacy")
    assert other.kind == "arrived"
    (other,) = outcomes([54], 1, saved=CHAINS, jumped=1)
    assert other.kind == "arrived"


def test_a_chain_that_was_entered_from_another_hook_drops_nothing_here():
    assert [outcome.kind for outcome in outcomes([53], 1, saved=CHAINS, forwarded=1)] == ["arrived"]
    assert [outcome.kind for outcome in outcomes([53], 1, saved=CHAINS)] == ["arrived"]


ELSEWHERE = """*filter
:INPUT ACCEPT [0:0]
:BLOCK - [0:0]
[{jumped}:60] -A INPUT -p udp -m udp --dport 53 -j RETURN
[0:0] -A INPUT -j BLOCK
[{counted}:60] -A BLOCK -j DROP
COMMIT
*mangle
:INPUT ACCEPT [0:0]
:BLOCK - [0:0]
[{forwarded}:60] -A INPUT -j BLOCK
COMMIT
"""


@pytest.mark.parametrize("counted", [{"jumped": 1}, {"forwarded": 1}])
def test_a_chain_is_entered_by_a_counted_jump_of_its_own_table_only(counted):
    assert [outcome.kind for outcome in outcomes([53], 1, saved=ELSEWHERE, **counted)] == ["arrived"]


def test_a_packet_that_passed_the_whole_hook_was_not_dropped_in_it():
    packet = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=53))
    headers = {"network_header": packet[:20], "transport_header": packet[20:28], "incoming": "eth0"}
    began = Verdict(1, "inet", "cnetkit_trace", "prerouting", 1, "rule", "continue", **headers)
    passed = replace(began, chain="input")
    events = tuple(Event(10 + at, "b", "verdict", "verdict", verdict) for at, verdict in enumerate((began, passed)))
    assert [outcome.kind for outcome in outcomes([53], 1, events=events)] == ["delivered"]


def test_a_policy_drops_what_no_rule_accepted():
    (outcome,) = outcomes([99], 0, policy="DROP", policed=1)
    assert (outcome.kind, outcome.reason) == ("dropped", "-P INPUT DROP of iptables-legacy")


def test_options_are_compared_or_not_known():
    packet = Matched("10.0.0.1", "10.0.0.2", 6, 5, 80, "eth0")
    for text, expected in (
        ("-A INPUT -p tcp -m tcp --dport 80 -j DROP", True), ("-A INPUT -p tcp -m tcp --dport 70:79 -j DROP", False),
        ("-A INPUT -p tcp -m multiport --dports 22,79:81 -j DROP", True), ("-A INPUT -d 10.0.1.0/24 -j DROP", False),
        ("-A INPUT -i eth+ -j DROP", True), ("-A INPUT -o eth0 -j DROP", None), ("-A INPUT -m limit --limit 1/s -j DROP", None),
        ("-A INPUT ! -s 10.0.0.1 -j DROP", None), ('-A INPUT -m comment --comment "a b" -j DROP', True),
        ("-A X -p udp -j DROP", False),
        ("-A INPUT -s fd00::1 -j DROP", False),
    ):  # fmt: skip
        assert applies(text, packet) is expected, text


@pytest.mark.parametrize(("answers", "dropped"), [((), [False, False]), ((5,), [False, True]), ((6,), [True, False])])
def test_a_rule_that_counted_one_packet_did_not_drop_the_one_that_was_answered(answers, dropped):
    """The first answer is the last frame of the capture."""
    asked = [IP(src="10.0.0.1", dst="10.0.0.2", id=port) / UDP(sport=port, dport=53) / b"?" for port in (5, 6)]
    rows = [("b/eth0", 1, 10 + at, bytes(Ether(**MACS) / packet)) for at, packet in enumerate(asked)]
    back = Ether(src=MACS["dst"], dst=MACS["src"])
    for port in answers:
        answer = IP(src="10.0.0.2", dst="10.0.0.1", id=9) / UDP(sport=53, dport=port) / b"!"
        rows.append(("b/eth0", 2, 20, bytes(back / answer)))
    journeys = explain(recording_of(frames_of(rows), (topology(0), topology(99, 1)))).journeys
    assert [journey.outcome.kind == "dropped" for journey in journeys[:2]] == dropped
