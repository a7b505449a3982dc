"""Docker: a bridge with Docker's rules around it, and published ports."""

from cnetkit.needs import BRIDGE, BRIDGE_NETFILTER, CONNTRACK, IPTABLES, MACVLAN, NAT, VERDICTS, VETH

NEEDS = (VETH, BRIDGE, IPTABLES, NAT, VERDICTS, CONNTRACK, BRIDGE_NETFILTER, MACVLAN)
"""Without br_netfilter packets between containers of one bridge pass no iptables rules."""
