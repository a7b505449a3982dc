"""How each journey ended, from the frames that nothing came after.

delivered: received by a node that owns the packet's destination address; or, for what is not routed, by the interface
whose MAC address it bears, or by anyone when it is for all. Of a flood one arrival suffices. Where no topology tells whose
an address is, it is the node's where packets from it begin, if nothing shows that they come from behind.
consumed: a group-addressed frame that only its own sender's bridge took up, such as spanning tree (01:80:c2:00:00:0x); or
one that was handed to the program behind a tun device.
dropped: the kernel said so: a verdict over this packet, or what the last node answered to it (rejections.py); or the tables
and counters of that time show why (causes/).
ambiguous: its first frame has several equal candidates to come from.
lost-from-sight: none of these; the last frame says where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Evidence, Outcome
from cnetkit.recording.frames import IN, OUT
from cnetkit.recording.protocols import ARP
from cnetkit.trace import causes
from cnetkit.trace.arrays.digests import U64, mix
from cnetkit.trace.evidence import dnat_target, rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import steps_of
from cnetkit.trace.outcome.rejections import INITIAL, refusal
from cnetkit.trace.packets.packet import mac

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
    count = joined.journeys()
    leaf = (joined.journey >= 0) & joined.last()
    away = _away(case, count)
    arrived, guessed = _arrived(case, leaf & (joined.direction == IN), away)
    place = np.empty(len(frames), np.int64)
    place[joined.order] = np.arange(len(frames))
    better = _asked(case).astype(np.int64) * 2 + away
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


def _arrived(
    case: Case, candidates: NDArray[np.bool_], away: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames that reached whom they were for; and those of them where that is inferred."""
    joined, frames, c = case.joined, case.recording.frames, case.joined.columns
    node = joined.wiring.node[frames.tap]
    is_ip = c.version > 0
    group = ((c.eth_dst >> np.uint64(40)) & np.uint64(1)) == 1
    target = mix(node, c.dst_high, c.dst_low) if len(frames) else c.dst_low
    own = is_ip & np.isin(target, _owned(case))
    unknown = ~joined.wiring.described[frames.tap]
    senders, sole = _at_home(case, away)
    guessed = is_ip & unknown & np.isin(target, senders)
    address = joined.wiring.address[frames.tap]
    port = (joined.wiring.bridge >= 0)[frames.tap] & ~joined.wiring.is_bridge[frames.tap]
    own &= group | (address == 0) | (c.eth_dst == address) | (c.eth_dst == 0) | port  # else another host's frame
    here = ~is_ip & ~group & ((address == c.eth_dst) | (unknown & (sole[frames.tap] == c.eth_dst)))
    wanted = group & (c.eth_dst >> np.uint64(4) != np.uint64(RESERVED >> 4))
    arrived = candidates & ~joined.incomplete & (c.depth == 0) & (own | guessed | here | wanted)
    return arrived, arrived & ~own & ~wanted & unknown


def _at_home(case: Case, away: NDArray[np.bool_]) -> tuple[U64, U64]:
    """Digests of (node, address) for addresses whose packets begin at a node, and each interface's only MAC address.

    Where an interface sends from several ones, it is a bridge's port, and the senders stand behind it; so they do where
    their packets came in at the node. `away` are frames at another node than the one where their journey begins.
    """
    joined, frames, c = case.joined, case.recording.frames, case.joined.columns
    tap, node = frames.tap, joined.wiring.node[frames.tap]
    begins = (joined.parent < 0) & (joined.direction == OUT) & ~joined.ambiguous
    source = np.where(c.depth > 0, c.outer_eth_src, c.eth_src)
    least, most = np.full(len(frames.taps), ~np.uint64(0)), np.zeros(len(frames.taps), np.uint64)
    np.minimum.at(least, tap[begins], source[begins])
    np.maximum.at(most, tap[begins], source[begins])
    sole = least == most
    if not len(frames):
        return c.src_low, most
    sender = mix(node, c.src_high, c.src_low)
    came = (joined.direction == IN) & ((joined.parent < 0) | away)
    origin = begins & (c.version > 0) & (c.depth == 0) & np.isin(c.ttl, INITIAL) & sole[tap]
    at_home = np.setdiff1d(sender[origin], sender[came & (c.version > 0)])
    sole &= ~np.isin(mix(joined.wiring.node, most), mix(node, source)[came])
    return at_home, np.where(sole, most, np.uint64(0))


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
    if found.delivered[journey] and not dnat_target.elsewhere(case, last):
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
    node, c = case.place(last)[0], case.joined.columns
    target = case.packet(last).ends.destination if c.version[last] else mac(int(c.eth_dst[last]))
    return Evidence("address", f"packets from {target} begin at {node}", "frames", "inferred")


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
