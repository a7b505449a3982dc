"""Doors: methods of Lab and Host that a system carries out, such as `lab.overlay` and `host.publish`.

Their table is `cnetkit.systems.DOORS`. That room is above this one, so it is imported by name, and a system only when one of
its doors is first used. The lab therefore knows no system, and a new system changes nothing in this room.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

_Class = TypeVar("_Class", bound=type)


class SystemMethod:
    """A method or property that is a function in a system's module. `bound_to` gives the function its first argument."""

    def __init__(self, module: str, name: str, bound_to: Callable[[Any], Any]) -> None:
        self._module, self._name, self._bound_to = module, name, bound_to

    def __get__(self, instance: Any, owner: type) -> Any:  # noqa: ANN401 - functions and properties, each with its own type
        target = getattr(importlib.import_module(self._module), self._name)
        return target if instance is None else target.__get__(self._bound_to(instance))


def with_doors(bound_to: Callable[[Any], Any]) -> Callable[[_Class], _Class]:
    """A class decorator that adds the doors of the table. `bound_to`: what a system gets for an object of the class."""

    def decorate(cls: _Class) -> _Class:
        for owner, name, module in importlib.import_module("cnetkit.systems").DOORS:
            if owner == cls.__name__:
                setattr(cls, name, SystemMethod(module, name, bound_to))
        return cls

    return decorate
