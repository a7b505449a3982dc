"""Adds bridges."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.bridge import bridge
from cnetkit.kernel.links.link import delete_link
from cnetkit.operations import AddBridge


def build(builder: Builder, operations: list[AddBridge]) -> None:
    """Carries out operations of this kind."""
    for new in operations:
        stack = builder.stacks.find(new.node)
        what = f"a bridge {new.name!r} in {new.node}"
        builder.send(stack, [BuildStep(bridge(new.name, new.mac), partial(delete_link, new.name), what)])
        builder.checksums_in_software(stack, new.name)
