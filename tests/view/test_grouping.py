from dataclasses import replace

from cnetkit.model import Hop, Outcome
from cnetkit.view.grouping import grouped, in_order, path


def test_packets_with_different_decisive_rules_took_different_paths(lesson_trace):
    groups = grouped(lesson_trace.flows[1].journeys)
    assert [[journey.id for journey in group] for group in groups] == [[0], [1, 3, 4]]


def test_packets_with_different_outcomes_took_different_paths(lesson_trace):
    first = lesson_trace.flows[1].journeys[0]
    another = type(first)(9, first.hops, Outcome("lost-from-sight", "web/eth0"), first.packet)
    assert len(grouped([first, another])) == 2


def test_packets_with_different_changes_took_different_paths(lesson_trace):
    first = lesson_trace.flows[1].journeys[0]
    hops = list(first.hops)
    hops[2] = replace(hops[2], changes=(replace(hops[2].changes[0], after="02:00:00:00:00:99"), *hops[2].changes[1:]))
    assert len(grouped([first, type(first)(9, tuple(hops), first.outcome, first.packet)])) == 2


def test_service_protocols_come_last(lesson_trace):
    assert [flow.protocol for flow in in_order(lesson_trace)] == ["tcp", "arp"]


def test_a_flood_is_written_as_a_tree(lesson_trace):
    way = path(lesson_trace.flows[0].journeys[0].hops)
    assert way == "client/eth0 → dock/vethclient → (dock/vethweb → web/eth0 | dock/docker0)"


def test_a_hop_whose_parent_is_missing_is_a_beginning():
    assert path([Hop(3, 99, "web", "eth0", "in", 1)]) == "web/eth0"
