"""The rules of one service, read as a firewall does, are those that kube-proxy's own tests expect of it.

What kube-proxy expects was read in github.com/kubernetes/kubernetes, pkg/proxy/iptables/proxier_test.go (1.30) and
pkg/proxy/nftables/proxier_test.go (1.31): which rules each chain has, in which order, what they match and where they lead.
The chains' names are compared in test_kube_proxy_names.py; a running kube-proxy was not at hand.
"""

from __future__ import annotations

import shlex
from collections import defaultdict

import pytest

from cnetkit.systems.kubernetes import kube_proxy_iptables, kube_proxy_nftables
from cnetkit.systems.kubernetes.service_port import ServicePort

PODS = "10.0.0.0/8"
WEB = ServicePort(80, "p80", node_port=3001, namespace="ns4", service="svc4", address="172.30.0.44",
                  endpoints=("10.180.0.4:80", "10.180.0.5:80"))  # fmt: skip
SVC, EXT, FIRST, SECOND = (
    "KUBE-SVC-4SW47YFZTEDKD3PK",
    "KUBE-EXT-4SW47YFZTEDKD3PK",
    "KUBE-SEP-UKSFD7AGPMPPLUHC",
    "KUBE-SEP-C6EBXVWJJZMIWKLZ",
)
TO_SERVICE = {"-d": "172.30.0.44", "-p": "tcp", "--dport": "80"}
MATCHES = (
    "-s",
    "-d",
    "-p",
    "--dport",
    "--dst-type",
    "--probability",
    "--comment",
    "--to-destination",
    "-j",
    "--mark",
    "--ctstate",
)


def chains(text: str, table: str) -> dict[str, list[dict[str, str]]]:
    """What each chain's rules match and do: option → value, `!` before the value where the match is negated."""
    rules_of = defaultdict(list)
    part = text.partition(f"*{table}\n")[2].partition("COMMIT")[0]
    for line in part.splitlines():
        if not line.startswith("-A "):
            continue
        words = shlex.split(line)
        rule = {}
        for at, word in enumerate(words):
            if word in MATCHES and at > 1:
                negated = "!" in (words[at - 1], words[at + 1])
                rule[word] = ("!" if negated else "") + next(w for w in words[at + 1 :] if w != "!")
        rules_of[words[1]].append(rule)
    return rules_of


def test_the_iptables_rules_of_a_service_are_those_of_kube_proxy():
    nat = chains(kube_proxy_iptables.rules([WEB], [], PODS, first=True), "nat")
    cluster_ip = {"--comment": "ns4/svc4:p80 cluster IP"}
    assert nat["KUBE-SERVICES"] == [
        {**cluster_ip, **TO_SERVICE, "-j": SVC},
        {"--comment": "kubernetes service nodeports; NOTE: this must be the last rule in this chain", "--dst-type": "LOCAL",
         "-j": "KUBE-NODEPORTS"},
    ]  # fmt: skip
    assert nat["KUBE-NODEPORTS"] == [{"--comment": "ns4/svc4:p80", "-p": "tcp", "--dport": "3001", "-j": EXT}]
    assert nat[EXT] == [
        {"--comment": "masquerade traffic for ns4/svc4:p80 external destinations", "-j": "KUBE-MARK-MASQ"},
        {"-j": SVC},
    ]
    assert nat[SVC] == [
        {**cluster_ip, **TO_SERVICE, "-s": f"!{PODS}", "-j": "KUBE-MARK-MASQ"},
        {"--comment": "ns4/svc4:p80 -> 10.180.0.4:80", "--probability": "0.5000000000", "-j": FIRST},
        {"--comment": "ns4/svc4:p80 -> 10.180.0.5:80", "-j": SECOND},
    ]
    for name, address in ((FIRST, "10.180.0.4"), (SECOND, "10.180.0.5")):
        assert nat[name] == [
            {"--comment": "ns4/svc4:p80", "-s": address, "-j": "KUBE-MARK-MASQ"},
            {"--comment": "ns4/svc4:p80", "-p": "tcp", "-j": "DNAT", "--to-destination": f"{address}:80"},
        ]
    assert [rule["-j"] for rule in nat["KUBE-POSTROUTING"]] == ["RETURN", "MARK", "MASQUERADE"]
    assert nat["KUBE-POSTROUTING"][0]["--mark"] == "!0x4000/0x4000"


@pytest.mark.parametrize("left", [1, 2, 3, 7])
def test_each_pod_has_the_same_probability(left):
    ends = tuple(f"10.180.0.{n}:80" for n in range(left))
    service = ServicePort(80, namespace="a", service="b", address="172.30.0.1", endpoints=ends)
    rules = chains(kube_proxy_iptables.rules([service], [], PODS, first=True), "nat")[
        kube_proxy_iptables.chain("SVC", service)
    ][1:]
    remaining, got = 1.0, []
    for rule in rules:
        share = remaining * float(rule.get("--probability", 1))
        got.append(share)
        remaining -= share
    assert got == pytest.approx([1 / left] * left, abs=1e-9)


@pytest.mark.parametrize("version", [4, 6])
def test_only_connections_from_the_host_itself_reach_127_0_0_1_though_node_ports_are_served_there(version):
    filtering = chains(kube_proxy_iptables.rules([WEB], [], PODS, first=True, version=version), "filter")
    localnet = {"-d": "127.0.0.0/8", "-s": "!127.0.0.0/8", "--ctstate": "!RELATED,ESTABLISHED,DNAT", "-j": "DROP"}
    comment = {"--comment": "block incoming localnet connections"}
    assert filtering["KUBE-FIREWALL"] == ([comment | localnet] if version == 4 else [])


