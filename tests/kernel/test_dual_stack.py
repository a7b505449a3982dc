"""Pods and services with IPv4 and IPv6 addresses: real packets, in both backends of the network and both modes of kube-proxy."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError

PODS = ("10.244.0.0/16", "fd00:10:244::/48")


@pytest.fixture
def lab():
    with Lab("dual", ipv6=True) as lab:
        yield lab


def hosts(lab: Lab):
    """Two hosts on either side of a router, with an outside machine, all of them dual-stack."""
    router, made = lab.router("r"), [lab.host("n1"), lab.host("n2")]
    for n, host in enumerate(made, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28", f"2001:db8:{n}::/64")
    lab.connect(lab.host("outside"), router, "198.51.100.0/24", "2001:db8:99::/64")
    return made


def names(node, url: str, times: int = 20) -> Counter[str]:
    """Which pods have answered how often."""
    output = node.run(f"for i in $(seq {times}); do curl -gs -m 2 {url}; done").output
    return Counter(re.findall(r"This is (\w+)", output))


def test_dual_stack_pods_reach_each_other_untranslated_by_both_families(lab):
    first, second = hosts(lab)
    net = lab.pod_network([first, second], *PODS)
    web, client = net.pod("web", first), net.pod("client", second)
    web.http_server(80)
    assert web.interfaces["eth0"] == ("10.244.0.2/24", "fd00:10:244::2/64")
    with lab.trace() as trace:
        assert "you are 10.244.1.2 " in client.run("curl -s -m 5 http://10.244.0.2/", check=True).output
        answer = client.run("curl -gs -m 5 http://[fd00:10:244::2]/", check=True).output
    assert "you are fd00:10:244:1::2 " in answer
    syn = next(j for j in trace.journeys if j.packet.kind == "SYN" and ":" in j.packet.ends.source)
    assert ("n2", "flannel-v6.1") in {(hop.node, hop.interface) for hop in syn.hops}
    assert syn.outcome.kind == "delivered"
    assert not {change.field for hop in syn.hops for change in hop.changes} & {"ipv6.src", "ipv6.dst"}


def test_what_leaves_a_dual_stack_network_bears_the_hosts_address_of_the_same_family(lab):
    first, second = hosts(lab)
    net = lab.pod_network([first, second], *PODS)
    client = net.pod("client", second)
    lab["outside"].http_server(80)
    for url, source in (("http://198.51.100.2/", "192.0.2.34"), ("http://[2001:db8:99::2]/", "2001:db8:2::2")):
        assert f"you are {source} " in client.run(f"curl -gs -m 5 {url}", check=True).output


def test_large_packets_fit_the_smaller_of_both_tunnels(lab):
    first, second = hosts(lab)
    net = lab.pod_network([first, second], *PODS)
    web, client = net.pod("web", first), net.pod("client", second)
    (link,) = json.loads(web.run("ip -j link show eth0").output)
    assert link["mtu"] == 1430
    client.run("ping -c1 -W2 -M do -s 1382 fd00:10:244::2", check=True)


def test_gateways_lead_to_pods_by_ipv6_too(lab):
    first, second = lab.host("n1"), lab.host("n2")
    lab.connect(second, first, "192.0.2.0/24", "2001:db8::/64")
    net = lab.pod_network([first, second], *PODS, backend="host-gw")
    web, client = net.pod("web", first), net.pod("client", second)
    web.http_server(80)
    assert "you are fd00:10:244:1::2 " in client.run("curl -gs -m 5 http://[fd00:10:244::2]/", check=True).output
    assert "fd00:10:244::/64 via 2001:db8::1 dev eth0" in second.run("ip -6 route").output


def test_a_network_may_have_ipv6_only(lab):
    first, second = hosts(lab)
    net = lab.pod_network([first, second], PODS[1])
    web, client = net.pod("web", first), net.pod("client", second)
    web.http_server(80)
    cluster = lab.cluster(net)
    service = cluster.service("web", web)
    assert service.address == "fd00:10:96::2"
    cluster.dns(second).serve(client)
    assert "This is web" in client.run("curl -s -m 5 http://web/", check=True).output
    assert "FLANNEL" not in first.run("iptables-nft-save").output


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_dual_stack_service_is_reached_by_both_families_from_everywhere(lab, mode):
    made = hosts(lab)
    net = lab.pod_network(made, *PODS)
    pods = [net.pod(f"w{n}", made[n % 2]) for n in range(2)]
    client = net.pod("client", made[0])
    for pod in pods:
        pod.http_server(80)
    cluster = lab.cluster(net, mode=mode)
    web = cluster.service("web", *pods, node_port=30080)
    assert web.addresses == ("10.96.0.2", "fd00:10:96::2")
    for node, url in (
        (client, "http://10.96.0.2/"),
        (client, "http://[fd00:10:96::2]/"),
        (made[1], "http://[fd00:10:96::2]/"),
        (lab["outside"], "http://[2001:db8:1::2]:30080/"),
        (lab["outside"], "http://192.0.2.18:30080/"),
    ):
        answers = names(node, url)
        assert sum(answers.values()) == 20, url
        assert answers.keys() == {"w0", "w1"}, url
    assert names(pods[0], "http://[fd00:10:96::2]/", 6).total() == 6  # hairpin, when it reaches itself
    source = client.run("curl -gs http://[fd00:10:96::2]/", check=True).output
    assert f"you are {client.address_in(6)} " in source
    web.remove(*pods)
    for node, url in ((client, "[fd00:10:96::2]"), (lab["outside"], "[2001:db8:1::2]:30080")):
        assert node.run(f"curl -gsS -m 5 http://{url}/").status == 7  # refused at once; 28 would be the time limit


@pytest.mark.parametrize(
    ("mode", "quote"), [("iptables", "-A KUBE-SEP-"), ("nftables", "dnat to [fd00:10:244:1::2]:80")]
)
def test_the_journey_of_an_ipv6_request_quotes_the_rule_that_chose_the_pod(lab, mode, quote):
    made = hosts(lab)
    net = lab.pod_network(made, *PODS)
    web, client = net.pod("web", made[1]), net.pod("client", made[0])
    web.http_server(80)
    cluster = lab.cluster(net, mode=mode)
    cluster.service("web", web)
    with lab.trace() as trace:
        client.run("curl -gs -m 5 http://[fd00:10:96::2]/", check=True)
    syn = next(journey for journey in trace.journeys if journey.packet.kind == "SYN")
    changed = next(hop for hop in syn.hops if any(change.field == "ipv6.dst" for change in hop.changes))
    assert (changed.node, syn.outcome.kind, syn.outcome.where) == ("n1", "delivered", "web/eth0")
    assert quote in changed.evidence[0].quote
    assert not trace.unexplained


@pytest.mark.parametrize("mode", ["iptables", "nftables"])
def test_a_client_stays_with_its_pod_by_ipv6(lab, mode):
    made = hosts(lab)
    net = lab.pod_network(made, *PODS)
    pods = [net.pod(f"w{n}", made[n % 2]) for n in range(2)]
    client = net.pod("client", made[0])
    for pod in pods:
        pod.http_server(80)
    cluster = lab.cluster(net, mode=mode)
    cluster.service("web", *pods, sticky=60, families=[6])
    assert len(names(client, "http://[fd00:10:96::2]/", 10)) == 1


def test_after_everything_is_taken_back_no_rule_of_either_family_is_left(lab):
    made = hosts(lab)
    net = lab.pod_network(made, *PODS)
    cluster = lab.cluster(net)
    web = cluster.service("web", net.pod("w", made[0]), node_port=30080, sticky=10)
    assert "KUBE-SEP" in made[0].run("ip6tables-nft-save").output
    cluster.use("nftables")
    assert "KUBE" not in made[0].run("iptables-nft-save; ip6tables-nft-save").output
    cluster.delete(web)
    cluster.use("iptables")
    assert "kube-proxy" not in made[0].run("nft list tables").output
    assert "KUBE-SVC" not in made[0].run("ip6tables-nft-save").output


def test_names_have_an_address_of_each_family(lab):
    made = hosts(lab)
    net = lab.pod_network(made, *PODS)
    cluster = lab.cluster(net)
    client = net.pod("client", made[1])
    cluster.dns(made[0]).serve(client)
    cluster.service("web", net.pod("w", made[0]))
    answers = {client.run(f"getent {family} web").output.split()[0] for family in ("ahostsv4", "ahostsv6")}
    assert answers == {"10.96.0.2", "fd00:10:96::2"}


@pytest.mark.parametrize(
    ("cidrs", "words"),
    [
        (("10.244.0.0/16", "10.245.0.0/16"), "are of one family"),
        (("10.244.0.7/16",), "write the network as '10.244.0.0/16'"),
        (("fd00::/80",), "has not a /64 for each of 2 hosts"),
    ],
)
def test_networks_that_cannot_be_are_refused(lab, cidrs, words):
    with pytest.raises(CnetkitError, match=words):
        lab.pod_network(hosts(lab), *cidrs)


def test_ipv6_is_refused_in_a_lab_without_it():
    with Lab("single") as lab:
        first, second = lab.host("n1"), lab.host("n2")
        lab.connect(second, first, "192.0.2.0/24")
        with pytest.raises(CnetkitError, match=r"make the lab with Lab\(\.\.\., ipv6=True\)"):
            lab.pod_network([first, second], *PODS)
        with pytest.raises(CnetkitError, match="the pods have no IPv6 addresses"):
            lab.cluster(lab.pod_network([first, second])).service("web", families=[6])


def test_neighbours_find_each_other_over_a_bridge_whose_node_has_rules_that_drop(lab):
    first, second = hosts(lab)
    net = lab.pod_network([first, second], *PODS)
    web, client, third = net.pod("web", first), net.pod("client", first), net.pod("third", first)
    lab.cluster(net, mode="nftables").service("web", web)
    for node in (first, web, client, third):
        node.run("ip -6 neigh flush all", check=True)
    with lab.trace() as trace:
        for to in ("fd00:10:244::1", "fd00:10:244::2"):
            client.run(f"ping -6 -c1 -W5 {to}", check=True)
    found = [(j.summary, j.outcome) for j in trace.journeys if j.packet.kind.startswith("neighbour")]
    assert len(found) >= 4
    assert {outcome.kind for _, outcome in found} == {"delivered"}, found
