"""A Linux bridge. How the kernel carries it out is not known here.

Source: ip-link(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import checksums_in_software, ip
from cnetkit.operations.operation import Operation


class AddBridge(Operation, frozen=True):
    """A bridge, up, without ports. Spanning tree is off, as Docker has it."""

    node: str
    name: str
    mac: str

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: the bridge {self.name}"

    def commands(self) -> list[str]:
        """See Operation."""
        make = ip(self.node, "link", "add", self.name, "address", self.mac, "type", "bridge")
        up = ip(self.node, "link", "set", self.name, "up")
        return [make, up, checksums_in_software(self.node, self.name)]
