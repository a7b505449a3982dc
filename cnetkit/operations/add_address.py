"""An IPv4 or IPv6 address on an interface. How the kernel carries it out is not known here.

Source: ip-address(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddAddress(Operation, frozen=True):
    """`address` in CIDR form. IPv6 addresses skip duplicate address detection."""

    node: str
    interface: str
    address: str

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}/{self.interface} is {self.address}"

    def commands(self) -> list[str]:
        """See Operation."""
        has_broadcast = int(self.address.rpartition("/")[2]) < 31
        options = ("nodad",) if ":" in self.address else ("broadcast", "+") if has_broadcast else ()
        return [ip(self.node, "address", "add", self.address, *options, "dev", self.interface)]
