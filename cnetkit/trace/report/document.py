"""A trace as JSON, version 1, for other programs. The contract is in docs/ARCHITECTURE.md.

Written from columns, a journey at a time; parts that many hops share are encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.frames import DIRECTIONS
from cnetkit.trace.arrays.distinct import Distinct, distinct
from cnetkit.trace.arrays.members import runs
from cnetkit.trace.outcome.endings import OUTCOMES, kinds
from cnetkit.trace.outcome.unsent import Unsent
from cnetkit.trace.query.analysis import Analysis
from cnetkit.trace.report.conversations import Conversations
from cnetkit.trace.unexplained import UnexplainedFrames

FORMAT, VERSION = "cnetkit-trace", 1
COUNTED_FROM = {"frame": 0, "frame.number": 1}
"""`frame` in the document is an index; texts name frames by Wireshark's `frame.number`."""
CHUNK = 1024
"""Journeys encoded at a time: this bounds the memory needed besides the document itself."""
NANOSECONDS = {"begin": "time_ns", "duration": "duration_ns", "round_trip": "round_trip_ns"}
JSON = msgspec.json.Encoder()


def encode(
    analysis: Analysis,
    numbers: NDArray[np.int64],
    unexplained: UnexplainedFrames,
    unsent: Sequence[Unsent],
    lost: int,
    selection: str,
    conversations: Conversations,
) -> bytes:
    """The document, as UTF-8, with the journeys of these `numbers`. `selection` describes them, if they are not all.

    `lost` is the number of frames that the kernel lost.
    """
    frames = len(analysis.recording.frames)
    head = {
        "format": FORMAT,
        "version": VERSION,
        "frames": frames,
        "lost_by_kernel": lost,
        "counted_from": COUNTED_FROM,
    }
    if selection:
        head["selection"] = selection
    if analysis.joined.clocks.notes:  # each hop's time_ns stays the time of its own file
        head["clocks"] = analysis.joined.clocks.notes
    out = BytesIO()  # grows in place; joining would need twice the memory
    out.write(JSON.encode(head)[:-1] + b',"journeys":[')
    for number, part in enumerate(_journeys(analysis, numbers)):
        out.write(b"," * (number > 0) + part)
    out.write(b'],"conversations":[')
    for number, part in enumerate(_conversations(conversations)):
        out.write(b"," * (number > 0) + part)
    out.write(b'],"unexplained":[')
    reasons = [JSON.encode(reason) for reason in unexplained.texts.words]
    for first in range(0, len(unexplained), CHUNK):
        some = slice(first, first + CHUNK)
        rows = zip(unexplained.frames[some].tolist(), unexplained.texts.code[some].tolist(), strict=True)
        encoded = b",".join(b'{"frame":%d,"reason":%s}' % (frame, reasons[code]) for frame, code in rows)
        out.write(b"," * (first > 0) + encoded)
    out.write(b'],"unsent":' + JSON.encode([_unsent(entry) for entry in unsent]) + b"}")
    return out.getvalue()


def _conversations(conversations: Conversations) -> Iterator[bytes]:
    """The conversations, worst first, many at a time."""
    c, values = conversations.columns, conversations.values
    names = [NANOSECONDS.get(name, name) for name in values]
    found = (c.errors > 0) | (sum(c.findings.values()) > 0)
    for first in range(0, len(conversations), CHUNK):
        part = slice(first, first + CHUNK)
        columns = (
            [value.words[code] for code in value.code[part].tolist()]
            if isinstance(value, Distinct)
            else value[part].tolist()
            for value in values.values()
        )
        yield b",".join(
            JSON.encode(
                dict(zip(names, row, strict=True)) | {"findings": c.findings_of(row[0]) if found[row[0]] else ()}
            )
            for row in zip(*columns, strict=True)
        )


def _unsent(entry: Unsent) -> dict[str, object]:
    packet = entry.packet
    ends = {} if packet is None else {"protocol": packet.protocol, "kind": packet.kind, "source": packet.source,
                                      "destination": packet.destination}  # fmt: skip
    return {"node": entry.node, **ends, "count": entry.count, "time_ns": entry.time_ns or None, "hook": entry.hook,
            "reason": entry.reason, "evidence": [_shown(item) for item in entry.evidence]}  # fmt: skip


