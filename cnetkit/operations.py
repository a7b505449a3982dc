"""The operations that a Build request is made of: what a network is built from, each as small as the kernel has it.

They are data. How a lab comes by them, how the kernel carries them out and how commands say the same, others know.
"""

from __future__ import annotations

import msgspec

from cnetkit.model import NodeKind


class Message(msgspec.Struct, frozen=True, tag_field="is", tag=True, omit_defaults=True):
    """Every message is one of the classes below, told apart by its name."""


class AddNode(Message, frozen=True):
    """A new network stack with its loopback up."""

    name: str
    kind: NodeKind
    host: str = ""
    ipv6: bool = False


class RemoveNode(Message, frozen=True):
    """Ends a node's processes and lets the kernel take its stack away; of a container `POD/CONTAINER` the processes only."""

    name: str


class AddBridge(Message, frozen=True):
    """A bridge, up, without ports. Spanning tree is off, as Docker has it."""

    node: str
    name: str
    mac: str


class AddVeth(Message, frozen=True):
    """A pair of veth interfaces, both up; the first end may become a bridge's port."""

    node: str
    name: str
    mac: str
    peer_node: str
    peer_name: str
    peer_mac: str
    master: str = ""
    hairpin: bool = False
    offload: bool = False
    mtu: int = 0
    """Of both ends; 0 leaves the kernel's 1,500."""


class AddVxlan(Message, frozen=True):
    """A VXLAN interface, up, on the interface `underlay`; `local` is its tunnel endpoint. Checksums are made in software.

    `proxy`: it answers ARP itself, from its neighbour entries. `mtu` 0: the underlay's less the tunnel's headers.
    """

    node: str
    name: str
    mac: str
    id: int
    local: str
    underlay: str
    port: int = 4789
    master: str = ""
    learning: bool = True
    proxy: bool = False
    mtu: int = 0


class AddForwarding(Message, frozen=True):
    """An entry of a VXLAN's forwarding database: frames to `mac` go to the tunnel endpoint `remote`.

    The MAC address of zeros stands for all that are not known, and may have several remotes: each gets a copy.
    """

    node: str
    interface: str
    mac: str
    remote: str
    remove: bool = False


class AddNeighbour(Message, frozen=True):
    """A permanent neighbour entry: who has `address` is not asked for."""

    node: str
    interface: str
    address: str
    mac: str
    remove: bool = False


class AddAddress(Message, frozen=True):
    """`address` in CIDR form. IPv6 addresses skip duplicate address detection."""

    node: str
    interface: str
    address: str


class AddRoute(Message, frozen=True):
    """A route in the main table; `destination` in CIDR form, `0.0.0.0/0` and `::/0` being the default routes."""

    node: str
    destination: str
    via: str = ""
    interface: str = ""
    onlink: bool = False
    """`via` is behind `interface` though no address there says so."""


class SetSysctl(Message, frozen=True):
    """`name` as sysctl(8) writes it, below `net.`. `optional`: no error where this kernel does not have it."""

    node: str
    name: str
    value: str
    optional: bool = False


class Rules(Message, frozen=True):
    """Rules in iptables-restore(8) form, put beside those that are there: all of them or none.

    `replace`: chains that it names are emptied first, and chains and rules may be deleted.
    """

    node: str
    text: str
    ipv6: bool = False
    replace: bool = False


class NftTable(Message, frozen=True):
    """Commands of nft(8) about one table and nothing else, in one transaction."""

    node: str
    family: str
    table: str
    text: str


class ForgetConnections(Message, frozen=True):
    """Takes entries out of the connection tracking table: those that began to `address` (empty: any) and `port`, and whose
    answers come from none of `keep`. The next packet of such a connection is then a first one again."""

    node: str
    protocol: str
    address: str
    port: int
    keep: list[str]


Operation = (
    AddNode | RemoveNode | AddBridge | AddVeth | AddVxlan | AddAddress | AddRoute | AddForwarding | AddNeighbour
    | SetSysctl | Rules | NftTable | ForgetConnections
)  # fmt: skip
