"""What the library has built, as one bash script of the commands that do the same by hand.

Run by plain bash in an empty namespace, it builds the same network; each node is then a named namespace of ip-netns(8).
It runs nothing itself, and what programs in nodes have changed is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnetkit.operations.operation import Operation

_HEAD = """#!/bin/bash
# The network of the lab {name}, by hand. Run it in an empty namespace:
#   unshare --user --map-root-user --net --mount bash -c '. FILE; exec bash'
# and look around in it with `ip netns list` and `ip netns exec NODE ...`; all of it is gone when that shell ends.
set -e
if [ -n "$(ip -o link | grep -v ' lo:')" ]; then
    echo "This is no empty namespace: run it by unshare --user --map-root-user --net --mount bash FILE" >&2
    exit 1
fi
mount -t tmpfs tmpfs /run    # where ip keeps the names of namespaces; a private one, so that the host's stays as it is
"""


def shell_script(name: str, operations: Iterable[Operation]) -> str:
    """The commands for all operations of the lab `name`, with a comment before each step."""
    return _HEAD.format(name=name) + "".join(
        f"\n# {' '.join(operation.comment().split())}\n" + "\n".join(operation.commands()) + "\n"
        for operation in operations
    )
