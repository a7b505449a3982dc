"""The end of a node and of what runs in it. How the kernel carries it out is not known here.

Source: ip-netns(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import words
from cnetkit.operations.operation import Operation


class RemoveNode(Operation, frozen=True):
    """Ends a node's processes and lets the kernel take its stack away; of a container `POD/CONTAINER` the processes only."""

    name: str

    def comment(self) -> str:
        """See Operation."""
        return f"{self.name} goes"

    def commands(self) -> list[str]:
        """See Operation."""
        return [] if "/" in self.name else [words("ip", "netns", "delete", self.name)]
