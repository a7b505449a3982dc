"""A queue or filter of traffic control is the cause only if it counted as many packets as ended there."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Event, ForwardingEntry, Interface, Node, Route, Topology, Verdict
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

PEER, IN_MAC, OUT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
QUEUE = "the queue (qdisc) of r/eth1 dropped it"
FILTER = "a filter of traffic control (tc) at r/eth0 dropped it"


def packet(number, target="10.0.2.2", ttl=64):
    return IP(src="10.0.1.2", dst=target, id=number, ttl=ttl) / UDP(sport=number, dport=90) / b"ask"


def reasons(*packets, hops=("eth1",), events=(), **counters):
    """`packets`: (number, whether r sent it on, target). The counters of r grow from 0."""
    route = Route("r", "10.0.2.0/24", interface=hops[0], text="10.0.2.0/24 dev eth1")
    if len(hops) > 1:
        route = Route("r", "10.0.2.0/24", hops=tuple((f"10.0.2.{at}", name) for at, name in enumerate(hops, 5)))

    def snapshot(time, found):
        interfaces = (
            Interface("r", "eth0", 2, "veth", IN_MAC, 1500, True, addresses=("10.0.1.1/24",)),
            Interface("r", "eth1", 3, "veth", OUT_MAC, 1500, True, addresses=("10.0.2.1/24",)),
        )
        return Topology(
            time, (Node("r", "router"),), interfaces, routes=(route,), counters={"r": {"Ip.InReceives": time} | found}
        )

    frames = []
    for at, (number, sent_on, *target) in enumerate(packets, 1):
        frames.append(("r/eth0", 1, 10 * at, bytes(Ether(src=PEER, dst=IN_MAC) / packet(number, *target))))
        if sent_on:
            frames.append(
                ("r/eth1", 2, 10 * at + 1, bytes(Ether(src=OUT_MAC, dst=PEER) / packet(number, *target, ttl=63)))
            )
    named = {name.replace("__", "."): value for name, value in counters.items()}
    around = snapshot(0, dict.fromkeys(named, 0)), snapshot(1000, named)
    return [journey.outcome.reason for journey in explain(recording_of(frames_of(frames), around, events)).journeys]


def test_a_queue_that_dropped_as_many_as_were_not_sent_on_is_named():
    assert reasons((1, False), (2, False), eth1__qdisc_drops=2) == [QUEUE] * 2
    assert reasons((1, True), (2, False), eth1__qdisc_drops=1) == ["", QUEUE]


@pytest.mark.parametrize(
    ("packets", "counters"),
    [
        ([(1, False), (2, False)], {"eth1__qdisc_drops": 1}),
        ([(1, False)], {"eth1__qdisc_drops": 2}),  # the router's own packets too
        ([(1, False)], {"eth1__qdisc_drops": 0}),
        ([(1, False)], {"eth0__qdisc_drops": 1}),  # at another interface
        ([(1, False)], {"eth1__tc_drops": 1}),
    ],
)
def test_a_queue_that_dropped_another_number_or_elsewhere_is_no_cause(packets, counters):
    assert reasons(*packets, **counters) == [""] * len(packets)


def test_which_queue_it_was_is_not_known_if_the_route_has_several_next_hops():
    assert reasons((1, False), hops=("eth1", "eth1"), eth1__qdisc_drops=1) in ([QUEUE], [""])
    assert reasons((1, False), hops=("eth1", "eth0"), eth1__qdisc_drops=1) == [""]


def test_a_filter_that_dropped_as_many_as_ended_where_they_came_in_is_named():
    assert reasons((1, False), (2, False), eth0__tc_drops=2) == [FILTER] * 2
    assert reasons((1, True), (2, False), eth0__tc_drops=1) == ["", FILTER]
    assert reasons((1, False, "10.0.1.1"), eth0__tc_drops=1) == [FILTER]  # for the router itself


@pytest.mark.parametrize(
    ("packets", "counters"),
    [
        ([(1, False), (2, False)], {"eth0__tc_drops": 1}),
        ([(1, False)], {"eth0__tc_drops": 2}),
        ([(1, False)], {"eth1__tc_drops": 1}),
        ([(1, False)], {"eth0__qdisc_drops": 1}),
    ],
)
def test_a_filter_that_dropped_another_number_or_elsewhere_is_no_cause(packets, counters):
    assert FILTER not in reasons(*packets, **counters)


def test_a_packet_that_netfilter_reported_passed_the_filter():
    """The counter moved, but not for this packet: netfilter comes after traffic control."""
    octets = bytes(packet(1))
    verdict = Verdict(
        1,
        "ip",
        "filter",
        "c",
        0,
        "policy",
        "accept",
        incoming="eth0",
        network_header=octets[:20],
        transport_header=octets[20:28],
    )
    event = Event(11, "r", "verdict", "verdict", verdict)
    assert FILTER not in reasons((1, False), events=(event,), eth0__tc_drops=1)
    assert reasons((1, False), (2, False), events=(event,), eth0__tc_drops=1) == ["", FILTER]


@pytest.mark.parametrize(
    ("entries", "counter", "reason"),
    [
        ([("p1", OUT_MAC)], "p1.qdisc_drops", "the queue (qdisc) of d/p1 dropped it"),
        ([("p1", OUT_MAC)], "p0.qdisc_drops", ""),
        ([("p0", PEER)], "p1.qdisc_drops", ""),  # it was flooded, to which port is not known
        ([], "p1.qdisc_drops", ""),
    ],
)
def test_behind_a_bridge_it_is_the_queue_of_the_port_to_which_the_entry_leads(entries, counter, reason):
    interfaces = (
        Interface("d", "br0", 2, "bridge", IN_MAC, 1500, True),
        *(
            Interface("d", f"p{n}", 3 + n, "veth", f"02:00:00:00:01:0{n}", 1500, True, "br0", details={"state": 3})
            for n in (0, 1)
        ),
    )
    table = tuple(ForwardingEntry("d", port, mac, "br0", text=f"{mac} dev {port}") for port, mac in entries)
    around = [
        Topology(
            time, (Node("d"),), interfaces, forwarding=table, counters={"d": {"Ip.InReceives": time, counter: grown}}
        )
        for time, grown in ((0, 0), (100, 1))
    ]
    frames = frames_of([("d/p0", 1, 50, bytes(Ether(src=PEER, dst=OUT_MAC) / packet(1)))])
    assert explain(recording_of(frames, around)).journeys[0].outcome.reason == reason
