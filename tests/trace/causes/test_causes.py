"""A cause is named if the tables show it and the kernel's counter increased, and only then."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Connection, Interface, Node, Route, Topology, Tuple5
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

OWN, OTHER = "02:00:00:00:00:02", "02:00:00:00:00:09"
ROUTES = (
    Route("r", "10.0.1.0/24", interface="eth0", text="10.0.1.0/24 dev eth0"),
    Route("r", "10.0.2.0/24", interface="eth1", text="10.0.2.0/24 dev eth1"),
)
BACK_BLACKHOLE = Route("r", "10.0.1.0/24", type="blackhole", text="blackhole 10.0.1.0/24")
SETTINGS = {"forwarding": 1, "rp_filter": 0, "accept_local": 0, "route_localnet": 0}


def packet(source="10.0.1.2", target="10.0.2.2", ttl=64, mac=OWN, size=9, fragment=False):
    flags = "DF" if size > 800 and not fragment else 0
    six = ":" in source
    network = IPv6(src=source, dst=target, hlim=ttl) if six else IP(src=source, dst=target, ttl=ttl, flags=flags)
    return bytes(Ether(src="02:00:00:00:00:01", dst=mac) / network / UDP() / (b"x" * size))


def ended(
    frame,
    *,
    place="r/eth0",
    way=1,
    counters=None,
    settings=SETTINGS,
    after=None,
    routes=ROUTES,
    kind="veth",
    entries=(),
    sysctls=(),
    policy=(),
):
    """The outcome of a packet captured between two snapshots of a router; `counters` are those of the later one."""
    node, name = place.split("/")

    def snapshot(time, found, shown):
        interfaces = (
            Interface(node, name, 2, kind, OWN, 1500, True, addresses=("10.0.1.1/24",), details=shown),
            Interface(
                node, "eth1", 3, "veth", "02:00:00:00:00:03", 1000, True, addresses=("10.0.2.1/24",), details=shown
            ),
        )
        return Topology(
            time, (Node(node, "router", sysctls={"net.ipv4.conf.all.rp_filter": "0", **dict(sysctls)}),), interfaces,
            routes=routes, counters={node: found}, connections=entries, policy_rules=policy,
        )  # fmt: skip

    topologies = (snapshot(0, {}, settings), snapshot(100, counters or {}, after or settings))
    return explain(recording_of(frames_of([(place, way, 50, frame)]), topologies)).journeys[0].outcome


CAUSES = [
    ({"settings": SETTINGS | {"rp_filter": 2}, "routes": (BACK_BLACKHOLE, *ROUTES[1:])}, {},
     "TcpExt.IPReversePathFilter", "the reverse path filter: no route leads back to its source 10.0.1.2"),
    ({"settings": SETTINGS | {"forwarding": 0}}, {}, "Ip.InAddrErrors", "r does not forward packets"),
    ({"routes": ROUTES[:1]}, {}, "IpExt.InNoRoutes", "r has no route to 10.0.2.2"),
    ({}, {"ttl": 1}, "Ip.InHdrErrors", "its time to live ended here"),
    ({}, {"size": 1200}, "Ip.FragFails", "its 1228 octets do not fit eth1 and must not be fragmented"),
    ({"routes": (ROUTES[0], Route("r", "10.0.2.0/24", interface="eth1", mtu=800, text="10.0.2.0/24 dev eth1 mtu lock 800"))},
     {"size": 900}, "Ip.FragFails", "its 928 octets do not fit the route's MTU and must not be fragmented"),
    ({"settings": SETTINGS | {"rp_filter": 1}}, {"source": "10.0.2.9"}, "TcpExt.IPReversePathFilter",
     "the reverse path filter: answers to its source 10.0.2.9 would leave by eth1, not by eth0"),
    ({}, {}, "conntrack.drop", "the table of connections had no room for it"),
    ({}, {}, "conntrack.insert_failed",
     "its connection clashes with another one: no address and port were free to translate it to"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "sent", "counter", "reason"), CAUSES, ids=[case[2] for case in CAUSES])
def test_a_cause_needs_a_counter_that_increased(situation, sent, counter, reason):
    result = ended(packet(**sent), counters={counter: 3}, **situation)
    assert (result.kind, result.where, result.reason) == ("dropped", "r/eth0", reason)
    assert f"{counter} went from 0 to 3" in [e.quote for e in result.evidence]
    assert ended(packet(**sent), **situation).reason == ""


THERE, BACK = Tuple5("10.0.1.2", "10.0.2.2", 53, 53), Tuple5("10.0.2.2", "10.0.1.2", 53, 53)


@pytest.mark.parametrize("counter", ["conntrack.drop", "conntrack.insert_failed"])
@pytest.mark.parametrize(
    ("entry", "is_its_own"),
    [
        (Connection("r", 1, "udp", THERE, BACK), True),
        (Connection("r", 1, "udp", BACK, THERE), True),  # the packet is an answer
        (Connection("r", 1, "tcp", THERE, BACK), False),
        (Connection("other", 1, "udp", THERE, BACK), False),
    ],
)
def test_conntrack_dropped_another_packet_if_this_one_has_an_entry(counter, entry, is_its_own):
    result = ended(packet(), counters={counter: 3}, entries=(entry,))
    assert (result.kind != "dropped") is is_its_own


HEALTHY = [
    ("TcpExt.IPReversePathFilter", {"settings": SETTINGS | {"rp_filter": 2}}, {}),  # a route leads back
    ("TcpExt.IPReversePathFilter", {"settings": SETTINGS | {"rp_filter": 1}}, {}),  # by the same interface
    ("TcpExt.IPReversePathFilter", {"routes": (BACK_BLACKHOLE, *ROUTES[1:])}, {}),  # the filter is off
    ("Ip.InAddrErrors", {}, {}),  # it forwards
    ("IpExt.InNoRoutes", {}, {}),  # there is a route
    ("Ip.InHdrErrors", {}, {"ttl": 2}),
    ("Ip.FragFails", {}, {"size": 900}),  # it fits
    ("Ip.FragFails", {}, {"size": 1200, "fragment": True}),
    ("IpExt.InNoRoutes", {"routes": ROUTES[:1]}, {"target": "10.0.1.9"}),
    ("Ip.InHdrErrors", {}, {"ttl": 1, "mac": OTHER}),  # the router does not take it
]


@pytest.mark.parametrize(("counter", "situation", "sent"), HEALTHY)
def test_the_counter_increased_but_not_for_this_packet(counter, situation, sent):
    result = ended(packet(**sent), counters={counter: 3}, **situation)
    assert counter not in str(result.evidence)
    assert (result.kind, result.reason.startswith("the frame is addressed to")) == (
        ("dropped", True) if "mac" in sent else ("lost-from-sight", False)
    )


@pytest.mark.parametrize("way", [1, 2])
def test_only_a_packet_that_came_in_was_dropped_by_its_router(way):
    result = ended(packet(ttl=1), way=way, counters={"Ip.InHdrErrors": 1})
    assert (result.reason == "its time to live ended here") is (way == 1)


SIX = (
    Route("r", "fd01::/64", interface="eth0", text="fd01::/64 dev eth0"),
    Route("r", "fd02::/64", interface="eth1", text="fd02::/64 dev eth1"),
)
ON, OFF = {"net.ipv6.conf.all.forwarding": "1"}, {"net.ipv6.conf.all.forwarding": "0"}


@pytest.mark.parametrize(
    ("counter", "other", "sysctls", "routes", "sent", "reason"),
    [
        ("Ip6.InAddrErrors", "Ip.InAddrErrors", OFF, SIX, {}, "r does not forward packets"),
        ("Ip6.InAddrErrors", "Ip.InAddrErrors", ON, SIX, {}, ""),
        ("Ip6.InNoRoutes", "IpExt.InNoRoutes", ON, SIX[:1], {}, "r has no route to fd02::2"),
        ("Ip6.InNoRoutes", "IpExt.InNoRoutes", ON, SIX, {}, ""),
        ("Ip6.InHdrErrors", "Ip.InHdrErrors", ON, SIX, {"ttl": 1}, "its time to live ended here"),
        ("Ip6.InHdrErrors", "Ip.InHdrErrors", ON, SIX, {"ttl": 2}, ""),
        ("Ip6.InTooBigErrors", "Ip.FragFails", ON, SIX, {"size": 1200},
         "its 1248 octets do not fit eth1 and must not be fragmented"),
        ("Ip6.InTooBigErrors", "Ip.FragFails", ON, SIX, {"size": 900}, ""),
    ],
)  # fmt: skip
def test_a_cause_of_ipv6_needs_its_own_counter(counter, other, sysctls, routes, sent, reason):
    frame = packet("fd01::2", "fd02::2", **sent)
    assert ended(frame, counters={counter: 1}, sysctls=sysctls, routes=routes).reason == reason
    assert ended(frame, counters={other: 1}, sysctls=sysctls, routes=routes).reason == ""


@pytest.mark.parametrize("kind", ["blackhole", "prohibit", "unreachable", "unicast"])
def test_a_route_whose_type_drops_is_named_without_a_counter(kind):
    route = Route("r", "10.0.2.0/24", interface="eth1", type=kind, text=f"{kind} 10.0.2.0/24")
    result = ended(packet(), routes=(ROUTES[0], route))
    if kind == "unicast":
        assert (result.kind, result.reason) == ("lost-from-sight", "")
    else:
        assert (result.kind, result.reason) == ("dropped", f"the route for 10.0.2.2 is a {kind}")
        assert [e.quote for e in result.evidence] == [f"{kind} 10.0.2.0/24"]


def test_a_setting_that_changed_in_between_is_no_cause():
    result = ended(packet(), counters={"Ip.InAddrErrors": 1}, settings=SETTINGS | {"forwarding": 0}, after=SETTINGS)
    assert (result.kind, result.reason) == ("lost-from-sight", "")


def test_a_frame_for_another_mac_address_names_both_addresses():
    assert ended(packet(mac=OTHER)).reason == f"the frame is addressed to {OTHER}, which r does not have"


def test_martian_addresses_are_dropped():
    assert ended(packet(source="127.0.0.5")).reason.startswith("127.0.0.5 is a loopback address")
    assert ended(packet(source="10.0.2.1")).reason == "its source 10.0.2.1 is an address of r itself"
    assert ended(packet(source="10.0.2.1"), settings=SETTINGS | {"accept_local": 1}).reason == ""


def test_the_routers_own_source_address_is_checked_last():
    off = ended(packet(source="10.0.2.1"), settings=SETTINGS | {"forwarding": 0}, counters={"Ip.InAddrErrors": 1})
    assert off.reason == "r does not forward packets"
    lost = ended(packet(source="10.0.2.1"), routes=ROUTES[:1], counters={"IpExt.InNoRoutes": 1})
    assert lost.reason == "r has no route to 10.0.2.2"


def test_a_packet_sent_into_a_tun_device_is_consumed():
    result = ended(packet(), place="r/tun0", way=2, kind="tun")
    assert (result.kind, result.where, result.reason) == ("consumed", "r/tun0", "the program behind tun0 has it")
    for way, kind in ((1, "tun"), (2, "veth"), (2, "dummy")):
        assert "program" not in ended(packet(), place="r/tun0", way=way, kind=kind).reason


def test_no_cause_is_named_without_a_topology():
    outcome = explain(recording_of(frames_of([("r/eth0", 1, 0, packet(ttl=1))]))).journeys[0].outcome
    assert (outcome.kind, outcome.reason, outcome.evidence) == ("left", "", ())


def test_a_way_back_by_one_of_several_next_hops_passes_the_reverse_path_filter():
    """The counter moved, but not for this packet."""
    for interfaces, passes in ((("eth0", "eth1"), True), (("eth1", "eth2"), False)):
        several = Route("r", "10.0.1.0/24", hops=tuple((f"10.0.{at}.9", name) for at, name in enumerate(interfaces, 5)))
        strict = SETTINGS | {"rp_filter": 1}
        result = ended(
            packet(), settings=strict, counters={"TcpExt.IPReversePathFilter": 3}, routes=(several, ROUTES[1])
        )
        assert ("reverse path" not in result.reason) is passes
    assert (
        result.reason
        == "the reverse path filter: answers to its source 10.0.1.2 would leave by eth1 or eth2, not by eth0"
    )


def test_a_packet_is_too_large_only_if_it_fits_none_of_the_next_hops():
    for interfaces, reason in (
        (("eth0", "eth1"), ""),
        (("eth1", "eth1"), "its 1228 octets do not fit eth1 and must not be fragmented"),
    ):
        several = Route("r", "10.0.2.0/24", hops=tuple((f"10.0.2.{at}", name) for at, name in enumerate(interfaces, 5)))
        result = ended(packet(size=1200), counters={"Ip.FragFails": 1}, routes=(ROUTES[0], several))
        assert result.reason == reason


def test_a_packet_to_a_group_is_not_forwarded_by_the_routes():
    """The counter moved, but not for this packet."""
    off = SETTINGS | {"forwarding": 0}
    assert ended(packet(target="224.0.0.5"), settings=off, counters={"Ip.InAddrErrors": 1}).reason == ""
    assert ended(packet(target="224.0.0.5"), routes=(), counters={"IpExt.InNoRoutes": 1}).reason == ""
