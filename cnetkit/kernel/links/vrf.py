"""VRFs: a routing table of its own for the links in it. Read and probed only.

Source: Documentation/networking/vrf.rst.
"""

from __future__ import annotations

from cnetkit.kernel.links.kind import LinkKind
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import u32

KIND = LinkKind("vrf", probe_data=u32(nl.IFLA_VRF_TABLE, 7))
