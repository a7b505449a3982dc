"""Netfilter rules in the words of iptables. How the kernel carries it out is not known here.

Source: iptables-restore(8).
"""

from __future__ import annotations

from cnetkit.operations.commands import here_document, inside
from cnetkit.operations.operation import Operation


class Rules(Operation, frozen=True):
    """Rules in iptables-restore(8) form, put beside those that are there: all of them or none.

    `replace`: chains that it names are emptied first, and chains and rules may be deleted.
    """

    node: str
    text: str
    ipv6: bool = False
    replace: bool = False

    def inverse(self) -> str:
        """The iptables-restore(8) text that takes away what `text` adds. Without `replace` only."""
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
        """See Operation."""
        return f"{self.node}: netfilter rules, by iptables"

    def commands(self) -> list[str]:
        """See Operation."""
        program = "ip6tables-nft-restore" if self.ipv6 else "iptables-nft-restore"
        return here_document(inside(self.node, program, "--noflush", "--wait"), self.text)


def _deletion(rule: str) -> str:
    """`-D` for a rule given by `-A CHAIN ...`, or by `-I CHAIN [NUMBER] ...`."""
    _, chain, rest = rule.split(" ", 2)
    number, _, options = rest.partition(" ")
    return f"-D {chain} {options if number.isdigit() else rest}"
