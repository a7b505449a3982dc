"""VXLAN: a tunnel interface on a host, and an overlay of many, one network over several hosts, as Docker's overlay driver
builds it: on each host a bridge with a VXLAN interface as its port.

Who is behind which host is either learned from frames, which are first flooded to all, or told to each host beforehand.
Source: github.com/moby/moby, libnetwork/drivers/overlay; its bridge and VXLAN interface have a namespace of their own, which
here they have not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.container import Container
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.host import Host

EVERYBODY = "00:00:00:00:00:00"
"""The MAC address whose forwarding entries get all frames that have no entry of their own."""
_HEADERS = {4: 50, 6: 70}
"""What a tunnel adds to a frame's payload: Ethernet 14, VXLAN 8, UDP 8, IPv4 20 or IPv6 40 (RFC 7348, 4.3)."""


class Vxlan:
    """A VXLAN interface of a host. Made with `host.vxlan`."""

    def __init__(self, host: Host, name: str, number: int, mac: str, mtu: int) -> None:
        self.host, self.name, self.id, self.mac, self.mtu = host, name, number, mac, mtu

    def flood(self, remote: str) -> None:
        """Sends a copy of each frame that has no entry of its own to `remote`, a tunnel endpoint."""
        self.host.site.build(op.AddForwarding(self.host.name, self.name, EVERYBODY, remote))

    def forward(self, mac: str, remote: str) -> None:
        """Sends frames to `mac` to the tunnel endpoint `remote`."""
        self.host.site.build(op.AddForwarding(self.host.name, self.name, mac, remote))

    def neighbour(self, address: str, mac: str) -> None:
        """Says who has an address, so that nobody is asked."""
        self.host.site.build(op.AddNeighbour(self.host.name, self.name, address, mac))

    def __repr__(self) -> str:
        return f"<VXLAN {self.name} of {self.host.name}: id {self.id}, MTU {self.mtu}>"


def underlay(host: Host) -> tuple[str, str, int]:
    """The interface that a host's tunnels stand on, the first with an address: its name, address and MTU, in bytes."""
    for interface in host.site.topology.interfaces:
        known = host.interfaces.get(interface.name, ())
        if interface.node == host.name and known and interface.kind != "bridge":
            return interface.name, known[0].split("/")[0], interface.mtu
    raise CnetkitError(f"{host.name} has no network to tunnel through: connect it first")


def wish(
    host: Host, name: str, number: int, *, port: int, master: str, learning: bool, proxy: bool, mtu: int
) -> op.AddVxlan:
    """The operation that makes a VXLAN interface on a host's underlay. `mtu` 0: as large as the underlay allows."""
    if not 0 <= number < 1 << 24:
        raise CnetkitError(f"{number} cannot be a VXLAN's identifier: it has 24 bits, 0 to 16777215")
    interface, local, room = underlay(host)
    size = mtu or room - _HEADERS[6 if ":" in local else 4]
    mac = addresses.mac(host.name, name)
    return op.AddVxlan(host.name, name, mac, number, local, interface, port, master, learning, proxy, size)


class Overlay:
    """One network over several hosts. Made with `lab.overlay`.

    `control`: each host is told of each container, and asks and floods nothing; else hosts flood, and learn from answers.
    """

    def __init__(
        self, name: str, hosts: Sequence[Host], subnet: str, number: int, control: bool, port: int, mtu: int
    ) -> None:
        if len(hosts) < 2:
            raise CnetkitError(f"the overlay {name!r} has {len(hosts)} host: it needs two or more to lead anywhere")
        self.name, self.id, self.control = name, number, control
        self.pool = addresses.Pool(subnet)
        self.bridges: dict[str, Bridge] = {}
        """Its bridge on each host, by the host's name."""
        self.tunnels: dict[str, str] = {}
        """The name of its VXLAN interface on each host."""
        self._ends: dict[str, str] = {}
        operations: list[op.Operation] = []
        for host in hosts:
            operations += self._on(host, port, mtu)
        if not control:
            operations += [
                op.AddForwarding(host, self.tunnels[host], EVERYBODY, end)
                for host in self.bridges for other, end in self._ends.items() if other != host
            ]  # fmt: skip
        hosts[0].site.build(*operations)
        for host in hosts:
            bridge = self.bridges[host.name]
            host.bridges[bridge.name] = bridge
            host.interfaces |= {bridge.name: (), self.tunnels[host.name]: ()}

    def _on(self, host: Host, port: int, mtu: int) -> list[op.Operation]:
        place = next(n for n in range(4096) if not {f"br{n}", f"vxlan{n}"} & host.interfaces.keys())
        bridge, tunnel = f"br{place}", f"vxlan{place}"
        made = wish(
            host, tunnel, self.id, port=port, master=bridge, learning=not self.control, proxy=self.control, mtu=mtu
        )
        self.bridges[host.name] = Bridge(host, bridge, (), pools=[self.pool], mtu=made.mtu, announce=self._announce)
        self.tunnels[host.name], self._ends[host.name] = tunnel, made.local
        return [*self.bridges[host.name].operations(), made]

    def container(self, name: str, host: Host, address: str = "") -> Container:
        """A container on one of the hosts, at the network's next free address or the one that is asked for."""
        if host.name not in self.bridges:
            raise CnetkitError(
                f"{host.name} does not take part in the overlay {self.name}: {', '.join(self.bridges)} do"
            )
        return self.bridges[host.name].container(name, address)

    def _announce(self, attachments: Sequence[Attachment], leaving: bool) -> list[op.Operation]:
        """The entries that the other hosts need for containers that come, or no longer need for those that leave."""
        entries: list[op.Operation] = []
        for one in attachments if self.control else ():
            address, here = one.addresses[0].split("/")[0], one.peer[0]
            for other, tunnel in self.tunnels.items():
                if other != here:
                    entries.append(op.AddNeighbour(other, tunnel, address, one.mac, leaving))
                    entries.append(op.AddForwarding(other, tunnel, one.mac, self._ends[here], leaving))
        return entries

    def __repr__(self) -> str:
        how = "by control" if self.control else "by learning"
        return f"<overlay {self.name}: {self.pool.network}, id {self.id}, {how}, on {', '.join(self.bridges)}>"
