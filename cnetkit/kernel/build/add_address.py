"""Adds addresses to interfaces.

Sources: rtnetlink(7), linux/if_addr.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import link_mac
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, message
from cnetkit.operations import AddAddress


def build(builder: Builder, operations: list[AddAddress]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        index, what = stack.index(new.interface), f"the address {new.address} on {new.node}/{new.interface}"
        if ":" in new.address:
            own = f"the link-local address of {new.node}/{new.interface}"
            builder.queue(stack, BuildStep(_link_local(index, link_mac(stack.control, new.interface)), None, own))
        undo = partial(_address, index, new.address, remove=True)
        builder.queue(stack, BuildStep(_address(index, new.address), undo, what))


def _link_local(index: int, mac: bytes) -> bytes:
    """The link-local address that the kernel gives a link (RFC 4291, appendix A). The kernel waits with it until the link's
    carrier is noticed, up to a second, and until then a router cannot ask for new neighbours there."""
    identifier = bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    address = b"\xfe\x80" + bytes(6) + identifier
    body = struct.pack("=BBBBi", socket.AF_INET6, 64, 0, 0, index) + attribute(nl.IFA_ADDRESS, address)
    return message(nl.RTM_NEWADDR, nl.NLM_F_CREATE | nl.NLM_F_REPLACE, body)


def _address(index: int, cidr: str, remove: bool = False) -> bytes:
    """The message for an address. IPv6 addresses are usable at once (IFA_F_NODAD)."""
    interface = ipaddress.ip_interface(cidr)
    family, flags = (socket.AF_INET, 0) if interface.version == 4 else (socket.AF_INET6, nl.IFA_F_NODAD)
    body = struct.pack("=BBBBi", family, interface.network.prefixlen, flags, 0, index)
    body += attribute(nl.IFA_LOCAL, interface.packed) + attribute(nl.IFA_ADDRESS, interface.packed)
    if interface.version == 4 and interface.network.prefixlen < 31:
        body += attribute(nl.IFA_BROADCAST, interface.network.broadcast_address.packed)
    if remove:
        return message(nl.RTM_DELADDR, 0, body)
    return message(nl.RTM_NEWADDR, nl.NLM_F_CREATE | nl.NLM_F_EXCL, body)
