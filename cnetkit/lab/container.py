"""A container: a network stack placed in a host. It is attached to no network, to one, or to several.

It gets mount, UTS, IPC and PID namespaces of its own as soon as a program runs in it (the agent does that).
"""

from __future__ import annotations

from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachable, Attachment
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError, NodeKind


class Container(LabNode):
    """Made by a network's `container`, or by `host.container` without a network. A network's `attach` adds it to that network."""

    def __init__(self, host: LabNode, name: str, kind: NodeKind = "container") -> None:
        super().__init__(host.site, name, kind, host)
        self.host = host

    @property
    def network(self) -> Attachable:
        """The first network it is attached to."""
        return self._first.network

    @property
    def mac(self) -> str:
        """The MAC address of its first attachment."""
        return self._first.mac

    @property
    def host_interface(self) -> str:
        """The name of the other end of its first veth pair, on the host."""
        return self._first.peer[1]

    @property
    def _first(self) -> Attachment:
        if not self.attachments:
            raise CnetkitError(f"{self.name} is attached to no network: use a network's attach({self.name})")
        return next(iter(self.attachments.values()))

    def mac_for(self, interface: str, cidrs: tuple[str, ...]) -> str:
        """As Docker forms it from the IPv4 address; without one, from the container's name."""
        return super().mac_for(interface, cidrs) if ":" in cidrs[0] else addresses.docker_mac(cidrs[0])
