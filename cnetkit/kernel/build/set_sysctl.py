"""Changes settings of network stacks. Undoing restores the previous value."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder
from cnetkit.operations import SetSysctl


def build(builder: Builder, operations: list[SetSysctl]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for setting in operations:
        stack = builder.stacks.find(setting.node)
        before = stack.sysctl(setting.name)
        if before is None and setting.optional:
            continue
        builder.on_failure(partial(stack.set_sysctl, setting.name, before or ""))
        stack.set_sysctl(setting.name, setting.value)
