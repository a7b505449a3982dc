"""The magics of `%load_ext cnetkit`: `%%node web` runs its cell in a node, as a shell there would.

Nodes are those of the open labs among the notebook's variables. Only what the learner has typed is run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from cnetkit.model import CnetkitError

if TYPE_CHECKING:
    from cnetkit.lab.place import Place


def load(shell: Any) -> None:  # noqa: ANN401 - IPython's InteractiveShell, which is optional
    """Adds the magics to a running IPython."""

    def node(line: str, cell: str) -> None:
        """%%node NODE, or %%node POD/CONTAINER: runs the cell there with sh(1) and shows its output."""
        try:
            result = find(line.strip(), shell.user_ns).run(cell)
        except CnetkitError as error:
            sys.stderr.write(f"{error}\n")
            return
        sys.stdout.write(result.output)
        sys.stderr.write(result.errors)
        if result.timed_out:
            sys.stderr.write("[killed: the time limit was reached]\n")
        elif not result.ok:
            sys.stderr.write(f"[ended with status {result.status}]\n")

    shell.register_magic_function(node, "cell")


def find(name: str, variables: dict[str, Any]) -> Place:
    """The node, or container of a pod, of this name in the newest open lab among `variables`.

    CnetkitError if there is none.
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
    names = sorted({node for lab in labs for node in lab.nodes})
    raise CnetkitError(
        f"there is no node {name!r} in an open lab of this notebook; there are: {', '.join(names) or 'none'}"
    )
