"""Nodes as a learner holds them: something with interfaces, addresses and routes, in which programs run."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cnetkit import operations as op
from cnetkit.lab.place import Place
from cnetkit.model import CnetkitError, NodeKind

if TYPE_CHECKING:
    from cnetkit.lab.lab import Lab
    from cnetkit.recording.scapy_socket import ScapySocket


class Node(Place):
    """One named network stack of a lab. `kind`: host, router, container or pod."""

    def __init__(self, lab: Lab, name: str, kind: NodeKind) -> None:
        super().__init__(lab, name, {})
        self.kind = kind
        self.interfaces: dict[str, tuple[str, ...]] = {}
        """The addresses, in CIDR form, that each interface was given here."""

    @property
    def address(self) -> str:
        """Its first IPv4 address (its first IPv6 address where it has no other), without the prefix length."""
        every = [ipaddress.ip_interface(cidr) for cidrs in self.interfaces.values() for cidr in cidrs]
        if not every:
            raise CnetkitError(f"{self.name} has no address yet: connect it, or put it on a bridge")
        return str(min(every, key=lambda one: one.version).ip)

    def free_interface(self) -> str:
        """The name that its next interface gets: eth0, eth1, ..."""
        return next(name for number in range(4096) if (name := f"eth{number}") not in self.interfaces)

    def route(self, destination: str, via: str = "", interface: str = "") -> None:
        """Adds a route, to `default` or a prefix, by a gateway, an interface, or both."""
        if destination == "default":
            destination = "::/0" if ":" in via else "0.0.0.0/0"
        try:
            ipaddress.ip_network(destination)
        except ValueError as error:
            raise CnetkitError(f"{destination!r} is not a prefix such as '10.0.0.0/8': {error}") from None
        self.lab.build(op.AddRoute(self.name, destination, via, interface))

    def sysctl(self, name: str, value: str | int) -> None:
        """Sets one of the network stack's settings: `web.sysctl("net.ipv4.ip_forward", 1)`."""
        self.lab.build(op.SetSysctl(self.name, name, str(value)))

    def scapy_socket(self, interface: str = "") -> ScapySocket:
        """A scapy socket on its frames: `sniff(opened_socket=web.scapy_socket(), count=3)`, `web.scapy_socket().sr1(packet)`.

        It sees one interface, or all where none is named; what is sent goes out of the named, or else the first one.
        """
        return self.lab.scapy_socket(self, interface)

    def remove(self) -> None:
        """Takes it out of the lab, with all that runs in it."""
        self.lab.remove(self)

    def __repr__(self) -> str:
        places = ", ".join(f"{name} {' '.join(cidrs)}".strip() for name, cidrs in self.interfaces.items())
        return f"<{self.kind} {self.name}{': ' if places else ''}{places}>"
