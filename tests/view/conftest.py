"""A published port built by hand: one packet that is translated on its way, and one that is dropped."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest

from cnetkit.model import Change, Evidence, Hop, Loss, Outcome, Unexplained
from cnetkit.recording import Recording
from cnetkit.recording.frames import no_frames
from cnetkit.trace.conversations.conversation import Conversation

DNAT = Evidence(
    "nft-rule",
    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
    "ip nat DOCKER handle 5",
    "kernel",
    "translates",
)
ROUTE = Evidence(
    "route", "172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1", "dock table main", "table"
)
JUMP = Evidence(
    "nft-rule", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER", "ip nat PREROUTING handle 3", "kernel"
)
ACCEPT = Evidence("nft-rule", "-A DOCKER -d 172.17.0.2/32 -j ACCEPT", "ip filter DOCKER handle 17", "kernel", "accepts")
CABLE = Evidence("link", "veth pair outside/eth0 and dock/eth0", "topology", "table")


@dataclass
class Packet:
    kind: str
    source: str
    destination: str
    protocol: str = "tcp"


@dataclass
class Journey:
    id: int
    hops: tuple
    outcome: Outcome
    packet: Packet
    trace: object = field(default=None, repr=False, compare=False)

    @property
    def says(self):
        return self.packet.kind.replace(", ", "-") or self.packet.protocol.upper()


@dataclass
class Flow:
    id: int
    title: str
    journeys: tuple
    protocol: str = "tcp"
    trace: object = field(default=None, repr=False, compare=False)

    @property
    def housekeeping(self):
        return self.protocol == "arp"


class Answered:
    """Conversations of which nothing is to be said but that they were answered."""

    troubled = np.zeros(0, np.int64)

    def topics(self, flow):
        return []

    def of_flow(self, flow):
        return Conversation(flow, "answered", None, 1, 0, (1, 0), (1, 0), 0, 0, 0, 12_000, 0, -1, "", "", ())


class Reasons(tuple):
    """Unexplained frames."""

    @property
    def reasons(self):
        return Counter(frame.reason for frame in self)


@dataclass
class Trace:
    flows: tuple
    unexplained: Reasons = field(default_factory=Reasons)
    recording: Recording = field(default_factory=lambda: Recording(no_frames(), name="published port"))
    selection: str = ""
    clocks: tuple = ()
    undirected: int = 0
    unsent: tuple = ()

    def __post_init__(self):
        for item in (*self.journeys, *self.flows):
            item.trace = self

    conversations = Answered()

    @property
    def protocols(self):
        return [flow.protocol for flow in self.flows]

    @property
    def journeys(self):
        return [journey for flow in self.flows for journey in flow.journeys]

    @property
    def outcomes(self):
        return Counter(journey.outcome.kind for journey in self.journeys)


def way(first, steps):
    hops, parent = [], None
    for number, (node, interface, direction, changes, evidence) in enumerate(steps):
        time = 1_000_000 + (first + number) * 12_300
        hops.append(Hop(first + number, parent, node, interface, direction, time, changes, evidence))
        parent = first + number
    return tuple(hops)


def published(number=0, first=0, kind="SYN", rules=(JUMP, ACCEPT, JUMP, DNAT)):
    changes = (
        Change("eth.src", "02:00:00:00:00:01", "02:00:00:00:00:02"),
        Change("eth.dst", "02:00:00:00:00:03", "02:00:00:00:00:04"),
        Change("ip.ttl", "64", "63"),
        Change("ip.dst", "203.0.113.1", "172.17.0.2"),
        Change("tcp.dstport", "8080", "80"),
    )
    hops = way(
        first,
        [
            ("outside", "eth0", "out", (), ()),
            ("dock", "eth0", "in", (), (CABLE,)),
            ("dock", "docker0", "out", changes, (*rules, ROUTE)),
            ("dock", "vethweb", "out", (), ()),
            ("web", "eth0", "in", (), ()),
        ],
    )
    packet = Packet(kind, "203.0.113.2:40000", "203.0.113.1:8080")
    return Journey(number, hops, Outcome("delivered", "web/eth0"), packet)


def dropped(number=1, first=5):
    rule = Evidence(
        "nft-rule", "-A FORWARD -s 203.0.113.66/32 -j DROP", "ip filter FORWARD handle 9", "kernel", "stops"
    )
    hops = way(first, [("outside", "eth0", "out", (), ()), ("dock", "eth0", "in", (), (CABLE,))])
    outcome = Outcome("dropped", "dock/eth0", "the rule's verdict is drop", (rule,))
    return Journey(number, hops, outcome, Packet("SYN", "203.0.113.66:40001", "203.0.113.1:8080"))


def asked(number=2, first=7):
    """An ARP request that a bridge floods to two ports."""
    hops = (
        Hop(first, None, "client", "eth0", "out", 1),
        Hop(first + 1, first, "dock", "vethclient", "in", 2),
        Hop(first + 2, first + 1, "dock", "vethweb", "out", 3),
        Hop(first + 3, first + 2, "web", "eth0", "in", 4),
        Hop(first + 4, first + 1, "dock", "docker0", "in", 5),
    )
    return Journey(number, hops, Outcome("delivered", "web/eth0"), Packet("", "172.17.0.3", "172.17.0.2", "arp"))


def hostile():
    name = "<script>[red]\x1b[2J\u202e"
    hops = (
        Hop(0, None, name, name, "out", 1),
        Hop(1, 0, name, name, "in", 2, (Change(name, name, name),), (Evidence(name, name, name, "inferred"),)),
    )
    outcome = Outcome("ambiguous", f"{name}/{name}", name, (Evidence(name, name, name, "inferred"),))
    return Journey(0, hops, outcome, Packet(name, name, name, name))


@pytest.fixture
def trace():
    title = "tcp 203.0.113.2:40000 → 203.0.113.1:8080"
    return Trace((Flow(0, title, (published(), dropped())),))


@pytest.fixture
def hostile_trace():
    name = "<script>[red]\x1b[2J\u202e"
    recording = Recording(no_frames(), name=name, losses=(Loss(name, name, 3),), warnings=(name,), replayed=name)
    return Trace((Flow(0, name, (hostile(),)),), Reasons([Unexplained(7, name)]), recording)


@pytest.fixture
def large_trace():
    return Trace((Flow(0, "many", tuple(published(number, number * 5) for number in range(301))),))


@pytest.fixture
def lesson_trace():
    """An ARP exchange, and a connection whose first packet only passed the nat rules."""
    packets = (
        published(0, 0),
        published(1, 5, "ACK", (ACCEPT,)),
        published(3, 12, "PSH, ACK", (JUMP, ACCEPT)),
        published(4, 17, "FIN, ACK", (ACCEPT,)),
    )
    title = "tcp 203.0.113.2:40000 → 203.0.113.1:8080"
    return Trace((Flow(0, "arp 172.17.0.3 → 172.17.0.2", (asked(2, 24),), "arp"), Flow(1, title, packets)))
