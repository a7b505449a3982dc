"""A netfilter table for nft. It is data and words; kernel/build carries it out.

Source: nft(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import here_document, inside
from cnetkit.operations.operation import Operation


class NftTable(Operation, frozen=True):
    """Commands of nft(8) that change this table and nothing else, in one transaction."""

    node: str
    family: str
    table: str
    text: str

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: the netfilter table {self.family} {self.table}, with nft"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        return here_document(inside(self.node, "nft", "-f", "-"), self.text)
