"""Docker on a host of the lab: bridges with Docker's rules, and published ports.

No engine runs here: the lab lays the rules that an engine would lay. Their text is made in `rules.py`.
"""

from __future__ import annotations

import ipaddress

from cnetkit import operations as op, protocol as p
from cnetkit.lab.attachment import Attachment
from cnetkit.lab.container import Container
from cnetkit.lab.host import Host
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.programs import Program
from cnetkit.lab.site import Member
from cnetkit.model import CnetkitError
from cnetkit.systems.docker.docker_bridge import DockerBridge
from cnetkit.systems.docker.published_port import PublishedPort, check
from cnetkit.systems.docker.rules import Engine


class DockerHost:
    """Docker's state on one host."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.published: list[PublishedPort] = []
        self.carriers: dict[PublishedPort, Attachment] = {}
        """The attachment that each of them was led to. Those that the container gets later change nothing about it."""
        self.engine: Engine | None = None
        """Whose rules it has; None before the first bridge with rules."""
        self.proxies: dict[PublishedPort, list[Program]] = {}
        """The docker-proxy processes of published ports, if the engine starts some."""
        self.families: set[bool] = set()
        """For which of IPv4 (False) and IPv6 (True) Docker's chains are laid."""
        host.site.before_removal.append(self._before_removal)
        host.site.before_detach.append(self._before_detach)
        host.port_claims.append(self.claim)

    def choose(self, version: str | None, proxy: bool | None) -> Engine:
        """The engine of a new bridge: the host's, or for its first bridge the one asked for."""
        known = self.engine or Engine()
        wanted = Engine(known.version if version is None else version, known.proxy if proxy is None else proxy)
        if self.engine and wanted != self.engine:
            raise CnetkitError(
                f"{self.host.name} has {self.engine}: a host has one engine, so all its bridges have the same"
            )
        return wanted

    def bridge_operations(self, bridge: DockerBridge) -> list[op.Operation]:
        """Docker's rules for a bridge. The host's first bridge also lays the chains that all of them share."""
        host, engine = self.host.name, bridge.engine
        local = [] if engine.proxy else [op.SetSysctl(host, f"net/ipv4/conf/{bridge.name}/route_localnet", "1")]
        operations: list[op.Operation] = [
            *local,
            op.SetSysctl(host, "net.bridge.bridge-nf-call-iptables", "1", optional=True),
        ]
        for ipv6 in sorted({":" in gateway for gateway in bridge.gateways}):
            networks = [str(pool.network) for pool in bridge.pools if (pool.network.version == 6) == ipv6]
            chains = "" if ipv6 in self.families else engine.chains(ipv6)
            operations.append(op.Rules(host, chains + engine.bridge_rules(bridge.name, networks), ipv6))
        return operations

    def port_operations(self, mapping: PublishedPort, remove: bool = False) -> list[op.Operation]:
        """The rules of a published port in each address family of the container, or with `remove` their removal."""
        attachment = self.carriers.get(mapping) or self.carrier(mapping.to)
        engine = self.engine or Engine()
        limited = ipaddress.ip_address(mapping.address) if mapping.address else None
        operations: list[op.Operation] = []
        for cidr in attachment.addresses:
            inside = ipaddress.ip_interface(cidr).ip
            if limited is None or limited.version == inside.version:
                rules = engine.port_rules(
                    attachment.network.name,
                    str(inside),
                    mapping.port,
                    mapping.host_port,
                    mapping.protocol,
                    mapping.address,
                    remove=remove,
                )
                operations.append(op.Rules(self.host.name, rules, inside.version == 6, replace=remove))
        return operations

    def carrier(self, container: Container) -> Attachment:
        """The attachment that published ports lead to: the first to a bridge with Docker's rules, else the first of all."""
        attachments = list(container.attachments.values())
        if not attachments or not self.families:
            raise CnetkitError(
                f"{container.name} is on no bridge with Docker's rules: make one with {self.host.name}.bridge(...) and attach it"
            )
        return next((joined for joined in attachments if isinstance(joined.network, DockerBridge)), attachments[0])

    def start_proxies(self, mapping: PublishedPort) -> None:
        """A docker-proxy for each of the addresses at which a port is published, if the engine starts some.

        The one for IPv6 sends to the container's IPv4 address if it has no other. CnetkitError if the port is taken.
        """
        if self.engine is None or not self.engine.proxy:
            return
        if (
            self.engine.version != "28.5" and mapping.protocol == "udp"
        ):  # it answers from an address that clients may not expect
            raise CnetkitError(
                f"the proxy of Docker {self.engine.version} for UDP is not made here: give the first bridge proxy=False, "
                "or docker='28.5'"
            )
        inside = [str(ipaddress.ip_interface(cidr).ip) for cidr in self.carrier(mapping.to).addresses]
        everywhere = ["0.0.0.0", *(["::"] if self.host.site.ipv6 else [])]  # noqa: S104 - as Docker does
        started = self.proxies[mapping] = []
        try:
            for at in [mapping.address] if mapping.address else everywhere:
                to = next((address for address in inside if (":" in address) == (":" in at)), inside[0])
                started.append(self._proxy(mapping, at, to))
        except CnetkitError:
            self.stop_proxies(mapping)
            raise

    def _proxy(self, mapping: PublishedPort, at: str, to: str) -> Program:
        protocol, host_port, port = mapping.protocol, mapping.host_port, mapping.port
        target = f"[{to}]:{port}" if ":" in to else f"{to}:{port}"
        title = f"docker-proxy -proto {protocol} -host-ip {at} -host-port {host_port} -container-ip {to} -container-port {port}"
        name, sandbox = self.host.name, self.host.site.sandbox
        request = p.Serve(name, f"{protocol}-proxy", host_port, at, target, title)
        return Program(sandbox, name, title, self.host.site.request(request, p.Started))

    def stop_proxies(self, mapping: PublishedPort) -> None:
        """Ends the docker-proxy processes of a published port."""
        for program in self.proxies.pop(mapping, []):
            program.stop()

    def check_free(self, mapping: PublishedPort) -> None:
        """CnetkitError if the host's port is taken; it names what holds it."""
        holder = next((_held_by(other) for other in self.published if mapping.overlaps(other)), "")
        server = self.host.servers.get((mapping.protocol, mapping.host_port))
        holder = holder or (f"its {server.command}" if server and server.running else "")
        if holder:
            raise CnetkitError(
                f"port {mapping.host_port}/{mapping.protocol} of {self.host.name} is taken by {holder}: choose another port"
            )

    def claim(self, protocol: str, port: int) -> str:
        """The container that a port of the host is published for, in words; empty if there is none."""
        return next(
            (
                _held_by(mapping)
                for mapping in self.published
                if (mapping.protocol, mapping.host_port) == (protocol, port)
            ),
            "",
        )

    def _before_removal(self, node: Member) -> None:
        for mapping in [mapping for mapping in self.published if mapping.to is node]:
            unpublish(self.host, mapping)

    def _before_detach(self, attachment: Attachment) -> None:
        for mapping in [
            mapping
            for mapping in self.published
            if self.carriers[mapping].interface == attachment.interface and mapping.to.name == attachment.node
        ]:
            unpublish(self.host, mapping)


