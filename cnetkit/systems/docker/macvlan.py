"""Docker's macvlan networks: containers with an interface of their own on the host's link, beside the machines there.

The host's own stack sees none of their packets, lays no rules for them and cannot reach them: so the kernel has it.
Source: docs.docker.com, "Macvlan network driver"; github.com/moby/moby, libnetwork/drivers/macvlan.
"""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.host import Host
from cnetkit.lab.network import HostNetwork
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError


def macvlan(host: Host, name: str, subnet: str, *, parent: str = "eth0", gateway: str = "") -> Macvlan:
    """A network of containers on a link of the host, as `docker network create -d macvlan -o parent=eth0` makes it.

    `host.macvlan("mv", "10.50.0.0/24", gateway="10.50.0.1")`: the gateway is a machine on that link, and containers get a default
    route to it; without one they have none. CnetkitError if the host has no such link, or the gateway is not in the network.
    """
    if parent not in host.interfaces:
        raise CnetkitError(f"{host.name} has no interface {parent!r}: it has {', '.join(host.interfaces) or 'none'}")
    return Macvlan(host, name, subnet, parent, gateway)


class Macvlan(HostNetwork):
    """Containers with macvlan interfaces on a link of a host. Made with `host.macvlan`."""

    def __init__(self, host: Host, name: str, subnet: str, parent: str, gateway: str) -> None:
        taken = [cidr.split("/")[0] for cidr in host.interfaces[parent]]
        pool = addresses.Pool(str(addresses.network(subnet)), *(one for one in taken if one))
        if gateway:
            pool.take(gateway)
        super().__init__(host, name, [pool], [gateway] if gateway else [])
        self.parent = parent

    def peer(self, node: LabNode, interface: str) -> tuple[str, str]:
        """The parent, which all of them share."""
        return self.host.name, self.parent

    def link(self, attachment: Attachment) -> op.Operation:
        """A macvlan on the parent, in the container."""
        host, parent = attachment.peer
        return op.AddMacvlan(host, parent, attachment.node, attachment.interface, attachment.mac)

    def __repr__(self) -> str:
        return f"<macvlan {self.name} on {self.host.name}/{self.parent}: {len(self.members)} containers>"
