"""A translation without a conntrack entry is accepted only if no other packet is possible and it took no time."""

from itertools import product
from types import SimpleNamespace

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


FLAGS = ("is_ip", "bridging", "orphan", "at_bridge", "passed", "raised", "incoming")


def candidates(monkeypatch, find):
    """The rows that each call is to pair, of a row for each combination of flags; as sets of the names of flags that are set."""
    rows = list(product((False, True), repeat=len(FLAGS)))
    flags = {name: np.array(column) for name, column in zip(FLAGS, zip(*rows, strict=True), strict=True)}
    kept, calls = np.zeros(len(rows), np.uint64), []
    search = SimpleNamespace(
        identity=SimpleNamespace(hops=np.where(flags["is_ip"], 0, -1).astype(np.int16), packet=kept, ends=kept),
        bridge=kept, tap=kept, frame=np.arange(len(rows)), columns=SimpleNamespace(eth_src=kept.copy()), timing=None,
        incoming=lambda mask: np.flatnonzero(mask & flags["incoming"]),
        outgoing=lambda mask: np.flatnonzero(mask & ~flags["incoming"]),
        **{name: flags[name] for name in ("orphan", "at_bridge", "passed", "raised")},
    )  # fmt: skip

    def named(rows):
        return {tuple(name for name in FLAGS if flags[name][row]) for row in rows}

    def paired(search, parents, children, *keys, half=False):
        calls.append((named(parents), named(children)))
        return nat.NO_PAIRS

    monkeypatch.setattr(nat, "_bridging", lambda search: flags["bridging"])
    monkeypatch.setattr(nat, "translated_pairs", paired)
    monkeypatch.setattr(nat, "pair", lambda *ignored: nat.NO_PAIRS)
    find(search)
    return calls


def combinations(always, free):
    """All combinations of flags that contain `always`, may contain `free`, and no other."""
    chosen = product((False, True), repeat=len(free))
    sets = ({*always, *(name for name, on in zip(free, which, strict=True) if on)} for which in chosen)
    return {tuple(name for name in FLAGS if name in some) for some in sets}


def test_only_ip_of_a_bridge_is_translated_below_it_and_only_rows_without_a_parent_are_found_above(monkeypatch):
    ((below, above),) = candidates(monkeypatch, nat.translated_up)
    assert below == combinations(("is_ip", "bridging", "incoming"), ("orphan",))
    assert above == combinations(("is_ip", "bridging", "incoming", "orphan", "at_bridge"), ("passed", "raised"))


def test_inside_a_bridge_the_bridges_own_output_may_lie_between_both_ports(monkeypatch):
    first, last, direct = candidates(monkeypatch, nat.translated_in_bridge)
    came = combinations(("is_ip", "bridging", "incoming"), ("orphan", "raised"))
    assert first == (came, combinations(("is_ip", "bridging", "orphan", "at_bridge"), ("passed", "raised")))
    below = combinations(("is_ip", "bridging", "orphan"), ("passed", "raised"))
    assert last == (set(), below)
    assert direct == (came, below)


@pytest.mark.parametrize(
    ("bridge", "described", "bridging"),
    [
        ([0, 0, 1, -1], [False] * 4, [True, True, False, False]),
        ([0, 1, 1, -1], [True, False, False, True], [True, True, True, False]),
        ([-1, -1, -1, -1], [True] * 4, [False] * 4),
    ],
)
def test_a_bridge_counts_if_it_has_several_taps_or_is_described(bridge, described, bridging):
    wiring = SimpleNamespace(bridge=np.array(bridge), described=np.array(described))
    assert nat._bridging(SimpleNamespace(wiring=wiring, tap=np.array([3, 2, 1, 0]))).tolist() == bridging[::-1]
