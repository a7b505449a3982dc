"""GRE tunnels for Ethernet frames. Read and probed only.

Source: RFC 2784, linux/if_tunnel.h.
"""

from __future__ import annotations

from cnetkit.kernel.links.gre import gre_ends
from cnetkit.kernel.links.kind import LinkKind

KIND = LinkKind("gretap", probe_data=gre_ends("127.0.0.1", "127.0.0.2"))
