"""What frames alone tell of cables and bridges."""

from loading import frames_of, recording_of
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.trace.engine import join


def test_a_flood_tells_of_its_cables_by_the_order_of_arrival():
    frame = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / IP(dst="10.0.0.255") / UDP())
    seen = [("a/eth0", 2, 0, frame), ("br/p0", 1, 1, frame)]
    seen += [("br/p1", 2, 2, frame), ("br/p2", 2, 3, frame), ("br/p3", 2, 4, frame), ("br/br0", 1, 5, frame)]
    seen += [("b/eth0", 1, 6, frame), ("c/eth0", 1, 7, frame), ("d/eth0", 1, 8, frame)]
    assert join(recording_of(frames_of(seen))).parent.tolist() == [-1, 0, 1, 1, 1, 1, 2, 3, 4]
