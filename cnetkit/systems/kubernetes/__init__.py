"""Kubernetes: pods, and services by a kube-proxy on each host. The pods' network is another system's, flannel's for one."""

from cnetkit.systems.kubernetes.control_plane import cluster, clusters

__all__ = ["NEEDS", "cluster", "clusters"]
NEEDS = ("iptables-nat", "iptables-statistic", "nft-numgen", "nft-trace", "conntrack", "br_netfilter", "dnsmasq")
"""As in a lab's NEEDS. Only the mode `nftables` needs numgen, and only `cluster.dns` needs dnsmasq."""
