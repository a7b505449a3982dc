"""A real Podman in a host, over each of its network backends: containers and pods that are nodes, each rule in evidence."""

from __future__ import annotations

import pytest

from cnetkit import CnetkitError
from cnetkit.lab import Lab
from tests.kernel.engines import fetched

SERVE = "host python3 -m http.server 80"
CHOICES = {
    "podman-5 over netavark": ("podman-5", "netavark", "dnat ip to 10.88.0.2:80"),
    "podman-4.3 over netavark": ("podman-4.3", "netavark", "-j DNAT --to-destination 10.88.0.2:80"),
    "podman-4.3 over CNI": ("podman-4.3", "cni", "-j DNAT --to-destination 10.88.0.2:80"),
}


@pytest.fixture(scope="module", params=CHOICES)
def choice(request):
    return CHOICES[request.param]


@pytest.fixture(scope="module")
def lab(choice):
    programs, backend, _ = choice
    with Lab("podman") as lab:
        dock, outside = lab.host("dock", programs=fetched(programs)), lab.host("outside")
        lab.connect(outside, dock, "203.0.113.0/24")
        podman = dock.podman(programs.partition("-")[2], backend=backend)
        podman(f"run -d --name web -p 8080:80 {SERVE}", check=True)
        podman("network create app", check=True)
        podman(f"run -d --name shop --network app {SERVE}", check=True)
        podman("pod create --name pair -p 9090:80", check=True)
        podman(f"run -d --pod pair --name server {SERVE}", check=True)
        podman("run -d --pod pair --name helper host sleep 1000", check=True)
        for name in ("web", "shop", "pair"):
            lab[name].wait_port(80)
        yield lab


@pytest.fixture
def podman(lab):
    return lab["dock"].podman()


def test_a_published_port_is_traced_into_the_container_by_the_backends_own_rule(lab, choice):
    with lab.trace() as trace:
        lab["outside"].run("curl -sf -o /dev/null http://203.0.113.1:8080/", check=True)
    request = trace.select("tcp").journeys[0]
    assert (request.hops[-1].node, request.outcome.kind) == ("web", "delivered")
    (quote,) = [item.quote for hop in request.hops for item in hop.evidence if item.effect == "translates"]
    assert choice[2] in quote
    assert not trace.unexplained


def test_the_containers_of_a_pod_are_one_node(lab, podman):
    assert set(podman.containers) == {"web", "shop", "pair"}
    assert lab["pair"].kind == "container"
    with lab.trace() as trace:
        lab["outside"].run("curl -sf -o /dev/null http://203.0.113.1:9090/", check=True)
        assert podman("exec helper curl -s -o /dev/null -w %{http_code} http://127.0.0.1/").output == "200"
    requests = [journey for journey in trace.journeys if journey.packet.kind == "SYN"]
    assert [(trip.hops[0].node, trip.hops[-1].node, trip.outcome.kind) for trip in requests] == [
        ("outside", "pair", "delivered"),
        ("pair", "pair", "delivered"),
    ]


def test_a_container_for_one_request_finds_its_neighbour_by_name(lab, podman):
    with lab.trace() as trace:
        ask = "sh -c 'sleep 0.5; curl -sf -o /dev/null http://shop/'"
        podman(f"run --rm --name ask --network app host {ask}", check=True)
    assert "ask" not in lab.nodes
    request = next(journey for journey in trace.journeys if journey.packet.kind == "SYN")
    assert (request.hops[0].node, request.hops[-1].node, request.outcome.kind) == ("ask", "shop", "delivered")
    assert not trace.unexplained


def test_containers_come_and_go_with_podman(lab, podman):
    podman("run -d --name brief host sleep 1000", check=True)
    assert "brief" in lab.nodes
    for _ in range(5):
        podman("stop -t 0 brief", check=True)
        assert "brief" not in lab.nodes
        podman("start brief", check=True)
        assert lab["brief"].run("true").ok
    podman("rm -f -t 0 brief", check=True)
    assert "brief" not in lab.nodes


def test_podman_is_typed_in_the_host_as_on_any_machine(lab):
    said = lab["dock"].run("podman ps --format '{{.Names}} {{.Ports}}'", check=True).output
    assert "web 0.0.0.0:8080->80/tcp" in said


def test_another_version_or_backend_is_refused_with_the_way_to_get_it(lab, choice):
    dock = lab["dock"]
    assert dock.podman() is dock.podman(backend=choice[1])
    with pytest.raises(CnetkitError, match=r"has Podman .*programs='podman-3\.0'"):
        dock.podman("3.0")
    other = "cni" if choice[1] == "netavark" else "netavark"
    with pytest.raises(CnetkitError, match=f"over {choice[1]} already: use another host for {other}"):
        dock.podman(backend=other)


def test_a_host_without_podman_says_what_to_do():
    with Lab("without") as lab:
        host = lab.host("dock", programs=fetched("etcd-3.5"))
        with pytest.raises(CnetkitError, match="cnetkit get podman"):
            host.podman()


def test_a_backend_that_this_podman_lacks_is_podmans_own_message():
    with Lab("backend") as lab:
        host = lab.host("dock", programs=fetched("podman-5"))
        with pytest.raises(CnetkitError, match=r"Podman on dock does not work: .*cni"):
            host.podman(backend="cni")
        assert host.podman().backend == "netavark"
