"""Where journeys among random frames end, whether they arrived, and whether more was to be expected: decided one by one."""

import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.layers.vxlan import VXLAN

from cnetkit.model import Event, Interface, Node, Topology
from cnetkit.recording.frames import IN, OUT, Tap
from cnetkit.trace.engine import join
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.outcome.outcome import ends
from cnetkit.trace.pairing.pairs import NOTHING, Pairs
from tests.trace.loading import frames_of, recording_of

PLACES = (("a", "eth0"), ("a", "lo"), ("b", "eth0"), ("b", "br0"), ("b", "port"), ("c", "eth0"))
MACS = {place: f"02:00:00:00:00:0{at + 1}" for at, place in enumerate(PLACES)}
LINKS = tuple(MACS.values())
TARGETS = (*LINKS[:5], "01:00:5e:00:00:01", "01:80:c2:00:00:0e", "01:80:c2:00:00:10", "ff:ff:ff:ff:ff:ff")
OWNED = {"a": ("10.0.0.1", "fd00::1"), "b": ("10.0.0.2", "fd00::2"), "c": ("10.0.0.3",)}
FOUR, SIX = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1", "126.0.0.1"), ("fd00::1", "fd00::2", "::1", "1::1")
KINDS = ("four", "four", "four", "six", "arp", "ns", "plain", "vxlan", "part")
INITIAL = (64, 128, 255)


def octets(choice, addresses=FOUR, macs=LINKS, targets=TARGETS, kinds=KINDS):
    """A frame, and the address that it asks for."""
    kind = choice.choice(kinds)
    link = Ether(src=choice.choice(macs), dst=choice.choice(targets))
    ttl = choice.choice((64, 64, 63, 255, 32, 128, 33))
    four = IP(src=choice.choice(addresses), dst=choice.choice(addresses), ttl=ttl, id=choice.randrange(3)) / UDP(
        sport=1, dport=choice.randrange(2)
    )
    six = {"src": choice.choice(SIX), "dst": choice.choice(SIX), "hlim": ttl}
    asked = {"arp": choice.choice(FOUR[:3]), "ns": choice.choice(SIX[:2])}
    inner = Ether(src=MACS["a", "lo"], dst=link.dst) / four
    packet = {
        "four": four, "six": IPv6(**six) / UDP(),
        "arp": ARP(op=choice.choice((1, 2)), psrc="10.0.0.9", pdst=asked["arp"]),
        "ns": IPv6(**six) / ICMPv6ND_NS(tgt=asked["ns"]), "plain": b"\x00" * 40,
        "vxlan": IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1, dport=4789) / VXLAN(vni=1) / inner,
        "part": IP(src="10.0.0.1", dst="10.0.0.2", id=choice.randrange(5, 9), flags="MF", ttl=ttl) / (b"12345678" * 3),
    }[kind]  # fmt: skip
    if kind == "plain":
        link.type = 0x88B5
    return bytes(link / packet), asked.get(kind, "")


def pools(choice):
    """Many frames of all kinds, and some that are about few addresses."""
    yield [octets(choice) for _ in range(300)], PLACES
    few_kinds = ("four", "four", "plain")
    yield [octets(choice, targets=TARGETS[-1:], kinds=("arp", "ns", "ns")) for _ in range(30)], PLACES
    for _ in range(2):
        yield [octets(choice, FOUR[3:] + FOUR[:1], kinds=few_kinds) for _ in range(30)], PLACES[:2]
    for at in (0, 1, 2, 3) * 3:
        macs = tuple(choice.sample(list(MACS.values()), 2))
        few = choice.sample(FOUR[:3], 2), macs, (*macs, TARGETS[-1])
        yield [octets(choice, *few, few_kinds) for _ in range(30)], PLACES[at : at + 2]


def topology(choice):
    nodes = [node for node in OWNED if choice.random() < 0.7]
    interfaces = []
    for place in PLACES:
        node, name = place
        if node in nodes and choice.random() < 0.8:
            own = tuple(f"{address}/24" for address in OWNED[node]) if name in ("eth0", "br0") else ()
            peer = {("a", "eth0"): ("b", "port"), ("b", "port"): ("a", "eth0")}.get(place)
            interfaces.append(Interface(
                node, name, 2, {"br0": "bridge", "lo": "loopback"}.get(name, "veth"), MACS[place], 1500, True,
                master="br0" if name == "port" else None, peer=peer, addresses=own,
            ))  # fmt: skip
    return Topology(0, tuple(Node(node, "host") for node in nodes), tuple(interfaces))


