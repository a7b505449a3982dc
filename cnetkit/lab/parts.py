"""What a system keeps about a lab or a node, without the lab or the node knowing the system."""

from __future__ import annotations

from typing import Any, TypeVar, cast

_Part = TypeVar("_Part")


class Parts:
    """Something that systems keep parts for, one of each class."""

    def __init__(self) -> None:
        self._parts: dict[type, object] = {}

    def part(self, kind: type[_Part]) -> _Part:
        """The part of this class. It is made when first asked for, with this object as its only argument."""
        if kind not in self._parts:
            self._parts[kind] = cast("Any", kind)(self)
        return cast("_Part", self._parts[kind])
