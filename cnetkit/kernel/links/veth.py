"""veth pairs: two links that are each other's other end. Source: veth(4), drivers/net/veth.c."""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details
from cnetkit.kernel.links.link import identity, link_header, new_link
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute


def peer(name: str, mac: str = "", mtu: int = 0, namespace: int | None = None) -> bytes:
    """The data of a veth: its other end, as links.link.identity describes it."""
    return attribute(nl.VETH_INFO_PEER, link_header() + identity(name, mac, mtu, namespace))


def veth(name: str, mac: str, master: int, peer_name: str, peer_mac: str, peer_namespace: int, mtu: int = 0) -> bytes:
    """Both ends of a pair in one message: the peer in another namespace (a file descriptor of this process), the near end
    up and a port of the bridge with index `master` where that is not 0. A peer cannot be set up before the pair is whole
    (drivers/net/veth.c, veth_open)."""
    data = peer(peer_name, peer_mac, mtu, peer_namespace)
    return new_link(KIND.name, name, mac, data, master=master, mtu=mtu)


KIND = LinkKind("veth", details=no_details, joined_by="veth", pair=True, probe_data=peer("p1"))
