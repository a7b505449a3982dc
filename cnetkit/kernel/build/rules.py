"""Applies netfilter rules with iptables. Undoing deletes added rules, or restores the saved ones if some were replaced."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel import iptables
from cnetkit.kernel.build.builder import Builder
from cnetkit.operations import Rules


def build(builder: Builder, operations: list[Rules]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for rules in operations:
        stack = builder.stacks.find(rules.node)
        if rules.replace:
            builder.on_failure(partial(iptables.put_back, stack, iptables.save(stack, rules.ipv6), rules.ipv6))
        else:
            builder.on_failure(partial(iptables.restore, stack, rules.inverse(), rules.ipv6))
        iptables.restore(stack, rules.text, rules.ipv6)
