"""kube-proxy's rules in its nftables mode: one table, maps from address and port to a chain, one random choice a service.

It words rules and lays none. Source: github.com/kubernetes/kubernetes, pkg/proxy/nftables (1.31).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from cnetkit.systems.kubernetes.service_port import ServicePort

TABLE = "ip kube-proxy"
_BASES = {
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
_KEY = "ip daddr . meta l4proto . th dport vmap"
_NODE = "ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap"
_RULES = (
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
    ("cluster-ips-check", 'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"'),
    ("cluster-ips-check", 'ip daddr { SERVICES } drop comment "Drop traffic to unallocated ClusterIPs"'),
    ("reject-chain", "reject"),
    ("service-endpoints-check", f"{_KEY} @no-endpoint-services"),
    ("nodeport-endpoints-check", f"{_NODE} @no-endpoint-nodeports"),
    ("firewall-check", f"{_KEY} @firewall-ips"),
    ("services", f"{_KEY} @service-ips"),
    ("services", f"fib daddr type local {_NODE} @service-nodeports"),
)
_BY_ADDRESS, _BY_PORT = "ipv4_addr . inet_proto . inet_service : verdict", "inet_proto . inet_service : verdict"
_MAPS = {
    "no-endpoint-services": (_BY_ADDRESS, "vmap to drop or reject packets to services with no endpoints"),
    "no-endpoint-nodeports": (_BY_PORT, "vmap to drop or reject packets to service nodeports with no endpoints"),
    "firewall-ips": (_BY_ADDRESS, "destinations that are subject to LoadBalancerSourceRanges"),
    "service-ips": (_BY_ADDRESS, "ClusterIP, ExternalIP and LoadBalancer IP traffic"),
    "service-nodeports": (_BY_PORT, "NodePort traffic"),
}


def chain(kind: str, one: ServicePort, endpoint: str = "") -> str:
    """The name of a chain or set of its own: `kind` is service, external, endpoint or affinity."""
    name = f"{one.namespace}/{one.service}/{one.protocol}/{one.name}"
    if endpoint:
        address, _, port = endpoint.rpartition(":")
        name += f"__{address}/{port}"
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:8]
    return f"{kind}-{digest}-{name}"


def chains(ports: Sequence[ServicePort]) -> set[str]:
    """The chains that services have of their own."""
    served = [one for one in ports if one.endpoints]
    own = {chain("service", one) for one in served} | {chain("external", one) for one in served if one.node_port}
    return own | {chain("endpoint", one, end) for one in served for end in one.endpoints}


def _sets(ports: Sequence[ServicePort]) -> set[str]:
    return {chain("affinity", one, end) for one in ports if one.sticky for end in one.endpoints}


def rules(
    ports: Sequence[ServicePort], before: Sequence[ServicePort], pods: str, services: str, stale: Sequence[str]
) -> str:
    """What nft(8) is given, in one transaction, so that `ports` are served and those of `before` no more.

    `pods` and `services`: the two networks. `stale`: chains that an earlier change has emptied, to be deleted now: before
    Linux 6.2 a chain can still be in use right after the map element that leads to it is gone.
    """
    lines = [f'add table {TABLE} {{ comment "rules for kube-proxy" ; }}']
    for name, base in _BASES.items():
        lines += [f"add chain {TABLE} {name} {{ type {base} ; }}", f"flush chain {TABLE} {name}"]
    now = chains(ports)
    plain = [name for name, _ in dict(_RULES).items() if name not in _BASES]
    for name in [*plain, *sorted(now)]:
        lines += [f"add chain {TABLE} {name}", f"flush chain {TABLE} {name}"]
    lines += [f'add set {TABLE} cluster-ips {{ type ipv4_addr ; comment "Active ClusterIPs" ; }}']
    lines += [f"flush set {TABLE} cluster-ips"]
    for name, (kind, comment) in _MAPS.items():
        lines += [f'add map {TABLE} {name} {{ type {kind} ; comment "{comment}" ; }}', f"flush map {TABLE} {name}"]
    lines += [f"add rule {TABLE} {name} {rule}".replace("SERVICES", services) for name, rule in _RULES]
    for one in ports:
        lines += [f"add element {TABLE} cluster-ips {{ {one.address} }}"]
        lines += _served(one, pods) if one.endpoints else _refused(one)
    lines += [f"flush chain {TABLE} {name}" for name in sorted(chains(before) - now)]
    lines += [f"delete chain {TABLE} {name}" for name in stale if name not in now]
    lines += [f"delete set {TABLE} {name}" for name in sorted(_sets(before) - _sets(ports))]
    return "\n".join(lines) + "\n"


def removal() -> str:
    """What takes it all away again."""
    return f"delete table {TABLE}\n"


def _element(name: str, key: str, target: str, comment: str = "") -> str:
    said = f' comment "{comment}"' if comment else ""
    return f"add element {TABLE} {name} {{ {key}{said} : goto {target} }}"


def _refused(one: ServicePort) -> Iterator[str]:
    key = f"{one.protocol} . {one.port}"
    yield _element("no-endpoint-services", f"{one.address} . {key}", "reject-chain", one.full_name)
    if one.node_port:
        yield _element("no-endpoint-nodeports", f"{one.protocol} . {one.node_port}", "reject-chain", one.full_name)


def _served(one: ServicePort, pods: str) -> Iterator[str]:
    service, outside = chain("service", one), chain("external", one)
    yield _element("service-ips", f"{one.address} . {one.protocol} . {one.port}", service)
    match = f"ip daddr {one.address} {one.protocol} dport {one.port} ip saddr != {pods}"
    yield f"add rule {TABLE} {service} {match} jump mark-for-masquerade"
    if one.node_port:
        yield _element("service-nodeports", f"{one.protocol} . {one.node_port}", outside)
        yield f"add rule {TABLE} {outside} jump mark-for-masquerade"
        yield f"add rule {TABLE} {outside} goto {service}"
    sets = {end: chain("affinity", one, end) for end in one.endpoints if one.sticky}
    for end, name in sets.items():
        yield f"add set {TABLE} {name} {{ type ipv4_addr ; flags dynamic,timeout ; timeout {one.sticky}s ; }}"
        yield f"add rule {TABLE} {service} ip saddr @{name} goto {chain('endpoint', one, end)}"
    choices = ", ".join(f"{place} : goto {chain('endpoint', one, end)}" for place, end in enumerate(one.endpoints))
    yield f"add rule {TABLE} {service} numgen random mod {len(one.endpoints)} vmap {{ {choices} }}"
    for end in one.endpoints:
        target = f"add rule {TABLE} {chain('endpoint', one, end)}"
        yield f"{target} ip saddr {end.rpartition(':')[0]} jump mark-for-masquerade"
        if one.sticky:
            yield f"{target} update @{sets[end]} {{ ip saddr }}"
        yield f"{target} meta l4proto {one.protocol} dnat to {end}"
