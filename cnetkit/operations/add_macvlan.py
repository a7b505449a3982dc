"""A macvlan interface: a MAC address of its own on another node's link. It is data and words; kernel/build carries it out.

Source: ip-link(8), drivers/net/macvlan.c.
"""

from __future__ import annotations

from cnetkit.operations.commands import ip, words
from cnetkit.operations.operation import Operation


class AddMacvlan(Operation, frozen=True):
    """`name` in `node`, up, on the link `parent` of `parent_node`, whose offload settings it shares.

    In bridge mode it reaches the other macvlans of its parent and what the parent's link leads to, but not the parent's own
    node.
    """

    parent_node: str
    parent: str
    node: str
    name: str
    mac: str

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}/{self.name}: a macvlan on {self.parent_node}/{self.parent}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        make = ("link", "add", "link", self.parent, "name", self.name, "address", self.mac, "netns", self.node)
        return [
            words("ip", "-n", self.parent_node, *make, "type", "macvlan", "mode", "bridge"),
            ip(self.node, "link", "set", "dev", self.name, "up"),
        ]
