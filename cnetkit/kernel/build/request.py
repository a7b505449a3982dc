"""Carries out a Build request: operations in order, those of one kind in one run; all of them or none.

Each operation is carried out by `build` in the file of this folder that has the name of the operation's own file, so there is
no list of them here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import groupby

from cnetkit.kernel.build.builder import Builder
from cnetkit.operations import OPERATIONS, Operation

_BUILD: dict[type[Operation], Callable[..., None]] = {
    operation: import_module(f"{__package__}.{operation.__module__.rpartition('.')[2]}").build
    for operation in OPERATIONS
}


def carry_out(builder: Builder, operations: Sequence[Operation]) -> None:
    """Carries out `operations`. Where one fails, the earlier ones are undone and CnetkitError says which and why."""
    try:
        for kind, run in groupby(operations, key=type):
            _BUILD[kind](builder, list(run))
        builder.done()
    except BaseException:
        builder.undo()
        raise
