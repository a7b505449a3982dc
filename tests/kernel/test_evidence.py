"""The evidence of a hop in a live lab is what the kernel did with this packet."""

from __future__ import annotations

import pytest

from cnetkit.lab import Lab
from tests.kernel.overlays import overlay
from tests.kernel.tagged import answer, ask, ready


def hop(trace, summary, place, direction="out"):
    journey = next(j for j in trace.journeys if j.summary.startswith(summary))
    return next(h for h in journey.hops if f"{h.node}/{h.interface}" == place and h.direction == direction)


def said(one, kind):
    return [(e.quote, e.source.split(" handle ")[0], e.strength) for e in one.evidence if e.kind == kind]


def test_a_connections_first_packet_quotes_its_dnat_rule_first_and_its_own_entry(dock):
    with dock.lab.trace() as trace:
        for _ in range(2):
            dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
    syns = [j for j in trace.journeys if "tcp SYN 203.0.113.2:" in j.summary]
    for journey in syns:
        port = journey.summary.split()[2].rpartition(":")[2]
        out = next(h for h in journey.hops if h.interface == "docker0")
        rule = "-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80"
        assert said(out, "nft-rule")[0] == (rule, "ip nat DOCKER", "kernel")
        assert out.evidence[0].quote == rule
        entry = f"tcp src=203.0.113.2 dst=203.0.113.1 sport={port} dport=8080 "
        entry += f"src=172.17.0.2 dst=203.0.113.2 sport=80 dport={port}"
        assert said(out, "conntrack") == [(entry, "dock conntrack", "kernel")]
    assert len(syns) == 2


def test_a_reply_quotes_the_entry_before_any_rule(dock):
    with dock.lab.trace() as trace:
        dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
    out = hop(trace, "tcp SYN, ACK", "dock/eth0")
    assert (out.evidence[0].kind, out.evidence[0].strength) == ("conntrack", "kernel")
    assert "-j ACCEPT" in said(out, "nft-rule")[0][0]


def test_a_frame_passed_up_by_a_bridge_quotes_the_bridges_own_address(dock):
    with dock.lab.trace() as trace:
        dock.outside.run("curl -s http://203.0.113.1:8080/", check=True)
    up = hop(trace, "tcp SYN, ACK", "dock/docker0", "in")
    assert said(up, "forwarding-entry") == [
        ("02:42:ac:11:00:01 dev docker0 master docker0 permanent", "dock fdb of docker0", "table")
    ]


def test_a_delivered_packet_quotes_the_local_route_and_the_accepting_input_rule(dock):
    dock.host.run("iptables-nft -A INPUT -p icmp -j ACCEPT", check=True)
    with dock.lab.trace() as trace:
        dock.outside.run("ping -c1 203.0.113.1", check=True)
    last = hop(trace, "icmp echo request", "dock/eth0", "in")
    assert said(last, "nft-rule")[0] == ("-A INPUT -p icmp -j ACCEPT", "ip filter INPUT", "kernel")
    assert said(last, "route")[0][0].startswith("local 203.0.113.1 dev eth0")


def test_the_hosts_own_request_to_its_published_port_quotes_the_output_dnat(dock):
    answer(dock.web, 90)
    dock.host.publish(9090, to=dock.web, port=90, protocol="udp")
    with dock.lab.trace() as trace:
        ask(dock.host, "127.0.0.1", 9090, 1)
    out = hop(trace, "udp 172.17.0.1", "dock/docker0")
    assert [quote.split(" -j ")[1] for quote, *_ in said(out, "nft-rule")[:2]] == [
        "DNAT --to-destination 172.17.0.2:90", "MASQUERADE"
    ]  # fmt: skip
    assert said(out, "conntrack")[0][0].startswith("udp src=127.0.0.1 dst=127.0.0.1")
    assert said(out, "route")[0][0].startswith("172.17.0.0/16 dev docker0")


def test_the_quoted_table_is_the_one_that_the_policy_rule_chooses(lab):
    a, router, b = lab.host("a"), lab.router("r"), lab.host("b")
    lab.connect(a, router, "10.0.1.0/24")
    lab.connect(b, router, "10.0.2.0/24")
    router.run("ip rule add from 10.0.1.0/24 priority 100 lookup 77", check=True)
    router.run("ip route add 10.0.2.0/24 dev eth1 table 77", check=True)
    with lab.trace() as trace:
        a.run(f"ping -c1 {b.address}", check=True)
    assert said(hop(trace, "icmp echo request", "r/eth1"), "route")[0][1] == "r table 77"
    assert said(hop(trace, "icmp echo reply", "r/eth0"), "route")[0][1] == "r table main"


