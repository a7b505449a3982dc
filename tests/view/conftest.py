"""A published port laid by hand: one packet that is translated on its way, and one that is dropped."""

from dataclasses import dataclass, field

import pytest

from cnetkit.model import Change, Evidence, Hop, Loss, Outcome, Unexplained
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames

DNAT = Evidence(
    "nft-rule",
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
    "ip nat DOCKER handle 5",
    "kernel",
)
ROUTE = Evidence(
    "route", "172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1", "dock table main", "table"
)
CABLE = Evidence("link", "veth pair outside/eth0 and dock/eth0", "topology", "table")


@dataclass
class Journey:
    id: int
    hops: tuple
    outcome: Outcome
    summary: str


@dataclass
class Flow:
    id: int
    title: str
    journeys: tuple


@dataclass
class Trace:
    flows: tuple
    unexplained: tuple = ()
    recording: Recording = field(default_factory=lambda: Recording(no_frames(), name="published port"))

    @property
    def journeys(self):
        return [journey for flow in self.flows for journey in flow.journeys]


def way(first, steps):
    hops, parent = [], None
    for number, (node, interface, direction, changes, evidence) in enumerate(steps):
        time = 1_000_000 + (first + number) * 12_300
        hops.append(Hop(first + number, parent, node, interface, direction, time, changes, evidence))
        parent = first + number
    return tuple(hops)


def published(number=0, first=0):
    changes = (
        Change("ip.dst", "203.0.113.1", "172.17.0.2"), Change("tcp.dstport", "8080", "80"), Change("ip.ttl", "64", "63")
    )  # fmt: skip
    hops = way(
        first,
        [
            ("outside", "eth0", "out", (), ()),
            ("dock", "eth0", "in", (), (CABLE,)),
            ("dock", "docker0", "out", changes, (DNAT, ROUTE)),
            ("dock", "vethweb", "out", (), ()),
            ("web", "eth0", "in", (), ()),
        ],
    )
    said = "tcp SYN 203.0.113.2:40000 → 203.0.113.1:8080: delivered at web/eth0"
    return Journey(number, hops, Outcome("delivered", "web/eth0"), said)


def dropped(number=1, first=5):
    rule = Evidence("nft-rule", "-A FORWARD -s 203.0.113.66/32 -j DROP", "ip filter FORWARD handle 9", "kernel")
    hops = way(first, [("outside", "eth0", "out", (), ()), ("dock", "eth0", "in", (), (CABLE,))])
    outcome = Outcome("dropped", "dock/eth0", "the rule's verdict is drop", (rule,))
    return Journey(number, hops, outcome, "tcp SYN 203.0.113.66:40001 → 203.0.113.1:8080: dropped after dock/eth0")


def hostile():
    name = "<script>[red]\x1b[2J\u202e"
    hops = (
        Hop(0, None, name, name, "out", 1),
        Hop(1, 0, name, name, "in", 2, (Change(name, name, name),), (Evidence(name, name, name, "inferred"),)),
    )
    outcome = Outcome("ambiguous", f"{name}/{name}", name, (Evidence(name, name, name, "inferred"),))
    return Journey(0, hops, outcome, name)


@pytest.fixture
def trace():
    title = "tcp 203.0.113.2:40000 → 203.0.113.1:8080"
    return Trace((Flow(0, title, (published(), dropped())),))


@pytest.fixture
def hostile_trace():
    name = "<script>[red]\x1b[2J\u202e"
    recording = Recording(no_frames(), name=name, losses=(Loss(name, name, 3),), warnings=(name,), replayed=name)
    return Trace((Flow(0, name, (hostile(),)),), (Unexplained(7, name),), recording)


@pytest.fixture
def large_trace():
    return Trace((Flow(0, "many", tuple(published(number, number * 5) for number in range(40))),))
