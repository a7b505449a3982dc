"""VXLAN interfaces. Sources: RFC 7348, linux/if_link.h (IFLA_VXLAN_*), drivers/net/vxlan."""

from __future__ import annotations

import ipaddress
import struct

from cnetkit.kernel.links.kind import LinkKind, table
from cnetkit.kernel.links.link import new_link
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, big_endian, ip, native, u32


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
    """Creates a VXLAN interface that is up, on the link with index `underlay`. It is a port of the bridge with index `master`
    unless that is 0.

    With `mtu` 0 the kernel uses the underlay's MTU less the tunnel's headers.
    """
    address = ipaddress.ip_address(local)
    data = _identity(number, port) + u32(nl.IFLA_VXLAN_LINK, underlay)
    data += attribute(nl.IFLA_VXLAN_LOCAL if address.version == 4 else nl.IFLA_VXLAN_LOCAL6, address.packed)
    data += attribute(nl.IFLA_VXLAN_LEARNING, bytes([learning])) + attribute(nl.IFLA_VXLAN_PROXY, bytes([proxy]))
    return new_link(KIND.name, name, mac, data, master=master, mtu=mtu)


def _identity(number: int, port: int) -> bytes:
    return u32(nl.IFLA_VXLAN_ID, number) + attribute(nl.IFLA_VXLAN_PORT, struct.pack("!H", port))


KIND = LinkKind(
    "vxlan",
    probe_data=_identity(7, 4789),
    details=table(
        {
            nl.IFLA_VXLAN_ID: ("id", native),
            nl.IFLA_VXLAN_GROUP: ("group", ip),
            nl.IFLA_VXLAN_LINK: ("link", native),
            nl.IFLA_VXLAN_LOCAL: ("local", ip),
            nl.IFLA_VXLAN_TTL: ("ttl", native),
            nl.IFLA_VXLAN_TOS: ("tos", native),
            nl.IFLA_VXLAN_LEARNING: ("learning", native),
            nl.IFLA_VXLAN_AGEING: ("ageing", native),
            nl.IFLA_VXLAN_LIMIT: ("limit", native),
            nl.IFLA_VXLAN_PROXY: ("proxy", native),
            nl.IFLA_VXLAN_RSC: ("rsc", native),
            nl.IFLA_VXLAN_L2MISS: ("l2miss", native),
            nl.IFLA_VXLAN_L3MISS: ("l3miss", native),
            nl.IFLA_VXLAN_PORT: ("port", big_endian),
            nl.IFLA_VXLAN_GROUP6: ("group6", ip),
            nl.IFLA_VXLAN_LOCAL6: ("local6", ip),
            nl.IFLA_VXLAN_UDP_CSUM: ("udp_csum", native),
            nl.IFLA_VXLAN_UDP_ZERO_CSUM6_TX: ("udp_zero_csum6_tx", native),
            nl.IFLA_VXLAN_UDP_ZERO_CSUM6_RX: ("udp_zero_csum6_rx", native),
            nl.IFLA_VXLAN_REMCSUM_TX: ("remcsum_tx", native),
            nl.IFLA_VXLAN_REMCSUM_RX: ("remcsum_rx", native),
            nl.IFLA_VXLAN_COLLECT_METADATA: ("collect_metadata", native),
            nl.IFLA_VXLAN_LABEL: ("label", native),
            nl.IFLA_VXLAN_DF: ("df", native),
        }
    ),
)
