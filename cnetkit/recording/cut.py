"""Payloads that a capture truncated (snaplen): their real length, and how much of each can be compared.

One interface may have captured more of a packet than another. Decodes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.frames import Frames

TCP = 6


def shared(out: Mapping[str, NDArray[np.generic]], frames: Frames) -> NDArray[np.int32]:
    """How many octets of each payload to digest: as many as all frames have that could show the same packet.

    Those frames have equal length, identification and sequence number. `out` holds the columns so far, and gets the
    column `cut`.
    """
    kept = out["payload_length"].astype(np.int32)
    cut = np.flatnonzero(frames.captured < frames.length)
    if not len(cut):
        return kept
    network, payload, length = (out[name][cut].astype(np.int64) for name in ("network", "payload", "length"))
    plausible = (out["version"][cut] != 0) & (network + length >= payload + kept[cut])
    end = np.where(plausible, network + length, frames.start[cut] + frames.length[cut])
    begin = np.maximum(payload, _behind_header(out, frames, cut))
    out["cut"][cut] = np.clip(end - begin - kept[cut], 0, 0x3FFFFFFF)
    key = _key(out)
    keys, number = np.unique(key[cut], return_inverse=True)
    least = np.full(len(keys), 0x7FFFFFFF, np.int32)
    np.minimum.at(least, number, kept[cut])
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return np.where(keys[place] == key, np.minimum(kept, least[place]), kept)


def _behind_header(out: Mapping[str, NDArray[np.generic]], frames: Frames, cut: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a TCP segment's payload begins, even if that was not captured; else 0."""
    transport = out["transport"][cut].astype(np.int64)
    offset = transport + 12
    readable = (out["protocol"][cut] == TCP) & (transport > 0) & (offset < frames.start[cut] + frames.captured[cut])
    size = (frames.data[np.where(readable, offset, 0)] >> 4).astype(np.int64) * 4 if readable.any() else 0
    return np.where(readable, transport + np.maximum(size, 20), 0)


def _key(out: Mapping[str, NDArray[np.generic]]) -> NDArray[np.uint64]:
    whole, cut, ident, seq = (out[name].astype(np.uint64) for name in ("payload_length", "cut", "ident", "seq"))
    length = whole + cut
    return (length << np.uint64(32) | seq) ^ ident << np.uint64(17)
