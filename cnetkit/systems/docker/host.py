"""Docker on a host of the lab: bridges with Docker's rules, and published ports. No engine runs; the rules are the engine's.

The rules' text is made in `rules.py`.
"""

from __future__ import annotations

import ipaddress

from cnetkit import operations as op
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.container import Container
from cnetkit.lab.host import Host
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.site import Member
from cnetkit.model import CnetkitError
from cnetkit.systems.docker import rules as text
from cnetkit.systems.docker.published_port import PublishedPort, check


class DockerHost:
    """What Docker keeps about one host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.published: list[PublishedPort] = []
        self.families: set[bool] = set()
        """For which of IPv4 (False) and IPv6 (True) Docker's chains are laid."""
        self.bridges: set[Bridge] = set()
        """Those of the host's bridges that have Docker's rules."""
        host.site.before_removal.append(self._before_removal)
        host.site.before_detach.append(self._before_detach)
        host.port_claims.append(self.claim)

    def bridge_operations(self, bridge: Bridge) -> list[op.Operation]:
        """Docker's rules around a bridge, with the chains that all bridges share if this is the host's first."""
        host = self.host.name
        operations: list[op.Operation] = [
            op.SetSysctl(host, f"net/ipv4/conf/{bridge.name}/route_localnet", "1"),
            op.SetSysctl(host, "net.bridge.bridge-nf-call-iptables", "1", optional=True),
        ]
        for ipv6 in sorted({":" in gateway for gateway in bridge.gateways}):
            networks = [str(pool.network) for pool in bridge.pools if (pool.network.version == 6) == ipv6]
            chains = "" if ipv6 in self.families else text.CHAINS
            operations.append(op.Rules(host, chains + text.bridge_rules(bridge.name, networks), ipv6))
        return operations

    def port_operations(self, one: PublishedPort, remove: bool = False) -> list[op.Operation]:
        """The rules of one published port, for each address family that the container has, or with `remove` their removal."""
        attachment = self.carrier(one.to)
        limited = ipaddress.ip_address(one.address) if one.address else None
        operations: list[op.Operation] = []
        for cidr in attachment.addresses:
            inside = ipaddress.ip_interface(cidr).ip
            if limited is None or limited.version == inside.version:
                rules = text.port_rules(
                    attachment.network.name,
                    str(inside),
                    one.port,
                    one.host_port,
                    one.protocol,
                    one.address,
                    remove=remove,
                )
                operations.append(op.Rules(self.host.name, rules, inside.version == 6))
        return operations

    def carrier(self, container: Container) -> Attachment:
        """The attachment by which a container's published ports are reached: to a bridge with Docker's rules, or its first."""
        attachments = list(container.attachments.values())
        if not attachments or not self.families:
            raise CnetkitError(
                f"{container.name} is on no bridge with Docker's rules: make one with {self.host.name}.bridge(...) and attach it"
            )
        return next((one for one in attachments if one.network in self.bridges), attachments[0])

    def check_free(self, one: PublishedPort) -> None:
        """CnetkitError, with the name of its holder, if somebody holds the port already."""
        holder = next((_held_by(other) for other in self.published if one.overlaps(other)), "")
        server = self.host.servers.get((one.protocol, one.host_port))
        holder = holder or (f"its {server.command}" if server and server.running else "")
        if holder:
            raise CnetkitError(
                f"port {one.host_port}/{one.protocol} of {self.host.name} is taken by {holder}: choose another port"
            )

    def claim(self, protocol: str, port: int) -> str:
        """Which container a port of the host is published for, in words; empty if it is not published."""
        return next((_held_by(one) for one in self.published if (one.protocol, one.host_port) == (protocol, port)), "")

    def _before_removal(self, node: Member) -> None:
        for one in [one for one in self.published if one.to is node]:
            unpublish(self.host, one)

    def _before_detach(self, attachment: Attachment) -> None:
        for one in [one for one in self.published if self.carrier(one.to) is attachment]:
            unpublish(self.host, one)


def _held_by(one: PublishedPort) -> str:
    return f"the container {one.to.name}, whose port {one.port} is published there"


# --- Doors -----------------------------------------------------------------------------------------------------------


def bridge(host: Host, name: str = "docker0", *gateways: str, rules: bool = True) -> Bridge:
    """A bridge with the host's own addresses on it, `172.17.0.1/16` for one, and Docker's rules around it.

    Containers are then made with the bridge's `container` and `containers`. Without `rules` it is the kernel's bridge and
    nothing else: nothing is masqueraded, and no port can be published. CnetkitError if the name or an address cannot be had.
    """
    host.check_interface(name)
    made, docker = Bridge(host, name, gateways or ("172.17.0.1/16",)), host.part(DockerHost)
    host.site.build(*made.operations(), *(docker.bridge_operations(made) if rules else []))
    if rules:
        docker.families |= {":" in gateway for gateway in made.gateways}
        docker.bridges.add(made)
    host.interfaces[name] = made.gateways
    host.bridges[name] = made
    return made


def publish(
    host: Host, host_port: int, to: Container, port: int, protocol: str = "tcp", address: str = ""
) -> PublishedPort:
    """Makes a container's port reachable at the host's, as `docker run -p` does it.

    `address` limits it to one of the host's addresses. CnetkitError if the port is taken.
    """
    one, docker = PublishedPort(host, host_port, to, port, protocol, address), host.part(DockerHost)
    check(one)
    docker.check_free(one)
    host.site.build(*docker.port_operations(one))
    docker.published.append(one)
    return one


def unpublish(host: Host, published: PublishedPort) -> None:
    """Takes a published port back."""
    docker = host.part(DockerHost)
    if published not in docker.published:
        raise CnetkitError(f"{published} is not published (any more)")
    host.site.build(*docker.port_operations(published, remove=True))
    docker.published.remove(published)


published = property(lambda host: host.part(DockerHost).published, doc="The ports that a host publishes.")
