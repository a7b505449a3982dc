"""A VXLAN interface on a host: a tunnel to other hosts, through the host's own network (RFC 7348).

It builds no network: the overlay and flannel, in `cnetkit.systems`, use these tunnels.
"""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError

FLOOD = "00:00:00:00:00:00"
"""The MAC address whose forwarding entries receive a copy of each frame without an entry of its own."""
_HEADERS = {4: 50, 6: 70}
"""What a tunnel adds to a frame's payload: Ethernet 14, VXLAN 8, UDP 8, IPv4 20 or IPv6 40 (RFC 7348, 4.3)."""


class Vxlan:
    """A VXLAN interface of a host. Made with `host.vxlan`."""

    def __init__(self, host: LabNode, name: str, number: int, mac: str, mtu: int) -> None:
        self.host, self.name, self.id, self.mac, self.mtu = host, name, number, mac, mtu

    def flood(self, remote: str) -> None:
        """Sends a copy of each frame that has no entry of its own to `remote`, a tunnel endpoint."""
        self.host.site.build(op.AddForwarding(self.host.name, self.name, FLOOD, remote))

    def forward(self, mac: str, remote: str) -> None:
        """Sends frames to `mac` to the tunnel endpoint `remote`."""
        self.host.site.build(op.AddForwarding(self.host.name, self.name, mac, remote))

    def neighbour(self, address: str, mac: str) -> None:
        """Sets the MAC address of an IP address, so that no ARP request is sent for it."""
        self.host.site.build(op.AddNeighbour(self.host.name, self.name, address, mac))

    def __repr__(self) -> str:
        return f"<VXLAN {self.name} of {self.host.name}: id {self.id}, MTU {self.mtu}>"


def underlay(host: LabNode, version: int = 0) -> tuple[str, str, int]:
    """The interface that a host's tunnels use, the first one with an address: its name, address and MTU, in bytes.

    `version`: 4 or 6, the address's family; 0: any. CnetkitError if there is none.
    """
    for interface in host.site.topology.interfaces:
        given = [cidr.split("/")[0] for cidr in host.interfaces.get(interface.name, ())]
        usable = [address for address in given if version in (0, 6 if ":" in address else 4)]
        if interface.node == host.name and usable and interface.kind != "bridge":
            return interface.name, usable[0], interface.mtu
    what = f"IPv{version} network" if version else "network"
    raise CnetkitError(f"{host.name} has no {what} to tunnel through: connect it first")


def add_vxlan(
    host: LabNode,
    name: str,
    number: int,
    *,
    port: int,
    master: str,
    learning: bool,
    proxy: bool,
    mtu: int,
    version: int = 0,
) -> op.AddVxlan:
    """The operation that makes a VXLAN interface on a host's underlay. `mtu` 0: as large as the underlay allows.

    `version`: the address family of the underlay; 0: that of its first address.
    """
    if not isinstance(number, int) or not 0 <= number < 1 << 24:
        raise CnetkitError(f"{number!r} cannot be a VXLAN's identifier: it has 24 bits, 0 to 16777215")
    interface, local, room = underlay(host, version)
    size = mtu or room - _HEADERS[6 if ":" in local else 4]
    mac = addresses.mac(host.name, name)
    return op.AddVxlan(host.name, name, mac, number, local, interface, port, master, learning, proxy, size)
