"""The door `lab.lan`: a switch of its own, to which hosts, routers and containers are attached by a cable each.

The switch is a node with a bridge in it (bridge(8)), without an address. It learns and forwards; nothing else.
"""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.network import PooledNetwork
from cnetkit.lab.node import LabNode
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError

BRIDGE = "br0"


def lan(site: Site, name: str, *networks: str) -> Lan:
    """A switch called `name` with one network on it, or with one for IPv4 and one for IPv6: `lab.lan("office", "10.50.0.0/24")`.

    `attach` then joins machines to it. CnetkitError if the name or a network cannot be had.
    """
    return Lan(site, name, *networks)


class Lan(PooledNetwork):
    """A switch and its network. Made with `lab.lan`; `node` is the switch."""

    most_members = 1023
    """BR_MAX_PORTS less one: the kernel's limit for one bridge (net/bridge/br_private.h)."""

    def __init__(self, site: Site, name: str, *networks: str) -> None:
        if not networks:
            raise CnetkitError(f"the LAN {name} needs a network: lab.lan({name!r}, '10.50.0.0/24')")
        super().__init__(site, name, [addresses.Pool(str(addresses.network(network))) for network in networks])
        site.check_name(name)
        self.node = LabNode(site, name, "host")
        site.build(op.AddNode(name, "host", ipv6=site.ipv6), op.AddBridge(name, BRIDGE, addresses.mac(name, BRIDGE)))
        self.node.interfaces[BRIDGE] = ()
        site.register(self.node)

    def check_joins(self, node: LabNode) -> None:
        """CnetkitError if the switch is gone, or is to be plugged into itself."""
        self.site.check_member(self.node)
        if node is self.node:
            raise CnetkitError(f"{self.name} is the switch itself: attach hosts, routers or containers to it")

    def peer(self, node: LabNode, interface: str) -> tuple[str, str]:
        """The switch's port, named after what is plugged in: `web` for the first, else a name of the kernel's length."""
        port = node.name if len(node.name.encode()) < 16 else addresses.veth_name(node.name, interface)
        return self.node.name, port if port not in self.node.interfaces else addresses.veth_name(node.name, interface)

    def link(self, attachment: Attachment) -> op.Operation:
        """A cable from the switch to the node."""
        switch, port = attachment.peer
        mac = addresses.mac(switch, port)
        return op.AddVeth(switch, port, mac, attachment.node, attachment.interface, attachment.mac, master=BRIDGE)

    def __repr__(self) -> str:
        networks = " ".join(str(pool.network) for pool in self.pools)
        return f"<LAN {self.name}: {networks}, {len(self.members)} machines>"
