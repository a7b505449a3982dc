"""GRE tunnels for IP packets. Read and probed only.

Source: RFC 2784, linux/if_tunnel.h.
"""

from __future__ import annotations

import socket

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute


def gre_ends(local: str, remote: str) -> bytes:
    """The data of a GRE tunnel between two IPv4 addresses."""
    local_end = attribute(nl.IFLA_GRE_LOCAL, socket.inet_aton(local))
    return local_end + attribute(nl.IFLA_GRE_REMOTE, socket.inet_aton(remote))


KIND = LinkKind("gre", probe_data=gre_ends("127.0.0.1", "127.0.0.2"))
