"""Matches netfilter's verdicts (`nft monitor trace`, NFT_MSG_TRACE) to the frames that show the same packet.

By the packet's own header octets, its node and its time; identical packets by their order, if the kernel reported each
of them. Of our own trace table, `cnetkit_trace`, only the headers are used. Verdicts are put into words in rule.py.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

from cnetkit.model import Verdict
from cnetkit.recording.protocols import ARP
from cnetkit.trace.arrays.index import Duplicates, Index
from cnetkit.trace.evidence.case import CACHED_PACKETS, Case
from cnetkit.trace.packets.packet import outermost

OWN_TABLE = "cnetkit_trace"
OWN_HOOKS = ("ingress", "prerouting", "input", "forward", "output", "postrouting")
BEGINS = ("ingress", "prerouting", "output")
PASSED = {"input", "forward", "postrouting"}
"""Hooks in which our chain comes last (priority 1000): a packet that it reports has passed all others there."""
APART_NS = 5_000_000_000
"""A verdict read this long after its frame belongs to another packet."""

ARP_SIZE = 28
"""An ARP packet for IPv4 over Ethernet, without padding (RFC 826)."""
DESTINATION = {"dnat", "redirect", "netmap"}
"""Actions that change a packet's destination."""
Headers = tuple[str, bytes, bytes]
"""Node, and the parts of the network and transport headers that do not change inside a node."""


@dataclass(frozen=True, slots=True)
class HookVerdict:
    """One verdict, with the hook of the base chain from which it was reached."""

    time_ns: int
    verdict: Verdict
    hook: str


@dataclass(slots=True)
class Passage:
    """The verdicts on one packet in one node."""

    time_ns: int
    incoming: bool
    verdicts: list[HookVerdict] = field(default_factory=list)
    hooks: set[str] = field(default_factory=set)
    """The hooks at which the kernel reported it, by our own chains too, which come last in their hook."""
    keys: list[Headers] = field(default_factory=list)
    """The packet's headers at each hook."""
    connection: int = 0
    """The id of its conntrack entry, if the kernel named it."""


HandedUp = dict[Headers, deque[Passage]]
"""The beginnings of passages that continue under another trace id, by the headers that they continue with."""


class Passages:
    """All passages of one recording, and the frames that they may belong to."""

    def __init__(self, case: Case) -> None:
        self.by_headers = _indexed(case)
        c, frames = case.joined.columns, case.recording.frames
        place = frames.tap, case.joined.direction
        packets = Index(case.joined.order, *place, c.ident, c.src_low, c.dst_low, c.protocol, c.sport, c.dport)
        self.duplicates = Duplicates(packets, partial(_headers, case))
        self.recent: dict[int, Passage | None] = {}
        """The passages of recently used frames: several kinds of evidence ask for the same frame."""


def verdicts_of(case: Case, frame: int, parent: int | None) -> list[HookVerdict]:
    """The verdicts on the packet between `parent` and `frame`, or on a packet that began or ended at `frame`."""
    if parent is not None and case.place(parent)[0] == case.place(frame)[0] and not case.step(frame).two_packets:
        before = _passage(case, parent)
        if before is not None and before.verdicts:
            return before.verdicts
    passage = _passage(case, frame)
    return [] if passage is None else passage.verdicts


def reported(case: Case, frame: int) -> bool:
    """Whether the kernel reported this packet at all, even if no rule applied to it."""
    return _passage(case, frame) is not None


def hooks_passed(case: Case, frame: int) -> set[str]:
    """The hooks that a packet passed whole, from its first chain to our own last one: input, forward, postrouting."""
    passage = _passage(case, frame)
    return set() if passage is None else passage.hooks & PASSED


def connection_of(case: Case, frame: int, parent: int | None) -> int:
    """The id of the conntrack entry that was reported with them, or 0."""
    named = next((s.verdict.connection for s in verdicts_of(case, frame, parent) if s.verdict.connection), 0)
    if named or parent is not None:
        return named
    passage = _passage(case, frame)  # a packet that began here and that no rule decided on
    return 0 if passage is None else passage.connection


