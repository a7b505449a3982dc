"""Hosts: machines that forward packets, hold bridges with containers, and publish ports as Docker does."""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab.container import Container
from cnetkit.lab.networks import vxlan
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.node import Node
from cnetkit.lab.site import Member, Site
from cnetkit.model import CnetkitError, NodeKind
from cnetkit.systems.docker import rules as docker
from cnetkit.systems.docker.rules import PublishedPort


class Host(Node):
    """A machine of the lab. Made with `lab.host(name)`; one made with `lab.router(name)` is there to forward only."""

    def __init__(self, site: Site, name: str, kind: NodeKind) -> None:
        super().__init__(site, name, kind)
        self.bridges: dict[str, Bridge] = {}
        self.published: list[PublishedPort] = []
        self.has_docker_rules: set[bool] = set()
        """For which of IPv4 (False) and IPv6 (True) Docker's chains are laid."""
        site.before_removal.append(self._unpublish_all)

    def bridge(self, name: str = "docker0", *gateways: str) -> Bridge:
        """A bridge with the host's own addresses on it, `172.17.0.1/16` for one, and Docker's rules around it.

        Containers are then made with the bridge's `container` and `containers`. CnetkitError where the name or an address
        cannot be had.
        """
        self.check_interface(name)
        bridge = Bridge(self, name, gateways or ("172.17.0.1/16",))
        self.site.build(*bridge.operations(), *docker.bridge_operations(self, bridge))
        self.has_docker_rules |= {":" in gateway for gateway in bridge.gateways}
        self.interfaces[name] = bridge.gateways
        self.bridges[name] = bridge
        return bridge

    def container(self, name: str) -> Container:
        """A container that is attached to no network, as `docker run --network none` makes it; attach it to some."""
        self.site.check_name(name)
        made = Container(self, name)
        self.site.build(op.AddNode(name, made.kind, self.name, self.site.ipv6))
        self.site.register(made)
        return made

    def vxlan(
        self,
        name: str,
        id: int,
        *,
        port: int = 4789,
        master: str = "",
        learning: bool = True,
        proxy: bool = False,
        address: str = "",
        mtu: int = 0,
    ) -> vxlan.Vxlan:
        """A VXLAN interface on the host's first network, in no network yet: `flood` and `forward` say what is behind it.

        `master`: the bridge it becomes a port of. `proxy`: it answers ARP from its own neighbour entries. `mtu` in bytes, 0:
        the underlay's less the tunnel's headers.
        """
        self.check_interface(name)
        made = vxlan.add_vxlan(self, name, id, port=port, master=master, learning=learning, proxy=proxy, mtu=mtu)
        given = [op.AddAddress(self.name, name, address)] if address else []
        self.site.build(made, *given)
        self.interfaces[name] = (address,) if address else ()
        return vxlan.Vxlan(self, name, id, made.mac, made.mtu)

    def publish(
        self, host_port: int, to: Container, port: int, protocol: str = "tcp", address: str = ""
    ) -> PublishedPort:
        """Makes a container's port reachable at the host's, as `docker run -p` does it.

        `address` limits it to one of the host's addresses. CnetkitError where somebody holds the port already.
        """
        published = PublishedPort(self, host_port, to, port, protocol, address)
        docker.check(published)
        self.site.build(*docker.port_operations(published))
        self.published.append(published)
        return published

    def unpublish(self, published: PublishedPort) -> None:
        """Takes a published port back."""
        if published not in self.published:
            raise CnetkitError(f"{published} is not published (any more)")
        self.site.build(*docker.port_operations(published, remove=True))
        self.published.remove(published)

    def _unpublish_all(self, node: Member) -> None:
        for published in [one for one in self.published if one.to is node]:
            self.unpublish(published)

    def holder(self, protocol: str, port: int) -> str:
        """Who holds a port here, in words; empty where nobody of this lab does."""
        for one in self.published:
            if (one.protocol, one.host_port) == (protocol, port):
                return f"the container {one.to.name}, whose port {one.port} is published there"
        return super().holder(protocol, port)


def forwarding(name: str, ipv6: bool) -> list[op.Operation]:
    """What makes a node forward packets."""
    wanted = ["net.ipv4.ip_forward", *(["net.ipv6.conf.all.forwarding"] if ipv6 else [])]
    return [op.SetSysctl(name, setting, "1") for setting in wanted]
