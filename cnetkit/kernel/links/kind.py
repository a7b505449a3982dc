"""The description of a link kind that the rest of the kernel room works with. It names no kind.

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
    """A kind of link, under the kernel's name for it (IFLA_INFO_KIND).

    `details` decodes its IFLA_INFO_DATA. None: pyroute2 decodes it, which knows all kinds but takes 0.3 s to load.
    """

    name: str
    details: Details | None = None
    port_details: Details | None = None
    """Decodes what this kind, as a master, stores about a port (IFLA_INFO_SLAVE_DATA)."""
    joined_by: str = "tunnel"
    """The kind of the topology link from such an interface to its peer or parent."""
    pair: bool = False
    """Both ends are of this kind and refer to each other, so the two have a single topology link."""
    probed: bool = True
    """Whether the probe tries this kind: it creates a link with `probe_data` on the parent `probe_parent`."""
    probe_data: bytes = b""
    probe_parent: str = ""
    """`p0` or `p1`: the ends of the veth pair that the probe creates first."""


def no_details(_data: bytes) -> dict[str, Any]:
    """For kinds without details."""
    return {}


def table(fields: Mapping[int, tuple[str, Callable[[bytes], Any]]]) -> Details:
    """A decoder that uses a table of attributes: their names, and how to decode their values. It skips other attributes."""

    def details(data: bytes) -> dict[str, Any]:
        return {fields[kind][0]: fields[kind][1](value) for kind, value in attributes(data).items() if kind in fields}

    return details
