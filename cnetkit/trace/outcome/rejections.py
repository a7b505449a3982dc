"""A node's rejection of a packet: an ICMP error that quotes it, or a TCP reset in answer to it.

An error belongs to a packet if it quotes that packet's own header octets (RFC 792; RFC 4443, 3.1), a reset if it
acknowledges exactly that SYN (RFC 9293, 3.10.7.1), or has the sequence number that the segment acknowledged (resets.py).
A node that translates sends both with the addresses before its translation. Packets without a reply are left to causes/.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence
from cnetkit.recording.frames import OUT
from cnetkit.recording.protocols import TCP
from cnetkit.trace.arrays.index import Duplicates, Index
from cnetkit.trace.evidence import icmp_error
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.outcome.resets import INITIAL, resets, within
from cnetkit.trace.packets.icmp_errors import refusals
from cnetkit.trace.packets.packet import error_name, frame_number, outermost, reply_ends

SYN, RST, ACK = 2, 4, 16
Key = tuple[str, bytes, bytes]
"""Node; identification, protocol and addresses; and the first 8 octets of the transport header."""


class Rejections:
    """The rejections that the nodes of one recording sent, and the packets they belong to."""

    def __init__(self, case: Case) -> None:
        self.about = _indexed(case)
        c, joined = case.joined.columns, case.joined
        plain = np.where(_is_syn(case), 0, c.ident)  # a retransmitted SYN has a new identification
        place = case.recording.frames.tap, joined.direction
        packets = Index(joined.order, *place, plain, c.protocol, c.src_low, c.dst_low, c.sport, c.dport, c.seq)
        self.duplicates = Duplicates(packets, partial(_key, case))
        accepted = joined.order[(_flags(case, SYN | RST | ACK) == SYN | ACK)[joined.order]]
        self.accepted = Index(accepted, c.sport, c.dport, c.ack)


def rejection(case: Case, frame: int) -> Evidence | None:
    """The rejection of `frame` by the node that received it, or None."""
    if case.direction(frame) != "in" or not case.joined.columns.version[frame]:
        return None
    if (reset := case.once(resets).get(frame)) is not None:
        return Evidence("tcp", "a TCP reset", frame_number(reset), "kernel")
    return next((found for seen in within(case, frame) if (found := _rejection(case, seen)) is not None), None)


def _rejection(case: Case, frame: int) -> Evidence | None:
    rejections, columns = case.once(Rejections), case.joined.columns
    answers = rejections.about.get(_key(case, frame), []) if rejections.about else []
    later = bisect_left(answers, case.time(frame), key=case.time)
    if later == len(answers):
        return None
    identical, place = rejections.duplicates.of(frame)
    if len(identical) > 1:
        if len(identical) != len(answers) or place < later:
            return None  # of several identical packets it is unknown which one was rejected
        later = place
    answer = answers[later]
    if columns.protocol[answer] == TCP:
        if len(rejections.accepted.find(columns.dport[frame], columns.sport[frame], columns.seq[frame] + np.uint32(1))):
            return None  # a reset after a SYN-ACK ends an established connection
        return Evidence("tcp", "a TCP reset", frame_number(answer), "kernel")
    kind, code = int(columns.icmp_type[answer]), int(columns.icmp_code[answer])
    return Evidence(
        "icmp", f"ICMP {error_name(int(columns.version[answer]), kind, code)}", frame_number(answer), "kernel"
    )


def reported(case: Case, journey: int) -> tuple[str, Evidence] | None:
    """Which node that was not captured sent an ICMP error about a packet that went there, and the error."""
    error = case.once(icmp_error.reports).get(journey)
    if error is None:
        return None
    c = case.joined.columns
    words = f"ICMP {error_name(int(c.version[error]), int(c.icmp_type[error]), int(c.icmp_code[error]))}"
    return case.packet(error).ends.source, Evidence("icmp", words, frame_number(error), "kernel")


def _flags(case: Case, mask: int) -> NDArray[np.uint8]:
    """These of TCP's flags; 0 for other protocols."""
    c = case.joined.columns
    flags: NDArray[np.uint8] = np.where(c.protocol == TCP, c.flags & mask, 0)
    return flags


def _is_syn(case: Case) -> NDArray[np.bool_]:
    syn: NDArray[np.bool_] = (_flags(case, SYN | ACK) == SYN) & (case.joined.columns.depth == 0)
    return syn


def _indexed(case: Case) -> dict[Key, list[int]]:
    """The rejections that began in their node, by the packets they belong to."""
    joined, c = case.joined, case.joined.columns
    own = (joined.parent < 0) & (joined.direction == OUT) & np.isin(c.ttl, INITIAL)  # not forwarded for another node
    errors = refusals(c)
    resets = _flags(case, RST | ACK) == RST | ACK
    by_packet: dict[Key, list[int]] = {}
    for frame in joined.order[(own & (errors | resets))[joined.order]]:
        node, at = case.place(int(frame))[0], int(c.transport[frame])
        if resets[frame]:
            key = _reset(case, node, int(frame))
        else:
            quoted = _bytes(case, int(frame), at + 8, 68)
            header = (quoted[0] & 15) * 4 if quoted[:1] and quoted[0] >> 4 == 4 else 40
            key = (node, kept(quoted[:header]), _without_checksum(quoted[:header], quoted[header : header + 8]))
        by_packet.setdefault(key, []).append(int(frame))
    return by_packet


def _key(case: Case, frame: int) -> Key:
    c, node = case.joined.columns, case.place(frame)[0]
    if not c.depth[frame] and c.protocol[frame] == TCP and int(c.flags[frame]) & (SYN | ACK) == SYN:
        ends = case.packet(frame).ends
        return (node, f"{ends}".encode(), (int(c.seq[frame]) + 1 & 0xFFFFFFFF).to_bytes(4, "big"))
    network, transport = outermost(c, frame)
    header = _bytes(case, frame, network, transport - network)
    return (node, kept(header), _without_checksum(header, _bytes(case, frame, transport, 8)))


def _reset(case: Case, node: str, frame: int) -> Key:
    ends = reply_ends(case.packet(frame).ends)
    return (node, f"{ends}".encode(), int(case.joined.columns.ack[frame]).to_bytes(4, "big"))


def _bytes(case: Case, frame: int, at: int, size: int) -> bytes:
    frames = case.recording.frames
    end = int(frames.start[frame] + frames.captured[frame])
    return frames.data[at : min(at + size, end)].tobytes()


def _without_checksum(network: bytes, head: bytes) -> bytes:
    """The first octets of a transport header without a checksum: the card may compute it after the frame was captured."""
    protocol = network[9:10] if network[:1] and network[0] >> 4 == 4 else network[6:7]
    if protocol in (b"\x11", b"\x88"):
        return head[:6]
    return head[:2] + head[4:8] if protocol in (b"\x01", b"\x3a") else head


def kept(network: bytes) -> bytes:
    """The part of a network header that does not change inside a node: all but length, TTL, marks and checksum."""
    if network[:1] and network[0] >> 4 == 4:
        return network[4:6] + network[9:10] + network[12:20]
    return network[6:7] + network[8:40]
