"""Services as Kubernetes has them: a name and an address that stand for several pods, told to each host's kube-proxy.

This is the control: which services there are, which pods are ready behind them. How a host is told stands in
kube_proxy_iptables.py, kube_proxy_nftables.py and stale.py, names in cluster_dns.py. Of what kube-proxy does besides,
health check ports are left out. Services have IPv4 addresses.
Source: kubernetes.io/docs/concepts/services-networking/service.
"""

from __future__ import annotations

import ipaddress
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
SERVICE_CIDR = "10.96.0.0/12"


class Service:
    """A service. Made with `cluster.service`; `ports` is (port, its name, protocol, the pods' port, the hosts' port) each."""

    def __init__(
        self, cluster: Cluster, name: str, namespace: str, address: str, ports: Sequence[ServicePort], sticky: int
    ) -> None:
        self.cluster, self.name, self.namespace, self.address = cluster, name, namespace, address
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
        """What a kube-proxy is told of it."""
        ready = [pod.address for pod in self.endpoints]
        return [one.behind(self.namespace, self.name, self.address, self.sticky, ready) for one in self.ports]

    def __repr__(self) -> str:
        ports = ",".join(f"{one.port}/{one.protocol}" for one in self.ports)
        behind = ", ".join(pod.name for pod in self.endpoints) or "no pod"
        return f"<service {self.namespace}/{self.name} {self.address}:{ports} -> {behind}>"


class Cluster:
    """The services of one pod network. Made with `lab.cluster`."""

    def __init__(self, site: Site, network: PodNetwork, mode: str) -> None:
        self.site = site
        self.network, self.services = network, dict[tuple[str, str], Service]()
        self.watchers: list[Callable[[], None]] = []
        """Called after each change of services or endpoints."""
        self._lock = threading.RLock()
        self._addresses = addresses.Pool(SERVICE_CIDR, "10.96.0.1", "10.96.0.10")
        self._told: list[ServicePort] = []
        self._stale: list[str] = []
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
        address: str = "",
        namespace: str = "default",
        sticky: int = 0,
    ) -> Service:
        """A service before `pods`: its `port` leads to their `target_port` (the same, where that is 0).

        `node_port`, 30000 to 32767, is open on each host as well. `ports`: several, in place of one. `sticky`: a client
        stays with its pod for so many seconds (ClientIP affinity). CnetkitError where a name, address or port is taken.
        """
        check_word(name)
        if (namespace, name) in self.services:
            raise CnetkitError(f"there is already a service {namespace}/{name}: choose another name")
        wanted = tuple(ports) or (ServicePort(port, protocol=protocol, target=target_port, node_port=node_port),)
        for one in wanted:
            self._check(one)
        made = Service(self, name, namespace, self._take(address), wanted, sticky)
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

    def _take(self, address: str) -> str:
        if not address:
            return self._addresses.take().split("/")[0]
        if any(one.address == address for one in self.services.values()):
            raise CnetkitError(f"{address} is a service's already: choose another address")
        if ipaddress.ip_address(address) not in ipaddress.ip_network(SERVICE_CIDR):
            raise CnetkitError(f"{address} is not in {SERVICE_CIDR}, where services' addresses are")
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
            self._stale, before = [], self._told
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
        cidr = str(self.network.network)
        if mode == "iptables":
            text = (
                kube_proxy_iptables.removal(self._told)
                if remove
                else kube_proxy_iptables.rules(told, self._told, cidr, first)
            )
            return [op.Rules(host.name, text, replace=True) for host in self.network.hosts]
        if remove:
            text = kube_proxy_nftables.removal()
        else:
            gone = sorted(kube_proxy_nftables.chains(self._told) - kube_proxy_nftables.chains(told))
            text = kube_proxy_nftables.rules(told, self._told, cidr, SERVICE_CIDR, self._stale)
            self._stale = gone
        return [op.NftTable(host.name, "ip", "kube-proxy", text) for host in self.network.hosts]

    # --- Watching the pods -------------------------------------------------------------------------------------------

    def probe(self, path: str = "/", patience: float = 1.0) -> None:
        """Asks each pod behind a service whether it is ready, from its own host, as kubelet does with an httpGet probe.

        A pod that has not answered within `patience` seconds gets nothing until it answers again.
        """
        for service in list(self.services.values()):
            port = next((one.target or one.port for one in service.ports if one.protocol == "tcp"), 0)
            for pod in [pod for pod in service.pods if port]:
                url = f"http://{pod.address}:{port}{path}"
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
