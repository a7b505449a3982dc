"""A permanent neighbour entry (ARP, neighbour discovery). How the kernel carries it out is not known here.

Source: ip-neighbour(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddNeighbour(Operation, frozen=True):
    """A permanent neighbour entry: who has `address` is not asked for."""

    node: str
    interface: str
    address: str
    mac: str
    remove: bool = False

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: {self.address} {'no longer has' if self.remove else 'has'} {self.mac}"

    def commands(self) -> list[str]:
        """See Operation."""
        if self.remove:
            return [ip(self.node, "neighbour", "delete", self.address, "dev", self.interface)]
        entry = (self.address, "lladdr", self.mac, "dev", self.interface, "nud", "permanent")
        return [ip(self.node, "neighbour", "replace", *entry)]
