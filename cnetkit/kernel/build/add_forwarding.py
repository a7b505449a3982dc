"""Adds and removes entries of VXLAN forwarding databases.

Sources: rtnetlink(7), linux/neighbour.h, drivers/net/vxlan.
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
from cnetkit.operations import AddForwarding

_ANY_MAC = "00:00:00:00:00:00"
"""The entries of this address receive frames to MAC addresses without an entry of their own."""


def build(builder: Builder, operations: list[AddForwarding]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        entry = partial(_entry, stack.index(new.interface), new.mac, new.remote)
        what = f"the forwarding entry {new.mac} to {new.remote} on {new.node}/{new.interface}"
        builder.queue(stack, BuildStep(entry(new.remove), partial(entry, not new.remove), what))


def _entry(index: int, mac: str, remote: str, remove: bool) -> bytes:
    """The message for an entry: frames to `mac` go to the tunnel endpoint `remote`; _ANY_MAC may have several remotes."""
    body = struct.pack("=BxxxiHBB", socket.AF_BRIDGE, index, nl.NUD_PERMANENT, nl.NTF_SELF, 0)
    body += attribute(nl.NDA_DST, ipaddress.ip_address(remote).packed) + attribute(nl.NDA_LLADDR, mac_bytes(mac))
    if remove:
        return message(nl.RTM_DELNEIGH, 0, body)
    return message(nl.RTM_NEWNEIGH, nl.NLM_F_CREATE | (nl.NLM_F_APPEND if mac == _ANY_MAC else nl.NLM_F_REPLACE), body)
