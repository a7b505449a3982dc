"""A host: a machine that forwards packets and holds containers. What a system makes of it, its doors say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnetkit import operations as op
from cnetkit.lab.container import Container
from cnetkit.lab.doors import with_doors
from cnetkit.lab.networks import vxlan
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.lab.node import LabNode
from cnetkit.lab.site import Site
from cnetkit.model import NodeKind


@with_doors(lambda host: host)
class Host(LabNode):
    """A machine of the lab. Made with `lab.host(name)`; one made with `lab.router(name)` is there to forward only.

    Its methods `bridge`, `publish` and others are those of systems: see `cnetkit.systems`.
    """

    def __init__(self, site: Site, name: str, kind: NodeKind) -> None:
        super().__init__(site, name, kind)
        self.bridges: dict[str, Bridge] = {}

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a door
            """A door's type is known when its system is imported."""

    def container(self, name: str) -> Container:
        """A container that is attached to no network, as `docker run --network none` makes it; attach it to some."""
        self.site.check_name(name)
        made = Container(self, name)
        self.site.build(op.AddNode(name, made.kind, self.name, self.site.ipv6))
        self.site.register(made)
        return made

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
        """A VXLAN interface on the host's first network, in no network yet: `flood` and `forward` say what is behind it.

        `master`: the bridge it becomes a port of. `proxy`: it answers ARP from its own neighbour entries. `mtu` in bytes, 0:
        the underlay's less the tunnel's headers.
        """
        self.check_interface(name)
        made = vxlan.add_vxlan(self, name, id, port=port, master=master, learning=learning, proxy=proxy, mtu=mtu)
        given = [op.AddAddress(self.name, name, address)] if address else []
        self.site.build(made, *given)
        self.interfaces[name] = (address,) if address else ()
        return vxlan.Vxlan(self, name, id, made.mac, made.mtu)


def forwarding(name: str, ipv6: bool) -> list[op.Operation]:
    """What makes a node forward packets."""
    wanted = ["net.ipv4.ip_forward", *(["net.ipv6.conf.all.forwarding"] if ipv6 else [])]
    return [op.SetSysctl(name, setting, "1") for setting in wanted]
