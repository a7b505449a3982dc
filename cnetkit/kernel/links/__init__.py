"""Link kinds, one per file: how to create a link, how to read its details, how the probe tries the kind.

To add a kind, add its file and its line in the list below. link.py has what all links share. kernel/build decides which links are
created.
"""

from __future__ import annotations

from importlib import import_module

from cnetkit.kernel.links.kind import LinkKind

KINDS: dict[str, LinkKind] = {
    name: import_module(f"{__name__}.{name}").KIND
    for name in (
        "veth",
        "bridge",
        "vxlan",
        "macvlan",
        "ipvlan",
        "vlan",
        "vrf",
        "dummy",
        "ifb",
        "gre",
        "gretap",
        "geneve",
        "ipip",
        "wireguard",
        "tun",
        "loopback",
    )
}
"""By the kernel's name, which is also the file's, in the order in which the probe tries them: children after their parents."""
OTHER = LinkKind("")
"""Stands for every kind without a file."""


def kind(name: str) -> LinkKind:
    """The kind with this IFLA_INFO_KIND."""
    return KINDS.get(name, OTHER)
