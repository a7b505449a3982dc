"""Packets that connection tracking drops (net/netfilter/nf_conntrack_core.c): table full, or no free translation."""

from __future__ import annotations

from cnetkit.trace.causes.cause import Cause, moved
from cnetkit.trace.causes.routing import arrival
from cnetkit.trace.evidence.case import Case


def refused(case: Case, frame: int) -> Cause | None:
    """The first packet of a connection without an entry, if the kernel counted such drops
    (/proc/net/stat/nf_conntrack)."""
    to = arrival(case, frame)
    if to is None:
        return None
    packet = case.packet(frame)
    if case.tables.connections.get((to.node, packet.protocol, packet.ends)):
        return None
    clash = moved(case, frame, to.node, "conntrack.insert_failed")
    if clash is not None:
        return Cause(
            "its connection clashes with another one: no address and port were free to translate it to", (clash,)
        )
    full = moved(case, frame, to.node, "conntrack.drop")
    return None if full is None else Cause("the table of connections had no room for it", (full,))
