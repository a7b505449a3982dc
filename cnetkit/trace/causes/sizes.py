"""Where a packet's own header ends it: its time to live, its size, or a fragment that is missing."""

from __future__ import annotations

import numpy as np

from cnetkit.model import Evidence
from cnetkit.trace.causes.cause import Cause, interface, moved
from cnetkit.trace.causes.routing import arrival, chosen
from cnetkit.trace.evidence.case import Case


def expired(case: Case, frame: int) -> Cause | None:
    """Its time to live was used up, and the router's answer was not seen."""
    to = arrival(case, frame)
    if to is None or case.joined.columns.ttl[frame] > 1:
        return None
    counter = moved(case, frame, to.node, "Ip.InHdrErrors" if to.version == 4 else "Ip6.InHdrErrors")
    name = "ip.ttl" if to.version == 4 else "ipv6.hlim"
    said = Evidence("header", f"{name} {int(case.joined.columns.ttl[frame])}", f"frame {frame}", "inferred")
    return None if counter is None else Cause("its time to live ended here", (said, counter))


def too_large(case: Case, frame: int) -> Cause | None:
    """Larger than the next link takes, and not to be fragmented; the router's answer was not seen."""
    to = arrival(case, frame)
    if to is None or not (to.version == 6 or _dont_fragment(case, frame)):
        return None
    found = chosen(case, frame, to, to.source, to.destination)
    counter = moved(case, frame, to.node, "Ip.FragFails" if to.version == 4 else "Ip6.InTooBigErrors")
    out = None if found.route is None else interface(case, frame, to.node, found.route.interface)
    size = int(case.joined.columns.length[frame])
    if out is None or counter is None or not 0 < out.mtu < size:
        return None
    said = Evidence("mtu", f"{out.name} mtu {out.mtu}", f"{to.node}/{out.name}", "table")
    return Cause(f"its {size} octets do not fit {out.name} and must not be fragmented", (said, found.evidence, counter))


def larger_than_the_other_end(case: Case, frame: int) -> Cause | None:
    """Sent into a veth pair whose other end takes less (drivers/net/veth.c, is_skb_forwardable)."""
    node, name = case.place(frame)
    here = case.tables.interfaces.get((node, name))
    if case.direction(frame) != "out" or here is None or here.kind != "veth" or here.peer is None:
        return None
    peer = interface(case, frame, *here.peer)
    size = int(case.recording.frames.length[frame]) - ETHERNET
    counter = moved(case, frame, node, f"{name}.tx_dropped") or moved(case, frame, *_received(here.peer))
    if peer is None or counter is None or size <= peer.mtu + TAG:
        return None
    said = Evidence("mtu", f"{peer.name} mtu {peer.mtu}", f"{peer.node}/{peer.name}", "table")
    return Cause(f"its {size} octets are more than {peer.node}/{peer.name} takes", (said, counter))


def _received(place: tuple[str, str]) -> tuple[str, str]:
    return place[0], f"{place[1]}.rx_dropped"


ETHERNET, TAG = 14, 4
"""Octets of an Ethernet header, and of a VLAN tag, which are let through beyond the MTU."""


def _dont_fragment(case: Case, frame: int) -> bool:
    at = int(case.joined.columns.network[frame]) + 6
    return bool(case.joined.units.data[at] & 0x40)


def incomplete(case: Case, frame: int) -> Cause | None:
    """Some of its fragments were not seen further on, so the datagram cannot be put together there."""
    lacking = case.once(_lacking).get(int(case.joined.journey[frame]))
    if lacking is None:
        return None
    where = "/".join(case.place(lacking))
    said = Evidence("fragment", f"not all fragments of the datagram were seen at {where}", "frames", "inferred")
    return Cause(f"fragments of it are missing at {where}", (said,), "lost-from-sight")


def _lacking(case: Case) -> dict[int, int]:
    """The last frame of each journey that is a fragment of a datagram of which not all was seen."""
    rows = np.flatnonzero(case.joined.incomplete)
    return dict(zip(case.joined.journey[rows].tolist(), rows.tolist(), strict=True))
