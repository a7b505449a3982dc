"""macvlan interfaces: each is made in the namespace of its parent and handed to its own node's."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import delete_link, new_link
from cnetkit.kernel.links.macvlan import BRIDGE_MODE, KIND
from cnetkit.operations import AddMacvlan


def build(builder: Builder, operations: list[AddMacvlan]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        here, far = builder.stacks.find(new.parent_node), builder.stacks.find(new.node)
        parent = here.index(new.parent)
        message = new_link(KIND.name, new.name, new.mac, BRIDGE_MODE, parent=parent, namespace=far.fd)
        what = f"a macvlan {new.node}/{new.name} on {new.parent_node}/{new.parent}"
        builder.send(here, [BuildStep(message, None, what)])
        builder.on_failure(partial(far.netlink.batch, [delete_link(new.name)]))
