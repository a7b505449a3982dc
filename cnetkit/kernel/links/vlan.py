"""VLANs: a link for the frames of its parent that carry one 802.1Q tag. Read and probed only.

Source: IEEE 802.1Q, net/8021q.
"""

from __future__ import annotations

import struct

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute

KIND = LinkKind(
    "vlan", joined_by="vlan", probe_data=attribute(nl.IFLA_VLAN_ID, struct.pack("=H", 7)), probe_parent="p0"
)
