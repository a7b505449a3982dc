"""A bridge's port is named only if its settings stop this frame."""

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import ForwardingEntry, Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

A, B, C = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0c"
PORT = {"state": 3, "hairpin": False, "isolated": 0, "locked": 0, "flood": 1}
ASK = bytes(Ether(src=A, dst=B) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=53) / b"ask")
KNOWN = (
    ForwardingEntry("d", "pa", A, "br0", text=f"{A} dev pa master br0"),
    ForwardingEntry("d", "pb", B, "br0", text=f"{B} dev pb master br0"),
)


def outcome(seen, a=(), b=(), entries=KNOWN, up=True, **changed):
    """Of a frame from `a` to `b`; `a` and `b` are settings of the bridge's ports that differ from the usual ones."""
    ports = (("pa", "a", PORT | dict(a), True), ("pb", "b", PORT | dict(b), up), ("pc", "c", PORT, True))
    machines = {"a": (A, "10.0.0.1/24"), "b": (B, "10.0.0.2/24"), "c": (changed.get("c", C), "10.0.0.3/24")}
    kinds = {"b": changed.get("kind", "veth")}
    interfaces = (
        Interface("d", "br0", 2, "bridge", "02:00:00:00:00:01", 1500, True),
        *(
            Interface("d", name, 3, "veth", f"02:00:00:00:01:0{peer}", 1500, up, "br0", (peer, "eth0"), details=details)
            for name, peer, details, up in ports
        ),
        *(
            Interface(
                node, "eth0", 2, kinds.get(node, "veth"), mac, 1500, True, peer=("d", f"p{node}"), addresses=(address,)
            )
            for node, (mac, address) in machines.items()
        ),
    )
    topology = Topology(0, tuple(Node(name, "host") for name in "abcd"), interfaces, forwarding=tuple(entries))
    rows = [(place, way, 10 + at, ASK) for at, (place, way) in enumerate(seen)]
    frames = frames_of(rows[::-1] if changed.get("backwards") else rows)
    recording = recording_of(frames, (topology, replace(topology, time_ns=100)))
    recording.captured, recording.selective = changed.get("captured", ()), changed.get("selective", False)
    (journey,) = explain(recording).journeys
    return journey.outcome


STOPPED = ("a/eth0", 2), ("d/pa", 1)
BLOCKED = [
    ({"b": {"state": 0}, "up": False}, "the port pb is down"),
    ({"b": {"state": 4}, "up": False}, "the port pb is down"),
    ({"b": {"state": 4}}, "the bridge's port pb is blocking"),
    ({"b": {"state": 1}}, "the bridge's port pb is listening"),
    ({"b": {"state": 2}}, "the bridge's port pb is learning"),
    ({"a": {"state": 4}}, "the bridge's port pa is blocking"),
    ({"a": {"isolated": 1}, "b": {"isolated": 1}}, "both ports are isolated from one another"),
    ({"a": {"locked": 1}, "entries": KNOWN[1:]}, f"the port pa is locked, and {A} is not registered there"),
    ({"b": {"flood": 0}, "entries": ()},
     "no entry leads to its target, and the port pb, behind which it is, takes no unknown ones (flood off)"),
    ({"b": {"state": 0}, "up": False, "entries": ()}, "the port pb is down"),
    ({"entries": (replace(KNOWN[1], interface="pa"),)},
     "its target is behind the port that it came in by, pa, which is not in hairpin mode"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "reason"), BLOCKED)
def test_the_port_that_stopped_a_frame_is_named(situation, reason):
    found = outcome(STOPPED, **situation)
    assert (found.kind, found.where, found.reason) == ("dropped", "d/pa", reason)


@pytest.mark.parametrize(
    "situation",
    [
        {},
        {"a": {"isolated": 1}},
        {"a": {"locked": 1}},
        {"b": {"flood": 0}},  # an entry leads there
        {"b": {"locked": 1}},  # it does not come in there
        {"b": {"state": 3}, "up": False},
        {"b": {"state": 5}},  # a state that this version has no word for
        {"entries": ()},
    ],
)
def test_a_port_that_lets_the_frame_pass_is_no_cause(situation):
    assert (outcome(STOPPED, **situation).kind, outcome(STOPPED, **situation).reason) == ("lost-from-sight", "")


MISLED = (*STOPPED, ("d/pc", 2), ("c/eth0", 1))


