"""What the rest of the kernel room must know of a link kind. It names no kind.

Sources: linux/if_link.h, rtnetlink(7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnetkit.kernel.netlink.codec import attributes

Details = Callable[[bytes], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LinkKind:
    """A kind of link, under the name that the kernel gives it (IFLA_INFO_KIND).

    `details` reads its IFLA_INFO_DATA; None: pyroute2 does, which knows all kinds and takes 0.3 s to load.
    """

    name: str
    details: Details | None = None
    port_details: Details | None = None
    """Reads what this kind, as a master, keeps about one of its ports (IFLA_INFO_SLAVE_DATA)."""
    joined_by: str = "tunnel"
    """The kind of topology link between such an interface and its peer or parent."""
    pair: bool = False
    """Both ends are of this kind and name each other: one topology link for the two."""
    probed: bool = True
    """The probe can try it with a netlink message: it asks for a link with `probe_data` on the parent `probe_parent`."""
    probe_data: bytes = b""
    probe_parent: str = ""
    """`p0` or `p1`: the ends of the veth pair that the probe makes first."""


def no_details(_data: bytes) -> dict[str, Any]:
    """For kinds of which the kernel tells nothing worth knowing."""
    return {}


def table(fields: Mapping[int, tuple[str, Callable[[bytes], Any]]]) -> Details:
    """Reads attributes by a table: each attribute's name and how its value is read. Others are left out."""

    def details(data: bytes) -> dict[str, Any]:
        return {fields[kind][0]: fields[kind][1](value) for kind, value in attributes(data).items() if kind in fields}

    return details
