"""Address translation (net/netfilter/nf_nat_core.c): the same packet with other addresses or ports.

Accept a translation only if a conntrack entry contains both tuples, or if no other packet is possible. A translation
inferred in this way applies to the rest of its connection. A packet with swapped ends is a reply, never a translation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.model import Tuple5
from cnetkit.recording.protocols import ICMP, ICMPV6, ICMPV6_ERRORS, TCP, UDP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.arrays.order import begins, ordered, shared
from cnetkit.trace.packets.packet import reply_ends
from cnetkit.trace.pairing.pairs import NO_PAIRS, NOTHING, Pairs, pair
from cnetkit.trace.steps.routing import around, candidates
from cnetkit.trace.steps.search import Search
from cnetkit.trace.steps.step import Step, Wanted

PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6, "sctp": 132, "udplite": 136, "dccp": 33}
IGMP = 2
WORD = (1 << 64) - 1

Translations = tuple[U64, U64]
"""Digests of (node, ends before), ascending, and of the ends after."""


def translated(search: Search) -> Pairs:
    """Frames that a node routed and translated."""
    parents, children = candidates(search)
    parents = parents[~search.passed[parents]]
    here = mix(search.node, around(search))
    hops = search.identity.hops.astype(np.int64)
    return translated_pairs(search, parents, children, mix(here, hops - 1), mix(here, hops))


def translated_up(search: Search) -> Pairs:
    """With br_netfilter: translated before the bridge passes it up to its node. Prerouting changes the destination
    only."""
    is_ip = (search.identity.hops >= 0) & _bridging(search)
    kept = mix(search.bridge, search.identity.hops.astype(np.uint64), search.columns.eth_src[search.frame])
    below = search.incoming(is_ip & ~search.at_bridge & ~search.passed & ~search.raised)
    above = search.incoming(search.orphan & is_ip & search.at_bridge)
    return translated_pairs(search, below, above, kept, kept, half=True)


def translated_in_bridge(search: Search) -> Pairs:
    """With br_netfilter (net/bridge/br_netfilter_hooks.c): translated inside a bridge, with the TTL unchanged.

    The packet leaves at a port with the source MAC address it came with. In between it may pass the neighbour table,
    and then appears at the bridge's own output, with the bridge's address.
    """
    is_ip = (search.identity.hops >= 0) & _bridging(search)
    place = mix(search.bridge, search.identity.hops.astype(np.uint64))
    sender = search.columns.eth_src[search.frame]
    came_in = is_ip & ~search.at_bridge & ~search.passed
    down = search.outgoing(search.orphan & is_ip & search.at_bridge)
    first = translated_pairs(search, search.incoming(came_in), down, place, place)
    sender[first.child] = sender[first.parent]
    came_in[first.parent] = False
    kept = mix(place, sender)
    below = search.outgoing(search.orphan & is_ip & ~search.at_bridge)
    middle, same = np.sort(first.child), mix(kept, search.identity.packet, search.identity.ends)
    plain = pair(middle, same[middle], below, same[below], search.tap[below], search.timing)
    middle, below = _without(search, middle, plain.parent), _without(search, below, plain.child)
    last = translated_pairs(search, middle, below, kept, kept)
    below = _without(search, below, last.child)
    direct = translated_pairs(search, search.incoming(came_in), below, kept, kept)
    came_in[direct.parent] = False
    return _together(first, plain, last, direct)


def _bridging(search: Search) -> NDArray[np.bool_]:
    """Rows captured at a bridge that has several captured taps, or that a topology describes."""
    wiring = search.wiring
    taps = np.bincount(wiring.bridge[wiring.bridge >= 0], minlength=int(wiring.bridge.max(initial=0)) + 1)
    real: NDArray[np.bool_] = (wiring.bridge >= 0) & ((taps[wiring.bridge] > 1) | wiring.described)
    return real[search.tap]


def _without(search: Search, rows: Rows, taken: Rows) -> Rows:
    free = np.ones(len(search.frame), np.bool_)
    free[taken] = False
    return rows[free[rows]]


def _together(*pairs: Pairs) -> Pairs:
    return Pairs(*(np.concatenate(parts) for parts in zip(*(_parts(p) for p in pairs), strict=True)))


def _parts(pairs: Pairs) -> tuple[Rows, Rows, Rows, Rows]:
    return pairs.parent, pairs.child, pairs.ambiguous, pairs.only


def translated_pairs(
    search: Search, parents: Rows, children: Rows, before: U64, after: U64, *, half: bool = False
) -> Pairs:
    """Pairs of the same packet with `before[parent] == after[child]`: by a conntrack entry, as the only candidate, or
    inferred.

    `half`: captured after the destination was changed and before the source is changed.
    """
    identity = search.identity
    parents, children = (rows[np.flatnonzero(translatable(search, rows))] for rows in (parents, children))
    if not len(parents) or not len(children):
        return NO_PAIRS
    pkey, ckey = mix(identity.packet[parents], before[parents]), mix(identity.packet[children], after[children])
    p, c = (np.flatnonzero(mask) for mask in shared(pkey, ckey))
    parents, pkey, children, ckey = parents[p], pkey[p], children[c], ckey[c]
    if not len(parents):
        return NO_PAIRS
    pairs = [_mapped(search, parents, pkey, children, ckey, _from_conntrack(search, half))]
    parents, pkey, children, ckey = _rest(pairs[-1], parents, pkey, children, ckey)
    by_elimination: list[Pairs] = []
    for part in (None, identity.source, identity.target):
        if not len(parents) or not len(children):
            break
        more = _unique(search, parents, pkey, children, ckey, part)
        parents, pkey, children, ckey = _rest(more, parents, pkey, children, ckey)
        by_elimination.append(more)
        if not len(parents) or not len(children):
            break
        more = _mapped(search, parents, pkey, children, ckey, _consistent(search, [*pairs, *by_elimination]))
        parents, pkey, children, ckey = _rest(more, parents, pkey, children, ckey)
        pairs.append(more)
    pairs += by_elimination
    return _together(*pairs)


def translatable(search: Search, rows: Rows) -> NDArray[np.bool_]:
    """Rows of packets that NAT may change. Neighbour and group messages are never tracked
    (net/netfilter/nf_conntrack_proto_icmpv6.c)."""
    c, frame = search.columns, search.frame[rows]
    kind, six = c.icmp_type[frame], c.protocol[frame] == ICMPV6
    possible: NDArray[np.bool_] = (c.version[frame] != 0) & (c.protocol[frame] != IGMP)
    if six.any():
        possible &= ~six | np.isin(kind, (*ICMPV6_ERRORS, 128, 129))
    return possible


def _within(rows: Rows, key: U64, wanted: U64) -> tuple[Rows, U64]:
    keep = np.flatnonzero(shared(key, wanted)[0])
    return rows[keep], key[keep]


def _rest(pairs: Pairs, parents: Rows, pkey: U64, children: Rows, ckey: U64) -> tuple[Rows, U64, Rows, U64]:
    """The rows left to pair: children without a parent, parents without a child."""
    if not len(pairs.child) and not len(pairs.ambiguous):
        return parents, pkey, children, ckey
    p, c = _left(parents, pairs.parent), _left(children, np.concatenate((pairs.child, pairs.ambiguous)))
    return parents[p], pkey[p], children[c], ckey[c]


def _left(rows: Rows, taken: Rows) -> Rows:
    free = np.ones(int(rows.max(initial=-1)) + 1, np.bool_)
    free[taken] = False
    return np.flatnonzero(free[rows])


def _unique(search: Search, parents: Rows, pkey: U64, children: Rows, ckey: U64, kept: U64 | None) -> Pairs:
    """Pairs where all candidates of one key have the same ends on either side.

    `kept` narrows a key by the end that NAT does not change: the source for DNAT, the destination for SNAT.
    """
    if not len(parents) or not len(children):
        return NO_PAIRS
    identity = search.identity
    if kept is not None:
        pkey, ckey = mix(pkey, kept[parents]), mix(ckey, kept[children])
    single_p, ends_p, back = _single(pkey, identity.ends[parents], identity.reverse(parents))
    single_c, ends_c = _single(ckey, identity.ends[children])
    keys, at_p, at_c = np.intersect1d(single_p, single_c, assume_unique=True, return_indices=True)
    real = (ends_p[at_p] != ends_c[at_c]) & (back[at_p] != ends_c[at_c])
    parents, pkey = _within(parents, pkey, keys[real])
    children, ckey = _within(children, ckey, keys[real])
    at_once = replace(search.timing, within=search.node)
    return pair(parents, pkey, children, ckey, search.tap[children], at_once)


def _single(key: U64, value: U64, *beside: U64) -> tuple[U64, ...]:
    """The keys that have only one value, ascending; those values; and for each array of `beside` the matching
    elements."""
    order, key = ordered(key)
    value, starts = value[order], np.flatnonzero(begins(key))
    starts = starts[np.minimum.reduceat(value, starts) == np.maximum.reduceat(value, starts)]
    return key[starts], value[starts], *(column[order[starts]] for column in beside)


def _lookup(keys: U64, values: U64, wanted: U64) -> U64:
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], np.uint64(0))


def _mapped(search: Search, parents: Rows, pkey: U64, children: Rows, ckey: U64, translations: Translations) -> Pairs:
    """Pairs whose change of ends is one of `translations`."""
    if not len(translations[0]) or not len(parents) or not len(children):
        return NO_PAIRS
    identity = search.identity
    becomes = _lookup(*translations, mix(search.node[parents], identity.ends[parents]))
    real = becomes != 0
    parents, pkey = parents[real], mix(pkey[real], becomes[real]) if real.any() else pkey[real]
    return pair(parents, pkey, children, mix(ckey, identity.ends[children]), search.tap[children], search.timing)


def _consistent(search: Search, groups: list[Pairs]) -> Translations:
    """The translations of these pairs that are the same each time."""
    parent = np.concatenate([pairs.parent for pairs in groups])
    child = np.concatenate([pairs.child for pairs in groups])
    if not len(parent):
        return NOTHING.astype(np.uint64), NOTHING.astype(np.uint64)
    before, after = _single(mix(search.node[parent], search.identity.ends[parent]), search.identity.ends[child])
    return before, after


def _from_conntrack(search: Search, half: bool) -> Translations:
    """The translations of the conntrack entries: each direction's tuple becomes the reversed tuple of the other.

    The destination changes first, in prerouting or output, then the source, in postrouting.
    """
    number = {name: at for at, name in enumerate(search.nodes)}
    steps = []
    for c in search.connections:
        if c.node not in number or c.original == reply_ends(c.reply):
            continue
        for before, after in ((c.original, reply_ends(c.reply)), (c.reply, reply_ends(c.original))):
            middle = Tuple5(before.source, after.destination, before.source_port, after.destination_port)
            pairs = [(before, middle)] if half else [(before, after), (middle, after)]
            steps += [(number[c.node], PROTOCOLS.get(c.protocol, 0), *pair) for pair in pairs if pair[0] != pair[1]]
    if not steps:
        return NOTHING.astype(np.uint64), NOTHING.astype(np.uint64)
    node = np.array([step[0] for step in steps], np.int64)
    protocol = np.array([step[1] for step in steps], np.int64)
    before_all, after_all = (
        ends_of([step[2] for step in steps], protocol),
        ends_of([step[3] for step in steps], protocol),
    )
    ends_before, becomes = _single(mix(node, before_all), after_all)
    return ends_before, becomes


def ends_of(tuples: Sequence[Tuple5], protocol: NDArray[np.int64]) -> U64:
    """The digests that `Identity.ends` has for packets with these tuples. ValueError if an address is invalid."""
    sides = []
    for addresses, ports in (
        ([t.source for t in tuples], [t.source_port for t in tuples]),
        ([t.destination for t in tuples], [t.destination_port for t in tuples]),
    ):
        values = [int(ipaddress.ip_address(address)) for address in addresses]
        high, low = (np.array(half, np.uint64) for half in zip(*((v >> 64, v & WORD) for v in values), strict=True))
        sides.append(mix(high, low, np.array(ports, np.uint64), protocol))
    return mix(*sides)


TRANSLATING = (Wanted.RULE, Wanted.CONNECTION, Wanted.ROUTE, Wanted.NEIGHBOUR)
NAT = Step(
    "nat",
    translated,
    "was translated and routed out at {here}",
    TRANSLATING,
    after_rewriting="was routed out at {here}",
)
BRIDGE_NAT_UP = Step(
    "bridge-nat",
    translated_up,
    "was translated inside the bridge and went on to {here}",
    (*TRANSLATING, Wanted.FDB),
    after_rewriting="then went on to {here}",
)
BRIDGE_NAT = replace(BRIDGE_NAT_UP, find=translated_in_bridge)
BRIDGE_TRANSLATIONS = (BRIDGE_NAT_UP, BRIDGE_NAT)
"""The steps in which br_netfilter translates a packet without routing it."""
