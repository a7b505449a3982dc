"""The frames of one recording as columns: their changes, their evidence, and the values of their journeys and flows.

Selections, tables and documents are made from these. Text is made once for all frames that share it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import LINKTYPE_ETHERNET
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.arrays.distinct import Distinct, distinct
from cnetkit.trace.evidence import gather
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets import changes
from cnetkit.trace.packets.icmp_errors import errors
from cnetkit.trace.packets.packet import protocol_of
from cnetkit.trace.query.journeys import JourneyColumns
from cnetkit.trace.steps.wireguard import DECRYPTED, ENCRYPTED


class FrameColumns:
    """One element per frame, in the order of the recording."""

    def __init__(self, case: Case, journeys: JourneyColumns) -> None:
        self._case, self._joined, self._journeys = case, case.joined, journeys

    @cached_property
    def bits(self) -> NDArray[np.uint32]:
        """The fields that the frame changed, as bits; see changes.COMPARED."""
        bits = changes.changed(self._joined.columns, self._joined.parent, self.addressed)
        bits[self._joined.reached_by(ENCRYPTED)] = changes.ENCRYPTED
        bits[self._joined.reached_by(DECRYPTED)] = changes.DECRYPTED
        return bits

    @cached_property
    def change_keys(self) -> U64:
        """Equal for frames with equal changes; 0 if nothing changed."""
        columns, child = self._joined.columns, np.flatnonzero(self.bits)
        keys = np.zeros(len(self.bits), np.uint64)
        if len(child):
            names = [name for part in changes.COMPARED for name in part]
            names += ["version", "protocol", "outer_src_low", "outer_dst_low", "outer_src_high", "outer_dst_high"]
            both = [getattr(columns, name)[at] for name in names for at in (child, self._joined.parent[child])]
            keys[child] = mix(self.bits[child], *both)
        return keys

    @cached_property
    def evidence_keys(self) -> U64:
        """Equal for frames with equal evidence. If more than frames was recorded, each frame has its own key.

        So does an ICMP error, which quotes another packet.
        """
        recording, joined = self._case.recording, self._joined
        each = np.arange(1, len(joined.parent) + 1, dtype=np.uint64)
        pieces = len(joined.units.unit) or joined.incomplete.any()  # their evidence names their own octets
        reported = recording.topologies or recording.events or recording.frames.comments
        if reported or joined.columns.depth.any() or pieces:
            return each
        tap = recording.frames.tap
        keys = (
            mix(tap, tap[np.maximum(joined.parent, 0)], joined.step, self.bits) if len(tap) else tap.astype(np.uint64)
        )
        first = joined.parent < 0
        return np.where(first, np.where(errors(joined.columns), each, np.uint64(0)), keys)

    @cached_property
    def quotes(self) -> Distinct[str]:
        """Its evidence as text. If tables or events were recorded, it is made for each frame separately."""
        return distinct(self.evidence_keys, lambda frame: quoted(self._case, frame))

    @cached_property
    def protocols(self) -> Distinct[str]:
        """The name of its innermost protocol."""
        c = self._joined.columns
        keys = np.where(c.version != 0, c.protocol.astype(np.int64) << 16, c.ethertype.astype(np.int64))
        return distinct(keys, lambda row: protocol_of(c, row))

    @cached_property
    def addressed(self) -> NDArray[np.bool_]:
        """Whether its MAC addresses were captured."""
        frames = self._case.recording.frames
        return np.array([tap.linktype == LINKTYPE_ETHERNET for tap in frames.taps], np.bool_)[frames.tap]

    # --- Values of its journey and flow -------------------------------------------------------------------------------

    @cached_property
    def flow(self) -> NDArray[np.int64]:
        """The number of its flow, or -1."""
        return self.of_journey(self._journeys.flow, -1)

    @cached_property
    def kind(self) -> NDArray[np.int64]:
        """The outcome of its journey, as an index into endings.OUTCOMES; -1 for none."""
        return self.of_journey(self._journeys.kinds.astype(np.int64), -1)

    @cached_property
    def reasons(self) -> Distinct[str]:
        """Why its journey was dropped, consumed or ambiguous."""
        code = np.zeros(self._journeys.count, np.int64)
        words = [""]
        for journey in np.flatnonzero(~self._journeys.plain).tolist():
            words.append(self._journeys.outcome(journey).reason)
            code[journey] = len(words) - 1
        return Distinct(self.of_journey(code, 0), words)

    def of_journey(self, values: NDArray[Any], nothing: object) -> NDArray[Any]:
        """Converts one element per journey to one per frame; `nothing` for frames without a journey."""
        journey = self._joined.journey
        return np.where(
            journey >= 0, np.append(values, values.dtype.type(nothing))[journey], values.dtype.type(nothing)
        )


def quoted(case: Case, frame: int) -> str:
    """A hop's evidence as text."""
    return "; ".join(f"{item.kind}: {item.quote}" for item in gather(case, frame))
