"""Link kinds, one a file: how the kernel is asked for a link, how its details are read, how the probe tries the kind.

A new kind is a file here and its line in the list below. What is common to all links stands in link.py; who builds a link,
and when, in kernel/build.
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
"""By the kernel's name, which is the file's too, in the order in which the probe tries them: children after their parents."""
OTHER = LinkKind("")
"""Every kind that has no file."""


def kind(name: str) -> LinkKind:
    """The kind of this name, as the kernel gives it."""
    return KINDS.get(name, OTHER)
