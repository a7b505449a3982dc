"""The kube-proxies of a cluster: one on each host and for each address family, all in the same mode.

They make operations from what is served and carry out none. The rules' text is made in kube_proxy_iptables.py and
kube_proxy_nftables.py, the deletion of conntrack entries in kube_proxy_conntrack.py.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import partial

from cnetkit import operations as op
from cnetkit.model import CnetkitError
from cnetkit.systems.kubernetes import kube_proxy_conntrack, kube_proxy_iptables, kube_proxy_nftables
from cnetkit.systems.kubernetes.service_port import ServicePort

MODES = ("iptables", "nftables")


class KubeProxies:
    """`hosts`: the primary addresses of each, by address family (4, 6). `pods` and `services`: the networks of pods and of
    services, by address family. `mode` is empty at first."""

    def __init__(
        self, hosts: Mapping[str, Mapping[int, str]], pods: Mapping[int, str], services: Mapping[int, str]
    ) -> None:
        self._hosts, self._pods, self._services = dict(hosts), pods, services
        self.mode = ""
        self.served: Sequence[ServicePort] = ()
        """The service ports that the rules on all hosts serve now."""
        self._emptied: dict[int, list[str]] = {}
        """The nftables chains that the last change has emptied, and that the next one deletes."""

    def keep(self, nodes: Container[str]) -> None:
        """Leaves out the hosts that are no longer among a lab's nodes."""
        self._hosts = {host: addresses for host, addresses in self._hosts.items() if host in nodes}

    def switch(self, mode: str, ports: Sequence[ServicePort]) -> list[op.Operation]:
        """Takes away what is laid in the present mode, and serves `ports` in another one. CnetkitError if there is no such
        mode."""
        if mode not in MODES:
            raise CnetkitError(f"kube-proxy has no mode {mode!r} here: choose from {', '.join(MODES)}")
        removals = [self._remove(version) for version in self._pods] if self.mode else []
        self._emptied = {}
        rules = [self._serve(version, mode, ports, (), first=True) for version in self._pods]
        return [operation for family in (*removals, *rules) for operation in family]

    def update(self, ports: Sequence[ServicePort]) -> list[op.Operation]:
        """Serves `ports` in place of what is served now."""
        rules = [self._serve(version, self.mode, ports, self.served) for version in self._pods]
        deletions = kube_proxy_conntrack.deletions(list(self._hosts), ports, self.served)
        return [*(operation for family in rules for operation in family), *deletions]

    def _remove(self, version: int) -> list[op.Operation]:
        if self.mode == "iptables":
            text = kube_proxy_iptables.removal(_of_family(self.served, version))
            return self._rules(version, text)
        return [self._table(host, version, kube_proxy_nftables.removal(version)) for host in self._hosts]

    def _serve(
        self,
        version: int,
        mode: str,
        ports: Sequence[ServicePort],
        before: Sequence[ServicePort],
        first: bool = False,
    ) -> list[op.Operation]:
        ports, before, pods = _of_family(ports, version), _of_family(before, version), self._pods[version]
        if mode == "iptables":
            rules = self._rules(version, kube_proxy_iptables.rules(ports, before, pods, first, version))
            return [*(self._localhost() if first and version == 4 else []), *rules]
        emptied = self._emptied.get(version, [])
        self._emptied[version] = sorted(kube_proxy_nftables.chains(before) - kube_proxy_nftables.chains(ports))
        laid = partial(
            kube_proxy_nftables.rules, ports, before, pods, self._services[version], emptied, version=version
        )
        return [
            self._table(host, version, laid(node=addresses.get(version, ""))) for host, addresses in self._hosts.items()
        ]

    def _rules(self, version: int, text: str) -> list[op.Operation]:
        return [op.Rules(host, text, ipv6=version == 6, replace=True) for host in self._hosts]

    def _localhost(self) -> list[op.Operation]:
        """Lets each host reach its node ports at 127.0.0.1."""
        return [op.SetSysctl(host, "net/ipv4/conf/all/route_localnet", "1") for host in self._hosts]

    def _table(self, host: str, version: int, text: str) -> op.Operation:
        return op.NftTable(host, "ip" if version == 4 else "ip6", "kube-proxy", text)


def _of_family(ports: Sequence[ServicePort], version: int) -> list[ServicePort]:
    return [port for port in ports if port.version == version]
