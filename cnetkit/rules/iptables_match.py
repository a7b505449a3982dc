"""Whether a packet has what an iptables rule looks for, by its options. Source: iptables(8), iptables-extensions(8).

Only addresses, protocol, ports and interfaces are compared. For everything else the answer is "not known".
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from cnetkit.rules.iptables_words import options

PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "ipv6-icmp": 58, "sctp": 132, "all": -1}
PASSED = ("-A", "-P", "-m", "--comment")
PORTS = {"--sport": "sport", "--sports": "sport", "--dport": "dport", "--dports": "dport"}


@dataclass(frozen=True, slots=True)
class Matched:
    """What is compared: a packet at one hook. Empty interface names are not known."""

    source: str
    destination: str
    protocol: int
    sport: int
    dport: int
    incoming: str = ""
    outgoing: str = ""


def applies(text: str, packet: Matched) -> bool | None:
    """Whether the rule matches the packet; None if that is not known, because it also looks at something else."""
    if "!" in text.split():
        return None
    answer: bool | None = True
    for option, value in options(text):
        if option in ("-j", "-g"):
            break
        if option in PASSED:
            continue
        fits = _fits(option, value, packet)
        if fits is False:
            return False
        answer = None if fits is None else answer
    return answer


def _fits(option: str, value: str, packet: Matched) -> bool | None:
    if option in ("-s", "-d"):
        address = packet.source if option == "-s" else packet.destination
        return ipaddress.ip_address(address) in ipaddress.ip_network(value, strict=False)
    if option == "-p":
        number = PROTOCOLS.get(value, int(value) if value.isdigit() else None)
        return None if number is None else number in (-1, packet.protocol)
    if option in PORTS:
        port = getattr(packet, PORTS[option])
        return any(_within(part, port) for part in value.split(","))
    if option in ("-i", "-o"):
        name = packet.incoming if option == "-i" else packet.outgoing
        if not name:
            return None
        return name.startswith(value[:-1]) if value.endswith("+") else name == value
    return None


def _within(part: str, port: int) -> bool:
    first, colon, last = part.partition(":")
    return int(first or 0) <= port <= int((last or 65535) if colon else first)