def _shown(item: Evidence) -> dict[str, str]:
    """Evidence with the fields of version 1."""
    return {"kind": item.kind, "quote": item.quote, "source": item.source, "strength": item.strength}


def _journeys(analysis: Analysis, numbers: NDArray[np.int64]) -> Iterator[bytes]:
    """The journeys with these numbers, many at a time."""
    order, begins = analysis.journeys.members
    rows, limits = runs(begins, numbers)
    ended, hops = _endings(analysis), _hops(analysis, order[rows])
    for first in range(0, len(numbers), CHUNK):
        part, ends = numbers[first : first + CHUNK], limits[first : first + CHUNK + 1]
        encoded = hops(int(ends[0]), int(ends[-1]))
        yield b",".join([
            b'{"id":%d,%s,"hops":[%s]}' % (number, ended(number), b",".join(encoded[begin:end]))
            for number, (begin, end) in zip(part.tolist(), pairwise((ends - ends[0]).tolist()), strict=True)
        ])  # fmt: skip


def _endings(analysis: Analysis) -> Callable[[int], bytes]:
    """Encodes a journey's outcome. Equal outcomes without a reason are encoded once."""
    frames = analysis.recording.frames
    plain, last = analysis.journeys.plain.tolist(), analysis.journeys.ends.last
    keys = (frames.tap[last].astype(np.int64) * len(OUTCOMES) + kinds(analysis.journeys.ends)).tolist()
    cache: dict[int, bytes] = {}

    def ended(number: int) -> bytes:
        encoded = cache.get(keys[number]) if plain[number] else None
        if encoded is None:
            outcome = analysis.journeys.outcome(number)
            encoded = JSON.encode({"outcome": outcome.kind, "where": outcome.where, "reason": outcome.reason})[1:-1]
            if plain[number]:
                cache[keys[number]] = encoded
        return encoded

    return ended


def _hops(analysis: Analysis, frames: NDArray[np.int64]) -> Callable[[int, int], list[bytes]]:
    """Encodes a range of the hops of `frames`: numbers between parts that many hops share."""
    captured, joined = analysis.recording.frames, analysis.joined
    places = captured.tap[frames] * len(DIRECTIONS) + joined.direction[frames]
    place = distinct(places, lambda row: _place(analysis, int(frames[row])))
    changes = distinct(analysis.frames.change_keys[frames], lambda row: JSON.encode(analysis.changes(int(frames[row]))))
    evidence = distinct(analysis.frames.evidence_keys[frames], lambda row: _evidence(analysis, int(frames[row])))

    def why(row: int) -> bytes:
        return b'"changes":%s,"evidence":%s}' % (changes.words[changes.code[row]], evidence.words[evidence.code[row]])

    shared = distinct(changes.code * len(evidence.words) + evidence.code, why)
    whole = (frames, joined.parent[frames], place.code, captured.time_ns[frames], shared.code)
    middle, end = place.words, shared.words

    def hops(first: int, last: int) -> list[bytes]:
        return [
            b'{"frame":%d,"parent":%d,%s,"time_ns":%d,%s' % (frame, parent, middle[at], time, end[why])
            if parent >= 0
            else b'{"frame":%d,"parent":null,%s,"time_ns":%d,%s' % (frame, middle[at], time, end[why])
            for frame, parent, at, time, why in zip(*(column[first:last].tolist() for column in whole), strict=True)
        ]

    return hops


def _evidence(analysis: Analysis, frame: int) -> bytes:
    """A hop's evidence."""
    return JSON.encode([_shown(item) for item in analysis.evidence(frame)])


def _place(analysis: Analysis, frame: int) -> bytes:
    node, interface = analysis.case.place(frame)
    return JSON.encode({"node": node, "interface": interface, "direction": analysis.case.direction(frame)})[1:-1]
