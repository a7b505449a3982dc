"""Removes a node and what runs in it. It is data and words; kernel/build carries it out.

Source: ip-netns(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import words
from cnetkit.operations.operation import Operation


class RemoveNode(Operation, frozen=True):
    """Kills a node's processes and removes its network namespace; of a pod's container `POD/CONTAINER` only the processes."""

    name: str

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.name}: removed"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        return [] if "/" in self.name else [words("ip", "netns", "delete", self.name)]
