"""The outcome of packets that are not delivered, with the kernel's own reason."""

from __future__ import annotations

import pytest

from cnetkit.trace import Journey, Trace
from tests.kernel.tagged import ask, ready


def ended(trace: Trace, begins: str, protocol: str = "udp") -> Journey:
    """The only journey that begins at `begins` with this protocol."""
    found = [j for j in trace.journeys if f"{j.hops[0].node}/{j.hops[0].interface}" == begins]
    found = [j for j in found if j.summary.startswith(protocol)]
    assert len(found) == 1, [j.summary for j in trace.journeys]
    return found[0]


def test_a_packet_dropped_by_a_rule_quotes_that_rule(dock):
    dock.outside.run("ping -c1 203.0.113.1")
    dock.host.run("iptables-nft -I DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
    with dock.lab.trace() as trace:
        ask(dock.outside, "172.17.0.2", 53, 1, patience=0.1)
        dock.outside.run("curl -s -m .2 http://203.0.113.1:8080/")
    journey = next(j for j in trace.journeys if "SYN" in j.summary)
    assert (journey.outcome.kind, journey.outcome.where) == ("dropped", "dock/eth0")
    [said] = journey.outcome.evidence
    assert (said.kind, said.quote, said.strength) == (
        "nft-rule", "-A DOCKER-USER -s 203.0.113.2/32 -j DROP", "kernel"
    )  # fmt: skip
    assert said.source.startswith("ip filter DOCKER-USER handle ")


def test_a_rule_added_while_the_capture_runs_is_quoted_too(dock):
    dock.outside.run("ping -c1 203.0.113.1")
    with dock.lab.trace() as trace:
        dock.host.run("iptables-nft -I DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
        dock.outside.run("curl -s -m .2 http://203.0.113.1:8080/")
        dock.host.run("iptables-nft -D DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
    journey = next(j for j in trace.journeys if "SYN" in j.summary)
    assert [e.quote for e in journey.outcome.evidence] == ["-A DOCKER-USER -s 203.0.113.2/32 -j DROP"]


def test_a_chains_policy_that_drops_is_named(dock):
    dock.outside.route("172.17.0.0/16", via="203.0.113.1")
    dock.outside.run("ping -c1 203.0.113.1")
    with dock.lab.trace() as trace:
        ask(dock.outside, "172.17.0.2", 53, 1, patience=0.1)
    outcome = ended(trace, "outside/eth0").outcome
    assert (outcome.kind, outcome.where) == ("dropped", "dock/eth0")
    assert [(e.quote, e.source) for e in outcome.evidence] == [("policy drop", "ip filter FORWARD")]


@pytest.fixture
def routed(lab):
    a, router, b = lab.host("a"), lab.router("r"), lab.host("b")
    lab.connect(a, router, "10.0.1.0/24")
    lab.connect(b, router, "10.0.2.0/24")
    a.run(f"ping -c1 {b.address}", check=True)
    return lab


def test_a_packet_without_a_route_is_dropped_at_the_router(routed):
    with routed.trace() as trace:
        ask(routed["a"], "198.51.100.7", 53, 1, patience=0.1)
    outcome = ended(trace, "a/eth0").outcome
    assert (outcome.kind, outcome.where) == ("dropped", "r/eth0")
    assert outcome.reason == "the node answered with ICMP network unreachable"


def test_a_packet_with_an_expired_ttl_is_dropped_at_the_router(routed):
    with routed.trace() as trace:
        routed["a"].run(f"ping -c1 -W1 -t1 {routed['b'].address}")
    outcome = ended(trace, "a/eth0", "icmp").outcome
    assert (outcome.kind, outcome.where) == ("dropped", "r/eth0")
    assert outcome.reason == "the node answered with ICMP time to live exceeded in transit"


def test_a_packet_for_a_neighbour_that_does_not_answer_is_dropped(routed):
    with routed.trace() as trace:
        routed["a"].run("ping -c1 -W4 10.0.2.77")
    outcome = ended(trace, "a/eth0", "icmp").outcome
    assert (outcome.kind, outcome.where) == ("dropped", "r/eth0")
    assert outcome.reason == "the node answered with ICMP host unreachable"


def test_a_closed_port_is_reached_and_refused(routed):
    with routed.trace() as trace:
        ask(routed["a"], routed["b"].address, 53, 1, patience=0.1)
        routed["a"].run(f"curl -s http://{routed['b'].address}/")
    outcome = ended(trace, "a/eth0").outcome
    assert (outcome.kind, outcome.where) == ("dropped", "b/eth0")
    assert outcome.reason == "the node answered with ICMP port unreachable"
    syn = next(j for j in trace.journeys if "tcp SYN " in j.summary).outcome
    assert (syn.kind, syn.where) == ("dropped", "b/eth0")
    assert syn.reason == "the node answered with a TCP reset"


def test_a_port_that_is_down_leaves_the_packet_lost_from_sight(dock):
    dock.client.run("ping -c1 172.17.0.2", check=True)
    with dock.lab.trace() as trace:
        dock.host.run(f"bridge link set dev {dock.web.host_interface} state 0", check=True)
        ask(dock.client, "172.17.0.2", 53, 1, patience=0.1)
    outcome = ended(trace, "client/eth0").outcome
    assert (outcome.kind, outcome.where) == ("lost-from-sight", f"dock/{dock.client.host_interface}")
    assert outcome.evidence == ()


UPLOAD = "import socket\ns = socket.create_connection(('{}', 90)); s.sendall(b'x' * 6000); s.shutdown(1); s.recv(9)"
TAKE = "import socket\ns = socket.create_server(('', 90)); print('ready', flush=True)\nc, _ = s.accept()\n" \
       "while c.recv(9999): pass\nc.close(); s.accept()"  # fmt: skip


def test_what_path_mtu_discovery_sends_again_is_delivered_and_only_the_first_try_is_dropped(routed):
    a, r, b = routed["a"], routed["r"], routed["b"]
    r.run("ip link set eth1 mtu 1300", check=True)
    b.run("ip link set eth0 mtu 1300; ip route replace default via 10.0.2.1 advmss 1460 mtu lock 1500", check=True)
    ready(b, ["python3", "-c", TAKE])
    with routed.trace() as trace:
        a.run(["python3", "-c", UPLOAD.format(b.address)], check=True)
    data = [j for j in trace.journeys if j.packet.ends.destination_port == 90 and "ACK" in j.packet.kind]
    kinds = {(j.outcome.kind, j.outcome.reason) for j in data}
    assert kinds == {("delivered", ""), ("dropped", "the node answered with ICMP fragmentation needed")}
