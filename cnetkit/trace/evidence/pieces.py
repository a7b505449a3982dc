"""Why one frame is several frames elsewhere: fragments of a datagram (RFC 791, RFC 8200), or pieces of a TCP segment.

It names the octets that a frame contains, and the MTU that a datagram exceeded.
"""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.recording.protocols import TCP
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.packet import frame_number


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `mtu`, `fragment` or `segment` for a frame that is a piece of a packet, or contains several
    pieces."""
    if not len(case.joined.units.unit) and not case.joined.incomplete[frame]:
        return ()
    if case.joined.units.cut(frame):
        return (*_too_large(case, frame, parent), _fragment(case, frame))
    if parent is None:
        return ()
    if case.joined.units.cut(parent):
        words = f"put together again from the fragments of datagram {_ident(case, parent)}"
        return (Evidence("fragment", words, "frames", "inferred"),)
    return _segment(case, frame, parent)


def _fragment(case: Case, frame: int) -> Evidence:
    c = case.joined.columns
    first, size = int(c.fragment[frame]), int(c.length[frame]) - int(c.transport[frame] - c.network[frame])
    last = "" if c.more[frame] else ", the last"
    words = f"octets {first} to {first + size - 1}{last} of datagram {_ident(case, frame)}"
    if case.joined.incomplete[frame]:
        words += "; not all of its fragments were seen here"
    return Evidence("fragment", words, frame_number(frame), "inferred")


def _ident(case: Case, frame: int) -> str:
    return f"0x{int(case.joined.columns.ident[frame]):04x}"


def _too_large(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """The MTU of the interface at which a node fragmented a packet."""
    c, node = case.joined.columns, case.place(frame)[0]
    if case.direction(frame) != "out" or (parent is not None and c.length[parent] <= c.length[frame]):
        return ()
    if parent is not None and case.place(parent)[0] != node:
        return ()
    name = case.device(frame)
    interface = case.tables.interfaces.get((node, name))
    if interface is None or not interface.mtu:
        return ()
    return (Evidence("mtu", f"{name} mtu {interface.mtu}", f"{node}/{name}", "table"),)


def _segment(case: Case, frame: int, parent: int) -> tuple[Evidence, ...]:
    c = case.joined.columns
    if c.protocol[frame] != TCP or c.length[frame] == c.length[parent]:
        return ()
    pieces = int(case.pieces[frame])
    if c.length[frame] < c.length[parent]:
        offset = (int(c.seq[frame]) - int(c.seq[parent])) % (1 << 32)
        size = int(c.length[frame]) - int(c.payload[frame] - c.network[frame])
        words = f"octets {offset} to {offset + size - 1} of the segment in {frame_number(parent)}, cut by the sender's offload"
        return (Evidence("segment", words, frame_number(parent), "inferred"),)
    words = f"{pieces} pieces that came apart, joined by the receiver's offload; the first is {frame_number(parent)}"
    return (Evidence("segment", words, frame_number(parent), "inferred"),)
