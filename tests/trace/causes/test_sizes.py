"""A packet that its link did not take, named by the other end's MTU and a counter of either end; fragments that are missing."""

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

A, B = "02:00:00:00:00:01", "02:00:00:00:00:02"


def reason(size, mtu=1000, way=2, kind="veth", peer=("b", "eth0"), later=None, **counters):
    """Of an IP packet of `size` octets that a sent into a veth pair, whose other end has the MTU `mtu`, then `later`."""
    frame = bytes(Ether(src=A, dst=B) / IP(src="10.0.0.1", dst="10.0.0.2") / UDP() / bytes(size - 28))

    def snapshot(time, found, most):
        interfaces = (
            Interface("a", "eth0", 2, kind, A, 9000, True, peer=peer, addresses=("10.0.0.1/24",)),
            Interface("b", "eth0", 2, "veth", B, most, True, peer=("a", "eth0"), addresses=("10.0.0.2/24",)),
        )
        named = {node: {} for node in "ab"}
        for name, value in found.items():
            node, counter = name.split("_", 1)
            named[node][f"eth0.{counter}"] = value
        return Topology(time, (Node("a"), Node("b")), interfaces, counters=named)

    around = snapshot(0, {}, mtu), snapshot(100, counters, later or mtu)
    return explain(recording_of(frames_of([("a/eth0", way, 50, frame)]), around)).journeys[0].outcome.reason


@pytest.mark.parametrize("counter", ["a_tx_dropped", "b_rx_dropped"])
def test_a_packet_larger_than_the_other_end_takes_is_named_with_a_counter_of_either_end(counter):
    assert reason(1100, **{counter: 1}) == "its 1100 octets are more than b/eth0 takes"
    assert reason(1005, **{counter: 1}) == "its 1005 octets are more than b/eth0 takes"


@pytest.mark.parametrize(
    "situation",
    [
        {"size": 1004, "a_tx_dropped": 1},  # a VLAN tag's octets are allowed beyond the MTU
        {"size": 1100},
        {"size": 1100, "a_rx_dropped": 1},
        {"size": 1100, "b_tx_dropped": 1},
        {"size": 1100, "a_tx_dropped": 1, "way": 1},
        {"size": 1100, "a_tx_dropped": 1, "kind": "dummy"},
        {"size": 1100, "a_tx_dropped": 1, "peer": None},
        {"size": 1100, "a_tx_dropped": 1, "later": 1500},  # which MTU it met is not known
    ],
)
def test_the_counter_moved_but_not_for_this_packet(situation):
    assert "octets" not in reason(**situation)


@pytest.mark.parametrize("seen", [(True, False), (False, True), (False, False), (True, True)])
def test_fragments_that_did_not_come_further_are_named_with_the_last_place(seen):
    """a sent three fragments; b received the first, and those others that `seen` says."""
    whole = IP(src="10.0.0.1", dst="10.0.0.2", id=9) / UDP(sport=1, dport=2) / bytes(2000)
    pieces = [bytes(Ether(src=A, dst=B) / piece) for piece in fragment(whole, 800)]
    assert len(pieces) == 3
    captured = [("a/eth0", 2, 10 + at, piece) for at, piece in enumerate(pieces)]
    captured += [("b/eth0", 1, 20 + at, piece) for at, piece in enumerate(pieces) if at == 0 or seen[at - 1]]
    interfaces = (
        Interface("a", "eth0", 2, "veth", A, 900, True, peer=("b", "eth0"), addresses=("10.0.0.1/24",)),
        Interface("b", "eth0", 2, "veth", B, 900, True, peer=("a", "eth0"), addresses=("10.0.0.2/24",)),
    )
    network = Topology(0, (Node("a"), Node("b")), interfaces)
    (journey,) = explain(recording_of(frames_of(captured), (network,))).journeys
    said = journey.outcome.kind, journey.outcome.reason
    missing = "lost-from-sight", "fragments of it are missing at b/eth0"
    assert said == (("arrived", "") if all(seen) else missing)
