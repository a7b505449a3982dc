"""Services: one address for several pods, in both of kube-proxy's modes, while pods come and go."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from cnetkit.systems.kubernetes.service_port import ServicePort
from tests.kernel.test_pod import hosts

MODES = ("iptables", "nftables")


class Net:
    """Two hosts, three pods that serve HTTP, a client pod on the first host, and nothing before them yet."""

    def __init__(self, lab: Lab, mode: str = "iptables") -> None:
        self.lab, self.hosts = lab, hosts(lab)
        net = lab.pod_network(self.hosts)
        self.pods = [net.pod(f"w{n}", self.hosts[n % 2]) for n in range(3)]
        self.client = net.pod("client", self.hosts[0])
        for pod in self.pods:
            pod.http_server(80)
        self.cluster = lab.cluster(net, mode=mode)

    def ask(self, node, url: str, times: int = 20) -> Counter[str]:
        """Which pods have answered how often."""
        output = node.run(f"for i in $(seq {times}); do curl -s -m 2 {url}; done").output
        return Counter(re.findall(r"This is (\w+)", output))


@pytest.fixture(params=MODES)
def net(lab, request) -> Net:
    return Net(lab, request.param)


def test_a_service_is_reached_from_pods_hosts_and_outside_and_spreads_over_its_pods(net):
    web = net.cluster.service("web", *net.pods, node_port=30080)
    names = {pod.name for pod in net.pods}
    for node, url in (
        (net.client, f"http://{web.address}/"),
        (net.hosts[0], f"http://{web.address}/"),
        (net.lab["outside"], f"http://{net.hosts[1].address}:30080/"),
    ):
        answers = net.ask(node, url, 30)
        assert sum(answers.values()) == 30
        assert set(answers) == names


def test_a_node_port_is_served_at_every_address_by_iptables_and_at_the_primary_one_by_nftables(net):
    host = net.hosts[0]
    host.run("ip address add 192.0.2.20/28 dev eth0", check=True)
    net.cluster.service("web", *net.pods, node_port=30080)
    reached = {
        address: bool(net.ask(node, f"http://{address}:30080/", 1))
        for node, address in (
            (net.lab["outside"], host.address),
            (net.lab["outside"], "192.0.2.20"),
            (host, "127.0.0.1"),
        )
    }
    everywhere = net.cluster.mode == "iptables"
    assert reached == {host.address: True, "192.0.2.20": everywhere, "127.0.0.1": everywhere}


def test_a_pod_reaches_itself_through_its_own_service(net):
    web = net.cluster.service("web", net.pods[0])
    assert net.ask(net.pods[0], f"http://{web.address}/", 3) == {"w0": 3}


def test_requests_inside_the_cluster_keep_their_source_and_those_from_outside_get_the_hosts(net):
    web = net.cluster.service("web", net.pods[0], node_port=30080)
    assert f"you are {net.client.address} " in net.client.run(f"curl -s http://{web.address}/", check=True).output
    outside = net.lab["outside"].run(f"curl -s http://{net.hosts[0].address}:30080/", check=True).output
    assert "you are 10.244.0.1 " in outside


def test_a_service_without_ready_pods_refuses_at_once(net):
    web = net.cluster.service("web", *net.pods, node_port=30080)
    web.remove(*net.pods)
    for node, url in ((net.client, web.address), (net.lab["outside"], f"{net.hosts[0].address}:30080")):
        result = node.run(f"curl -sS -m 5 http://{url}/")
        assert result.status == 7  # curl could not connect; 28 would be its time limit
    web.add(net.pods[1])
    assert net.ask(net.client, f"http://{web.address}/", 3) == {"w1": 3}


def test_a_pod_removed_during_requests_gets_no_more_and_none_fails(net):
    web = net.cluster.service("web", *net.pods)
    program = net.client.start(
        f"for i in $(seq 60); do curl -s -m 2 http://{web.address}/ || echo failed; sleep 0.02; done"
    )
    web.remove(net.pods[0])
    output = program.wait(30).output
    assert "failed" not in output
    assert output.count("This is w") == 60
    assert net.ask(net.client, f"http://{web.address}/").keys() == {"w1", "w2"}


def test_a_removed_pod_is_removed_from_its_services(net):
    web = net.cluster.service("web", *net.pods)
    net.pods[2].remove()
    assert [pod.name for pod in web.endpoints] == ["w0", "w1"]
    assert sum(net.ask(net.client, f"http://{web.address}/").values()) == 20


def test_a_pod_that_fails_its_probe_gets_no_connections_until_it_answers(net):
    web = net.cluster.service("web", *net.pods[:2])
    net.pods[0].servers["tcp", 80].stop()
    net.cluster.probe()
    assert net.ask(net.client, f"http://{web.address}/", 8) == {"w1": 8}
    net.pods[0].http_server(80)
    with net.cluster.watching(every=0.05):
        for _ in range(100):
            if net.pods[0].ready:
                break
            net.client.run("sleep 0.05")
    assert net.ask(net.client, f"http://{web.address}/", 24).keys() == {"w0", "w1"}


def test_a_sticky_client_stays_with_its_pod(net):
    web = net.cluster.service("web", *net.pods, sticky=60)
    assert len(net.ask(net.client, f"http://{web.address}/", 12)) == 1


def test_udp_services_work_too(net):
    for pod in net.pods:
        pod.udp_echo(7000)
    echo = net.cluster.service("echo", *net.pods, port=7, target_port=7000, protocol="udp")
    ask = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2); "
    ask += f"s.connect(('{echo.address}', 7)); s.send(b'again'); print(s.recv(99))"
    assert net.client.run(["python3", "-c", ask], timeout=10).output == "b'again'\n"


ASK = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(1); s.bind(("", 5353))
s.sendto(b"who", (sys.argv[1], int(sys.argv[2])))
print(s.recv(99).decode())
"""
SAY = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM); s.bind(("", 7000))
while True: s.sendto(sys.argv[1].encode(), s.recvfrom(99)[1])
"""


def say_their_names(pods):
    for pod in pods:
        pod.start(["python3", "-c", SAY, pod.name])
    for pod in pods:
        pod.run("for i in $(seq 100); do grep -q 1B58 /proc/net/udp && break; sleep 0.02; done", check=True)


def ask(node, address, port):
    """Who answers by UDP a client that always has the same port, so that its last connection goes on."""
    return node.run(["python3", "-c", ASK, address, str(port)], check=True).output.strip()


def test_a_udp_client_that_keeps_its_port_gets_another_pod_if_its_pod_is_removed(net):
    say_their_names(net.pods)
    echo = net.cluster.service("echo", *net.pods, port=7, target_port=7000, protocol="udp", node_port=30007)
    by_name = {pod.name: pod for pod in net.pods}
    for node, address, port in (
        (net.client, echo.address, 7),
        (net.lab["outside"], net.hosts[1].address, 30007),
    ):
        first = ask(node, address, port)
        assert ask(node, address, port) == first
        echo.remove(by_name[first])
        assert ask(node, address, port) in by_name.keys() - {first}
        echo.add(by_name[first])


def test_udp_connections_to_remaining_pods_and_of_other_ports_continue(net):
    say_their_names(net.pods)
    echo = net.cluster.service("echo", *net.pods, port=7, target_port=7000, protocol="udp")
    second = net.cluster.service("other", *net.pods, port=9, target_port=7000, protocol="udp")
    mine = {
        name: ask(net.client, service.address, service.ports[0].port)
        for name, service in (("echo", echo), ("other", second))
    }
    leaver = next(pod for pod in net.pods if pod.name not in mine.values())
    echo.remove(leaver)
    assert ask(net.client, echo.address, 7) == mine["echo"]
    left = next(pod for pod in net.pods if pod.name == mine["other"])
    if left in echo.pods:
        echo.remove(left)
    assert ask(net.client, second.address, 9) == mine["other"]


@pytest.mark.parametrize("net", ["iptables"], indirect=True)
def test_both_modes_deliver_the_same_way_with_different_evidence(net):
    web = net.cluster.service("web", net.pods[1])
    quotes, places = [], []
    for mode in MODES:
        net.cluster.use(mode)
        with net.lab.trace() as trace:
            net.client.run(f"curl -s -m 5 http://{web.address}/", check=True)
        journey = next(flow for flow in trace.flows if flow.protocol == "tcp").journeys[0]
        changed = next(hop for hop in journey.hops if any(change.field == "ip.dst" for change in hop.changes))
        quotes.append(
            next(
                evidence.quote
                for evidence in changed.evidence
                if "10.244.1.2:80" in evidence.quote and "nat" in evidence.quote.lower()
            )
        )
        places.append(
            [(hop.node, hop.interface, tuple(change.field for change in hop.changes)) for hop in journey.hops]
        )
    assert "-A KUBE-SEP-" in quotes[0]
    assert "dnat to 10.244.1.2:80" in quotes[1]
    assert places[0] == places[1]


def test_no_rule_is_left_after_everything_is_deleted(lab):
    net = Net(lab)
    lay = [node.run("iptables-nft-save", check=True).output.count("KUBE") for node in net.hosts]
    assert all(lay)
    web = net.cluster.service("web", *net.pods, node_port=30080, sticky=10)
    net.cluster.use("nftables")
    assert "KUBE" not in net.hosts[0].run("iptables-nft-save").output
    net.cluster.delete(web)
    net.cluster.sync()
    net.cluster.use("iptables")
    assert "kube-proxy" not in net.hosts[0].run("nft list tables").output
    assert "KUBE-SVC" not in net.hosts[0].run("iptables-nft-save").output


def test_a_change_that_one_host_refuses_is_made_on_no_host(lab):
    net = Net(lab)
    net.cluster.service("web", *net.pods)
    before = [node.run("iptables-nft-save -t nat | grep KUBE").output for node in net.hosts]
    net.hosts[1].run(
        "iptables -t nat -F KUBE-SERVICES; iptables -t nat -A KUBE-POSTROUTING -j KUBE-SERVICES", check=True
    )
    wrong = ServicePort(80, target=80, name='"quoted"')
    with pytest.raises(CnetkitError, match="iptables refused rules in n1"):
        net.cluster.service("other", *net.pods, ports=[wrong])
    assert net.hosts[0].run("iptables-nft-save -t nat | grep KUBE").output == before[0]
    assert net.cluster.services.keys() == {("default", "web")}


def test_impossible_services_are_refused_in_one_sentence(lab):
    net = Net(lab)
    net.cluster.service("web", *net.pods, node_port=30080)
    for options, words in (
        ({"node_port": 80}, "from 30000 to 32767"),
        ({"node_port": 30080}, "node port 30080/tcp is taken"),
        ({"address": "10.244.0.9"}, "not in 10.96.0.0/12"),
        ({"protocol": "sctp"}, "choose tcp or udp"),
    ):
        with pytest.raises(CnetkitError, match=words):
            net.cluster.service("other", *net.pods, **options)
    with pytest.raises(CnetkitError, match="already a service default/web"):
        net.cluster.service("web")
    with pytest.raises(CnetkitError, match="no mode 'ipvs'"):
        net.cluster.use("ipvs")


def test_dns_names_resolve_to_services(net):
    dns = net.cluster.dns(net.hosts[1])
    dns.serve(net.client)
    net.cluster.service("web", net.pods[0])
    shop = net.cluster.service("cart", net.pods[1], namespace="shop")
    assert "This is w0" in net.client.run("curl -s -m 5 http://web/", check=True).output
    assert "This is w1" in net.client.run("curl -s -m 5 http://cart.shop.svc.cluster.local/", check=True).output
    assert net.client.run("getent hosts cart.shop").output.split() == [shop.address, "cart.shop.svc.cluster.local"]
    assert not net.client.run("getent hosts nothing").ok
    net.cluster.delete(shop)
    assert not net.client.run("getent hosts cart.shop").ok
