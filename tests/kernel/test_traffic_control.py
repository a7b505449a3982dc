"""What traffic control (tc) dropped, with tc's own statistics as witness."""

from __future__ import annotations

import json
import time

import pytest

UDP = "bpf da bytecode '4,48 0 0 23,21 0 1 17,6 0 0 2,6 0 0 4294967295'"
UDP_TO_99 = "bpf da bytecode '6,48 0 0 23,21 0 3 17,40 0 0 36,21 0 1 99,6 0 0 2,6 0 0 4294967295'"
"""Filters that drop (TC_ACT_SHOT, 2), as classic BPF: other actions are modules that a user cannot load."""
SEND = """
import socket, time
s = socket.socket(type=2)
for n in range({count}): s.sendto(b'%03d' % n * 200, ('{to}', 99))
"""


def drops(node, device, place):
    rows = json.loads(node.run(f"tc -s -j qdisc show dev {device}", check=True).output)
    return sum(row["drops"] for row in rows if place in row)


def send(node, to, count=1):
    node.run(["python3", "-c", SEND.format(to=to, count=count)], check=True)


def routed(lab):
    """Two hosts with a router, r, between: a - eth0 r eth1 - b."""
    a, r, b = lab.host("a"), lab.router("r"), lab.host("b")
    lab.connect(r, a, "10.0.1.0/24"), lab.connect(r, b, "10.0.2.0/24")
    return a, r, b


def shaped(lab):
    """Two hosts and a router whose way to the second one is slow."""
    a, r, b = routed(lab)
    a.run(f"ping -c 1 -W 3 {b.address}", check=True)
    r.run("tc qdisc add dev eth1 root tbf rate 100kbit burst 2k limit 3k", check=True)
    return a, r, b


def by_queue(trace):
    return [journey for journey in trace.dropped.journeys if "qdisc" in journey.outcome.reason]


def test_a_full_queue_on_the_way_out_of_a_router_is_named(lab):
    a, r, b = shaped(lab)
    with lab.trace() as trace:
        send(a, b.address, 12)
        time.sleep(0.5)  # the queue passes the rest on
    lost = by_queue(trace)
    assert len(lost) > 3
    assert len(lost) == drops(r, "eth1", "root")
    assert {each.outcome.reason for each in lost} == {"the queue (qdisc) of r/eth1 dropped it"}


def test_a_queue_that_dropped_the_routers_own_packets_too_is_not_named(lab):
    a, r, b = shaped(lab)
    with lab.trace() as trace:
        send(a, b.address, 12)
        send(r, b.address, 12)
        time.sleep(0.5)
    assert drops(r, "eth1", "root") > 12
    assert not by_queue(trace)
    assert "lost-from-sight" in trace.outcomes


def test_a_full_queue_behind_a_bridge_is_named(lab):
    dock = lab.host("dock")
    net = dock.bridge("docker0", "172.17.0.1/16")
    web, client = net.container("web"), net.container("client")
    web.udp_echo(99)
    client.run(f"ping -c 1 {web.address}", check=True)
    dock.run(f"tc qdisc add dev {web.host_interface} root tbf rate 100kbit burst 2k limit 3k", check=True)
    with lab.trace() as trace:
        send(client, web.address, 12)
        time.sleep(0.5)
    lost = by_queue(trace)
    assert len(lost) > 3
    assert len(lost) == drops(dock, web.host_interface, "root")
    assert {journey.outcome.reason for journey in lost} == {
        f"the queue (qdisc) of dock/{web.host_interface} dropped it"
    }


@pytest.mark.parametrize("kind", ["ingress", "clsact"])
def test_a_filter_at_the_target_is_named(lab, kind):
    a, _, b = routed(lab)
    b.run(f"tc qdisc add dev eth0 {kind}", check=True)
    b.run(f"tc filter add dev eth0 ingress protocol ip {UDP}", check=True)
    a.run(f"ping -c 1 {b.address}", check=True)
    with lab.trace() as trace:
        send(a, b.address, 3)
    lost = trace.select("udp.dstport == 99").journeys
    assert drops(b, "eth0", "kind") == 3
    assert [(each.outcome.kind, each.outcome.where, each.outcome.reason) for each in lost] == [
        ("dropped", "b/eth0", "a filter of traffic control (tc) at b/eth0 dropped it")
    ] * 3


def test_a_filter_of_a_router_is_named_and_what_it_let_pass_is_not_dropped(lab):
    a, r, b = routed(lab)
    b.udp_echo(7)
    r.run("tc qdisc add dev eth0 clsact", check=True)
    r.run(f"tc filter add dev eth0 ingress protocol ip {UDP_TO_99}", check=True)
    with lab.trace() as trace:
        a.run(
            [
                "python3",
                "-c",
                f"import socket\ns = socket.socket(type=2); s.sendto(b'x', ('{b.address}', 7)); s.recv(9)",
            ],
            check=True,
        )
        send(a, b.address, 2)
    assert {each.outcome.reason for each in trace.select("udp.dstport == 99").journeys} == {
        "a filter of traffic control (tc) at r/eth0 dropped it"
    }
    assert {each.outcome.kind for each in trace.select("udp.dstport == 7").journeys} == {"delivered"}
