"""Deletes conntrack entries. It is data and words; kernel/build carries it out.

Source: conntrack(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import inside
from cnetkit.operations.operation import Operation


class ForgetConnections(Operation, frozen=True):
    """Deletes the conntrack entries of connections to `address` (empty: any) and `port` whose replies come from none of `keep`.
    The next packet of the connection creates a new entry."""

    node: str
    protocol: str
    address: str
    port: int
    keep: list[str]

    def comment(self) -> str:
        """The comment above its commands."""
        kept = f", except those to {', '.join(self.keep)}" if self.keep else ""
        return f"{self.node}: delete the conntrack entries of {self.protocol} port {self.port}{kept}"

    def commands(self) -> list[str]:
        """Only a comment, because a new network has no connections yet."""
        address = ("--orig-dst", self.address) if self.address else ()
        delete = inside(self.node, "conntrack", "-D", "-p", self.protocol, *address, "--orig-port-dst", self.port)
        return [f"# {delete}"]
