"""Where a rule can drop a packet before, beside or below the IP hooks: named with the kernel's verdict, for its packet only."""

import pytest

from cnetkit import Lab
from cnetkit.kernel.sources.verdicts import PacketIds
from cnetkit.model import Verdict

SEND = "import socket\ns = socket.socket({family}, 2); s.sendto(b'x', ('{to}', {port}))\n"
FAMILIES = {4: ("ip", "socket.AF_INET", "172.17.0.2"), 6: ("ip6", "socket.AF_INET6", "fd00:17::2")}
CHAIN = "nft add table {family} fw; nft 'add chain {family} fw c {{ type filter hook {hook} priority {priority}; }}';"
RULE = " nft 'add rule {family} fw c {match} udp dport 53 counter drop'"
PLACES = {
    "netdev ingress": ("web", "netdev", "ingress device eth0", 0),
    "inet ingress": ("web", "inet", "ingress device eth0", 0),
    "before all others": ("web", "inet", "prerouting", -2000),
    "after all others": ("web", "inet", "input", 2000),
    "ingress of a port": ("dock", "netdev", "ingress device {port}", 0),
    "bridge prerouting": ("dock", "bridge", "prerouting", -300),
    "bridge forward": ("dock", "bridge", "forward", 0),
}


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("place", PLACES)
def test_the_rule_is_named_for_its_packet_only(place, version):
    name, family, hook, priority = PLACES[place]
    word, socket_family, to = FAMILIES[version]
    with Lab("net", ipv6=version == 6) as lab:
        dock = lab.host("dock")
        net = dock.bridge("docker0", "172.17.0.1/16", *(["fd00:17::1/64"] if version == 6 else []))
        web, client = net.container("web"), net.container("client")
        web.udp_echo(54)
        client.run(f"ping -c 1 -W 2 {to}", check=True)
        node, hook = {"web": web, "dock": dock}[name], hook.format(port=client.host_interface)
        match = f"{word} daddr {to}"
        node.run((CHAIN + RULE).format(family=family, hook=hook, priority=priority, match=match), check=True)
        with lab.trace() as trace:
            for port in (53, 54):
                client.run(["python3", "-c", SEND.format(family=socket_family, to=to, port=port)], check=True)
        ends = {j.packet.ends.destination_port: j.outcome for j in trace.journeys if j.packet.ends.destination == to}
        assert (ends[53].kind, ends[53].where.split("/")[0]) == ("dropped", name)
        assert ends[53].reason == f"{match} udp dport 53 counter drop"
        assert ends[53].evidence[0].strength == "kernel"
        assert ends[54].kind in ("delivered", "arrived")
        assert "cnetkit_trace" not in node.run("nft list ruleset").output


def test_a_packet_keeps_its_id_from_its_device_to_ip_and_the_next_one_gets_another():
    ids = PacketIds()
    order = (
        ("netdev", "ingress"),
        ("bridge", "prerouting"),
        ("inet", "prerouting"),
        ("inet", "prerouting"),
        ("netdev", "ingress"),
    )
    reports = (
        Verdict(9, family, "cnetkit_trace", chain, 1, "rule", "continue", network_header=b"x")
        for family, chain in order
    )
    assert [ids.renumber(report).trace_id for report in reports] == [1, 1, 1, 2, 3]


def test_a_bridge_that_drops_arp_is_named_and_its_own_address_is_still_answered():
    with Lab("net") as lab:
        dock = lab.host("dock")
        net = dock.bridge("docker0", "172.17.0.1/16")
        _, client = net.container("web"), net.container("client")
        dock.run("ebtables-nft -A FORWARD -p ARP -j DROP", check=True)
        with lab.trace() as trace:
            for to in ("172.17.0.1", "172.17.0.2"):
                client.run(["python3", "-c", SEND.format(family="socket.AF_INET", to=to, port=53)])
        asked = [j for j in trace.journeys if j.packet.protocol == "arp" and j.packet.ends.source == "172.17.0.3"]
        ends = {j.packet.ends.destination: j.outcome for j in asked if j.packet.eth_dst == "ff:ff:ff:ff:ff:ff"}
        assert (ends["172.17.0.2"].kind, "arp" in ends["172.17.0.2"].reason) == ("dropped", True)
        assert ends["172.17.0.1"].kind == "delivered"


def test_a_request_of_which_a_bridge_dropped_one_copy_was_not_dropped():
    with Lab("net") as lab:
        dock = lab.host("dock")
        net = dock.bridge("docker0", "172.17.0.1/16")
        web, client, _ = net.container("web"), net.container("client"), net.container("third")
        dock.run(f"ebtables-nft -A FORWARD -p ARP -o {web.host_interface} -j DROP", check=True)
        with lab.trace() as trace:
            client.run(["python3", "-c", SEND.format(family="socket.AF_INET", to="172.17.0.99", port=53)])
        assert [j.outcome.kind for j in trace.journeys if j.packet.ends.destination == "172.17.0.99"] != []
        assert "dropped" not in {j.outcome.kind for j in trace.journeys}
