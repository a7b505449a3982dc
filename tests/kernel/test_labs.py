"""Each lab runs live, and its recording shows journeys of the same kinds."""

from __future__ import annotations

import pytest

from cnetkit import catalog
from cnetkit.doctor import examine
from cnetkit.lab import Lab
from tests.kernel.engines import fetch
from tests.kinds import differences, rows

SENT = ("tcp", "udp", "icmp")
"""What labs send themselves."""


REFUSED = {"docker-networks": {"dropped"}}
"""What else becomes of them, where that is what the lab shows."""


def traced(entry, session=None):
    if not session:
        fetch(entry.needs)
    with Lab(entry.name, replay=session) as lab:
        entry.network(lab)
        with lab.trace() as trace:
            entry.traffic(lab)
    return trace


RECORDED = {"docker-ipvlan": "ipvlan"}
"""Labs that need a kind of link which some kernels lack. There they are recordings only."""
LACKING = {feature.name for feature in examine().features if not feature.works}
LIVE = [name for name in catalog.names() if RECORDED.get(name) not in LACKING]


@pytest.mark.parametrize("name", LIVE)
def test_a_labs_recording_has_the_kinds_of_journeys_of_a_live_run(name):
    entry = catalog.find(name)
    assert entry.session
    assert entry.session.stat().st_size < 1_000_000
    live, replayed = traced(entry), traced(entry, entry.session)
    assert replayed.recording.replayed
    assert rows(live)
    assert differences({"trace": rows(live)}, {"trace": rows(replayed)}) == []
    assert not live.unexplained
    outcomes = {row["outcome"] for row in rows(live) if row["protocol"] in SENT}
    assert outcomes == {"delivered"} | REFUSED.get(name, set())


def at(trace, protocol="", **wanted):
    """The journeys of a protocol whose packet, as first seen, has these properties."""
    return [
        journey for journey in trace.journeys
        if protocol in ("", journey.packet.protocol)
        and all(getattr(journey.packet, name) == value for name, value in wanted.items())
    ]  # fmt: skip


def pages(trace):
    """The paths that were asked for."""
    frames = trace.recording.frames
    paths = (frames.bytes_of(n).partition(b"GET /")[2].split(b" ")[0] for n in range(len(frames)))
    return {path.decode() for path in paths if path}


def test_namespaces_only_a_new_network_namespace_cuts_a_process_off():
    trace = traced(catalog.find("namespaces"))
    assert pages(trace) == {"mount", "uts", "ipc", "pid", "user", "cgroup", "time"}


def changes(journey):
    return [(hop.node, change.field, change.before, change.after) for hop in journey.hops for change in hop.changes]


def test_bridge_the_first_arp_request_is_a_broadcast_and_the_second_ping_needs_none():
    trace = traced(catalog.find("bridge"))
    question = at(trace, "arp")[0]
    assert {hop.node for hop in question.hops} == {"c0", "dock", "c1", "c2"}
    assert len(at(trace, kind="echo request")) == 2
    assert not any(hop.node == "c2" for journey in at(trace, "icmp") for hop in journey.hops)


def test_out_of_the_host_a_rule_changes_the_source_and_the_connection_entry_changes_it_back():
    trace = traced(catalog.find("out-of-the-host"))
    request, answer = at(trace, kind="SYN")[0], at(trace, kind="SYN, ACK")[0]
    assert ("dock", "ip.src", "172.17.0.2", "192.0.2.2") in changes(request)
    assert ("dock", "ip.dst", "192.0.2.2", "172.17.0.2") in changes(answer)
    assert any("-j MASQUERADE" in evidence.quote for hop in request.hops for evidence in hop.evidence)
    assert not any("-j MASQUERADE" in evidence.quote for hop in answer.hops for evidence in hop.evidence)


def test_overlay_the_router_sees_the_hosts_addresses_and_the_third_host_gets_the_first_frame():
    trace = traced(catalog.find("overlay"))
    requests = at(trace, kind="echo request")
    assert len(requests) == 2
    for journey in requests:
        assert journey.outcome.where == "b/eth0"
        assert {"n1", "router", "n2"} < {hop.node for hop in journey.hops}
        assert any(
            field == "encapsulation" and "192.0.2.18 to 192.0.2.34" in after for _, field, _, after in changes(journey)
        )
    assert any(hop.node == "c" for journey in at(trace, "arp") for hop in journey.hops)


def test_pod_no_address_is_translated_and_localhost_stays_in_the_pod():
    trace = traced(catalog.find("pod"))
    local, far = at(trace, kind="SYN")
    assert {(hop.node, hop.interface) for hop in local.hops} == {("web", "lo")}
    assert not {field for _, field, _, _ in changes(far)} & {"ip.src", "ip.dst"}


def test_service_each_pod_gets_connections_and_each_choice_quotes_its_rule():
    trace = traced(catalog.find("service"))
    chosen = {}
    for journey in at(trace, kind="SYN"):
        if journey.packet.ends.source != "10.244.0.3":
            continue
        (after,) = [after for _, field, _, after in changes(journey) if field == "ip.dst"]
        quotes = {
            evidence.quote
            for hop in journey.hops
            for evidence in hop.evidence
            if after in evidence.quote and "dnat to" in evidence.quote.lower().replace("--to-destination", "to")
        }
        chosen.setdefault(after, set()).update(quotes)
    assert chosen.keys() == {"10.244.0.2", "10.244.1.2"}
    for quotes in chosen.values():
        assert any(quote.startswith("-A KUBE-SEP-") for quote in quotes)
        assert any(quote.startswith("meta l4proto") for quote in quotes)