def test_an_entry_that_leads_to_the_wrong_port_is_named_with_who_has_the_address():
    found = outcome(MISLED, entries=(replace(KNOWN[1], interface="pc", text=f"{B} dev pc master br0 static"),))
    assert found.reason.startswith(f"the frame is addressed to {B}, which c does not have: the forwarding table has it")
    assert found.reason.endswith("behind the port d/pc, and b/eth0 has it")
    assert [evidence.source for evidence in found.evidence] == ["c/eth0", "d fdb of br0"]


def test_a_flooded_frame_that_nobody_took_names_the_closed_port_of_its_owner():
    found = outcome(MISLED, entries=KNOWN[:1], b={"state": 0}, up=False)
    assert found.reason == f"no port leads to {B}: the port pb is down, and b/eth0, which has it, is behind it"
    assert outcome(MISLED, entries=KNOWN[:1]).reason.endswith("it was sent to every port, and nobody took it")


def test_two_interfaces_with_one_mac_address_are_named():
    entry = (replace(KNOWN[1], interface="pc", text=f"{B} dev pc master br0"),)
    found = outcome(MISLED, entries=entry, c=B)
    assert (found.kind, found.reason) == ("dropped", "b/eth0, for which it is, has the same MAC address as c/eth0")


def test_an_ipvlan_has_the_mac_address_of_the_interface_below_by_design():
    entry = (replace(KNOWN[1], interface="pc", text=f"{B} dev pc master br0"),)
    assert "same MAC" not in outcome(MISLED, entries=entry, c=B, kind="ipvlan").reason


WRONG = replace(KNOWN[1], interface="pc", text="wrong")
MEANT = ("link", f"eth0 has {C}; the frame is for {B}", "c/eth0", "table")
ENTRY = ("forwarding-entry", "wrong", "d fdb of br0", "table")
NONE = ("forwarding-entry", f"no entry for {B}: sent to every port", "d fdb of br0", "table")
TWINS = ("link", f"c/eth0 and b/eth0 have the same MAC address {B}", "interfaces", "table")
STRAY = f"the frame is addressed to {B}, which c does not have"
LED = f"{STRAY}: the forwarding table has it behind the port d/pc, and b/eth0 has it"
NOBODY = f"no port leads to {B}: it was sent to every port, and nobody took it"
SAME = "b/eth0, for which it is, has the same MAC address as c/eth0"


@pytest.mark.parametrize(
    ("situation", "reason", "evidence"),
    [
        ({"entries": (WRONG,)}, LED, [MEANT, ENTRY]),
        ({"entries": (replace(WRONG, text="earlier"), WRONG)}, LED, [MEANT, ENTRY]),
        ({"entries": (WRONG, replace(WRONG, mac=A, text="of a"))}, LED, [MEANT, ENTRY]),
        ({"entries": (WRONG, KNOWN[1])}, LED, [MEANT, ENTRY]),
        ({"entries": (replace(WRONG, bridge=""),)}, LED, [MEANT, ENTRY]),
        ({"entries": (WRONG,), "kind": "bridge"}, STRAY, [MEANT]),
        ({"entries": (WRONG,), "captured": "abcd"}, LED, [MEANT, ENTRY]),
        ({"entries": (KNOWN[1],)}, STRAY, [MEANT]),
        ({"entries": (KNOWN[1],), "selective": True}, "", []),
        ({"entries": (replace(WRONG, bridge="br9"),)}, NOBODY, [NONE]),
        ({"entries": (replace(WRONG, mac=A),)}, NOBODY, [NONE]),
        ({"entries": ()}, NOBODY, [NONE]),
        ({"entries": (), "selective": True}, "", []),
        ({"entries": (WRONG,), "c": B}, SAME, [TWINS, ENTRY]),
        ({"entries": (KNOWN[1],), "c": B}, SAME, [TWINS]),
        ({"entries": (), "c": B}, SAME, [TWINS]),
        ({"entries": (WRONG,), "c": B, "captured": "abcd"}, "", []),
        ({"entries": (WRONG,), "c": B, "kind": "vlan"}, "", []),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_frame_that_a_bridge_took_to_another_host_is_explained_by_the_tables_only(
    situation, reason, evidence, backwards
):
    """The order of the frames in the file changes nothing."""
    found = outcome(MISLED, backwards=backwards, **situation)
    assert (found.where, found.reason) == ("c/eth0", reason)
    assert [(e.kind, e.quote, e.source, e.strength) for e in found.evidence] == evidence
    assert (found.kind == "dropped") is bool(reason)
