"""Which packets are joined across a gap in the capture, among random frames: decided one by one in plain Python."""

import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Ether

from cnetkit.recording.frames import IN, OUT
from cnetkit.trace.engine import join
from cnetkit.trace.pairing.pairs import NOTHING, Pairs
from cnetkit.trace.steps.uncaptured import LONGEST_NS, across_gap
from tests.trace.loading import frames_of, recording_of

PLACES, MACS = ("a/x", "a/y", "b/x", "b/y", "c/x"), ("02:00:00:00:00:02", "01:00:5e:00:00:02")
ENDS = (
    ("10.0.0.1", "10.0.0.2"),
    ("10.0.0.2", "10.0.0.1"),
    ("10.0.0.1", "10.0.0.3"),
    ("10.0.0.4", "10.0.0.2"),
    ("10.0.0.4", "10.0.0.3"),
)
DELAYS = (0, 1, 1000, 60_000_000, LONGEST_NS - 1, LONGEST_NS, LONGEST_NS + 1)


def octets(kind, number, ttl, ends, mac, memo={}):  # noqa: B006
    key = kind, number, ttl, ends, mac
    if key not in memo:
        source, target = ENDS[ends]
        six = {"src": f"fd00::{source[-1]}", "dst": f"fd00::{target[-1]}", "hlim": ttl}
        packet = {
            "udp": IP(src=source, dst=target, ttl=ttl, id=number) / UDP(sport=7, dport=7),
            "tcp": IP(src=source, dst=target, ttl=ttl, id=0) / TCP(sport=7, dport=7, seq=number),
            "igmp": IP(src=source, dst=target, ttl=ttl, id=number, proto=2) / b"12345678",
            "icmp": IP(src=source, dst=target, ttl=ttl, id=number) / ICMP(),
            "echo": IPv6(**six) / ICMPv6EchoRequest(seq=number),
            "neighbour": IPv6(**six) / ICMPv6ND_NS(tgt="fd00::9"),
            "arp": ARP(),
        }[kind]
        memo[key] = bytes(Ether(src="02:00:00:00:00:01", dst=MACS[mac]) / packet)
    return memo[key]


def random_rows(choice):
    time, rows = 0, []
    kinds = choice.choice(
        (("udp",), ("udp",), ("tcp",), ("echo",), ("igmp",), ("neighbour",), ("udp", "tcp", "icmp", "arp"))
    )
    numbers, ttls = choice.choice(((0,), (1,), (0, 1), (1, 2))), choice.choice(((64,), (64, 63), (64, 63, 62)))
    ends, delays = (
        choice.choice(((0,), (0,), (0, 1), (0, 2), (0, 3), range(5))),
        choice.choice((DELAYS, (1000, 60_000_000))),
    )
    for _ in range(choice.randrange(2, 9)):
        time += choice.choice(delays)
        frame = octets(
            choice.choice(kinds),
            choice.choice(numbers),
            choice.choice(ttls),
            choice.choice(ends),
            choice.random() < 0.1,
        )
        rows.append((choice.choice(PLACES), choice.choice((IN, OUT)), time, frame))
    parents = [-1] * len(rows)
    for child in range(1, len(rows)):
        if choice.random() < 0.25:
            parents[child] = choice.randrange(child)
    return (
        rows,
        parents,
        {child for child in range(len(rows)) if choice.random() < 0.05},
        [choice.randrange(-1, 2) for _ in PLACES],
    )


