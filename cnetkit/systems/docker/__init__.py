"""Docker: its bridges, published ports and macvlan networks made by hand, and the real engine."""

from cnetkit.needs import BRIDGE, BRIDGE_NETFILTER, CONNTRACK, IPTABLES, MACVLAN, NAT, VERDICTS, VETH, programs

NEEDS = (
    VETH,
    BRIDGE,
    IPTABLES,
    NAT,
    VERDICTS,
    CONNTRACK,
    BRIDGE_NETFILTER,
    MACVLAN,
    *map(programs, ("docker-28.5", "docker-20.10", "etcd-3.4")),
)
"""Without br_netfilter packets between containers of one bridge pass no iptables rules."""
