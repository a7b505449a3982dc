"""The end of an interface. How the kernel carries it out is not known here.

Source: ip-link(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class RemoveInterface(Operation, frozen=True):
    """Deletes an interface, with its addresses, its routes and the other end of its veth pair. It cannot be undone."""

    node: str
    name: str

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}/{self.name} is removed"

    def commands(self) -> list[str]:
        """See Operation."""
        return [ip(self.node, "link", "delete", self.name)]
