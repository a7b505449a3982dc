"""The selection of journeys between two ends: nodes, interfaces or addresses, looked up in the topology."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.recording.recording import Recording


def expression(recording: Recording, a: str, b: str) -> str:
    """The selection of what was seen at, or bears an address of, both `a` and `b`. CnetkitError for an unknown end."""
    a, b = str(a), str(b)  # an address may be one of ipaddress
    return f"({_end(recording, a)}) and ({_end(recording, b)})"


def _end(recording: Recording, name: str) -> str:
    places = {(tap.node, tap.interface) for tap in recording.frames.taps}
    interfaces = [one for topology in recording.topologies for one in topology.interfaces]
    places |= {(one.node, one.name) for one in interfaces}
    nodes = {node for node, _ in places} | {node.name for topology in recording.topologies for node in topology.nodes}
    whole = tuple(name.rpartition("/")[::2])
    if name in nodes:
        return _seen(
            f"node == {_quoted(name)}", [cidr for one in interfaces if one.node == name for cidr in one.addresses]
        )
    if whole in places:
        mine = [cidr for one in interfaces if (one.node, one.name) == whole for cidr in one.addresses]
        return _seen(f"interface == {_quoted(name)}", mine)
    try:
        return f"ip.addr == {ipaddress.ip_network(name, strict=False)}"
    except ValueError:
        known = ", ".join(sorted(nodes)) or "none"
        raise CnetkitError(
            f"{name!r} is no node, interface or address here: the nodes are {known}, an interface is written node/interface"
        ) from None


def _seen(place: str, addresses: list[str]) -> str:
    mine = [ipaddress.ip_interface(cidr).ip for cidr in dict.fromkeys(addresses)]
    listed = ", ".join(str(one) for one in mine if not (one.is_loopback or one.is_link_local))
    return f"{place} or ip.addr in {{{listed}}}" if listed else place


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
