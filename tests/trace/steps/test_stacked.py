"""Interfaces that stand on another one: what an ipvlan's neighbours on one interface hand to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

import cnetkit
from cnetkit.trace import explain

BESIDE = "was handed to"


@pytest.fixture(scope="module")
def trace():
    """A real engine's ipvlan, recorded with Linux 6.1: `one` at 203.0.113.70, `two` at .71, both on dock/eth0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNETKIT_MODE", "replay")
        return cnetkit.run("docker-ipvlan")


def ways(trace, first):
    return [
        [f"{hop.node}/{hop.interface} {hop.direction}" for hop in trip.hops]
        for trip in trace.journeys
        if trip.packet.protocol == "tcp" and trip.packet.ends.source == first
    ]


def test_a_packet_between_two_ipvlans_of_one_interface_is_not_seen_at_it(trace):
    there = ways(trace, "203.0.113.71")
    assert there
    assert there == [["two/eth0 out", "one/eth0 in"]] * len(there)
    back = [way for way in ways(trace, "203.0.113.70") if "two/eth0 in" in way]
    assert back
    assert back == [["one/eth0 out", "two/eth0 in"]] * len(back)


def test_from_outside_the_interface_hands_it_up_by_the_ip_address(trace):
    there = ways(trace, "203.0.113.2")
    assert there == [["outside/eth0 out", "dock/eth0 in", "one/eth0 in"]] * len(there) != []


def test_the_step_and_its_evidence_name_what_both_stand_on(trace):
    trip = next(
        trip for trip in trace.journeys if trip.packet.ends.source == "203.0.113.71" and trip.packet.kind == "SYN"
    )
    assert "handed to one/eth0, which stands on the same interface" in trip.explain()
    assert [(item.kind, item.quote, item.strength) for item in trip.hops[1].evidence if item.kind == "link"] == [
        ("link", "one/eth0 and two/eth0 stand on one interface", "table")
    ]


def test_a_vlan_hands_nothing_to_its_neighbour(trace):
    """The same frames, if the topology calls both interfaces VLANs."""
    recording = trace.recording
    topologies = tuple(
        replace(one, interfaces=tuple(replace(i, kind="vlan") if i.kind == "ipvlan" else i for i in one.interfaces))
        for one in recording.topologies
    )
    other = explain(replace(recording, topologies=topologies, events=()))
    assert not any("stands on the same interface" in trip.explain() for trip in other.journeys)


def test_the_topology_calls_it_no_tunnel(trace):
    links = {(link.kind, link.a, link.b) for link in trace.recording.topologies[0].links}
    assert links == {
        ("veth", ("dock", "eth0"), ("outside", "eth0")),
        ("ipvlan", ("one", "eth0"), ("dock", "eth0")),
        ("ipvlan", ("two", "eth0"), ("dock", "eth0")),
    }
