"""Tunnels: packets inside other packets, one encapsulation per file. To add one: a file, an import and a line below.

Each file has NAME, as Wireshark calls the protocol, and `find`, which takes packets and returns those inside.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.gather import I64, U64, Bytes
from cnetkit.recording.protocols import UDP
from cnetkit.recording.tunnels import erspan, geneve, gre, gtp, ipip, l2tp, vxlan
from cnetkit.recording.tunnels.inside import Inside as Inside, Outside

READERS = (vxlan, gre, geneve, ipip, erspan, gtp, l2tp)
TUNNELS = ("", *(reader.NAME for reader in READERS))
"""The meaning of the numbers in `Columns.tunnel`."""


def tunnels(source: Bytes, rows: I64, at: I64, protocol: I64, first: U64, end: I64) -> list[Inside]:
    """The packets inside these packets."""
    port = np.where(protocol == UDP, (first >> np.uint64(32)) & np.uint64(0xFFFF), np.uint64(0)).astype(np.int64)
    outside = Outside(source, rows, at, protocol, port, first, end)
    inside = ((number, reader.find(outside)) for number, reader in enumerate(READERS, 1))
    return [Inside(number, *packets) for number, packets in inside if packets is not None]
