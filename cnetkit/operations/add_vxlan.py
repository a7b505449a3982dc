"""A VXLAN interface: an endpoint of a tunnel. It is data and words; kernel/build carries it out.

Source: ip-link(8), RFC 7348.
"""

from __future__ import annotations

from cnetkit.operations.commands import checksums_in_software, ip, join_master
from cnetkit.operations.operation import Operation


class AddVxlan(Operation, frozen=True):
    """A VXLAN interface that is up, on the interface `underlay`, with the tunnel endpoint `local`. Checksum offload is off.

    `proxy`: it answers ARP requests itself, from its neighbour entries. `mtu` 0: the underlay's less the tunnel's headers.
    """

    node: str
    name: str
    mac: str
    id: int
    local: str
    underlay: str
    port: int = 4789
    master: str = ""
    learning: bool = True
    proxy: bool = False
    mtu: int = 0

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: the VXLAN interface {self.name}, VNI {self.id}, endpoint {self.local}"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        mtu = ("mtu", self.mtu) if self.mtu else ()
        options = ["" if self.learning else "nolearning", "proxy" if self.proxy else ""]
        ends = ("local", self.local, "dev", self.underlay, "dstport", self.port)
        kind = ("type", "vxlan", "id", self.id, *ends, *options)
        make = ip(self.node, "link", "add", "name", self.name, "address", self.mac, *mtu, *kind)
        master = join_master(self.node, self.name, self.master)
        up = ip(self.node, "link", "set", "dev", self.name, "up")
        return [make, *master, up, checksums_in_software(self.node, self.name)]
