"""WireGuard: an encrypted packet belongs to the plain one, also behind NAT, and its tunnel's ends join no flows."""

import struct
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.recording import Recording
from cnetkit.recording.frames import IN, LINKTYPE_RAW, OUT, Tap
from cnetkit.trace import explain
from cnetkit.trace.steps import wireguard
from tests.recording.conftest import make_frames

TAPS = [Tap("a", "wg0", LINKTYPE_RAW), Tap("a", "eth0"), Tap("r", "eth0"), Tap("r", "eth1"), Tap("b", "eth0"),
        Tap("b", "wg0", LINKTYPE_RAW)]  # fmt: skip
INSIDE, PUBLIC, PEER = "10.0.0.1", "198.51.100.1", "203.0.113.9"


def plain(port, size):
    return bytes(IP(src="10.9.0.1", dst="10.9.0.2", id=port) / UDP(sport=port, dport=80) / bytes(size))


def encrypted(number, size, source, port, ttl):
    """As WireGuard sends a packet of this size: a head of 16 octets, the packet padded to 16, an authentication tag."""
    padded = -(-size // 16) * 16
    message = struct.pack("<IIQ", 4, 1, number) + bytes([number]) * (padded + 16)
    ip = IP(src=source, dst=PEER, id=900 + number, ttl=ttl)
    return bytes(Ether(src="02::1", dst="02::2") / ip / UDP(sport=port, dport=51820) / message)


def through(number, port, size):
    """(place, direction, frame) of one packet from a to b, whose tunnel r masquerades."""
    inner = plain(port, size)
    near, far = (encrypted(number, len(inner), *outer) for outer in ((INSIDE, 51820, 64), (PUBLIC, 4000, 63)))
    return [(0, OUT, inner), (1, OUT, near), (2, IN, near), (3, OUT, far), (4, IN, far), (5, IN, inner)]


def test_a_tunnel_that_was_masqueraded_on_its_way_joins_no_flows():
    way = [*through(1, 5, 100), *through(2, 6, 200)]
    trace = explain(
        Recording(make_frames(TAPS, [(tap, way, at * 1000, data) for at, (tap, way, data) in enumerate(way)]))
    )
    joined = trace.analysis.joined
    assert joined.parent.tolist() == [-1, 0, 1, 2, 3, 4, -1, 6, 7, 8, 9, 10]
    assert [journey.flow.id for journey in trace.journeys] == [0, 1]
    assert joined.encrypted().tolist() == [False, True, True, True, True, False] * 2


def test_without_the_plain_side_a_tunnel_is_one_flow():
    way = [step for step in (*through(1, 5, 100), *through(2, 6, 200)) if step[0] in (1, 2, 3, 4)]
    trace = explain(
        Recording(make_frames(TAPS, [(tap, way, at * 1000, data) for at, (tap, way, data) in enumerate(way)]))
    )
    assert [journey.flow.id for journey in trace.journeys] == [0, 0]
    assert not trace.analysis.joined.encrypted().any()


def test_another_nodes_tunnel_that_passes_through_is_no_packet_of_the_own_one():
    """b forwards encrypted packets of the same size as those of its own tunnel, which come later."""
    inner = plain(5, 100)
    theirs_in, theirs_out = (encrypted(7, len(inner), "10.7.7.7", 4444, ttl) for ttl in (64, 63))
    own = encrypted(1, len(inner), INSIDE, 51820, 64)
    taps = [Tap("b", "wg0", LINKTYPE_RAW), Tap("b", "eth0"), Tap("b", "eth1")]
    way = [(0, OUT, inner), (2, IN, theirs_in), (1, OUT, theirs_out), (1, OUT, own)]
    trace = explain(
        Recording(make_frames(taps, [(tap, way, at * 1000, data) for at, (tap, way, data) in enumerate(way)]))
    )
    assert trace.analysis.joined.parent.tolist() == [-1, -1, 1, 0]


FLAGS = ("plain", "orphan", "passed", "raised", "message", "incoming")


@pytest.mark.parametrize(
    ("find", "parent", "child"),
    [
        (wireguard.encrypted, {"plain": True, "passed": False, "incoming": False},
         {"plain": False, "orphan": True, "message": True, "incoming": False}),
        (wireguard.decrypted, {"plain": False, "raised": False, "message": True, "incoming": True},
         {"plain": True, "orphan": True, "incoming": True}),
    ],
)  # fmt: skip
def test_only_messages_outside_are_joined_with_packets_at_the_tunnels_interface(monkeypatch, find, parent, child):
    """Of a row for each combination of flags, the ones that may be parent or child."""
    rows = [dict(zip(FLAGS, row, strict=True)) for row in product((False, True), repeat=len(FLAGS))]
    flags = {name: np.array([row[name] for row in rows]) for name in FLAGS}
    search = SimpleNamespace(
        wiring=SimpleNamespace(encrypting=flags["plain"]), tap=np.arange(len(rows)),
        incoming=lambda mask: np.flatnonzero(mask & flags["incoming"]),
        outgoing=lambda mask: np.flatnonzero(mask & ~flags["incoming"]), **{name: flags[name] for name in FLAGS[1:4]},
    )  # fmt: skip
    monkeypatch.setattr(wireguard, "_messages", lambda search: flags["message"])
    monkeypatch.setattr(wireguard, "_plain_size", lambda search, rows: rows)
    monkeypatch.setattr(wireguard, "_encrypted_size", lambda search, rows: rows)
    monkeypatch.setattr(wireguard, "_paired", lambda search, parents, size, children, child_size: (parents, children))
    for chosen, wanted in zip(find(search), (parent, child), strict=True):
        assert chosen.tolist() == [
            at for at, row in enumerate(rows) if all(row[name] == wanted[name] for name in wanted)
        ]
