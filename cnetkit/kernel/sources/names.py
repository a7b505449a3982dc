"""The names of a node's interfaces by their index. Source: netdevice(7)."""

from __future__ import annotations

import socket

from cnetkit.kernel.stacks import Stack


class Names(dict[int, str]):
    """The names of a node's interfaces by index. A missing one is looked up in the kernel."""

    def __init__(self, stack: Stack) -> None:
        super().__init__()
        self._stack = stack

    def __missing__(self, index: int) -> str:
        self._stack.enter()
        try:
            self[index] = socket.if_indextoname(index)
        except OSError:
            return f"if{index}"
        return self[index]
