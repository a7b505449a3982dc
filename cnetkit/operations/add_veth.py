"""A veth pair between two nodes. It is data and words; kernel/build carries it out.

Source: veth(4), ip-link(8), bridge(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import bridge, checksums_in_software, ip, join_master, words
from cnetkit.operations.operation import Operation


class AddVeth(Operation, frozen=True):
    """A pair of veth interfaces, both up. The first one may become a port of the bridge `master`."""

    node: str
    name: str
    mac: str
    peer_node: str
    peer_name: str
    peer_mac: str
    master: str = ""
    hairpin: bool = False
    offload: bool = False
    mtu: int = 0
    """The MTU of both ends; 0: the kernel's default, 1,500."""

    def comment(self) -> str:
        """The comment above its commands."""
        pair = f"{self.node}/{self.name} to {self.peer_node}/{self.peer_name}: a veth pair"
        return pair + (f"; the first end is a port of {self.master}" if self.master else "")

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        mtu = ("mtu", self.mtu) if self.mtu else ()
        near = ip(self.node, "link", "add", "name", self.name, "address", self.mac, *mtu, "type", "veth")
        far = words("peer", "name", self.peer_name, "address", self.peer_mac, *mtu, "netns", self.peer_node)
        lines = [f"{near} {far}", *join_master(self.node, self.name, self.master)]
        if self.hairpin:
            lines.append(bridge(self.node, "link", "set", "dev", self.name, "hairpin", "on"))
        ends = ((self.node, self.name), (self.peer_node, self.peer_name))
        if not self.offload:
            lines += [checksums_in_software(*end) for end in ends]
        return [*lines, *(ip(node, "link", "set", "dev", name, "up") for node, name in ends)]
