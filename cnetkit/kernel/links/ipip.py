"""IP-in-IP tunnels. Read and probed only.

Source: RFC 2003, linux/if_tunnel.h.
"""

from __future__ import annotations

import socket

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute

KIND = LinkKind(
    "ipip",
    probe_data=attribute(nl.IFLA_IPTUN_LOCAL, socket.inet_aton("127.0.0.1"))
    + attribute(nl.IFLA_IPTUN_REMOTE, socket.inet_aton("127.0.0.2")),
)
