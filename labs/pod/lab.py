"""Pods: containers that share one network stack, and pods of two hosts that see each other's own addresses.

Two hosts with a subnet of 10.244.0.0/16 each, joined as flannel joins them. The pod `web` has two containers; `client` is a
pod on the other host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "Two containers of a pod and a pod of another host all reach the same server. Whose addresses does it see?"
ANSWER = (
    "It sees 127.0.0.1 from its own pod, and from another host the pod's own address: nothing on the way is translated."
)
NEEDS = ("vxlan", "iptables-nat", "nft-trace", "conntrack", "br_netfilter", "curl")


def network(lab: Lab) -> None:
    """Builds a pod with a server and a second container, and a pod on the other host."""
    router, hosts = lab.router("router"), [lab.host("n1"), lab.host("n2")]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    pods = lab.pod_network(hosts)
    web = pods.pod("web", hosts[0])
    pods.pod("client", hosts[1])
    web.container("server").http_server(80)
    web.container("sidecar")


def traffic(lab: Lab) -> None:
    """Sends a request from the container beside the server, and one from the pod on the other host."""
    lab["web"].containers["sidecar"].run("curl -s http://127.0.0.1/")
    lab["client"].run("curl -s -m 5 http://10.244.0.2/")