def test_a_service_without_pods_is_rejected_in_the_filter_table_and_absent_from_nat():
    text = kube_proxy_iptables.rules(
        [ServicePort(80, "p80", node_port=3001, namespace="ns4", service="svc4", address="172.30.0.44")],
        [],
        PODS,
        first=True,
    )
    filtering, nat = chains(text, "filter"), chains(text, "nat")
    none = {"--comment": "ns4/svc4:p80 has no endpoints"}
    assert filtering["KUBE-SERVICES"] == [{**none, **TO_SERVICE, "-j": "REJECT"}]
    assert filtering["KUBE-EXTERNAL-SERVICES"] == [
        {**none, "--dst-type": "LOCAL", "-p": "tcp", "--dport": "3001", "-j": "REJECT"}
    ]
    assert [rule["-j"] for rule in nat["KUBE-SERVICES"]] == ["KUBE-NODEPORTS"]
    assert [(rule["-j"], rule.get("--ctstate", rule.get("--mark"))) for rule in filtering["KUBE-FORWARD"]] == [
        ("DROP", "INVALID"), ("ACCEPT", "0x4000/0x4000"), ("ACCEPT", "RELATED,ESTABLISHED"),
    ]  # fmt: skip


def added(text: str, kind: str, family: str = "ip") -> dict[str, list[str]]:
    entries = defaultdict(list)
    for line in text.splitlines():
        if line.startswith(f"add {kind} {family} kube-proxy "):
            name, _, rest = line.removeprefix(f"add {kind} {family} kube-proxy ").partition(" ")
            entries[name].append(rest)
    return entries


def test_in_nftables_a_service_is_a_map_element_a_random_choice_and_a_chain_for_each_pod():
    text = kube_proxy_nftables.rules([WEB], [], PODS, "172.30.0.0/16", [], "192.0.2.18")
    service, outside = (kube_proxy_nftables.chain(kind, WEB) for kind in ("service", "external"))
    ends = [kube_proxy_nftables.chain("endpoint", WEB, end) for end in WEB.endpoints]
    elements, rules = added(text, "element"), added(text, "rule")
    assert elements["cluster-ips"] == ["{ 172.30.0.44 }"]
    assert elements["nodeport-ips"] == ["{ 192.0.2.18 }"]
    assert rules["services"] == [
        "ip daddr . meta l4proto . th dport vmap @service-ips",
        "ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports",
    ]
    assert elements["service-ips"] == [f"{{ 172.30.0.44 . tcp . 80 : goto {service} }}"]
    assert elements["service-nodeports"] == [f"{{ tcp . 3001 : goto {outside} }}"]
    assert rules[outside] == ["jump mark-for-masquerade", f"goto {service}"]
    assert rules[service] == [
        f"ip daddr 172.30.0.44 tcp dport 80 ip saddr != {PODS} jump mark-for-masquerade",
        f"numgen random mod 2 vmap {{ 0 : goto {ends[0]}, 1 : goto {ends[1]} }}",
    ]
    for name, address in zip(ends, ("10.180.0.4", "10.180.0.5"), strict=True):
        assert rules[name] == [f"ip saddr {address} jump mark-for-masquerade", f"meta l4proto tcp dnat to {address}:80"]


V6 = ServicePort(80, "p80", node_port=3001, namespace="ns1", service="svc1", address="fd00:172:30::41",
                 endpoints=("[fd00:10:180::1]:80", "[fd00:10:180::2:1]:80"))  # fmt: skip


def test_the_ip6tables_rules_of_a_service_name_ipv6_addresses_and_no_node_port_at_localhost():
    text = kube_proxy_iptables.rules([V6], [], "fd00:10::/64", first=True, version=6)
    nat = chains(text, "nat")
    assert nat["KUBE-SERVICES"][0]["-d"] == "fd00:172:30::41"
    assert nat["KUBE-SERVICES"][-1]["-d"] == "!::1/128"
    assert nat["KUBE-SERVICES"][-1]["-j"] == "KUBE-NODEPORTS"
    first = nat[kube_proxy_iptables.chain("SEP", V6, V6.endpoints[0])]
    assert first[0]["-s"] == "fd00:10:180::1"
    assert first[1]["--to-destination"] == "[fd00:10:180::1]:80"


def test_in_nftables_an_ipv6_service_is_in_the_table_ip6_with_the_same_chains():
    text = kube_proxy_nftables.rules([V6], [], "fd00:10::/64", "fd00:10:96::/112", [], version=6)
    rules, elements = added(text, "rule", "ip6"), added(text, "element", "ip6")
    assert not added(text, "rule")
    assert elements["service-ips"] == ["{ fd00:172:30::41 . tcp . 80 : goto service-ULMVA6XW-ns1/svc1/tcp/p80 }"]
    assert rules["cluster-ips-check"] == [
        'ip6 daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"',
        'ip6 daddr { fd00:10:96::/112 } drop comment "Drop traffic to unallocated ClusterIPs"',
    ]
    assert rules["service-ULMVA6XW-ns1/svc1/tcp/p80"][0] == (
        "ip6 daddr fd00:172:30::41 tcp dport 80 ip6 saddr != fd00:10::/64 jump mark-for-masquerade"
    )
    assert rules["endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80"] == [
        "ip6 saddr fd00:10:180::1 jump mark-for-masquerade",
        "meta l4proto tcp dnat to [fd00:10:180::1]:80",
    ]
    assert "type ipv6_addr" in added(text, "set", "ip6")["cluster-ips"][0]
