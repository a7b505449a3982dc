"""Networks of several hosts, made with ip(8) inside a lab, through which the tests of journeys send marked traffic."""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.lab import Lab
from cnetkit.lab.node import LabNode
from tests.kernel.tagged import answer


@dataclass
class Overlay:
    """Two hosts connected by a router, each with a bridge and two pods, joined by VXLAN."""

    hosts: list[LabNode]
    pods: list[LabNode]


def overlay(lab: Lab, *, mtu: int = 1450, options: str = "") -> Overlay:
    """One subnet, 10.244.0.0/24, over both hosts' bridges."""
    router, hosts, pods = lab.router("r"), [], []
    for n in (1, 2):
        host = lab.host(f"n{n}")
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
        hosts.append(host)
    addresses = [host.address for host in hosts]
    for n, host in enumerate(hosts, 1):
        net = host.bridge("cni0", f"10.244.0.{n}/24", docker="20.10", proxy=False)
        pods += [net.container(f"p{n}{k}", f"10.244.0.{n * 10 + k}") for k in (1, 2)]
        host.run(
            f"ip link add flannel.1 mtu {mtu} type vxlan id 42 dstport 4789 local {addresses[n - 1]} "
            f"remote {addresses[2 - n]} {options} && ip link set flannel.1 up master cni0",
            check=True,
        )
    for pod in pods:
        pod.run(f"ip link set eth0 mtu {mtu}", check=True)
    answer(pods[2], 90)
    pods[2].http_server(80)
    return Overlay(hosts, pods)


def cluster(lab: Lab, *, forward: str = "ACCEPT") -> Overlay:
    """A subnet a node, routed over VXLAN as flannel does, and a ClusterIP that spreads over a pod on each node.

    `forward`: the policy of the nodes' FORWARD chain, which flannel opens.
    """
    router, hosts, pods = lab.router("r"), [], []
    for n in (1, 2):
        host = lab.host(f"n{n}")
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
        hosts.append(host)
    addresses = [host.address for host in hosts]
    for n, host in enumerate(hosts, 1):
        net = host.bridge("cni0", f"10.244.{n}.1/24", docker="20.10", proxy=False)
        pods += [net.container(f"p{n}{k}") for k in (1, 2)]
        other = 3 - n
        host.run(
            f"ip link add flannel.1 mtu 1450 address 02:00:00:00:00:0{n} type vxlan id 1 dstport 8472 "
            f"local {addresses[n - 1]} nolearning && ip addr add 10.244.{n}.0/32 dev flannel.1 && "
            f"ip link set flannel.1 up && ip route add 10.244.{other}.0/24 via 10.244.{other}.0 dev flannel.1 onlink && "
            f"ip neigh add 10.244.{other}.0 lladdr 02:00:00:00:00:0{other} dev flannel.1 nud permanent && "
            f"bridge fdb append 02:00:00:00:00:0{other} dev flannel.1 dst {addresses[other - 1]} self permanent",
            check=True,
        )
    one, two = pods[1].address, pods[3].address
    for pod in (pods[1], pods[3]):
        answer(pod, 90)
        pod.http_server(80)
    for host in hosts:
        host.run(f"iptables-nft -P FORWARD {forward}", check=True)
        host.run(
            "nft -f -",
            input=f"""
table ip service {{
    chain services {{
    }}
    chain prerouting {{
        type nat hook prerouting priority dstnat
        jump services
    }}
    chain output {{
        type nat hook output priority -100
        jump services
    }}
    chain services {{
        ip daddr 10.96.0.10 meta l4proto {{ tcp, udp }} dnat to numgen inc mod 2 map {{ 0 : {one}, 1 : {two} }}
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat
        ip saddr 10.244.0.0/16 ip daddr != 10.244.0.0/16 masquerade
    }}
}}
""",
            check=True,
        )
    return Overlay(hosts, pods)
