"""A next hop that did not answer: named if the entry says so and the router asked for it after the packet came."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether

from cnetkit.model import Event, Interface, Neighbour, Node, Route, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

PEER, IN_MAC, OUT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
SECOND = 10**9
FAILED = Neighbour("r", "eth1", "10.0.2.2", state="FAILED")
DIRECT = Route("r", "10.0.2.0/24", interface="eth1", text="10.0.2.0/24 dev eth1")


def outcome(entry=FAILED, asked="10.0.2.2", when=1, read=3, routes=(DIRECT,), six=False):
    """Of a packet that came at second 10; the router asks `when` seconds later, and the entry is read `read` seconds later."""
    interfaces = (
        Interface("r", "eth0", 2, "veth", IN_MAC, 1500, True, addresses=("10.0.1.1/24", "fd01::1/64")),
        Interface("r", "eth1", 3, "veth", OUT_MAC, 1500, True, addresses=("10.0.2.1/24", "fd02::1/64")),
    )
    topology = Topology(0, (Node("r", "router"),), interfaces, routes=routes)
    network = IPv6(src="fd01::2", dst="fd02::2") if six else IP(src="10.0.1.2", dst="10.0.2.2")
    frames = [("r/eth0", 1, 10 * SECOND, bytes(Ether(src=PEER, dst=IN_MAC) / network / UDP()))]
    if asked:
        request = Ether(src=OUT_MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=OUT_MAC, psrc="10.0.2.1", pdst=asked)
        frames.append(("r/eth1", 2, int((10 + when) * SECOND), bytes(request)))
    frames.sort(key=lambda row: row[2])
    events = (Event((10 + read) * SECOND, entry.node, "neighbour", "new", entry),) if entry else ()
    trace = explain(recording_of(frames_of(frames), (topology,), events))
    return next(j.outcome for j in trace.journeys if j.packet.protocol == "udp")


def test_a_next_hop_that_nobody_answered_for_is_named():
    found = outcome()
    assert (found.kind, found.reason) == ("dropped", "nobody answered for 10.0.2.2 at eth1")
    assert [e.quote for e in found.evidence] == ["10.0.2.2 dev eth1 FAILED", "10.0.2.0/24 dev eth1"]
    waiting = outcome(Neighbour("r", "eth1", "10.0.2.2", state="INCOMPLETE"))
    assert (waiting.kind, waiting.reason) == (
        "lost-from-sight",
        "it waits for 10.0.2.2 at eth1, which has not answered",
    )


def test_the_next_hop_of_a_gateways_route_is_the_gateway():
    via = Route("r", "10.0.2.0/24", via="10.0.2.254", interface="eth1", text="10.0.2.0/24 via 10.0.2.254 dev eth1")
    gateway = Neighbour("r", "eth1", "10.0.2.254", state="FAILED")
    assert outcome(gateway, "10.0.2.254", routes=(via,)).reason == "nobody answered for 10.0.2.254 at eth1"
    assert outcome(FAILED, routes=(via,)).reason == ""


@pytest.mark.parametrize(
    "situation",
    [
        {"entry": None},
        {"entry": Neighbour("r", "eth1", "10.0.2.2", mac=PEER, state="REACHABLE")},
        {"entry": Neighbour("r", "eth1", "10.0.2.2", mac=PEER, state="FAILED")},  # it kept the last address
        {"entry": Neighbour("r", "eth1", "10.0.2.3", state="FAILED")},
        {"entry": Neighbour("r", "eth0", "10.0.2.2", state="FAILED")},
        {"entry": Neighbour("other", "eth1", "10.0.2.2", state="FAILED")},
        {"read": 5},  # later than three requests take
        {"asked": ""},
        {"asked": "10.0.2.3"},
        {"when": -1},  # for an earlier packet
        {"when": 4},
        {"routes": ()},
    ],
)
def test_without_an_entry_of_that_time_and_a_request_no_neighbour_is_named(situation):
    assert "10.0.2.2" not in outcome(**situation).reason


def test_of_several_next_hops_one_is_named_only_if_the_others_were_not_asked():
    several = Route("r", "10.0.2.0/24", hops=(("10.0.2.2", "eth1"), ("10.0.2.3", "eth1")), text="10.0.2.0/24 nexthops")
    assert outcome(routes=(several,)).reason == "nobody answered for 10.0.2.2 at eth1"


def test_for_ipv6_the_entry_alone_must_do():
    six = Route("r", "fd02::/64", interface="eth1", text="fd02::/64 dev eth1")
    entry = Neighbour("r", "eth1", "fd02::2", state="FAILED")
    assert outcome(entry, "", routes=(six,), six=True).reason == "nobody answered for fd02::2 at eth1"
    assert outcome(None, "", routes=(six,), six=True).reason == ""
