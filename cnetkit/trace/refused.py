"""What a node answered to a packet that it would not take: an ICMP error that quotes it, or a TCP reset of its SYN.

An error belongs to a packet when it quotes that packet's own header bytes (RFC 792, RFC 4443, 3.1), a reset when it
acknowledges exactly that SYN (RFC 9293, 3.10.7.1). It says nothing about packets that nobody answered.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from cnetkit.model import Evidence
from cnetkit.recording.columns import ICMP, ICMP_ERRORS, ICMPV6, ICMPV6_ERRORS, TCP
from cnetkit.recording.frames import OUT
from cnetkit.trace.evidence.case import Case, turned
from cnetkit.trace.packet import error_name, outermost

SYN, RST, ACK = 2, 4, 16
INITIAL = (64, 128, 255)
"""What a TTL or hop limit begins with: a packet that has less was forwarded."""
Key = tuple[str, bytes, bytes]
"""Node; identification, protocol and addresses; and the first 8 bytes of the transport header."""

_answers: WeakKeyDictionary[Case, dict[Key, list[int]]] = WeakKeyDictionary()


def refusal(case: Case, frame: int) -> Evidence | None:
    """What the node where `frame` came in answered to it, or None."""
    if case.direction(frame) != "in" or not case.joined.columns.version[frame]:
        return None
    if case not in _answers:
        _answers[case] = _indexed(case)
    if not _answers[case]:
        return None
    key, columns = _key(case, frame), case.joined.columns
    after = [n for n in _answers[case].get(key, ()) if case.time(n) >= case.time(frame)]
    alike = _alike(case, frame, key) if after else []
    if not after or (len(alike) > 1 and len(alike) != len(_answers[case][key])):
        return None  # of several packets that look the same, who can tell which one was refused
    answer = _answers[case][key][alike.index(frame)] if len(alike) > 1 else after[0]
    if columns.protocol[answer] == TCP:
        if _accepted(case, frame):
            return None
        return Evidence("tcp", "a TCP reset", f"frame {answer}", "kernel")
    kind, code = int(columns.icmp_type[answer]), int(columns.icmp_code[answer])
    return Evidence("icmp", f"ICMP {error_name(int(columns.version[answer]), kind, code)}", f"frame {answer}", "kernel")


def _alike(case: Case, frame: int, key: Key) -> list[int]:
    """The frames that an answer with this key could be about, at the same interface, in the order of time."""
    c, frames, joined = case.joined.columns, case.recording.frames, case.joined
    same = (frames.tap == frames.tap[frame]) & (joined.direction == joined.direction[frame])
    for name in ("protocol", "src_low", "dst_low", "sport", "dport", "seq"):
        column = getattr(c, name)
        same &= column == column[frame]
    rows = joined.order[same[joined.order]]
    return [int(n) for n in rows if _key(case, int(n)) == key]


def _accepted(case: Case, frame: int) -> bool:
    """Whether a SYN was answered by a SYN ACK: a reset after it ends a connection that was there."""
    c = case.joined.columns
    answers = (c.protocol == TCP) & (c.flags & (SYN | RST | ACK) == SYN | ACK) & (c.ack == c.seq[frame] + np.uint32(1))
    answers &= (c.sport == c.dport[frame]) & (c.dport == c.sport[frame])
    return bool(answers.any())


def _indexed(case: Case) -> dict[Key, list[int]]:
    """The answers that began in their node, by the packets that they are about."""
    joined, c = case.joined, case.joined.columns
    own = (joined.parent < 0) & (joined.direction == OUT) & np.isin(c.ttl, INITIAL)  # not another node's, passed on
    errors = (c.protocol == ICMP) & np.isin(c.icmp_type, ICMP_ERRORS)
    errors |= (c.protocol == ICMPV6) & np.isin(c.icmp_type, ICMPV6_ERRORS)
    resets = (c.protocol == TCP) & (c.flags & (RST | ACK) == RST | ACK)
    found: dict[Key, list[int]] = {}
    for frame in joined.order[(own & (errors | resets))[joined.order]]:
        node, at = case.place(int(frame))[0], int(c.transport[frame])
        if resets[frame]:
            key = _reset(case, node, int(frame))
        else:
            quoted = _bytes(case, int(frame), at + 8, 68)
            header = (quoted[0] & 15) * 4 if quoted[:1] and quoted[0] >> 4 == 4 else 40
            key = (node, kept(quoted[:header]), quoted[header : header + 8])
        found.setdefault(key, []).append(int(frame))
    return found


def _key(case: Case, frame: int) -> Key:
    c, node = case.joined.columns, case.place(frame)[0]
    if not c.depth[frame] and c.protocol[frame] == TCP and int(c.flags[frame]) & (SYN | ACK) == SYN:
        ends = case.packet(frame).ends
        return (node, f"{ends}".encode(), (int(c.seq[frame]) + 1 & 0xFFFFFFFF).to_bytes(4, "big"))
    network, transport = outermost(c, frame)
    return (node, kept(_bytes(case, frame, network, transport - network)), _bytes(case, frame, transport, 8))


def _reset(case: Case, node: str, frame: int) -> Key:
    ends = turned(case.packet(frame).ends)
    return (node, f"{ends}".encode(), int(case.joined.columns.ack[frame]).to_bytes(4, "big"))


def _bytes(case: Case, frame: int, at: int, size: int) -> bytes:
    frames = case.recording.frames
    end = int(frames.start[frame] + frames.captured[frame])
    return frames.data[at : min(at + size, end)].tobytes()


def kept(network: bytes) -> bytes:
    """What of a network header stays the same inside a node: all but length, TTL, marks and checksum."""
    if network[:1] and network[0] >> 4 == 4:
        return network[4:6] + network[9:10] + network[12:20]
    return network[6:7] + network[8:40]
