"""Adds and removes permanent neighbour entries.

Sources: rtnetlink(7), linux/neighbour.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import mac_bytes
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, message
from cnetkit.operations import AddNeighbour


def build(builder: Builder, operations: list[AddNeighbour]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        entry = partial(_entry, stack.index(new.interface), new.address, new.mac)
        what = f"the neighbour {new.address} on {new.node}/{new.interface}"
        builder.queue(stack, BuildStep(entry(new.remove), partial(entry, not new.remove), what))


def _entry(index: int, address: str, mac: str, remove: bool) -> bytes:
    ip = ipaddress.ip_address(address)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    body = struct.pack("=BxxxiHBB", family, index, nl.NUD_PERMANENT, 0, 0) + attribute(nl.NDA_DST, ip.packed)
    if remove:
        return message(nl.RTM_DELNEIGH, 0, body)
    lladdr = attribute(nl.NDA_LLADDR, mac_bytes(mac))
    return message(nl.RTM_NEWNEIGH, nl.NLM_F_CREATE | nl.NLM_F_REPLACE, body + lladdr)
