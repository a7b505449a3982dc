"""An IPv4 or IPv6 address on an interface. It is data and words; kernel/build carries it out.

Source: ip-address(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddAddress(Operation, frozen=True):
    """Adds `address`, in CIDR form. IPv6 addresses skip duplicate address detection."""

    node: str
    interface: str
    address: str

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}/{self.interface}: the address {self.address}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        has_broadcast = int(self.address.rpartition("/")[2]) < 31
        options = ("nodad",) if ":" in self.address else ("broadcast", "+") if has_broadcast else ()
        return [ip(self.node, "address", "add", self.address, *options, "dev", self.interface)]
