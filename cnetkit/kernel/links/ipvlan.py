"""ipvlan: a link that shares its parent's MAC address. Read and probed only.

Source: Documentation/networking/ipvlan.rst.
"""

from __future__ import annotations

import struct

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute

KIND = LinkKind(
    "ipvlan",
    joined_by="ipvlan",
    probe_data=attribute(nl.IFLA_IPVLAN_MODE, struct.pack("=H", nl.IPVLAN_MODE_L2)),
    probe_parent="p1",
)