def _passage(case: Case, frame: int) -> Passage | None:
    passages = case.once(Passages)
    c = case.joined.columns
    if not passages.by_headers or not (c.version[frame] or c.ethertype[frame] == ARP):
        return None
    if frame not in passages.recent:
        if len(passages.recent) >= CACHED_PACKETS:
            passages.recent.clear()
        passages.recent[frame] = _match(passages, case, frame)
    return passages.recent[frame]


def _match(passages: Passages, case: Case, frame: int) -> Passage | None:
    headers, came_in = _headers(case, frame), case.direction(frame) == "in"
    if (headers, False) not in passages.by_headers and case.joined.units.cut(frame):
        headers = _headers_of(case, frame, frame)
    candidates = passages.by_headers.get((headers, came_in), [])
    first, last = _about(candidates, case.time(frame), lambda passage: passage.time_ns)
    if last - first > 1:
        duplicates, place = passages.duplicates.of(frame)
        begin, end = _about(duplicates, case.time(frame), case.time)
        return candidates[first + place - begin] if end - begin == last - first else None
    return candidates[first] if last > first else None


def _about(these: Sequence[Any], time: int, time_of: Callable[[Any], int]) -> tuple[int, int]:
    """Of `these`, sorted by time, the range near this time: from, to."""
    return bisect_right(these, time - APART_NS, key=time_of), bisect_left(these, time + APART_NS, key=time_of)


def _headers(case: Case, frame: int) -> Headers:
    """What netfilter sees at this interface: the outermost packet, reassembled (nf_defrag_ipv4)."""
    return _headers_of(case, frame, int(case.whole[frame]))


def _headers_of(case: Case, frame: int, unit: int) -> Headers:
    units = case.joined.units
    network, transport = outermost(units.columns, unit)
    end = int(units.columns.payload[unit] + units.columns.payload_length[unit])
    if units.columns.ethertype[unit] == ARP:
        begin = int(units.columns.payload[unit])
        return _key(case.place(frame)[0], units.data[begin : begin + ARP_SIZE].tobytes(), b"")
    if not transport:
        return (case.place(frame)[0], b"", b"")
    parts = (units.data[at : min(at + size, end)].tobytes() for at, size in ((network, 40), (transport, 8)))
    return _key(case.place(frame)[0], *parts)


def _key(node: str, network: bytes, transport: bytes) -> Headers:
    """Without the checksum of UDP or ICMP: for packets that the node sends itself, it is computed only on the way out."""
    if network[:1] == b"\0":  # ARP over Ethernet begins with its hardware type, 1
        return (node, network[:ARP_SIZE], b"")
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


def _indexed(case: Case) -> dict[tuple[Headers, bool], list[Passage]]:
    """By the packet's headers: all passages, and those of incoming packets, in the order of time."""
    hooks = hook_names(case)
    index: dict[tuple[Headers, bool], list[Passage]] = {}
    handed_up: HandedUp = {}
    for node, events in by_trace(case):
        verdict, verdict_in = events[0][1], events[0][1].incoming
        passage = Passage(events[0][0], bool(verdict.incoming))
        hook = hooks.get((node, verdict.family, verdict.table, verdict.chain), "")
        begins = hook in BEGINS
        for time, verdict in events:
            if verdict.network_header:
                hook = hooks.get((node, verdict.family, verdict.table, verdict.chain), hook)
                passage.keys.append(_key_of(node, verdict))
            passage.connection = verdict.connection or passage.connection
            if verdict.table == OWN_TABLE:
                passage.hooks.add(verdict.chain)
            else:
                passage.verdicts.append(HookVerdict(time, verdict, hook))
        copies = events[0][1].family == "bridge"
        before = None if begins or not passage.keys else _before(handed_up, passage.keys[0], copies)
        if before is not None:
            before.verdicts += passage.verdicts
            before.hooks |= passage.hooks
            before.connection = before.connection or passage.connection
            passage, before.keys = before, before.keys + passage.keys
        elif begins and hook == "prerouting" and passage.keys:
            last = passage.keys[-1]
            handed_up.setdefault(_source(last) if _translated(case, node, events) else last, deque()).append(passage)
        ways = (False, True) if passage.incoming else (False,)
        if verdict_in == "lo":  # what comes in there has gone out there: that was a passage of its own
            ways = (True,)
        for key in product(dict.fromkeys(passage.keys), ways):
            there = index.setdefault(key, [])
            if not any(passage is existing for existing in there[-8:]):
                there.append(passage)
    for passages in index.values():
        passages.sort(key=lambda passage: passage.time_ns)
    return index


