"""Attachment: one connection of a node to a network, as plain data.

It builds nothing. How a node is joined to a network is the network's business (`cnetkit.lab.network`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cnetkit import operations as op


class Attachable(Protocol):
    """What a network does when a node that is attached to it is removed."""

    name: str
    default_gateways: tuple[str, ...]
    """The gateways of its containers' default routes; empty if nothing leads out of it."""

    def leaving(self, attachments: Sequence[Attachment]) -> list[op.Operation]:
        """The operations that the rest of the network needs before these attachments are gone."""

    def release(self, attachment: Attachment) -> None:
        """Frees what the network holds for an attachment that is gone, its addresses for one."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """`interface` is its name inside the node, `addresses` are in CIDR form, one for each address pool of the network."""

    node: str
    network: Attachable
    interface: str
    addresses: tuple[str, ...]
    mac: str
    peer: tuple[str, str] = ("", "")
    """(node, interface) of the other end of a veth pair, or the parent of a macvlan interface."""
    gateways: tuple[str, ...] = ()
    """The gateways of the node's default routes that lead through this attachment; at most one attachment has them."""
