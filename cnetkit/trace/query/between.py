"""The selection of journeys between two ends: nodes, interfaces or addresses, looked up in the topology."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.recording.recording import Recording
from cnetkit.trace.wiring.described import described


def expression(recording: Recording, a: str, b: str) -> str:
    """A selection of journeys that were captured at both `a` and `b`, or carry their addresses. CnetkitError for an
    unknown end."""
    a, b = str(a), str(b)  # the address may be an object of the ipaddress module
    return f"({_end(recording, a)}) and ({_end(recording, b)})"


def _end(recording: Recording, name: str) -> str:
    places = {(tap.node, tap.interface) for tap in recording.frames.taps}
    shown = described(recording.topologies, recording.events)
    interfaces = [interface for topology in shown for interface in topology.interfaces]
    places |= {(interface.node, interface.name) for interface in interfaces}
    nodes = {node for node, _ in places} | {node.name for topology in shown for node in topology.nodes}
    whole = tuple(name.rpartition("/")[::2])
    if name in nodes:
        return _at_or_addressed(
            f"node == {_quoted(name)}",
            [cidr for interface in interfaces if interface.node == name for cidr in interface.addresses],
        )
    if whole in places:
        mine = [
            cidr
            for interface in interfaces
            if (interface.node, interface.name) == whole
            for cidr in interface.addresses
        ]
        return _at_or_addressed(f"interface == {_quoted(name)}", mine)
    try:
        return f"ip.addr == {ipaddress.ip_network(name, strict=False)}"
    except ValueError:
        listed = ", ".join(sorted(nodes)) or "none"
        raise CnetkitError(
            f"{name!r} is not a node, interface or address of this trace: its nodes are {listed}; "
            "write an interface as node/interface"
        ) from None


def _at_or_addressed(place: str, addresses: list[str]) -> str:
    mine = [ipaddress.ip_interface(cidr).ip for cidr in dict.fromkeys(addresses)]
    listed = ", ".join(str(address) for address in mine if not (address.is_loopback or address.is_link_local))
    return f"{place} or ip.addr in {{{listed}}}" if listed else place


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
