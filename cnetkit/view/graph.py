"""A network as a pyvis Network, which vis-network draws. The page around it is ours, so that nothing is fetched.

Colours are chosen in the browser, which knows light and dark; here are positions, shapes and labels.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnetkit.view.layout import BESIDE, BETWEEN, Port, layout
from cnetkit.view.network import Network
from cnetkit.view.pipes import pipes
from cnetkit.view.wording import legible

if TYPE_CHECKING:
    from cnetkit.model import Interface

OPTIONS = {
    "physics": False,
    "layout": {"randomSeed": 1},
    "interaction": {"hover": True, "dragNodes": False, "selectConnectedEdges": False, "zoomView": False},
    "nodes": {"shape": "box", "margin": {"top": 5, "bottom": 5, "left": BESIDE, "right": BESIDE}, "borderWidth": 1.5,
              "font": {"size": 14, "face": "system-ui, sans-serif", "multi": False}, "shapeProperties": {"borderRadius": 6}},
    "edges": {"smooth": False, "width": 2, "hoverWidth": 0, "selectionWidth": 0},
}  # fmt: skip
DASHES: dict[str, Any] = {
    "tunnel": [9, 6],
    "bridge": False,
    "macvlan": [3, 4],
    "ipvlan": [3, 4],
    "vlan": [3, 4],
    "seen": [2, 5],
}
BOW = {"enabled": True, "type": "curvedCW", "roundness": 0.18}
"""Tunnels curve over the links they run through, and links over interfaces between their ends."""
THIN = frozenset(" .,:;/|'!fijlrt()[]-")
"""Characters of half the breadth of a digit, about."""
TOGETHER = 15
"""A name and a kind of so many characters together are one line."""
LETTERS = 17
"""Characters of a name or address that fit into an interface; the whole text is beside the picture."""


def graph(network: Network) -> dict[str, Any]:
    """Nodes, edges and options for vis-network, and the boxes around the nodes. Imports pyvis."""
    from pyvis.network import Network as Vis

    vis = Vis()
    vis.set_options(json.dumps(OPTIONS))
    nodes = list(network.nodes)
    labels = {place: _label(one, place in network.in_topology) for place, one in network.interfaces.items()}
    positions = layout(
        {name: node.host for name, node in network.nodes.items()},
        [
            Port(
                i.node, i.name, i.kind == "bridge", i.master, _peer(network, i), labels[place].count("\n") + 1,
                max(map(_breadth, labels[place].split("\n"))),
            )
            for place, i in network.interfaces.items()
        ],
        [(link.a[0], link.b[0]) for link in network.links if link.kind != "tunnel"],
    )  # fmt: skip
    for place, interface in network.interfaces.items():
        x, y = positions.places[place]
        across = round(positions.widths[interface.node])
        described = place in network.in_topology
        down = described and not interface.up
        vis.add_node(
            network.number[place], label=labels[place], group=_group(interface),
            shape="box", x=round(x), y=round(y),
            widthConstraint={"minimum": across - BETWEEN - 2 * BESIDE, "maximum": across + 2 * BESIDE},
            shapeProperties={"borderDashes": [5, 4] if down else False, "borderRadius": 6},
        )  # fmt: skip
    ways = pipes(network)
    drawn = [
        link for link in network.links
        if link.a in network.number and link.b in network.number and not (link.kind == "tunnel" and (link.a, link.b) in ways)
    ]  # fmt: skip
    rows = sorted({(round(y), round(x)) for x, y in positions.places.values()})
    for at, link in enumerate(drawn):
        bowed = link.kind == "tunnel" or _between(rows, positions.places[link.a], positions.places[link.b])
        vis.add_edge(
                network.number[link.a], network.number[link.b], id=f"e{at}", kind=link.kind,
                dashes=DASHES.get(link.kind, False), smooth=BOW if bowed else False,
            )  # fmt: skip
    return {
        "nodes": vis.nodes,
        "edges": vis.edges,
        "pipes": [[network.number[place] for place in way] for way in ways.values()],
        "options": vis.options,
        "boxes": [
            [nodes.index(b.node), round(b.x), round(b.y), round(b.width), round(b.height), b.depth]
            for b in positions.boxes
        ],
    }


@cache
def library() -> str:
    """vis-network's own program text, from pyvis's package."""
    import pyvis

    file = Path(pyvis.__file__).parent / "lib" / "vis-9.1.2" / "vis-network.min.js"
    return file.read_text(encoding="utf-8")


def _peer(network: Network, interface: Interface) -> tuple[str, str] | None:
    return interface.peer if interface.peer in network.interfaces else None


def _between(rows: list[tuple[int, int]], a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether another interface is between these two in the same row; `rows` are all interfaces by y, then x."""
    if round(a[1]) != round(b[1]):
        return False
    first, second = sorted((round(x), round(y))[::-1] for x, y in (a, b))
    return bisect_left(rows, second) - bisect_left(rows, first) > 1


def _group(interface: Interface) -> str:
    if interface.kind == "bridge":
        return "bridge"
    return (
        "tunnel" if interface.kind in ("vxlan", "geneve", "gre", "gretap", "ipip", "tun", "wireguard") else "interface"
    )


def _label(interface: Interface, described: bool) -> str:
    """The name, the kind if it is not plain, and the first address or the problem."""
    lines = [_cut(legible(interface.name))]
    if interface.kind not in ("", "veth", "loopback"):
        number = interface.details.get("id")
        kind = f"{interface.kind}{f' {number}' if number is not None else ''}"
        beside = f"{lines[0]} · {kind}"
        lines = [beside] if len(beside) <= TOGETHER else [*lines, _cut(kind)]
    if described and not interface.up:
        lines.append("down")
    elif interface.addresses:
        lines.append(
            _cut(interface.addresses[0]) + (f" +{len(interface.addresses) - 1}" if len(interface.addresses) > 1 else "")
        )
    elif described and not interface.master and interface.kind not in ("bridge", "loopback"):
        lines.append("no address")
    return "\n".join(lines)


def _breadth(text: str) -> float:
    """Pixels of a line of a label, in a broad font of this size."""
    return sum(4.8 if letter in THIN else 12.5 if letter in "mwMW" else 8.9 for letter in text)


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
