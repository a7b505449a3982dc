"""A trace as a pandas DataFrame: one row a hop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cnetkit.trace.trace import Trace

COLUMNS = (
    "journey", "flow", "outcome", "frame", "parent", "time", "node", "interface", "direction", "protocol", "source",
    "destination", "kind", "changes", "evidence",
)  # fmt: skip


def frame(trace: Trace) -> pd.DataFrame:
    """One row a hop, by journey; `time` in seconds since the first frame, `changes` and `evidence` as text."""
    import pandas as pd

    case = trace.found.case
    start = int(trace.recording.frames.time_ns.min()) if len(trace.recording.frames) else 0
    rows = []
    for journey in trace.journeys:
        for hop in journey.hops:
            packet = case.packet(hop.frame)
            rows.append((
                journey.id, trace.found.flow_of(journey.id), journey.outcome.kind, hop.frame, hop.parent,
                (hop.time_ns - start) / 1e9, hop.node, hop.interface, hop.direction, packet.protocol, packet.source,
                packet.destination, packet.kind,
                ", ".join(f"{c.field} {c.before} → {c.after}" for c in hop.changes),
                "; ".join(f"{e.kind}: {e.quote}" for e in hop.evidence),
            ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"parent": "Int64"})
