"""A translation without a conntrack entry is accepted only if no other packet is possible and it took no time."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.trace.engine import join
from cnetkit.trace.steps import NAMES
from tests.trace.loading import frames_of, recording_of


def datagram(source, ttl, number=0):
    ip = IP(src=source, dst="192.0.2.9", id=number, flags="DF", ttl=ttl)
    return bytes(Ether(src="02::1", dst="02::2") / ip / UDP(sport=5, dport=90) / b"alike")


@pytest.mark.parametrize(("number", "took", "rule"), [(0, 10**4, "nat"), (7, 4 * 10**8, "nat"), (0, 4 * 10**8, "")])
def test_an_unnumbered_packet_is_translated_at_once_or_is_another_packet(number, took, rule):
    another = datagram("10.0.0.8", 63, 3)  # both places were captured before and after
    joined = join(recording_of(frames_of([
        ("r/eth1", 2, -(10**6), another), ("r/eth0", 1, 0, datagram("10.0.0.6", 64, number)),
        ("r/eth1", 2, took, datagram("203.0.113.1", 63, number)), ("r/eth0", 1, 2 * 10**9, another),
    ])))  # fmt: skip
    assert NAMES[joined.step[2]] == rule
