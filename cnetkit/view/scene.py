"""The Scene: versioned plain JSON that every picture is drawn from, a pure function of a Trace or of a Topology.

Columns where there are many rows, words once each. What is not drawn is counted in `left_out`, in sentences; the trace
loses nothing by it. The contract stands in docs/viewer.md.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence, Topology
from cnetkit.trace.arrays.distinct import distinct
from cnetkit.trace.arrays.members import runs
from cnetkit.trace.outcome.endings import OUTCOMES
from cnetkit.trace.packets.packet import encapsulation
from cnetkit.trace.trace import Trace
from cnetkit.view import wording
from cnetkit.view.graph import graph
from cnetkit.view.layers import layers
from cnetkit.view.network import Network
from cnetkit.view.reasons import reasons

FORMAT, VERSION = "cnetkit-scene", 1
HOPS = 20_000
"""Hops drawn at most."""
TAKEN_APART, SHOWN, OCTETS = 200, 192, 2 << 20
"""Frames whose layers stand in the scene, bytes of each frame, and bytes of all together."""
TROUBLED = (OUTCOMES.index("dropped"), OUTCOMES.index("lost-from-sight"), OUTCOMES.index("ambiguous"))

I64 = NDArray[np.int64]
Scene = dict[str, Any]


def of_topology(topology: Topology, title: str, said: Iterable[str] = ()) -> Scene:
    """A network without packets; `said` are lines about it."""
    network = Network([topology])
    drawn = _head(wording.legible(title), [wording.legible(line) for line in said])
    return drawn | network.described() | {"graph": graph(network)}


def of_part(trace: Trace, seconds: float = 1.0) -> Scene:
    """What a capture that still runs has of its last seconds, with the cursor at its end."""
    drawn = of_trace(trace.so_far(seconds), layers_of=0, most=HOPS // 10, on_request=True)
    return drawn | {"follow": True, "said": ["The capture is running.", *drawn["said"]]}


def of_trace(trace: Trace, layers_of: int = TAKEN_APART, most: int = HOPS, on_request: bool = False) -> Scene:
    """A trace with its network. `layers_of`: of so many frames the layers stand in it, the others come `on_request` or
    not at all; `most`: hops drawn."""
    analysis, frames = trace.analysis, trace.recording.frames
    numbers = _drawn(trace, most)
    hops = analysis.journeys.frames_of_all(numbers)
    places = [(tap.node, tap.interface) for tap in frames.taps]
    network = Network(trace.recording.topologies, (places[tap] for tap in np.unique(frames.tap).tolist()))
    parent = analysis.joined.parent[hops]
    child = np.flatnonzero(parent >= 0)
    steps = np.unique(np.stack((frames.tap[parent[child]], frames.tap[hops[child]])), axis=1).T.tolist()
    network.join((places[a], places[b]) for a, b in steps)
    words = _Words()
    return (
        _head(wording.legible(trace.recording.name) or "trace", wording.summary(trace))
        | network.described()
        | {
            "alerts": list(wording.alerts(trace)),
            "graph": graph(network),
            "outcomes": list(OUTCOMES),
            "flows": _flows(trace, numbers),
            "journeys": _journeys(trace, numbers, network, words),
            "hops": _hops(trace, hops, network, words),
            "bytes": _bytes(trace, hops),
            "layers": {str(n): layers(frames, n) for n in hops[:layers_of].tolist()},
            "words": words.known,
            "evidence": words.evidence,
            "left_out": _left_out(trace, numbers, hops, len(hops) if on_request else layers_of),
        }
    )


def of_hop(trace: Trace, frame: int) -> Scene:
    """The journey that a frame stands in, with the cursor at its hop: the packet is shown on its way there."""
    journey = int(trace.analysis.joined.journey[frame])
    drawn = of_trace(trace.select(f"journey == {journey}"), layers_of=0, on_request=True)
    return drawn | {"begin": drawn["hops"]["frame"].index(frame)}


def encode(scene: Scene) -> bytes:
    """The scene as JSON, UTF-8."""
    return msgspec.json.encode(scene)


def _head(title: str, said: Iterable[str]) -> Scene:
    """A scene of nothing."""
    none: dict[str, list[int]] = {}
    return {
        "format": FORMAT, "version": VERSION, "title": title, "said": list(said), "alerts": [], "strengths": wording.STRENGTHS,
        "outcomes": list(OUTCOMES), "flows": [], "journeys": none, "hops": none, "bytes": {}, "layers": {},
        "words": [], "evidence": [], "left_out": [],
    }  # fmt: skip


class _Words:
    """Words and pieces of evidence, each once, by their places."""

    def __init__(self) -> None:
        self._places: dict[object, int] = {}
        self.known: list[str] = []
        self.evidence: list[list[str]] = []

    def word(self, said: str) -> int:
        """The place of a word."""
        if said not in self._places:
            self._places[said] = len(self.known)
            self.known.append(wording.legible(said))
        return self._places[said]

    def piece(self, one: Evidence) -> int:
        """The place of a piece of evidence: kind, quote, source, strength."""
        if one not in self._places:
            self._places[one] = len(self.evidence)
            kind = wording.KINDS.get(one.kind, one.kind)
            self.evidence.append([wording.legible(part) for part in (kind, one.quote, one.source, one.strength)])
        return self._places[one]

    def pieces(self, evidence: Iterable[Evidence]) -> list[list[int]]:
        """What decided, and the rules that only passed the packet on."""
        found = reasons(evidence)
        return [[self.piece(one) for one in found.decisive], [self.piece(one) for one in found.passed]]


def _drawn(trace: Trace, most: int) -> I64:
    """The journeys that are drawn: those that did not arrive first, then from the first on, whole ones only."""
    _, begins = trace.analysis.journeys.members
    numbers = trace.numbers
    sizes = begins[numbers + 1] - begins[numbers]
    if int(sizes.sum()) <= most:
        return numbers
    troubled = np.isin(trace.analysis.journeys.kinds[numbers], TROUBLED)
    kept = troubled & (np.cumsum(np.where(troubled, sizes, 0)) <= most // 4)
    room = most - int(sizes[kept].sum())
    kept |= ~kept & (np.cumsum(np.where(kept, 0, sizes)) <= room)
    return numbers[kept]


def _flows(trace: Trace, numbers: I64) -> list[dict[str, Any]]:
    """The flows of the journeys that are drawn; `of`: how many journeys they have altogether."""
    shown = np.unique(trace.analysis.journeys.flow[numbers])
    every, counts = np.unique(trace.analysis.journeys.flow[trace.numbers], return_counts=True)
    found = trace.flows
    at = np.searchsorted(every, shown)
    return [
        {"id": flow.id, "protocol": flow.protocol, "title": wording.legible(flow.title), "of": int(counts[place])}
        for place in at.tolist()
        for flow in (found[place],)
    ]


def _journeys(trace: Trace, numbers: I64, network: Network, words: _Words) -> dict[str, list[Any]]:
    _, flow = np.unique(trace.analysis.journeys.flow[numbers], return_inverse=True)
    _, limits = runs(trace.analysis.journeys.members[1], numbers)
    columns: dict[str, list[Any]] = {
        "id": numbers.tolist(), "flow": flow.tolist(), "first": limits[:-1].tolist(),
        "kind": [], "from": [], "to": [], "outcome": [], "where": [], "reason": [], "evidence": [],
    }  # fmt: skip
    for number in numbers.tolist():
        journey = trace.journey(number)
        packet, ended = journey.packet, journey.outcome
        node, _, interface = ended.where.rpartition("/")
        row = (
            words.word(wording.kind(packet)), words.word(packet.source), words.word(packet.destination),
            OUTCOMES.index(ended.kind), network.number.get((node, interface), -1), words.word(ended.reason),
            words.pieces(ended.evidence),
        )  # fmt: skip
        for name, value in zip(("kind", "from", "to", "outcome", "where", "reason", "evidence"), row, strict=True):
            columns[name].append(value)
    return columns


def _hops(trace: Trace, hops: I64, network: Network, words: _Words) -> dict[str, Any]:
    """One element a hop, by journey, parents first. `time`: nanoseconds since the first frame of the recording."""
    analysis, frames = trace.analysis, trace.recording.frames
    joined, columns = analysis.joined, analysis.joined.columns
    row = np.full(len(frames) + 1, -1)
    row[hops] = np.arange(len(hops))
    number = np.array([network.number.get((tap.node, tap.interface), -1) for tap in frames.taps], np.int64)
    changes = distinct(analysis.frames.change_keys[hops], lambda at: analysis.changes(int(hops[at])))
    evidence = distinct(analysis.frames.evidence_keys[hops], lambda at: analysis.evidence(int(hops[at])))
    around = distinct(columns.depth[hops], lambda at: "none")
    if columns.depth[hops].any():
        around = distinct(hops, lambda at: encapsulation(columns, int(hops[at])))
    return {
        "frame": hops.tolist(),
        "parent": row[joined.parent[hops]].tolist(),
        "at": number[frames.tap[hops]].tolist(),
        "direction": joined.direction[hops].tolist(),
        "time": (frames.time_ns[hops] - _begin(frames.time_ns)).tolist(),
        "length": frames.length[hops].tolist(),
        "changes": changes.code.tolist(),
        "why": evidence.code.tolist(),
        "around": around.code.tolist(),
        "all_changes": [
            [[wording.legible(part) for part in (one.field, one.before, one.after)] for one in said]
            for said in changes.words
        ],
        "all_why": [words.pieces(said) for said in evidence.words],
        "all_around": ["" if said == "none" else wording.legible(said) for said in around.words],
    }


def _begin(times: I64) -> int:
    return int(times.min()) if len(times) else 0


def _bytes(trace: Trace, hops: I64) -> dict[str, Any]:
    """The first bytes of the frames as one base64 text, and how many each has; none where the room is used up."""
    frames = trace.recording.frames
    sizes = np.minimum(frames.captured[hops], SHOWN)
    sizes = np.where(np.cumsum(sizes) <= OCTETS, sizes, 0)
    data = b"".join(frames.bytes_of(n)[:size] for n, size in zip(hops.tolist(), sizes.tolist(), strict=True) if size)
    return {"size": sizes.tolist(), "data": b64encode(data).decode("ascii")}


def _left_out(trace: Trace, numbers: I64, hops: I64, layers_of: int) -> list[str]:
    """What the trace has and the scene has not."""
    said = []
    if len(numbers) < len(trace.numbers):
        said.append(
            f"{len(numbers):,} of {len(trace.numbers):,} journeys are drawn: those that did not arrive, and the first ones. "
            "The trace has all of them, and trace.select(…) shows others."
        )
    sizes = np.minimum(trace.recording.frames.captured[hops], SHOWN)
    if int((trace.recording.frames.captured[hops] > SHOWN).sum()) or int(sizes.sum()) > OCTETS:
        said.append(f"Of each frame the first {SHOWN} bytes are shown, and {OCTETS >> 20} MiB altogether.")
    if len(hops) > layers_of:
        said.append(f"The layers of {layers_of:,} of {len(hops):,} frames are taken apart here.")
    return said
