"""With Docker's proxy, which is on by default in the engine: who gets to a published port, and by which way."""

from __future__ import annotations

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError


@pytest.fixture
def dock(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16", docker="28.5", proxy=True)
    web, _ = net.container("web"), net.container("client")
    lab.connect(lab.host("outside"), host, "203.0.113.0/24")
    web.http_server(80)
    return host


def _first_packets(trace):
    """Way, source and destination at the end of each packet that opens a connection, in the order of their first hops."""
    found = []
    for journey in trace.journeys:
        if journey.packet.kind.endswith("SYN"):
            ends = journey.packet.ends
            way = [hop.node for hop in journey.hops]
            found.append((list(dict.fromkeys(way)), ends.source, ends.destination, ends.destination_port, journey))
    return found


def test_from_outside_a_rule_leads_the_packets_to_the_container_and_the_proxy_has_no_part_in_it(lab, dock):
    dock.publish(8080, to=lab["web"], port=80)
    with lab.trace() as trace:
        page = lab["outside"].run("curl -s http://203.0.113.1:8080/", check=True).output
    assert "203.0.113.2" in page
    (way, _, destination, _, journey), *more = _first_packets(trace)
    assert (way, destination, more) == (["outside", "dock", "web"], "203.0.113.1", [])
    quotes = [evidence.quote for hop in journey.hops for evidence in hop.evidence]
    assert "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80" in quotes


@pytest.mark.parametrize("who", ["client", "web"])
def test_a_container_on_the_bridge_reaches_a_port_by_two_connections_and_the_second_has_the_bridges_address(
    lab, dock, who
):
    dock.publish(8080, to=lab["web"], port=80)
    with lab.trace() as trace:
        page = lab[who].run("curl -s http://203.0.113.1:8080/", check=True).output
    assert "172.17.0.1" in page
    first, second = _first_packets(trace)
    assert first[:4] == ([who, "dock"], lab[who].address, "203.0.113.1", 8080)
    assert second[:4] == (["dock", "web"], "172.17.0.1", "172.17.0.2", 80)
    assert not any(hop.changes for journey in (first[4], second[4]) for hop in journey.hops)


def test_the_host_itself_reaches_a_port_by_its_loopback_address_through_the_proxy(lab, dock):
    dock.publish(8080, to=lab["web"], port=80)
    assert "172.17.0.1" in dock.run("curl -s http://127.0.0.1:8080/", check=True).output
    dock.publish(8081, to=lab["web"], port=80, address="203.0.113.1")
    assert not dock.run("curl -s http://127.0.0.1:8081/").ok


def test_a_process_named_docker_proxy_listens_until_the_port_is_no_longer_published(lab, dock):
    published = dock.publish(8080, to=lab["web"], port=80)
    wanted = "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"
    assert wanted in dock.run("ps -eo args", check=True).output
    assert "0.0.0.0:8080" in dock.run("ss -Hltn", check=True).output
    published.remove()
    assert ":8080" not in dock.run("ss -Hltn", check=True).output
    lab["client"].http_server(80)
    dock.publish(8080, to=lab["client"], port=80)


def test_a_port_that_a_program_of_the_host_holds_is_refused_and_no_rule_stays(lab, dock):
    dock.start(["python3", "-m", "http.server", "8080"])
    dock.wait_port(8080)
    before = dock.run("iptables-nft-save", check=True).output
    with pytest.raises(CnetkitError, match="8080"):
        dock.publish(8080, to=lab["web"], port=80)
    assert [line for line in dock.run("iptables-nft-save").output.splitlines() if line.startswith("-A")] == [
        line for line in before.splitlines() if line.startswith("-A")
    ]


def test_a_request_of_several_megabytes_and_its_answer_pass_the_proxy_unchanged(lab, dock):
    lab["web"].tcp_echo(7)
    dock.publish(7007, to=lab["web"], port=7)
    program = (
        "import socket, threading\n"
        "data = bytes(range(256)) * 16384\n"
        "s = socket.create_connection(('203.0.113.1', 7007))\n"
        "threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR))).start()\n"
        "got = b''.join(iter(lambda: s.recv(65536), b''))\n"
        "print(got == data)\n"
    )
    assert lab["client"].run(["python3", "-c", program], check=True).output == "True\n"


def test_a_client_of_a_port_where_nothing_listens_in_the_container_is_disconnected(lab, dock):
    dock.publish(9090, to=lab["web"], port=99)
    inside, outside = (
        lab[name].run("curl -sS --max-time 5 http://203.0.113.1:9090/") for name in ("client", "outside")
    )
    assert inside.status in (52, 56)  # curl(1): an empty reply, or an error while it receives
    assert outside.status == 7  # no connection


def test_datagrams_of_a_neighbour_are_answered_from_the_address_that_it_wrote_to(lab, dock):
    lab["web"].udp_echo(53)
    dock.publish(5353, to=lab["web"], port=53, protocol="udp")
    program = (
        "import socket\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "s.settimeout(5)\n"
        "for text in (b'one', b'two'):\n"
        "    s.sendto(text, ('203.0.113.1', 5353))\n"
        "    print(s.recvfrom(100))\n"
    )
    for who in ("client", "outside"):
        done = lab[who].run(["python3", "-c", program], check=True)
        assert done.output == "(b'one', ('203.0.113.1', 5353))\n(b'two', ('203.0.113.1', 5353))\n"


def test_with_ipv6_a_second_proxy_leads_to_the_containers_ipv6_address_or_to_ipv4_if_it_has_no_other():
    for gateways, page in ((["172.17.0.1/16", "fd00:d0c::1/64"], "fd00:d0c::1"), (["172.17.0.1/16"], "172.17.0.1")):
        with Lab("test", ipv6=True) as lab:
            dock = lab.host("dock")
            web = dock.bridge("docker0", *gateways, docker="28.5", proxy=True).container("web")
            web.http_server(80)
            dock.publish(8080, to=web, port=80)
            assert page in dock.run("curl -s -g http://[::1]:8080/", check=True).output


def test_a_packet_routed_to_a_containers_own_address_is_dropped_by_28_and_reaches_it_with_20_10():
    for version, reached in (("28.5", False), ("20.10", True)):
        with Lab("test") as lab:
            dock, outside = lab.host("dock"), lab.host("outside")
            web = dock.bridge("docker0", "172.17.0.1/16", docker=version, proxy=True).container("web")
            lab.connect(outside, dock, "203.0.113.0/24")
            web.http_server(80)
            dock.publish(8080, to=web, port=80)
            outside.run("ip route add 172.17.0.0/16 via 203.0.113.1", check=True)
            with lab.trace() as trace:
                done = outside.run("curl -s --max-time 1 http://172.17.0.2/")
            assert done.ok == reached
            if not reached:
                first = next(j for j in trace.journeys if j.packet.kind.endswith("SYN"))
                quotes = [evidence.quote for evidence in first.hops[-1].evidence]
                assert "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP" in quotes


@pytest.mark.parametrize("options", [{"docker": "20.10"}, {"proxy": False}])
def test_a_host_has_one_engine(dock, options):
    with pytest.raises(CnetkitError, match=r"dock has Docker 28\.5 with its proxy: a host has one engine"):
        dock.bridge("br-two", "10.5.0.1/24", **options)
