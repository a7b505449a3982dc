"""kube-proxy's rules in its iptables mode: chain by chain, with its names, comments and probabilities.

It words rules and lays none. A test compares names with those of real clusters.
Source: github.com/kubernetes/kubernetes, pkg/proxy/iptables (1.30). KUBE-FIREWALL, which kubelet lays, is left out.
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
        f"FORWARD {_NEW}{_BALANCER}",
        'FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        f"FORWARD {_NEW}{_PORTALS}",
        f"FORWARD {_NEW}{_VISIBLE}",
        f"OUTPUT {_NEW}{_BALANCER}",
        f"OUTPUT {_NEW}{_PORTALS}",
    ),
    "nat": (
        f"PREROUTING {_PORTALS}",
        f"OUTPUT {_PORTALS}",
        'POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    ),
}
"""Where each of its own chains is entered from, in their order; put before all that is there already."""
_CHAINS = {
    "filter": ("KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"),
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


def chain(kind: str, one: ServicePort, endpoint: str = "") -> str:
    """The name of a chain of its own: `kind` is SVC (a service's port), SEP (one endpoint of it) or EXT (from outside)."""
    digest = hashlib.sha256(f"{one.full_name}{one.protocol}{endpoint}".encode()).digest()
    return f"KUBE-{kind}-{base64.b32encode(digest).decode()[:16]}"


def _own(ports: Sequence[ServicePort]) -> list[str]:
    """The chains that services have of their own."""
    found = []
    for one in [one for one in ports if one.endpoints]:
        found += [chain("SVC", one), *(chain("SEP", one, end) for end in one.endpoints)]
        found += [chain("EXT", one)] if one.node_port else []
    return found


def rules(ports: Sequence[ServicePort], before: Sequence[ServicePort], pods: str, first: bool, version: int = 4) -> str:
    """What iptables-restore(8) is given, beside what is there, so that `ports` are served and those of `before` no more.

    All are of one address family, `version` 4 or 6. `pods`: the pods' network, whose own packets keep their source. `first`:
    the chains are not entered from anywhere yet.
    """
    filtering, nat = ["*filter"], ["*nat"]
    own = _own(ports)
    stale = [name for name in _own(before) if name not in own]
    filtering += [f":{name} - [0:0]" for name in _CHAINS["filter"]]
    nat += [f":{name} - [0:0]" for name in (*_CHAINS["nat"], *own, *stale)]
    if first:
        filtering += [f"-I {jump}" for jump in reversed(_JUMPS["filter"])]
        nat += [f"-I {jump}" for jump in reversed(_JUMPS["nat"])]
    filtering += [_FORWARD.rstrip(), *(line for one in ports if not one.endpoints for line in _refused(one))]
    nat += [_MASQUERADE.rstrip(), *(line for one in ports if one.endpoints for line in _served(one, pods))]
    nat += [_LAST.format(match=_LOCALHOST[version]), *(f"-X {name}" for name in stale)]
    return "\n".join([*filtering, "COMMIT", *nat, "COMMIT"]) + "\n"


def removal(ports: Sequence[ServicePort]) -> str:
    """What takes it all away again, for services that stood as `ports`."""
    lines: list[str] = []
    for table, own in (("filter", []), ("nat", _own(ports))):
        names = [*_CHAINS[table], *own]
        lines += [f"*{table}", *(f"-D {jump}" for jump in _JUMPS[table]), *(f":{name} - [0:0]" for name in names)]
        lines += [*(f"-X {name}" for name in names), "COMMIT"]
    return "\n".join(lines) + "\n"


def _to(one: ServicePort, comment: str, target: str, source: str = "") -> str:
    match = f"-m {one.protocol} -p {one.protocol} -d {one.address} --dport {one.port}"
    return f'-m comment --comment "{comment}" {match} {source}-j {target}'


def _refused(one: ServicePort) -> Iterator[str]:
    none = f"{one.full_name} has no endpoints"
    yield f"-A KUBE-SERVICES {_to(one, none, 'REJECT')}"
    if one.node_port:
        match = f"-m addrtype --dst-type LOCAL -m {one.protocol} -p {one.protocol} --dport {one.node_port}"
        yield f'-A KUBE-EXTERNAL-SERVICES -m comment --comment "{none}" {match} -j REJECT'


def _served(one: ServicePort, pods: str) -> Iterator[str]:
    service, outside, name = chain("SVC", one), chain("EXT", one), f'-m comment --comment "{one.full_name}"'
    cluster_ip = f"{one.full_name} cluster IP"
    yield f"-A KUBE-SERVICES {_to(one, cluster_ip, service)}"
    if one.node_port:
        yield f"-A KUBE-NODEPORTS {name} -m {one.protocol} -p {one.protocol} --dport {one.node_port} -j {outside}"
        words = f"masquerade traffic for {one.full_name} external destinations"
        yield f'-A {outside} -m comment --comment "{words}" -j KUBE-MARK-MASQ'
        yield f"-A {outside} -j {service}"
    yield f"-A {service} {_to(one, cluster_ip, 'KUBE-MARK-MASQ', f'! -s {pods} ')}"
    if one.sticky:
        for end in one.endpoints:
            target = chain("SEP", one, end)
            recent = f"-m recent --name {target} --rcheck --seconds {one.sticky} --reap"
            yield f'-A {service} -m comment --comment "{one.full_name} -> {end}" {recent} -j {target}'
    for place, end in enumerate(one.endpoints):
        left = len(one.endpoints) - place
        chance = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
        yield f'-A {service} -m comment --comment "{one.full_name} -> {end}" {chance}-j {chain("SEP", one, end)}'
    for end in one.endpoints:
        target = chain("SEP", one, end)
        recent = f"-m recent --name {target} --set " if one.sticky else ""
        yield f"-A {target} {name} -s {address_of(end)} -j KUBE-MARK-MASQ"
        yield f"-A {target} {name} {recent}-m {one.protocol} -p {one.protocol} -j DNAT --to-destination {end}"
