"""A new node: a network namespace. It is data and words; kernel/build carries it out.

Source: ip-netns(8).
"""

from __future__ import annotations

from cnetkit.model import NodeKind
from cnetkit.operations.commands import inside, ip, words
from cnetkit.operations.operation import Operation


class AddNode(Operation, frozen=True):
    """A new network namespace with its loopback up."""

    name: str
    kind: NodeKind
    host: str = ""
    ipv6: bool = False
    programs: str = ""
    """The programs that `cnetkit get` has fetched under this name are those that run here, instead of the machine's own."""

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.name}: a network namespace ({self.kind})"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        setting = "accept_dad=0" if self.ipv6 else "disable_ipv6=1"
        return [
            words("ip", "netns", "add", self.name),
            inside(self.name, "sysctl", "-qw", f"net.ipv6.conf.default.{setting}") + " 2>/dev/null || true",
            ip(self.name, "link", "set", "lo", "up"),
        ]
