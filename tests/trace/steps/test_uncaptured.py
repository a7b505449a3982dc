"""A gap in the capture is bridged only if no other packet is possible."""

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from cnetkit.trace.engine import join
from tests.trace.loading import frames_of, recording_of


def frame(number, ttl=64, src="10.0.0.1", dst="10.0.0.2", mac="02:00:00:00:00:01"):
    return bytes(Ether(src=mac, dst="02:00:00:00:00:02") / IP(src=src, dst=dst, id=number, ttl=ttl) / UDP() / Raw(b"x"))


def test_the_same_packet_further_on_continues_its_journey():
    later = frame(1, ttl=62, mac="02:00:00:00:00:09")
    assert join(recording_of(frames_of([("a/eth0", 2, 0, frame(1)), ("b/eth0", 1, 9, later)]))).parent.tolist() == [
        -1,
        0,
    ]


def test_a_packet_with_a_higher_ttl_is_another_packet():
    captured = [("a/eth0", 2, 0, frame(1, ttl=62)), ("b/eth0", 1, 9, frame(1, ttl=64, mac="02:00:00:00:00:09"))]
    assert join(recording_of(frames_of(captured))).parent.tolist() == [-1, -1]


def test_a_reply_is_not_joined_to_its_request():
    back = frame(1, src="10.0.0.2", dst="10.0.0.1")
    assert join(recording_of(frames_of([("a/eth0", 2, 0, frame(1)), ("b/eth0", 2, 9, back)]))).parent.tolist() == [
        -1,
        -1,
    ]