def random_recording(choice, pool):
    frames, places = pool
    rows = [choice.choice(frames) for _ in range(choice.randrange(1, 10))]
    time = 0
    captured = []
    for frame, _ in rows:
        time += choice.choice((0, 10, 10))
        captured.append((*choice.choice(places), choice.choice((IN, IN, OUT)), time, frame))
    frames = frames_of([(f"{node}/{name}", way, at, frame) for node, name, way, at, frame in captured])
    names = [(tap.node, tap.interface) for tap in frames.taps]
    every = [*names, *(place for place in PLACES if place not in names and choice.random() < 0.4)]
    frames = replace(frames, taps=tuple(Tap(*place, 1) for place in every))
    topologies = (topology(choice),) if choice.random() < 0.6 else ()
    recording = recording_of(frames, topologies)
    if choice.random() < 0.2:
        recording.captured = tuple(choice.sample(list(OWNED), 2))
    recording.filter = "udp" if choice.random() < 0.2 else ""
    if choice.random() < 0.4:
        there = Topology(15, (Node("c", "container"),), ())
        recording.events = tuple(
            Event(choice.choice((5, 15, 25)), node, "node", "new", there) for node in choice.sample(list(OWNED), 2)
        )
    return recording, [asked for _, asked in rows]


def joined_at_random(choice, recording, monkeypatch):
    def find(search):
        count = len(search.frame)
        child = [n for n in range(1, count) if choice.random() < 0.5]
        search.ambiguous[[n for n in range(count) if n not in child and choice.random() < 0.1]] = True
        return Pairs(
            np.array([choice.randrange(n) for n in child], np.int64), np.array(child, np.int64), NOTHING, NOTHING
        )

    monkeypatch.setattr("cnetkit.trace.engine.STEPS", (None, SimpleNamespace(find=find)))
    return join(recording)


