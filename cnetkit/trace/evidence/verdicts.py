"""Ties what netfilter said of a packet (`nft monitor trace`, NFT_MSG_TRACE) to the frames that show this packet.

By the packet's own header bytes, its node and its time; identical packets by their order, where the kernel reported
each of them. Our own tracing aid, the table `cnetkit_trace`, tells of headers only. It words nothing: see rule.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from cnetkit.model import Verdict
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.packet import outermost

OWN_TABLE = "cnetkit_trace"
OWN_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
BEGINS = ("prerouting", "output")
TUNNELLED = ("wrapped", "unwrapped", "encrypted", "decrypted")
"""Steps between two packets, each of which netfilter sees by itself: the one inside and the one around it."""
APART_NS = 5_000_000_000
"""A verdict read this long after its frame belongs to another packet."""

Headers = tuple[str, bytes, bytes]
"""Node, and the parts of the network and transport headers that stay while a packet is inside of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One verdict, with the hook of the base chain it was reached from."""

    time_ns: int
    verdict: Verdict
    hook: str


@dataclass(slots=True)
class Passage:
    """What was said of one packet in one node."""

    time_ns: int
    incoming: bool
    steps: list[Step] = field(default_factory=list)
    keys: list[Headers] = field(default_factory=list)
    """The packet's headers at each hook."""


Index = dict[Headers, list[Passage]]
_indexes: WeakKeyDictionary[Case, Index] = WeakKeyDictionary()


def steps_of(case: Case, frame: int, parent: int | None) -> list[Step]:
    """The verdicts over the packet between `parent` and `frame`, or over one that began or ended at `frame`."""
    if parent is not None and case.place(parent)[0] == case.place(frame)[0] and case.step(frame) not in TUNNELLED:
        found = _passage(case, parent)
        if found:
            return found
    return _passage(case, frame)


def connection_of(case: Case, frame: int, parent: int | None) -> int:
    """The conntrack entry's id that was said with them, or 0."""
    return next((s.verdict.connection for s in steps_of(case, frame, parent) if s.verdict.connection), 0)


def _passage(case: Case, frame: int) -> list[Step]:
    index = _indexes.get(case)
    if index is None:
        index = _indexes[case] = _indexed(case)
    if not index or not case.joined.columns.version[frame]:
        return []
    came_in = case.direction(frame) == "in"
    found = index.get(_headers(case, frame)) or index.get(_headers_of(case, frame, frame), [])
    near = [p for p in found if p.incoming == came_in or not came_in]
    near = [p for p in near if abs(p.time_ns - case.time(frame)) < APART_NS]
    if len(near) > 1:
        same = _identical(case, frame)
        return near[same.index(frame)].steps if len(same) == len(near) else []
    return near[0].steps if near else []


def _identical(case: Case, frame: int) -> list[int]:
    """The frames with the same headers at the same place, in the order of time."""
    c, frames = case.joined.columns, case.recording.frames
    same = (frames.tap == frames.tap[frame]) & (case.joined.direction == case.joined.direction[frame])
    for name in ("ident", "src_low", "dst_low", "protocol", "sport", "dport"):
        column = getattr(c, name)
        same &= column == column[frame]
    key = _headers(case, frame)
    rows = case.joined.order[same[case.joined.order]]
    near = np.abs(frames.time_ns[rows] - frames.time_ns[frame]) < APART_NS
    return [int(n) for n in rows[near] if _headers(case, int(n)) == key]


def _headers(case: Case, frame: int) -> Headers:
    """What netfilter sees at this interface: the outermost packet, and datagrams whole (nf_defrag_ipv4)."""
    return _headers_of(case, frame, case.joined.units.whole(frame))


def _headers_of(case: Case, frame: int, unit: int) -> Headers:
    units = case.joined.units
    network, transport = outermost(units.columns, unit)
    end = int(units.columns.payload[unit] + units.columns.payload_length[unit])
    if not transport:
        return (case.place(frame)[0], b"", b"")
    parts = (units.data[at : min(at + size, end)].tobytes() for at, size in ((network, 40), (transport, 8)))
    return _key(case.place(frame)[0], *parts)


def _key(node: str, network: bytes, transport: bytes) -> Headers:
    """Without the checksum of UDP or ICMP: of what the node sends itself, it is only filled in on the way out."""
    protocol = network[9:10] if network[:1] and network[0] >> 4 == 4 else network[6:7]
    if protocol == b"\x11":
        transport = transport[:6]
    elif protocol in (b"\x01", b"\x3a"):
        transport = transport[:2] + transport[4:8]
    return (node, _kept(network), transport[:8])


def _kept(network: bytes) -> bytes:
    """A network header without TTL and checksum."""
    if network[:1] and network[0] >> 4 == 4:
        return network[2:8] + network[9:10] + network[12:20]
    return network[4:7] + network[8:40]


def _indexed(case: Case) -> Index:
    hooks = {(c.node, c.family, c.table, c.name): c.hook for t in case.rule_sets for c in t.chains}
    hooks |= {(node, "inet", OWN_TABLE, hook): hook for node in case.addresses for hook in OWN_HOOKS}
    index: Index = {}
    handed_up: dict[Headers, list[Passage]] = {}
    for node, events in _by_trace(case):
        verdict = events[0][1]
        passage = Passage(events[0][0], bool(verdict.incoming))
        hook = hooks.get((node, verdict.family, verdict.table, verdict.chain), "")
        begins = hook in BEGINS
        for time, verdict in events:
            if verdict.network_header:
                hook = hooks.get((node, verdict.family, verdict.table, verdict.chain), hook)
                passage.keys.append(_key(node, verdict.network_header[:40], verdict.transport_header[:8]))
            if verdict.table != OWN_TABLE:
                passage.steps.append(Step(time, verdict, hook))
        if passage.keys and not begins and handed_up.get(passage.keys[0]):
            before = handed_up[passage.keys[0]].pop(0)
            before.steps += passage.steps
            passage, before.keys = before, before.keys + passage.keys
        elif begins and hook == "prerouting" and passage.keys:
            handed_up.setdefault(passage.keys[-1], []).append(passage)
        for key in dict.fromkeys(passage.keys):
            there = index.setdefault(key, [])
            if not any(passage is other for other in there[-8:]):
                there.append(passage)
    return index


def _by_trace(case: Case) -> list[tuple[str, list[tuple[int, Verdict]]]]:
    found: dict[tuple[str, int], list[tuple[int, Verdict]]] = {}
    for event in case.recording.events:
        if event.kind == "verdict":
            found.setdefault((event.node, event.subject.trace_id), []).append((event.time_ns, event.subject))
    return [(node, events) for (node, _), events in found.items()]
