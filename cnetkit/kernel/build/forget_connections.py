"""Deletes conntrack entries, as `conntrack -D` does. This cannot be undone, and need not be: the next packet makes a new entry.

It reads the whole table each time, for which the kernel walks the table of all namespaces: use it rarely.

Sources: linux/netfilter/nfnetlink_conntrack.h, conntrack(8).
"""

from __future__ import annotations

import errno
import struct

from cnetkit.kernel.build.builder import Builder
from cnetkit.kernel.netlink import constants as nl
from cnetkit.kernel.netlink.codec import attribute, attributes, message
from cnetkit.kernel.netlink.socket import NetlinkError
from cnetkit.kernel.sources import conntrack
from cnetkit.kernel.stacks import Stack
from cnetkit.operations import ForgetConnections


def build(builder: Builder, operations: list[ForgetConnections]) -> None:
    """Carries out operations of this kind."""
    builder.flush()
    for entries in operations:
        _delete(builder.stacks.find(entries.node), entries)


def _delete(stack: Stack, entries: ForgetConnections) -> None:
    """Deletes the matching entries. An entry that has expired meanwhile is no error."""
    for body in conntrack.bodies(stack):
        connection = conntrack.read(stack.name, body)
        original = connection.original
        if connection.protocol != entries.protocol or original.destination_port != entries.port:
            continue
        if entries.address not in ("", original.destination) or connection.reply.source in entries.keep:
            continue
        try:
            stack.filter.batch([_deletion(body)])
        except NetlinkError as error:
            if error.errno != errno.ENOENT:
                raise


def _deletion(body: bytes) -> bytes:
    values = attributes(body, 4)
    zone = attribute(nl.CTA_ZONE, values[nl.CTA_ZONE]) if nl.CTA_ZONE in values else b""
    original = attribute(nl.CTA_TUPLE_ORIG | nl.NLA_F_NESTED, values[nl.CTA_TUPLE_ORIG])
    return message(nl.IPCTNL_MSG_CT_DELETE, 0, struct.pack("=BBH", body[0], 0, 0) + original + zone)
