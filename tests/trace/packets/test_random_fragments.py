"""Which random fragments make up whole datagrams at their interface: put together one by one in plain Python."""

import random
import struct
from collections import defaultdict
from itertools import pairwise

import numpy as np

from cnetkit.recording.columns import decode
from cnetkit.trace.packets.fragments import LATEST_NS, put_together
from cnetkit.trace.packets.units import units_of
from tests.trace.loading import frames_of

PAYLOAD = bytes(random.Random(3).randrange(256) for _ in range(64))
PLACES = ("a/x", "a/y", "b/x")


def octets(number, begin, end, more, six, source=1):
    """A fragment with the octets `begin` to `end` of a datagram of an unknown protocol."""
    part = PAYLOAD[begin:end]
    if six:
        shim = struct.pack(">BBHI", 253, 0, begin | more, number)
        head = struct.pack(">IHBB16s16s", 6 << 28, 8 + len(part), 44, 64, bytes([source]) * 16, b"B" * 16) + shim
        return bytes(12) + b"\x86\xdd" + head + part
    head = struct.pack(
        ">BBHHHBBH4s4s",
        0x45,
        0,
        20 + len(part),
        number,
        begin // 8 | more << 13,
        64,
        253,
        0,
        bytes([source]) * 4,
        b"B" * 4,
    )
    return bytes(12) + b"\x08\0" + head + part


def random_rows(choice):
    """(place, direction, time, number, begin, end, more, six, source, octets cut off)"""
    rows, time, six = [], 0, choice.random() < 0.3
    for _ in range(choice.randrange(1, 6)):
        number, source, place, way = (
            choice.randrange(1, 3),
            choice.choice((1, 1, 1, 2)),
            choice.choice(PLACES),
            choice.choice((1, 2)),
        )
        cuts = sorted({0, *(8 * choice.randrange(1, 5) for _ in range(choice.randrange(1, 4)))})
        parts = [(begin, end, True) for begin, end in pairwise(cuts)] + [
            (cuts[-1], cuts[-1] + choice.choice((8, 5)), False)
        ]
        if choice.random() < 0.3:
            choice.shuffle(parts)
        if choice.random() < 0.3:
            parts.pop(choice.randrange(len(parts)))
        if choice.random() < 0.1 and parts:
            parts.append(choice.choice(parts))
        for begin, end, more in parts:
            time += choice.choice((0, 1, 1, 1, LATEST_NS, LATEST_NS + 1) if choice.random() < 0.2 else (1,))
            rows.append((place, way, time, number, begin, end, more, six, source, choice.random() < 0.03))
    return rows


def expected(rows):
    """Whole datagrams as lists of row numbers by offset, and pairs (fragment, the first one) of those that are incomplete."""
    whole, rest = [], set(range(len(rows)))
    while True:
        groups = [sorted(group, key=lambda n: rows[n][4]) for group in datagrams(rows, sorted(rest))]
        more = [group for group in groups if complete([rows[n] for n in group])]
        if not more:
            return sorted(whole), sorted((n, group[0]) for group in groups for n in group)
        whole += more
        rest -= {n for group in more for n in group}  # without them, the others are counted anew


def datagrams(rows, members):
    """Numbers of the fragments of each: the k-th of each offset belongs to the k-th datagram, between two pauses."""
    last, spell, count, groups = {}, defaultdict(int), defaultdict(int), defaultdict(list)
    spells = {}
    for n in sorted(members, key=lambda n: (rows[n][2], n)):
        place, way, time, number, *_, source, _ = rows[n]
        key = place, way, number, source
        spell[key] += key in last and time - last[key] > LATEST_NS
        last[key], spells[n] = time, (*key, spell[key])
    for n in members:
        where = spells[n], rows[n][4]
        groups[spells[n], count[where]].append(n)
        count[where] += 1
    return groups.values()


def complete(parts):
    begins, ends = [part[4] for part in parts], [part[5] for part in parts]
    more = [part[6] for part in parts]
    return (
        begins == [0, *ends[:-1]]
        and more == [True] * (len(parts) - 1) + [False]
        and not any(part[-1] for part in parts)
    )


def test_random_fragments_are_put_together_if_all_of_a_datagram_is_there():
    choice, count = random.Random(6), 0
    for _ in range(400):
        rows = random_rows(choice)
        captured = []
        for place, way, time, number, begin, end, more, six, source, short in rows:
            frame = octets(number, begin, end, more, six, source)
            captured.append((place, way, time, frame[:-1] if short else frame))
        frames = frames_of(captured)
        units, left = put_together(
            units_of(frames, decode(frames), frames.time_ns), np.zeros(len(frames.taps), np.bool_)
        )
        whole, incomplete = expected(rows)
        made = defaultdict(list)
        for unit, frame in zip(units.unit.tolist(), units.frame.tolist(), strict=True):
            made[unit].append(frame)
        assert sorted(made.values()) == whole, rows
        assert sorted(zip(left[0].tolist(), left[1].tolist(), strict=True)) == incomplete, rows
        for unit, members in made.items():
            c, last = units.columns, rows[members[-1]]
            assert (c.payload_length[unit], bool(c.more[unit]), c.fragment[unit]) == (last[5], False, 0)
            begin = int(c.payload[unit])
            assert units.data[begin : begin + last[5]].tobytes() == PAYLOAD[: last[5]]
            assert units.time[unit] == max(rows[n][2] for n in members)
        count += len(whole)
    assert count > 150
