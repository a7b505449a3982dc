"""The loopback link, which every namespace has. Read only: the kernel creates it.

Source: drivers/net/loopback.c.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details

KIND = LinkKind("loopback", details=no_details, probed=False)
