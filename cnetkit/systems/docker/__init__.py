"""Docker: a bridge with Docker's rules around it, and published ports."""

from cnetkit.systems.docker.host import bridge, publish, published, unpublish

__all__ = ["NEEDS", "bridge", "publish", "published", "unpublish"]
NEEDS = ("veth", "bridge", "iptables-nat", "nft-trace", "conntrack", "br_netfilter")
"""As in a lab's NEEDS. Without br_netfilter packets between containers of one bridge pass no iptables rules."""
