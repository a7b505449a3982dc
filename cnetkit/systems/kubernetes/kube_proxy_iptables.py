"""kube-proxy's rules in its iptables mode: chain by chain, with its names, comments and probabilities.

It makes the text for iptables-restore(8) and lays nothing. A test compares chain names with those of real clusters.
Source: github.com/kubernetes/kubernetes, pkg/proxy/iptables (1.30).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from cnetkit.systems.kubernetes.service_port import ServicePort, address_of

_NEW = "-m conntrack --ctstate NEW "
_PORTALS = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
_VISIBLE = '-m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES'
_BALANCER = '-m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL'
_JUMPS = {
    "filter": (
        f"INPUT {_NEW}{_BALANCER}",
        'INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
        f"INPUT {_NEW}{_VISIBLE}",
        "INPUT -j KUBE-FIREWALL",
        f"FORWARD {_NEW}{_BALANCER}",
        'FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        f"FORWARD {_NEW}{_PORTALS}",
        f"FORWARD {_NEW}{_VISIBLE}",
        f"OUTPUT {_NEW}{_BALANCER}",
        f"OUTPUT {_NEW}{_PORTALS}",
        "OUTPUT -j KUBE-FIREWALL",
    ),
    "nat": (
        f"PREROUTING {_PORTALS}",
        f"OUTPUT {_PORTALS}",
        'POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    ),
}
"""The rules that lead from the built-in chains to kube-proxy's, in their order. They stand before all other rules."""
_FIREWALL = (
    '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 '
    "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"
)
"""For IPv4 alone. Node ports at 127.0.0.1 need the sysctl route_localnet, and this keeps others from getting there by it."""
_CHAINS = {
    "filter": (
        "KUBE-EXTERNAL-SERVICES",
        "KUBE-FIREWALL",
        "KUBE-FORWARD",
        "KUBE-NODEPORTS",
        "KUBE-PROXY-FIREWALL",
        "KUBE-SERVICES",
    ),
    "nat": ("KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES"),
}
_FORWARD = """-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
"""
_MASQUERADE = """-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
"""
_LAST = (
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
    "-m addrtype --dst-type LOCAL {match}-j KUBE-NODEPORTS"
)
_LOCALHOST = {4: "", 6: "! -d ::1/128 "}
"""A host's ports are not reachable at its IPv6 loopback address: the kernel has no route_localnet for IPv6."""


def chain(kind: str, port: ServicePort, endpoint: str = "") -> str:
    """The name of a chain of its own: `kind` is SVC (a service's port), SEP (one of its endpoints) or EXT (from outside)."""
    digest = hashlib.sha256(f"{port.full_name}{port.protocol}{endpoint}".encode()).digest()
    return f"KUBE-{kind}-{base64.b32encode(digest).decode()[:16]}"


def _own(ports: Sequence[ServicePort]) -> list[str]:
    """The chains that belong to single services."""
    names = []
    for port in [port for port in ports if port.endpoints]:
        names += [chain("SVC", port), *(chain("SEP", port, endpoint) for endpoint in port.endpoints)]
        names += [chain("EXT", port)] if port.node_port else []
    return names


def rules(ports: Sequence[ServicePort], before: Sequence[ServicePort], pods: str, first: bool, version: int = 4) -> str:
    """The text that makes a host serve `ports` in place of `before` and leaves all other rules as they are.

    All are of one address family, `version` 4 or 6. `pods`: the pods' network, whose own packets keep their source. `first`:
    no rule leads to kube-proxy's chains yet.
    """
    filters, nat = ["*filter"], ["*nat"]
    own = _own(ports)
    stale = [name for name in _own(before) if name not in own]
    filters += [f":{name} - [0:0]" for name in _CHAINS["filter"]]
    nat += [f":{name} - [0:0]" for name in (*_CHAINS["nat"], *own, *stale)]
    if first:
        filters += [f"-I {jump}" for jump in reversed(_JUMPS["filter"])]
        nat += [f"-I {jump}" for jump in reversed(_JUMPS["nat"])]
    filters += [_FIREWALL] if version == 4 else []
    filters += [_FORWARD.rstrip(), *(line for port in ports if not port.endpoints for line in _reject(port))]
    nat += [_MASQUERADE.rstrip(), *(line for port in ports if port.endpoints for line in _serve(port, pods))]
    nat += [_LAST.format(match=_LOCALHOST[version]), *(f"-X {name}" for name in stale)]
    return "\n".join([*filters, "COMMIT", *nat, "COMMIT"]) + "\n"


def removal(ports: Sequence[ServicePort]) -> str:
    """The text that removes everything, if `ports` are served now."""
    lines: list[str] = []
    for table, own in (("filter", []), ("nat", _own(ports))):
        names = [*_CHAINS[table], *own]
        lines += [f"*{table}", *(f"-D {jump}" for jump in _JUMPS[table]), *(f":{name} - [0:0]" for name in names)]
        lines += [*(f"-X {name}" for name in names), "COMMIT"]
    return "\n".join(lines) + "\n"


def _to(port: ServicePort, comment: str, target: str, source: str = "") -> str:
    match = f"-m {port.protocol} -p {port.protocol} -d {port.address} --dport {port.port}"
    return f'-m comment --comment "{comment}" {match} {source}-j {target}'


def _reject(port: ServicePort) -> Iterator[str]:
    none = f"{port.full_name} has no endpoints"
    yield f"-A KUBE-SERVICES {_to(port, none, 'REJECT')}"
    if port.node_port:
        match = f"-m addrtype --dst-type LOCAL -m {port.protocol} -p {port.protocol} --dport {port.node_port}"
        yield f'-A KUBE-EXTERNAL-SERVICES -m comment --comment "{none}" {match} -j REJECT'


def _serve(port: ServicePort, pods: str) -> Iterator[str]:
    service, outside, name = chain("SVC", port), chain("EXT", port), f'-m comment --comment "{port.full_name}"'
    cluster_ip = f"{port.full_name} cluster IP"
    yield f"-A KUBE-SERVICES {_to(port, cluster_ip, service)}"
    if port.node_port:
        yield f"-A KUBE-NODEPORTS {name} -m {port.protocol} -p {port.protocol} --dport {port.node_port} -j {outside}"
        comment = f"masquerade traffic for {port.full_name} external destinations"
        yield f'-A {outside} -m comment --comment "{comment}" -j KUBE-MARK-MASQ'
        yield f"-A {outside} -j {service}"
    yield f"-A {service} {_to(port, cluster_ip, 'KUBE-MARK-MASQ', f'! -s {pods} ')}"
    if port.sticky:
        for endpoint in port.endpoints:
            target = chain("SEP", port, endpoint)
            recent = f"-m recent --name {target} --rcheck --seconds {port.sticky} --reap"
            yield f'-A {service} -m comment --comment "{port.full_name} -> {endpoint}" {recent} -j {target}'
    for place, endpoint in enumerate(port.endpoints):
        left = len(port.endpoints) - place
        chance = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
        yield f'-A {service} -m comment --comment "{port.full_name} -> {endpoint}" {chance}-j {chain("SEP", port, endpoint)}'
    for endpoint in port.endpoints:
        target = chain("SEP", port, endpoint)
        recent = f"-m recent --name {target} --set " if port.sticky else ""
        yield f"-A {target} {name} -s {address_of(endpoint)} -j KUBE-MARK-MASQ"
        yield f"-A {target} {name} {recent}-m {port.protocol} -p {port.protocol} -j DNAT --to-destination {endpoint}"
