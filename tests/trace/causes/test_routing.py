"""What a router's tables and settings show of a packet that it dropped: all evidence, in its order, and nothing of others."""

import pytest

from cnetkit.model import PolicyRule, Route
from tests.trace.causes.test_causes import BACK_BLACKHOLE, ROUTES, SETTINGS, ended, packet

FILTERED = {"TcpExt.IPReversePathFilter": 3}
BLACKHOLE = Route("r", "10.0.2.0/24", type="blackhole", text="blackhole 10.0.2.0/24")
ELSEWHERE = Route("r", "10.0.2.0/24", type="prohibit", table=100, text="prohibit 10.0.2.0/24")


def counted(name):
    return ("counter", f"{name} went from 0 to 3", "r counters", "table")


def setting(name, value):
    return ("sysctl", f"net.ipv4.conf.eth0.{name} = {value}", "r", "table")


def route(text):
    return ("route", text, "r table main", "table")


def by(selectors, **changes):
    """A policy rule that sends what it selects to table 100."""
    names = {"selectors": tuple(sorted(selectors)), "values": tuple(sorted(selectors.items()))}
    main = PolicyRule("r", 32766, 254, 4, "32766: from all lookup main", "lookup")
    return (PolicyRule("r", 100, 100, 4, "100: ...", "lookup", **names, **changes), main)


FILTER, BY_ETH1 = "the reverse path filter: ", "answers to its source 10.0.2.9 would leave by eth1, not by eth0"
DROPPED = [
    ({"settings": {"rp_filter": 2}, "routes": (BACK_BLACKHOLE, *ROUTES[1:]), "counters": FILTERED}, {},
     f"{FILTER}no route leads back to its source 10.0.1.2",
     [setting("rp_filter", 2), route("blackhole 10.0.1.0/24"), counted("TcpExt.IPReversePathFilter")]),
    ({"settings": {"rp_filter": 2}, "counters": FILTERED}, {"source": "10.9.2.9"},
     f"{FILTER}no route leads back to its source 10.9.2.9", [setting("rp_filter", 2), counted("TcpExt.IPReversePathFilter")]),
    ({"settings": {"rp_filter": 1}, "counters": FILTERED}, {"source": "10.0.2.9"}, FILTER + BY_ETH1,
     [setting("rp_filter", 1), route(ROUTES[1].text), counted("TcpExt.IPReversePathFilter")]),
    ({"sysctls": {"net.ipv4.conf.all.rp_filter": "1"}, "counters": FILTERED}, {"source": "10.0.2.9"}, FILTER + BY_ETH1,
     [setting("rp_filter", 1), route(ROUTES[1].text), counted("TcpExt.IPReversePathFilter")]),
    ({"settings": {"rp_filter": 1}, "counters": FILTERED}, {"source": "10.0.2.9", "target": "10.0.1.1"}, FILTER + BY_ETH1,
     [setting("rp_filter", 1), route(ROUTES[1].text), counted("TcpExt.IPReversePathFilter")]),
    ({"settings": {"forwarding": 0}, "counters": {"Ip.InAddrErrors": 3}}, {}, "r does not forward packets",
     [setting("forwarding", 0), counted("Ip.InAddrErrors")]),
    ({"routes": ROUTES[:1], "counters": {"IpExt.InNoRoutes": 3}}, {}, "r has no route to 10.0.2.2",
     [("route", "no route to 10.0.2.2", "r routing tables", "table"), counted("IpExt.InNoRoutes")]),
    ({"routes": (ROUTES[0], BLACKHOLE)}, {}, "the route for 10.0.2.2 is a blackhole", [route("blackhole 10.0.2.0/24")]),
    ({}, {"source": "127.0.0.5"}, "127.0.0.5 is a loopback address, which must not come in from a link",
     [setting("route_localnet", 0)]),
    ({}, {"target": "127.0.0.5"}, "127.0.0.5 is a loopback address, which must not come in from a link",
     [setting("route_localnet", 0)]),
    ({}, {"source": "10.0.2.1"}, "its source 10.0.2.1 is an address of r itself", [setting("accept_local", 0)]),
]  # fmt: skip


def told(situation, sent):
    settings = SETTINGS | situation.get("settings", {})
    result = ended(packet(**sent), **situation | {"settings": settings})
    return result.kind, result.reason, [(e.kind, e.quote, e.source, e.strength) for e in result.evidence]


@pytest.mark.parametrize(("situation", "sent", "reason", "evidence"), DROPPED)
def test_a_router_that_drops_is_explained_with_the_settings_the_route_and_the_counter(
    situation, sent, reason, evidence
):
    assert told(situation, sent) == ("dropped", reason, evidence)


@pytest.mark.parametrize(
    ("situation", "sent"),
    [
        ({"settings": {"rp_filter": 1}, "sysctls": {"net.ipv4.conf.all.rp_filter": "2"}, "counters": FILTERED},
         {"source": "10.0.2.9"}),
        ({"settings": {"rp_filter": 2}, "counters": FILTERED}, {"source": "10.0.2.9"}),
        ({"settings": {"rp_filter": 1}}, {"source": "10.0.2.9"}),
        ({"counters": FILTERED}, {"source": "10.0.2.9"}),
        ({"settings": {"route_localnet": 1}}, {"source": "127.0.0.5"}),
        ({"sysctls": {"net.ipv4.conf.all.route_localnet": "1"}}, {"source": "127.0.0.5"}),
        ({"sysctls": {"net.ipv4.conf.all.accept_local": "1"}}, {"source": "10.0.2.1"}),
        ({"settings": {"accept_local": 1}}, {"source": "10.0.2.1"}),
        ({"settings": {"forwarding": 0}}, {"source": "10.0.2.1"}),
        ({"routes": ROUTES[:1]}, {"source": "10.0.2.1"}),
    ],
)  # fmt: skip
def test_a_router_whose_settings_let_the_packet_pass_is_no_cause(situation, sent):
    assert told(situation, sent) == ("lost-from-sight", "", [])


@pytest.mark.parametrize(
    ("selectors", "changes", "kind"),
    [({"dport": "53"}, {}, "dropped"), ({"dport": "54"}, {}, "lost-from-sight"), ({"sport": "53"}, {}, "dropped"),
     ({"ipproto": "udp"}, {}, "dropped"), ({"ipproto": "tcp"}, {}, "lost-from-sight"), ({"iif": "eth0"}, {}, "dropped"),
     ({"iif": "eth1"}, {}, "lost-from-sight"), ({}, {"source": "10.0.1.0/24"}, "dropped"),
     ({}, {"source": "10.0.2.0/24"}, "lost-from-sight")],
)  # fmt: skip
def test_the_route_is_chosen_by_what_a_policy_rule_asks_of_the_packet(selectors, changes, kind):
    found = ended(packet(), routes=(*ROUTES, ELSEWHERE), policy=by(selectors, **changes))
    assert found.kind == kind
    assert found.reason == ("the route for 10.0.2.2 is a prohibit" if kind == "dropped" else "")
