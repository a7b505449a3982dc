"""A Linux bridge. It is data and words; kernel/build carries it out.

Source: ip-link(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import checksums_in_software, ip
from cnetkit.operations.operation import Operation


class AddBridge(Operation, frozen=True):
    """A bridge that is up, without ports. Spanning tree is off, as in Docker's bridges."""

    node: str
    name: str
    mac: str

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: the bridge {self.name}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        make = ip(self.node, "link", "add", "name", self.name, "address", self.mac, "type", "bridge")
        up = ip(self.node, "link", "set", "dev", self.name, "up")
        return [make, up, checksums_in_software(self.node, self.name)]
