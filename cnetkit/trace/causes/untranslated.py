"""Answers that came back past the translation: their receiver asked another address and refuses them.

It happens if bridged frames skip netfilter (bridge-nf-call-iptables), and if an answer takes a shorter way than its question. A
conntrack entry of another node shows how the answer should have been translated.
"""

from __future__ import annotations

from cnetkit.model import Evidence
from cnetkit.trace.causes.cause import Cause, setting, sysctl
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.connection import worded
from cnetkit.trace.evidence.kernel_tables import LATE_NS
from cnetkit.trace.packets.packet import end, reply_ends

BRIDGED = "net.bridge.bridge-nf-call-iptables"


def untranslated(case: Case, frame: int) -> Cause | None:
    """Of a packet that its receiver rejected: the node whose entry has it as a reply, with another source."""
    packet, (node, _), time = case.packet(frame), case.place(frame), case.time(frame)
    for other in case.tables.addresses:
        for begun, entry in (
            case.tables.connections.get((other, packet.protocol, packet.ends), []) if other != node else ()
        ):
            asked = reply_ends(entry.original)
            here = (asked.destination, asked.destination_port) == (
                packet.ends.destination,
                packet.ends.destination_port,
            )
            if entry.reply != packet.ends or asked == packet.ends or not here or begun > time + LATE_NS:
                continue
            evidence = [Evidence("conntrack", worded(entry), f"{other} conntrack", "table")]
            if _passed(case, frame, other) and sysctl(case, frame, other, BRIDGED) == "0":
                evidence.append(setting(other, BRIDGED, 0))
            words = f"it asked {end(asked.source, asked.source_port)}, and the answer from {packet.source}"
            return Cause(f"{words} was not translated back by {other}", tuple(evidence))
    return None


def _passed(case: Case, frame: int, node: str) -> bool:
    """Whether the packet passed a bridge's port of this node."""
    at: int | None = frame
    while at is not None:
        here = case.tables.interfaces.get(case.place(at))
        if here is not None and here.node == node and here.master:
            return True
        at = case.parent(at)
    return False
