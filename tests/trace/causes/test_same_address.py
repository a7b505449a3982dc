"""That another node has the address, too, is said of one network only, where the tables were the same before and after."""

from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Interface, Node, Topology
from cnetkit.trace import explain
from tests.trace.loading import frames_of, recording_of

pytestmark = pytest.mark.usefixtures("order")

CLIENT, OWN = "02:00:00:00:00:01", "02:00:00:00:00:02"
ASKED = IP(src="10.0.0.9", dst="10.0.0.2") / UDP(sport=5, dport=53)
FRAMES = [
    ("b/eth0", 1, 10, bytes(Ether(src=CLIENT, dst=OWN) / ASKED)),
    (
        "b/eth0",
        2,
        11,
        bytes(Ether(src=OWN, dst=CLIENT) / IP(src="10.0.0.2", dst="10.0.0.9") / ICMP(type=3, code=3) / ASKED),
    ),
]
TABLES = Topology(
    nodes=(Node("b"), Node("c"), Node("h")),
    interfaces=(
        Interface("b", "eth0", 2, "veth", OWN, up=True, peer=("h", "p1"), addresses=("10.0.0.2/24",)),
        Interface("c", "eth0", 2, "veth", "02:00:00:00:00:03", up=True, peer=("h", "p2"), addresses=("10.0.0.2/24",)),
        Interface("h", "p1", 2, "veth", master="br", up=True, peer=("b", "eth0")),
        Interface("h", "p2", 3, "veth", master="br", up=True, peer=("c", "eth0")),
        Interface("h", "br", 4, "bridge", up=True),
    ),
)  # fmt: skip


def reason(before, after=None):
    recording = recording_of(frames_of(FRAMES), (before, replace(after or before, time_ns=99)))
    return explain(recording).journeys[0].outcome.reason


def changed(node, name, **changes):
    changes_of = (replace(i, **changes) if (i.node, i.name) == (node, name) else i for i in TABLES.interfaces)
    return replace(TABLES, interfaces=tuple(changes_of))


def test_the_other_one_of_the_network_is_named():
    assert reason(TABLES).endswith("; c/eth0 on the same network has the address 10.0.0.2, too")


@pytest.mark.parametrize(
    "tables",
    [
        changed("h", "p2", master="other"),
        changed("h", "p2", master=""),
        changed("h", "br", details={"vlan_filtering": True}),
        changed("c", "eth0", addresses=("10.0.0.3/24",)),
        changed("c", "eth0", up=False),
    ],
)
def test_nothing_is_said_of_one_elsewhere_or_that_is_not_there(tables):
    assert reason(tables) == "the node answered with ICMP port unreachable"


def test_nothing_is_said_of_an_address_that_came_or_went_meanwhile():
    assert reason(changed("c", "eth0", addresses=()), TABLES) == "the node answered with ICMP port unreachable"
