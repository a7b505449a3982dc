"""Which route a packet took: policy rules by priority, the longest prefix, the lowest metric."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cnetkit.model import PolicyRule, Route
from cnetkit.trace.evidence.policy import Routed
from cnetkit.trace.evidence.route import ENDINGS, _came_in, find_route

MAIN = Route("a", "default", via="10.0.0.1", interface="eth0")
NEAR = Route("a", "10.0.0.0/8", interface="eth0")
OWN = Route("a", "10.0.0.5/32", interface="eth0", table=255, type="local")
SPECIAL = Route("a", "default", via="10.9.9.9", interface="eth1", table=100)
ROUTES = (MAIN, NEAR, OWN, SPECIAL)


def rules(*texts):
    result = []
    for text in texts:
        priority, _, rest = text.partition(":")
        table = {"local": 255, "main": 254}.get(rest.split()[-1]) or int(rest.split()[-1])
        result.append(PolicyRule("a", int(priority), table, text=text))
    return result


def test_the_longest_prefix_wins():
    assert find_route([], ROUTES, Routed("10.0.0.5", "10.1.2.3")) == (NEAR, False)
    assert find_route([], ROUTES, Routed("10.0.0.5", "192.0.2.1")) == (MAIN, False)


def test_the_local_table_is_tried_first():
    assert find_route([], ROUTES, Routed("10.0.0.9", "10.0.0.5")) == (OWN, False)


def test_a_rule_for_a_source_sends_only_its_packets_to_another_table():
    asked = rules("0: from all lookup local", "100: from 10.0.0.5 lookup 100", "32766: from all lookup main")
    assert find_route(asked, ROUTES, Routed("10.0.0.5", "192.0.2.1")) == (SPECIAL, False)
    assert find_route(asked, ROUTES, Routed("10.0.0.6", "192.0.2.1")) == (MAIN, False)


def test_a_rule_with_other_selectors_leaves_the_route_unsure():
    asked = rules("0: from all lookup local", "100: from all fwmark 0x1 lookup 100", "32766: from all lookup main")
    assert find_route(asked, ROUTES, Routed("10.0.0.5", "192.0.2.1")) == (None, True)


def test_of_equal_prefixes_the_lowest_metric_wins():
    worse = Route("a", "10.0.0.0/8", interface="eth9", metric=50)
    assert find_route([], (worse, NEAR), Routed("10.0.0.5", "10.1.2.3")) == (NEAR, False)


SIX = Route("a", "default", interface="eth6", source="fd00::1")


@pytest.mark.parametrize(
    ("route", "four", "six"),
    [(SIX, False, True), (replace(SIX, source=""), True, False), (replace(SIX, source="10.0.0.5"), True, False),
     (replace(SIX, source="", via="fd00::9"), False, True), (replace(MAIN, source="10.0.0.5"), True, False),
     (Route("a", "default", hops=(("", "eth0"), ("fd00::9", "eth1"))), False, True),
     (Route("a", "default", hops=(("10.0.0.1", "eth0"), ("", "eth1"))), True, False)],
)  # fmt: skip
def test_a_default_route_is_of_the_version_of_its_gateway_or_else_its_source(route, four, six):
    assert find_route([], (route,), Routed("10.0.0.5", "192.0.2.1")) == (route if four else None, False)
    assert find_route([], (route,), Routed("fd00::5", "2001:db8::1")) == (route if six else None, False)


POLICY = PolicyRule("a", 100, 0, 4, "100: ...", "blackhole")
LAST = PolicyRule("a", 32766, 254, 4, "32766: from all lookup main", "lookup")
PACKET = Routed("10.0.0.5", "192.0.2.1", "eth0", "udp", 4000, 53)


def ended_by(selectors, packet=PACKET, **fields):
    """The type of the route, or `unsure`, with one rule before the main table's that has these selectors."""
    rule = replace(POLICY, selectors=tuple(sorted(selectors)), values=tuple(sorted(selectors.items())), **fields)
    route, unsure = find_route([rule, LAST], ROUTES, packet)
    if route is not None and route.type in ENDINGS:
        assert route == Route("", packet.destination, type=rule.action, table=0, text=rule.text)
    return "unsure" if unsure else route.type


