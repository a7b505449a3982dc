"""Services as Kubernetes has them: a name and an address that stand for several pods, told to each host's kube-proxy.

This is the control: which services there are, which pods are ready behind them. How a host is told stands in
kube_proxy_iptables.py, kube_proxy_nftables.py and stale.py, names in cluster_dns.py. A service has an address in each
address family of the pods' network, or in those that it is made for. Health check ports are left out.
Source: kubernetes.io/docs/concepts/services-networking/service.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.host import Host
from cnetkit.lab.site import Site, check_word
from cnetkit.model import CnetkitError
from cnetkit.systems.kubernetes import kube_proxy_iptables, kube_proxy_nftables, stale_connections
from cnetkit.systems.kubernetes.cluster_dns import ClusterDNS
from cnetkit.systems.kubernetes.pod import Pod
from cnetkit.systems.kubernetes.pod_network import PodNetwork
from cnetkit.systems.kubernetes.service_port import ServicePort

MODES = ("iptables", "nftables")
SERVICE_CIDRS = {4: "10.96.0.0/12", 6: "fd00:10:96::/112"}
"""The networks of services' addresses, by address family."""
_RESERVED = {4: ("10.96.0.1", "10.96.0.10"), 6: ("fd00:10:96::1", "fd00:10:96::a")}
"""For the service of the API server, which no lab has, and for the DNS."""


class Service:
    """A service. Made with `cluster.service`. `addresses`: one for each of its address families."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        namespace: str,
        addresses: Sequence[str],
        ports: Sequence[ServicePort],
        sticky: int,
    ) -> None:
        self.cluster, self.name, self.namespace = cluster, name, namespace
        self.addresses, self.address = tuple(addresses), addresses[0]
        self.ports, self.sticky = tuple(ports), sticky
        self.pods: list[Pod] = []

    @property
    def endpoints(self) -> list[Pod]:
        """The pods that are ready, in kube-proxy's order."""
        return sorted((pod for pod in self.pods if pod.ready), key=lambda pod: pod.address)

    def add(self, *pods: Pod) -> None:
        """Puts pods behind the service."""
        self.pods += [pod for pod in pods if pod not in self.pods]
        self.cluster.sync()

    def remove(self, *pods: Pod) -> None:
        """Takes pods from behind the service. Connections that they have go on."""
        self.pods = [pod for pod in self.pods if pod not in pods]
        self.cluster.sync()

    def told(self) -> list[ServicePort]:
        """What a kube-proxy gets of it: each port in each of its address families."""
        found = []
        for address in self.addresses:
            ready = [pod.address_in(version_of(address)) for pod in self.endpoints]
            behind = [one for one in ready if one]
            found += [one.behind(self.namespace, self.name, address, self.sticky, behind) for one in self.ports]
        return found

    def __repr__(self) -> str:
        ports = ",".join(f"{one.port}/{one.protocol}" for one in self.ports)
        behind = ", ".join(pod.name for pod in self.endpoints) or "no pod"
        return f"<service {self.namespace}/{self.name} {' '.join(self.addresses)}:{ports} -> {behind}>"


