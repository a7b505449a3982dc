"""The control plane of a cluster: which services there are, and which pods are ready behind them.

What the hosts make of it, kube_proxies.py decides; names of services are cluster_dns.py's. A service has an address in each
address family of the pods' network, or in those that it is made for. Health check ports are left out.
Source: kubernetes.io/docs/concepts/services-networking/service.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cnetkit.lab import addresses
from cnetkit.lab.host import Host
from cnetkit.lab.programs import check_port
from cnetkit.lab.site import Site, check_word
from cnetkit.model import CnetkitError
from cnetkit.systems.kubernetes.cluster_dns import ClusterDNS
from cnetkit.systems.kubernetes.kube_proxies import KubeProxies
from cnetkit.systems.kubernetes.pod import Pod
from cnetkit.systems.kubernetes.pod_network import PodNetwork
from cnetkit.systems.kubernetes.service import Service
from cnetkit.systems.kubernetes.service_port import ServicePort, version_of

SERVICE_CIDRS: dict[int, str] = {4: "10.96.0.0/12", 6: "fd00:10:96::/112"}
"""The networks of services' addresses, by address family."""
_RESERVED: dict[int, tuple[str, str]] = {4: ("10.96.0.1", "10.96.0.10"), 6: ("fd00:10:96::1", "fd00:10:96::a")}
"""For the service of the API server, which no lab has, and for the DNS."""


