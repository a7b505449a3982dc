"""What the engine found in one recording, with the lookups that journeys, flows and documents are made from."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Change, Evidence, Hop, Outcome
from cnetkit.recording.frames import LINKTYPE_ETHERNET
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.distinct import Distinct, distinct
from cnetkit.trace.arrays.members import runs
from cnetkit.trace.arrays.trees import depths
from cnetkit.trace.conversations.flows import grouped
from cnetkit.trace.evidence import Case, gather
from cnetkit.trace.outcome import endings, outcome
from cnetkit.trace.packets.changes import COMPARED, DECRYPTED, ENCRYPTED, changed, changes_of
from cnetkit.trace.packets.icmp_errors import errors
from cnetkit.trace.packets.packet import protocol_of
from cnetkit.trace.steps.joined import Joined, Source
from cnetkit.trace.steps.wireguard import DECRYPTED as DECRYPTION, ENCRYPTED as ENCRYPTION


class Found:
    """The journeys of a recording as columns; lives as long as its Trace."""

    def __init__(self, recording: Source, joined: Joined) -> None:
        self.case, self.joined = Case(recording, joined), joined
        self.count = int(self.joined.journey.max(initial=-1)) + 1

    @cached_property
    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All frames by journey, parents first; and where each journey begins among them (one more for the end)."""
        joined = self.joined
        steps = depths(joined.parent)
        rank = np.empty(len(steps), np.int64)
        rank[joined.order] = np.arange(len(steps))
        late = joined.parent[joined.parent >= 0]
        backwards = len(late) and bool((rank[late] > rank[joined.parent >= 0]).any())
        order = np.lexsort((rank, steps, joined.journey)) if backwards else np.lexsort((rank, joined.journey))
        begins = np.searchsorted(joined.journey[order], np.arange(self.count + 1))
        return order, begins

    def frames_of(self, journey: int) -> tuple[int, ...]:
        """The frames of one journey, parents before children."""
        order, begins = self.members
        return tuple(int(n) for n in order[begins[journey] : begins[journey + 1]])

    def frames_of_all(self, journeys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The frames of these journeys, journey by journey, parents before children."""
        order, begins = self.members
        return order[runs(begins, journeys)[0]]

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """The first frame of each journey."""
        order, begins = self.members
        return order[begins[:-1]]

    @cached_property
    def bits(self) -> NDArray[np.uint32]:
        """Which fields each frame changed; see changes.COMPARED."""
        bits = changed(self.joined.columns, self.joined.parent, self.addressed)
        bits[self.joined.reached_by(ENCRYPTION)] = ENCRYPTED
        bits[self.joined.reached_by(DECRYPTION)] = DECRYPTED
        return bits

    @cached_property
    def ends(self) -> outcome.Ends:
        """Where each journey ended."""
        return outcome.ends(self.case)

    @cached_property
    def plain(self) -> NDArray[np.bool_]:
        """Journeys that were delivered or lost from sight, and of which nothing else can be said."""
        return endings.plain(self.case, self.ends, self.first)

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """How each journey ended, as an index into endings.OUTCOMES."""
        found = np.where(self.ends.delivered, endings.DELIVERED, endings.LOST).astype(np.uint8)
        for journey in np.flatnonzero(~self.plain).tolist():
            found[journey] = endings.OUTCOMES.index(self.outcome(journey).kind)
        return found

    @cached_property
    def change_keys(self) -> U64:
        """Equal for frames that changed the same fields from the same to the same; 0 where nothing changed."""
        columns, child = self.joined.columns, np.flatnonzero(self.bits)
        keys = np.zeros(len(self.bits), np.uint64)
        if len(child):
            names = [name for part in COMPARED for name in part]
            names += ["version", "protocol", "outer_src_low", "outer_dst_low", "outer_src_high", "outer_dst_high"]
            both = [getattr(columns, name)[at] for name in names for at in (child, self.joined.parent[child])]
            keys[child] = mix(self.bits[child], *both)
        return keys

    @cached_property
    def evidence_keys(self) -> U64:
        """Equal for frames that have the same evidence; where more than frames was recorded each has its own.

        So has an ICMP error, which quotes another packet.
        """
        recording, joined = self.case.recording, self.joined
        each = np.arange(1, len(joined.parent) + 1, dtype=np.uint64)
        pieces = len(joined.units.unit) or joined.incomplete.any()  # each is quoted with its own octets
        if recording.topologies or recording.events or joined.columns.depth.any() or pieces:
            return each
        tap = recording.frames.tap
        keys = (
            mix(tap, tap[np.maximum(joined.parent, 0)], joined.step, self.bits) if len(tap) else tap.astype(np.uint64)
        )
        first = joined.parent < 0
        return np.where(first, np.where(errors(joined.columns), each, np.uint64(0)), keys)

    @cached_property
    def flow(self) -> NDArray[np.int64]:
        """For each journey the number of its flow."""
        return grouped(self.joined)

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """The first journey of each flow."""
        return np.unique(self.flow, return_index=True)[1]

    def protocol_of(self, flow: int) -> str:
        """The innermost protocol of a flow."""
        return self.protocols.words[self._flow_protocol[flow]]

    @cached_property
    def _flow_protocol(self) -> list[int]:
        codes: list[int] = self.protocols.code[self.first[self.begins]].tolist()
        return codes

    def flow_of(self, journey: int) -> int:
        """The number of a journey's flow."""
        return int(self.flow[journey])

    def parent(self, frame: int) -> int | None:
        """The frame it came from."""
        at = int(self.joined.parent[frame])
        return at if at >= 0 else None

    def changes(self, frame: int) -> tuple[Change, ...]:
        """What one hop changed."""
        parent = self.parent(frame)
        return () if parent is None else changes_of(self.joined.columns, frame, parent, int(self.bits[frame]))

    def evidence(self, frame: int) -> tuple[Evidence, ...]:
        """Why one hop happened."""
        return gather(self.case, frame, self.parent(frame))

    def hop(self, frame: int) -> Hop:
        """One frame's place, with changes and evidence."""
        return Hop(
            frame, self.parent(frame), *self.case.place(frame), self.case.direction(frame),  # type: ignore[arg-type]
            self.case.time(frame), self.changes(frame), self.evidence(frame),
            int(self.joined.clocks.time[frame]) - self.case.time(frame),
        )  # fmt: skip

    def outcome(self, journey: int) -> Outcome:
        """How a journey ended."""
        return outcome.outcome(self.case, self.ends, journey, self.frames_of(journey)[0])

    # --- For each frame, what its journey and flow have; for selections and tables ------------------------------------

    @cached_property
    def addressed(self) -> NDArray[np.bool_]:
        """Frames whose MAC addresses were captured."""
        taps = np.array([tap.linktype == LINKTYPE_ETHERNET for tap in self.case.recording.frames.taps], np.bool_)
        return taps[self.case.recording.frames.tap]

    @cached_property
    def whole(self) -> NDArray[np.int64]:
        """The row in `joined.units.columns` that holds its packet: of a fragment, the whole datagram where that was seen."""
        units = self.joined.units
        rows = np.arange(units.frames)
        fragment = (units.columns.fragment[units.frame] > 0) | units.columns.more[units.frame]
        rows[units.frame[fragment]] = units.unit[fragment]
        return rows

    @cached_property
    def frame_flow(self) -> NDArray[np.int64]:
        """The number of its flow, or -1."""
        return self.of_journey(self.flow, -1)

    @cached_property
    def frame_kind(self) -> NDArray[np.int64]:
        """How its journey ended, as an index into endings.OUTCOMES; -1 for none."""
        return self.of_journey(self.kinds.astype(np.int64), -1)

    def of_journey(self, values: NDArray[Any], nothing: object) -> NDArray[Any]:
        """An element a journey as one a frame, `nothing` for frames in no journey."""
        journey = self.joined.journey
        return np.where(
            journey >= 0, np.append(values, values.dtype.type(nothing))[journey], values.dtype.type(nothing)
        )

    @property
    def moment(self) -> NDArray[np.int64]:
        """When each frame was seen, by one clock: what durations are measured with."""
        return self.joined.clocks.time

    @cached_property
    def latency(self) -> NDArray[np.int64]:
        """For each journey the nanoseconds from its first hop to its last."""
        order, begins = self.members
        if not self.count:
            return np.zeros(0, np.int64)
        time = self.moment[order[begins[0] :]]
        at = begins[:-1] - begins[0]
        return np.maximum.reduceat(time, at) - np.minimum.reduceat(time, at)

    @cached_property
    def protocols(self) -> Distinct[str]:
        """The name of its innermost protocol."""
        c = self.joined.columns
        keys = np.where(c.version > 0, c.protocol.astype(np.int64) << 16, c.ethertype.astype(np.int64))
        return distinct(keys, lambda row: protocol_of(c, row))

    @cached_property
    def quotes(self) -> Distinct[str]:
        """Its evidence as text. Where the kernel's words were recorded, each frame is asked for its own."""
        return distinct(self.evidence_keys, self.quoted)

    def quoted(self, frame: int) -> str:
        """A hop's evidence as text."""
        return "; ".join(f"{one.kind}: {one.quote}" for one in self.evidence(frame))

    @cached_property
    def reasons(self) -> Distinct[str]:
        """Why its journey was dropped, consumed or ambiguous."""
        said = np.zeros(self.count, np.int64)
        words = [""]
        for journey in np.flatnonzero(~self.plain).tolist():
            words.append(self.outcome(journey).reason)
            said[journey] = len(words) - 1
        return Distinct(self.of_journey(said, 0), words)
