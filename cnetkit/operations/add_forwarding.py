"""An entry of a VXLAN's forwarding database (FDB). How the kernel carries it out is not known here.

Source: bridge(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import bridge
from cnetkit.operations.operation import Operation


class AddForwarding(Operation, frozen=True):
    """An entry of a VXLAN's forwarding database: frames to `mac` go to the tunnel endpoint `remote`.

    The MAC address of zeros stands for all that are not known, and may have several remotes: each gets a copy.
    """

    node: str
    interface: str
    mac: str
    remote: str
    remove: bool = False

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: {self.mac} is {'no longer ' if self.remove else ''}behind {self.remote}"

    def commands(self) -> list[str]:
        """See Operation."""
        verb = "delete" if self.remove else "append"
        entry = (self.mac, "dev", self.interface, "dst", self.remote, "self", "permanent")
        return [bridge(self.node, "fdb", verb, *entry)]