class Endings:
    """The rules of `ends`; everything is asked of one frame."""

    def __init__(self, recording, joined, asked):
        self.recording, self.joined, self.w, self.asked_for = recording, joined, joined.wiring, asked
        frames = recording.frames
        names = ("version", "protocol", "ethertype", "ttl", "depth", "eth_src", "eth_dst", "outer_eth_src", "outer_eth_dst",
                 "src_high", "src_low", "dst_high", "dst_low", "sport", "dport", "for_other")  # fmt: skip
        self.c = [
            SimpleNamespace(**{name: int(getattr(joined.columns, name)[n]) for name in names})
            for n in range(len(frames))
        ]
        self.parent, self.journey = joined.parent.tolist(), joined.journey.tolist()
        self.way, self.tap, self.time = joined.direction.tolist(), frames.tap.tolist(), frames.time_ns.tolist()
        self.node = [frames.taps[tap].node for tap in self.tap]
        self.every = range(len(frames))
        self.rank = {n: rank for rank, n in enumerate(joined.order.tolist())}
        self.owned = {(i.node, a.split("/")[0]) for t in (*(e.subject for e in recording.events), *recording.topologies)
                      for i in t.interfaces for a in i.addresses}  # fmt: skip
        self.begins = [n for n in self.every if self.parent[n] < 0 and self.way[n] == OUT and not joined.ambiguous[n]]
        self.came = [n for n in self.every if self.way[n] == IN and (self.parent[n] < 0 or self.away(n))]

    def first(self, journey):
        return min((n for n in self.every if self.journey[n] == journey), key=self.rank.get)

    def away(self, n):
        return self.journey[n] >= 0 and self.node[n] != self.node[self.first(self.journey[n])]

    def leaf(self, n):
        return self.journey[n] >= 0 and n not in self.parent

    def address(self, n, end):
        return getattr(self.c[n], f"{end}_high") << 64 | getattr(self.c[n], f"{end}_low")

    def owns(self, n, value):
        return any(node == self.node[n] and number(address) == value for node, address in self.owned)

    def source(self, n):
        return self.c[n].outer_eth_src if self.c[n].depth else self.c[n].eth_src

    def macs(self, tap):
        """The sources of what begins at an interface."""
        return {self.source(n) for n in self.begins if self.tap[n] == tap}

    def sender_begins_here(self, n):
        """Whether packets from this packet's destination begin at its node, and none came in there."""
        target = self.address(n, "dst")
        ours = [
            m
            for m in self.every
            if self.node[m] == self.node[n] and self.c[m].version and self.address(m, "src") == target
        ]
        starts = [
            m
            for m in ours
            if m in self.begins
            and not self.c[m].depth
            and self.c[m].ttl in INITIAL
            and len(self.macs(self.tap[m])) == 1
        ]
        return bool(starts) and not any(m in self.came for m in ours)

    def only_mac(self, n):
        macs = self.macs(self.tap[n])
        if len(macs) != 1:
            return 0
        (mac,) = macs
        return 0 if any(self.node[m] == self.node[n] and self.source(m) == mac for m in self.came) else mac

    def loops(self, n):
        lo = self.recording.frames.taps[self.tap[n]].interface == "lo"
        return self.way[n] == IN and not self.c[n].depth and self.loopback(n, "dst") and (lo or self.loopback(n, "src"))

    def loopback(self, n, end):
        value = self.address(n, end)
        return value >> 24 == 127 if self.c[n].version == 4 else self.c[n].version == 6 and value == 1

    def port(self, n):
        return self.w.bridge[self.tap[n]] >= 0 and not self.w.is_bridge[self.tap[n]]

    def ignored(self, n):
        target = self.c[n].outer_eth_dst if self.c[n].depth else self.c[n].eth_dst
        own = int(self.w.address[self.tap[n]])
        other = (
            self.way[n] == IN and own > 0 and target > 0 and target != own and not target >> 40 & 1 and not self.port(n)
        )
        return other or self.c[n].for_other

    def arrived(self, n):
        """Whether it arrived, and whether that is inferred."""
        c, own = self.c[n], int(self.w.address[self.tap[n]])
        if not self.leaf(n) or self.way[n] != IN or c.for_other or self.joined.incomplete[n] or c.depth:
            return False, False
        group, unknown = c.eth_dst >> 40 & 1, not self.w.described[self.tap[n]]
        meant = group or own == 0 or c.eth_dst in (own, 0) or self.port(n)
        sure = (c.version and self.owns(n, self.address(n, "dst")) and meant) or self.loops(n)
        wanted = group and c.eth_dst >> 4 != 0x0180C2000000 >> 4
        guessed = c.version and unknown and self.sender_begins_here(n)
        here = not c.version and not group and (own == c.eth_dst or (unknown and self.only_mac(n) == c.eth_dst))
        return bool(sure or wanted or guessed or here), bool((guessed or here) and not sure and not wanted and unknown)

    def score(self, n):
        asked = self.asked_for[n] and self.owns(n, number(self.asked_for[n]))
        arrived = 2 + 2 * bool(asked) + self.away(n) if self.arrived(n)[0] else 0
        return arrived + self.leaf(n) + (self.leaf(n) and not self.ignored(n)), self.rank[n]

    def captured(self, tap):
        if self.recording.captured:
            return self.recording.frames.taps[tap].node in self.recording.captured
        return tap in self.tap or bool(self.w.described[tap])

    def expected(self, n):
        segment, taps = int(self.w.segment[self.tap[n]]), range(len(self.recording.frames.taps))
        far = [tap for tap in taps if tap != self.tap[n] and self.w.segment[tap] == segment >= 0 and self.captured(tap)]
        known = self.w.described[self.tap[n]] and self.captured(self.tap[n]) and not self.recording.filter
        more = (far and self.way[n] == OUT) or (known and self.way[n] == IN)
        more = more or any(self.kind(parent) == self.kind(n) for parent in self.parent if parent >= 0)
        more = more or (self.joined.incomplete[n] and not self.recording.filter)
        return bool(more) and not self.c[n].for_other and not self.early(n)

    def kind(self, n):
        c = self.c[n]
        return (
            self.tap[n],
            self.way[n],
            c.version,
            c.protocol,
            c.depth,
            self.address(n, "src"),
            c.sport,
            self.address(n, "dst"),
            c.dport,
        )

    def early(self, n):
        begun = {}
        for event in self.recording.events:
            begun.setdefault(event.node, event.time_ns)
        cable = self.w.segment[self.tap[n]]
        there = [
            tap.node
            for tap, segment in zip(self.recording.frames.taps, self.w.segment, strict=True)
            if segment == cable >= 0
        ]
        return self.way[n] == OUT and any(self.time[n] < begun.get(node, 0) for node in there)

    def of(self, journey):
        mine = [n for n in self.every if self.journey[n] == journey]
        last = max(mine, key=self.score)
        arrived, guessed = self.arrived(last)
        forked = len({self.tap[n] for n in mine if self.leaf(n)}) > 1
        alone = arrived and self.loops(last) and not self.recording.topologies
        return last, arrived, self.expected(last), forked, alone, guessed


def number(address):
    return int.from_bytes(IPv6(src=address).build()[8:24] if ":" in address else IP(src=address).build()[12:16], "big")


def test_the_ends_of_random_journeys_are_those_that_the_rules_give_frame_by_frame(monkeypatch):
    choice, count = random.Random(8), Counter()
    kinds = list(pools(choice))
    for _ in range(700):
        recording, asked = random_recording(choice, choice.choice(kinds))
        joined = joined_at_random(choice, recording, monkeypatch)
        result, judge = ends(Case(recording, joined)), Endings(recording, joined, asked)
        columns = (result.last, result.arrived, result.expected, result.forked, result.looped, result.inferred)
        found = list(zip(*(column.tolist() for column in columns), strict=True))
        assert found == [judge.of(journey) for journey in range(joined.journeys())], recording
        for _, *flags in found:
            count.update(
                name
                for name, flag in zip(("arrived", "expected", "forked", "looped", "inferred"), flags, strict=True)
                if flag
            )
    assert min(count.values()) > 5
    assert len(count) == 5
