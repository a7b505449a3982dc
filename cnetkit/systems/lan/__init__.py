"""A LAN: a plain switch that joins machines of a lab, with one network on it. It routes nothing and has no rules."""

from cnetkit.needs import BRIDGE, VETH

NEEDS = (VETH, BRIDGE)
