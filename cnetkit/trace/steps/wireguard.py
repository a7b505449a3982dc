"""WireGuard (wireguard.com/protocol, 5.4.6): plain at its own interface, encrypted at the interface below.

The payload cannot be compared. A packet is paired with the datagram of fitting size, in the order in which both
passed; if order and time do not decide, it stays open. This is the weakest step, and its evidence says so.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnetkit.recording.gather import Bytes
from cnetkit.recording.protocols import UDP
from cnetkit.trace.arrays.digests import U64, Rows, mix
from cnetkit.trace.pairing.pairs import NO_PAIRS, Pairs, pair
from cnetkit.trace.steps.search import Flags, Search
from cnetkit.trace.steps.step import Step, Wanted

TRANSPORT_DATA = 0x04000000
"""The first word of a message that carries a packet."""
OVERHEAD, BLOCK = 32, 16
"""Octets of header and authentication tag; packets are padded to a multiple of BLOCK, as far as the MTU allows."""


def encrypted(search: Search) -> Pairs:
    """Sent at the interface below after it was sent at the WireGuard interface."""
    plain = search.wiring.encrypting[search.tap]
    if not plain.any():
        return NO_PAIRS
    parents = search.outgoing(plain & ~search.passed)
    children = search.outgoing(search.orphan & ~plain & _messages(search))
    return _paired(search, parents, _plain_size(search, parents), children, _encrypted_size(search, children))


def decrypted(search: Search) -> Pairs:
    """Received at the WireGuard interface after it was received at the interface below."""
    plain = search.wiring.encrypting[search.tap]
    if not plain.any():
        return NO_PAIRS
    parents = search.incoming(~plain & ~search.raised & _messages(search))
    children = search.incoming(search.orphan & plain)
    return _paired(search, parents, _encrypted_size(search, parents), children, _plain_size(search, children))


def _messages(search: Search) -> Flags:
    """Datagrams that carry an encrypted packet."""
    c, rows = search.columns, search.frame
    messages: Flags = (c.protocol[rows] == UDP) & (c.payload_length[rows] > OVERHEAD)
    at = np.flatnonzero(messages)
    begin = c.payload[rows[at]]
    first = Bytes(search.data).word(begin, begin + c.payload_length[rows[at]]) >> np.uint64(32)
    messages[at[first != TRANSPORT_DATA]] = False
    return messages


def _plain_size(search: Search, rows: Rows) -> Rows:
    return _padded(search.columns.length[search.frame[rows]].astype(np.int64))


def _encrypted_size(search: Search, rows: Rows) -> Rows:
    c, frame = search.columns, search.frame[rows]
    return _padded(c.length[frame].astype(np.int64) - (c.payload[frame] - c.network[frame]) - OVERHEAD)


def _padded(size: Rows) -> Rows:
    return -(-size // BLOCK)


def _paired(search: Search, parents: Rows, size: Rows, children: Rows, child_size: Rows) -> Pairs:
    node: U64 = mix(search.node)
    unnumbered = replace(search.timing, numbered=np.zeros(len(search.frame), np.bool_))  # only sizes are compared
    tap = search.tap[children]
    return pair(parents, mix(node[parents], size), children, mix(node[children], child_size), tap, unnumbered)


SHOWN = ("tunnel", "encrypted by WireGuard: the sizes fit, in the same order")
ENCRYPTED = Step(
    "encrypted", encrypted, "was encrypted and sent at {here}", (Wanted.FRAMES,), shown=SHOWN, two_packets=True
)
DECRYPTED = Step(
    "decrypted", decrypted, "was decrypted and came in at {here}", (Wanted.FRAMES,), shown=SHOWN, two_packets=True
)
