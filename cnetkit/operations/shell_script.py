"""A bash script that builds the same network as a lab, from the commands of its operations.

Run in an empty namespace, it makes each node a named namespace of ip-netns(8). The script does not contain what programs in nodes
have changed. This module runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from cnetkit.operations.operation import Operation

_HEAD = """#!/bin/bash
# The network of the lab {name}, by hand. Run it in an empty namespace:
#   unshare --user --map-root-user --net --mount bash -c '. FILE; exec bash'
# Then look around with `ip netns list` and `ip netns exec NODE ...`. When that shell ends, everything is gone.
set -e
export PATH="$PATH:/usr/sbin:/sbin"    # an ordinary user's shell may not look for ip and iptables there
if [ -n "$(ip -o link | grep -v ' lo:')" ]; then
    echo "This namespace is not empty. Run: unshare --user --map-root-user --net --mount bash FILE" >&2
    exit 1
fi
mount -t tmpfs tmpfs /run    # ip keeps the names of namespaces here; a private /run leaves the machine's own unchanged
"""


def shell_script(name: str, operations: Iterable[Operation]) -> str:
    """The script for the lab `name`, with a comment above each operation."""
    return _HEAD.format(name=name) + "".join(
        f"\n# {' '.join(operation.comment().split())}\n" + "\n".join(operation.commands()) + "\n"
        for operation in operations
    )
