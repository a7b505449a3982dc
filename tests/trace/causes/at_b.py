"""Frames at the only interface of a node b, for tests of what that node does with packets."""

from scapy.layers.l2 import Ether

OWN, PEER = "02:00:00:00:00:02", "02:00:00:00:00:01"


def at_b(packets, mac=OWN):
    """Rows for `frames_of`: each packet is received, for the address `mac`; or sent, given as (2, packet)."""
    return [
        ("b/eth0", way, 10 + at, bytes(_link(way, mac) / item)) for at, (way, item) in enumerate(map(directed, packets))
    ]


def directed(packet):
    """(direction, packet) of an item as `at_b` takes it."""
    return packet if isinstance(packet, tuple) else (1, packet)


def _link(way, mac):
    return Ether(src=PEER, dst=mac) if way == 1 else Ether(src=OWN, dst=PEER)
