"""Packets whose next hop did not answer the request for its MAC address (net/core/neighbour.c)."""

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
from cnetkit.trace.evidence.route import next_hops

PATIENCE_NS = 3_500_000_000
"""Three requests, one second apart (arp(7), mcast_solicit, retrans_time_ms)."""


def silent(case: Case, frame: int) -> Cause | None:
    """The packet waited for a neighbour that did not answer, or still waits when the recording ends."""
    to = arrival(case, frame)
    lookup = None if to is None else chosen(case, frame, to)
    if to is None or lookup is None or lookup.route is None:
        return None
    rows = case.tables.neighbours(to.node, case.time(frame) + PATIENCE_NS)
    entries = [_latest(rows, via or to.destination, interface) for via, interface in next_hops(lookup.route)]
    unanswered = [e for e in entries if e is not None and not e.mac and e.state in ("FAILED", "INCOMPLETE")]
    asked = [entry for entry in unanswered if _asked(case, frame, entry.address)]
    if len(asked) != 1:
        return None  # by several next hops: it is not known which one the packet should have taken
    entry, hop = asked[0], asked[0].address
    evidence = Evidence("neighbour", f"{hop} dev {entry.interface} {entry.state}", f"{to.node} neighbours", "table")
    if entry.state == "FAILED":
        return Cause(f"nobody answered for {hop} at {entry.interface}", (evidence, lookup.evidence))
    return Cause(
        f"it waits for {hop} at {entry.interface}, which has not answered",
        (evidence, lookup.evidence),
        "lost-from-sight",
    )


def _asked(case: Case, frame: int, hop: str) -> bool:
    """Whether the node sent a request for it after the packet came. For IPv6 the entry alone must do."""
    address = ipaddress.ip_address(hop)
    if address.version == 6:
        return True
    frames = case.recording.frames
    asks = case.once(_requests).find(case.joined.wiring.node[frames.tap[frame]], int(address))
    time = case.time(frame)
    first, last = np.searchsorted(frames.time_ns[asks], (time, time + PATIENCE_NS + 1))
    return bool(last > first)


def _requests(case: Case) -> Index:
    """The ARP requests that nodes sent, by the node and the requested address, in the order of time."""
    c, frames = case.joined.columns, case.recording.frames
    asks = np.flatnonzero((c.ethertype == ARP) & (case.joined.direction == OUT))
    asks = asks[np.argsort(frames.time_ns[asks], kind="stable")]
    return Index(asks, case.joined.wiring.node[frames.tap], c.dst_low)


def _latest(rows: object, address: str, device: str) -> Neighbour | None:
    assert isinstance(rows, list)  # noqa: S101 - what Case.rows makes
    entries = [entry for entry in rows if entry.address == address and entry.interface == device]
    return entries[-1] if entries else None
