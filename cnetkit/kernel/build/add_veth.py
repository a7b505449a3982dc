"""Adds veth pairs, those of a node in one batch."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from cnetkit.kernel.build.builder import Builder, BuildStep
from cnetkit.kernel.links.bridge import hairpin
from cnetkit.kernel.links.link import delete_link, set_up
from cnetkit.kernel.links.veth import veth
from cnetkit.operations import AddVeth


def build(builder: Builder, operations: list[AddVeth]) -> None:
    """Carries out operations of this kind."""
    for node, group in groupby(operations, key=lambda pair: pair.node):
        _build_in(builder, node, list(group))


def _build_in(builder: Builder, node: str, pairs: list[AddVeth]) -> None:
    find = builder.stacks.find
    stack = find(node)
    masters = {name: stack.index(name) for name in {pair.master for pair in pairs} if name}
    steps: list[BuildStep] = []
    for pair in pairs:
        peer = (pair.peer_name, pair.peer_mac, find(pair.peer_node).fd)
        new = veth(pair.name, pair.mac, masters.get(pair.master, 0), *peer, pair.mtu)
        what = f"a link {node}/{pair.name} to {pair.peer_node}/{pair.peer_name}"
        steps.append(BuildStep(new, partial(delete_link, pair.name), what))
    builder.send(stack, steps)
    hairpins = [hairpin(stack.index(pair.name)) for pair in pairs if pair.hairpin]
    builder.send(stack, [BuildStep(new, None, f"hairpin mode in {node}") for new in hairpins])
    for pair in pairs:
        far = find(pair.peer_node)
        if not pair.offload:
            builder.checksums_in_software(stack, pair.name)
            builder.checksums_in_software(far, pair.peer_name)
        what = f"setting up {pair.peer_node}/{pair.peer_name}"
        builder.queue(far, BuildStep(set_up(pair.peer_name), None, what))
