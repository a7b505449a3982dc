"""Packets that were wrapped into VXLAN and dropped on the way out of their node: no frame shows the outer packet.

The kernel's verdict has the outer headers, and behind them the VXLAN identifier and the first octets of the inner frame
(RFC 7348, 5; net/netfilter/nf_tables_trace.c). Together with the length they say which packet it was; of several that are alike,
as many must have ended as the kernel reports.
"""

from __future__ import annotations

import numpy as np

from cnetkit.recording.frames import OUT
from cnetkit.trace.causes.cause import Cause
from cnetkit.trace.evidence import rule
from cnetkit.trace.evidence.case import Case
from cnetkit.trace.evidence.output_drops import OutputDrop, output_drops

UDP, VXLAN = 8, 8
"""Octets of these headers; the inner frame follows."""
Key = tuple[str, int, bytes, int]
"""Node, VXLAN identifier, first octets of the inner frame, its length."""
SHOWN = 4
"""The octets of the inner frame that a verdict shows."""


def dropped(case: Case, frame: int) -> Cause | None:
    """Sent into a VXLAN interface, whose outer packet a rule of its own node dropped."""
    key = case.once(_sent).get(frame)
    drops = case.once(_dropped).get(key, []) if key is not None else []
    rows = case.once(_by_key)[key] if key is not None else []
    if not drops or len(rows) != len(drops):
        return None
    drop = drops[rows.index(frame)]
    worded, verdict = rule.worded(case, drop.node, drop.verdict), drop.verdict.verdict
    words = worded.quote if worded is not None else f"dropped in {verdict.family} {verdict.table} {verdict.chain}"
    return Cause(f"its tunnel's packet was not sent: {words}", () if worded is None else (worded,))


def _sent(case: Case) -> dict[int, Key]:
    """What was sent into VXLAN interfaces and not seen any further, in the order of time."""
    frames, joined = case.recording.frames, case.joined
    identifiers = {
        place: int(there.details["id"]) for place, there in case.tables.interfaces.items()
        if there.kind == "vxlan" and "id" in there.details
    }  # fmt: skip
    if not identifiers or not case.once(_dropped):
        return {}
    tunnel = np.array([(tap.node, tap.interface) in identifiers for tap in frames.taps], np.bool_)
    ended = joined.last() & (joined.direction == OUT) & tunnel[frames.tap]
    rows = joined.order[ended[joined.order]].tolist()
    return {
        row: (case.place(row)[0], identifiers[case.place(row)], frames.bytes_of(row)[:SHOWN], int(frames.length[row]))
        for row in rows
    }


def _by_key(case: Case) -> dict[Key, list[int]]:
    by_key: dict[Key, list[int]] = {}
    for row, key in case.once(_sent).items():
        by_key.setdefault(key, []).append(row)
    return by_key


def _dropped(case: Case) -> dict[Key, list[OutputDrop]]:
    """The dropped packets that may be VXLAN's, in the kernel's order."""
    by_key: dict[Key, list[OutputDrop]] = {}
    for drop in output_drops(case):
        network, transport = drop.sent.network_header, drop.sent.transport_header
        if len(transport) < UDP + VXLAN + SHOWN or not transport[UDP] & 8:
            continue
        identifier = int.from_bytes(transport[UDP + 4 : UDP + 7], "big")
        length = int.from_bytes(transport[4:6], "big") - UDP - VXLAN
        protocol = network[9] if network[0] >> 4 == 4 else network[6]
        if protocol == 17:
            key = drop.node, identifier, transport[UDP + VXLAN :][:SHOWN], length
            by_key.setdefault(key, []).append(drop)
    return by_key
