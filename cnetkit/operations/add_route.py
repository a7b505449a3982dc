"""A route in the main table. It is data and words; kernel/build carries it out.

Source: ip-route(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import ip
from cnetkit.operations.operation import Operation


class AddRoute(Operation, frozen=True):
    """A route in the main table. `destination` is in CIDR form; `0.0.0.0/0` and `::/0` are the default routes."""

    node: str
    destination: str
    via: str = ""
    interface: str = ""
    onlink: bool = False
    """`via` is on the link of `interface`, even if no address of `interface` implies it."""

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: the route to {self.destination}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        via = ("via", self.via) if self.via else ()
        dev = ("dev", self.interface) if self.interface else ()
        return [ip(self.node, "route", "add", self.destination, *via, *dev, "onlink" if self.onlink else "")]
