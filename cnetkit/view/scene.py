"""The Scene: versioned plain JSON from which every picture is drawn; a pure function of a Trace or of a Topology.

Columns for many rows, each word once. What is not drawn is counted in `left_out`, in sentences; the trace keeps it.
The contract is in docs/viewer.md.
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
from cnetkit.trace.wiring.described import described
from cnetkit.view import wording
from cnetkit.view.graph import graph
from cnetkit.view.heads import heads
from cnetkit.view.layers import layers
from cnetkit.view.network import Network
from cnetkit.view.reasons import reasons
from cnetkit.view.telling import telling

FORMAT, VERSION = "cnetkit-scene", 1
HOPS = 20_000
"""The most hops that are drawn."""
RUNNING = "The capture is running."
TAKEN_APART, SHOWN, OCTETS = 200, 192, 2 << 20
"""Frames whose layers are in the scene, octets of each frame, and octets in all."""
TROUBLED = (OUTCOMES.index("dropped"), OUTCOMES.index("lost-from-sight"), OUTCOMES.index("ambiguous"))

I64 = NDArray[np.int64]
Scene = dict[str, Any]


def of_topology(topology: Topology, title: str, said: Iterable[str] = ()) -> Scene:
    """A network without packets; `said` are lines about it."""
    network = Network([topology])
    drawn = _head(wording.legible(title), [wording.legible(line) for line in said])
    return drawn | network.described() | {"graph": graph(network)}


def of_part(trace: Trace, seconds: float = 1.0) -> Scene:
    """The last seconds of a running capture, with the cursor at the end."""
    drawn = of_trace(trace.so_far(seconds), layers_of=0, most=HOPS // 10, on_request=True)
    return drawn | {
        "begin": -1,
        "follow": True,
        "brief": f"{RUNNING} {drawn['brief']}",
        "said": [RUNNING, *drawn["said"]],
    }


def of_trace(trace: Trace, layers_of: int = TAKEN_APART, most: int = HOPS, on_request: bool = False) -> Scene:
    """A trace with its network. The layers of `layers_of` frames are included; others come `on_request` or not at all.
    `most`: hops drawn."""
    analysis, frames = trace.analysis, trace.recording.frames
    numbers = _drawn(trace, most)
    hops = analysis.journeys.frames_of_all(numbers)
    places = [(tap.node, tap.interface) for tap in frames.taps]
    shown = described(trace.recording.topologies, trace.recording.events)
    network = Network(shown, (places[tap] for tap in np.unique(frames.tap).tolist()))
    parent = analysis.joined.parent[hops]
    child = np.flatnonzero(parent >= 0)
    steps = np.unique(np.stack((frames.tap[parent[child]], frames.tap[hops[child]])), axis=1).T.tolist()
    network.join((places[a], places[b]) for a, b in steps)
    words = _Words()
    drawn = (
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
            "words": words.words,
            "evidence": words.evidence,
            "brief": wording.brief(trace),
            "left_out": _left_out(trace, numbers, hops, len(hops) if on_request else layers_of),
        }
    )
    begin = telling(drawn)
    return drawn | {"begin": begin, "layers": {str(n): layers(frames, n) for n in _from(hops, begin, layers_of)}}


def of_hop(trace: Trace, frame: int) -> Scene:
    """The journey of a frame, with the cursor at its hop."""
    journey = int(trace.analysis.joined.journey[frame])
    drawn = of_trace(trace.select(f"journey == {journey}"), layers_of=0, on_request=True)
    return drawn | {"begin": drawn["hops"]["frame"].index(frame)}


def encode(scene: Scene) -> bytes:
    """The scene as JSON, UTF-8."""
    return msgspec.json.encode(scene)


def for_html(scene: Scene) -> str:
    """The scene as JSON that is safe inside a page's script element: it cannot end the element or begin a comment."""
    return encode(scene).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _head(title: str, said: Iterable[str]) -> Scene:
    """An empty scene."""
    none: dict[str, list[int]] = {}
    return {
        "format": FORMAT, "version": VERSION, "title": title, "said": list(said), "brief": "", "alerts": [],
        "strengths": wording.STRENGTHS,
        "outcomes": list(OUTCOMES), "flows": [], "journeys": none, "hops": none, "bytes": {}, "layers": {},
        "words": [], "evidence": [], "left_out": [], "begin": -1,
    }  # fmt: skip


