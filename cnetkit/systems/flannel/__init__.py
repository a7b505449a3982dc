"""flannel: a network for pods, a subnet a host, with VXLAN or routes between the hosts."""

from cnetkit.needs import BRIDGE, BRIDGE_NETFILTER, CONNTRACK, IPTABLES, NAT, VERDICTS, VETH, VXLAN

NEEDS = (VETH, BRIDGE, VXLAN, IPTABLES, NAT, VERDICTS, CONNTRACK, BRIDGE_NETFILTER)
"""Only the backend `vxlan` needs VXLAN."""
