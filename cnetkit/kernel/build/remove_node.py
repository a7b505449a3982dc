"""Removes nodes. This cannot be undone."""

from __future__ import annotations

from cnetkit.kernel.build.builder import Builder
from cnetkit.kernel.links.link import delete_link, link_names
from cnetkit.operations import RemoveNode


def build(builder: Builder, operations: list[RemoveNode]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for node in operations:
        stack = builder.stacks.find(node.name.partition("/")[0])
        builder.forget(node.name)
        if "/" in node.name:
            continue  # a container of a pod: the pod stays
        # A process may keep the namespace alive a little longer, so delete its links now.
        names = link_names(stack.netlink)
        stack.netlink.batch([delete_link(name) for name in names if name != "lo"])
        builder.stacks.remove(node.name)
