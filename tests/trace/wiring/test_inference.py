"""Cables and bridges inferred from frames alone."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.trace.engine import join
from cnetkit.trace.steps import STEPS
from tests.trace.loading import frames_of, recording_of


def test_cables_are_inferred_from_the_order_in_which_a_flood_arrives():
    frame = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / IP(dst="10.0.0.255") / UDP())
    captured = [("a/eth0", 2, 0, frame), ("br/p0", 1, 1, frame)]
    captured += [("br/p1", 2, 2, frame), ("br/p2", 2, 3, frame), ("br/p3", 2, 4, frame), ("br/br0", 1, 5, frame)]
    captured += [("b/eth0", 1, 6, frame), ("c/eth0", 1, 7, frame), ("d/eth0", 1, 8, frame)]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, 0, 1, 1, 1, 1, 2, 3, 4]


def test_each_packet_is_one_journey_if_only_the_outer_side_of_its_tunnel_was_captured():
    def outside(number, ttl, source, target):
        inner = Ether(src="02::5", dst="02::6") / IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=5, dport=6)
        around = IP(src="192.0.2.1", dst="192.0.2.9", id=number, ttl=ttl) / UDP(sport=49152, dport=4789) / VXLAN(vni=42)
        return bytes(Ether(src=source, dst=target) / around / inner)

    captured = []
    for number in range(1, 6):
        first, then = outside(number, 64, "02::1", "02::2"), outside(number, 63, "02::3", "02::4")
        way = [("h1/eth0", 2, first), ("r/eth0", 1, first), ("r/eth1", 2, then), ("h2/eth0", 1, then)]
        captured += [
            (place, direction, number * 10**6 + at * 1000, data) for at, (place, direction, data) in enumerate(way)
        ]
    joined = join(recording_of(frames_of(captured)))
    assert joined.parent.tolist() == [at - 1 if at % 4 else -1 for at in range(20)]


def tunnelled(number):
    """A packet, and the same in a VXLAN tunnel from h1 to h2."""
    inner = Ether(src="02::5", dst="02::6") / IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=5, dport=6)
    outer = Ether(src="02::1", dst="02::2") / IP(src="192.0.2.1", dst="192.0.2.9", id=number)
    return bytes(inner), bytes(outer / UDP(sport=49152, dport=4789) / VXLAN(vni=42) / inner)


@pytest.mark.parametrize(("more", "is_tunnel"), [(0, True), (3, True), (4, False), (9, False)])
@pytest.mark.parametrize("end", ["h1", "h2"])
def test_an_interface_is_a_tunnels_if_at_least_half_of_its_frames_are_seen_wrapped(more, is_tunnel, end):
    way = 2 if end == "h1" else 1
    captured = []
    for number in range(3):
        inner, outer = tunnelled(number)
        pair = [(f"{end}/vxlan0", way, inner), (f"{end}/eth0", way, outer)]
        captured += [
            (place, way, number * 10**6 + at, data)
            for at, (place, way, data) in enumerate(pair if way == 2 else pair[::-1])
        ]
    captured += [(f"{end}/vxlan0", way, 10**9 + n, tunnelled(n)[0]) for n in range(50, 50 + more)]
    frames = frames_of(captured)
    tunnel = join(recording_of(frames)).wiring.tunnel
    assert dict(zip([tap.interface for tap in frames.taps], tunnel.tolist(), strict=True)) == {
        "vxlan0": is_tunnel,
        "eth0": False,
    }


@pytest.mark.parametrize("alone", ["h1/vxlan0", "h2/vxlan0"])
@pytest.mark.parametrize(
    "places",
    [
        ("h1/vxlan0", "h1/eth0", "h2/vxlan0"),
        ("h1/vxlan0", "h2/eth0", "h2/vxlan0"),
        ("h1/vxlan0", "h1/eth0", "h2/eth0", "h2/vxlan0"),
    ],
)
def test_the_ends_of_a_tunnel_are_no_cable_though_both_show_the_same_octets(places, alone):
    """At one end most frames are not seen elsewhere, as if they came from a host that was not captured."""
    captured = []
    for number in range(3):
        frames = [(place, tunnelled(number)["eth0" in place]) for place in places]
        ways = [2 if place.startswith("h1") else 1 for place in places]
        times = [number * 10**6 + at * 1000 for at in range(len(places))]
        captured += [(place, way, time, data) for (place, data), way, time in zip(frames, ways, times, strict=True)]
    captured += [
        (alone, captured[0][1] if alone.startswith("h1") else 1, 10**9 + n, tunnelled(n)[0]) for n in range(50, 60)
    ]
    joined = join(recording_of(frames_of(captured)))
    whole = 3 * len(places)
    assert joined.parent[:whole].tolist() == [at - 1 if at % len(places) else -1 for at in range(whole)]
    steps = [STEPS[step].name for step in joined.step[:whole].tolist()]
    assert "link" not in steps[len(places) - 1 :: len(places)]
    if len(places) == 4:
        assert steps[2::4] == ["link"] * 3
