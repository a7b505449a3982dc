"""A Linux bridge on a host, with containers as its ports: a veth pair each, the bridge as their gateway (bridge(8)).

Systems such as Docker and flannel add rules, routes or tunnels to it; here is none of that.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.network import Announce, HostNetwork
from cnetkit.lab.node import LabNode


class Bridge(HostNetwork):
    """A bridge of a host. `gateways`: the host's own addresses on it, one for each network, IPv4 or IPv6.

    `pools`: where containers' addresses come from, if other bridges share them. `mtu` of its ports' links, 0: 1,500.
    """

    most_members = 1023
    """BR_MAX_PORTS less one: the kernel's limit for one bridge (net/bridge/br_private.h)."""

    def __init__(
        self,
        host: LabNode,
        name: str,
        gateways: Sequence[str],
        *,
        pools: Sequence[addresses.Pool] = (),
        mtu: int = 0,
        announce: Announce = lambda attachments, leaving: [],
    ) -> None:
        wanted = [addresses.interface(gateway) for gateway in gateways]
        pools = pools or [addresses.Pool(str(gateway), str(gateway.ip)) for gateway in wanted]
        super().__init__(host, name, pools, [str(gateway) for gateway in wanted], announce)
        for gateway in wanted:
            addresses.check_usable(gateway)
        self.gateways, self.mtu = tuple(str(gateway) for gateway in wanted), mtu

    def operations(self) -> list[op.Operation]:
        """The operations that build it."""
        mac = (
            addresses.docker_mac(self.gateways[0])
            if self.gateways and ":" not in self.gateways[0]
            else addresses.mac(self.host.name, self.name)
        )
        given: list[op.Operation] = [op.AddAddress(self.host.name, self.name, gateway) for gateway in self.gateways]
        return [op.AddBridge(self.host.name, self.name, mac), *given]

    def peer(self, node: LabNode, interface: str) -> tuple[str, str]:
        """The bridge's port: a veth interface on the host, named as Docker names it."""
        return self.host.name, addresses.veth_name(node.name, interface)

    def link(self, attachment: Attachment) -> op.Operation:
        """A veth pair from the bridge into the node."""
        host, port = attachment.peer
        return op.AddVeth(
            host,
            port,
            addresses.mac(host, port),
            attachment.node,
            attachment.interface,
            attachment.mac,
            master=self.name,
            hairpin=True,
            mtu=self.mtu,
        )

    def __repr__(self) -> str:
        return f"<bridge {self.name} of {self.host.name}: {' '.join(self.gateways)}, {len(self.members)} containers>"
