"""Kubernetes: pods, and services by a kube-proxy on each host. The pods' network is another system's, flannel's for one."""

from cnetkit.needs import BRIDGE_NETFILTER, CONNTRACK, IPTABLES, NAT, VERDICTS, feature, program

NEEDS = (
    IPTABLES,
    NAT,
    VERDICTS,
    CONNTRACK,
    BRIDGE_NETFILTER,
    feature("iptables-statistic", module="xt_statistic", program=IPTABLES.name),
    feature("nft-numgen", module="nft_numgen", program="nft"),
    program("dnsmasq", "dnsmasq-base"),
)
"""Only the mode `nftables` needs numgen, and only `cluster.dns` needs dnsmasq."""
