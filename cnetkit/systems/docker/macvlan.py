"""Docker's macvlan networks: containers with an interface of their own on the host's link, beside the machines there.

The host's own stack sees none of their packets, lays no rules for them and cannot reach them: so the kernel has it.
Source: docs.docker.com, "Macvlan network driver"; github.com/moby/moby, libnetwork/drivers/macvlan.
"""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.host import Host
from cnetkit.lab.network import HostNetwork, PooledNetwork, Wanted
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError


def macvlan(host: Host, name: str, subnet: str, *, parent: str = "eth0", gateway: str = "") -> Macvlan:
    """A network of containers on a link of the host, as `docker network create -d macvlan -o parent=eth0` makes it.

    `host.macvlan("mv", "10.50.0.0/24", gateway="10.50.0.1")`: the gateway is a machine on that link, and containers get a default
    route to it; without one they have none. CnetkitError if the host has no such link, or the gateway is not in the network.
    """
    host.site.check_member(host)
    if parent not in host.interfaces:
        raise CnetkitError(f"{host.name} has no interface {parent!r}: it has {', '.join(host.interfaces) or 'none'}")
    return Macvlan(host, name, subnet, parent, gateway)


class Macvlan(HostNetwork):
    """Containers with macvlan interfaces on a link of a host. Made with `host.macvlan`."""

    def __init__(self, host: Host, name: str, subnet: str, parent: str, gateway: str) -> None:
        pool = _pool(host, parent, str(addresses.network(subnet)))
        if gateway:
            if gateway.split("/")[0] in (cidr.split("/")[0] for cidr in host.interfaces[parent]):
                raise CnetkitError(
                    f"{gateway} is already used in {pool.network} by {host.name}, which macvlan containers cannot reach: "
                    "name another machine"
                )
            pool.reserve(gateway)
        super().__init__(host, name, [pool], [gateway] if gateway else [])
        self.parent = parent

    def check_joins(self, node: LabNode) -> None:
        """CnetkitError unless the node is a container of the host, whose link it shares."""
        super().check_joins(node)
        if node.parent is not self.host:
            raise CnetkitError(f"{node.name} is not a container of {self.host.name}, whose link {self.name} shares")

    def _take(self, wanted: Wanted) -> tuple[str, ...]:
        for text in [wanted] if isinstance(wanted, str) else wanted:
            if text.split("/")[0] in self.default_gateways:
                raise CnetkitError(f"{text} is already used in {self.pools[0].network}: it is the gateway")
        return super()._take(wanted)

    def peer(self, node: LabNode, interface: str) -> tuple[str, str]:
        """The parent, which all of them share."""
        return self.host.name, self.parent

    def link(self, attachment: Attachment) -> op.Operation:
        """A macvlan on the parent, in the container."""
        host, parent = attachment.peer
        return op.AddMacvlan(host, parent, attachment.node, attachment.interface, attachment.mac)

    def __repr__(self) -> str:
        return f"<macvlan {self.name} on {self.host.name}/{self.parent}: {len(self.members)} containers>"


def _pool(host: Host, parent: str, subnet: str) -> addresses.Pool:
    """The addresses of a subnet on a link: those of the network that the link belongs to, if it is the same one.

    Docker knows only its own containers. Here the lab knows all machines, so that no address is given out twice on a link.
    """
    joined = host.attachments[parent].network if parent in host.attachments else host.bridges.get(parent)
    for pool in joined.pools if isinstance(joined, PooledNetwork) else ():
        if str(pool.network) == subnet:
            return pool
    pools = host.part(_Pools).by_link
    if (parent, subnet) not in pools:
        pool = addresses.Pool(subnet)
        taken = (
            cidr.split("/")[0]
            for node in host.site.members.values()
            for cidrs in node.interfaces.values()
            for cidr in cidrs
        )
        pools[parent, subnet] = addresses.Pool(subnet, *(address for address in taken if pool.holds(address)))
    return pools[parent, subnet]


class _Pools:
    """The addresses of a host's links that belong to no network of the lab, by link and subnet."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.by_link: dict[tuple[str, str], addresses.Pool] = {}
