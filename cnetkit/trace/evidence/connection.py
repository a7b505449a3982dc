"""The conntrack entry whose two tuples say how a packet's addresses are translated (nf_conntrack, conntrack(8)).

Rules of nat chains are asked for a connection's first packet only; for all later ones the entry is the reason.
"""

from __future__ import annotations

from cnetkit.model import Connection, Evidence, Tuple5
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case, turned

STEPS = ("nat", "bridge-nat")


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `conntrack` for a translated packet; without an entry, that there is none."""
    if parent is None or case.step(frame) not in STEPS:
        return ()
    before, after = case.packet(parent), case.packet(frame)
    if before.ends == after.ends:
        return ()
    node = case.place(frame)[0]
    entry = _entry(case.connections.get(node, []), before.protocol, before.ends, after.ends)
    if entry is None:
        words = "the only packet here with this identification and payload; no conntrack entry was recorded"
        return (Evidence("order", words, "frames", "inferred"),)
    said = rule.connection_of(case, frame, parent)
    strength = "kernel" if said and said == entry.id else "table"
    return (Evidence("conntrack", entry.text or worded(entry), f"{node} conntrack", strength),)  # type: ignore[arg-type]


def _entry(entries: list[Connection], protocol: str, before: Tuple5, after: Tuple5) -> Connection | None:
    """The last entry that turns `before` into `after`, or begins or ends so where a bridge translates in two steps."""
    partial = None
    for entry in reversed(entries):
        if entry.protocol != protocol:
            continue
        for old, new in ((entry.original, turned(entry.reply)), (entry.reply, turned(entry.original))):
            if (before, after) == (old, new):
                return entry
            starts = before == old and _between(after, old, new)
            if partial is None and (starts or (after == new and _between(before, old, new))):
                partial = entry
    return partial


def _between(ends: Tuple5, old: Tuple5, new: Tuple5) -> bool:
    """Whether each end of `ends` is that of `old` or of `new`."""
    source = (ends.source, ends.source_port)
    target = (ends.destination, ends.destination_port)
    return source in ((old.source, old.source_port), (new.source, new.source_port)) and target in (
        (old.destination, old.destination_port),
        (new.destination, new.destination_port),
    )


def worded(entry: Connection) -> str:
    """An entry that came without its text, in conntrack(8)'s manner."""
    sides = (
        f"src={t.source} dst={t.destination} sport={t.source_port} dport={t.destination_port}"
        for t in (entry.original, entry.reply)
    )
    return " ".join((entry.protocol, entry.state, *sides)).replace("  ", " ")