def _held_by(mapping: PublishedPort) -> str:
    return f"the container {mapping.to.name}, whose port {mapping.port} is published there"


# --- Doors -----------------------------------------------------------------------------------------------------------


def bridge(
    host: Host,
    name: str = "docker0",
    *gateways: str,
    rules: bool = True,
    docker: str | None = None,
    proxy: bool | None = None,
) -> Bridge:
    """A bridge with addresses of the host, `172.17.0.1/16` for example, and Docker's rules for it.

    The bridge's `container` and `containers` make containers. Without `rules` it is only the kernel's bridge: nothing is
    masqueraded, and no port can be published.

    `docker`: the engine's version whose rules are laid, "28.5", "26.1" or "20.10". `proxy`: whether each published port gets a
    docker-proxy process, as on a host whose `daemon.json` does not say otherwise. Both are the host's: the first bridge
    sets them; if it says nothing, they are 28.5 and True. CnetkitError if the name or an address is taken or not allowed.
    """
    host.check_interface(name)
    state, wanted = host.part(DockerHost), gateways or ("172.17.0.1/16",)
    engine = state.choose(docker, proxy) if rules else None
    made = DockerBridge(host, name, wanted, engine) if engine else Bridge(host, name, wanted)
    host.check_addresses(made.gateways)
    laid = state.bridge_operations(made) if isinstance(made, DockerBridge) else []
    host.site.build(*made.operations(), *laid)
    if engine:
        state.engine = engine
        state.families |= {":" in gateway for gateway in made.gateways}
    host.interfaces[name] = made.gateways
    host.bridges[name] = made
    return made


def publish(
    host: Host,
    host_port: int,
    to: Container | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    address: str = "",
) -> PublishedPort:
    """Publishes a container's port at a port of the host, as `docker run -p` does it.

    `address` limits it to one of the host's addresses. CnetkitError if the port is taken.
    """
    if to is None or port is None:
        raise CnetkitError("a port is published to a port of a container: host.publish(8080, to=web, port=80)")
    mapping, docker = PublishedPort(host, host_port, to, port, protocol, address), host.part(DockerHost)
    check(mapping)
    docker.check_free(mapping)
    docker.start_proxies(mapping)
    try:
        host.site.build(*docker.port_operations(mapping))
    except CnetkitError:
        docker.stop_proxies(mapping)
        raise
    docker.published.append(mapping)
    docker.carriers[mapping] = docker.carrier(to)
    return mapping


def unpublish(host: Host, published: PublishedPort) -> None:
    """Ends the publication of a port."""
    docker = host.part(DockerHost)
    if published not in docker.published:
        raise CnetkitError(f"{published} is not published (any more)")
    host.site.build(*docker.port_operations(published, remove=True))
    docker.stop_proxies(published)
    docker.published.remove(published)
    del docker.carriers[published]


published = property(lambda host: host.part(DockerHost).published, doc="The ports that a host publishes.")
