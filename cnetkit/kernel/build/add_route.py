"""Adds routes to the main table.

Sources: rtnetlink(7), linux/rtnetlink.h.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, message, u32
from cnetkit.operations import AddRoute


def build(builder: Builder, operations: list[AddRoute]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        entry = (new.destination, new.via, stack.index(new.interface) if new.interface else 0, new.onlink)
        what = f"a route to {new.destination} in {new.node}"
        builder.queue(stack, BuildStep(_route(*entry), partial(_route, *entry, remove=True), what))


def _route(destination: str, via: str, index: int, onlink: bool, remove: bool = False) -> bytes:
    """The message for a unicast route. `onlink`: the gateway is on the link, even if no address of the link implies it."""
    network = ipaddress.ip_network(destination)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    scope = nl.RT_SCOPE_UNIVERSE if via or network.version == 6 else nl.RT_SCOPE_LINK
    flags = nl.RTNH_F_ONLINK if onlink else 0
    kind = (nl.RT_TABLE_MAIN, nl.RTPROT_BOOT, scope, nl.RTN_UNICAST)
    body = struct.pack("=BBBBBBBBI", family, network.prefixlen, 0, 0, *kind, flags)
    if network.prefixlen:
        body += attribute(nl.RTA_DST, network.network_address.packed)
    if via:
        body += attribute(nl.RTA_GATEWAY, ipaddress.ip_address(via).packed)
    if index:
        body += u32(nl.RTA_OIF, index)
    if remove:
        return message(nl.RTM_DELROUTE, 0, body)
    return message(nl.RTM_NEWROUTE, nl.NLM_F_CREATE | nl.NLM_F_EXCL, body)
