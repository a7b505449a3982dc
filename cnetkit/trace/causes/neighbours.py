"""Where the next hop's MAC address was asked for in vain (net/core/neighbour.c)."""

from __future__ import annotations

import ipaddress

import numpy as np

from cnetkit.model import Evidence, Neighbour
from cnetkit.recording.frames import OUT
from cnetkit.recording.protocols import ARP
from cnetkit.trace.arrays.index import Index
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
    rows = case.tables.neighbours(to.node, time)
    entry = _latest(rows, hop, found.route.interface)
    if entry is None or entry.mac or entry.state not in ("FAILED", "INCOMPLETE") or not _asked(case, frame, hop):
        return None
    said = Evidence("neighbour", f"{hop} dev {entry.interface} {entry.state}", f"{to.node} neighbours", "table")
    if entry.state == "FAILED":
        return Cause(f"nobody answered for {hop} at {entry.interface}", (said, found.evidence))
    return Cause(
        f"it waits for {hop} at {entry.interface}, which has not answered", (said, found.evidence), "lost-from-sight"
    )


def _asked(case: Case, frame: int, hop: str) -> bool:
    """Whether the node was seen to ask for it after the packet came; of IPv6 the entry alone must do."""
    address = ipaddress.ip_address(hop)
    if address.version == 6:
        return True
    frames = case.recording.frames
    asks = case.once(_requests).find(case.joined.wiring.node[frames.tap[frame]], int(address))
    time = case.time(frame)
    first, last = np.searchsorted(frames.time_ns[asks], (time, time + PATIENCE_NS + 1))
    return bool(last > first)


def _requests(case: Case) -> Index:
    """ARP packets that nodes sent, by the node and the address they ask for, in the order of time."""
    c, frames = case.joined.columns, case.recording.frames
    asks = np.flatnonzero((c.ethertype == ARP) & (case.joined.direction == OUT))
    asks = asks[np.argsort(frames.time_ns[asks], kind="stable")]
    return Index(asks, case.joined.wiring.node[frames.tap], c.dst_low)


def _latest(rows: object, address: str, device: str) -> Neighbour | None:
    assert isinstance(rows, list)  # noqa: S101 - what Case.rows makes
    found = [one for one in rows if one.address == address and one.interface == device]
    return found[-1] if found else None
