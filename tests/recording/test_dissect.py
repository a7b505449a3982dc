import os

import pytest

from cnetkit.recording.dissect import dissect, layers, packet_list
from cnetkit.recording.frames import Tap

from .conftest import WEB

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def test_a_frame_is_dissected_by_its_link_type(frames_of):
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether

    packet = IP(dst="10.0.0.1") / UDP(dport=53)
    taps = [WEB, Tap("web", "tun0", 101), Tap("web", "odd", 147)]
    frames = frames_of(taps, [(0, 1, 10**9, bytes(Ether(**MACS) / packet)), (1, 1, 2, bytes(packet)), (2, 1, 3, b"x")])
    assert [type(dissect(frames, number)).__name__ for number in range(3)] == ["Ether", "IP", "Raw"]
    assert dissect(frames, 0)[UDP].dport == 53
    assert (dissect(frames, 0).time, dissect(frames, 0).sniffed_on) == (1.0, "web/eth0")
    assert "10.0.0.1" in layers(frames, 1)
    assert len(packet_list(frames)) == 3


@pytest.mark.parametrize("linktype", [1, 101, 113, 276])
def test_hostile_bytes_never_raise(frames_of, linktype):
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.l2 import Ether

    starts = [
        b"",
        b"E",
        bytes(Ether(**MACS) / IP() / TCP()),
        bytes(Ether(**MACS) / IP() / UDP(dport=53)),
        bytes(IP() / UDP(dport=4789)),
    ]
    rows = [(0, 0, 0, start + os.urandom(40)) for start in starts for _ in range(20)] + [(0, 0, 0, b"")]
    frames = frames_of([Tap("x", "y", linktype)], rows)
    assert all(isinstance(layers(frames, number), str) for number in range(len(frames)))
