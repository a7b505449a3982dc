"""The neighbour table: which MAC address has which IP address. Sources: rtnetlink(7), linux/neighbour.h, arp(7)."""

from __future__ import annotations

import struct

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, ip, mac
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import Neighbour

GROUPS = (nl.RTNLGRP_NEIGH,)
"""Notifications of forwarding databases come in the same group."""
_STATES = {0x01: "INCOMPLETE", 0x02: "REACHABLE", 0x04: "STALE", 0x08: "DELAY", 0x10: "PROBE", 0x20: "FAILED",
           0x40: "NOARP", 0x80: "PERMANENT"}  # fmt: skip


def dump(stack: Stack, family: int, names: Names) -> list[Neighbour]:
    """The neighbours of a node for an address family, without those that need no resolution (NOARP)."""
    bodies = stack.netlink.dump(nl.RTM_GETNEIGH, bytes([family]) + bytes(11))
    rows = [read(stack.name, body, names) for body in bodies]
    return [row for row in rows if row and "NOARP" not in row.state]


def read(node: str, body: bytes, names: Names) -> Neighbour | None:
    """Decodes a neighbour message of an address family; None if it has no address."""
    index, state = struct.unpack_from("=xxxxiH", body)
    values = attributes(body, 12)
    if nl.NDA_DST not in values:
        return None
    words = [word for bit, word in _STATES.items() if state & bit]
    return Neighbour(node, names[index], ip(values[nl.NDA_DST]), mac(values.get(nl.NDA_LLADDR, b"")), " ".join(words))
