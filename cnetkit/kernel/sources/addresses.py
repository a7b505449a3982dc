"""The addresses of interfaces. Sources: rtnetlink(7), linux/if_addr.h."""

from __future__ import annotations

import struct

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, ip
from cnetkit.kernel.stacks import Stack

GROUPS = (nl.RTNLGRP_IPV4_IFADDR, nl.RTNLGRP_IPV6_IFADDR)


def dump(stack: Stack) -> list[tuple[int, str]]:
    """All addresses of a node, each with its interface's index, in CIDR form."""
    return [read(body) for body in stack.netlink.dump(nl.RTM_GETADDR, bytes(8))]


def read(body: bytes) -> tuple[int, str]:
    """Decodes an address message: the interface's index and the address in CIDR form."""
    values = attributes(body, 8)
    address = values.get(nl.IFA_LOCAL) or values[nl.IFA_ADDRESS]
    return struct.unpack_from("=i", body, 4)[0], f"{ip(address)}/{body[1]}"
