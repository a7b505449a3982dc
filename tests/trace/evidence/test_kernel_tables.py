"""The kernel's tables at a time: the snapshot before it, with the changes that events report since."""

from types import SimpleNamespace

from cnetkit.model import Connection, Event, Interface, Route, Topology, Tuple5
from cnetkit.trace.evidence.kernel_tables import LATE_NS, KernelTables

OLD, NEW = Route("web", "10.0.0.0/24", interface="eth0"), Route("web", "10.0.1.0/24", interface="eth1")
FAR = 10 * LATE_NS
ENTRY = Connection(
    "dock", 5, "tcp", Tuple5("10.0.0.1", "10.0.0.9", 4000, 80), Tuple5("172.17.0.2", "10.0.0.1", 8080, 4000)
)


def tables(topologies=(), events=()):
    return KernelTables(SimpleNamespace(topologies=topologies, events=events))


def test_the_topology_of_a_time_is_the_latest_snapshot_before_it_or_the_first():
    first, second = Topology(time_ns=100), Topology(time_ns=200)
    both = tables((first, second))
    assert [both.topology(time) for time in (0, 100, 199, 200, 900)] == [first, first, first, second, second]
    assert tables().topology(5) == Topology()


def test_a_table_follows_the_events_up_to_the_time():
    events = (Event(FAR, "web", "route", "new", NEW), Event(2 * FAR, "web", "route", "destroy", OLD))
    three = tables((Topology(routes=(OLD,)),), events)
    assert [list(three.routes("web", time)) for time in (0, FAR, 3 * FAR)] == [[OLD], [OLD, NEW], [NEW]]


def test_an_event_that_the_agent_read_late_counts_already():
    late = tables((Topology(),), (Event(FAR, "web", "route", "new", NEW),))
    assert list(late.routes("web", FAR - LATE_NS)) == [NEW]
    assert list(late.routes("web", FAR - LATE_NS - 1)) == []


def test_events_before_the_snapshot_and_of_other_nodes_do_not_count():
    events = (Event(5, "web", "route", "new", NEW), Event(FAR, "db", "route", "new", NEW))
    assert list(tables((Topology(time_ns=FAR // 2, routes=(OLD,)),), events).routes("web", 2 * FAR)) == [OLD]


def test_a_connection_is_listed_under_each_pair_of_ends_with_the_time_it_was_first_read():
    snapshot = Topology(time_ns=50, connections=(ENTRY,))
    listed = tables((snapshot,), (Event(20, "dock", "connection", "new", ENTRY),)).connections
    replies = [
        Tuple5(e.destination, e.source, e.destination_port, e.source_port) for e in (ENTRY.original, ENTRY.reply)
    ]
    assert {ends for _, _, ends in listed} == {ENTRY.original, ENTRY.reply, *replies}
    assert all(entries == [(20, ENTRY)] for entries in listed.values())


def test_a_translation_leads_from_the_original_ends_to_the_replys_and_back():
    after = tables((Topology(connections=(ENTRY,)),)).translations
    assert after["dock", "tcp", ENTRY.original] == Tuple5("10.0.0.1", "172.17.0.2", 4000, 8080)
    assert after["dock", "tcp", ENTRY.reply] == Tuple5("10.0.0.9", "10.0.0.1", 80, 4000)


def test_a_connection_that_is_not_translated_has_no_translation():
    plain = Connection("dock", 5, "tcp", Tuple5("a", "b", 1, 2), Tuple5("b", "a", 2, 1))
    assert tables((Topology(connections=(plain,)),)).translations == {}


def test_a_node_keeps_the_addresses_that_it_had():
    before = Topology(interfaces=(Interface("web", "eth0", addresses=("10.0.0.2/24",)),))
    after = Topology(time_ns=9, interfaces=(Interface("web", "eth0", addresses=("10.0.0.3/24", "fd00::3/64")),))
    assert tables((before, after)).addresses == {"web": {"10.0.0.2", "10.0.0.3", "fd00::3"}}
    assert tables((before, after)).interfaces["web", "eth0"].addresses[0] == "10.0.0.3/24"
