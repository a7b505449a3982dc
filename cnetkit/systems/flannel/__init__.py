"""flannel: a network for pods, a subnet a host, with VXLAN or routes between the hosts."""

from cnetkit.systems.flannel.network import pod_network

__all__ = ["NEEDS", "pod_network"]
NEEDS = ("veth", "bridge", "vxlan", "iptables-nat", "nft-trace", "conntrack", "br_netfilter")
"""As in a lab's NEEDS. Only the backend `vxlan` needs VXLAN."""
