"""The packet that an ICMP error answers: the error quotes its first octets."""

from __future__ import annotations

import numpy as np

from cnetkit.model import Evidence
from cnetkit.recording.frames import OUT
from cnetkit.recording.gather import Bytes
from cnetkit.trace.arrays.digests import Rows
from cnetkit.trace.arrays.index import Index
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packets.icmp_errors import Quoted, heads, is_error, refusals, without_checksum
from cnetkit.trace.packets.packet import frame_number


class Quotable:
    """All packets, indexed by what an error quotes of them, in the order of time."""

    def __init__(self, case: Case) -> None:
        c, joined = case.joined.columns, case.joined
        rows = joined.order[c.transport[joined.order] > 0]
        ident = np.where(c.version == 4, c.ident, 0)
        head = np.zeros(len(c), np.uint64)
        head[rows] = heads(joined.units, rows)
        packet = c.version, c.protocol, c.src_high, c.src_low, c.dst_high, c.dst_low, ident, head
        self.anywhere = Index(rows, *packet)
        self.here = Index(rows, *packet, joined.wiring.node[case.recording.frames.tap])
        self.outside = _outside(case)

    def shown(self, packet: tuple[np.integer | int, ...]) -> Rows:
        """The frames that show this packet; if there are none, those that have it around another one, as a tunnel's header."""
        rows = self.anywhere.find(*packet)
        return rows if len(rows) else self.outside.find(*packet)


def _outside(case: Case) -> Index:
    """The same of the outermost headers of packets in tunnels."""
    c, octets = case.joined.columns, Bytes(case.joined.units.data)
    rows = case.joined.order[((c.depth > 0) & (c.outer_transport > 0))[case.joined.order]]
    end = (c.payload + c.payload_length)[rows]
    network, transport = (at[rows].astype(np.int64) for at in (c.outer_network, c.outer_transport))
    start, next_ = octets.word(network, end), octets.word(network + 8, end)
    version = start >> np.uint64(60)
    protocol = np.where(version == 4, next_ >> np.uint64(48), start >> np.uint64(8)) & np.uint64(0xFF)
    names = {name: np.zeros(len(c), np.uint64) for name in ("version", "protocol", "ident", "head")}
    names["version"][rows], names["protocol"][rows] = version, protocol
    names["ident"][rows] = np.where(version == 4, c.outer_ident[rows], 0)
    names["head"][rows] = without_checksum(octets.word(transport, end), protocol.astype(np.uint8))
    ends = c.outer_src_high, c.outer_src_low, c.outer_dst_high, c.outer_dst_low
    return Index(rows, names["version"], names["protocol"], *ends, names["ident"], names["head"])


def about(case: Case, frame: int) -> int | None:
    """The latest frame before an ICMP error that shows the quoted packet; of the same node, if there is one."""
    if not is_error(case.joined.columns, frame):
        return None
    index, packet = case.once(Quotable), _packet(case, frame)
    node = case.joined.wiring.node[case.recording.frames.tap[frame]]
    for rows in (index.here.find(*packet, node), index.shown(packet)):
        before = case.before(rows, frame)
        if before:
            return int(rows[before - 1])
    return None


def reports(case: Case) -> dict[int, int]:
    """By the number of each journey that a node that was not captured sent an ICMP error about: the frame of that error.

    Of several identical packets it is unknown which one the error is about, unless there are as many errors.
    """
    c, joined = case.joined.columns, case.joined
    came = refusals(c) & (joined.parent < 0) & (joined.direction != OUT) & (joined.journey >= 0)
    by_packet: dict[tuple[int, ...], list[int]] = {}
    for frame in joined.order[came[joined.order]].tolist():
        by_packet.setdefault(tuple(int(value) for value in _packet(case, frame)), []).append(frame)
    found: dict[int, int] = {}
    for packet, errors_of_it in by_packet.items():
        rows = case.once(Quotable).shown(tuple(np.uint64(value) for value in packet))
        journeys, first = np.unique(joined.journey[rows], return_index=True)
        places = np.argsort(first)
        if len(journeys) in (1, len(errors_of_it)):
            for place, error in zip(places.tolist(), errors_of_it, strict=False):
                if case.rank[rows[first[place]]] < case.rank[error]:
                    found[int(journeys[place])] = error
    return found


def _packet(case: Case, frame: int) -> tuple[np.integer | int, ...]:
    """What an error quotes of its packet, as Quotable has it."""
    quoted = Quoted(case.joined.units, np.array([frame]))
    (source_high, source_low), (target_high, target_low) = quoted.source, quoted.target
    ident = case.joined.columns.icmp_id[frame] if quoted.version[0] == 4 else 0
    ends = source_high[0], source_low[0], target_high[0], target_low[0]
    return quoted.version[0], quoted.protocol[0], *ends, ident, quoted.head[0]


def quoted(case: Case, frame: int, parent: int | None) -> tuple[Evidence, ...]:
    """Evidence of kind `icmp` for the first hop of an error whose packet was captured."""
    if parent is not None:
        return ()
    quoted_frame = about(case, frame)
    if quoted_frame is None:
        return ()
    packet = case.packet(quoted_frame)
    words = f"it quotes {frame_number(quoted_frame)}: {packet.protocol} {packet.source} → {packet.destination}"
    return (Evidence("icmp", words, frame_number(frame), "kernel"),)
