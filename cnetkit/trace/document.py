"""A trace as JSON, version 1: what other programs read. The contract stands in docs/ARCHITECTURE.md.

Written from the columns, a journey at a time; what many hops have in common is encoded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from cnetkit.recording.frames import DIRECTIONS
from cnetkit.trace.changes import COMPARED, changes_of
from cnetkit.trace.complaint import errors
from cnetkit.trace.evidence import gather
from cnetkit.trace.identity import mix

if TYPE_CHECKING:
    from cnetkit.trace.found import Found
    from cnetkit.trace.trace import Trace

FORMAT, VERSION = "cnetkit-trace", 1
JSON = msgspec.json.Encoder()
NOTHING = b"[]"


def encode(trace: Trace) -> bytes:
    """The document, as UTF-8."""
    lost = sum(loss.count for loss in trace.recording.losses if loss.what == "frames")
    head = {"format": FORMAT, "version": VERSION, "frames": len(trace.recording.frames), "lost_by_kernel": lost}
    return b"".join((
        JSON.encode(head)[:-1], b',"journeys":[', b",".join(_journeys(trace.found)),
        b'],"unexplained":', JSON.encode(trace.unexplained), b"}",
    ))  # fmt: skip


def _journeys(found: Found) -> Iterator[bytes]:
    """Each journey of the document."""
    order, begins = found.members
    hops = list(_hops(found, order[begins[0] :] if found.count else order[:0]))
    limits = (begins - begins[0]).tolist()
    for number, (first, last) in enumerate(pairwise(limits)):
        ended = found.outcome(number)
        said = JSON.encode({"id": number, "outcome": ended.kind, "where": ended.where, "reason": ended.reason})
        yield b'%s,"hops":[%s]}' % (said[:-1], b",".join(hops[first:last]))


def _hops(found: Found, frames: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Iterator[bytes]:
    """The hop of each of these frames."""
    seen, joined = found.case.recording.frames, found.joined
    places = [
        [JSON.encode({"node": tap.node, "interface": tap.interface, "direction": way})[1:-1] for way in DIRECTIONS]
        for tap in seen.taps
    ]
    changes, evidence = _changes(found), _evidence(found)
    columns = (seen.tap[frames], joined.direction[frames], seen.time_ns[frames], joined.parent[frames])
    for frame, tap, way, time, parent in zip(frames.tolist(), *(c.tolist() for c in columns), strict=True):
        if parent < 0:
            yield b'{"frame":%d,"parent":null,%s,"time_ns":%d,"changes":[],"evidence":%s}' % (
                frame, places[tap][way], time, evidence(frame, None, tap),
            )  # fmt: skip
        else:
            yield b'{"frame":%d,"parent":%d,%s,"time_ns":%d,"changes":%s,"evidence":%s}' % (
                frame, parent, places[tap][way], time, changes(frame, parent), evidence(frame, parent, tap),
            )  # fmt: skip


def _changes(found: Found) -> Callable[[int, int], bytes]:
    """Encodes a hop's changes; equal ones once."""
    columns, joined, bits = found.joined.columns, found.joined, found.bits
    child = np.flatnonzero(bits)
    names = [getattr(columns, name) for part in COMPARED for name in part]
    origin = joined.parent[child]
    extra = (columns.version, columns.protocol, columns.outer_src_low, columns.outer_dst_low)
    digest = np.zeros(len(bits), np.uint64)
    if len(child):
        rows = [column[at] for column in (*names, *extra) for at in (child, origin)]
        digest[child] = mix(bits[child], *rows)
    keys, set_bits = digest.tolist(), bits.tolist()
    known: dict[int, bytes] = {}

    def changes(frame: int, parent: int) -> bytes:
        if not set_bits[frame]:
            return NOTHING
        key = keys[frame]
        if key not in known:
            known[key] = JSON.encode(changes_of(columns, frame, parent, set_bits[frame]))
        return known[key]

    return changes


def _evidence(found: Found) -> Callable[[int, int | None, int], bytes]:
    """Encodes a hop's evidence; where nothing but frames was recorded it is the same for all steps between two taps."""
    case, rule, bits = found.case, found.joined.rule.tolist(), found.bits.tolist()
    bare = not (case.recording.topologies or case.recording.events or found.joined.columns.depth.any())
    bare = bare and not len(found.joined.units.unit)  # pieces are quoted one by one
    taps = case.recording.frames.tap.tolist() if bare else []
    complains = errors(found.joined.columns)
    known: dict[tuple[int, int, int, int], bytes] = {}

    def evidence(frame: int, parent: int | None, tap: int) -> bytes:
        if not bare:
            said = gather(case, frame, parent)
            return JSON.encode(said) if said else NOTHING
        if parent is None:
            return JSON.encode(gather(case, frame, None)) if complains[frame] else NOTHING
        key = (tap, taps[parent], rule[frame], bits[frame])
        if key not in known:
            known[key] = JSON.encode(gather(case, frame, parent))
        return known[key]

    return evidence
