"""Which journeys are one flow."""

from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.l2 import Ether

from cnetkit.model import Connection, Node, Topology, Tuple5
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

MACS = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}


def flows(*packets):
    """The number of the flow of each packet, all at one place."""
    captured = [("a/eth0", way, at, bytes(Ether(**MACS) / packet)) for at, (way, packet) in enumerate(packets)]
    return [journey.flow.id for journey in explain(recording_of(frames_of(captured))).journeys]


def probe(port):
    return IP(src="10.0.0.1", dst="198.51.100.7", id=0, ttl=1) / UDP(sport=40000, dport=port) / b"probe"


def error(about, router="10.0.0.254"):
    return IP(src=router, dst="10.0.0.1") / ICMP(type=11) / about


def test_the_errors_of_one_router_do_not_join_the_flows_that_they_are_about():
    packets = [(2, probe(44444)), (1, error(IPerror(bytes(probe(44444))[:28])))]
    packets += [(2, probe(44445)), (1, error(IPerror(bytes(probe(44445))[:28])))]
    first, its_error, second, other_error = flows(*packets)
    assert first == its_error != second == other_error


def test_an_error_that_quotes_too_little_stands_by_its_own_ends():
    first, its_error, another = flows((2, probe(44444)), (1, error(b"")), (1, error(b"\x45\0")))
    assert first != its_error == another
    near, far = flows((1, error(b"")), (1, error(b"", "10.0.0.253")))
    assert near != far


def test_both_sides_of_a_redirect_on_loopback_are_one_flow_if_the_nodes_own_entry_says_so():
    there, back = (
        IP(src="10.0.0.1", dst="127.0.0.1") / UDP(sport=4, dport=15001),
        IP(src="9.9.9.9", dst="10.0.0.1") / UDP(sport=80, dport=4),
    )
    for node, flows_ in (("a", 1), ("b", 2)):
        original, reply = Tuple5("10.0.0.1", "9.9.9.9", 4, 80), Tuple5("127.0.0.1", "10.0.0.1", 15001, 4)
        tables = Topology(nodes=(Node("a"), Node("b")), connections=(Connection(node, 1, "udp", original, reply),))
        captured = [("a/lo", 2, at, bytes(Ether(**MACS) / packet)) for at, packet in enumerate((there, back))]
        trace = explain(recording_of(frames_of(captured), topologies=(tables,)))
        assert len({journey.flow.id for journey in trace.journeys}) == flows_
