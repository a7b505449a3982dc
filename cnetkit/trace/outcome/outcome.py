"""The outcome of each journey, from the frames that nothing came after. What each kind claims stands in model.Outcome.

A packet has arrived if it was received by a node that owns its destination address; if it is not routed, by the
interface with its destination MAC address, or by anyone if that is a group address. For a flood one arrival is enough.
If no topology says who owns an address, it is the node where packets from it begin, unless they may come from behind
that node. It was delivered if the node answered it (evidence/answers.py), or netfilter's input hook let it pass, or the
node's transport layer counted it (counted.py), and no cause says that something took it later (causes/).

consumed: a group-addressed frame that only a bridge received, such as spanning tree (01:80:c2:00:00:0x); or a packet
that was passed to the program behind a tun device. dropped: a verdict on this packet, a rejection of it (rejections.py),
or a cause that tables and counters show. ambiguous: its first frame has several equally good parents. The others were
lost from sight if they should have been seen further on (onward.py); else they left.
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
from cnetkit.trace.arrays.order import contained
from cnetkit.trace.evidence import dnat_target, rule
from cnetkit.trace.evidence.addressed import for_another, looped
from cnetkit.trace.evidence.answers import answers
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.verdicts import HookVerdict, hooks_passed, verdicts_of
from cnetkit.trace.outcome.counted import RECEIVED, counted
from cnetkit.trace.outcome.onward import expected
from cnetkit.trace.outcome.rejections import rejection, reported
from cnetkit.trace.outcome.resets import INITIAL
from cnetkit.trace.packets.neighbour_messages import neighbour_messages
from cnetkit.trace.packets.packet import frame_number, mac

RESERVED = 0x0180C2000000
"""Group addresses that bridges do not forward (IEEE 802.1Q, 8.6.3)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """One element per journey."""

    last: NDArray[np.int64]
    """The frame at which it arrived, else the last frame."""
    arrived: NDArray[np.bool_]
    answer: NDArray[np.int64]
    """The frame by which its receiver answered it, -1 if there is none."""
    counter: NDArray[np.int64]
    """The place in counted.RECEIVED of the counter that counted it with all others of its kind, -1 if there is none."""
    expected: NDArray[np.bool_]
    """If it was not for the node where it was last seen, it should have been seen further on."""
    forked: NDArray[np.bool_]
    """It ended in several places, as a flood does."""
    looped: NDArray[np.bool_]
    """It came in by loopback, and the recording has no tables that could say more."""
    inferred: NDArray[np.bool_]
    """That the node owns the address is inferred from packets that it sent from it."""


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
    score = place + len(frames) * (np.where(arrived, 2 + better, 0) + leaf + (leaf & ~for_another(case)))
    rows, best = np.flatnonzero(joined.journey >= 0), np.zeros(count, np.int64)
    np.maximum.at(best, joined.journey[rows], score[rows])
    last = joined.order[best % max(1, len(frames))] if count else best
    leaves = np.flatnonzero(leaf)
    least, most = np.full(count, len(frames.taps)), np.full(count, -1)
    np.minimum.at(least, joined.journey[leaves], frames.tap[leaves])
    np.maximum.at(most, joined.journey[leaves], frames.tap[leaves])
    forked = least < most
    came = arrived[last]
    alone = (came & looped(case)[last]) if not case.recording.topologies else np.zeros(count, np.bool_)
    answer = np.where(came, case.once(answers)[last], -1)
    counter = np.where(came, counted(case, arrived)[last], -1)
    return Ends(last, came, answer, counter, expected(case, last), forked, alone, guessed[last])


def _asked(case: Case) -> NDArray[np.bool_]:
    """ARP requests and neighbour solicitations at the node that has the address: in a flood, this arrival counts."""
    c, frames = case.joined.columns, case.recording.frames
    asked: NDArray[np.bool_] = c.ethertype == ARP
    messages = neighbour_messages(c, case.joined.units.data)
    if asked.any():
        node = case.joined.wiring.node[frames.tap]
        asked &= contained(mix(node, c.dst_high, c.dst_low), _owned(case))
    if len(messages.frame):
        node = case.joined.wiring.node[frames.tap[messages.frame]]
        about = contained(mix(node, messages.high, messages.low), _owned(case))
        asked[messages.frame[messages.solicitation & about]] = True
    return asked


