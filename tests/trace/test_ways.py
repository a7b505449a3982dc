"""From where each frame came and by which step, in the labs' recordings; and that frames alone show the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from cnetkit import catalog
from cnetkit.lab import Lab
from cnetkit.trace import explain
from cnetkit.trace.steps import STEPS


@cache
def recorded(name):
    """The recording that the lab's recorded session gives."""
    entry = catalog.find(name)
    with Lab(name, replay=entry.session) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace.recording


def bare(recording):
    """The frames and nothing else."""
    return replace(recording, topologies=(), events=())


def ways(recording):
    """For each frame its parent's number and place, its own place, and the step."""
    joined, frames = explain(recording).analysis.joined, recording.frames
    places = [f"{tap.node}/{tap.interface}" for tap in frames.taps]
    return [
        (parent, places[frames.tap[parent]] if parent >= 0 else "", places[tap], STEPS[step].name)
        for parent, tap, step in zip(joined.parent.tolist(), frames.tap.tolist(), joined.step.tolist(), strict=True)
    ]


HIDDEN = {"docker-ipvlan", "docker-networks", "key-value-store"}
"""A macvlan's and an ipvlan's frames alone look like those of one more port of a switch; and frames do not show that a tunnel was
moved into another namespace."""


@pytest.mark.parametrize("name", [name for name in catalog.names() if name not in HIDDEN])
def test_frames_alone_show_the_same_parents_and_steps_as_with_the_topology(name):
    assert ways(bare(recorded(name))) == ways(recorded(name))


LEARNED = {"neighbour", "forwarding-entry"}
"""Kinds of evidence from tables that the agent may have read after the packet passed."""


def told(name, kinds):
    """For packets of these kinds each hop's (place before, place, step, kinds of evidence); `!` is a rule that translated it.

    A port of a bridge is named by the node behind it.
    """
    trace = explain(recorded(name))
    peers = {
        (i.node, i.name): i.peer
        for t in trace.recording.topologies
        for i in t.interfaces
        if i.master and i.kind == "veth"
    }

    def named(node, interface):
        peer = peers.get((node, interface))
        return f"{node}/to {peer[0]}" if peer else f"{node}/{interface}"

    found = set()
    for journey in trace.journeys:
        places = {hop.frame: named(hop.node, hop.interface) for hop in journey.hops}
        for hop in journey.hops if journey.packet.kind in kinds else ():
            step = STEPS[int(trace.analysis.joined.step[hop.frame])].name
            why = {e.kind + "!" * (e.effect == "translates") for e in hop.evidence} - LEARNED
            found.add((places.get(hop.parent, ""), places[hop.frame], step, " ".join(sorted(why))))
    return found


def test_the_ways_over_an_overlay_are_those_that_were_checked_by_hand():
    """a is at n1 and b at n2, each behind a bridge; their frames cross the router inside VXLAN."""
    assert told("overlay", ["echo request", "echo reply"]) == {
        ("", "a/eth0", "", "route"), ("", "b/eth0", "", "route"),
        ("a/eth0", "n1/to a", "link", "link"), ("b/eth0", "n2/to b", "link", "link"),
        ("n1/to a", "n1/vxlan0", "bridge-forward", ""), ("n2/to b", "n2/vxlan0", "bridge-forward", ""),
        ("n1/vxlan0", "n1/eth0", "wrapped", "route tunnel"), ("n2/vxlan0", "n2/eth0", "wrapped", "route tunnel"),
        ("n1/eth0", "router/eth0", "link", "link"), ("n2/eth0", "router/eth1", "link", "link"),
        ("router/eth0", "router/eth1", "route", "route"), ("router/eth1", "router/eth0", "route", "route"),
        ("router/eth1", "n2/eth0", "link", "link"), ("router/eth0", "n1/eth0", "link", "link"),
        ("n2/eth0", "n2/vxlan0", "unwrapped", "tunnel"), ("n1/eth0", "n1/vxlan0", "unwrapped", "tunnel"),
        ("n2/vxlan0", "n2/to b", "bridge-forward", ""), ("n1/vxlan0", "n1/to a", "bridge-forward", ""),
        ("n2/to b", "b/eth0", "link", "link route"), ("n1/to a", "a/eth0", "link", "link route"),
    }  # fmt: skip


def test_the_ways_through_a_published_port_are_those_that_were_checked_by_hand():
    """The first packet of outside passes the DNAT rule, all later ones only conntrack. client asks from behind the same bridge:
    its connection ends at docker0, and the proxy opens another one there."""
    up, down = ("dock/docker0", "bridge-up"), ("dock/docker0", "dock/to web", "bridge-down", "")
    there = {
        ("", "outside/eth0", "", "route"), ("", "client/eth0", "", "route"), ("", "dock/docker0", "", "route"),
        ("outside/eth0", "dock/eth0", "link", "link"), ("client/eth0", "dock/to client", "link", "link"),
        down, ("dock/to web", "web/eth0", "link", "link route"),
    }  # fmt: skip
    translated = ("dock/eth0", "dock/docker0", "nat")
    assert told("port-mapping", ["SYN"]) == there | {
        (*translated, "conntrack nft-rule nft-rule! route"),
        ("dock/to client", *up, "nft-rule route"),
    }
    back = {
        ("", "web/eth0", "", "route"), ("", "dock/docker0", "", "route"), ("web/eth0", "dock/to web", "link", "link"),
        ("dock/to web", *up, ""), ("dock/to web", *up, "route"),
        ("dock/docker0", "dock/eth0", "nat", "conntrack nft-rule route"), ("dock/docker0", "dock/to client", "bridge-down", ""),
        ("dock/eth0", "outside/eth0", "link", "link route"), ("dock/to client", "client/eth0", "link", "link route"),
    }  # fmt: skip
    assert told("port-mapping", ["SYN, ACK"]) == back
    later = there | back | {(*translated, "conntrack nft-rule route"), ("dock/to client", *up, "route")}
    assert told("port-mapping", ["ACK", "PSH, ACK", "FIN, ACK"]) == later