def _before(handed_up: HandedUp, key: Headers, copies: bool) -> Passage | None:
    """The first part of a packet's passage, which a bridge handed up under another trace id; perhaps translated.

    With `copies`, and for a group address, it stays for others: a bridge that floods a packet makes one for each port.
    """
    waiting = handed_up.get(key) or handed_up.get(_source(key))
    if not waiting:
        return None
    return waiting[-1] if copies or _to_a_group(key) else waiting.popleft()


def _to_a_group(key: Headers) -> bool:
    """Whether the destination is a multicast address, or IPv4's broadcast address."""
    network = key[1]
    return network[11] >= 224 if len(network) == 15 else network[19:20] == b"\xff"


def _source(key: Headers) -> Headers:
    """Headers without the destination, which DNAT changes."""
    node, network, transport = key
    return (node, network[:11] if len(network) == 15 else network[:19], transport[:2] + transport[4:])


def _translated(case: Case, node: str, events: list[tuple[int, Verdict]]) -> bool:
    """Whether a rule changed the packet's destination."""
    rules = (case.tables.rules.get((node, v.family, v.table, v.chain, v.handle)) for _, v in events if v.type == "rule")
    return any(action.kind in DESTINATION for rule in rules if rule is not None for action in rule.actions)


def hook_names(case: Case) -> dict[tuple[str, str, str, str], str]:
    """The hook of each base chain, by node, family, table and chain; our own chains included."""
    hooks = {(c.node, c.family, c.table, c.name): c.hook for t in case.tables.rule_sets for c in t.chains}
    own = product(case.tables.addresses, ("netdev", "bridge", "inet"), OWN_HOOKS)
    return hooks | {(node, family, OWN_TABLE, hook): hook for node, family, hook in own}


def by_trace(case: Case) -> list[tuple[str, list[tuple[int, Verdict]]]]:
    """Each packet's verdicts in one node, with their times: (node, verdicts)."""
    groups: dict[tuple[str, int], list[tuple[int, Verdict]]] = {}
    for event in case.recording.events:
        if event.kind == "verdict":
            groups.setdefault((event.node, event.subject.trace_id), []).append((event.time_ns, event.subject))
    packets = []
    leaving: dict[Headers, deque[list[tuple[int, Verdict]]]] = {}
    for (node, _), events in groups.items():
        first, last = events[0][1], next((v for _, v in reversed(events) if v.network_header), None)
        egress = first.family == "netdev" and not first.incoming and bool(first.network_header)
        if egress and (before := leaving.get(_key_of(node, first))):
            before.popleft().extend(events)  # the hook of a device comes after our last chain, under another trace id
            continue
        packets.append((node, events))
        if last is not None and (last.table, last.chain) == (OWN_TABLE, "postrouting"):
            leaving.setdefault(_key_of(node, last), deque()).append(events)
    return packets


def _key_of(node: str, verdict: Verdict) -> Headers:
    return _key(node, verdict.network_header[:40], verdict.transport_header[:8])
