"""Intermediate functional blocks: queueing for what comes in. Read and probed only.

Source: drivers/net/ifb.c.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details

KIND = LinkKind("ifb", details=no_details)
