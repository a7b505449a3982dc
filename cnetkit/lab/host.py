"""A host: a machine that forwards packets and holds containers.

What systems add to it (`bridge`, `publish`), `cnetkit.systems` lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnetkit import operations as op
from cnetkit.lab import addresses, adopted
from cnetkit.lab.adopted import AdoptedNode
from cnetkit.lab.container import Container
from cnetkit.lab.doors import with_doors
from cnetkit.lab.networks import vxlan
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.node import LabNode
from cnetkit.lab.programs import check_port
from cnetkit.lab.site import Site
from cnetkit.model import NodeKind


@with_doors(lambda host: host)
class Host(LabNode):
    """A machine of the lab. Made with `lab.host(name)`, or with `lab.router(name)` if it only forwards.

    `bridge`, `publish` and others are methods that systems add: see `cnetkit.systems`.
    """

    def __init__(self, site: Site, name: str, kind: NodeKind) -> None:
        super().__init__(site, name, kind)
        self.bridges: dict[str, Bridge] = {}

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a door
            """Methods of systems are typed in the system's own module."""

    def container(self, name: str) -> Container:
        """A container without a network, as `docker run --network none` makes it. A network's `attach` gives it one."""
        self.site.check_member(self)
        self.site.check_name(name)
        made = Container(self, name)
        self.site.build(op.AddNode(name, made.kind, self.name, self.site.ipv6))
        self.site.register(made)
        return made

    def adopt(self, name: str, *, path: str = "", pid: int = 0) -> AdoptedNode:
        """A node for a network namespace that a program here has made: `host.adopt("blue", path="/run/netns/blue")`, or by the
        `pid` of a process in it. It is observed like every other node."""
        return adopted.adopt(self, name, path=path, pid=pid)

    def vxlan(
        self,
        name: str,
        id: int,
        *,
        port: int = 4789,
        master: str = "",
        learning: bool = True,
        proxy: bool = False,
        address: str = "",
        mtu: int = 0,
    ) -> vxlan.Vxlan:
        """A VXLAN interface on the host's first network. It leads nowhere until `flood` or `forward` is called.

        `master`: the bridge it becomes a port of. `proxy`: it answers ARP from its own neighbour entries. `mtu` in bytes; 0: the
        underlay's MTU less the tunnel's headers.
        """
        self.check_interface(name)
        check_port(port)
        if address:
            addresses.check_usable(addresses.interface(address))
            self.check_addresses([address])
        made = vxlan.add_vxlan(self, name, id, port=port, master=master, learning=learning, proxy=proxy, mtu=mtu)
        given = [op.AddAddress(self.name, name, address)] if address else []
        self.site.build(made, *given)
        self.interfaces[name] = (address,) if address else ()
        return vxlan.Vxlan(self, name, id, made.mac, made.mtu)


def forwarding(name: str, ipv6: bool) -> list[op.Operation]:
    """The operations that make a node forward packets."""
    wanted = ["net.ipv4.ip_forward", *(["net.ipv6.conf.all.forwarding"] if ipv6 else [])]
    return [op.SetSysctl(name, setting, "1") for setting in wanted]