@pytest.mark.parametrize(
    ("selectors", "holds", "not_so"),
    [
        ({"ipproto": "udp"}, "udp", {"protocol": "tcp"}),
        ({"ipproto": "47"}, "gre", {"protocol": "udp"}),
        ({"ipproto": "ipv6-icmp"}, "icmpv6", {"protocol": "icmp"}),
        ({"iif": "eth0"}, "udp", {"interface": "eth1"}),
        ({"sport": "4000"}, "udp", {"sport": 4001}),
        ({"dport": "50-60"}, "udp", {"dport": 61}),
        ({"dport": "53", "ipproto": "udp"}, "udp", {"protocol": "tcp"}),
        ({"fwmark": "0x1"}, "udp", {"mark": 2}),
        ({"fwmark": "0x1/0xff"}, "udp", {"mark": 0x102}),
    ],
)
def test_a_rule_holds_by_the_values_of_its_selectors(selectors, holds, not_so):
    packet = replace(PACKET, protocol=holds, mark=1)
    assert ended_by(selectors, packet) == "blackhole"
    assert ended_by(selectors, replace(packet, **not_so)) == "unicast"
    inverted = selectors | {"not": ""}
    assert ended_by(inverted, packet) == "unicast"
    assert ended_by(inverted, replace(packet, **not_so)) == "blackhole"


@pytest.mark.parametrize(
    "selectors",
    [{"iif": "eth0"}, {"fwmark": "0x1"}, {"uidrange": "0-99"}, {"tun_id": "7"}, {"dport": "53"}, {"ipproto": "udp"}],
)
def test_what_is_not_known_of_a_packet_leaves_the_route_unsure(selectors):
    packet = Routed("10.0.0.5", "192.0.2.1")
    assert ended_by(selectors, packet) == "unsure"
    assert ended_by(selectors, packet, source="10.9.0.0/16") == "unicast"  # its source is known
    assert ended_by(selectors, packet, action="lookup", table=99) == "unicast"  # an empty table says nothing


def test_forwarded_packets_have_no_output_interface_yet():
    assert ended_by({"oif": "eth1"}) == "unicast"
    assert ended_by({"oif": "eth1"}, replace(PACKET, interface="lo")) == "unsure"


def test_a_rule_may_refuse_routes_with_a_short_prefix():
    default = {"suppress_prefixlength": "0"}
    rule = {"action": "lookup", "table": 100}
    assert ended_by(default, **rule) == "unicast"
    refusing = replace(POLICY, selectors=("suppress_prefixlength",), values=(("suppress_prefixlength", "0"),), **rule)
    assert find_route([refusing, LAST], ROUTES, PACKET) == (MAIN, False)
    assert find_route([replace(refusing, values=()), LAST], ROUTES, PACKET) == (None, True)


@pytest.mark.parametrize(
    ("nodes", "depths", "entered"),
    [
        ("rr", (0, 0), 0),
        ("ar", (0, 0), 1),
        ("arr", (0, 0, 0), 1),
        ("rrr", (0, 0, 1), 2),
        ("rrr", (1, 1, 0), 2),
        ("r", (0,), 0),
    ],
)
def test_a_packet_entered_its_node_where_its_way_leads_back_to_without_a_tunnels_end(nodes, depths, entered):
    """Frames in a row, each the parent of the next; the last one is asked about."""
    case = SimpleNamespace(
        place=lambda frame: (nodes[frame], "eth0"),
        parent=lambda frame: frame - 1 if frame else None,
        joined=SimpleNamespace(columns=SimpleNamespace(depth=depths)),
    )
    assert _came_in(case, len(nodes) - 1) == entered
