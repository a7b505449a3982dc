"""A permanent neighbour entry (ARP, neighbour discovery). It is data and words; kernel/build carries it out.

Source: ip-neighbour(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddNeighbour(Operation, frozen=True):
    """A permanent neighbour entry: the node sends no ARP request or neighbour solicitation for `address`."""

    node: str
    interface: str
    address: str
    mac: str
    remove: bool = False

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: {self.address} {'no longer has' if self.remove else 'has'} the MAC address {self.mac}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        if self.remove:
            return [ip(self.node, "neighbour", "delete", self.address, "dev", self.interface)]
        entry = (self.address, "lladdr", self.mac, "dev", self.interface, "nud", "permanent")
        return [ip(self.node, "neighbour", "replace", *entry)]
