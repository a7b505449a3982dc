"""Deletes interfaces. This cannot be undone.

Source: rtnetlink(7), RTM_DELLINK.
"""

from __future__ import annotations

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.link import delete_link
from cnetkit.operations import RemoveInterface


def build(builder: Builder, operations: list[RemoveInterface]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for old in operations:
        stack = builder.stacks.find(old.node)
        what = f"to remove the interface {old.node}/{old.name}"
        builder.send(stack, [BuildStep(delete_link(old.name), None, what)])
