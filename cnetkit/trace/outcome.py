"""How each journey ended, from the frames that nothing came after.

delivered: received by a node that owns the packet's destination address; or, for what is not routed, by the interface
whose MAC address it bears, or by anyone when it is for all. Of a flood one arrival suffices.
consumed: a group-addressed frame that only its own sender's bridge took up, such as spanning tree (01:80:c2:00:00:0x); or
one that was handed to the program behind a tun device.
dropped: the kernel said so: a verdict over this packet, or what the last node answered to it (refused.py); or the tables
and counters of that time show why (causes/).
ambiguous: its first frame has several equal candidates to come from.
lost-from-sight: none of these; the last frame says where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence, Outcome
from cnetkit.recording.columns import ARP
from cnetkit.recording.frames import IN, OUT
from cnetkit.trace import causes, meant
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import steps_of
from cnetkit.trace.identity import U64, mix
from cnetkit.trace.refused import INITIAL, refusal

RESERVED = 0x0180C2000000
"""Group addresses that bridges do not forward (IEEE 802.1Q, 8.6.3)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """One element a journey."""

    last: NDArray[np.int64]
    """The frame at which it was delivered, else the last one seen."""
    delivered: NDArray[np.bool_]
    forked: NDArray[np.bool_]
    """It ended in several places, as a flood does."""
    inferred: NDArray[np.bool_]
    """That the node owns the address follows only from its sending from it."""


def ends(case: Case) -> Ends:
    """Where each journey ended, as columns."""
    joined, frames = case.joined, case.recording.frames
    count = int(joined.journey.max(initial=-1)) + 1
    leaf = joined.journey >= 0
    leaf[joined.parent[joined.parent >= 0]] = False
    arrived, guessed = _arrived(case, leaf & (joined.direction == IN))
    place = np.empty(len(frames), np.int64)
    place[joined.order] = np.arange(len(frames))
    better = _asked(case).astype(np.int64) * 2 + _away(case, count)
    score = place + len(frames) * (np.where(arrived, 2 + better, 0) + leaf)
    chosen = joined.order[np.lexsort((score[joined.order], joined.journey[joined.order]))]
    chosen = chosen[joined.journey[chosen] >= 0]
    number = joined.journey[chosen]
    last = np.zeros(count, np.int64)
    last[number] = chosen
    taps = max(1, len(frames.taps))
    places = np.unique(joined.journey[leaf].astype(np.int64) * taps + frames.tap[leaf]) // taps
    forked = np.bincount(places, minlength=count) > 1
    return Ends(last, arrived[last], forked, guessed[last])


def _asked(case: Case) -> NDArray[np.bool_]:
    """ARP requests at the node that has the address asked for: of a flood, these count most."""
    c, frames = case.joined.columns, case.recording.frames
    asked: NDArray[np.bool_] = c.ethertype == ARP
    if asked.any():
        node = case.joined.wiring.node[frames.tap]
        asked &= np.isin(mix(node, c.dst_high, c.dst_low), _owned(case))
    return asked


def _away(case: Case, count: int) -> NDArray[np.bool_]:
    """Frames at another node than the one where their journey begins: a flood may come back to its sender."""
    joined = case.joined
    rows = joined.order[joined.journey[joined.order] >= 0][::-1]
    first = np.zeros(count, np.int64)
    first[joined.journey[rows]] = rows  # the earliest is written last
    node = joined.wiring.node[case.recording.frames.tap]
    away = joined.journey >= 0
    away[rows] &= node[rows] != node[first[joined.journey[rows]]]
    return away


