"""Geneve tunnels. Read and probed only.

Source: RFC 8926, linux/if_link.h (IFLA_GENEVE_*).
"""

from __future__ import annotations

import socket

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, u32

KIND = LinkKind(
    "geneve", probe_data=u32(nl.IFLA_GENEVE_ID, 7) + attribute(nl.IFLA_GENEVE_REMOTE, socket.inet_aton("127.0.0.2"))
)
