"""Ethernet headers with up to three VLAN tags. Source: IEEE 802.3, IEEE 802.1Q. Network headers: network.py."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, Bytes, among
from cnetkit.recording.links.chunk import Chunk, Inner
from cnetkit.recording.protocols import VLAN_TAGS

TWO_TAGS = np.uint64(0xFFFFFF)


def ethernet(out: Chunk, source: Bytes, rows: I64, start: I64, end: I64) -> Inner:
    """Ethernet headers and their VLAN tags."""
    at, stop = start[rows], end[rows]
    out["problem"][rows[stop - at < 14]] = 1
    first, second = source.word(at, stop), source.word(at + 8, stop)
    out["eth_dst"][rows] = first >> np.uint64(16)
    out["eth_src"][rows] = ((first & np.uint64(0xFFFF)) << np.uint64(32)) | (second >> np.uint64(32))
    ethertype = ((second >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int64)
    at = at + 14
    for _ in range(3):
        tagged = np.flatnonzero(among(ethertype, VLAN_TAGS))
        if not len(tagged):
            break
        tag = source.word(at[tagged], stop[tagged])
        before = out["vlan"][rows[tagged]].astype(np.uint64)
        out["vlan"][rows[tagged]] = (before << np.uint64(12) | (tag >> np.uint64(48)) & np.uint64(0xFFF)) & TWO_TAGS
        ethertype[tagged] = ((tag >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
        at[tagged] += 4
    return rows, np.minimum(at, stop), ethertype
