"""A flooded frame of which a bridge dropped one copy, and sent others on or kept one itself, was not dropped."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether

from cnetkit.model import Action, Chain, Event, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

CLIENT, BRIDGE, THIRD = "02:00:00:00:00:0a", "02:00:00:00:00:01", "02:00:00:00:00:0c"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


def network(family, hook):
    interfaces = (
        Interface("dock", "br0", 2, "bridge", BRIDGE, up=True, addresses=("172.17.0.1/16",)),
        *(Interface("dock", f"p{n}", 3 + n, "veth", f"02:00:00:00:01:0{n}", up=True, master="br0") for n in range(3)),
        Interface("third", "eth0", 2, "veth", THIRD, up=True, peer=("dock", "p2"), addresses=("172.17.0.4/16",)),
    )
    rule = Rule("dock", family, "filter", "c", 7, "drop it", actions=(Action("drop"),))
    chain = Chain("dock", family, "filter", "c", hook)
    return Topology(nodes=(Node("dock"), Node("third")), interfaces=interfaces, rules=(rule,), chains=(chain,))


def outcome(packet, *places, target=EVERYBODY, family="bridge", hook="forward", incoming="p0"):
    """Of a frame that came in at p0, of which dock dropped a copy, and which was seen at `places` then."""
    frame = bytes(Ether(src=CLIENT, dst=target) / packet)
    frames = [("dock/p0", 1, 10, frame)]
    frames += [(place, 2 if place.startswith("dock/p") else 1, 11 + at, frame) for at, place in enumerate(places)]
    octets = frame[14:]
    parts = (octets[:28], b"") if isinstance(packet, ARP) else (octets[:20], octets[20:28])
    verdict = Verdict(
        1,
        family,
        "filter",
        "c",
        7,
        "rule",
        "drop",
        incoming=incoming,
        network_header=parts[0],
        transport_header=parts[1],
    )
    event = Event(10, "dock", "verdict", "verdict", verdict)
    (journey,) = explain(recording_of(frames_of(frames), (network(family, hook),), (event,))).journeys
    return journey.outcome.kind, journey.outcome.reason


def question(address):
    return ARP(op=1, hwsrc=CLIENT, psrc="172.17.0.3", pdst=address)


DROPPED = "dropped", "drop it"


def test_a_request_of_which_other_copies_were_sent_on_was_not_dropped():
    assert outcome(question("172.17.0.4"), "dock/p2", "third/eth0", "dock/br0")[0] != "dropped"
    assert outcome(question("172.17.0.99"), "dock/p2", "third/eth0", "dock/br0")[0] != "dropped"
    assert outcome(question("172.17.0.99"), "dock/p2", "dock/br0")[0] != "dropped"


def test_a_request_of_which_no_copy_was_sent_on_was_dropped_unless_it_is_for_the_bridges_node():
    assert outcome(question("172.17.0.99"), "dock/br0") == DROPPED
    assert outcome(question("172.17.0.99")) == DROPPED
    assert outcome(question("172.17.0.1"), "dock/br0")[0] != "dropped"


@pytest.mark.parametrize(
    ("packet", "places", "changed"),
    [
        (IP(src="172.17.0.3", dst="172.17.0.4") / UDP(), (), {"target": THIRD}),  # it was one frame, without copies
        (question("172.17.0.4"), ("dock/p2",), {"target": "fe:00:00:00:00:0c"}),  # nor is this address a group's
        (question("172.17.0.99"), ("dock/br0",), {"hook": "prerouting"}),
        (question("172.17.0.1"), (), {"hook": "input"}),
        (IP(src="172.17.0.3", dst="172.17.255.255") / UDP(), ("dock/br0",), {"family": "ip", "hook": "input"}),
    ],
)
def test_a_verdict_that_is_not_about_a_copy_drops_the_packet(packet, places, changed):
    assert outcome(packet, *places, **changed) == DROPPED
