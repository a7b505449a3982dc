"""WireGuard tunnels, as links. Read and probed only.

Source: drivers/net/wireguard.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind

KIND = LinkKind("wireguard")
