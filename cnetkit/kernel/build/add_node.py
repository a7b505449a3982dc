"""Adds nodes: network namespaces with their loopback up."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import set_up
from cnetkit.model import CnetkitError
from cnetkit.operations import AddNode


def build(builder: Builder, operations: list[AddNode]) -> None:
    """Carries out operations of this kind."""
    for node in operations:
        if node.programs and node.programs not in builder.programs:
            raise CnetkitError(f"the agent was not told where the programs {node.programs!r} are")
        programs = builder.programs.get(node.programs, "")
        stack = builder.stacks.add(node.name, node.kind, node.host, node.ipv6, programs)
        builder.on_failure(partial(builder.stacks.remove, node.name))
        builder.queue(stack, BuildStep(set_up("lo"), None, f"setting up {node.name}/lo"))
