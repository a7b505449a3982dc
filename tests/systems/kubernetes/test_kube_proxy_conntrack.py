"""Which UDP connections are deleted when the pods of a service change."""

from __future__ import annotations

from dataclasses import replace

from cnetkit import operations as op
from cnetkit.systems.kubernetes.kube_proxy_conntrack import deletions
from cnetkit.systems.kubernetes.service_port import ServicePort

V4 = ServicePort(7, "echo", "udp", node_port=30007, namespace="default", service="echo", address="10.96.0.2",
                 endpoints=("10.244.0.2:7",))  # fmt: skip
V6 = replace(V4, address="fd00:10:96::2", endpoints=("[fd00:10:244::2]:7",))


def test_connections_to_pods_that_stay_are_kept():
    assert list(deletions(["n1"], [V4], [])) == [
        op.ForgetConnections("n1", "udp", "10.96.0.2", 7, ["10.244.0.2"]),
        op.ForgetConnections("n1", "udp", "", 30007, ["10.244.0.2"]),
    ]


def test_at_a_node_port_the_pods_of_both_families_are_kept():
    at_node_port = [deletion for deletion in deletions(["n1"], [V4, V6], []) if not deletion.address]
    assert [deletion.keep for deletion in at_node_port] == [["10.244.0.2", "fd00:10:244::2"]] * 2


def test_nothing_is_deleted_for_tcp_for_unchanged_services_and_for_services_without_pods():
    assert not list(deletions(["n1"], [V4], [V4]))
    assert not list(deletions(["n1"], [replace(V4, protocol="tcp")], []))
    assert not list(deletions(["n1"], [replace(V4, endpoints=())], [V4]))
