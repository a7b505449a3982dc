"""A trace with the kernel's evidence: topology, conntrack, verdicts."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cnetkit.model import (
    Chain,
    CnetkitError,
    Connection,
    Event,
    ForwardingEntry,
    Interface,
    Link,
    Loss,
    Neighbour,
    Node,
    Route,
    Rule,
    Topology,
    Tuple5,
    Verdict,
)  # fmt: skip
from cnetkit.trace import Trace, explain
from tests.trace.loading import frames_of, read_pcapng, recording_of

TRUTH = Path(__file__).parent.parent / "data" / "truth"
FRAMES = read_pcapng(TRUTH / "portmap.pcapng")
EXT, DOCK, WEB, PEER = "a6:15:b2:8e:90:bc", "be:dd:94:61:f7:59", "c2:60:c7:72:22:b4", "02:62:20:3e:9f:81"
CONNECTION = Connection(
    "dock", 77, "tcp",
    Tuple5("203.0.113.2", "203.0.113.1", 42876, 8080), Tuple5("172.17.0.2", "203.0.113.2", 80, 42876),
    text="tcp src=203.0.113.2 dst=203.0.113.1 sport=42876 dport=8080 "
    "src=172.17.0.2 dst=203.0.113.2 sport=80 dport=42876",
)  # fmt: skip
TOPOLOGY = Topology(
    time_ns=int(FRAMES.time_ns[0]) - 1,
    nodes=(Node("ext"), Node("dock"), Node("web", "container"), Node("peer", "container")),
    interfaces=(
        Interface("ext", "eth0", 2, "veth", EXT, peer=("dock", "up0"), addresses=("203.0.113.2/24",)),
        Interface("dock", "up0", 2, "veth", "22:09:7f:00:15:01", peer=("ext", "eth0"), addresses=("203.0.113.1/24",)),
        Interface("dock", "docker0", 3, "bridge", DOCK, addresses=("172.17.0.1/16",)),
        Interface("dock", "vweb", 4, "veth", master="docker0", peer=("web", "eth0")),
        Interface("dock", "vpeer", 5, "veth", master="docker0", peer=("peer", "eth0")),
        Interface("web", "eth0", 2, "veth", WEB, peer=("dock", "vweb"), addresses=("172.17.0.2/16",)),
        Interface("peer", "eth0", 2, "veth", PEER, peer=("dock", "vpeer"), addresses=("172.17.0.3/16",)),
    ),
    links=(Link("veth", ("ext", "eth0"), ("dock", "up0")),),
    routes=(
        Route("dock", "172.17.0.0/16", interface="docker0", text="172.17.0.0/16 dev docker0 scope link"),
        Route("dock", "203.0.113.0/24", interface="up0"),
        Route("dock", "default", via="203.0.113.2", interface="up0"),
    ),
    neighbours=(Neighbour("dock", "docker0", "172.17.0.2", WEB, "REACHABLE"),),
    forwarding=(ForwardingEntry("dock", "vweb", WEB, "docker0", text=f"{WEB} dev vweb master docker0"),),
    chains=(Chain("dock", "ip", "nat", "PREROUTING", "prerouting", -100, "accept"),),
    rules=(Rule("dock", "ip", "nat", "DOCKER", 5, "tcp dport 8080 dnat to 172.17.0.2:80"),),
    connections=(CONNECTION,),
)


def verdict(frame, at, **changes):
    start = int(FRAMES.start[frame])
    header = FRAMES.data[start + 14 : start + 34].tobytes(), FRAMES.data[start + 34 : start + 54].tobytes()
    base = {"trace_id": 1, "family": "ip", "table": "nat", "chain": "PREROUTING", "handle": 9, "type": "rule"}
    base |= {"verdict": "jump DOCKER", "incoming": "up0", "network_header": header[0], "transport_header": header[1]}
    return Event(int(FRAMES.time_ns[frame]) + at, "dock", "verdict", "verdict", Verdict(**(base | changes)))


def part(first, last):
    names = ("tap", "direction", "time_ns", "start", "captured", "length")
    return replace(FRAMES, **{name: getattr(FRAMES, name)[first:last] for name in names})


EVENTS = (
    verdict(5, 1000, table="cnetkit_trace", chain="all", verdict="continue"),
    verdict(5, 1001),
    verdict(5, 1002, chain="DOCKER", handle=5, verdict="accept", network_header=b"", connection=77),
)


@pytest.fixture(scope="module")
def trace():
    return explain(recording_of(FRAMES, (TOPOLOGY,), EVENTS, (Loss("dock", "frames", 3),)))


def test_the_first_packet_of_a_published_port_quotes_its_rule_entry_route_and_neighbour(trace):
    hop = trace.journeys[2].hops[2]
    assert (hop.interface, [c.field for c in hop.changes]) == (
        "docker0", ["eth.src", "eth.dst", "ip.dst", "ip.ttl", "tcp.dstport"]
    )  # fmt: skip
    assert [(e.kind, e.quote, e.source, e.strength) for e in hop.evidence] == [
        ("nft-rule", "tcp dport 8080 dnat to 172.17.0.2:80", "ip nat DOCKER handle 5", "kernel"),
        ("conntrack", CONNECTION.text, "dock conntrack", "kernel"),
        ("route", "172.17.0.0/16 dev docker0 scope link", "dock table main", "table"),
        ("neighbour", f"172.17.0.2 dev docker0 lladdr {WEB} REACHABLE", "dock neighbours", "table"),
    ]


def test_a_later_packet_quotes_the_conntrack_entry_and_no_rule(trace):
    kinds = [(e.kind, e.strength) for e in trace.journeys[6].hops[2].evidence]
    assert kinds == [("conntrack", "table"), ("route", "table"), ("neighbour", "table")]


def test_a_bridge_step_quotes_the_forwarding_entry_or_says_that_it_floods(trace):
    expected, flood = trace.journeys[2].hops[3], trace.journeys[3].hops[1]
    assert [(e.kind, e.quote) for e in expected.evidence] == [("forwarding-entry", f"{WEB} dev vweb master docker0")]
    assert flood.evidence[0].quote == "ff:ff:ff:ff:ff:ff is a broadcast address: sent to every port"


def test_a_cable_step_quotes_the_link(trace):
    assert trace.journeys[2].why(1)[0].quote == "veth pair ext/eth0 - dock/up0"


def test_each_journey_has_its_outcome(trace):
    assert {j.outcome.kind for j in trace.journeys} == {"arrived", "delivered"}
    assert trace.journeys[2].outcome.where == "web/eth0"


def test_a_flow_contains_both_directions_across_nat(trace):
    flow = trace.journeys[2].flow
    assert flow.title == "tcp 203.0.113.2:42876 → 203.0.113.1:8080"
    assert trace.journeys[5] in flow.journeys
    assert len(flow.journeys) == 13


def test_protocols_are_read_without_making_flow_objects(trace):
    assert trace.protocols == [flow.protocol for flow in trace.flows]


def test_a_paragraph_describes_every_step_with_its_reason(trace):
    text = trace.journeys[2].explain()
    assert "tcp dport 8080 dnat to 172.17.0.2:80" in text
    assert text.endswith("It was delivered at web/eth0: frame.number 18 answers it.")


def test_the_document_is_version_1_of_the_contract_and_counts_losses(trace):
    document = json.loads(trace.to_json())
    assert (document["format"], document["version"], document["frames"]) == ("cnetkit-trace", 1, 6292)
    assert document["lost_by_kernel"] == 3
    hop = document["journeys"][2]["hops"][2]
    assert set(hop) == {"frame", "parent", "node", "interface", "direction", "time_ns", "changes", "evidence"}
    assert hop["changes"][2] == {"field": "ip.dst", "before": "203.0.113.1", "after": "172.17.0.2"}


def test_the_table_has_one_row_per_hop(trace):
    assert len(trace.table) == 6292


def test_a_drop_verdict_decides_the_outcome_of_its_packet():
    first = part(4, 6)
    drop = (verdict(5, 1, chain="DOCKER", handle=5, verdict="drop", table="nat"),)
    outcome = explain(recording_of(first, (TOPOLOGY,), drop)).journeys[0].outcome
    assert (outcome.kind, outcome.where) == ("dropped", "dock/up0")


def test_a_packet_that_goes_no_further_is_lost_from_sight():
    first = part(14, 16)
    assert explain(recording_of(first, (TOPOLOGY,))).journeys[0].outcome.kind == "lost-from-sight"


def test_a_trace_of_a_running_capture_says_so():
    def running():
        raise CnetkitError("the capture is still running: leave the with block first")

    trace = Trace(running)
    assert "still running" in repr(trace)
    with pytest.raises(CnetkitError, match="still running"):
        _ = trace.journeys


def test_an_empty_recording_has_an_empty_trace():
    trace = explain(recording_of(frames_of([])))
    assert (len(trace.journeys), len(trace.flows), trace.unexplained, len(trace.table)) == (0, 0, (), 0)


def test_pandas_is_imported_only_for_the_table():
    code = "import sys, cnetkit.trace; sys.exit('pandas' in sys.modules or 'scapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda trace: trace.journey(9999), "there is no journey 9999"),
        (lambda trace: trace.journey("x"), "there is no journey 'x'"),
        (lambda trace: trace.journey(1.5), "there is no journey 1.5"),
        (lambda trace: trace.journey(0).why(99), "there is no hop 99 in journey 0"),
        (lambda trace: trace.journey(0).why("eth0"), "there is no hop 'eth0'"),
        (lambda trace: trace.so_far("x"), "a number of seconds above 0"),
        (lambda trace: trace.so_far(-1), "a number of seconds above 0"),
    ],
)
def test_wrong_arguments_raise_one_sentence(ask, said):
    with pytest.raises(CnetkitError, match=said):
        ask(explain(recording_of(FRAMES, (TOPOLOGY,), EVENTS)))
