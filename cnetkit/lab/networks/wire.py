"""A wire: a veth pair that joins two machines, with an address at each end (veth(4))."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cnetkit import operations as op
from cnetkit.lab import addresses
from cnetkit.lab.network import default_route
from cnetkit.lab.node import LabNode
from cnetkit.model import CnetkitError

Wanted = str | Sequence[str]
"""The address of one end, or one for each network."""


def connect(a: LabNode, b: LabNode, networks: Sequence[str], wanted: Sequence[Wanted] = ()) -> tuple[str, str]:
    """Joins two nodes by a wire and returns the names of its ends.

    `wanted`: the addresses of `a` and of `b`. Without it the second node gets the first address of each network and the first
    node the next one, because a wire leads from a machine to its gateway. A host gets its default route with its first wire,
    if that leads to a router.
    """
    if a is b:
        raise CnetkitError(f"{a.name} cannot be connected to itself")
    pools = [addresses.Pool(str(addresses.network(network))) for network in networks]
    ipv6 = next((str(pool.network) for pool in pools if pool.network.version == 6), "")
    if ipv6 and not a.site.ipv6:
        raise CnetkitError(f"{ipv6} is an IPv6 network: make the lab with Lab(..., ipv6=True)")
    at_a, at_b = _addresses(pools, wanted)
    a.check_addresses(at_a)
    b.check_addresses(at_b)
    ends = a.free_interface(), b.free_interface()
    macs = [addresses.mac(node.name, end) for node, end in zip((a, b), ends, strict=True)]
    operations: list[op.Operation] = [op.AddVeth(a.name, ends[0], macs[0], b.name, ends[1], macs[1])]
    for node, end, cidrs in ((a, ends[0], at_a), (b, ends[1], at_b)):
        operations += [op.AddAddress(node.name, end, cidr) for cidr in cidrs]
    operations += [*_way_out(a, b, at_b), *_way_out(b, a, at_a)]
    a.site.build(*operations)
    a.interfaces[ends[0]], b.interfaces[ends[1]] = at_a, at_b
    return ends


def _addresses(pools: Sequence[addresses.Pool], wanted: Sequence[Wanted]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses of both ends in CIDR form, one of each pool."""
    if not isinstance(wanted, list | tuple) or len(wanted) not in (0, 2):
        raise CnetkitError(f"{wanted!r} is not one address for each end: write addresses=('10.1.0.7', '10.1.0.8')")
    ends = [[end] if isinstance(end, str) else list(end or ()) for end in wanted] or [[], []]
    for address in (address for end in ends for address in end):
        if not any(pool.holds(address) for pool in pools):
            raise CnetkitError(f"{address} is not in {', '.join(str(pool.network) for pool in pools)}")
    for end, pool in itertools.product(ends, pools):
        within = [address for address in end if pool.holds(address)]
        if len(within) > 1:
            raise CnetkitError(f"one end cannot have {' and '.join(within)}: give one address of {pool.network}")
    fixed = [[next((pool.take(text) for text in end if pool.holds(text)), "") for pool in pools] for end in ends]
    at_b = tuple(cidr or pool.take() for cidr, pool in zip(fixed[1], pools, strict=True))
    at_a = tuple(cidr or pool.take() for cidr, pool in zip(fixed[0], pools, strict=True))
    return at_a, at_b


def _way_out(node: LabNode, peer: LabNode, gateways: tuple[str, ...]) -> list[op.Operation]:
    leads_out = peer.kind == "router" and node.kind == "host"
    first = not any(name.startswith("eth") for name in node.interfaces)
    if not (leads_out and first):
        return []
    return [default_route(node.name, gateway.split("/")[0]) for gateway in gateways]
