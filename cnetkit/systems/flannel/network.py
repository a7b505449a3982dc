"""A network for pods over several hosts, as flannel builds it: a subnet a host, a bridge cni0 there, and routes to the others.

`host-gw`: each host is the gateway to its pods, so all must be on one wire. `vxlan`: the routes lead into a tunnel, whose
neighbours and forwarding entries are all known beforehand. Pods reach each other untranslated; what leaves the network for
elsewhere is masqueraded. Source: github.com/flannel-io/flannel, pkg/backend and pkg/trafficmngr/iptables.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from itertools import permutations

from cnetkit import operations as op
from cnetkit.lab.host import Host
from cnetkit.lab.networks import vxlan
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError
from cnetkit.systems.flannel.rules import ipv4_rules
from cnetkit.systems.kubernetes.pod import Pod

_TUNNEL, _ID, _PORT = "flannel.1", 1, 8472
BACKENDS = ("vxlan", "host-gw")


class Flannel:
    """Made with `lab.pod_network`. `bridges` has each host's bridge by the host's name, `subnets` its pods' subnet."""

    def __init__(self, site: Site, hosts: Sequence[Host], cidr: str, backend: str) -> None:
        if backend not in BACKENDS:
            raise CnetkitError(f"there is no backend {backend!r}: choose from {', '.join(BACKENDS)}")
        self.network = _network(cidr, len(hosts))
        self.backend, self.hosts = backend, tuple(hosts)
        subnets = [str(subnet) for _, subnet in zip(hosts, self.network.subnets(new_prefix=24), strict=False)]
        self.subnets = {host.name: subnet for host, subnet in zip(hosts, subnets, strict=True)}
        self._tunnels: dict[str, op.AddVxlan] = {}
        self.bridges: dict[str, Bridge] = {}
        operations: list[op.Operation] = []
        for host in hosts:
            host.check_interface("cni0")
            operations += self._on(host)
        for here, there in permutations(hosts, 2):
            operations += self._through_tunnel(here, there) if self._tunnels else self._by_gateway(here, there)
        operations += [op.Rules(host.name, ipv4_rules(str(self.network), self.subnets[host.name])) for host in hosts]
        site.build(*operations)
        for host in hosts:
            host.bridges["cni0"] = self.bridges[host.name]
            host.interfaces["cni0"] = self.bridges[host.name].gateways
            if self._tunnels:
                host.interfaces[_TUNNEL] = (self._end(host) + "/32",)

    def _on(self, host: Host) -> list[op.Operation]:
        operations: list[op.Operation] = []
        mtu = vxlan.underlay(host)[2]
        if self.backend == "vxlan":
            tunnel = vxlan.add_vxlan(host, _TUNNEL, _ID, port=_PORT, master="", learning=False, proxy=False, mtu=0)
            operations += [tunnel, op.AddAddress(host.name, _TUNNEL, self._end(host) + "/32")]
            self._tunnels[host.name], mtu = tunnel, tunnel.mtu
        subnet = ipaddress.ip_network(self.subnets[host.name])
        self.bridges[host.name] = Bridge(host, "cni0", [f"{subnet[1]}/{subnet.prefixlen}"], mtu=mtu)
        operations += self.bridges[host.name].operations()
        return [*operations, op.SetSysctl(host.name, "net.bridge.bridge-nf-call-iptables", "1", optional=True)]

    def _end(self, host: Host) -> str:
        return self.subnets[host.name].split("/")[0]

    def _through_tunnel(self, here: Host, there: Host) -> list[op.Operation]:
        end, far = self._end(there), self._tunnels[there.name]
        return [
            op.AddRoute(here.name, self.subnets[there.name], end, _TUNNEL, onlink=True),
            op.AddNeighbour(here.name, _TUNNEL, end, far.mac),
            op.AddForwarding(here.name, _TUNNEL, far.mac, far.local),
        ]

    def _by_gateway(self, here: Host, there: Host) -> list[op.Operation]:
        near = [ipaddress.ip_interface(cidr).network for cidrs in here.interfaces.values() for cidr in cidrs]
        shared = [one.ip for cidrs in there.interfaces.values() for one in map(ipaddress.ip_interface, cidrs)
                  if any(one.ip in network for network in near)]  # fmt: skip
        if not shared:
            raise CnetkitError(f"{here.name} and {there.name} are not on one wire, as host-gw needs it: choose vxlan")
        return [op.AddRoute(here.name, self.subnets[there.name], str(shared[0]))]

    def pod(self, name: str, host: Host, address: str = "") -> Pod:
        """A pod on one of the hosts, at the next free address of its subnet or the one that is asked for."""
        if host.name not in self.bridges:
            raise CnetkitError(f"{host.name} does not take part in this network: {', '.join(self.bridges)} do")
        return self.bridges[host.name].add(Pod, [name], address)[0]

    def __repr__(self) -> str:
        return f"<pod network {self.network} by {self.backend} on {', '.join(self.bridges)}>"


def _network(cidr: str, hosts: int) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise CnetkitError(f"{cidr!r} is not an IPv4 network such as '10.244.0.0/16': {error}") from None
    if hosts < 1 or network.prefixlen > 24 or 1 << (24 - network.prefixlen) < hosts:
        raise CnetkitError(f"{cidr} has not a /24 for each of {hosts} hosts: take a shorter prefix, and a host or more")
    return network


def pod_network(site: Site, hosts: Sequence[Host], cidr: str = "10.244.0.0/16", *, backend: str = "vxlan") -> Flannel:
    """A network for pods, a subnet a host, as flannel builds it: `backend` is `vxlan` or `host-gw`."""
    return Flannel(site, hosts, cidr, backend)
