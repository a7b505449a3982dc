"""Which later packet of a node answers a neighbour solicitation, and which arrival of a flooded one counts."""

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

ASKER, OWN, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
SOLICITED = Ether(src=ASKER, dst="33:33:ff:00:00:02") / IPv6(src="fd00::1", dst="ff02::1:ff00:2", hlim=255)
NODES = Topology(
    nodes=(Node("b"), Node("c")),
    interfaces=(
        Interface("b", "eth0", 2, "veth", OWN, up=True, addresses=("fd00::2/64",)),
        Interface("c", "eth0", 2, "veth", OTHER, up=True, addresses=("fd00::99:2/64",)),
    ),
)


def advertised(target, to="fd00::1", flags=3):
    return Ether(src=OWN, dst=ASKER) / IPv6(src="fd00::2", dst=to, hlim=255) / ICMPv6ND_NA(tgt=target, R=flags & 1, S=1)


def asked(answer):
    """The outcome of a solicitation for fd00::2 that two nodes got, where b then sends `answer`."""
    request = bytes(SOLICITED / ICMPv6ND_NS(tgt="fd00::2"))
    frames = [("b/eth0", 1, 10, request), ("b/eth0", 2, 12, bytes(answer)), ("c/eth0", 1, 14, request)]
    journeys = explain(recording_of(frames_of(frames), (NODES,))).journeys
    return [j.outcome for j in journeys if j.packet.kind == "neighbour solicitation"]


def test_an_advertisement_of_the_address_answers_at_the_node_that_has_it():
    first, *_ = asked(advertised("fd00::2"))
    assert (first.kind, first.where, first.evidence[-1].kind) == ("delivered", "b/eth0", "answer")


def test_an_advertisement_of_another_address_or_to_another_node_is_no_answer():
    for answer in (advertised("fd00::3"), advertised("fd00::2", to="fd00::7")):
        assert "delivered" not in {outcome.kind for outcome in asked(answer)}
