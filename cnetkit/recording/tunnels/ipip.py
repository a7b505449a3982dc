"""IP in IP: IPv4 or IPv6 directly inside IP, without a tunnel header. Source: RFC 2003, RFC 4213."""

from __future__ import annotations

import numpy as np

from cnetkit.recording.protocols import IPIP, IPV4, IPV6, IPV6_IN_IP
from cnetkit.recording.tunnels.inside import Outside, Packets

NAME = "ipip"


def find(outside: Outside) -> Packets | None:
    """Every such packet."""
    pick = np.flatnonzero((outside.protocol == IPIP) | (outside.protocol == IPV6_IN_IP))
    if not len(pick):
        return None
    ethertype = np.where(outside.protocol[pick] == IPIP, IPV4, IPV6)
    return outside.rows[pick], outside.at[pick], ethertype, np.zeros(len(pick), np.int64)
