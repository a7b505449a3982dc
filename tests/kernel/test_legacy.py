"""Rules of iptables-legacy, of which the kernel reports no verdict: named with their counters, and only for their packets."""

import pytest

from cnetkit import Lab
from cnetkit.view import wording

SEND = "import socket\ns = socket.socket({family}, 2)\ns.sendto(b'x', ('{to}', {port}))\n"
FAMILIES = {4: ("iptables", "socket.AF_INET", "10.0.2.2"), 6: ("ip6tables", "socket.AF_INET6", "fd00:2::2")}


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize(("node", "chain"), [("r", "FORWARD"), ("b", "INPUT"), ("b", "PREROUTING -t raw")])
def test_a_legacy_rule_is_the_cause_for_its_packet_only(node, chain, version):
    tool, family, to = FAMILIES[version]
    with Lab("net", ipv6=version == 6) as lab:
        a, r, b = lab.host("a"), lab.router("r"), lab.host("b")
        lab.connect(a, r, "10.0.1.0/24", *(["fd00:1::/64"] if version == 6 else []))
        lab.connect(b, r, "10.0.2.0/24", *(["fd00:2::/64"] if version == 6 else []))
        b.udp_echo(54)
        a.run(f"ping -c 1 -W 2 {to}", check=True)
        {"r": r, "b": b}[node].run(f"{tool}-legacy -A {chain} -p udp --dport 53 -j DROP", check=True)
        with lab.trace() as trace:
            for port in (53, 54):
                a.run(["python3", "-c", SEND.format(family=family, to=to, port=port)], check=True)
        ends = {j.packet.ends.destination_port: j.outcome for j in trace.journeys if j.packet.ends.destination == to}
        assert (ends[53].kind, ends[53].where) == ("dropped", f"{node}/eth0")
        assert ends[53].reason.endswith("--dport 53 -j DROP of iptables-legacy")
        assert ends[54].kind == "delivered"
        assert any("iptables-legacy has 1 rule at" in line for line in wording.summary(trace))
