"""Marked traffic through live labs: no packet is joined with another, and nearly every journey is whole."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cnetkit.lab import Lab
from cnetkit.recording.recording import Recording, load
from cnetkit.trace import Trace, explain
from tests.kernel.conftest import Dock
from tests.kernel.overlays import cluster, overlay
from tests.kernel.tagged import IDENTICAL, answer, ask, disordered, score, sink, truth

CASES: dict[str, Callable[[Lab], Trace]] = {}


def case(make: Callable[[Lab], Trace]) -> Callable[[Lab], Trace]:
    CASES[make.__name__] = make
    return make


def docked(lab: Lab) -> Dock:
    dock = Dock(lab)
    answer(dock.web, 90)
    dock.host.publish(9090, to=dock.web, port=90, protocol="udp")
    return dock


@case
def published_port_from_outside(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090)
        dock.outside.run("for i in 1 2 3; do curl -s http://203.0.113.1:8080/; done")
    return trace


@case
def hairpin_from_a_neighbour(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.client, "203.0.113.1", 9090)
        dock.client.run("curl -s -m 5 http://203.0.113.1:8080/; curl -s -m 5 http://172.17.0.1:8080/")
    return trace


@case
def hairpin_to_itself(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.web, "203.0.113.1", 9090, 10)
        dock.web.run("curl -s -m 5 http://203.0.113.1:8080/")
    return trace


@case
def the_hosts_own_localhost(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.host, "127.0.0.1", 9090, 10)
        dock.host.run("curl -s -m 5 http://127.0.0.1:8080/; curl -s -m 5 http://203.0.113.1:8080/")
    return trace


@case
def masquerade(lab):
    dock = docked(lab)
    answer(dock.outside, 53)
    dock.outside.http_server(80)
    with lab.trace() as trace:
        ask(dock.client, "203.0.113.2", 53)
        dock.client.run("curl -s -m 5 http://203.0.113.2/; ping -c2 -i.2 203.0.113.2")
    return trace


@case
def neighbours_on_a_bridge(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.client, "172.17.0.2", 90)
        dock.client.run("curl -s -m 5 http://172.17.0.2/; ping -c2 -i.2 172.17.0.2")
    return trace


@case
def floods(lab):
    net = lab.host("dock").bridge("docker0", "172.17.0.1/16")
    first, *others = net.containers("c{}", 5)
    with lab.trace() as trace:
        ask(first, "172.17.255.255", 9, 10, patience=0.01)
        others[0].run("ping -c1 -W1 172.17.0.6; ping -c1 -W1 172.17.9.9")
    return trace


@case
def two_routers(lab):
    a, b, r1, r2 = lab.host("a"), lab.host("b"), lab.router("r1"), lab.router("r2")
    lab.connect(a, r1, "10.0.1.0/24")
    lab.connect(r2, r1, "10.0.0.0/24")
    lab.connect(b, r2, "10.0.2.0/24")
    r1.route("10.0.2.0/24", via="10.0.0.2")
    r2.route("10.0.1.0/24", via="10.0.0.1")
    answer(b, 53)
    b.http_server(80)
    with lab.trace() as trace:
        ask(a, b.address, 53)
        ask(a, b.address, 54, 3)
        ask(a, b.address, 53, 3, size=1400)
        a.run(f"curl -s -m 5 http://{b.address}/; ping -c2 -i.2 {b.address}; ping -c1 -W1 -t1 {b.address}")
    return trace


@case
def dual_stack(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16", "fd00:17::1/64", docker="20.10", proxy=False)  # one packet, no proxy
    web, client = net.container("web"), net.container("client")
    outside = lab.host("outside")
    lab.connect(outside, host, "203.0.113.0/24", "2001:db8::/64")
    host.publish(8080, to=web, port=80)
    host.publish(9090, to=web, port=90, protocol="udp")
    web.http_server(80)
    answer(web, 90)
    with lab.trace() as trace:
        ask(outside, "2001:db8::1", 9090)
        ask(client, "2001:db8::1", 9090, 5)
        ask(client, "fd00:17::2", 90, 5)
        ask(outside, "2001:db8::1", 9090, 5, size=4000)
        outside.run("curl -gs -m 5 http://[2001:db8::1]:8080/; curl -s -m 5 http://203.0.113.1:8080/")
        client.run("ping -c2 -i.2 2001:db8::2")
    return trace


@case
def losses(lab):
    dock = docked(lab)
    port = dock.web.host_interface
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090, 5)
        dock.host.run(f"bridge link set dev {port} state 0", check=True)
        ask(dock.outside, "203.0.113.1", 9090, 5, patience=0.02)
        dock.host.run(f"bridge link set dev {port} state 3", check=True)
        ask(dock.outside, "203.0.113.1", 9090, 5)
        dock.host.run("iptables-nft -I DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
        ask(dock.outside, "203.0.113.1", 9090, 5, patience=0.02)
        dock.host.run("iptables-nft -D DOCKER-USER -s 203.0.113.2 -j DROP", check=True)
        ask(dock.outside, "203.0.113.1", 9090, 5)
    return trace


@case
def refusals(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 4444, 3, patience=0.1)
        ask(dock.client, "172.17.0.2", 4444, 3, patience=0.1)
        ask(dock.client, "198.51.100.7", 53, 3, patience=0.1)
        dock.client.run("curl -s -m 2 http://172.17.0.2:4444/; curl -s -m 2 http://198.51.100.7/")
    return trace


@case
def fragments_over_a_narrow_link(lab):
    a, b, r1, r2 = lab.host("a"), lab.host("b"), lab.router("r1"), lab.router("r2")
    lab.connect(a, r1, "10.0.1.0/24")
    near, far = lab.connect(r2, r1, "10.0.0.0/24")
    lab.connect(b, r2, "10.0.2.0/24")
    r1.route("10.0.2.0/24", via="10.0.0.2")
    r2.route("10.0.1.0/24", via="10.0.0.1")
    answer(b, 53)
    r1.run(f"ip link set {far} mtu 1000", check=True)
    r2.run(f"ip link set {near} mtu 1000", check=True)
    a.run(
        "ip route add 10.0.2.0/24 via 10.0.1.1 mtu lock 1500", check=True
    )  # so that it does not learn the smaller MTU
    with lab.trace() as trace:
        ask(a, b.address, 53, 3, size=40)
        ask(a, b.address, 53, 5, size=1400)
        ask(a, b.address, 53, 5, size=6000)
        a.run(f"ping -M dont -c3 -i.2 -s 3000 {b.address}")
    return trace


@case
def fragments_of_a_published_port(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 9090, 10, size=4000)
        ask(dock.client, "203.0.113.1", 9090, 10, size=4000)
        ask(dock.host, "127.0.0.1", 9090, 3, size=30000)
        ask(dock.client, "172.17.0.2", 90, 10, size=20000)
    return trace


@case
def a_subnet_over_vxlan(lab):
    net = overlay(lab)
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 10)
        ask(net.pods[0], "10.244.0.255", 9, 5, patience=0.01)
        net.pods[1].run(f"curl -s -m 5 http://{net.pods[2].address}/; ping -c2 -i.2 {net.pods[3].address}")
        net.pods[0].run("ping -c1 -W1 10.244.0.99")
    return trace


@case
def a_tunnel_whose_own_packets_are_fragments(lab):
    net = overlay(lab, mtu=1500)
    with lab.trace() as trace:
        ask(net.pods[0], net.pods[2].address, 90, 5, size=1400)
        ask(net.pods[0], net.pods[2].address, 90, 5, size=4000)
    return trace


@case
def a_service_over_two_nodes(lab):
    net = cluster(lab)
    with lab.trace() as trace:
        ask(net.pods[0], "10.96.0.10", 90, 10)
        ask(net.pods[2], "10.96.0.10", 90, 5, size=3000)
        ask(net.hosts[0], "10.96.0.10", 90, 4)
        net.pods[0].run("for i in 1 2 3 4; do curl -s -m 5 http://10.96.0.10/; done")
        net.pods[2].run(f"curl -s -m 5 http://10.96.0.10/; ping -c2 -i.2 {net.pods[0].address}")
    return trace


@case
def macvlan_neighbours(lab):
    host, router, far = lab.host("h"), lab.router("r"), lab.host("far")
    lab.connect(host, router, "10.0.1.0/24")
    lab.connect(far, router, "10.0.2.0/24")
    answer(far, 53)
    host.run("ip link add mv0 link eth0 type macvlan mode bridge && ip link set mv0 up", check=True)
    host.run("ip addr add 10.0.1.50/24 dev mv0 && ip route add 10.0.2.0/24 via 10.0.1.1 dev mv0", check=True)
    with lab.trace() as trace:
        ask(host, far.address, 53, 10)
        host.run(f"ping -c2 -i.2 {far.address}")
    return trace


@case
def redirect_to_a_local_port(lab):
    dock = docked(lab)
    answer(dock.host, 1053)
    dock.host.run("iptables-nft -t nat -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 1053", check=True)
    with lab.trace() as trace:
        ask(dock.outside, "203.0.113.1", 53, 5)
        ask(dock.client, "172.17.0.1", 53, 5)
    return trace


@case
def inside_one_namespace(lab):
    dock = docked(lab)
    with lab.trace() as trace:
        ask(dock.web, "127.0.0.1", 90, 5)
        ask(dock.web, "172.17.0.2", 90, 5)
        dock.web.run("curl -s -m 5 http://127.0.0.1/; ping -c1 127.0.0.1")
    return trace


@cache
def recorded(name: str) -> Recording:
    with Lab(name.replace("_", "-"), ipv6=name == "dual_stack") as lab:
        return CASES[name](lab).recording


def scored(trace: Trace, recording: Recording) -> dict:
    return score(json.loads(trace.to_json()), truth(recording))


@pytest.mark.parametrize("name", CASES)
def test_each_frame_comes_from_the_one_that_the_kernel_saw_before_it(name):
    assert disordered(json.loads(explain(recorded(name)).to_json())) == []


@pytest.mark.parametrize("name", CASES)
def test_no_wrong_join_and_every_journey_whole(name):
    recording = recorded(name)
    found = scored(explain(recording), recording)
    assert found["wrong"] == []
    assert found["every_frame_once"]
    assert found["share"] >= 0.999, found["broken"]


@pytest.mark.parametrize("name", CASES)
def test_a_trace_is_the_same_after_saving_and_loading(name):
    live = explain(recorded(name))
    file = io.BytesIO()
    live.save(file)
    file.seek(0)
    assert explain(load(file)).to_json() == live.to_json()


@pytest.mark.parametrize("name", CASES)
def test_from_frames_alone_there_is_no_wrong_join_and_nearly_every_journey_is_whole(name):
    recording = recorded(name)
    bare = replace(recording, topologies=(), events=())
    found = scored(explain(bare), recording)
    assert found["wrong"] == []
    assert found["every_frame_once"]
    assert found["share"] >= 0.99, found["broken"]


@pytest.mark.parametrize("name", CASES)
def test_without_directions_there_is_no_wrong_join_and_nearly_every_journey_is_whole(name):
    recording = recorded(name)
    unknown = replace(recording.frames, direction=np.zeros(len(recording.frames), np.uint8))
    found = scored(explain(replace(recording, topologies=(), events=(), frames=unknown)), recording)
    assert found["wrong"] == []
    assert found["every_frame_once"]
    assert found["share"] >= 0.99, found["broken"]


@pytest.mark.parametrize("name", CASES)
def test_no_wrong_join_in_captures_that_began_and_ended_at_different_times(name):
    recording = recorded(name)
    frames, whole = recording.frames, explain(recording).analysis.joined.journey
    begin, end = int(frames.time_ns.min()), int(frames.time_ns.max())
    chance = np.random.default_rng(len(frames))
    for _ in range(4):
        late, early = (chance.random((2, len(frames.taps))) * 0.6 * (end - begin)).astype(np.int64)
        kept = np.flatnonzero(
            (frames.time_ns >= begin + late[frames.tap]) & (frames.time_ns <= end - early[frames.tap])
        )
        part = replace(recording, frames=frames.take(kept))
        bare = replace(part, topologies=(), events=())
        unknown = replace(bare.frames, direction=np.zeros(len(kept), np.uint8))
        for one in (part, bare, replace(bare, frames=unknown)):
            joined = explain(one).analysis.joined
            pairs = {
                (new, old) for new, old in zip(joined.journey.tolist(), whole[kept].tolist(), strict=True) if old >= 0
            }
            assert len({new for new, _ in pairs}) == len(pairs)


def same(lab: Lab) -> tuple[Dock, list[str]]:
    dock = Dock(lab)
    sink(dock.web)
    dock.host.publish(9091, to=dock.web, port=91, protocol="udp")
    dock.outside.run("ping -c1 203.0.113.1")
    return dock, ["python3", "-c", IDENTICAL, "203.0.113.1", "9091"]


def sightings(recording: Recording) -> dict[tuple[int, int], list[int]]:
    """The frames of identical packets, by where they were captured."""
    found: dict[tuple[int, int], list[int]] = {}
    for number in range(len(recording.frames)):
        if recording.frames.bytes_of(number).endswith(b"the same"):
            place = int(recording.frames.tap[number]), int(recording.frames.direction[number])
            found.setdefault(place, []).append(number)
    return found


@cache
def identical() -> Recording:
    with Lab("identical") as lab:
        dock, send = same(lab)
        with lab.trace() as trace:
            dock.outside.run([*send, "200"])
        return trace.recording


@pytest.mark.parametrize("bare", [False, True])
def test_identical_packets_are_joined_in_order(bare):
    recording = identical()
    seen = sightings(recording)
    assert {len(numbers) for numbers in seen.values()} == {200}
    marked = {str(place): sorted(numbers) for place, numbers in enumerate(zip(*seen.values(), strict=True))}
    trace = explain(replace(recording, topologies=(), events=()) if bare else recording)
    found = score(json.loads(trace.to_json()), marked)
    assert (found["wrong"], found["broken"]) == ([], [])


@pytest.mark.parametrize("bare", [False, True])
def test_no_wrong_join_of_identical_packets_with_losses(bare):
    with Lab("lossy") as lab:
        dock, send = same(lab)
        times = []
        with lab.trace() as trace:
            for state in (3, 0, 3):
                dock.host.run(f"bridge link set dev {dock.web.host_interface} state {state}", check=True)
                dock.outside.run([*send, "10"])
                times.append(trace_time(dock))
        recording = trace.recording
    marked: dict[str, list[int]] = {}
    for numbers in sightings(recording).values():
        for number in numbers:
            phase = sum(recording.frames.time_ns[number] > end for end in times)
            marked.setdefault(str(phase), []).append(number)
    assert len(marked) == 3
    trace = explain(replace(recording, topologies=(), events=()) if bare else recording)
    assert score(json.loads(trace.to_json()), marked)["wrong"] == []
    kinds = [j.outcome.kind for j in trace.journeys if set(j.frames) & set(marked["1"])]
    assert set(kinds) <= {"lost-from-sight", "ambiguous"}


def trace_time(dock: Dock) -> int:
    return int(dock.outside.run("sleep .1; date +%s%N").output)
