"""A link carries a frame from one end to the other, and never back to the same end."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Topology
from cnetkit.trace.engine import join
from cnetkit.trace.steps import NAMES
from tests.trace.loading import frames_of, recording_of

FRAME = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / IP(dst="10.0.0.255") / UDP())
WIRED = Topology(interfaces=(
    Interface("a", "eth0", kind="veth", peer=("b", "port")),
    Interface("b", "port", kind="veth", peer=("a", "eth0"), master="br0"),
))  # fmt: skip


def test_a_flood_that_returns_by_the_same_port_is_a_step_of_its_own():
    captured = [("a/eth0", 2, 0, FRAME), ("b/port", 1, 5, FRAME), ("b/port", 2, 9, FRAME), ("a/eth0", 1, 14, FRAME)]
    assert join(recording_of(frames_of(captured), (WIRED,))).parent.tolist() == [-1, 0, 1, 2]


def test_a_cable_does_not_return_a_frame_to_its_sender():
    captured = [("a/eth0", 2, 0, FRAME), ("a/eth0", 1, 14, FRAME)]
    joined = join(recording_of(frames_of(captured), (WIRED,)))
    assert NAMES[joined.step[1]] == "flood"  # returned by a bridge that was not captured


def test_loopback_is_a_link_from_a_node_to_itself():
    captured = [("a/lo", 2, 0, FRAME), ("a/lo", 1, 14, FRAME)]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, 0]


def test_a_packet_received_at_a_loopback_is_not_sent_there_again():
    captured = [("a/lo", 2 - n % 2, n * 9, FRAME) for n in range(8)]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, 0, -1, 2, -1, 4, -1, 6]
