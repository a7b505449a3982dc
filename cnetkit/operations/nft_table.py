"""A netfilter table in the words of nft. How the kernel carries it out is not known here.

Source: nft(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import here_document, inside
from cnetkit.operations.operation import Operation


class NftTable(Operation, frozen=True):
    """Commands of nft(8) about one table and nothing else, in one transaction."""

    node: str
    family: str
    table: str
    text: str

    def comment(self) -> str:
        """See Operation."""
        return f"{self.node}: the netfilter table {self.family} {self.table}, by nft"

    def commands(self) -> list[str]:
        """See Operation."""
        return here_document(inside(self.node, "nft", "-f", "-"), self.text)
