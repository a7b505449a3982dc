"""The header fields that the viewer's filter can name, for each hop, as columns of the scene. Interprets nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnetkit.recording.columns import Columns
from cnetkit.recording.tunnels import TUNNELS
from cnetkit.trace.packets.packet import address, mac, protocol_of

NUMBERS = (
    "version", "sport", "dport", "ttl", "flags", "icmp_type", "icmp_code", "icmp_id", "vlan", "depth", "vni", "protocol",
    "ethertype",
)  # fmt: skip
_KEYS = (*NUMBERS, "tunnel", "src_high", "src_low", "dst_high", "dst_low")


def heads(columns: Columns, frames: NDArray[np.int64]) -> dict[str, Any]:
    """`head` and `link`: for each frame an index into `all_heads` and `all_links`.

    A head is the protocol's name, source, destination, the tunnel's name, then NUMBERS in their order; a link is both MAC
    addresses.
    """
    head, heads_at = _distinct(columns, frames, _KEYS)
    link, links_at = _distinct(columns, frames, ("eth_src", "eth_dst"))
    return {
        "head": head, "all_heads": [_head(columns, frame) for frame in heads_at],
        "link": link, "all_links": [[mac(int(columns.eth_src[n])), mac(int(columns.eth_dst[n]))] for n in links_at],
    }  # fmt: skip


def _distinct(columns: Columns, frames: NDArray[np.int64], keys: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """For each frame the number of its combination of values; and of each combination a frame that has it."""
    rows = np.stack([getattr(columns, key)[frames].astype(np.uint64) for key in keys], axis=1)
    _, first, code = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return code.reshape(-1).tolist(), frames[first].tolist()


def _head(columns: Columns, frame: int) -> list[str | int]:
    version, name = int(columns.version[frame]), protocol_of(columns, frame)
    ends = ["", ""]
    if version or name == "arp":
        ends = [
            address(version, int(high[frame]), int(low[frame]))
            for high, low in ((columns.src_high, columns.src_low), (columns.dst_high, columns.dst_low))
        ]
    tunnel = TUNNELS[int(columns.tunnel[frame])] if columns.depth[frame] else ""
    return [name, *ends, tunnel, *(int(getattr(columns, key)[frame]) for key in NUMBERS)]
