"""Where the next hop's MAC address was asked for in vain (net/core/neighbour.c)."""

from __future__ import annotations

from cnetkit.model import Evidence, Neighbour
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.causes.routing import arrival, chosen
from cnetkit.trace.evidence.case import Case

PATIENCE_NS = 3_500_000_000
"""Three requests, a second apart (arp(7), mcast_solicit, retrans_time_ms)."""


def silent(case: Case, frame: int) -> Cause | None:
    """The packet waited for a neighbour that did not answer, or it still does when the recording ends."""
    to = arrival(case, frame)
    found = None if to is None else chosen(case, frame, to, to.source, to.destination)
    if to is None or found is None or found.route is None or not found.route.interface:
        return None
    hop, time = found.route.via or to.destination, case.time(frame) + PATIENCE_NS
    rows = case.rows(case.topology(time).neighbours, "neighbour", to.node, time)
    entry = _latest(rows, hop, found.route.interface)
    if entry is None or entry.mac or entry.state not in ("FAILED", "INCOMPLETE"):
        return None
    said = Evidence("neighbour", f"{hop} dev {entry.interface} {entry.state}", f"{to.node} neighbours", "table")
    if entry.state == "FAILED":
        return Cause(f"nobody answered for {hop} at {entry.interface}", (said, found.evidence))
    return Cause(
        f"it waits for {hop} at {entry.interface}, which has not answered", (said, found.evidence), "lost-from-sight"
    )


def _latest(rows: object, address: str, device: str) -> Neighbour | None:
    assert isinstance(rows, list)  # noqa: S101 - what Case.rows makes
    found = [one for one in rows if one.address == address and one.interface == device]
    return found[-1] if found else None
