"""An overlay: one network over several hosts, as Docker's overlay driver builds it.

Each host has a bridge with a VXLAN interface as its port. To find out where a container is, hosts flood frames and learn from
the answers, or they get entries beforehand, as Docker's control plane distributes them.
Source: github.com/moby/moby, libnetwork/drivers/overlay. Docker gives the bridge and the VXLAN interface a namespace of their
own; here they are in the host's.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.container import Container
from cnetkit.lab.host import Host
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.networks.vxlan import FLOOD, add_vxlan
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError


class Overlay:
    """One network over several hosts. Made with `lab.overlay`.

    `control`: each host has entries for all containers, and floods nothing. Otherwise hosts flood, and learn from answers.
    """

    def __init__(
        self, site: Site, name: str, hosts: Sequence[Host], subnet: str, number: int, control: bool, port: int, mtu: int
    ) -> None:
        for host in hosts:
            site.check_member(host)
        if len(set(hosts)) < 2:
            raise CnetkitError(f"the overlay {name!r} has {len(hosts)} host: it needs two or more")
        self._site, self.name, self.id, self.control = site, name, number, control
        self.pool = addresses.Pool(str(addresses.network(subnet)))
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
                op.AddForwarding(host, self.tunnels[host], FLOOD, end)
                for host in self.bridges for other, end in self._ends.items() if other != host
            ]  # fmt: skip
        self._hosts = {host.name: host for host in hosts}
        site.build(*operations)
        site.after_removal.append(self._removed)
        for host in hosts:
            bridge = self.bridges[host.name]
            host.bridges[bridge.name] = bridge
            host.interfaces |= {bridge.name: (), self.tunnels[host.name]: ()}

    def _on(self, host: Host, port: int, mtu: int) -> list[op.Operation]:
        number = next(n for n in range(4096) if not {f"br{n}", f"vxlan{n}"} & host.interfaces.keys())
        bridge, tunnel = f"br{number}", f"vxlan{number}"
        made = add_vxlan(
            host, tunnel, self.id, port=port, master=bridge, learning=not self.control, proxy=self.control, mtu=mtu
        )
        self.bridges[host.name] = Bridge(host, bridge, (), pools=[self.pool], mtu=made.mtu, announce=self._announce)
        self.tunnels[host.name], self._ends[host.name] = tunnel, made.local
        return [*self.bridges[host.name].operations(), made]

    def container(self, name: str, host: Host, address: str = "") -> Container:
        """A new container on one of the hosts, at the network's next free address or at `address`."""
        self._site.check_member(host)
        if host.name not in self.bridges:
            raise CnetkitError(
                f"{host.name} does not take part in the overlay {self.name}: {', '.join(self.bridges)} do"
            )
        return self.bridges[host.name].container(name, address)

    def _removed(self, node: str) -> None:
        """A host that was removed takes part no more."""
        for of_hosts in (self.bridges, self.tunnels, self._ends, self._hosts):
            of_hosts.pop(node, None)

    def _announce(self, attachments: Sequence[Attachment], leaving: bool) -> list[op.Operation]:
        """The other hosts' entries for new containers, or with `leaving` their removal."""
        entries: list[op.Operation] = []
        for attachment in attachments if self.control else ():
            address, here = attachment.addresses[0].split("/")[0], attachment.peer[0]
            for other, tunnel in self.tunnels.items():
                if other != here and tunnel in self._hosts[other].interfaces:
                    entries.append(op.AddNeighbour(other, tunnel, address, attachment.mac, leaving))
                    entries.append(op.AddForwarding(other, tunnel, attachment.mac, self._ends[here], leaving))
        return entries

    def __repr__(self) -> str:
        how = "by control" if self.control else "by learning"
        return f"<overlay {self.name}: {self.pool.network}, id {self.id}, {how}, on {', '.join(self.bridges)}>"


def overlay(
    site: Site,
    name: str,
    hosts: Sequence[Host],
    subnet: str,
    *,
    id: int = 4096,
    control: bool = False,
    port: int = 4789,
    mtu: int = 0,
) -> Overlay:
    """One network over several hosts by VXLAN, `lab.overlay("ov", [n1, n2], "10.0.9.0/24", id=42)`.

    Hosts flood frames to unknown addresses, and learn from the answers. With `control` each host gets entries for all
    containers, as Docker's swarm distributes them, and learns nothing. `mtu` in bytes; 0: as large as the underlay allows.
    """
    return Overlay(site, name, hosts, subnet, id, control, port, mtu)
