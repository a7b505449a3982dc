"""One address family of a flannel network: its subnets, its tunnels, and the routes between its hosts.

Source: github.com/flannel-io/flannel, pkg/backend/vxlan and pkg/backend/hostgw.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.networks import vxlan
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError

_ID, _PORT = 1, 8472
_TUNNELS = {4: "flannel.1", 6: "flannel-v6.1"}
_SUBNET_LENGTHS = {4: 24, 6: 64}


class Family:
    """`version`: 4 or 6. `subnets`: each host's part of `network`, by the host's name."""

    def __init__(self, cidr: str, hosts: Sequence[LabNode]) -> None:
        self.network = addresses.network(cidr)
        self.version = self.network.version
        length = _SUBNET_LENGTHS[self.version]
        if not hosts or self.network.prefixlen > length or 1 << (length - self.network.prefixlen) < len(hosts):
            raise CnetkitError(
                f"{cidr} has not a /{length} for each of {len(hosts)} hosts: take a shorter prefix, and a host or more"
            )
        subnets = self.network.subnets(new_prefix=length)
        self.subnets = {host.name: str(subnet) for host, subnet in zip(hosts, subnets, strict=False)}
        self.tunnel = _TUNNELS[self.version]
        self._ends: dict[str, op.AddVxlan] = {}

    def gateway(self, host: str) -> str:
        """The address of a host's bridge: the first one of its subnet, in CIDR form."""
        subnet = ipaddress.ip_network(self.subnets[host])
        return f"{subnet[1]}/{subnet.prefixlen}"

    def tunnel_address(self, host: str) -> str:
        """The address of a host's tunnel: the subnet's own address with the longest prefix, in CIDR form."""
        return f"{self._end(host)}/{32 if self.version == 4 else 128}"

    def _end(self, host: str) -> str:
        return self.subnets[host].partition("/")[0]

    def add_tunnel(self, host: LabNode) -> tuple[list[op.Operation], int]:
        """The operations that build a host's tunnel, and the tunnel's MTU in bytes."""
        host.check_interface(self.tunnel)
        made = vxlan.add_vxlan(
            host, self.tunnel, _ID, port=_PORT, master="", learning=False, proxy=False, mtu=0, version=self.version
        )
        self._ends[host.name] = made
        return [made, op.AddAddress(host.name, self.tunnel, self.tunnel_address(host.name))], made.mtu

    def by_tunnel(self, here: LabNode, there: LabNode) -> list[op.Operation]:
        """The way from one host to another host's pods through the tunnel: route, neighbour and forwarding entry."""
        end, far = self._end(there.name), self._ends[there.name]
        return [
            op.AddRoute(here.name, self.subnets[there.name], end, self.tunnel, onlink=True),
            op.AddNeighbour(here.name, self.tunnel, end, far.mac),
            op.AddForwarding(here.name, self.tunnel, far.mac, far.local),
        ]

    def by_gateway(self, here: LabNode, there: LabNode) -> list[op.Operation]:
        """The way from one host to another host's pods with that host as gateway. CnetkitError if they share no network."""
        near = [ipaddress.ip_interface(cidr).network for cidrs in here.interfaces.values() for cidr in cidrs]
        far = [ipaddress.ip_interface(cidr).ip for cidrs in there.interfaces.values() for cidr in cidrs]
        shared = [ip for ip in far if ip.version == self.version and any(ip in network for network in near)]
        if not shared:
            raise CnetkitError(
                f"{here.name} and {there.name} are not on one wire by IPv{self.version}, as host-gw needs it: choose vxlan"
            )
        return [op.AddRoute(here.name, self.subnets[there.name], str(shared[0]))]
