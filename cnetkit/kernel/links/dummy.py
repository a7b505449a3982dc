"""Dummy links, which drop what they are given. Read and probed only.

Source: drivers/net/dummy.c.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details

KIND = LinkKind("dummy", details=no_details)
