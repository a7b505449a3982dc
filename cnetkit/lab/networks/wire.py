"""A wire: a veth pair that joins two machines, with an address at each end."""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.network import default_route
from cnetkit.lab.node import Node
from cnetkit.model import CnetkitError


def connect(a: Node, b: Node, networks: tuple[str, ...]) -> tuple[str, str]:
    """Joins two nodes by a wire and gives back the names of its ends.

    In each network the second node gets the first address and the first node the next: a wire leads from a machine to its
    gateway. A machine without a way out gets a default route where the other is a router.
    """
    if a is b:
        raise CnetkitError(f"{a.name} cannot be connected to itself")
    pools = [addresses.Pool(network) for network in networks]
    if any(pool.network.version == 6 for pool in pools) and not a.site.ipv6:
        raise CnetkitError(f"{networks} holds IPv6: make the lab with Lab(..., ipv6=True)")
    at_b = tuple(pool.take() for pool in pools)
    at_a = tuple(pool.take() for pool in pools)
    ends = a.free_interface(), b.free_interface()
    macs = [addresses.mac(node.name, end) for node, end in zip((a, b), ends, strict=True)]
    operations: list[op.Operation] = [op.AddVeth(a.name, ends[0], macs[0], b.name, ends[1], macs[1])]
    for node, end, cidrs in ((a, ends[0], at_a), (b, ends[1], at_b)):
        operations += [op.AddAddress(node.name, end, cidr) for cidr in cidrs]
    operations += [*_way_out(a, b, at_b), *_way_out(b, a, at_a)]
    a.site.build(*operations)
    a.interfaces[ends[0]], b.interfaces[ends[1]] = at_a, at_b
    return ends


def _way_out(node: Node, other: Node, gateways: tuple[str, ...]) -> list[op.Operation]:
    leads_out = other.kind == "router" and node.kind == "host"
    first = not any(name.startswith("eth") for name in node.interfaces)
    if not (leads_out and first):
        return []
    return [default_route(node.name, gateway.split("/")[0]) for gateway in gateways]
