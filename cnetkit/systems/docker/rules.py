"""Docker's rules: its chains, their names and their order, as dockerd lays them with its userland proxy switched off.

It words rules and lays none. Source: what dockerd 20.10 lays (github.com/moby/moby, libnetwork/drivers/bridge and
libnetwork/iptables); a test compares these rules with those of a real engine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnetkit import operations as op
from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.container import Container
    from cnetkit.lab.host import Host
    from cnetkit.lab.networks.bridge import Bridge

_PROTOCOLS = ("tcp", "udp")


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """A host's port that leads to a container's. `address` is empty where it counts for all addresses of the host."""

    host: Host
    host_port: int
    to: Container
    port: int
    protocol: str = "tcp"
    address: str = ""

    def remove(self) -> None:
        """Takes it back."""
        self.host.unpublish(self)

    def __str__(self) -> str:
        return f"{self.address or '*'}:{self.host_port}->{self.port}/{self.protocol}"

    def __repr__(self) -> str:
        return f"<published port {self} of {self.to.name} on {self.host.name}>"


def check(one: PublishedPort) -> None:
    """CnetkitError where a port cannot be published, with the name of who holds it."""
    if one.protocol not in _PROTOCOLS:
        raise CnetkitError(f"{one.protocol!r} cannot be published: choose tcp or udp")
    for port in (one.host_port, one.port):
        if not 0 < port < 65536:
            raise CnetkitError(f"{port} is not a port: choose one from 1 to 65535")
    if getattr(one.to, "host", None) is not one.host:
        raise CnetkitError(
            f"{one.to.name} is not a container of {one.host.name}: a host publishes its own containers' ports"
        )
    if one.address and one.address not in {c.split("/")[0] for cidrs in one.host.interfaces.values() for c in cidrs}:
        raise CnetkitError(f"{one.address} is not an address of {one.host.name}")
    holder = _holder(one)
    if holder:
        raise CnetkitError(
            f"port {one.host_port}/{one.protocol} of {one.host.name} is taken by {holder}: choose another port"
        )


def _holder(one: PublishedPort) -> str:
    for other in one.host.published:
        same = (other.protocol, other.host_port) == (one.protocol, one.host_port)
        if same and (not one.address or not other.address or one.address == other.address):
            return f"the container {other.to.name}, whose port {other.port} is published there"
    server = one.host.servers.get((one.protocol, one.host_port))
    return f"its {server.command}" if server and server.running else ""


def bridge_operations(host: Host, bridge: Bridge) -> list[op.Operation]:
    """Docker's rules around a bridge, with the chains that all bridges share where this is the host's first."""
    operations: list[op.Operation] = [
        op.SetSysctl(host.name, f"net/ipv4/conf/{bridge.name}/route_localnet", "1"),
        op.SetSysctl(host.name, "net.bridge.bridge-nf-call-iptables", "1", optional=True),
    ]
    for ipv6 in sorted({":" in gateway for gateway in bridge.gateways}):
        nets = [str(pool.network) for pool in bridge.pools if (pool.network.version == 6) == ipv6]
        text = ("" if ipv6 in host.has_docker_rules else _CHAINS) + _bridge_rules(bridge.name, nets)
        operations.append(op.Rules(host.name, text, ipv6))
    return operations


_CHAINS = """*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""


def _bridge_rules(name: str, nets: list[str]) -> str:
    hidden = "".join(f"-I POSTROUTING 1 -s {net} ! -o {name} -j MASQUERADE\n" for net in nets)
    return f"""*nat
{hidden}-I POSTROUTING 1 -o {name} -m addrtype --src-type LOCAL -j MASQUERADE
COMMIT
*filter
-I FORWARD 3 -i {name} -o {name} -j ACCEPT
-I FORWARD 3 -i {name} ! -o {name} -j ACCEPT
-I FORWARD 3 -o {name} -j DOCKER
-I FORWARD 3 -o {name} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-I DOCKER-ISOLATION-STAGE-1 1 -i {name} ! -o {name} -j DOCKER-ISOLATION-STAGE-2
-I DOCKER-ISOLATION-STAGE-2 1 -o {name} -j DROP
COMMIT
"""


def port_operations(one: PublishedPort, remove: bool = False) -> list[op.Operation]:
    """The rules of one published port, for each kind of address that the container has, or with `remove` their taking."""
    found: list[op.Operation] = []
    limited = ipaddress.ip_address(one.address) if one.address else None
    for cidr in one.to.interfaces["eth0"]:
        inside = ipaddress.ip_interface(cidr).ip
        if limited is None or limited.version == inside.version:
            found.append(
                op.Rules(one.host.name, _port_rules(one, str(inside), "-D" if remove else "-A"), inside.version == 6)
            )
    return found


def _port_rules(one: PublishedPort, inside: str, verb: str) -> str:
    bits, target = ("128", f"[{inside}]") if ":" in inside else ("32", inside)
    match = f"-p {one.protocol} -m {one.protocol}"
    to = f"-d {one.address}/{bits} " if one.address else ""
    return f"""*nat
{verb} POSTROUTING -s {inside}/{bits} -d {inside}/{bits} {match} --dport {one.port} -j MASQUERADE
{verb} DOCKER {to}{match} --dport {one.host_port} -j DNAT --to-destination {target}:{one.port}
COMMIT
*filter
{verb} DOCKER -d {inside}/{bits} ! -i {one.to.network.name} -o {one.to.network.name} {match} --dport {one.port} -j ACCEPT
COMMIT
"""
