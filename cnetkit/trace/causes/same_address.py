"""Packets that ended at one of two nodes of one network that have the same IP address (RFC 5227).

That is said beside the cause: which of the two a sender meant, no table tells. Two interfaces are on one network if cables and
bridges join them. Where a bridge keeps VLANs apart, or an interface changed meanwhile, nothing is said.
"""

from __future__ import annotations

from dataclasses import replace

from cnetkit.model import Evidence, Interface, Outcome
from cnetkit.trace.causes.cause import around, interface
from cnetkit.trace.evidence.case import Case

Place = tuple[str, str]


def mentioned(case: Case, frame: int, outcome: Outcome) -> Outcome:
    """The outcome of a packet that was dropped at an address that another node of the network has, too, with that said."""
    c, (node, name) = case.joined.columns, case.place(frame)
    if outcome.kind != "dropped" or not c.version[frame] or c.depth[frame] or case.direction(frame) != "in":
        return outcome
    address = case.packet(frame).ends.destination
    holders = case.once(_holders).get(address, [])
    mine = [holder for holder in holders if (holder.node, holder.name) == (node, name)]
    if not mine or len(holders) < 2:
        return outcome
    networks = case.once(_networks)
    here = networks.get((node, name))
    twins = [h for h in holders if h.node != node and here is not None and networks.get((h.node, h.name)) == here]
    if len(twins) != 1 or not all(_steady(case, frame, holder, address) for holder in (*mine, *twins)):
        return outcome
    twin = f"{twins[0].node}/{twins[0].name}"
    words = f"{outcome.reason}; {twin} on the same network has the address {address}, too"
    evidence = Evidence("address", f"{node}/{name} and {twin} both have {address}", "interfaces", "table")
    return replace(outcome, reason=words, evidence=(*outcome.evidence, evidence))


def _steady(case: Case, frame: int, holder: Interface, address: str) -> bool:
    """Whether it was up and had the address before and after the frame."""
    if interface(case, frame, holder.node, holder.name) is None:
        return False
    there = [i for t in around(case, frame) for i in t.interfaces if (i.node, i.name) == (holder.node, holder.name)]
    return all(i.up and address in {cidr.split("/")[0] for cidr in i.addresses} for i in there)


def _holders(case: Case) -> dict[str, list[Interface]]:
    """The interfaces that have each address."""
    holders: dict[str, list[Interface]] = {}
    for there in case.tables.interfaces.values():
        for cidr in there.addresses:
            holders.setdefault(cidr.split("/")[0], []).append(there)
    return holders


def _networks(case: Case) -> dict[Place, Place]:
    """For each interface on a network one interface that stands for that network; none where a bridge keeps VLANs apart."""
    interfaces = case.tables.interfaces
    beside: dict[Place, set[Place]] = {}
    for place, there in interfaces.items():
        others = {there.peer} if there.kind == "veth" and there.peer else set()
        for other in others | ({(there.node, there.master)} if there.master else set()):
            beside.setdefault(place, set()).add(other)
            beside.setdefault(other, set()).add(place)
    networks: dict[Place, Place] = {}
    seen: set[Place] = set()
    for start in beside:
        if start in seen:
            continue
        network, ahead = {start}, [start]
        while ahead:
            new = beside[ahead.pop()] - network
            network |= new
            ahead += new
        seen |= network
        if not any(place in interfaces and interfaces[place].details.get("vlan_filtering") for place in network):
            networks |= dict.fromkeys(network, start)
    return networks
