"""Forwarding databases (FDB): the bridge port or the VXLAN endpoint of each MAC address.

Sources: bridge(8), linux/neighbour.h.
"""

from __future__ import annotations

import socket
import struct

from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attributes, ip, mac, native
from cnetkit.kernel.sources.names import Names
from cnetkit.kernel.stacks import Stack
from cnetkit.model import ForwardingEntry

KINDS = {"bridge", "vxlan"}
"""The link kinds that have a forwarding database."""


def dump(stack: Stack, names: Names) -> list[ForwardingEntry]:
    """All forwarding entries of a node."""
    bodies = stack.netlink.dump(nl.RTM_GETNEIGH, bytes([socket.AF_BRIDGE]) + bytes(11))
    return [read(stack.name, body, names) for body in bodies]


def read(node: str, body: bytes, names: Names) -> ForwardingEntry:
    """Decodes a neighbour message of the bridge family, with the text that bridge(8) prints."""
    index, state, flags = struct.unpack_from("=xxxxiHB", body)
    values = attributes(body, 12)
    address = mac(values.get(nl.NDA_LLADDR, b""))
    port = names[index]
    bridge = names[native(values[nl.NDA_MASTER])] if nl.NDA_MASTER in values else ""
    remote = ip(values[nl.NDA_DST]) if nl.NDA_DST in values else ""
    vlan = native(values[nl.NDA_VLAN][:2]) if nl.NDA_VLAN in values else 0
    permanent = bool(state & nl.NUD_PERMANENT)
    words = [address, "dev", port]
    words += ["dst", remote] if remote else []
    words += ["vlan", str(vlan)] if vlan else []
    words += ["self"] if flags & nl.NTF_SELF else []
    words += ["master", bridge] if bridge else []
    words += ["permanent"] if permanent else []
    return ForwardingEntry(node, port, address, bridge, remote, permanent, vlan, " ".join(words))
