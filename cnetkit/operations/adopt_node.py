"""A node whose network namespace somebody else made. It is data and words; kernel/build carries it out.

Source: ip-netns(8).
"""

from __future__ import annotations

from cnetkit.model import NodeKind
from cnetkit.operations.operation import Operation


class AdoptNode(Operation, frozen=True):
    """An existing network namespace as a node: at `path`, as programs in the node `host` find it, or of their process `pid`."""

    name: str
    kind: NodeKind
    host: str
    path: str = ""
    pid: int = 0

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.name}: a network namespace that a program in {self.host} made"

    def commands(self) -> list[str]:
        """None: what a program made, that program makes."""
        return []
