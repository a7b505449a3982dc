"""The journeys between two ends."""

from pathlib import Path

import pytest

import cnetkit
from cnetkit.model import CnetkitError, Interface, Node, Topology
from cnetkit.trace.query.between import expression as between
from tests.trace.loading import frames_of, recording_of

TRUTH = Path(__file__).parents[2] / "data" / "truth" / "portmap.pcapng"


@pytest.fixture(scope="module")
def trace():
    return cnetkit.load(TRUTH)


def captured(trace, *nodes):
    return [j.id for j in trace.journeys if set(nodes) <= {hop.node for hop in j.hops}]


def test_between_two_nodes_selects_journeys_captured_at_both(trace):
    assert trace.between("ext", "web").numbers.tolist() == captured(trace, "ext", "web")
    assert trace.between("web", "ext").numbers.tolist() == captured(trace, "ext", "web")


def test_an_interface_and_an_address_are_ends_too(trace):
    part = trace.between("web/eth0", "203.0.113.2")
    assert part.numbers.tolist() == [
        j.id
        for j in trace.journeys
        if any((h.node, h.interface) == ("web", "eth0") for h in j.hops)
        and any("203.0.113.2" in (p.ends.source, p.ends.destination) and p.version
                for p in map(trace.analysis.case.packet, j.frames))
    ]  # fmt: skip


def test_an_unknown_end_is_refused_with_a_list_of_nodes(trace):
    with pytest.raises(
        CnetkitError,
        match="'wob' is not a node, interface or address of this trace: its nodes are dock, ext, peer, web",
    ):
        trace.between("ext", "wob")


def test_a_node_or_interface_stands_for_its_own_addresses_but_loopback_and_link_local_ones():
    interfaces = (
        Interface("a", "eth0", addresses=("10.0.0.1/24", "fe80::1/64")),
        Interface("a", "lo", addresses=("127.0.0.1/8",)),
        Interface("a", "eth1", addresses=("10.0.1.1/24",)),
        Interface("b", "eth0", addresses=("10.0.0.2/24",)),
    )
    recording = recording_of(frames_of([]), (Topology(nodes=(Node("a"), Node("b")), interfaces=interfaces),))
    assert between(recording, "a", "b/eth0") == (
        '(node == "a" or ip.addr in {10.0.0.1, 10.0.1.1}) and (interface == "b/eth0" or ip.addr in {10.0.0.2})'
    )
    assert between(recording, "a/eth0", "10.0.0.2") == (
        '(interface == "a/eth0" or ip.addr in {10.0.0.1}) and (ip.addr == 10.0.0.2/32)'
    )
    assert between(recording, "a/lo", "b").startswith('(interface == "a/lo") and ')