class Gaps:
    """The rules of `across_gap`; everything is asked of one row, or of one pair of rows."""

    def __init__(self, search):
        self.s, self.count = search, len(search.frame)
        self.packet, self.hops = search.identity.packet.tolist(), search.identity.hops.tolist()
        self.parent, self.node = search.parent.tolist(), search.node.tolist()
        self.tap, self.way, self.time = search.tap.tolist(), search.direction.tolist(), search.time.tolist()
        self.c = {name: getattr(search.columns, name)[search.frame].tolist()
                  for name in ("ttl", "ident", "protocol", "icmp_type", "eth_dst", "version")}  # fmt: skip
        self.timing = replace(search.timing, within=search.node)
        self.ends, self.reverse = search.identity.ends.tolist(), search.identity.reverse(np.arange(self.count)).tolist()
        self.head = [self.parent[n] < 0 and not search.ambiguous[n] for n in range(self.count)]
        self.tail = [n not in self.parent for n in range(self.count)]
        self.pairs = set()
        every = self.candidates()
        for n in every:
            self.head[n] &= not self.c["eth_dst"][n] >> 40 & 1
        same = search.identity
        for part, ranked, rows in (
            (same.ends, True, every),
            (same.source, False, list(filter(self.changes, every))),
            (same.target, False, list(filter(self.changes, every))),
            (None, False, [n for n in every if self.c["protocol"][n] == 6 or self.c["ident"][n]]),
        ):
            self.bridge(
                rows, [(self.packet[n], 0 if part is None else int(part[n])) for n in range(self.count)], ranked
            )

    def changes(self, n):
        if self.c["protocol"][n] == 58:
            return self.c["icmp_type"][n] in (1, 2, 3, 4, 128, 129)
        return self.c["version"][n] and self.c["protocol"][n] != 2

    def candidates(self):
        wanted = set()
        for child in range(self.count):
            before = [n for n in range(child) if self.packet[n] == self.packet[child] and self.tail[n]]
            ip = self.hops[child] >= 0
            if (
                ip
                and self.head[child]
                and before
                and self.possible(before[-1], child)
                and not self.back(before[-1], child)
            ):
                wanted.add(self.packet[child])
        return [n for n in range(self.count) if self.packet[n] in wanted and self.hops[n] >= 0]

    def bridge(self, rows, key, ranked):
        found = []
        for alike in ([n for n in rows if key[n] == one] for one in {key[n] for n in rows}):
            if sum(self.parent[n] < 0 for n in alike) < 2:
                continue
            rank, seen = {}, Counter()
            for n in alike:
                place = self.tap[n], self.way[n]
                rank[n], seen[place] = seen[place], seen[place] + 1
            if len(set(seen.values())) > 1 or (not ranked and max(seen.values()) > 1):
                continue
            for k in range(max(seen.values())):
                sequence = [n for n in alike if rank[n] == k]
                for at, child in enumerate(sequence):
                    before = [n for n in sequence[:at] if self.tail[n]]
                    if self.head[child] and before:
                        found.append((before[-1], child))
        doubtful = {
            self.packet[child] for parent, child in found if self.doubtful(parent, child) or self.back(parent, child)
        }
        for parent, child in found:
            if self.possible(parent, child) and self.packet[child] not in doubtful:
                self.pairs.add((parent, child))
                self.head[child] = self.tail[parent] = False

    def doubtful(self, parent, child):
        return bool(self.timing.doubtful(np.array([parent]), np.array([child]))[0])

    def possible(self, parent, child):
        fallen, took = self.c["ttl"][parent] - self.c["ttl"][child], self.time[child] - self.time[parent]
        if fallen < 0 or took >= LONGEST_NS or self.ends[child] == self.reverse[parent]:
            return False
        return self.node[parent] != self.node[child] or (fallen <= 1 and self.tap[parent] != self.tap[child])

    def back(self, parent, child):
        if self.way[child] != OUT:
            return False
        segment, root = self.s.wiring.segment, parent
        cable = segment[self.tap[child]]
        if (
            self.way[parent] == IN
            and cable >= 0
            and segment[self.tap[parent]] == cable
            and self.hops[parent] == self.hops[child]
        ):
            return True
        while self.parent[root] >= 0:
            root = self.parent[root]
        return self.way[root] == OUT and self.tap[root] == self.tap[child] and self.hops[root] == self.hops[child]


def searched(monkeypatch, rows, parents, ambiguous, segments):
    """The search with these parents, and the pairs found across gaps."""
    found = []

    def preset(search):
        child = np.array([n for n, parent in enumerate(parents) if parent >= 0 and n not in ambiguous], np.int64)
        search.ambiguous[list(ambiguous)] = True
        places = [PLACES.index(f"{tap.node}/{tap.interface}") for tap in frames.taps]
        search.wiring = replace(search.wiring, segment=np.array(segments)[places])
        return Pairs(np.array(parents, np.int64)[child], child, NOTHING, NOTHING)

    def gaps(search):
        expected = Gaps(search).pairs
        pairs = across_gap(search)
        found.append((set(zip(pairs.parent.tolist(), pairs.child.tolist(), strict=True)), expected))
        return pairs

    frames = frames_of(rows)
    monkeypatch.setattr("cnetkit.trace.engine.STEPS", (None, SimpleNamespace(find=preset), SimpleNamespace(find=gaps)))
    join(recording_of(frames))
    return found[0]


def test_pairs_across_gaps_among_random_frames_are_those_that_the_rules_allow_one_by_one(monkeypatch):
    choice, count = random.Random(4), 0
    for _ in range(1200):
        rows, parents, ambiguous, segments = random_rows(choice)
        found, expected = searched(monkeypatch, rows, parents, ambiguous, segments)
        assert found == expected, ([row[:3] for row in rows], parents, ambiguous, segments)
        count += len(found)
    assert count > 200
