"""The conntrack entry that translates a packet's addresses (nf_conntrack, conntrack(8)).

Only the first packet of a connection passes the rules of nat chains; for later packets the entry is the reason. An
entry is quoted by its two tuples only: its state and flags belong to the moment it was read, not to the packet.
"""

from __future__ import annotations

from cnetkit.model import Connection, Evidence, Tuple5
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.kernel_tables import LATE_NS
from cnetkit.trace.evidence.verdicts import connection_of
from cnetkit.trace.packets.packet import reply_ends


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `conntrack` for a translated packet; without an entry, that none was recorded."""
    if not case.joined.columns.version[frame]:
        return ()
    if parent is None and (not case.tables.translations or case.direction(frame) != "out"):
        return ()
    node, after = case.place(frame)[0], case.packet(frame)
    before = None if parent is None else case.packet(parent).ends
    if before == after.ends:
        return ()
    named = connection_of(case, frame, parent)
    entry = _entry(case, node, after.protocol, before, after.ends, named, case.time(frame))
    if entry is None:
        words = "the only packet here with this identification and payload; no conntrack entry was recorded"
        return () if before is None else (Evidence("order", words, "frames", "inferred"),)
    strength = "kernel" if named and named == entry.id else "table"
    return (Evidence("conntrack", worded(entry), f"{node} conntrack", strength),)  # type: ignore[arg-type]


def _entry(
    case: Case, node: str, protocol: str, before: Tuple5 | None, after: Tuple5, named: int, time_ns: int
) -> Connection | None:
    """The entry that turns `before` into `after`, or begins or ends so if a bridge translates in two steps.

    Prefers the entry that the kernel named for this packet, else the latest entry of that time. A packet that began in
    this node was captured only after its translation: its entry is found only if the kernel named it.
    """
    best: tuple[bool, bool, int] | None = None
    chosen: Connection | None = None
    entries = case.tables.connections
    for begun, entry in entries.get((node, protocol, after), []) + entries.get((node, protocol, before), []):
        if named and entry.id and entry.id != named:
            continue
        if (
            begun > time_ns + LATE_NS and entry.id != named
        ):  # the one that the kernel named may be read as late as it likes
            continue
        for old, new in ((entry.original, reply_ends(entry.reply)), (entry.reply, reply_ends(entry.original))):
            whole = (before, after) == (old, new)
            starts = before == old and _between(after, old, new)
            ends = after == new and (bool(named) if before is None else _between(before, old, new))
            rank = (entry.id == named, whole, begun)
            if (whole or starts or ends) and old != new and (best is None or rank > best):
                best, chosen = rank, entry
    return chosen


def _between(ends: Tuple5, old: Tuple5, new: Tuple5) -> bool:
    """Whether each end of `ends` is that of `old` or of `new`."""
    source = (ends.source, ends.source_port)
    target = (ends.destination, ends.destination_port)
    return source in ((old.source, old.source_port), (new.source, new.source_port)) and target in (
        (old.destination, old.destination_port),
        (new.destination, new.destination_port),
    )


def worded(entry: Connection) -> str:
    """An entry's two tuples as conntrack(8) prints them."""
    icmp = entry.protocol.startswith("icmp")
    sides = (
        f"src={t.source} dst={t.destination} "
        + (f"id={t.source_port}" if icmp else f"sport={t.source_port} dport={t.destination_port}")
        for t in (entry.original, entry.reply)
    )
    return " ".join((entry.protocol, *sides))
