"""veth pairs: two links connected like the ends of a cable. Source: veth(4), drivers/net/veth.c."""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details
from cnetkit.kernel.links.link import identity, link_header, new_link
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute


def peer(name: str, mac: str = "", mtu: int = 0, namespace: int | None = None) -> bytes:
    """The data of a veth: its peer. The arguments are those of links.link.identity."""
    return attribute(nl.VETH_INFO_PEER, link_header() + identity(name, mac, mtu, namespace))


def veth(name: str, mac: str, master: int, peer_name: str, peer_mac: str, peer_namespace: int, mtu: int = 0) -> bytes:
    """Creates both ends of a pair with one message. The near end is up, and a port of the bridge with index `master` unless that
    is 0. The peer is created in another namespace (a file descriptor), and is down: the kernel can only set it up once the
    pair is complete (drivers/net/veth.c, veth_open)."""
    data = peer(peer_name, peer_mac, mtu, peer_namespace)
    return new_link(KIND.name, name, mac, data, master=master, mtu=mtu)


KIND = LinkKind("veth", details=no_details, joined_by="veth", pair=True, probe_data=peer("p1"))
