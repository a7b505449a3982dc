"""A setting of a node's network stack. How the kernel carries it out is not known here.

Source: sysctl(8), Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

from cnetkit.operations.commands import inside
from cnetkit.operations.operation import Operation

_PURPOSES = {
    "net.ipv4.ip_forward": "it forwards packets between its interfaces",
    "net.ipv6.conf.all.forwarding": "it forwards IPv6 packets too",
    "net.bridge.bridge-nf-call-iptables": "what its bridges pass on goes through iptables too, where this kernel can do it",
    "route_localnet": "127.0.0.0/8 may be translated there",
}
"""What the settings that the library makes are for; those of one interface by their last part."""


class SetSysctl(Operation, frozen=True):
    """`name` as sysctl(8) writes it, below `net.`. `optional`: no error where this kernel does not have it."""

    node: str
    name: str
    value: str
    optional: bool = False

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: {_PURPOSES.get(self.name.rpartition('/')[2], 'a setting of its stack')}"

    def commands(self) -> list[str]:
        """See Operation."""
        line = inside(self.node, "sysctl", "-qw", f"{self.name}={self.value}")
        return [line + " 2>/dev/null || true" if self.optional else line]
