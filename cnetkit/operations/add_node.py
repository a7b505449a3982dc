"""A new node: a network stack of its own. How the kernel carries it out is not known here.

Source: ip-netns(8).
"""

from __future__ import annotations

from cnetkit.model import NodeKind
from cnetkit.operations.commands import inside, ip, words
from cnetkit.operations.operation import Operation


class AddNode(Operation, frozen=True):
    """A new network stack with its loopback up."""

    name: str
    kind: NodeKind
    host: str = ""
    ipv6: bool = False

    def comment(self) -> str:
        """See Operation."""
        return f"{self.name}: a network stack of its own ({self.kind})"

    def commands(self) -> list[str]:
        """See Operation."""
        setting = "accept_dad=0" if self.ipv6 else "disable_ipv6=1"
        return [
            words("ip", "netns", "add", self.name),
            inside(self.name, "sysctl", "-qw", f"net.ipv6.conf.default.{setting}") + " 2>/dev/null || true",
            ip(self.name, "link", "set", "lo", "up"),
        ]
