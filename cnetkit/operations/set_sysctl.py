"""A setting of a node's network stack. It is data and words; kernel/build carries it out.

Source: sysctl(8), Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

from cnetkit.operations.commands import inside
from cnetkit.operations.operation import Operation

_PURPOSES = {
    "net.ipv4.ip_forward": "forward packets between interfaces",
    "net.ipv6.conf.all.forwarding": "forward IPv6 packets, too",
    "net.bridge.bridge-nf-call-iptables": "pass bridged packets through iptables, too, if this kernel can",
    "route_localnet": "allow translating 127.0.0.0/8 on an interface",
}
"""What the settings that the library uses do; settings of an interface by the last part of their names."""


class SetSysctl(Operation, frozen=True):
    """Sets `name`, as sysctl(8) writes it, below `net.`. `optional`: no error if this kernel does not have it."""

    node: str
    name: str
    value: str
    optional: bool = False

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: {_PURPOSES.get(self.name.rpartition('/')[2], 'a setting of its network stack')}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        line = inside(self.node, "sysctl", "-qw", f"{self.name}={self.value}")
        return [line + " 2>/dev/null || true" if self.optional else line]
