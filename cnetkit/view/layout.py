"""Positions of a network's interfaces and boxes: hosts contain their containers, bridges are above their ports, and a machine
that joins several others is above them.

Pure arithmetic on names and sizes, deterministic. Draws nothing and knows no packets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import sqrt

Place = tuple[str, str]
LINE, AROUND, BESIDE, BETWEEN, NARROW = 14, 18, 6, 6, 90
"""Pixels of an interface with the space around it: for each of its lines of text, above and below them, on each side of the
widest one, between two frames, and across at least."""
PAD, HEAD, GAP, CLOSE = 7, 26, 44, 22
"""Pixels inside a box, of its heading, between two machines, and between two whose links lead up to a third."""
ACROSS = 8
"""Ports of a bridge side by side; more ports form further rows."""
FEW, FLAT = 4, 8
"""This many parts form one row, unless it is more than this many times as wide as high."""
JOINING, PANE, LOSS = 3, 3.0, 0.7
"""A machine that joins so many others is drawn above them, unless in a pane of this width by height the picture would become
smaller than this share of one with all in a row."""


@dataclass(frozen=True, slots=True)
class Port:
    """The properties of an interface that decide its position."""

    node: str
    name: str
    bridge: bool = False
    master: str = ""
    peer: Place | None = None
    lines: int = 2
    """Lines of its text."""
    text: float = 0
    """Pixels of the widest of them."""

    @property
    def height(self) -> int:
        """Pixels, with the space around it."""
        return LINE * self.lines + AROUND


@dataclass(frozen=True, slots=True)
class Box:
    """The frame around a node. `depth` 1 is inside another one."""

    node: str
    x: float
    y: float
    width: float
    height: float
    depth: int = 0


@dataclass(slots=True)
class Layout:
    """Centres of interfaces, and boxes around them, in pixels; extends to the right and down from 0, 0."""

    places: dict[Place, tuple[float, float]] = field(default_factory=dict)
    widths: dict[str, float] = field(default_factory=dict)
    """The width of the interfaces of each node, with the space around them."""
    boxes: list[Box] = field(default_factory=list)
    width: float = 0
    height: float = 0

    def put(self, part: Layout, x: float, y: float) -> None:
        """Adds `part`, moved by x and y."""
        self.places |= {place: (x + px, y + py) for place, (px, py) in part.places.items()}
        self.widths |= part.widths
        self.boxes += [Box(b.node, b.x + x, b.y + y, b.width, b.height, b.depth) for b in part.boxes]
        self.width, self.height = max(self.width, x + part.width), max(self.height, y + part.height)


def layout(hosts: dict[str, str], ports: Sequence[Port], joined: Sequence[tuple[str, str]] = ()) -> Layout:
    """All nodes. `hosts`: node → the node it is placed in, or empty; `joined`: pairs of nodes that have a link."""
    own: dict[str, list[Port]] = {node: [] for node in hosts}
    for port in ports:
        own.setdefault(port.node, []).append(port)
    inside: dict[str, list[str]] = {}
    for node, host in hosts.items():
        if host in hosts and host != node:
            inside.setdefault(host, []).append(node)
    machines = [node for node in own if hosts.get(node, "") not in hosts or hosts.get(node) == node]
    near = _near(machines, joined, hosts)
    order = _neighbours_first(machines, near)
    drawn = {node: _machine(node, own, inside.get(node, [])) for node in order}
    in_rows = _shelves(list(drawn.values()), GAP)
    above = [node for node in order if len(near[node]) >= JOINING and not inside.get(node)]
    below = [node for node in order if node not in above]
    if not above or not below:
        return in_rows
    rank = {node: at for at, node in enumerate(below)}
    for node in above:
        ports = sorted(own[node], key=lambda port: _rank(port, rank, hosts))
        drawn[node] = _machine(node, own | {node: ports}, [])
    crowned = _stacked(_shelves([drawn[node] for node in above], GAP), _shelves([drawn[node] for node in below], CLOSE))
    return crowned if _scale(crowned) >= LOSS * _scale(in_rows) else in_rows


def _rank(port: Port, rank: dict[str, int], hosts: dict[str, str]) -> int:
    """Where the machine that a port leads to is drawn, from the left."""
    peer = port.peer[0] if port.peer else ""
    return rank.get(peer, rank.get(hosts.get(peer, ""), -1))


def _stacked(upper: Layout, lower: Layout) -> Layout:
    layout = Layout()
    width = max(upper.width, lower.width)
    layout.put(upper, (width - upper.width) / 2, 0)
    layout.put(lower, (width - lower.width) / 2, upper.height + GAP / 2)
    return layout


def _scale(layout: Layout) -> float:
    """How large it can be drawn in a pane of PANE by 1."""
    return min(PANE / max(layout.width, 1), 1 / max(layout.height, 1))


def _near(machines: list[str], joined: Sequence[tuple[str, str]], hosts: dict[str, str]) -> dict[str, dict[str, None]]:
    """The machines that each machine has a link to, or a guest of it."""
    near: dict[str, dict[str, None]] = {machine: {} for machine in machines}
    for a, b in joined:
        first, second = (node if node in near else hosts.get(node, "") for node in (a, b))
        if first != second and first in near and second in near:
            near[first][second] = near[second][first] = None
    return near


def _neighbours_first(machines: list[str], near: dict[str, dict[str, None]]) -> list[str]:
    """Orders the machines so that linked ones are neighbours, beginning at an end of the network."""
    order: dict[str, None] = {}
    for start in sorted(machines, key=lambda machine: len(near[machine])):
        waiting = [start]
        while waiting:
            machine = waiting.pop()
            if machine not in order:
                order[machine] = None
                waiting += reversed(near[machine])
    return list(order)


def _machine(node: str, own: dict[str, list[Port]], inside: list[str]) -> Layout:
    """A machine with its guests: their interfaces are all of one width."""
    every = [port.text for one in (node, *inside) for port in own[one]]
    width = max([NARROW, *(text + 2 * BESIDE + BETWEEN for text in every)])
    bridges = [port for port in own[node] if port.bridge]
    names = {bridge.name for bridge in bridges}
    loose = [port for port in own[node] if not port.bridge and port.master not in names]
    blocks, held = [], set()
    for bridge in bridges:
        under = [port for port in own[node] if port.master == bridge.name]
        columns = []
        for port in under:
            guest = port.peer[0] if port.peer and port.peer[0] in inside and port.peer[0] not in held else ""
            held |= {guest}
            columns.append((port, _guest(guest, own, width) if guest else None))
        blocks.append(_bridge(bridge, columns, width))
    blocks += [_guest(guest, own, width) for guest in inside if guest not in held]
    body = Layout()
    if loose:
        body.put(_row(loose, width), 0, 0)
    if blocks:
        body.put(_shelves(blocks, PAD), 0, body.height + (PAD if loose else 0))
    made = _boxed(node, _centred(body, loose, width), 0, width)
    made.widths |= dict.fromkeys((node, *inside), width)
    return made


def _centred(body: Layout, loose: list[Port], width: float) -> Layout:
    """The uplinks, centred above what is below them."""
    across = min(len(loose), ACROSS) * width
    shift = max(0.0, (body.width - across) / 2)
    for port in loose:
        x, y = body.places[port.node, port.name]
        body.places[port.node, port.name] = x + shift, y
    return body


def _bridge(bridge: Port, columns: list[tuple[Port, Layout | None]], least: float) -> Layout:
    layout = Layout()
    across = max(1, min(ACROSS, len(columns)))
    width = max([least, *(guest.width + PAD for _, guest in columns if guest)])
    layout.places[bridge.node, bridge.name] = across * width / 2, bridge.height / 2
    layout.width, y = across * width, float(bridge.height + PAD)
    for first in range(0, len(columns), across):
        row = columns[first : first + across]
        height = max(port.height for port, _ in row)
        tallest = 0.0
        for at, (port, guest) in enumerate(row):
            centre = (at + 0.5) * width
            layout.places[port.node, port.name] = centre, y + height / 2
            if guest:
                layout.put(guest, centre - guest.width / 2, y + height + PAD)
                tallest = max(tallest, guest.height + PAD)
        y += height + tallest + PAD
    layout.height = y - PAD / 2
    return layout


def _guest(node: str, own: dict[str, list[Port]], width: float) -> Layout:
    return _boxed(node, _row(own[node], width), 1, width)


def _row(ports: list[Port], width: float) -> Layout:
    across = max(1, min(ACROSS, len(ports)))
    layout = Layout(width=across * width)
    for first in range(0, len(ports), across):
        row = ports[first : first + across]
        height = max(port.height for port in row)
        for at, port in enumerate(row):
            layout.places[port.node, port.name] = (at + 0.5) * width, layout.height + height / 2
        layout.height += height
    return layout


def _boxed(node: str, body: Layout, depth: int, least: float) -> Layout:
    """A machine has its heading at the top; a guest at the bottom, because its links come from above."""
    layout = Layout()
    width = max(body.width, least) + 2 * (PAD if depth == 0 else 0)
    height = body.height + HEAD + (PAD / 2 if depth == 0 else 0)
    layout.boxes.append(Box(node, 0, 0, width, height, depth))
    layout.put(body, (width - body.width) / 2, HEAD if depth == 0 else 0)
    layout.width, layout.height = width, height
    return layout


def _shelves(parts: Sequence[Layout], gap: float) -> Layout:
    """Parts side by side, in as many rows as make the whole about half as high as wide; a few parts in one row, unless
    it is flat."""
    area = sum((part.width + gap) * (part.height + gap) for part in parts)
    limit = max([sqrt(area * 2.4), *(part.width for part in parts)])
    row = sum(part.width + gap for part in parts)
    rows = len(parts) > FEW or row > FLAT * max((part.height for part in parts), default=0)
    layout, x, y, tallest = Layout(), 0.0, 0.0, 0.0
    for part in parts:
        if x and x + part.width > limit and rows:
            x, y, tallest = 0.0, y + tallest + gap, 0.0
        layout.put(part, x, y)
        x, tallest = x + part.width + gap, max(tallest, part.height)
    return layout
