"""Carries out a Build request: all operations in order, or none.

An operation is carried out by the function `build` in the file of this folder that has the same name as the operation's own
file, so no list of them is needed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import groupby

from cnetkit.kernel.build.builder import Builder
from cnetkit.model import CnetkitError
from cnetkit.operations import OPERATIONS, Operation

_BUILD: dict[type[Operation], Callable[..., None]] = {
    operation: import_module(f"{__package__}.{operation.__module__.rpartition('.')[2]}").build
    for operation in OPERATIONS
}


def carry_out(builder: Builder, operations: Sequence[Operation]) -> None:
    """Carries out `operations`. If one fails, undoes the earlier ones; CnetkitError says which one failed and why."""
    try:
        for kind, run in groupby(operations, key=type):
            alike = list(run)
            try:
                _BUILD[kind](builder, alike)
            except (
                ValueError,
                OverflowError,
                struct.error,
            ) as error:  # an address, a MAC address or a number that is none
                what = "; ".join(one.comment() for one in alike[:3])
                raise CnetkitError(f"this cannot be built: {what} ({error})") from None
        builder.done()
    except BaseException:
        builder.undo()
        raise
