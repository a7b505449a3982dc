"""A node of a lab: a network stack with interfaces, addresses and routes, in which programs run.

It does not know which kinds of nodes there are, or how a node is joined to a network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.parts import Parts
from cnetkit.lab.place import Place
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError, NodeKind

if TYPE_CHECKING:
    from cnetkit.recording.scapy_socket import ScapySocket


class LabNode(Place, Parts):
    """One named network stack of a lab. `kind`: host, router, container or pod. `parent`: the node it is placed in."""

    def __init__(self, site: Site, name: str, kind: NodeKind, parent: LabNode | None = None) -> None:
        Place.__init__(self, site, name, {})
        Parts.__init__(self)
        self.kind, self.parent = kind, parent
        self.interfaces: dict[str, tuple[str, ...]] = {}
        """The addresses, in CIDR form, that each interface was given here."""
        self.attachments: dict[str, Attachment] = {}
        """Its connections to networks, by interface. Its wires, bridges and tunnels are not among them."""
        self.port_claims: list[Callable[[str, int], str]] = []
        """Added by systems: each returns, in words, what holds a port (protocol, number) besides servers, or an empty string."""

    @property
    def address(self) -> str:
        """Its first IPv4 address (its first IPv6 address if it has no IPv4 address), without the prefix length."""
        every = [ipaddress.ip_interface(cidr) for cidrs in self.interfaces.values() for cidr in cidrs]
        if not every:
            raise CnetkitError(f"{self.name} has no address yet: connect it, or put it on a bridge")
        return str(min(every, key=lambda address: address.version).ip)

    def free_interface(self) -> str:
        """The name that its next interface gets: eth0, eth1, ..."""
        return next(name for number in range(4096) if (name := f"eth{number}") not in self.interfaces)

    def check_interface(self, name: str) -> None:
        """CnetkitError unless a new interface of the node can have this name."""
        if name in self.interfaces:
            raise CnetkitError(f"{self.name} already has an interface {name!r}: choose another name")
        if (
            not isinstance(name, str)
            or not 0 < len(name.encode()) < 16
            or name.split() != [name]
            or set(name) & set("/:%\0")
            or name in (".", "..", "all", "default", "lo")
        ):
            raise CnetkitError(
                f"{name!r} cannot be the name of an interface: the kernel takes 1 to 15 letters without '/', ':' and '%', and "
                "keeps lo, all and default for itself"
            )

    def check_addresses(self, cidrs: Sequence[str]) -> None:
        """CnetkitError if the node has one of these addresses already."""
        own = {ipaddress.ip_interface(cidr).ip: name for name, every in self.interfaces.items() for cidr in every}
        for cidr in cidrs:
            address = ipaddress.ip_interface(cidr).ip
            if address in own:
                raise CnetkitError(
                    f"{self.name} already has the address {address}, at {own[address]}: choose another address or network"
                )

    def mac_for(self, interface: str, cidrs: tuple[str, ...]) -> str:
        """The MAC address that an interface with these addresses gets."""
        return addresses.mac(self.name, interface)

    def route(self, destination: str, via: str = "", interface: str = "") -> None:
        """Adds a route, to `default` or a prefix, by a gateway, an interface, or both."""
        if destination == "default":
            destination = "::/0" if ":" in via else "0.0.0.0/0"
        try:
            prefix = ipaddress.ip_network(destination)
        except ValueError as error:
            raise CnetkitError(f"{destination!r} is not a prefix such as '10.0.0.0/8': {error}") from None
        if not via and not interface:
            raise CnetkitError(
                f"the route to {destination} leads nowhere: give via='10.0.0.1', say, or interface='eth0'"
            )
        if via and addresses.version(via) != prefix.version:
            raise CnetkitError(f"a route to {destination} cannot lead via {via}: both are IPv4, or both IPv6")
        self.site.build(op.AddRoute(self.name, destination, via, interface))

    def sysctl(self, name: str, value: str | int) -> None:
        """Sets one of the network stack's settings: `web.sysctl("net.ipv4.ip_forward", 1)`."""
        self.site.build(op.SetSysctl(self.name, name, str(value)))

    def scapy_socket(self, interface: str = "") -> ScapySocket:
        """A scapy socket on its frames: `sniff(opened_socket=web.scapy_socket(), count=3)`, `web.scapy_socket().sr1(packet)`.

        It receives from `interface`, or from all interfaces if none is given; it sends from `interface`, or from the first.
        """
        from cnetkit.lab.capture import scapy_socket

        if interface and interface not in (*self.interfaces, "lo"):
            raise CnetkitError(
                f"{self.name} has no interface {interface!r}: it has {', '.join(self.interfaces) or 'none'}"
            )
        sender = interface or next(iter(self.interfaces), "lo")
        return scapy_socket(self.site.sandbox, self.name, sender, interface, self.site.capture_number())

    def holder(self, protocol: str, port: int) -> str:
        """What holds a port here, in words; empty if nothing in this lab does."""
        claims = (claim(protocol, port) for claim in self.port_claims)
        return next(filter(None, claims), "") or super().holder(protocol, port)

    def remove(self) -> None:
        """Removes it from the lab, with everything that runs in it."""
        self.site.remove(self)

    def __repr__(self) -> str:
        places = ", ".join(f"{name} {' '.join(cidrs)}".strip() for name, cidrs in self.interfaces.items())
        return f"<{self.kind} {self.name}{': ' if places else ''}{places}>"
