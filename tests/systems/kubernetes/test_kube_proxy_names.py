"""Chains are named as kube-proxy names them: the names below are those of real clusters and of its own documentation."""

from __future__ import annotations

import pytest

from cnetkit.systems.kubernetes import kube_proxy_iptables, kube_proxy_nftables
from cnetkit.systems.kubernetes.service_port import ServicePort


def port(name: str, protocol: str = "tcp") -> ServicePort:
    full, _, port_name = name.partition(":")
    namespace, service = full.split("/")
    return ServicePort(80, port_name, protocol, namespace=namespace, service=service)


@pytest.mark.parametrize(
    ("name", "protocol", "chain"),
    [
        ("default/nginx", "tcp", "KUBE-SVC-2CMXP7HKUVJN7L6M"),
        ("default/kubernetes:https", "tcp", "KUBE-SVC-NPX46M4PTMTKRN6Y"),
        ("kube-system/kube-dns:dns", "udp", "KUBE-SVC-TCOU7JCQXEZGVUNU"),
        ("kube-system/kube-dns:dns-tcp", "tcp", "KUBE-SVC-ERIFXISQEP7F7OF4"),
        ("kube-system/kube-dns:metrics", "tcp", "KUBE-SVC-JD5MR3NA4I4DYORP"),
    ],
)
def test_the_chain_of_a_service_has_the_same_name_in_every_cluster(name, protocol, chain):
    assert kube_proxy_iptables.chain("SVC", port(name, protocol)) == chain


@pytest.mark.parametrize(
    ("name", "protocol", "endpoint", "chain"),
    [
        ("kube-system/kube-dns:dns", "udp", "10.244.0.2:53", "KUBE-SEP-YIL6JZP7A3QYXJU2"),
        ("kube-system/kube-dns:dns", "udp", "10.244.0.3:53", "KUBE-SEP-6E7XQMQ4RAYOWTTM"),
        ("kube-system/kube-dns:metrics", "tcp", "10.244.0.2:9153", "KUBE-SEP-N4G2XR5TDX7PQE7P"),
    ],
)
def test_the_chain_of_an_endpoint_has_the_same_name_in_every_cluster(name, protocol, endpoint, chain):
    assert kube_proxy_iptables.chain("SEP", port(name, protocol), endpoint) == chain


def test_nftables_chains_contain_the_name_of_their_service():
    service = port("ns1/svc1:p80")
    assert kube_proxy_nftables.chain("service", service) == "service-ULMVA6XW-ns1/svc1/tcp/p80"
    assert (
        kube_proxy_nftables.chain("endpoint", service, "10.180.0.1:80")
        == "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80"
    )


@pytest.mark.parametrize(
    ("endpoint", "chain"),
    [
        ("[fd00:10:180::1]:80", "endpoint-ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80"),
        ("[fd00:10:180::2:1]:80", "endpoint-2CRNCTTE-ns1/svc1/tcp/p80__fd00.10.180..2.1/80"),
    ],
)
def test_nftables_chains_of_ipv6_endpoints_have_dots_for_colons(endpoint, chain):
    assert kube_proxy_nftables.chain("endpoint", port("ns1/svc1:p80"), endpoint) == chain
