"""Headers between link and network header: MPLS labels and PPPoE. Source: RFC 3032, RFC 4448, RFC 2516."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes, among
from cnetkit.recording.links.ppp import inner
from cnetkit.recording.protocols import IPV4, IPV6, MPLS, MPLS_UPSTREAM, PPPOE

MOST_LABELS = 8


def step_over(source: Bytes, at: I64, ethertype: I64, end: I64) -> tuple[I64, I64]:
    """Where the network header of each packet begins, and its EtherType."""
    if not among(ethertype, (MPLS, MPLS_UPSTREAM, PPPOE)).any():
        return at, ethertype
    at, ethertype = at.copy(), ethertype.copy()
    session = np.flatnonzero(ethertype == PPPOE)
    if len(session):
        place = np.minimum(at[session] + 6, end[session])
        at[session], ethertype[session] = inner(source, place, end[session])
    labelled = np.flatnonzero(among(ethertype, (MPLS, MPLS_UPSTREAM)))
    if len(labelled):
        at[labelled], ethertype[labelled] = _behind_labels(source, at[labelled], end[labelled])
    return np.minimum(at, end), ethertype


def _behind_labels(source: Bytes, at: I64, end: I64) -> tuple[I64, I64]:
    """The header after the last label. MPLS does not name its type; the version field of an IP header shows it."""
    bottom = np.zeros(len(at), np.bool_)
    for _ in range(MOST_LABELS):
        label = source.word(at, end) >> np.uint64(32)
        here = ~bottom & (at + 4 <= end)
        at = np.where(here, at + 4, at)
        bottom |= here & ((label >> np.uint64(8)) & np.uint64(1) == 1)
    version = (source.word(at, end) >> np.uint64(60)).astype(np.int64)
    return at, np.select([bottom & (version == 4), bottom & (version == 6)], [IPV4, IPV6], MPLS).astype(np.int64)
