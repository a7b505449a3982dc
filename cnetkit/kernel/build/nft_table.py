"""Changes a netfilter table with nft. Undoing restores the previous table."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel.build.builder import Builder
from cnetkit.operations import NftTable


def build(builder: Builder, operations: list[NftTable]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for table in operations:
        stack = builder.stacks.find(table.node)
        name = f"{table.family} {table.table}"
        before = stack.nft.run(f"list table {name}") if stack.nft.has_table(table.family, table.table) else ""
        builder.on_failure(partial(stack.nft.run, f"add table {name}\ndelete table {name}\n{before}"))
        stack.nft.run(table.text)
