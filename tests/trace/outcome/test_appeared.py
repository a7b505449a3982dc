"""A node that appears and goes while it is captured: what an event tells of it serves its packets, and no others."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Event, Interface, Link, Node, Route, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

ASK, VETH, WEB = (f"02:00:00:00:00:0{number}" for number in range(1, 4))
BEFORE = Topology(
    time_ns=1,
    nodes=(Node("dock"), Node("web", "container", "dock")),
    interfaces=(
        Interface("dock", "docker0", 1, "bridge", "02:00:00:00:00:09", up=True),
        Interface("dock", "vethw", 2, "veth", "02:00:00:00:00:08", up=True, master="docker0", peer=("web", "eth0")),
        Interface("web", "eth0", 2, "veth", WEB, up=True, peer=("dock", "vethw"), addresses=("10.0.0.2/24",)),
    ),
    counters={"dock": {}, "web": {}},
)
AFTER = Topology(time_ns=9_000, nodes=BEFORE.nodes, interfaces=BEFORE.interfaces, counters=BEFORE.counters)


def appearance(at, name="eth0", up=True):
    """What is told of `ask`: in its life, or while it is taken down."""
    peer = ("ask", name) if up else ("dock", name)
    return Event(at, "ask", "node", "new", Topology(
        time_ns=at,
        nodes=(Node("ask", "container", "dock"),),
        interfaces=(
            Interface(peer[0], name, 2, "veth", ASK, up=up, peer=("dock", "vetha"), addresses=("10.0.0.3/24",) if up else ()),
            Interface("dock", "vetha", 5, "veth", VETH, up=True, master="docker0", peer=peer),
        ),
        links=(Link("veth", ("dock", "vetha"), peer),),
        routes=(Route("ask", "10.0.0.0/24", "", "eth0", text="10.0.0.0/24 dev eth0"),) if up else (),
    ))  # fmt: skip


def packet(source, target, sport=1000):
    macs, addresses = {3: ASK, 2: WEB}, IP(src=f"10.0.0.{source}", dst=f"10.0.0.{target}", id=sport)
    return bytes(
        Ether(src=macs[source], dst=macs[target]) / addresses / UDP(sport=sport, dport=9) / f"from port {sport}"
    )


def explained(captured, events):
    return explain(recording_of(frames_of(captured), (BEFORE, AFTER), events)).journeys


REQUEST = [
    ("ask/eth0", 2, 2_000, packet(3, 2)),
    ("dock/vetha", 1, 2_001, packet(3, 2)),
    ("dock/vethw", 2, 2_002, packet(3, 2)),
    ("web/eth0", 1, 2_003, packet(3, 2)),
]


@pytest.mark.parametrize("down", [True, False])
def test_its_packets_are_joined_as_its_cable_was_while_it_was_up(down):
    events = [appearance(1_900), *([appearance(3_000, "vethx", up=False)] if down else [])]
    (journey,) = explained(REQUEST, events)
    assert [(hop.node, hop.interface) for hop in journey.hops] == [tuple(item[0].split("/")) for item in REQUEST]
    assert [item.kind for item in journey.hops[1].evidence] == ["link"]
    assert "route" in [item.kind for item in journey.hops[0].evidence]


@pytest.mark.parametrize(("seen_at", "outcome"), [(1_500, "left"), (2_500, "lost-from-sight")])
def test_what_was_sent_to_it_before_it_was_captured_has_left(seen_at, outcome):
    late = [
        ("web/eth0", 2, seen_at, packet(2, 3, 7)),
        ("dock/vethw", 1, seen_at + 1, packet(2, 3, 7)),
        ("dock/vetha", 2, seen_at + 2, packet(2, 3, 7)),
    ]
    journeys = explained(sorted([*REQUEST, *late], key=lambda item: item[2]), [appearance(1_900)])
    assert {journey.outcome.kind for journey in journeys if journey.packet.ends.source == "10.0.0.2"} == {outcome}


def test_what_arrives_at_its_own_addresses_is_not_held_against_it():
    answer = [
        ("web/eth0", 2, 2_100, packet(2, 3)),
        ("dock/vethw", 1, 2_101, packet(2, 3)),
        ("dock/vetha", 2, 2_102, packet(2, 3)),
        ("ask/eth0", 1, 2_103, packet(2, 3)),
    ]
    *_, journey = explained([*REQUEST, *answer], [appearance(1_900), appearance(3_000, "vethx", up=False)])
    assert journey.outcome.kind in ("arrived", "delivered")
    assert journey.outcome.where == "ask/eth0"


def test_other_nodes_keep_their_own_tables():
    routes = (Route("web", "10.0.0.0/24", "", "eth0", text="10.0.0.0/24 dev eth0 web"),)
    before = Topology(1, BEFORE.nodes, BEFORE.interfaces, routes=routes, counters=BEFORE.counters)
    answer = [("web/eth0", 2, 2_100, packet(2, 3))]
    recording = recording_of(frames_of([*REQUEST, *answer]), (before, AFTER), [appearance(1_900)])
    *_, journey = explain(recording).journeys
    assert [item.quote for item in journey.hops[0].evidence if item.kind == "route"] == ["10.0.0.0/24 dev eth0 web"]
