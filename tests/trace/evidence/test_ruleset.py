"""Which rules may drop an incoming packet, and which treat all packets of a flow the same."""

import pytest

from cnetkit.model import Chain, Rule, Topology
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace.engine import join
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.ruleset import by_flow, stopping


def case_of(*rules: tuple[str, str], tool="iptables", policy="accept", versions=1):
    chains = (
        Chain("a", "ip", "filter", "INPUT", "input", 0, policy),
        Chain("a", "ip", "filter", "FORWARD", "forward", 0, "drop"),
        Chain("a", "ip", "filter", "MORE"),
    )
    result = tuple(Rule("a", "ip", "filter", chain, at, text, tool) for at, (chain, text) in enumerate(rules, 1))
    snapshots = tuple(Topology(time_ns=at, chains=chains, rules=result[: len(result) - at]) for at in range(versions))
    recording = Recording(no_frames(), topologies=snapshots)
    return Case(recording, join(recording))


@pytest.mark.parametrize(
    ("rules", "stops"),
    [
        ([("INPUT", "-A INPUT -p udp -j DROP")], True),
        (
            [
                ("INPUT", "-A INPUT -j MORE"),
                ("MORE", "-A MORE -s 10.0.0.0/8 -j REJECT --reject-with icmp-port-unreachable"),
            ],
            True,
        ),
        ([("MORE", "-A MORE -j DROP")], False),
        ([("FORWARD", "-A FORWARD -j DROP")], False),
        ([("INPUT", '-A INPUT -m comment --comment "not a -j DROP" -j ACCEPT')], False),
    ],
)
def test_a_rule_counts_if_an_incoming_packet_can_reach_it(rules, stops):
    assert (stopping(case_of(*rules), "a") is not None) is stops


def test_a_policy_counts_like_a_rule():
    assert stopping(case_of(policy="drop"), "a").quote == "policy drop"


@pytest.mark.parametrize(
    ("text", "tool", "alike"),
    [
        (
            '-A INPUT -s 10.0.0.1/32 -p tcp -m tcp --dport 80 -m comment --comment "-m limit" -j ACCEPT',
            "iptables",
            True,
        ),
        ("-A INPUT ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP", "iptables", True),
        ("-A INPUT -m conntrack --ctstate INVALID -j DROP", "iptables", False),
        ("-A INPUT -m limit --limit 5/sec -j ACCEPT", "iptables", False),
        ("-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP", "iptables", False),
        ("-A INPUT -m statistic --mode random --probability 0.5 -j DROP", "iptables", False),
        ("-A INPUT -f -j DROP", "iptables", False),
        ('ip saddr 10.0.0.0/8 udp dport { 53, 80 } counter packets 3 bytes 9 drop comment "limit"', "nft", True),
        ("ip daddr @hosts jump elsewhere", "nft", True),
        ("limit rate 5/second accept", "nft", False),
        ("tcp flags syn drop", "nft", False),
        ("meta length > 100 drop", "nft", False),
    ],
)
def test_rules_treat_a_flow_the_same_if_they_match_only_what_its_packets_share(text, tool, alike):
    assert by_flow(case_of(("INPUT", text), tool=tool), "a") is alike


def test_rules_that_changed_do_not_treat_a_flow_the_same():
    assert not by_flow(case_of(("INPUT", "-A INPUT -j ACCEPT"), versions=2), "a")
