"""Deletes an interface. It is data and words; kernel/build carries it out.

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
        """The comment above its commands."""
        return f"{self.node}/{self.name}: removed"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        return [ip(self.node, "link", "delete", "dev", self.name)]
