"""The kernel's rules come back as data: what libnftables and iptables laid, and what the routing policy says."""

from __future__ import annotations

import socket
import struct

import pytest

from cnetkit import Lab
from cnetkit.kernel.sources import policy_rules
from cnetkit.model import Action
from cnetkit.rules.nft_words import facts as words
from cnetkit.trace.evidence.policy import Routed, holds

NFT = """
add table ip t
add map ip t services { type ipv4_addr . inet_service : verdict ; }
add chain ip t a
add chain ip t b
add chain ip t p { type nat hook prerouting priority -100 ; }
add chain ip t q { type nat hook postrouting priority 100 ; }
add chain ip t r { type filter hook input priority 0 ; policy drop ; }
add element ip t services { 10.96.0.1 . 80 : goto a, 10.96.0.2 . 80 : jump b }
add rule ip t p ip daddr 1.2.3.4 tcp dport 80 dnat to 10.0.0.1:8080
add rule ip t p ip daddr 1.2.3.5 dnat to numgen inc mod 2 map { 0 : 10.0.0.1, 1 : 10.0.0.2 }
add rule ip t p ip daddr . tcp dport vmap @services comment "accept nothing"
add rule ip t p numgen random mod 2 vmap { 0 : goto a, 1 : jump b }
add rule ip t p tcp dport { 80, 443 } counter redirect to :8080
add rule ip t q masquerade fully-random
add rule ip t q snat to 1.1.1.1 persistent
add rule ip t r ct state vmap { invalid : drop, established : accept }
add rule ip t r ct state new jump a
add rule ip t r ct state invalid,untracked drop
add rule ip t r limit rate 5/second log prefix "accept " drop
add rule ip t r iifname "eth0" fib daddr type local tcp dport 22 reject with tcp reset
add rule ip t r tcp flags syn accept
add rule ip t r meta mark set 0x4
add rule ip t r meta mark 0x4 return
"""
EXPECTED = [
    ("p", "prerouting", {Action("dnat", "10.0.0.1", 8080)}, {"ip daddr", "tcp dport"}),
    ("p", "prerouting", {Action("dnat")}, {"ip daddr", "numgen"}),
    ("p", "prerouting", {Action("goto", "a"), Action("jump", "b")}, {"ip daddr", "tcp dport"}),
    ("p", "prerouting", {Action("goto", "a"), Action("jump", "b")}, {"numgen"}),
    ("p", "prerouting", {Action("redirect", "", 8080)}, {"tcp dport"}),
    ("q", "postrouting", {Action("masquerade")}, set()),
    ("q", "postrouting", {Action("snat", "1.1.1.1")}, set()),
    ("r", "input", {Action("drop"), Action("accept")}, {"ct state", "ct state invalid"}),
    ("r", "input", {Action("jump", "a")}, {"ct state"}),
    ("r", "input", {Action("drop")}, {"ct state", "ct state invalid"}),
    ("r", "input", {Action("drop"), Action("log")}, {"limit"}),
    ("r", "input", {Action("reject")}, {"meta iifname", "fib type", "tcp dport"}),
    ("r", "input", {Action("accept")}, {"tcp flags"}),
    ("r", "input", {Action("mangle")}, set()),
    ("r", "input", {Action("return")}, {"meta mark"}),
]


@pytest.fixture(scope="module")
def lab():
    with Lab("facts", ipv6=True) as lab:
        yield lab


def test_rules_of_nft_are_read_with_hook_actions_and_matches(lab):
    host = lab.host("h")
    host.run("nft -f -", input=NFT, check=True)
    found = [rule for rule in lab.topology.rules if rule.node == "h" and rule.table == "t"]
    assert [(rule.chain, rule.hook, set(rule.actions), set(rule.matches)) for rule in found] == EXPECTED
    assert [rule.comment for rule in found if rule.comment] == ["accept nothing"]
    listing = host.run("nft -a -s list table ip t", check=True).output
    assert all(f"{rule.text} # handle {rule.handle}\n" in listing for rule in found)
    for rule in found:  # what an old recording is completed with says the same of what stands in the rule itself
        if "@" not in rule.text:
            assert set(words(rule.text)["actions"]) == set(rule.actions) - {Action("log"), Action("mangle")}


