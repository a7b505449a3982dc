"""Takes entries out of a node's connection tracking table, as `conntrack -D` does. Sources: linux/netfilter/
nfnetlink_conntrack.h, conntrack(8).

It reads the table anew each time, which walks that of all namespaces: for what seldom happens only.
"""

from __future__ import annotations

import errno
import struct

from cnetkit.kernel import verdicts
from cnetkit.kernel.netlink import NESTED, NetlinkError, attribute, attributes, message
from cnetkit.kernel.stacks import Stack
from cnetkit.operations import ForgetConnections

_GET, _DELETE = (1 << 8) | 1, (1 << 8) | 2  # IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE
_ORIGINAL, _ZONE = 1, 18  # CTA_TUPLE_ORIG, CTA_ZONE


def forget(stack: Stack, wish: ForgetConnections) -> None:
    """Deletes what the wish describes; an entry that is gone by itself meanwhile is no error."""
    if stack.sysctl("net.netfilter.nf_conntrack_count") == "0":
        return
    for body in stack.filter.dump(_GET, bytes(4)):
        one = verdicts.connection(stack.name, body)
        if one.protocol != wish.protocol or one.original.destination_port != wish.port:
            continue
        if wish.address not in ("", one.original.destination) or one.reply.source in wish.keep:
            continue
        try:
            stack.filter.batch([_deletion(body)])
        except NetlinkError as error:
            if error.errno != errno.ENOENT:
                raise


def _deletion(body: bytes) -> bytes:
    found = attributes(body, 4)
    zone = attribute(_ZONE, found[_ZONE]) if _ZONE in found else b""
    named = attribute(_ORIGINAL | NESTED, found[_ORIGINAL]) + zone
    return message(_DELETE, 0, struct.pack("=BBH", body[0], 0, 0) + named)
