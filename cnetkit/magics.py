"""What `%load_ext cnetkit` gives a notebook: `%%node web`, whose cell runs in a node as a shell there would run it.

It finds nodes in the labs that the notebook has made, and runs nothing that the learner has not typed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.place import Place


def load(shell: Any) -> None:  # noqa: ANN401 - IPython's InteractiveShell, which is not needed to use the library
    """Adds the magics to a running IPython."""

    def node(line: str, cell: str) -> None:
        """%%node NODE, or %%node POD/CONTAINER: runs the cell's lines there with sh(1) and shows what they print."""
        try:
            result = find(line.strip(), shell.user_ns).run(cell)
        except CnetkitError as error:
            sys.stderr.write(f"{error}\n")
            return
        sys.stdout.write(result.output)
        sys.stderr.write(result.errors)
        if result.timed_out:
            sys.stderr.write("[the time limit was reached, and it was ended]\n")
        elif not result.ok:
            sys.stderr.write(f"[it ended with status {result.status}]\n")

    shell.register_magic_function(node, "cell")


def find(name: str, variables: dict[str, Any]) -> Place:
    """The node, or pod's container, of this name in the newest open lab of `variables` that has one.

    CnetkitError where there is none.
    """
    from cnetkit.lab import Lab
    from cnetkit.systems.kubernetes.pod import Pod

    if not name:
        raise CnetkitError("say which node: %%node web")
    labs = [value for value in variables.values() if isinstance(value, Lab) and not value.closed]
    node_name, _, container = name.partition("/")
    for lab in reversed(labs):
        node = lab.nodes.get(node_name)
        if isinstance(node, Pod) and container in node.containers:
            return node.containers[container]
        if node is not None and not container:
            return node
    known = sorted({known for lab in labs for known in lab.nodes})
    raise CnetkitError(
        f"there is no node {name!r} in an open lab of this notebook; there are: {', '.join(known) or 'none'}"
    )
