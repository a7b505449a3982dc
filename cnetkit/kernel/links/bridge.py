"""Linux bridges and their ports. Sources: ip-link(8), bridge(8), linux/if_link.h (IFLA_BRPORT_*), linux/if_bridge.h."""

from __future__ import annotations

import socket
from typing import Any

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.links.link import link_header, new_link
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, attributes, message

_PORT = {
    nl.IFLA_BRPORT_STATE: "state",
    nl.IFLA_BRPORT_MODE: "hairpin",
    nl.IFLA_BRPORT_UNICAST_FLOOD: "flood",
    nl.IFLA_BRPORT_ISOLATED: "isolated",
    nl.IFLA_BRPORT_LOCKED: "locked",
}


def bridge(name: str, mac: str) -> bytes:
    """Creates a bridge that is up, with the kernel's defaults: no spanning tree."""
    return new_link(KIND.name, name, mac)


def hairpin(index: int) -> bytes:
    """Switches on hairpin mode: the bridge may send a frame out of the port that it came in through."""
    settings = attribute(nl.IFLA_PROTINFO | nl.NLA_F_NESTED, attribute(nl.IFLA_BRPORT_MODE, b"\1"))
    return message(nl.RTM_SETLINK, 0, link_header(index, family=socket.AF_BRIDGE) + settings)


def _port_details(data: bytes) -> dict[str, Any]:
    port = attributes(data)
    details: dict[str, Any] = {name: port[kind][0] for kind, name in _PORT.items() if kind in port}
    details["hairpin"] = bool(details.get("hairpin"))
    return details


def _details(data: bytes) -> dict[str, Any]:
    """Only whether it keeps VLANs apart."""
    return {"vlan_filtering": True} if attributes(data).get(nl.IFLA_BR_VLAN_FILTERING, b"\0")[0] else {}


KIND = LinkKind("bridge", details=_details, port_details=_port_details)
