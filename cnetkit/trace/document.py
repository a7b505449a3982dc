"""A trace as JSON, version 1: what other programs read. The contract stands in docs/ARCHITECTURE.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from cnetkit.trace.trace import Trace

FORMAT, VERSION = "cnetkit-trace", 1


def encode(trace: Trace) -> bytes:
    """The document, as UTF-8."""
    return msgspec.json.encode(document(trace))


def document(trace: Trace) -> dict[str, Any]:
    """The document, as plain values; dataclasses are written as objects by the encoder."""
    lost = sum(loss.count for loss in trace.recording.losses if loss.what == "frames")
    return {
        "format": FORMAT,
        "version": VERSION,
        "frames": len(trace.recording.frames),
        "lost_by_kernel": lost,
        "journeys": [
            {"id": journey.id, "outcome": journey.outcome.kind, "where": journey.outcome.where,
             "reason": journey.outcome.reason, "hops": journey.hops}
            for journey in trace.journeys
        ],
        "unexplained": trace.unexplained,
    }  # fmt: skip
