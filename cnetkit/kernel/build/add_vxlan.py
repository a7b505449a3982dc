"""Adds VXLAN interfaces."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import delete_link
from cnetkit.kernel.links.vxlan import vxlan
from cnetkit.operations import AddVxlan


def build(builder: Builder, operations: list[AddVxlan]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        master = stack.index(new.master) if new.master else 0
        ends = (new.local, stack.index(new.underlay), new.port, master)
        message = vxlan(new.name, new.mac, new.id, *ends, new.learning, new.proxy, new.mtu)
        what = f"a VXLAN {new.name!r} in {new.node}"
        builder.send(stack, [BuildStep(message, partial(delete_link, new.name), what)])
        builder.checksums_in_software(stack, new.name)
