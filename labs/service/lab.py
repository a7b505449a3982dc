"""Services: one address for several pods, by iptables and by nftables.

Two hosts with a pod of the service `web` on each, a client pod, a DNS server, and a machine outside that knows only the
hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = "No interface has the service's address. Who answers for it, and how is a pod chosen?"
ANSWER = (
    "The client's own host does: a rule picks a pod by chance, puts its address in place of the service's, and the "
    "answer is changed back."
)
NEEDS = (
    "vxlan", "iptables-nat", "iptables-statistic", "nft-numgen", "nft-trace", "conntrack", "br_netfilter", "dnsmasq", "curl",
)  # fmt: skip
TIMES = 16


def network(lab: Lab) -> None:
    """Builds a cluster of two hosts, with kube-proxy's rules on both."""
    router, hosts = lab.router("router"), [lab.host("n1"), lab.host("n2")]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    lab.connect(lab.host("outside"), router, "198.51.100.0/24")
    pods = lab.pod_network(hosts)
    behind = [pods.pod(name, host) for name, host in zip(("web-1", "web-2"), hosts, strict=True)]
    client = pods.pod("client", hosts[0])
    for pod in behind:
        pod.http_server(80)
    cluster = lab.cluster(pods)
    cluster.service("web", *behind, node_port=30080)
    cluster.dns(hosts[1]).serve(client)


def traffic(lab: Lab) -> None:
    """The client sends requests by name, outside sends them to a host; again with nftables, and once more without one pod."""
    (cluster,) = lab.clusters
    web = cluster.services["default", "web"]
    for mode in ("iptables", "nftables"):
        cluster.use(mode)
        lab["client"].run(f"for i in $(seq {TIMES}); do curl -s -m 5 http://web/; done", check=True)
        lab["outside"].run(f"for i in $(seq {TIMES}); do curl -s -m 5 http://192.0.2.18:30080/; done", check=True)
    web.remove(lab["web-2"])
    lab["client"].run("curl -s -m 5 http://web/", check=True)
