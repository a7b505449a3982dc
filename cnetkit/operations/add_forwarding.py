"""An entry of a VXLAN's forwarding database (FDB). It is data and words; kernel/build carries it out.

Source: bridge(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import bridge
from cnetkit.operations.operation import Operation


class AddForwarding(Operation, frozen=True):
    """An entry of a VXLAN's forwarding database: frames to `mac` go to the tunnel endpoint `remote`.

    The all-zero MAC address stands for all addresses without an entry. It may have several remotes: each gets a copy.
    """

    node: str
    interface: str
    mac: str
    remote: str
    remove: bool = False

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: frames to {self.mac} {'no longer ' if self.remove else ''}go to {self.remote}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        verb = "delete" if self.remove else "append"
        entry = (self.mac, "dev", self.interface, "dst", self.remote, "self", "permanent")
        return [bridge(self.node, "fdb", verb, *entry)]
