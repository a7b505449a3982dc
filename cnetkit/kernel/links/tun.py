"""tun and tap links, made by a program that opens /dev/net/tun. Read only: netlink cannot create one.

Source: Documentation/networking/tuntap.rst.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind, no_details

KIND = LinkKind("tun", details=no_details, probed=False)
