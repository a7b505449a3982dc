"""kube-proxy's rules in its nftables mode: one table, maps from address and port to a chain, a random choice for each service.

It makes the text for nft(8) and lays nothing. Source: github.com/kubernetes/kubernetes, pkg/proxy/nftables (1.31). Node ports are
served at the host's primary addresses only, which is this mode's default: `--nodeport-addresses primary`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from cnetkit.systems.kubernetes.service_port import ServicePort, address_of

_BASE_CHAINS = {
    "filter-prerouting": "filter hook prerouting priority -110",
    "filter-input": "filter hook input priority -110",
    "filter-forward": "filter hook forward priority -110",
    "filter-output": "filter hook output priority -110",
    "filter-output-post-dnat": "filter hook output priority -90",
    "nat-prerouting": "nat hook prerouting priority -100",
    "nat-output": "nat hook output priority -100",
    "nat-postrouting": "nat hook postrouting priority 100",
}
_NEW = "ct state new jump "


class _Syntax:
    """The words of nft(8) that differ between the tables of the two families, `ip` and `ip6`."""

    def __init__(self, version: int) -> None:
        self.ip, self.type = ("ip", "ipv4_addr") if version == 4 else ("ip6", "ipv6_addr")
        self.table = f"{self.ip} kube-proxy"

    def rules(self, services: str) -> tuple[tuple[str, str], ...]:
        """The rules that do not depend on which services there are: (chain, rule). `services`: their network."""
        key = f"{self.ip} daddr . meta l4proto . th dport vmap"
        node = f"{self.ip} daddr @nodeport-ips meta l4proto . th dport vmap"
        invalid = 'reject comment "Reject traffic to invalid ports of ClusterIPs"'
        unallocated = 'drop comment "Drop traffic to unallocated ClusterIPs"'
        return (
            ("filter-input", _NEW + "nodeport-endpoints-check"),
            ("filter-input", _NEW + "service-endpoints-check"),
            ("filter-forward", _NEW + "service-endpoints-check"),
            ("filter-output", _NEW + "service-endpoints-check"),
            ("filter-prerouting", _NEW + "firewall-check"),
            ("filter-output", _NEW + "firewall-check"),
            ("nat-output", "jump services"),
            ("nat-prerouting", "jump services"),
            ("nat-postrouting", "jump masquerading"),
            ("filter-forward", _NEW + "cluster-ips-check"),
            ("filter-output-post-dnat", _NEW + "cluster-ips-check"),
            ("mark-for-masquerade", "meta mark set meta mark or 0x4000"),
            ("masquerading", "meta mark and 0x4000 == 0 return"),
            ("masquerading", "meta mark set meta mark xor 0x4000"),
            ("masquerading", "masquerade fully-random"),
            ("cluster-ips-check", f"{self.ip} daddr @cluster-ips {invalid}"),
            ("cluster-ips-check", f"{self.ip} daddr {{ {services} }} {unallocated}"),
            ("reject-chain", "reject"),
            ("service-endpoints-check", f"{key} @no-endpoint-services"),
            ("nodeport-endpoints-check", f"{node} @no-endpoint-nodeports"),
            ("firewall-check", f"{key} @firewall-ips"),
            ("services", f"{key} @service-ips"),
            ("services", f"{node} @service-nodeports"),
        )

    def maps(self) -> dict[str, tuple[str, str]]:
        """The verdict maps: name → (type, comment)."""
        by_address = f"{self.type} . inet_proto . inet_service : verdict"
        by_port = "inet_proto . inet_service : verdict"
        return {
            "no-endpoint-services": (by_address, "vmap to drop or reject packets to services with no endpoints"),
            "no-endpoint-nodeports": (by_port, "vmap to drop or reject packets to service nodeports with no endpoints"),
            "firewall-ips": (by_address, "destinations that are subject to LoadBalancerSourceRanges"),
            "service-ips": (by_address, "ClusterIP, ExternalIP and LoadBalancer IP traffic"),
            "service-nodeports": (by_port, "NodePort traffic"),
        }

    def element(self, name: str, key: str, target: str, comment: str = "") -> str:
        """The command that leads a key of a map to a chain."""
        note = f' comment "{comment}"' if comment else ""
        return f"add element {self.table} {name} {{ {key}{note} : goto {target} }}"


def chain(kind: str, port: ServicePort, endpoint: str = "") -> str:
    """The name of a service's chain or set: `kind` is service, external, endpoint or affinity."""
    name = f"{port.namespace}/{port.service}/{port.protocol}/{port.name}"
    if endpoint:
        address = address_of(endpoint).replace(":", ".")  # nft allows no colon in a name
        name += f"__{address}/{endpoint.rpartition(':')[2]}"
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:8]
    return f"{kind}-{digest}-{name}"


def chains(ports: Sequence[ServicePort]) -> set[str]:
    """The chains that belong to single services."""
    served = [port for port in ports if port.endpoints]
    own = {chain("service", port) for port in served} | {chain("external", port) for port in served if port.node_port}
    return own | {chain("endpoint", port, endpoint) for port in served for endpoint in port.endpoints}


