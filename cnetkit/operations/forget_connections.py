"""The deletion of conntrack entries. How the kernel carries it out is not known here.

Source: conntrack(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import inside
from cnetkit.operations.operation import Operation


class ForgetConnections(Operation, frozen=True):
    """Takes entries out of the connection tracking table: those that began to `address` (empty: any) and `port`, and whose
    answers come from none of `keep`. The next packet of such a connection is then a first one again."""

    node: str
    protocol: str
    address: str
    port: int
    keep: list[str]

    def comment(self) -> str:
        """See Operation."""
        connections = f"{self.protocol} connections to port {self.port}"
        return f"{self.node}: {connections} are found out anew, but for those to {', '.join(self.keep)}"

    def commands(self) -> list[str]:
        """A comment: a network that is built anew has no connections yet."""
        address = ("--orig-dst", self.address) if self.address else ()
        delete = inside(self.node, "conntrack", "-D", "-p", self.protocol, *address, "--orig-port-dst", self.port)
        return [f"# {delete}"]
