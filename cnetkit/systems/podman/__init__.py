"""Podman: the real one, in a host, over netavark or over CNI plugins."""

from cnetkit.needs import BRIDGE, CONNTRACK, NAT, VERDICTS, VETH, programs

NEEDS = (VETH, BRIDGE, NAT, VERDICTS, CONNTRACK, *map(programs, ("podman-5", "podman-4.3")))
