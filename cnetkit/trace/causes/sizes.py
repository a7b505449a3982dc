"""Packets that end because of their own header: TTL, size, or a missing fragment."""

from __future__ import annotations

import numpy as np

from cnetkit.model import Evidence
from cnetkit.trace.causes.cause import Cause, interface, moved
from cnetkit.trace.causes.routing import arrival, chosen
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.route import leads_to
from cnetkit.trace.packets.packet import frame_number


def expired(case: Case, frame: int) -> Cause | None:
    """Its TTL reached zero, and the router's answer was not captured."""
    to = arrival(case, frame)
    if to is None or case.joined.columns.ttl[frame] > 1:
        return None
    counter = moved(case, frame, to.node, "Ip.InHdrErrors" if to.version == 4 else "Ip6.InHdrErrors")
    name = "ip.ttl" if to.version == 4 else "ipv6.hlim"
    evidence = Evidence("header", f"{name} {int(case.joined.columns.ttl[frame])}", frame_number(frame), "inferred")
    return None if counter is None else Cause("its time to live ended here", (evidence, counter))


def too_large(case: Case, frame: int) -> Cause | None:
    """Larger than the MTU of the next link, with "don't fragment"; the router's answer was not captured."""
    to = arrival(case, frame)
    if to is None or not (to.version == 6 or _dont_fragment(case, frame)):
        return None
    lookup = chosen(case, frame, to)
    counter = moved(case, frame, to.node, "Ip.FragFails" if to.version == 4 else "Ip6.InTooBigErrors")
    size = int(case.joined.columns.length[frame])
    if lookup.route is not None and 0 < lookup.route.mtu < size and counter is not None:
        return Cause(
            f"its {size} octets do not fit the route's MTU and must not be fragmented", (lookup.evidence, counter)
        )
    ways = () if lookup.route is None else leads_to(lookup.route)
    outs = [interface(case, frame, to.node, way) for way in ways]
    out = next((out for out in outs if out is not None), None)
    if out is None or counter is None or not all(out is not None and 0 < out.mtu < size for out in outs):
        return None
    evidence = Evidence("mtu", f"{out.name} mtu {out.mtu}", f"{to.node}/{out.name}", "table")
    return Cause(
        f"its {size} octets do not fit {out.name} and must not be fragmented", (evidence, lookup.evidence, counter)
    )


def exceeds_peer_mtu(case: Case, frame: int) -> Cause | None:
    """Sent into a veth pair whose other end has a smaller MTU (drivers/net/veth.c, is_skb_forwardable)."""
    node, name = case.place(frame)
    here = case.tables.interfaces.get((node, name))
    if case.direction(frame) != "out" or here is None or here.kind != "veth" or here.peer is None:
        return None
    peer = interface(case, frame, *here.peer)
    size = int(case.recording.frames.length[frame]) - ETHERNET
    counter = moved(case, frame, node, f"{name}.tx_dropped") or moved(case, frame, *_received(here.peer))
    if peer is None or counter is None or size <= peer.mtu + TAG:
        return None
    evidence = Evidence("mtu", f"{peer.name} mtu {peer.mtu}", f"{peer.node}/{peer.name}", "table")
    return Cause(f"its {size} octets are more than {peer.node}/{peer.name} takes", (evidence, counter))


def _received(place: tuple[str, str]) -> tuple[str, str]:
    return place[0], f"{place[1]}.rx_dropped"


ETHERNET, TAG = 14, 4
"""Octets of an Ethernet header, and of a VLAN tag, which is allowed beyond the MTU."""


def _dont_fragment(case: Case, frame: int) -> bool:
    at = int(case.joined.columns.network[frame]) + 6
    return bool(case.joined.units.data[at] & 0x40)


def incomplete(case: Case, frame: int) -> Cause | None:
    """Some of its fragments were not captured further on, so the datagram cannot be reassembled there."""
    lacking = case.once(_lacking).get(int(case.joined.journey[frame]))
    if lacking is None:
        return None
    where = "/".join(case.place(lacking))
    evidence = Evidence("fragment", f"not all fragments of the datagram were seen at {where}", "frames", "inferred")
    return Cause(f"fragments of it are missing at {where}", (evidence,), "lost-from-sight")


def _lacking(case: Case) -> dict[int, int]:
    """For each journey of an incompletely captured datagram its last fragment."""
    rows = np.flatnonzero(case.joined.incomplete)
    return dict(zip(case.joined.journey[rows].tolist(), rows.tolist(), strict=True))
