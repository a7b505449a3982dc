"""A published port: a port of a host that leads to a port of a container, as `docker run -p` makes it. It builds nothing."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.lab.container import Container
from cnetkit.lab.host import Host
from cnetkit.lab.programs import check_port
from cnetkit.model import CnetkitError

_PROTOCOLS = ("tcp", "udp")


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """`address` is one of the host's addresses, or empty if the port is open at all of them."""

    host: Host
    host_port: int
    to: Container
    port: int
    protocol: str = "tcp"
    address: str = ""

    def remove(self) -> None:
        """Ends its publication."""
        self.host.unpublish(self)

    def overlaps(self, other: PublishedPort) -> bool:
        """Whether both cannot be published at once."""
        same = (other.protocol, other.host_port) == (self.protocol, self.host_port)
        return same and (not self.address or not other.address or self.address == other.address)

    def __str__(self) -> str:
        return f"{self.address or '*'}:{self.host_port}->{self.port}/{self.protocol}"

    def __repr__(self) -> str:
        return f"<published port {self} of {self.to.name} on {self.host.name}>"


def check(mapping: PublishedPort) -> None:
    """CnetkitError unless this can be a published port of its host. Whether the port is free is not checked here."""
    if mapping.protocol not in _PROTOCOLS:
        raise CnetkitError(f"{mapping.protocol!r} cannot be published: choose tcp or udp")
    for port in (mapping.host_port, mapping.port):
        check_port(port)
    if getattr(mapping.to, "host", None) is not mapping.host:
        name = getattr(mapping.to, "name", repr(mapping.to))
        raise CnetkitError(
            f"{name} is not a container of {mapping.host.name}: a host publishes its own containers' ports"
        )
    if mapping.address and mapping.address not in {
        cidr.split("/")[0] for cidrs in mapping.host.interfaces.values() for cidr in cidrs
    }:
        raise CnetkitError(f"{mapping.address} is not an address of {mapping.host.name}")
