"""Netfilter rules for iptables. It is data and words; kernel/build carries it out.

Source: iptables-restore(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import here_document, inside
from cnetkit.operations.operation import Operation


class Rules(Operation, frozen=True):
    """Rules in iptables-restore(8) form, added to the existing ones: all of them or none.

    `replace`: named chains are emptied first, and chains and rules may be deleted.
    """

    node: str
    text: str
    ipv6: bool = False
    replace: bool = False

    def inverse(self) -> str:
        """The iptables-restore(8) text that deletes what `text` adds. Not for `replace`."""
        tables: list[str] = []
        for block in self.text.split("COMMIT\n"):
            lines = block.splitlines()
            rules = [line for line in lines if line.startswith(("-A", "-I"))]
            chains = [line[1:].split()[0] for line in lines if line.startswith(":") and line.split()[1] == "-"]
            tables += [line for line in lines if line.startswith("*")]
            tables += [_deletion(line) for line in reversed(rules)]
            tables += [f"-X {chain}" for chain in chains]
            tables += ["COMMIT"] if lines else []
        return "\n".join(tables) + "\n"

    def comment(self) -> str:
        """The comment above its commands."""
        return f"{self.node}: netfilter rules, with iptables"

    def commands(self) -> list[str]:
        """The commands that do the same by hand."""
        program = "ip6tables-nft-restore" if self.ipv6 else "iptables-nft-restore"
        return here_document(inside(self.node, program, "--noflush", "--wait"), self.text)


def _deletion(rule: str) -> str:
    """`-D` for a rule given by `-A CHAIN ...`, or by `-I CHAIN [NUMBER] ...`."""
    _, chain, rest = rule.split(" ", 2)
    number, _, options = rest.partition(" ")
    return f"-D {chain} {options if number.isdigit() else rest}"