def _sets(ports: Sequence[ServicePort]) -> set[str]:
    return {chain("affinity", port, endpoint) for port in ports if port.sticky for endpoint in port.endpoints}


def rules(
    ports: Sequence[ServicePort],
    before: Sequence[ServicePort],
    pods: str,
    services: str,
    stale: Sequence[str],
    node: str = "",
    version: int = 4,
) -> str:
    """The text that makes a host serve `ports` in place of `before`, in one transaction.

    All are of one address family, `version` 4 or 6. `pods` and `services`: the two networks. `node`: the host's own address,
    if it has one in this family. `stale`: chains that the last change has emptied and that are deleted now. Before Linux 6.2 a
    chain may still be in use just after the map element that leads to it was deleted.
    """
    syntax = _Syntax(version)
    table = syntax.table
    lines = [f'add table {table} {{ comment "rules for kube-proxy" ; }}']
    for name, base in _BASE_CHAINS.items():
        lines += [f"add chain {table} {name} {{ type {base} ; }}", f"flush chain {table} {name}"]
    current = chains(ports)
    fixed = syntax.rules(services)
    plain = [name for name in dict(fixed) if name not in _BASE_CHAINS]
    for name in [*plain, *sorted(current)]:
        lines += [f"add chain {table} {name}", f"flush chain {table} {name}"]
    lines += [f'add set {table} cluster-ips {{ type {syntax.type} ; comment "Active ClusterIPs" ; }}']
    lines += [f'add set {table} nodeport-ips {{ type {syntax.type} ; comment "IPs that accept NodePort traffic" ; }}']
    lines += [f"flush set {table} cluster-ips", f"flush set {table} nodeport-ips"]
    lines += [f"add element {table} nodeport-ips {{ {node} }}"] if node else []
    for name, (kind, comment) in syntax.maps().items():
        lines += [f'add map {table} {name} {{ type {kind} ; comment "{comment}" ; }}', f"flush map {table} {name}"]
    lines += [f"add rule {table} {name} {rule}" for name, rule in fixed]
    for port in ports:
        lines += [f"add element {table} cluster-ips {{ {port.address} }}"]
        lines += _serve(syntax, port, pods) if port.endpoints else _reject(syntax, port)
    lines += [f"flush chain {table} {name}" for name in sorted(chains(before) - current)]
    lines += [f"delete chain {table} {name}" for name in stale if name not in current]
    lines += [f"delete set {table} {name}" for name in sorted(_sets(before) - _sets(ports))]
    return "\n".join(lines) + "\n"


def removal(version: int = 4) -> str:
    """The text that removes everything."""
    return f"delete table {_Syntax(version).table}\n"


def _reject(syntax: _Syntax, port: ServicePort) -> Iterator[str]:
    key = f"{port.protocol} . {port.port}"
    yield syntax.element("no-endpoint-services", f"{port.address} . {key}", "reject-chain", port.full_name)
    if port.node_port:
        yield syntax.element(
            "no-endpoint-nodeports", f"{port.protocol} . {port.node_port}", "reject-chain", port.full_name
        )


def _serve(syntax: _Syntax, port: ServicePort, pods: str) -> Iterator[str]:
    table, ip = syntax.table, syntax.ip
    service, outside = chain("service", port), chain("external", port)
    yield syntax.element("service-ips", f"{port.address} . {port.protocol} . {port.port}", service)
    match = f"{ip} daddr {port.address} {port.protocol} dport {port.port} {ip} saddr != {pods}"
    yield f"add rule {table} {service} {match} jump mark-for-masquerade"
    if port.node_port:
        yield syntax.element("service-nodeports", f"{port.protocol} . {port.node_port}", outside)
        yield f"add rule {table} {outside} jump mark-for-masquerade"
        yield f"add rule {table} {outside} goto {service}"
    sets = {endpoint: chain("affinity", port, endpoint) for endpoint in port.endpoints if port.sticky}
    for endpoint, name in sets.items():
        yield f"add set {table} {name} {{ type {syntax.type} ; flags dynamic,timeout ; timeout {port.sticky}s ; }}"
        yield f"add rule {table} {service} {ip} saddr @{name} goto {chain('endpoint', port, endpoint)}"
    choices = ", ".join(
        f"{place} : goto {chain('endpoint', port, endpoint)}" for place, endpoint in enumerate(port.endpoints)
    )
    yield f"add rule {table} {service} numgen random mod {len(port.endpoints)} vmap {{ {choices} }}"
    for endpoint in port.endpoints:
        target = f"add rule {table} {chain('endpoint', port, endpoint)}"
        yield f"{target} {ip} saddr {address_of(endpoint)} jump mark-for-masquerade"
        if port.sticky:
            yield f"{target} update @{sets[endpoint]} {{ {ip} saddr }}"
        yield f"{target} meta l4proto {port.protocol} dnat to {endpoint}"
