"""A veth pair between two nodes. How the kernel carries it out is not known here.

Source: veth(4), ip-link(8), bridge(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import bridge, checksums_in_software, ip, join_master, words
from cnetkit.operations.operation import Operation


class AddVeth(Operation, frozen=True):
    """A pair of veth interfaces, both up; the first end may become a bridge's port."""

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
    """Of both ends; 0 leaves the kernel's 1,500."""

    def comment(self) -> str:
        """See Operation."""
        cable = f"{self.node}/{self.name} to {self.peer_node}/{self.peer_name}: a cable"
        return cable + (f", plugged into {self.master}" if self.master else "")

    def commands(self) -> list[str]:
        """See Operation."""
        mtu = ("mtu", self.mtu) if self.mtu else ()
        near = ip(self.node, "link", "add", self.name, "address", self.mac, *mtu, "type", "veth")
        far = words("peer", "name", self.peer_name, "address", self.peer_mac, *mtu, "netns", self.peer_node)
        lines = [f"{near} {far}", *join_master(self.node, self.name, self.master)]
        if self.hairpin:
            lines.append(bridge(self.node, "link", "set", "dev", self.name, "hairpin", "on"))
        ends = ((self.node, self.name), (self.peer_node, self.peer_name))
        if not self.offload:
            lines += [checksums_in_software(*end) for end in ends]
        return [*lines, *(ip(node, "link", "set", name, "up") for node, name in ends)]
