"""macvlan: a link on a parent link, with its own MAC address.

Source: drivers/net/macvlan.c.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import u32

BRIDGE_MODE = u32(nl.IFLA_MACVLAN_MODE, nl.MACVLAN_MODE_BRIDGE)
"""The data of a macvlan in bridge mode, which can reach other macvlans on the same parent."""
KIND = LinkKind("macvlan", joined_by="macvlan", probe_data=BRIDGE_MODE, probe_parent="p0")
