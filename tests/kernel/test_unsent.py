"""What a node's own rules or routes kept from being sent: no frame shows it, and the trace says it."""

import pytest

from cnetkit import Lab
from cnetkit.view import wording
from tests.kernel.overlays import overlay

SEND = "import socket\ns = socket.socket({family}, 2)\ntry: s.sendto(b'x', ('{to}', 53))\nexcept OSError: pass\n"
EGRESS = (
    "nft add table netdev f; nft 'add chain netdev f e {{ type filter hook egress device eth0 priority 0; }}';"
    " nft 'add rule netdev f e {ip} daddr {to} udp dport {port} counter drop'"
)
RULES = {
    "output": "{iptables}-nft -A OUTPUT -p udp --dport {port} -j DROP",
    "postrouting": "{iptables}-nft -t mangle -A POSTROUTING -p udp --dport {port} -j DROP",
    "egress": EGRESS,
}


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("hook", RULES)
def test_a_rule_on_the_way_out_is_named_and_a_rule_for_others_is_not(hook, version):
    with Lab("net", ipv6=version == 6) as lab:
        a, b = lab.host("a"), lab.host("b")
        lab.connect(a, b, "10.0.0.0/24", *(["fd00::/64"] if version == 6 else []))
        to, family, ping = (
            ("10.0.0.1", "socket.AF_INET", "ping") if version == 4 else ("fd00::1", "socket.AF_INET6", "ping -6")
        )
        a.run(f"{ping} -c 1 -W 2 {to}", check=True)
        words = {
            "iptables": "iptables" if version == 4 else "ip6tables",
            "ip": "ip" if version == 4 else "ip6",
            "to": to,
        }
        for port, expected in ((54, 0), (53, 1)):
            a.run(RULES[hook].format(port=port, **words), check=True)
            with lab.trace() as trace:
                a.run(["python3", "-c", SEND.format(family=family, to=to)], check=True)
            assert [(entry.node, entry.hook) for entry in trace.unsent] == [("a", hook)] * expected
        (entry,) = trace.unsent
        assert "53" in entry.reason
        assert entry.packet.ends.destination == to


@pytest.mark.parametrize("version", [4, 6])
def test_a_legacy_rule_on_the_way_out_is_named_by_its_counter(version):
    with Lab("net", ipv6=version == 6) as lab:
        a, b = lab.host("a"), lab.host("b")
        lab.connect(a, b, "10.0.0.0/24", *(["fd00::/64"] if version == 6 else []))
        tool, family, to = ("iptables", "AF_INET", "10.0.0.1") if version == 4 else ("ip6tables", "AF_INET6", "fd00::1")
        for node, port in ((a, 53), (a, 54), (b, 53)):
            node.run(f"{tool}-legacy -A OUTPUT -p udp --dport {port} -j DROP", check=True)
        with lab.trace() as trace:
            a.run(["python3", "-c", SEND.format(family=f"socket.{family}", to=to)], check=True)
        (entry,) = trace.unsent
        assert (entry.node, entry.count, entry.hook, entry.packet) == ("a", 1, "output", None)
        assert entry.reason.endswith("--dport 53 -j DROP")
        assert "Not sent by a: 1 packet, dropped in OUTPUT" in list(wording.unsent(trace))


def test_a_node_without_a_route_is_named_and_its_neighbour_is_not():
    with Lab("net") as lab:
        a, b = lab.host("a"), lab.host("b")
        lab.connect(a, b, "10.0.0.0/24")
        with lab.trace() as trace:
            a.run(["python3", "-c", SEND.format(family="socket.AF_INET", to="9.9.9.9")], check=True)
            b.run("ping -c 1 -W 1 10.0.0.2", check=True)
        assert [(entry.node, entry.reason) for entry in trace.unsent] == [("a", "no route (IPv4)")]


def test_the_packet_inside_a_tunnels_dropped_one_is_named_and_another_is_not():
    with Lab("net") as lab:
        net = overlay(lab)
        sender, receiver = net.pods[0], net.pods[2]
        receiver.udp_echo(53)
        sender.run(f"ping -c1 {receiver.address}", check=True)
        rule = "iptables-nft -A OUTPUT -p udp --dport 4789 -m length --length 200:1000 -j DROP"
        net.hosts[0].run(rule, check=True)
        with lab.trace() as trace:
            for size in (300, 20, 300):
                code = f"import socket\ns = socket.socket(type=2); s.sendto(b'x' * {size}, ('{receiver.address}', 53))"
                sender.run(["python3", "-c", code], check=True)
        asked = [
            j for j in trace.journeys if j.packet.ends.destination == receiver.address and j.packet.protocol == "udp"
        ]
        assert [j.outcome.kind for j in asked] == ["dropped", "delivered", "dropped"]
        for outcome in (asked[0].outcome, asked[2].outcome):
            assert outcome.where == "n1/flannel.1"
            assert outcome.reason.startswith("its tunnel's packet was not sent: -A OUTPUT -p udp")
            assert outcome.evidence[0].strength == "kernel"
        assert [entry.packet.ends.destination_port for entry in trace.unsent] == [4789, 4789]
