"""VXLAN interfaces, and the entries that say what is behind them: each wish as its netlink message. It keeps no state.

Sources: rtnetlink(7), linux/if_link.h (IFLA_VXLAN_*), linux/neighbour.h, drivers/net/vxlan.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

from cnetkit.kernel.links import (
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    RTM_NEWLINK,
    link_body,
    mac_bytes,
)
from cnetkit.kernel.netlink import APPEND, CREATE, EXCL, REPLACE, attribute, message, text, u32

_RTM_NEWNEIGH, _RTM_DELNEIGH = 28, 29
_INFO_KIND, _INFO_DATA = 1, 2
_ID, _LINK, _LOCAL, _LEARNING, _PROXY, _PORT, _LOCAL6 = 1, 3, 4, 7, 11, 15, 17
_NDMSG = struct.Struct("=BxxxiHBB")
_NUD_PERMANENT, _NTF_SELF = 0x80, 0x02
_NDA_DST, _NDA_LLADDR = 1, 2
EVERYBODY = "00:00:00:00:00:00"
"""The address whose forwarding entries get what has no entry of its own."""


def vxlan(
    name: str,
    mac: str,
    number: int,
    local: str,
    underlay: int,
    port: int,
    master: int,
    learning: bool,
    proxy: bool,
    mtu: int,
) -> bytes:
    """A VXLAN interface that is up, on the link with index `underlay`, and a bridge's port where `master` is not 0.

    With `mtu` 0 the kernel takes the underlay's, less what the tunnel adds.
    """
    address = ipaddress.ip_address(local)
    data = u32(_ID, number) + u32(_LINK, underlay) + attribute(_PORT, struct.pack("!H", port))
    data += attribute(_LOCAL if address.version == 4 else _LOCAL6, address.packed)
    data += attribute(_LEARNING, bytes([learning])) + attribute(_PROXY, bytes([proxy]))
    info = text(_INFO_KIND, "vxlan") + attribute(_INFO_DATA, data)
    body = link_body(up=True) + text(IFLA_IFNAME, name) + attribute(IFLA_ADDRESS, mac_bytes(mac))
    body += u32(IFLA_MTU, mtu) if mtu else b""
    body += u32(IFLA_MASTER, master) if master else b""
    return message(RTM_NEWLINK, CREATE | EXCL, body + attribute(IFLA_LINKINFO, info))


def forwarding(index: int, mac: str, remote: str, remove: bool = False) -> bytes:
    """Frames to `mac` go to the tunnel endpoint `remote`; those to EVERYBODY to each of its remotes."""
    body = _NDMSG.pack(socket.AF_BRIDGE, index, _NUD_PERMANENT, _NTF_SELF, 0)
    body += attribute(_NDA_DST, ipaddress.ip_address(remote).packed) + attribute(_NDA_LLADDR, mac_bytes(mac))
    if remove:
        return message(_RTM_DELNEIGH, 0, body)
    return message(_RTM_NEWNEIGH, CREATE | (APPEND if mac == EVERYBODY else REPLACE), body)


def neighbour(index: int, address: str, mac: str, remove: bool = False) -> bytes:
    """A permanent neighbour entry."""
    ip = ipaddress.ip_address(address)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    body = _NDMSG.pack(family, index, _NUD_PERMANENT, 0, 0) + attribute(_NDA_DST, ip.packed)
    if remove:
        return message(_RTM_DELNEIGH, 0, body)
    return message(_RTM_NEWNEIGH, CREATE | REPLACE, body + attribute(_NDA_LLADDR, mac_bytes(mac)))
