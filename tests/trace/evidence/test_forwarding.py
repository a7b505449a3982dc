"""Why a bridge chose a port or kept a frame: the entry, a group address, or no entry; nothing where no table was read."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Event, ForwardingEntry, Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

A, B, BRIDGE, PORT = (f"02:00:00:00:00:0{number}" for number in range(1, 5))
BROADCAST, MULTICAST = "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05"
INTERFACES = (
    Interface("r", "br0", 2, "bridge", BRIDGE, up=True),
    Interface("r", "p0", 3, "veth", PORT, up=True, master="br0"),
    Interface("r", "p1", 4, "veth", "02:00:00:00:00:05", up=True, master="br0"),
)


def entry(mac, interface, permanent=False, bridge="br0"):
    return ForwardingEntry("r", interface, mac, bridge, permanent=permanent, text=f"{mac} dev {interface} entry")


def evidence(target, place, entries=(), described=True):
    """Of a frame that came in at p0 and is captured next at `place`: (quote, source, strength) of its forwarding entry."""
    frame = bytes(Ether(src=A, dst=target) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP())
    captured = [("r/p0", 1, 10, frame), (place, 2 if place == "r/p1" else 1, 11, frame)]
    topology = Topology(nodes=(Node("r"),), interfaces=INTERFACES, forwarding=tuple(entries))
    (journey,) = explain(recording_of(frames_of(captured), (topology,) if described else ())).journeys
    return [(e.quote, e.source, e.strength) for e in journey.hops[1].evidence if e.kind == "forwarding-entry"]


def test_a_bridge_keeps_a_frame_for_an_address_of_its_own_and_a_broadcast():
    own = entry(BRIDGE, "br0", permanent=True)
    assert evidence(BRIDGE, "r/br0", [own]) == [(own.text, "r fdb of br0", "table")]
    assert evidence(BROADCAST, "r/br0", [own]) == [
        (f"{BROADCAST} is a broadcast address: the bridge takes it too", "r fdb of br0", "table")
    ]


@pytest.mark.parametrize(
    ("target", "entries"),
    [
        (BRIDGE, []),
        (BRIDGE, [entry(BRIDGE, "br0")]),  # learned, not its own
        (BRIDGE, [entry(BRIDGE, "p0", permanent=True)]),  # a port's
        (BRIDGE, [entry(A, "br0", permanent=True)]),
        (B, [entry(B, "p1")]),  # promiscuous
    ],
)
def test_nothing_is_quoted_for_a_kept_frame_that_no_entry_of_the_bridge_explains(target, entries):
    assert evidence(target, "r/br0", entries) == []


@pytest.mark.parametrize(
    ("target", "entries", "quote"),
    [
        (B, [entry(B, "p1")], f"{B} dev p1 entry"),
        (B, [entry(B, "p1"), entry(A, "p0")], f"{B} dev p1 entry"),
        (B, [entry(A, "p0")], f"no entry for {B}: sent to every port"),
        (B, [entry(B, "p1", bridge="br9"), entry(A, "p0")], f"no entry for {B}: sent to every port"),
        (BROADCAST, [entry(A, "p0")], f"{BROADCAST} is a broadcast address: sent to every port"),
        (MULTICAST, [], f"{MULTICAST} is a multicast address: sent to every port"),
    ],
)
def test_a_port_is_chosen_by_its_entry_or_is_one_of_all(target, entries, quote):
    assert evidence(target, "r/p1", entries) == [(quote, "r fdb of br0", "table")]


@pytest.mark.parametrize(
    ("heard", "forgotten_at", "claimed"),
    [
        ("r/p1", None, False),  # the bridge learned it just before, which the kernel's word may not have told yet
        ("r/p1", 4_000_000_000, False),  # forgotten, then heard again
        ("r/p1", 8_000_000_000, True),  # heard, then forgotten
        ("r/p9", None, True),  # a port of another bridge
        ("x/p1", None, True),  # another node
    ],
)
def test_no_entry_is_claimed_only_where_the_bridge_had_not_heard_of_the_target(heard, forgotten_at, claimed):
    def frame(source, target):
        return bytes(Ether(src=source, dst=target) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP())

    captured = [
        (heard, 1, 5_000_000_000, frame(B, A)),
        ("r/p0", 1, 10_000_000_000, frame(A, B)),
        ("r/p1", 2, 10_000_000_001, frame(A, B)),
    ]
    other = Interface("r", "p9", 9, "veth", "02:00:00:00:00:09", up=True, master="br9")
    topology = Topology(nodes=(Node("r"),), interfaces=(*INTERFACES, other), forwarding=(entry(A, "p0"),))
    events = [] if forgotten_at is None else [Event(forgotten_at, "r", "forwarding", "destroy", entry(B, "p1"))]
    journeys = explain(recording_of(frames_of(captured), (topology,), events)).journeys
    quotes = [e.quote for e in journeys[-1].hops[-1].evidence if e.kind == "forwarding-entry"]
    assert quotes == ([f"no entry for {B}: sent to every port"] if claimed else [])


def test_a_port_is_not_explained_by_an_entry_for_another_port_or_without_a_table():
    assert evidence(B, "r/p1", [entry(B, "p0")]) == []
    assert evidence(B, "r/p1", []) == []


@pytest.mark.parametrize("place", ["r/br0", "r/p1"])
@pytest.mark.parametrize("target", [B, BRIDGE, BROADCAST, MULTICAST])
def test_no_table_is_quoted_if_none_was_read(target, place):
    assert evidence(target, place, described=False) == []
