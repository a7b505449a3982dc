"""Docker's rules: its chains, their names and their order, for each version of its engine and with its userland proxy or not.

It makes the text for iptables-restore(8) and lays nothing. Source: what dockerd 20.10.24, 26.1.5 and 28.5.2 (Debian's packages)
laid in November 2026, kept in tests/data/docker; tests compare these rules with those, and packets' ways with the engines'.
github.com/moby/moby: libnetwork/iptables and libnetwork/drivers/bridge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnetkit.model import CnetkitError

VERSIONS = ("20.10", "26.1", "28.5")


@dataclass(frozen=True, slots=True)
class Engine:
    """Whose rules they are. `proxy`: a docker-proxy process holds each published port, as the engine has it by default."""

    version: str = "28.5"
    proxy: bool = True

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            known = ", ".join(VERSIONS[:-1]) + f" and {VERSIONS[-1]}"
            raise CnetkitError(f"the rules of Docker {self.version!r} are not known here: choose from {known}, as text")

    def __str__(self) -> str:
        return f"Docker {self.version} with{'' if self.proxy else 'out'} its proxy"

    @property
    def forbids_direct_routing(self) -> bool:
        """Whether packets that are routed to a container's own address are dropped before anything else sees them."""
        return self.version == "28.5"

    @property
    def derives_addresses(self) -> bool:
        """Whether a container's MAC address is made from its IPv4 address. Otherwise it is random."""
        return self.version != "28.5"

    def _bare(self, ipv6: bool) -> bool:
        """Whether there is no DOCKER-USER: 20.10 has it for IPv4 only."""
        return ipv6 and self.version == "20.10"

    # --- The text ----------------------------------------------------------------------------------------------------

    def chains(self, ipv6: bool) -> str:
        """The chains that all bridges of a host share; laid with its first bridge."""
        loopback = "::1/128" if ipv6 else "127.0.0.0/8"
        own = f"! -d {loopback} " if self.proxy else ""
        shared = _FILTER_28 if self.version == "28.5" else _FILTER_20_IPV6 if self._bare(ipv6) else _FILTER_20
        return f"""*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT {own}-m addrtype --dst-type LOCAL -j DOCKER
COMMIT
{shared}"""

    def bridge_rules(self, name: str, networks: Iterable[str]) -> str:
        """The rules around one bridge with these networks, for one address family."""
        networks = list(networks)
        hidden = "".join(f"-I POSTROUTING 1 -s {net} ! -o {name} -j MASQUERADE\n" for net in networks)
        if self.proxy:
            hidden += f"-I DOCKER 1 -i {name} -j RETURN\n"
        else:
            hidden += f"-I POSTROUTING 1 -o {name} -m addrtype --src-type LOCAL -j MASQUERADE\n"
        around = (_BRIDGE_28 if self.version == "28.5" else _BRIDGE_20).replace("BRIDGE_NAME", name)
        if self._bare(any(":" in network for network in networks)):
            around = around.replace("-I FORWARD 3", "-I FORWARD 2")  # after ISOLATION
        return f"*nat\n{hidden}COMMIT\n*filter\n{around}COMMIT\n"

    def container_rules(self, bridge: str, addresses: Iterable[str], *, remove: bool = False) -> str:
        """The rules for containers of a bridge at these addresses, of one family; empty if there are none."""
        verb = "-D" if remove else "-A"
        rules = "".join(
            f"{verb} PREROUTING -d {inside}/{_bits(inside)} ! -i {bridge} -j DROP\n" for inside in addresses
        )
        return f"*raw\n{rules}COMMIT\n" if rules and self.forbids_direct_routing else ""

    def port_rules(
        self, bridge: str, inside: str, port: int, host_port: int, protocol: str, address: str = "",
        *, remove: bool = False,
    ) -> str:  # fmt: skip
        """The rules that lead a host's port to `port` of the container address `inside`, or with `remove` their removal."""
        bits, match = _bits(inside), f"-p {protocol} -m {protocol}"
        target = f"[{inside}]" if ":" in inside else inside
        last = "-D" if remove else "-A"
        first = "-I" if self.version == "28.5" and not remove else last
        to = "! -s fe80::/10 " if ":" in inside and self.version == "28.5" else ""
        to += f"-d {address}/{bits} " if address else ""
        to += f"! -i {bridge} " if self.proxy else ""
        hairpin = f"{last} POSTROUTING -s {inside}/{bits} -d {inside}/{bits} {match} --dport {port} -j MASQUERADE\n"
        return f"""*nat
{hairpin if self.version != "28.5" or not self.proxy else ""}\
{last} DOCKER {to}{match} --dport {host_port} -j DNAT --to-destination {target}:{port}
COMMIT
*filter
{first} DOCKER -d {inside}/{bits} ! -i {bridge} -o {bridge} {match} --dport {port} -j ACCEPT
COMMIT
"""


def _bits(address: str) -> int:
    return 128 if ":" in address else 32


_FILTER_20 = """*filter
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
_FILTER_20_IPV6 = "".join(line for line in _FILTER_20.splitlines(keepends=True) if "DOCKER-USER" not in line)
_FILTER_28 = """*filter
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
COMMIT
"""
_BRIDGE_20 = """\
-I FORWARD 3 -i BRIDGE_NAME -o BRIDGE_NAME -j ACCEPT
-I FORWARD 3 -i BRIDGE_NAME ! -o BRIDGE_NAME -j ACCEPT
-I FORWARD 3 -o BRIDGE_NAME -j DOCKER
-I FORWARD 3 -o BRIDGE_NAME -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-I DOCKER-ISOLATION-STAGE-1 1 -i BRIDGE_NAME ! -o BRIDGE_NAME -j DOCKER-ISOLATION-STAGE-2
-I DOCKER-ISOLATION-STAGE-2 1 -o BRIDGE_NAME -j DROP
"""
_BRIDGE_28 = """\
-A DOCKER-FORWARD -i BRIDGE_NAME -j ACCEPT
-A DOCKER ! -i BRIDGE_NAME -o BRIDGE_NAME -j DROP
-A DOCKER-CT -o BRIDGE_NAME -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-BRIDGE -o BRIDGE_NAME -j DOCKER
-A DOCKER-ISOLATION-STAGE-1 -i BRIDGE_NAME ! -o BRIDGE_NAME -j DOCKER-ISOLATION-STAGE-2
-I DOCKER-ISOLATION-STAGE-2 1 -o BRIDGE_NAME -j DROP
"""