def _arrived(case: Case, candidates: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames that reached whom they were for; and those of them where that is inferred."""
    joined, frames, c = case.joined, case.recording.frames, case.joined.columns
    node = joined.wiring.node[frames.tap]
    is_ip = c.version > 0
    group = ((c.eth_dst >> np.uint64(40)) & np.uint64(1)) == 1
    target = mix(node, c.dst_high, c.dst_low) if len(frames) else c.dst_low
    own = is_ip & np.isin(target, _owned(case))
    origin = (joined.parent < 0) & (joined.direction == OUT) & is_ip & ~joined.ambiguous & np.isin(c.ttl, INITIAL)
    senders = mix(node[origin], c.src_high[origin], c.src_low[origin]) if origin.any() else c.src_low[:0]
    unknown = ~joined.wiring.known[frames.tap]
    guessed = is_ip & unknown & np.isin(target, senders)
    address = joined.wiring.address[frames.tap]
    port = (joined.wiring.bridge >= 0)[frames.tap] & ~joined.wiring.is_bridge[frames.tap]
    own &= group | (address == 0) | (c.eth_dst == address) | (c.eth_dst == 0) | port  # else another host's frame
    here = ~is_ip & ~group & ((address == c.eth_dst) | (unknown & (joined.rule > 0)))
    wanted = group & (c.eth_dst >> np.uint64(4) != np.uint64(RESERVED >> 4))
    arrived = candidates & ~joined.incomplete & (own | guessed | here | wanted)
    return arrived, arrived & ~own & ~wanted & unknown


def _owned(case: Case) -> U64:
    """Digests of (node, address) for every address that an interface has or had."""
    number = {tap.node: int(at) for tap, at in zip(case.recording.frames.taps, case.joined.wiring.node, strict=True)}
    found = []
    for topology in case.recording.topologies:
        for interface in topology.interfaces:
            if interface.node in number:
                found += [(number[interface.node], cidr.split("/")[0]) for cidr in interface.addresses]
    return _address_digests(sorted(set(found)))


def _address_digests(found: list[tuple[int, str]]) -> U64:
    import ipaddress

    values = [int(ipaddress.ip_address(address)) for _, address in found]
    if not values:
        return np.zeros(0, np.uint64)
    high = np.array([value >> 64 for value in values], np.uint64)
    low = np.array([value & (1 << 64) - 1 for value in values], np.uint64)
    return mix(np.array([node for node, _ in found], np.int64), high, low)


def outcome(case: Case, found: Ends, journey: int, first: int) -> Outcome:
    """The outcome of one journey that begins with frame `first`, in words."""
    last = int(found.last[journey])
    where = "/".join(case.place(last))
    dropped = _verdict(case, last, where)
    if dropped is not None:
        return dropped
    answer = refusal(case, last)
    if answer is not None:
        return Outcome("dropped", where, f"the node answered with {answer.quote}", (answer,))
    if found.delivered[journey] and not meant.elsewhere(case, last):
        guessed = (_sender(case, last),) if found.inferred[journey] else ()
        return _because(causes.arrived(case, last), where) or Outcome("delivered", where, "", guessed)
    if case.joined.ambiguous[first]:
        reason = "several identical packets could have become this one, and neither order nor time tells them apart"
        return Outcome("ambiguous", "/".join(case.place(first)), reason)
    if int(case.joined.columns.eth_dst[last]) >> 4 == RESERVED >> 4 and case.direction(last) == "in":
        return Outcome("consumed", where, "bridges keep frames for this address to themselves")
    several = found.forked[journey] and not case.joined.units.cut(last)
    lost = causes.flooded(case, last) or (None if several else causes.lost(case, last))
    return _because(lost, where) or Outcome("lost-from-sight", where)


def _sender(case: Case, last: int) -> Evidence:
    """That a node has an address because packets from it begin there."""
    node, target = case.place(last)[0], case.packet(last).ends.destination
    return Evidence("address", f"packets from {target or 'its address'} begin at {node}", "frames", "inferred")


def _because(cause: causes.Cause | None, where: str) -> Outcome | None:
    return None if cause is None else Outcome(cause.outcome, where, cause.reason, cause.evidence)


def _verdict(case: Case, last: int, where: str) -> Outcome | None:
    parent = int(case.joined.parent[last])
    for step in steps_of(case, last, parent if parent >= 0 else None):
        if step.verdict.verdict == "drop":
            said = rule.worded(case, case.place(last)[0], step)
            evidence = () if said is None else (said,)
            chain = f"{step.verdict.family} {step.verdict.table} {step.verdict.chain}"
            return Outcome("dropped", where, said.quote if said is not None else f"dropped in {chain}", evidence)
    return None
