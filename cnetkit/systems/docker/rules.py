"""Docker's rules: its chains, their names and their order, as dockerd lays them with its userland proxy switched off.

It makes the text for iptables-restore(8) and lays nothing. Source: the rules of dockerd 20.10 (github.com/moby/moby,
libnetwork/drivers/bridge and libnetwork/iptables); a test compares these rules with those of a real engine.
"""

from __future__ import annotations

from collections.abc import Iterable

CHAINS = """*nat
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
"""The chains that all bridges of a host share; laid with its first bridge."""


def bridge_rules(name: str, networks: Iterable[str]) -> str:
    """The rules around one bridge with these networks, for one address family."""
    hidden = "".join(f"-I POSTROUTING 1 -s {net} ! -o {name} -j MASQUERADE\n" for net in networks)
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


def port_rules(
    bridge: str, inside: str, port: int, host_port: int, protocol: str, address: str = "", *, remove: bool = False
) -> str:
    """The rules that lead a host's port to `port` of the container address `inside`, or with `remove` their removal."""
    bits, target = ("128", f"[{inside}]") if ":" in inside else ("32", inside)
    match, verb = f"-p {protocol} -m {protocol}", "-D" if remove else "-A"
    to = f"-d {address}/{bits} " if address else ""
    return f"""*nat
{verb} POSTROUTING -s {inside}/{bits} -d {inside}/{bits} {match} --dport {port} -j MASQUERADE
{verb} DOCKER {to}{match} --dport {host_port} -j DNAT --to-destination {target}:{port}
COMMIT
*filter
{verb} DOCKER -d {inside}/{bits} ! -i {bridge} -o {bridge} {match} --dport {port} -j ACCEPT
COMMIT
"""