class _Words:
    """Words and pieces of evidence, each stored once, by index."""

    def __init__(self) -> None:
        self._places: dict[object, int] = {}
        self.words: list[str] = []
        self.evidence: list[list[str]] = []

    def word(self, text: str) -> int:
        """The index of a word."""
        if text not in self._places:
            self._places[text] = len(self.words)
            self.words.append(wording.legible(text))
        return self._places[text]

    def piece(self, item: Evidence) -> int:
        """The index of a piece of evidence: kind, quote, source, strength."""
        if item not in self._places:
            self._places[item] = len(self.evidence)
            kind = wording.KINDS.get(item.kind, item.kind)
            self.evidence.append([wording.legible(part) for part in (kind, item.quote, item.source, item.strength)])
        return self._places[item]

    def pieces(self, evidence: Iterable[Evidence]) -> list[list[int]]:
        """The decisive evidence, and the rules that only passed the packet on."""
        why = reasons(evidence)
        return [[self.piece(item) for item in why.decisive], [self.piece(item) for item in why.passed]]


def _from(hops: I64, begin: int, most: int) -> list[int]:
    """At most `most` hops: from a little before the one at which the viewer begins, then those before."""
    first = max(0, min(begin - most // 10, len(hops) - most))
    return [int(n) for n in np.roll(hops, -first)[:most]]


def _drawn(trace: Trace, most: int) -> I64:
    """The journeys that are drawn: first those that were not delivered, then the others in order; only complete ones."""
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
    """The flows of the drawn journeys; `of` is how many journeys they have in all."""
    shown = np.unique(trace.analysis.journeys.flow[numbers])
    every, counts = np.unique(trace.analysis.journeys.flow[trace.numbers], return_counts=True)
    flows = trace.flows
    at = np.searchsorted(every, shown)
    return [
        {
            "id": flow.id,
            "protocol": flow.protocol,
            "title": wording.legible(flow.title),
            "of": int(counts[place]),
            "housekeeping": flow.housekeeping,
        }
        for place in at.tolist()
        for flow in (flows[place],)
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
            words.word(journey.says), words.word(packet.source), words.word(packet.destination),
            OUTCOMES.index(ended.kind), network.number.get((node, interface), -1), words.word(ended.reason),
            words.pieces(ended.evidence),
        )  # fmt: skip
        for name, value in zip(("kind", "from", "to", "outcome", "where", "reason", "evidence"), row, strict=True):
            columns[name].append(value)
    return columns


def _hops(trace: Trace, hops: I64, network: Network, words: _Words) -> dict[str, Any]:
    """One element per hop, by journey, parents first. `time`: nanoseconds since the first frame of the recording."""
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
            [[wording.legible(part) for part in (change.field, change.before, change.after)] for change in group]
            for group in changes.words
        ],
        "all_why": [words.pieces(group) for group in evidence.words],
        "all_around": ["" if text == "none" else wording.legible(text) for text in around.words],
    } | heads(columns, hops)


def _begin(times: I64) -> int:
    return int(times.min()) if len(times) else 0


def _bytes(trace: Trace, hops: I64) -> dict[str, Any]:
    """The first octets of the frames as one base64 text, and how many each has; none when the limit is reached."""
    frames = trace.recording.frames
    sizes = np.minimum(frames.captured[hops], SHOWN)
    sizes = np.where(np.cumsum(sizes) <= OCTETS, sizes, 0)
    data = b"".join(frames.bytes_of(n)[:size] for n, size in zip(hops.tolist(), sizes.tolist(), strict=True) if size)
    return {"size": sizes.tolist(), "data": b64encode(data).decode("ascii")}


def _left_out(trace: Trace, numbers: I64, hops: I64, layers_of: int) -> list[str]:
    """The parts of the trace that the scene does not contain."""
    sentences = []
    if len(numbers) < len(trace.numbers):
        sentences.append(
            f"{len(numbers):,} of {len(trace.numbers):,} journeys are drawn: those that did not arrive, and the first ones. "
            "The trace has all of them, and trace.select(…) shows others."
        )
    sizes = np.minimum(trace.recording.frames.captured[hops], SHOWN)
    if int((trace.recording.frames.captured[hops] > SHOWN).sum()) or int(sizes.sum()) > OCTETS:
        sentences.append(f"Of each frame the first {SHOWN} bytes are shown, and {OCTETS >> 20} MiB altogether.")
    if len(hops) > layers_of:
        sentences.append(f"The layers of {layers_of:,} of {len(hops):,} frames are taken apart here.")
    return sentences