class Cluster:
    """The services of one pod network. Made with `lab.cluster`."""

    def __init__(self, site: Site, network: PodNetwork, mode: str) -> None:
        self.site = site
        self.network, self.services = network, dict[tuple[str, str], Service]()
        self.watchers: list[Callable[[], None]] = []
        """Called after each change of services or endpoints."""
        self._lock = threading.RLock()
        self._networks: dict[int, str] = {one.version: str(one) for one in network.networks}
        self._pools = {
            version: addresses.Pool(SERVICE_CIDRS[version], *_RESERVED[version]) for version in self._networks
        }
        self._told: list[ServicePort] = []
        self._stale: dict[int, list[str]] = {}
        self.mode = ""
        site.after_removal.append(self._left)
        self.use(mode)

    def service(
        self,
        name: str,
        *pods: Pod,
        port: int = 80,
        target_port: int = 0,
        node_port: int = 0,
        protocol: str = "tcp",
        ports: Sequence[ServicePort] = (),
        address: str | Sequence[str] = "",
        namespace: str = "default",
        sticky: int = 0,
        families: Sequence[int] = (),
    ) -> Service:
        """A service before `pods`: its `port` leads to their `target_port` (the same, where that is 0).

        `node_port`, 30000 to 32767, is open on each host as well. `ports`: several, in place of one. `sticky`: a client
        stays with its pod for so many seconds (ClientIP affinity). `families`: 4, 6 or both, by default those of the pods'
        network; it gets an address in each. CnetkitError if a name, address or port is taken.
        """
        check_word(name)
        if (namespace, name) in self.services:
            raise CnetkitError(f"there is already a service {namespace}/{name}: choose another name")
        wanted = tuple(ports) or (ServicePort(port, protocol=protocol, target=target_port, node_port=node_port),)
        for one in wanted:
            self._check(one)
        asked = [address] if isinstance(address, str) else list(address)
        given = [one for one in asked if one]
        versions = tuple(families) or tuple(map(version_of, given)) or tuple(self._networks)
        made = Service(self, name, namespace, [self._take(version, given) for version in versions], wanted, sticky)
        made.pods += pods
        self.services[namespace, name] = made
        try:
            self.sync()
        except BaseException:
            del self.services[namespace, name]
            raise
        return made

    def delete(self, service: Service) -> None:
        """Takes a service away."""
        if self.services.pop((service.namespace, service.name), None) is None:
            raise CnetkitError(f"there is no service {service.namespace}/{service.name} (any more)")
        self.sync()

    def _take(self, version: int, given: Sequence[str]) -> str:
        """An address of a family: the one that is `given`, or the next free one."""
        if version not in self._pools:
            raise CnetkitError(
                f"the pods have no IPv{version} addresses: make their network with an IPv{version} network"
            )
        used = {address for service in self.services.values() for address in service.addresses}
        address = next((one for one in given if version_of(one) == version), "")
        while not address:
            free = self._pools[version].take().split("/")[0]
            if free not in used:
                return free
        if address in used:
            raise CnetkitError(f"{address} is a service's already: choose another address")
        if not self._pools[version].holds(address):
            raise CnetkitError(f"{address} is not in {SERVICE_CIDRS[version]}, where services' addresses are")
        return address

    def _check(self, wanted: ServicePort) -> None:
        if wanted.protocol not in ("tcp", "udp"):
            raise CnetkitError(f"{wanted.protocol!r} cannot be a service's protocol: choose tcp or udp")
        if wanted.node_port and not 30000 <= wanted.node_port <= 32767:
            raise CnetkitError(f"{wanted.node_port} cannot be a node port: choose one from 30000 to 32767")
        for one in (other for service in self.services.values() for other in service.ports):
            if wanted.node_port and (one.protocol, one.node_port) == (wanted.protocol, wanted.node_port):
                raise CnetkitError(f"node port {one.node_port}/{one.protocol} is taken: choose another one")

    def dns(self, host: Host, name: str = "kube-dns") -> ClusterDNS:
        """A DNS server for the services' names, in a pod of its own on `host`."""
        return ClusterDNS(self, host, name)

    # --- Telling the hosts -------------------------------------------------------------------------------------------

    def use(self, mode: str) -> None:
        """Has each host's kube-proxy work with `iptables` or `nftables`; what the other one laid is taken away."""
        if mode not in MODES:
            raise CnetkitError(f"kube-proxy has no mode {mode!r} here: choose from {', '.join(MODES)}")
        with self._lock:
            if mode == self.mode:
                return
            away = self._operations(self.mode, [], remove=True) if self.mode else []
            self._stale, before = {}, self._told
            self._told = []
            told = [port for service in self.services.values() for port in service.told()]
            try:
                self.site.build(*away, *self._operations(mode, told, first=True))
            except BaseException:
                self._told = before
                raise
            self.mode, self._told = mode, told

    def sync(self) -> None:
        """Tells each host's kube-proxy what has changed; on a host all of it takes effect at once."""
        with self._lock:
            told = [port for service in self.services.values() for port in service.told()]
            if told != self._told:
                forgotten = stale_connections.forgotten([host.name for host in self.network.hosts], told, self._told)
                self.site.build(*self._operations(self.mode, told), *forgotten)
                self._told = told
                for watcher in self.watchers:
                    watcher()

    def _operations(
        self, mode: str, told: list[ServicePort], first: bool = False, remove: bool = False
    ) -> list[op.Operation]:
        """What each host's kube-proxy lays for `told`, or with `remove` takes away; it has one proxy for each family."""
        return [
            operation
            for version in self._networks
            for operation in self._of_family(
                version, mode, _in_family(told, version), _in_family(self._told, version), first, remove
            )
        ]

    def _of_family(
        self, version: int, mode: str, told: list[ServicePort], before: list[ServicePort], first: bool, remove: bool
    ) -> list[op.Operation]:
        pods = self._networks[version]
        if mode == "iptables":
            text = (
                kube_proxy_iptables.removal(before)
                if remove
                else kube_proxy_iptables.rules(told, before, pods, first, version)
            )
            return [op.Rules(host.name, text, ipv6=version == 6, replace=True) for host in self.network.hosts]
        if remove:
            text = kube_proxy_nftables.removal(version)
        else:
            gone = sorted(kube_proxy_nftables.chains(before) - kube_proxy_nftables.chains(told))
            stale = self._stale.get(version, [])
            text = kube_proxy_nftables.rules(told, before, pods, SERVICE_CIDRS[version], stale, version)
            self._stale[version] = gone
        family = "ip" if version == 4 else "ip6"
        return [op.NftTable(host.name, family, "kube-proxy", text) for host in self.network.hosts]

    # --- Watching the pods -------------------------------------------------------------------------------------------

    def probe(self, path: str = "/", patience: float = 1.0) -> None:
        """Asks each pod behind a service whether it is ready, from its own host, as kubelet does with an httpGet probe.

        A pod that has not answered within `patience` seconds gets nothing until it answers again.
        """
        for service in list(self.services.values()):
            port = next((one.target or one.port for one in service.ports if one.protocol == "tcp"), 0)
            for pod in [pod for pod in service.pods if port]:
                address = f"[{pod.address}]" if ":" in pod.address else pod.address
                url = f"http://{address}:{port}{path}"
                pod.ready = pod.host.run(["curl", "-sf", "-o", "/dev/null", "-m", f"{patience:g}", url]).ok
        self.sync()

    @contextmanager
    def watching(self, every: float = 0.5, path: str = "/") -> Iterator[None]:
        """Probes every so many seconds while the `with` block runs, in a thread of its own. Not for recorded labs: when it
        asks depends on the clock."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(every):
                self.probe(path)

        thread = threading.Thread(target=watch, name="cnetkit readiness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _left(self, name: str) -> None:
        with self._lock:
            for service in self.services.values():
                service.pods = [pod for pod in service.pods if pod.name != name]
            self.sync()

    def __repr__(self) -> str:
        return f"<services by {self.mode}: {', '.join(map(repr, self.services.values())) or 'none'}>"


def version_of(address: str) -> int:
    """4 or 6: an address's family."""
    return 6 if ":" in address else 4


def _in_family(ports: Sequence[ServicePort], version: int) -> list[ServicePort]:
    return [one for one in ports if one.version == version]


class _Clusters:
    def __init__(self, site: Site) -> None:
        self.all: list[Cluster] = []


def cluster(site: Site, network: PodNetwork, *, mode: str = "iptables") -> Cluster:
    """Services before the pods of a network, by a kube-proxy on each host: `mode` is `iptables` or `nftables`."""
    made = Cluster(site, network, mode)
    site.part(_Clusters).all.append(made)
    return made


clusters = property(
    lambda site: site.part(_Clusters).all, doc="The clusters of a lab, in the order in which they were made."
)
