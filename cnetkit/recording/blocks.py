"""Converts TPACKET_V3 ring blocks, as the kernel writes them, into frames.

Source: linux/if_packet.h (tpacket_block_desc, tpacket_hdr_v1, tpacket3_hdr) and packet(7). Rings are read elsewhere.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import IN, LINKTYPE_ETHERNET, LINKTYPE_RAW, OUT, Frames, Tap, merge, no_frames

PACKET_OUTGOING = 4
STATUS_VLAN, STATUS_VLAN_TPID = 0x10, 0x40
"""TP_STATUS_VLAN_VALID: the kernel has removed a tag; TP_STATUS_VLAN_TPID_VALID: and says of which kind it was."""
WITH_ETHERNET_HEADER = (1, 772)
"""ARPHRD_ETHER and ARPHRD_LOOPBACK; frames of other types (tun, ipip, gre, sit) begin with the IP header."""


def frames_from_blocks(blocks: Sequence[tuple[str, bytes]], taps: Mapping[tuple[str, int], Tap]) -> Frames:
    """All frames of `blocks`, each a (node, raw bytes) in the order of that node's ring, in the order of time.

    `taps` gives the interface for (node, index); an unknown one is called `ifINDEX`. Frames of one node keep the order
    of its ring even if their timestamps do not. A VLAN tag that the kernel removed is put back in its place.
    """
    rings: dict[str, list[bytes]] = {}
    for node, block in blocks:
        rings.setdefault(node, []).append(block)
    return merge([_ring(node, ring, taps) for node, ring in rings.items()])


def _ring(node: str, blocks: Sequence[bytes], taps: Mapping[tuple[str, int], Tap]) -> Frames:
    data = np.frombuffer(bytearray().join(block + bytes(-len(block) % 8) for block in blocks), np.uint8)
    words = data.view("<u4")
    ends = np.cumsum([len(block) + -len(block) % 8 for block in blocks])
    at = _walk(words, [0, *ends[:-1].tolist()])
    if not len(at):
        return no_frames()
    halves = data.view("<u2")
    status, mac = words[at + 5], halves[at * 2 + 12].astype(np.int64)
    hatype = halves[at * 2 + 28].astype(np.int64)
    ethernet = np.isin(hatype, WITH_ETHERNET_HEADER)
    start = at * 4 + mac
    captured, length = words[at + 3].astype(np.int32), words[at + 4].astype(np.int32)

    tagged = np.flatnonzero((status & STATUS_VLAN != 0) & ethernet & (captured >= 12) & (mac >= 72))
    if len(tagged):
        tci = words[at[tagged] + 8].astype(np.uint16)
        tpid = np.where(status[tagged] & STATUS_VLAN_TPID, halves[at[tagged] * 2 + 18], 0x8100)
        _put_tags_back(data, start[tagged], tpid.astype(np.uint16), tci)
        start[tagged] -= 4
        captured[tagged] += 4
        length[tagged] += 4

    keys, tap = np.unique(words[at + 13].astype(np.int64) << 1 | ethernet, return_inverse=True)
    return Frames(
        taps=tuple(_tap(node, key >> 1, bool(key & 1), taps) for key in keys.tolist()),
        tap=tap.astype(np.int32),
        direction=np.where(data[at * 4 + 58] == PACKET_OUTGOING, OUT, IN).astype(np.uint8),
        time_ns=words[at + 1].astype(np.int64) * 10**9 + words[at + 2],
        start=start,
        captured=captured,
        length=length,
        data=data,
    )


def _walk(words: NDArray[np.uint32], starts: Sequence[int]) -> NDArray[np.int64]:
    """The offsets, in words, of all packet headers. `starts` are the blocks' offsets in bytes."""
    offsets = array("q")
    add = offsets.append
    view = words.data
    for start in starts:
        block = start >> 2
        at = block + (view[block + 4] >> 2)
        for _ in range(view[block + 3]):
            add(at)
            at += view[at] >> 2
    return np.frombuffer(offsets, np.int64)


def _put_tags_back(
    data: NDArray[np.uint8], start: NDArray[np.int64], tpid: NDArray[np.uint16], tci: NDArray[np.uint16]
) -> None:
    """Moves both MAC addresses four bytes down and writes the tag behind them: the ring leaves room before a frame."""
    addresses = np.arange(12)
    data[start[:, None] - 4 + addresses] = data[start[:, None] + addresses]
    tag = np.stack([tpid >> 8, tpid & 0xFF, tci >> 8, tci & 0xFF], axis=1)
    data[start[:, None] + 8 + np.arange(4)] = tag.astype(np.uint8)


def _tap(node: str, index: int, ethernet: bool, taps: Mapping[tuple[str, int], Tap]) -> Tap:
    tap = taps.get((node, index)) or Tap(node, f"if{index}")
    return replace(tap, linktype=LINKTYPE_ETHERNET if ethernet else LINKTYPE_RAW)
