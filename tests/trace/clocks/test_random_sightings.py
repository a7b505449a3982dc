"""Packets that two clocks captured, among random frames: found one by one in plain Python."""

import random
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.recording.columns import decode
from cnetkit.recording.frames import IN, OUT, Tap
from cnetkit.trace.clocks.sightings import by_two_clocks
from tests.trace.loading import frames_of

PLACES = (("a", "x", 0), ("a", "y", 0), ("b", "x", 1), ("b", "y", 1), ("c", "x", 2), ("c", "y", 3))
"""Node, interface and clock: those of c have one each."""
NODES, CLOCKS = [0, 0, 1, 1, 2, 2], [clock for *_, clock in PLACES]


def datagram(number, ttl, back, wrapped):
    ends = ("10.0.0.2", "10.0.0.1") if back else ("10.0.0.1", "10.0.0.2")
    inner = Ether(src="02::1", dst="02::2") / IP(src=ends[0], dst=ends[1], id=number, ttl=ttl) / UDP(sport=1, dport=1)
    return bytes(
        Ether(src="02::3", dst="02::4") / IP(src="192.0.2.1", dst="192.0.2.2") / UDP() / VXLAN(vni=5) / inner
        if wrapped
        else inner
    )


OTHERS = (
    b"", bytes(Ether(src="02::1", dst="02::2") / ARP()),
    bytes(Ether(src="02::1", dst="02::2") / Dot1Q(vlan=3) / IP(src="10.0.0.9") / UDP())[:20],
)  # fmt: skip
"""Frames that are no IP packets, or cut before their headers end."""
WAYS = ((IN, OUT), (IN, OUT), (0, IN, OUT), (0,))


def random_frames(choice):
    packets, ways = choice.choice((1, 2, 4)), choice.choice(WAYS)
    ttls, back, wrapped = (
        choice.choice(((64,), (64, 63), (64, 63, 62))),
        choice.choice((0, 0.5)),
        choice.choice((0, 0, 0.3)),
    )
    rows = []
    if choice.random() < 0.3:
        return unknown_directions(choice)
    for _ in range(choice.randrange(2, 12)):
        kind = (
            choice.randrange(1, packets + 1),
            choice.choice(ttls),
            choice.random() < back,
            choice.random() < wrapped,
        )
        rows.append((choice.randrange(len(PLACES)), choice.choice(ways), choice.randrange(9) * 100, kind))
    return [row if choice.random() > 0.04 else (*row[:3], choice.choice(OTHERS)) for row in rows]


def unknown_directions(choice):
    """Packets of both directions, each at a few interfaces, with delays that are often equal."""
    rows, taps = [], choice.sample(range(len(PLACES)), 3)
    for number in range(1, choice.randrange(3, 6)):
        kind = (number, 64, choice.random() < 0.5, False)
        rows += [(tap, 0, choice.randrange(3) * 100, kind) for tap in choice.sample(taps, choice.choice((2, 2, 3)))]
    return rows


def expected(rows):
    """Pairs of frame numbers: captured earlier, and later."""
    rows = [(*row, n) for n, row in enumerate(rows) if not isinstance(row[3], bytes)]
    number = [kind[0] for *_, kind, _ in rows]
    captured = Counter((tap, way, kind) for tap, way, _, kind, _ in rows)
    repeated = {kind[0] for tap, way, _, kind, _ in rows if captured[tap, way, kind] > 1}
    clocks = {packet: {CLOCKS[row[0]] for row in rows if row[3][0] == packet} for packet in number}
    rows = [row for row in rows if row[3][0] not in repeated and len(clocks[row[3][0]]) > 1]
    found = []
    for a, b in visits(rows, lambda kind: kind):
        if a.node != b.node:
            found += pairs(a, b, *by_direction(a, b))
    for a, b in visits(rows, lambda kind: kind[0]):
        found += pairs(a, b, max(b.ttls) < min(a.ttls), max(a.ttls) < min(b.ttls))
    open_ = [(a, b) for a, b in visits(rows, lambda kind: kind) if a.node != b.node and not a.way and not b.way]
    gaps = {}
    for a, b in open_:
        gaps.setdefault((a.tap, b.tap, a.back), []).append(b.time - a.time)
    for a, b in open_:
        there, again = (gaps.get((a.tap, b.tap, back)) for back in (a.back, not a.back))
        if there and again:
            mean, other = sum(there) / len(there), sum(again) / len(again)
            found += pairs(a, b, mean > other, mean < other)
    return sorted(found)


class Visit:
    """The frames of a packet that one clock of one node captured."""

    def __init__(self, rows):
        rows = sorted(rows, key=lambda row: (row[2], row[4]))
        self.tap, self.way, self.time, kind, self.first = rows[0]
        self.node, self.back, self.ttls = NODES[self.tap], kind[2], [rows[0][3][1], rows[-1][3][1]]
        self.sent = [row[4] for row in rows if row[1] == OUT]
        self.left = rows[-1][4] if not self.sent else self.sent[0] if len(self.sent) == 1 else self.first


def visits(rows, key):
    """All pairs of visits of one packet, at different clocks; at the places in their order."""
    at = {}
    for row in rows:
        place = NODES[row[0]] * len(PLACES) + CLOCKS[row[0]]
        at.setdefault(key(row[3]), {}).setdefault(place, []).append(row)
    for places in at.values():
        there = [Visit(places[place]) for place in sorted(places)]
        yield from ((a, b) for a, b in combinations(there, 2) if CLOCKS[a.tap] != CLOCKS[b.tap])


def by_direction(a, b):
    return (
        a.way == OUT or (b.way == IN and not b.sent),
        b.way == OUT or (a.way == IN and not a.sent),
    )


def pairs(a, b, from_a, from_b):
    if from_a == from_b:
        return []
    return [(a.left, b.first)] if from_a else [(b.left, a.first)]


def test_sightings_among_random_frames_are_those_that_the_rules_give_one_by_one():
    choice, count = random.Random(5), 0
    octets = {}
    for _ in range(1500):
        rows = random_frames(choice)
        for *_, kind in rows:
            if kind not in octets:
                octets[kind] = kind if isinstance(kind, bytes) else datagram(*kind)
        frames = frames_of([(str(tap) + "/x", way, time, octets[kind]) for tap, way, time, kind in rows])
        number = [int(tap.node) for tap in frames.taps]
        frames = replace(frames, taps=tuple(Tap(*PLACES[n][:2], 1, str(CLOCKS[n])) for n in number))
        clock, node = (np.array([values[n] for n in number], np.int64) for values in (CLOCKS, NODES))
        result = by_two_clocks(frames, decode(frames), clock, node)
        pairs_found = sorted(zip(result.early.tolist(), result.late.tolist(), strict=True))
        assert pairs_found == expected(rows), rows
        count += len(pairs_found)
    assert count > 1000