class Cluster:
    """The services of one pod network. Made with `lab.cluster`."""

    def __init__(self, site: Site, network: PodNetwork, mode: str) -> None:
        self.site, self.network = site, network
        self.services: dict[tuple[str, str], Service] = {}
        """By namespace and name."""
        self.watchers: list[Callable[[], None]] = []
        """Called after each change of services or endpoints."""
        pods: dict[int, str] = {one.version: str(one) for one in network.networks}
        self._pools = {version: addresses.Pool(SERVICE_CIDRS[version], *_RESERVED[version]) for version in pods}
        hosts = {host.name: _primary(host, network) for host in network.hosts}
        self._proxies = KubeProxies(hosts, pods, SERVICE_CIDRS)
        self._lock = threading.RLock()
        site.after_removal.append(self._node_removed)
        self.use(mode)

    # --- Services ----------------------------------------------------------------------------------------------------

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
        """A service before `pods`: its `port` leads to their `target_port` (0: the same port).

        `node_port`, 30000 to 32767, is open on each host as well. `ports`: several, in place of one. `sticky`: for how many
        seconds a client stays with its pod (ClientIP affinity). `families`: 4, 6 or both, by default those of the pods'
        network; the service has an address in each. CnetkitError if a name, address or port is taken.
        """
        check_word(name, "a service's name")
        for pod in pods:
            self.site.check_member(pod)
        if (namespace, name) in self.services:
            raise CnetkitError(f"there is already a service {namespace}/{name}: choose another name")
        own = tuple(ports) or (ServicePort(port, protocol=protocol, target=target_port, node_port=node_port),)
        for one in own:
            self._check(one)
        asked = [text for text in ([address] if isinstance(address, str) else address) if text]
        versions = tuple(families) or tuple(map(version_of, asked)) or tuple(self._pools)
        given = [self._take(version, asked) for version in versions]
        made = Service(name, namespace, given, own, sticky, self.sync)
        made.pods += pods
        self.services[namespace, name] = made
        try:
            self.sync()
        except BaseException:
            del self.services[namespace, name]
            raise
        return made

    def delete(self, service: Service) -> None:
        """Deletes a service."""
        if self.services.pop((service.namespace, service.name), None) is None:
            raise CnetkitError(f"there is no service {service.namespace}/{service.name} (any more)")
        self.sync()

    def dns(self, host: Host, name: str = "kube-dns") -> ClusterDNS:
        """A DNS server for the services' names, in a pod of its own on `host`."""
        return ClusterDNS(self, host, name)

    def _take(self, version: int, asked: Sequence[str]) -> str:
        """An address of a family: the one that was asked for, or the next free one."""
        if version not in self._pools:
            raise CnetkitError(
                f"the pods have no IPv{version} addresses: make their network with an IPv{version} network"
            )
        used = {address for service in self.services.values() for address in service.addresses}
        address = next((one for one in asked if version_of(one) == version), "")
        while not address:
            free = self._pools[version].take().split("/")[0]
            if free not in used:
                return free
        if address in used:
            raise CnetkitError(f"{address} is the address of another service: choose another address")
        if not self._pools[version].holds(address):
            raise CnetkitError(f"{address} is not in {SERVICE_CIDRS[version]}, where services' addresses are")
        return address

    def _check(self, port: ServicePort) -> None:
        check_port(port.port)
        if port.protocol not in ("tcp", "udp"):
            raise CnetkitError(f"{port.protocol!r} cannot be a service's protocol: choose tcp or udp")
        if port.node_port and not 30000 <= port.node_port <= 32767:
            raise CnetkitError(f"{port.node_port} cannot be a node port: choose one from 30000 to 32767")
        for used in (used for service in self.services.values() for used in service.ports):
            if port.node_port and (used.protocol, used.node_port) == (port.protocol, port.node_port):
                raise CnetkitError(f"node port {used.node_port}/{used.protocol} is taken: choose another one")

    # --- The hosts' kube-proxies -------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """`iptables` or `nftables`: what each host's kube-proxy works with."""
        return self._proxies.mode

    def use(self, mode: str) -> None:
        """Switches each host's kube-proxy to `iptables` or `nftables`; the rules of the other mode are removed."""
        with self._lock:
            if mode == self.mode:
                return
            ports = self._service_ports()
            self.site.build(*self._proxies.switch(mode, ports))
            self._proxies.mode, self._proxies.served = mode, ports

    def sync(self) -> None:
        """Brings each host's kube-proxy up to date. On one host all of it takes effect at once."""
        with self._lock:
            ports = self._service_ports()
            if ports == self._proxies.served:
                return
            self.site.build(*self._proxies.update(ports))
            self._proxies.served = ports
            for watcher in self.watchers:
                watcher()

    def _service_ports(self) -> list[ServicePort]:
        return [port for service in self.services.values() for port in service.service_ports()]

    # --- The pods' readiness -----------------------------------------------------------------------------------------

    def probe(self, path: str = "/", patience: float = 1.0) -> None:
        """Asks each pod behind a service whether it is ready, from its own host, as kubelet does with an httpGet probe.

        A pod that does not answer within `patience` seconds gets no new connections until it answers again.
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
        """Probes every so many seconds while the `with` block runs, in a thread of its own. Not for recorded labs: the times
        of its requests depend on the clock."""
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

    def _node_removed(self, name: str) -> None:
        with self._lock:
            self._proxies.keep(self.site.members)
            for service in self.services.values():
                service.pods = [pod for pod in service.pods if pod.name != name]
            self.sync()

    def __repr__(self) -> str:
        return f"<services by {self.mode}: {', '.join(map(repr, self.services.values())) or 'none'}>"


def _primary(host: Host, network: PodNetwork) -> dict[int, str]:
    """A host's first address in each address family, apart from those in the pods' networks."""
    every = [ipaddress.ip_interface(cidr).ip for cidrs in host.interfaces.values() for cidr in cidrs]
    own = [address for address in every if not any(address in pods for pods in network.networks)]
    return {address.version: str(address) for address in reversed(own)}


class _Clusters:
    """The clusters of one lab."""

    def __init__(self, site: Site) -> None:
        self.all: list[Cluster] = []


# --- Doors -----------------------------------------------------------------------------------------------------------


def cluster(site: Site, network: PodNetwork, *, mode: str = "iptables") -> Cluster:
    """Services before the pods of a network, by a kube-proxy on each host: `mode` is `iptables` or `nftables`."""
    if any(other.network is network for other in site.part(_Clusters).all):
        raise CnetkitError(
            "these pods already have a cluster: add services to that one, or change its mode with its `use`"
        )
    made = Cluster(site, network, mode)
    site.part(_Clusters).all.append(made)
    return made


clusters = property(
    lambda site: site.part(_Clusters).all, doc="The clusters of a lab, in the order in which they were made."
)
