"""A translation without a conntrack entry is accepted only if no other packet is possible and it took no time."""

import numpy as np
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.trace.engine import join
from cnetkit.trace.steps import NAMES, nat
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


def masqueraded(*packets):
    """The parents of packets at the outgoing side of r, each as the source port that it came with, or None.

    `packets`: (direction, client's number, payload); the clients 1 and 2 leave as 203.0.113.1 from the ports 1001 and 1002.
    """
    frames = []
    for at, (way, client, payload) in enumerate(packets):
        source, port, ttl = (f"10.0.0.{client}", 5, 64) if way == 1 else ("203.0.113.1", 1000 + client, 63)
        ip = IP(src=source, dst="192.0.2.9", id=0, flags="DF", ttl=ttl)
        frame = bytes(Ether(src="02::1", dst="02::2") / ip / UDP(sport=port, dport=90) / payload)
        frames.append(("r/eth0" if way == 1 else "r/eth1", way, at * 10_000, frame))
    joined = join(recording_of(frames_of(frames)))
    return [
        packets[parent][1] if parent >= 0 else None
        for parent, (way, *_) in zip(joined.parent, packets, strict=True)
        if way == 2
    ]


ALIKE = [(1, 1, b"alike"), (1, 2, b"alike"), (2, 2, b"alike"), (2, 1, b"alike")]


def test_a_translation_seen_at_one_packet_applies_to_the_rest_of_its_connection():
    """The second client's packet overtook the first one's, so order would mislead."""
    first, second = [(1, 1, b"first"), (2, 1, b"first")], [(1, 2, b"second"), (2, 2, b"second")]
    assert masqueraded(*first, *second, *ALIKE) == [1, 2, 2, 1]
    assert masqueraded(*ALIKE, *first, *second) == [2, 1, 1, 2]
    assert masqueraded(*first, *ALIKE) == [1, 2, 1]
    assert masqueraded(*second, *ALIKE) == [2, 2, 1]


def test_equal_packets_of_two_clients_are_not_joined_if_no_packet_shows_whose_is_whose():
    assert masqueraded(*ALIKE) == [None, None]


def test_a_translation_that_two_packets_show_differently_applies_to_none():
    """The first client's connection was forgotten, and its port changed."""
    first, again = [(1, 1, b"first"), (2, 1, b"first")], [(1, 1, b"again"), (2, 2, b"again")]
    assert masqueraded(*first, *again, *ALIKE)[2:] == [None, None]


def test_a_translation_is_looked_up_by_its_exact_ends():
    keys, values = np.array([3, 5, 9], np.uint64), np.array([30, 50, 90], np.uint64)
    assert nat._lookup(keys, values, np.arange(11, dtype=np.uint64)).tolist() == [0, 0, 0, 30, 0, 50, 0, 0, 0, 90, 0]


def test_a_key_with_several_values_has_none():
    key, value = np.array([5, 3, 5, 3, 9], np.uint64), np.array([50, 30, 51, 30, 90], np.uint64)
    keys, values, beside = nat._single(key, value, np.array([1, 2, 1, 2, 4], np.uint64))
    assert (keys.tolist(), values.tolist(), beside.tolist()) == ([3, 9], [30, 90], [2, 4])
