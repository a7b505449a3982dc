"""A VXLAN interface: one end of a tunnel. How the kernel carries it out is not known here.

Source: ip-link(8), RFC 7348.
"""

from __future__ import annotations

from cnetkit.operations.commands import checksums_in_software, ip, join_master
from cnetkit.operations.operation import Operation


class AddVxlan(Operation, frozen=True):
    """A VXLAN interface, up, on the interface `underlay`; `local` is its tunnel endpoint. Checksums are made in software.

    `proxy`: it answers ARP itself, from its neighbour entries. `mtu` 0: the underlay's less the tunnel's headers.
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
        """See Operation."""
        return f"{self.node}: the tunnel {self.name}, VXLAN {self.id} from {self.local}"

    def commands(self) -> list[str]:
        """See Operation."""
        mtu = ("mtu", self.mtu) if self.mtu else ()
        options = ["" if self.learning else "nolearning", "proxy" if self.proxy else ""]
        ends = ("local", self.local, "dev", self.underlay, "dstport", self.port)
        kind = ("type", "vxlan", "id", self.id, *ends, *options)
        make = ip(self.node, "link", "add", self.name, "address", self.mac, *mtu, *kind)
        master = join_master(self.node, self.name, self.master)
        up = ip(self.node, "link", "set", self.name, "up")
        return [make, *master, up, checksums_in_software(self.node, self.name)]