def test_rules_of_iptables_are_read_from_its_own_options(lab):
    host = lab.host("i")
    host.run('iptables -t nat -A PREROUTING -p tcp --dport 80 -m comment --comment "then -j DROP" -j DNAT --to 10.0.0.1:81',
             check=True)  # fmt: skip
    host.run("ip6tables -A INPUT -m statistic --mode random --probability 0.5 -j REJECT", check=True)
    four, six = (rule for rule in lab.topology.rules if rule.node == "i")
    assert (four.tool, four.hook, four.actions) == ("iptables", "prerouting", (Action("dnat", "10.0.0.1", 81),))
    assert (four.comment, set(four.matches)) == ("then -j DROP", {"meta l4proto", "th dport"})
    assert (six.family, six.actions) == ("ip6", (Action("reject"),))
    assert "xt statistic" in six.matches


def test_policy_rules_are_read_with_their_selectors(lab):
    host = lab.host("j")
    for rule in (
        "from 10.0.0.0/8 to 10.1.0.0/16 lookup 100",
        "fwmark 0x1 lookup 100",
        "not from 10.0.0.0/8 iif lo blackhole",
        "ipproto tcp dport 80-90 lookup 100",
        "tos 0x10 lookup 100",
        "fwmark 0x2/0xf lookup 100",
    ):
        host.run(f"ip rule add {rule}", check=True)
    found = {
        rule.text.partition(": ")[2]: rule
        for rule in lab.topology.policy_rules
        if rule.node == "j" and rule.family == 4
    }
    printed = [line.partition(":")[2].split() for line in host.run("ip rule", check=True).output.splitlines()]
    assert [set(text.split()) for text in found] == [set(words) - {"[detached]"} for words in printed]
    by_selectors = {rule.selectors: (rule.action, rule.source, rule.destination, rule.table) for rule in found.values()}
    assert by_selectors[("fwmark",)] == ("lookup", "", "", 100)
    assert by_selectors[("iif", "not")][:2] == ("blackhole", "10.0.0.0/8")
    assert by_selectors[("dport", "ipproto")][0] == "lookup"
    assert by_selectors[("tos",)][0] == "lookup"
    values = {rule.values for rule in found.values()}
    assert {(("dport", "80-90"), ("ipproto", "tcp")), (("fwmark", "0x2/0xf"),), (("iif", "lo"), ("not", ""))} <= values


def test_a_policy_rule_with_an_attribute_of_a_newer_kernel_is_not_said_to_hold_for_all_packets():
    def message(*attributes):
        head = struct.pack("=8BI", socket.AF_INET, 0, 0, 0, 100, 0, 0, 1, 0)
        return head + b"".join(
            struct.pack("=HH", 4 + len(value), kind) + value.ljust(4, b"\0") for kind, value in attributes
        )

    plain, dscp, exact, masked = (
        policy_rules.read("a", message(*attributes))
        for attributes in ((), ((25, b"\x0a"),), ((28, b"\xff\xff"),), ((28, b"\xf0\xff"),))
    )
    assert [holds(rule, Routed("10.0.0.1", "10.0.0.2")) for rule in (plain, dscp, exact, masked)] == [
        True,
        None,
        True,
        None,
    ]
    assert dscp.text == plain.text


def test_the_next_hops_of_a_multipath_route_are_read(lab):
    host, other = lab.host("k"), lab.host("o")
    lab.connect(host, other, "10.0.1.0/24", "fd00:1::/64")
    lab.connect(host, other, "10.0.2.0/24", "fd00:2::/64")
    for target, first, second in (("10.9.0.0/16", "10.0.1.9", "10.0.2.9"), ("fd09::/16", "fd00:1::9", "fd00:2::9")):
        host.run(f"ip route add {target} nexthop via {first} weight 2 nexthop via {second}", check=True)
        (route,) = (route for route in lab.topology.routes if route.destination == target)
        assert (route.via, route.interface) == ("", "")
        assert route.hops == ((first, "eth0"), (second, "eth1"))
        assert route.text.endswith(f"nexthop via {first} dev eth0 weight 2 nexthop via {second} dev eth1 weight 1")
