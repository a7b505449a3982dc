"""How random overlapping segments are cut, and what identification each piece gets: worked out segment by segment."""

import random
import struct
from collections import Counter, defaultdict
from itertools import pairwise

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from cnetkit.recording.columns import decode
from cnetkit.trace.packets.segments import cut_to_match
from cnetkit.trace.packets.units import units_of
from tests.trace.loading import frames_of

BASE, STREAM = 4_294_967_000, bytes(random.Random(2).randrange(256) for _ in range(900))
FIN, PSH, CWR = 1, 8, 128
PLACES = ("a/x", "b/x", "c/x")


class Segment:
    """A frame with octets `begin` to `end` of a stream."""

    def __init__(self, choice, shape, time):
        unit, first, noise, six = shape
        self.time, self.place, self.way, self.ack = (
            time,
            choice.randrange(3),
            choice.choice((1, 2)),
            choice.choice((1, 1, 1, 2)),
        )
        self.begin = choice.randrange(5) * unit
        self.end = self.begin + choice.choice((1, 1, 1, 2, 3, 4)) * unit - (choice.random() < 0.1)
        usual, off = (first + self.begin // unit) & 0xFFFF, choice.choice((0, 1, 3, 9, -1, 30_000))
        self.number = (
            0
            if six
            else choice.choice((usual, usual, first, 0, (usual + off) & 0xFFFF))
            if choice.random() < noise
            else usual
        )
        self.six, self.flags = six, choice.choice((0x10, 0x10, 0x18, 0x11, 0x90, 0x99))

    def octets(self, begin=None, end=None):
        begin, end = self.begin if begin is None else begin, self.end if end is None else end
        tcp = struct.pack(">HHIIBBHHH", 5, 80, (BASE + begin) % 2**32, self.ack, 0x50, self.flags, 8192, 0, 0)
        size = len(tcp) + end - begin
        if self.six:
            head = b"\x86\xdd" + struct.pack(">IHBB16s16s", 6 << 28, size, 6, 64, b"A" * 16, b"B" * 16)
        else:
            head = b"\x08\0" + struct.pack(
                ">BBHHHBBH4s4s", 0x45, 0, 20 + size, self.number, 0, 64, 6, 0, b"AAAA", b"BBBB"
            )
        return bytes(12) + head + tcp + STREAM[begin:end]


OTHERS = (
    bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2", id=5) / UDP() / Raw(STREAM[:80])),
    bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2", id=5) / TCP(ack=1)),
    bytes(Ether(src="02::1", dst="02::2") / IP(src="10.0.0.1", dst="10.0.0.2", id=5, flags="MF")
          / TCP(sport=5, dport=80, seq=BASE, ack=1, flags="A") / Raw(STREAM[:100])),
)  # fmt: skip


def stretches(segments, groups):
    """Segments of one group that overlap each other, directly or by others; sorted by their begin."""
    result = []
    for group in dict.fromkeys(groups):
        reach = None
        for at in sorted((n for n, own in enumerate(groups) if own == group), key=lambda n: segments[n].begin):
            if reach is None or segments[at].begin >= reach:
                result.append([])
            reach = max(segments[at].end, reach or 0)
            result[-1].append(at)
    return result


def uneven(segments, stretch):
    return len({(segments[n].begin, segments[n].end) for n in stretch}) > 1


def resent(segments, groups):
    """Numbers of segments that were sent again in other boundaries."""
    again = set()
    for place in {(s.place, s.way, group) for s, group in zip(segments, groups, strict=True)}:
        widest = None
        there = [n for n, s in enumerate(segments) if (s.place, s.way, groups[n]) == place]
        for n in sorted(there, key=lambda n: (segments[n].begin, segments[n].time)):
            if widest is not None and segments[n].begin < segments[widest].end:
                later = n if segments[n].time > segments[widest].time else widest
                if segments[later].number:
                    again.add(alike(segments[later], groups[later]))
            if widest is None or segments[n].end > segments[widest].end:
                widest = n
    found = {n for n, s in enumerate(segments) if s.number and alike(s, groups[n]) in again}
    for stretch in stretches(segments, groups):
        bounds = defaultdict(set)
        for n in stretch:
            bounds[segments[n].number].add((segments[n].begin, segments[n].end))
        if any(len(each) > 1 for each in bounds.values()):
            found -= set(stretch)
    return found


def alike(segment, group):
    return group, segment.begin, segment.end, segment.number


def expected(segments):
    """Pieces: number of the segment, begin, end and identification."""
    groups = [(s.ack, False) for s in segments]
    if any(uneven(segments, stretch) for stretch in stretches(segments, groups)):
        again = resent(segments, groups)
        groups = [(s.ack, n in again) for n, s in enumerate(segments)]
    chosen = [stretch for stretch in stretches(segments, groups) if uneven(segments, stretch)]
    cuts = defaultdict(set)
    for stretch in chosen:
        for n in stretch:
            cuts[groups[n]].update((segments[n].begin, segments[n].end))
    made = []
    for stretch in chosen:
        pieces = []
        for n in stretch:
            at = sorted(cut for cut in cuts[groups[n]] if segments[n].begin <= cut <= segments[n].end)
            pieces += [(n, *bounds) for bounds in pairwise(at)]
        made.append(pieces)
    return numbered(segments, made)


def numbered(segments, made):
    """The same with identifications, by stretch."""
    counts, confirmed, idents = [], [], []
    for pieces in made:
        usual = min((end - begin for n, begin, end in pieces if end != segments[n].end), default=1 << 16)
        ident = [(segments[n].number + (begin - segments[n].begin) // usual) & 0xFFFF for n, begin, _ in pieces]
        alone = {(b, e): set() for n, b, e in pieces if (b, e) == (segments[n].begin, segments[n].end)}
        for (n, b, e), own in zip(pieces, ident, strict=True):
            if (b, e) == (segments[n].begin, segments[n].end):
                alone[b, e].add(own)
        further = [((b, e), own) for (n, b, e), own in zip(pieces, ident, strict=True) if b > segments[n].begin]
        shown = {place for place, _ in further if place in alone}
        confirmed.append({place for place, own in further if place in shown and own in alone[place]})
        counts.append(len(shown))
        idents.append(ident)
    right, total = sum(map(len, confirmed)), sum(counts)
    result = []
    for pieces, ident, shown, own in zip(made, idents, counts, confirmed, strict=True):
        trusted = shown > 0 and len(own) * 2 >= shown
        if right and right * 2 >= total:
            trusted |= bool(own) or shown < 3 or later(segments, pieces, ident)
        trusted &= not any(odd(segments, pieces, n, begin) for n, begin, _ in pieces)
        result += [(*piece, number if trusted else 0) for piece, number in zip(pieces, ident, strict=True)]
    return sorted(result)


def odd(segments, pieces, n, begin):
    usual = min((end - start for m, start, end in pieces if end != segments[m].end), default=1 << 16)
    return not segments[n].number or (begin - segments[n].begin) % usual > 0


def later(segments, pieces, ident):
    """Whether all frames that show a further piece by itself have higher numbers than all of those pieces."""
    further = [(n, (b, e), own) for (n, b, e), own in zip(pieces, ident, strict=True) if b > segments[n].begin]
    places = {place for _, place, _ in further}
    alone = [own for (n, b, e), own in zip(pieces, ident, strict=True)
             if (b, e) == (segments[n].begin, segments[n].end) and (b, e) in places]  # fmt: skip
    base = segments[further[0][0]].number

    def since(number):
        return (number - base + (1 << 15)) % (1 << 16)

    return min(map(since, alone), default=1 << 16) > max(since(own) for *_, own in further)


def flags(segment, begin, end):
    kept = segment.flags & ~(0 if end == segment.end else FIN | PSH)
    return kept & ~(0 if begin == segment.begin else CWR)


def test_random_segments_are_cut_and_numbered_as_the_rules_say_one_by_one():
    choice, seen = random.Random(11), Counter()
    for _ in range(700):
        shape = (
            choice.choice((40, 60)),
            choice.choice((5, 65_534, 900)),
            choice.choice((0, 0.2, 0.6)),
            choice.random() < 0.05,
        )
        segments = [Segment(choice, shape, 10 * choice.randrange(9)) for _ in range(choice.randrange(1, 9))]
        rest = choice.sample(OTHERS, choice.randrange(3))
        cut = choice.choice((None, None, None, 20))
        rows = [(PLACES[s.place], s.way, s.time, s.octets()[: cut and cut + 54 + 20 * s.six]) for s in segments]
        frames = frames_of([*rows, *(("a/x", 1, 3, octets) for octets in rest)])
        units = cut_to_match(units_of(frames, decode(frames), frames.time_ns))
        c, made = units.columns, range(len(frames), len(units))
        found, behind = [], dict(zip(units.unit.tolist(), units.frame.tolist(), strict=True))
        for unit in made:
            n = behind[unit]
            begin = (int(c.seq[unit]) - BASE) % 2**32
            end = begin + int(c.length[unit])
            found.append((n, begin, end, int(c.ident[unit])))
            s = segments[n]
            assert int(c.flags[unit]) == flags(s, begin, end)
            assert (units.tap[unit], units.direction[unit], units.time[unit]) == (frames.tap[n], s.way, s.time)
            assert c.payload_length[unit] == c.length[unit]
            if cut is None and choice.random() < 0.2:
                alone = decode(frames_of([("a/x", 1, 0, s.octets(begin, end))]))
                assert c.payload_digest[unit] == alone.payload_digest[0]
        pieces = expected(segments)
        assert sorted(found) == pieces, [vars(s) for s in segments]
        if cut is not None and any(segments[n].begin + 20 < end for n, _, end, _ in pieces):
            assert not c.payload_digest[len(frames) :].any()
        assert not units.searched[[n for n, *_ in pieces]].any()
        assert units.searched.sum() == len(frames) - len({n for n, *_ in pieces}) + len(pieces)
        seen.update(bool(number) for *_, number in pieces)
    assert min(seen[True], seen[False]) > 300
