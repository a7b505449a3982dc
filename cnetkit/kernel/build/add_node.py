"""Adds nodes: network namespaces with their loopback up."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import set_up
from cnetkit.operations import AddNode


def build(builder: Builder, operations: list[AddNode]) -> None:
    """Carries out operations of this kind."""
    for node in operations:
        stack = builder.stacks.add(node.name, node.kind, node.host, node.ipv6)
        builder.on_failure(partial(builder.stacks.remove, node.name))
        builder.queue(stack, BuildStep(set_up("lo"), None, f"setting up {node.name}/lo"))
