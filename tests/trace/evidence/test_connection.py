"""Which conntrack entry is quoted for a translated packet, and how."""

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from cnetkit.model import Connection, Event, Interface, Node, Topology, Tuple5, Verdict
from cnetkit.trace import explain
from cnetkit.trace.evidence.connection import worded
from tests.trace.loading import frames_of, recording_of

THERE, BACK = Tuple5("10.0.0.1", "10.0.0.2", 7, 7), Tuple5("10.0.0.2", "10.0.0.1", 7, 7)


def test_an_entry_is_quoted_by_its_tuples_without_its_state():
    entry = Connection("a", 1, "tcp", THERE, BACK, ("assured",), "LAST_ACK", "tcp LAST_ACK ... [ASSURED]")
    assert worded(entry) == "tcp src=10.0.0.1 dst=10.0.0.2 sport=7 dport=7 src=10.0.0.2 dst=10.0.0.1 sport=7 dport=7"


def test_an_echo_has_an_identifier_instead_of_ports():
    assert worded(Connection("a", 1, "icmp", THERE, BACK)) == (
        "icmp src=10.0.0.1 dst=10.0.0.2 id=7 src=10.0.0.2 dst=10.0.0.1 id=7"
    )


CLIENT, SERVICE, WEB = ("10.0.0.1", 5), ("10.0.0.9", 80), ("172.17.0.2", 8080)
NODE = Topology(
    nodes=(Node("dock"),),
    interfaces=(
        Interface("dock", "eth0", 2, "veth", "02:00:00:00:00:02", up=True),
        Interface("dock", "eth1", 3, "veth", "02:00:00:00:00:03", up=True),
    ),
)
SECOND = 10**9


def entry(number, source, node="dock"):
    """Of a connection from CLIENT to SERVICE, translated to WEB and, on the way out, to come from `source`."""
    ends = Tuple5(CLIENT[0], SERVICE[0], CLIENT[1], SERVICE[1]), Tuple5(WEB[0], source[0], WEB[1], source[1])
    return Connection(node, number, "tcp", *ends)


def evidence(*entries, named=0, time=10 * SECOND, began_here=False):
    """Which entry is quoted for a packet from CLIENT to SERVICE that leaves for WEB: (reply's target port, strength).

    `entries`: (time in s at which it was read, entry). `named`: the entry's id in the kernel's verdict.
    """
    sent = IP(src=CLIENT[0], dst=SERVICE[0], ttl=64, id=7) / TCP(sport=CLIENT[1], dport=SERVICE[1], flags="S")
    left = IP(src=CLIENT[0], dst=WEB[0], ttl=64 if began_here else 63, id=7) / TCP(sport=5, dport=WEB[1], flags="S")
    first = [] if began_here else [("dock/eth0", 1, time, bytes(Ether(dst="02:00:00:00:00:02") / sent))]
    frames = frames_of([*first, ("dock/eth1", 2, time + 9, bytes(Ether(src="02:00:00:00:00:03") / left))])
    seen = bytes(left if began_here else sent)
    verdict = Verdict(
        1, "ip", "filter", "c", 0, "policy", "accept", incoming="" if began_here else "eth0", connection=named,
        network_header=seen[:20], transport_header=seen[20:40],
    )  # fmt: skip
    events = [Event(at * SECOND, "dock", "connection", "new", item) for at, item in entries]
    events.append(Event(time + 5, "dock", "verdict", "verdict", verdict))
    (journey,) = explain(recording_of(frames, (NODE,), tuple(events))).journeys
    quoted = [e for e in journey.hops[-1].evidence if e.kind in ("conntrack", "order")]
    return [(int(e.quote.rpartition("=")[2]), e.strength) if e.kind == "conntrack" else e.strength for e in quoted]


def test_the_entry_that_makes_the_whole_translation_comes_before_one_that_makes_a_part():
    """The latter may belong to a packet whose source is translated later on."""
    assert evidence((1, entry(1, CLIENT)), (2, entry(2, ("10.0.0.7", 6)))) == [(5, "table")]
    assert evidence((2, entry(2, ("10.0.0.7", 6)))) == [(6, "table")]


def test_the_entry_that_the_kernel_named_comes_first():
    entries = (1, entry(1, CLIENT)), (2, entry(2, ("10.0.0.7", 6))), (3, entry(3, ("10.0.0.7", 8)))
    assert [evidence(*entries, named=number) for number in (1, 2, 3)] == [
        [(5, "kernel")], [(6, "kernel")], [(8, "kernel")],
    ]  # fmt: skip


def test_the_entry_that_the_kernel_named_comes_before_one_without_an_id():
    """Old recordings have no ids."""
    entries = (1, entry(0, CLIENT)), (2, entry(2, ("10.0.0.7", 6)))
    assert evidence(*entries, named=2) == [(6, "kernel")]
    assert evidence(*entries) == [(5, "table")]


def test_no_entry_is_quoted_if_the_kernel_named_another_one():
    assert evidence((1, entry(1, CLIENT)), named=9) == ["inferred"]
    assert evidence((1, entry(0, CLIENT)), named=9) == [(5, "table")]  # it has no id in this recording


def test_the_latest_entry_of_that_time_comes_first():
    entries = (1, entry(1, ("10.0.0.7", 6))), (5, entry(2, ("10.0.0.7", 7))), (9, entry(3, ("10.0.0.7", 8)))
    assert [evidence(*entries, time=at * SECOND) for at in (2, 6, 10)] == [
        [(6, "table")],
        [(7, "table")],
        [(8, "table")],
    ]
    assert evidence(*entries, time=SECOND // 2) == ["inferred"]


def test_an_entry_of_another_node_or_translation_is_not_quoted():
    other = Connection(
        "dock", 1, "tcp", Tuple5("10.0.0.1", "10.0.0.8", 5, 80), Tuple5("172.17.0.2", "10.0.0.1", 8080, 5)
    )
    assert evidence((1, entry(1, CLIENT, node="web"))) == ["inferred"]
    assert evidence((1, other)) == ["inferred"]


def test_of_a_packet_that_began_in_the_node_only_an_entry_that_the_kernel_named_is_quoted():
    """It was captured after its translation only, and an entry with these ends may have served another packet."""
    entries = (1, entry(1, CLIENT)), (2, entry(2, ("10.0.0.7", 6)))
    assert evidence(*entries, named=1, began_here=True) == [(5, "kernel")]
    assert evidence(*entries, began_here=True) == []