def test_a_tunnelled_packet_quotes_the_remotes_entry_and_the_underlay_route(lab):
    net = overlay(lab)
    net.pods[0].run(f"ping -c1 {net.pods[2].address}", check=True)
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 1)
    wrapped = hop(trace, "udp 10.244.0.11:", "n1/eth0")
    assert said(wrapped, "forwarding-entry")[0][1:] == ("n1 fdb of flannel.1", "table")
    assert f"dev flannel.1 dst {net.hosts[1].address}" in said(wrapped, "forwarding-entry")[0][0]
    assert said(wrapped, "route")[0][0].startswith("default via 192.0.2.")
    inside = hop(trace, "udp 10.244.0.11:", "n2/flannel.1", "in")
    assert said(inside, "tunnel")[0][0].startswith("flannel.1 type vxlan id 42 local ")


def test_a_packet_that_was_translated_and_then_dropped_is_not_said_to_be_for_the_host_itself(lab):
    dock = lab.host("dock")
    web = dock.bridge("docker0", "172.17.0.1/16").container("web")
    outside = lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24")
    dock.publish(8080, to=web, port=80)
    dock.run("iptables-nft -I FORWARD -p tcp --dport 80 -j DROP", check=True)
    with lab.trace() as trace:
        outside.run("curl -s -m 1 http://203.0.113.1:8080/")
    dropped = trace.select("tcp.flags.syn and dropped").journeys[0]
    assert (dropped.outcome.where, dropped.hops[-1].interface) == ("dock/eth0", "eth0")
    assert any("DNAT" in each.quote for each in dropped.hops[-1].evidence)
    assert not [each for each in dropped.hops[-1].evidence if each.kind == "route"]


def test_a_packet_that_was_translated_on_a_bridge_keeps_the_verdict_that_dropped_it(lab):
    dock = lab.host("dock")
    web = dock.bridge("docker0", "172.17.0.1/16", docker="20.10", proxy=False).container("web")
    other = dock.bridge("br1", "172.18.0.1/16", docker="20.10", proxy=False).container("other")
    dock.publish(8080, to=web, port=80)
    with lab.trace() as trace:
        other.run("curl -s -m 0.5 http://172.18.0.1:8080/")
    syn = trace.select("tcp.flags.syn").journeys[0]
    assert (syn.outcome.kind, syn.outcome.where) == ("dropped", "dock/br1")
    assert syn.outcome.reason == "-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP"


PROXY = (
    "import socket\ns = socket.create_server(('', {port}), family={family}, reuse_port=True)\nprint('ready', flush=True)\n"
    "while True:\n c, _ = s.accept(); c.recv(999); c.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nproxy'); c.close()"
)


@pytest.mark.parametrize("version", [4, 6])
def test_a_redirect_of_the_nodes_own_request_shows_its_rule_and_is_one_flow(version):
    with Lab("mesh", ipv6=version == 6) as lab:
        a, b = lab.host("a"), lab.host("b")
        lab.connect(a, b, "10.0.0.0/24", *(["fd00::/64"] if version == 6 else []))
        family, tool, to = (
            ("AF_INET6", "ip6tables", "[fd00::1]") if version == 6 else ("AF_INET", "iptables", "10.0.0.1")
        )
        ready(a, ["python3", "-c", PROXY.format(port=15001, family=f"__import__('socket').{family}")])
        ready(a, ["python3", "-c", PROXY.format(port=90, family=f"__import__('socket').{family}")])
        rule = f"{tool}-nft -t nat -A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 15001"
        a.run(rule, check=True)
        with lab.trace() as trace:
            assert a.run(f"curl -s -m 9 http://{to}/").output == "proxy"
            a.run(f"curl -s -m 9 http://{'[::1]' if version == 6 else '127.0.0.1'}:90/", check=True)
        redirected, own = (flow for flow in trace.flows if flow.protocol == "tcp")
        assert {journey.outcome.kind for journey in redirected.journeys} == {"delivered"}
        assert {journey.packet.ends.destination_port for journey in own.journeys} >= {90}
        assert redirected.journeys[0].hops[0].evidence[0].quote.endswith("--dport 80 -j REDIRECT --to-ports 15001")
        assert redirected.journeys[0].hops[0].evidence[0].strength == "kernel"
        assert "sport=15001" in said(redirected.journeys[1].hops[0], "conntrack")[0][0]
        assert [each.state for each in trace.conversations if each.flow in (redirected.id, own.id)] == [
            "closed",
            "closed",
        ]
