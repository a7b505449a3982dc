"""A network for pods over several hosts, as flannel builds it: each host has a subnet, a bridge cni0, and routes to the others.

`host-gw`: each host is the gateway to its pods, so all hosts must be on one wire. `vxlan`: the routes lead into a tunnel, whose
neighbour and forwarding entries are set beforehand. Pods reach each other untranslated; packets that leave the network are
masqueraded. With an IPv4 and an IPv6 network pods are dual-stack; each family has its own routes, tunnel and rules.
Source: github.com/flannel-io/flannel, pkg/backend and pkg/trafficmngr/iptables.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from cnetkit import operations as op
from cnetkit.lab.host import Host
from cnetkit.lab.networks import vxlan
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.site import Site
from cnetkit.model import CnetkitError
from cnetkit.systems.flannel.family import Family
from cnetkit.systems.flannel.rules import rules
from cnetkit.systems.kubernetes.pod import Pod

BACKENDS = ("vxlan", "host-gw")
_SWITCHES = {4: "net.bridge.bridge-nf-call-iptables", 6: "net.bridge.bridge-nf-call-ip6tables"}
"""The settings that make packets between ports of a bridge pass the rules of a family, as Kubernetes requires it."""


class Flannel:
    """Made with `lab.pod_network`. `bridges` has each host's bridge by the host's name, `subnets` its first family's subnet."""

    def __init__(self, site: Site, hosts: Sequence[Host], cidrs: Sequence[str], backend: str) -> None:
        self._site = site
        for host in hosts:
            site.check_member(host)
        if len(set(hosts)) < len(hosts):
            raise CnetkitError("a host is listed twice: name each host of the pod network once")
        if backend not in BACKENDS:
            raise CnetkitError(f"there is no backend {backend!r}: choose from {', '.join(BACKENDS)}")
        self.families = [Family(cidr, hosts) for cidr in cidrs]
        versions = [family.version for family in self.families]
        if len(set(versions)) < len(versions):
            raise CnetkitError(
                f"{', '.join(cidrs)} are of one family: give one IPv4 network, one IPv6 network, or both"
            )
        if 6 in versions and not site.ipv6:
            raise CnetkitError(f"{cidrs[versions.index(6)]} is an IPv6 network: make the lab with Lab(..., ipv6=True)")
        self.networks = tuple(family.network for family in self.families)
        self.network, self.subnets = self.networks[0], self.families[0].subnets
        self.backend, self.hosts = backend, tuple(hosts)
        self.bridges: dict[str, Bridge] = {}
        site.build(*self._operations())
        site.after_removal.append(self._removed)
        for host in hosts:
            host.bridges["cni0"] = self.bridges[host.name]
            host.interfaces["cni0"] = self.bridges[host.name].gateways
            for family in self.families if backend == "vxlan" else ():
                host.interfaces[family.tunnel] = (family.tunnel_address(host.name),)

    def _operations(self) -> list[op.Operation]:
        operations: list[op.Operation] = []
        for host in self.hosts:
            host.check_interface("cni0")
            operations += self._on(host)
        for family in self.families:
            lead = family.by_tunnel if self.backend == "vxlan" else family.by_gateway
            for here, there in permutations(self.hosts, 2):
                operations += lead(here, there)
        for family in self.families:
            for host in self.hosts:
                text = rules(family.version, str(family.network), family.subnets[host.name])
                operations.append(op.Rules(host.name, text, ipv6=family.version == 6))
        return operations

    def _on(self, host: Host) -> list[op.Operation]:
        """The tunnels and the bridge of one host. Pods get the smallest MTU among the host's tunnels."""
        operations: list[op.Operation] = []
        mtu = vxlan.underlay(host)[2]
        for family in self.families if self.backend == "vxlan" else ():
            made, room = family.add_tunnel(host)
            operations += made
            mtu = min(mtu, room)
        self.bridges[host.name] = Bridge(host, "cni0", [family.gateway(host.name) for family in self.families], mtu=mtu)
        operations += self.bridges[host.name].operations()
        return [
            *operations,
            *(op.SetSysctl(host.name, _SWITCHES[family.version], "1", optional=True) for family in self.families),
        ]

    def _removed(self, node: str) -> None:
        """A host that was removed takes part no more."""
        self.hosts = tuple(host for host in self.hosts if host.name != node)
        self.bridges.pop(node, None)

    def pod(self, name: str, host: Host, address: str = "") -> Pod:
        """A pod on one of the hosts, at the next free address of its subnet or at `address`."""
        self._site.check_member(host)
        if host.name not in self.bridges:
            raise CnetkitError(f"{host.name} does not take part in this network: {', '.join(self.bridges)} do")
        return self.bridges[host.name].add(Pod, [name], address)[0]

    def __repr__(self) -> str:
        networks = " ".join(str(network) for network in self.networks)
        return f"<pod network {networks} by {self.backend} on {', '.join(self.bridges)}>"


def pod_network(
    site: Site, hosts: Sequence[Host], cidr: str = "10.244.0.0/16", *more: str, backend: str = "vxlan"
) -> Flannel:
    """A network for pods, a subnet a host, as flannel builds it: `backend` is `vxlan` or `host-gw`.

    For dual-stack give an IPv6 network too, `lab.pod_network(hosts, "10.244.0.0/16", "fd00:10:244::/48")`. Each host gets a /24
    of an IPv4 network and a /64 of an IPv6 network.
    """
    return Flannel(site, hosts, (cidr, *more), backend)
