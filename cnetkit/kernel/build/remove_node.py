"""Removes nodes. This cannot be undone."""

from __future__ import annotations

import errno

from cnetkit.kernel.build.builder import Builder
from cnetkit.kernel.links.link import delete_link, link_names
from cnetkit.kernel.netlink.socket import NetlinkError
from cnetkit.kernel.stacks import Stack
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
        for name in [] if stack.adopted else link_names(stack.netlink):
            if name != "lo":
                _delete(stack, name)
        builder.stacks.remove(node.name)


def _delete(stack: Stack, name: str) -> None:
    """Deletes a link, unless it went with another one: a VXLAN interface goes with its underlay, a VLAN with its parent."""
    try:
        stack.netlink.batch([delete_link(name)])
    except NetlinkError as error:
        if error.errno not in (errno.ENODEV, errno.EOPNOTSUPP):  # the kernel's own, such as tunl0, cannot be deleted
            raise
