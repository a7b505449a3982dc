"""A route in the main table. How the kernel carries it out is not known here.

Source: ip-route(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddRoute(Operation, frozen=True):
    """A route in the main table; `destination` in CIDR form, `0.0.0.0/0` and `::/0` being the default routes."""

    node: str
    destination: str
    via: str = ""
    interface: str = ""
    onlink: bool = False
    """`via` is behind `interface` though no address there says so."""

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: the way to {self.destination}"

    def commands(self) -> list[str]:
        """See Operation."""
        via = ("via", self.via) if self.via else ()
        dev = ("dev", self.interface) if self.interface else ()
        return [ip(self.node, "route", "add", self.destination, *via, *dev, "onlink" if self.onlink else "")]
