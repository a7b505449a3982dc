"""Adopts nodes: opens network namespaces that somebody else made."""

from __future__ import annotations

from functools import partial

from cnetkit.kernel import netns
from cnetkit.kernel.build.builder import Builder
from cnetkit.model import CnetkitError
from cnetkit.operations import AdoptNode


def build(builder: Builder, operations: list[AdoptNode]) -> None:
    """Carries out operations of this kind."""
    for node in operations:
        builder.flush()
        inside = f"/proc/{builder.first(node.host)}/root"  # as programs in that node see files
        path = f"{inside}/proc/{node.pid}/ns/net" if node.pid else f"{inside}{node.path}"
        try:
            fd = netns.adopt(path)
        except OSError as error:
            what = f"process {node.pid}" if node.pid else node.path
            raise CnetkitError(f"{what} in {node.host} is no network namespace: {error.strerror}") from None
        builder.stacks.adopt(node.name, node.kind, node.host, fd)
        builder.on_failure(partial(builder.stacks.remove, node.name))