def _away(case: Case, count: int) -> NDArray[np.bool_]:
    """Frames at another node than the one where their journey begins: a flood may return to its sender."""
    joined = case.joined
    rows = joined.order[joined.journey[joined.order] >= 0][::-1]
    first = np.zeros(count, np.int64)
    first[joined.journey[rows]] = rows  # the earliest frame is written last
    node = joined.wiring.node[case.recording.frames.tap]
    away = joined.journey >= 0
    away[rows] &= node[rows] != node[first[joined.journey[rows]]]
    return away


def _arrived(
    case: Case, candidates: NDArray[np.bool_], away: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames that reached their destination; and those for which that is inferred."""
    joined, frames, c = case.joined, case.recording.frames, case.joined.columns
    node = joined.wiring.node[frames.tap]
    is_ip = c.version != 0
    group = ((c.eth_dst >> np.uint64(40)) & np.uint64(1)) == 1
    target = mix(node, c.dst_high, c.dst_low) if len(frames) else c.dst_low
    own = is_ip & contained(target, _owned(case))
    candidates = candidates & ~c.for_other
    unknown = ~joined.wiring.described[frames.tap]
    senders, sole = _at_home(case, away)
    guessed = is_ip & unknown & contained(target, senders)
    address = joined.wiring.address[frames.tap]
    port = (joined.wiring.bridge >= 0)[frames.tap] & ~joined.wiring.is_bridge[frames.tap]
    own &= (
        group | (address == 0) | (c.eth_dst == address) | (c.eth_dst == 0) | port
    )  # else the frame is for another host
    here = ~is_ip & ~group & ((address == c.eth_dst) | (unknown & (sole[frames.tap] == c.eth_dst)))
    own |= looped(case)
    wanted = group & (c.eth_dst >> np.uint64(4) != np.uint64(RESERVED >> 4))
    arrived = candidates & ~joined.incomplete & (c.depth == 0) & (own | guessed | here | wanted)
    return arrived, arrived & ~own & ~wanted & unknown


def _at_home(case: Case, away: NDArray[np.bool_]) -> tuple[U64, U64]:
    """Digests of (node, address) for addresses whose packets begin at a node; and each interface's MAC address, if it
    has one only.

    An interface that sends from several MAC addresses is a bridge's port, and the senders are behind it; the same if
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
    origin = begins & (c.version != 0) & (c.depth == 0) & np.isin(c.ttl, INITIAL) & sole[tap]
    at_home = np.setdiff1d(sender[origin], sender[came & (c.version != 0)])
    sole &= ~np.isin(mix(joined.wiring.node, most), mix(node, source)[came])
    return at_home, np.where(sole, most, np.uint64(0))


def _owned(case: Case) -> U64:
    """Digests of (node, address) for every address that an interface has or had."""
    number = {tap.node: int(at) for tap, at in zip(case.recording.frames.taps, case.joined.wiring.node, strict=True)}
    addresses = []
    for topology in case.tables.described:
        for interface in topology.interfaces:
            if interface.node in number:
                addresses += [(number[interface.node], cidr.split("/")[0]) for cidr in interface.addresses]
    return _address_digests(sorted(set(addresses)))


def _address_digests(addresses: list[tuple[int, str]]) -> U64:
    import ipaddress

    values = [int(ipaddress.ip_address(address)) for _, address in addresses]
    if not values:
        return np.zeros(0, np.uint64)
    high = np.array([value >> 64 for value in values], np.uint64)
    low = np.array([value & (1 << 64) - 1 for value in values], np.uint64)
    return mix(np.array([node for node, _ in addresses], np.int64), high, low)


def outcome(case: Case, ends: Ends, journey: int, first: int) -> Outcome:
    """The outcome of one journey, which begins with frame `first`, with its reason and evidence."""
    last = int(ends.last[journey])
    where = "/".join(case.place(last))
    dropped = _verdict(case, last, where)
    if dropped is not None:
        return dropped
    answer = rejection(case, last)
    if answer is not None:
        words, why = f"the node answered with {answer.quote}", causes.untranslated(case, last)
        if why is not None:
            return Outcome("dropped", where, f"{words}: {why.reason}", (answer, *why.evidence))
        return causes.mentioned(case, last, Outcome("dropped", where, words, (answer,)))
    if ends.arrived[journey] and not dnat_target.elsewhere(case, last):
        outcome = _because(causes.arrived(case, last), where) or _received(case, ends, journey, where)
        return causes.mentioned(case, last, outcome)
    if (report := reported(case, journey)) is not None:
        return Outcome("dropped", where, f"{report[0]} answered with {report[1].quote}", (report[1],))
    if case.joined.ambiguous[first]:
        reason = "several identical packets could have become this one, and neither order nor time tells them apart"
        return Outcome("ambiguous", "/".join(case.place(first)), reason)
    if int(case.joined.columns.eth_dst[last]) >> 4 == RESERVED >> 4 and case.direction(last) == "in":
        return Outcome("consumed", where, "bridges keep frames for this address to themselves")
    several = ends.forked[journey] and not case.joined.units.cut(last)
    lost = causes.flooded(case, last) or (None if several else causes.lost(case, last))
    return _because(lost, where) or Outcome("lost-from-sight" if ends.expected[journey] else "left", where)


def _received(case: Case, ends: Ends, journey: int, where: str) -> Outcome:
    """Of a packet that arrived, and of which nothing says that it was dropped: how far it is known to have come."""
    last, answer = int(ends.last[journey]), int(ends.answer[journey])
    guessed = (_sender(case, last),) if ends.inferred[journey] else ()
    if answer >= 0:
        evidence = Evidence("answer", f"{frame_number(answer)} answers it", "frames", "inferred")
        return Outcome("delivered", where, "", (*guessed, evidence))
    if "input" in hooks_passed(case, last):
        evidence = Evidence("hook", "input accept", f"{case.place(last)[0]} netfilter", "kernel")
        return Outcome("delivered", where, "", (*guessed, evidence))
    if ends.counter[journey] >= 0:
        name = RECEIVED[int(ends.counter[journey])].counter
        words = f"{name} grew by as many packets as arrived"
        return Outcome(
            "delivered", where, "", (*guessed, Evidence("counter", words, f"{case.place(last)[0]} counters", "table"))
        )
    if ends.looped[journey]:
        return Outcome("delivered", where, "", (Evidence("link", "loopback", where, "inferred"),))
    return Outcome("arrived", where, "", guessed)


def _sender(case: Case, last: int) -> Evidence:
    """Evidence that a node has an address because packets from it begin there."""
    node, c = case.place(last)[0], case.joined.columns
    target = case.packet(last).ends.destination if c.version[last] else mac(int(c.eth_dst[last]))
    return Evidence("address", f"packets from {target} begin at {node}", "frames", "inferred")


def _because(cause: causes.Cause | None, where: str) -> Outcome | None:
    return None if cause is None else Outcome(cause.outcome, where, cause.reason, cause.evidence)


def _only_a_copy(case: Case, last: int, drop: HookVerdict) -> bool:
    """Whether a bridge dropped a copy of a flooded frame that asks for the node itself, or of which it sent others on."""
    group = int(case.joined.columns.eth_dst[last]) >> 40 & 1
    if not group or drop.hook != "forward":
        return False
    if "input" in hooks_passed(case, last):
        return True  # the node itself got one, too
    if drop.verdict.family != "bridge":
        return False
    if case.packet(last).ends.destination in case.tables.addresses.get(case.place(last)[0], set()):
        return True
    parent = case.parent(last)
    copies = (
        np.flatnonzero((case.joined.parent == parent) & (case.joined.direction == OUT)) if parent is not None else ()
    )
    return any(case.place(int(copy))[0] == case.place(last)[0] for copy in copies)


def _verdict(case: Case, last: int, where: str) -> Outcome | None:
    parent = int(case.joined.parent[last])
    for drop in verdicts_of(case, last, parent if parent >= 0 else None):
        if drop.verdict.verdict == "drop" and not _only_a_copy(case, last, drop):
            worded = rule.worded(case, case.place(last)[0], drop)
            evidence = () if worded is None else (worded,)
            chain = f"{drop.verdict.family} {drop.verdict.table} {drop.verdict.chain}"
            return Outcome("dropped", where, worded.quote if worded is not None else f"dropped in {chain}", evidence)
    return None
