"""A real Docker engine in a host: typed commands, containers that are nodes while they run, nothing left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cnetkit import CnetkitError
from cnetkit.lab import Lab
from tests.kernel.conftest import client
from tests.kernel.engines import VERSIONS, engine, fetched

COMPOSE = """
services:
  desk:
    image: host
    command: sleep infinity
  store:
    image: host
    command: python3 -m http.server 80
"""


@pytest.fixture(scope="module")
def lab():
    with Lab("engine") as lab:
        docker = engine(lab)
        docker("run -d --name web -p 8080:80 host python3 -m http.server 80", check=True)
        lab["web"].wait_port(80)
        yield lab


@pytest.fixture
def docker(lab):
    return lab["dock"].docker()


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_runs_a_container_that_answers_at_its_published_port(version):
    with Lab("version") as lab:
        docker = engine(lab, version)
        assert docker.version.startswith(version)
        docker("run -d --name web -p 8080:80 host python3 -m http.server 80", check=True)
        lab["web"].wait_port(80)
        with lab.trace() as trace:
            lab["outside"].run("curl -sf -o /dev/null http://203.0.113.1:8080/", check=True)
        request = trace.select("tcp").journeys[0]
        assert (request.hops[-1].node, request.outcome.kind) == ("web", "delivered")
        quotes = [item.quote for hop in request.hops for item in hop.evidence if item.effect == "translates"]
        assert len(quotes) == 1
        assert "-j DNAT --to-destination 172.17.0.2:80" in quotes[0]
        assert not trace.unexplained


def test_docker_is_typed_in_the_host_as_on_any_machine(lab):
    assert "web" in lab["dock"].run("docker ps --format '{{.Names}} {{.Ports}}'", check=True).output
    assert (
        lab["dock"].run("docker exec web cat /etc/hostname", check=True).output
        == lab["web"].run("cat /etc/hostname").output
    )


def test_a_container_is_a_node_that_is_looked_into(lab, docker):
    web = lab["web"]
    assert docker.containers["web"] is web
    assert (web.address, web.kind, web.host) == ("172.17.0.2", "container", lab["dock"])
    assert web.run("cat /proc/1/comm").output == "python3\n"
    assert "172.17.0.2" in web.run("cat /etc/hosts").output
    topology = lab.topology
    (interface,) = [i for i in topology.interfaces if i.node == "web" and i.name == "eth0"]
    assert interface.peer[0] == "dock"


def test_containers_come_go_and_come_again_with_what_the_engine_does(lab, docker):
    docker("run -d --name brief host sleep 1000", check=True)
    assert "brief" in lab.nodes
    docker("network create --subnet 10.77.0.0/24 second", check=True)
    docker("network connect second brief", check=True)
    assert set(lab["brief"].interfaces) == {"eth0", "eth1"}
    docker("stop -t 0 brief", check=True)
    assert "brief" not in lab.nodes
    docker("start brief", check=True)
    assert lab["brief"].run("true").ok
    docker("rm -f brief", check=True)
    assert "brief" not in lab.nodes
    assert "brief" not in {node.name for node in lab.topology.nodes}


def test_a_container_without_a_network_is_a_node_too(lab, docker):
    docker("run -d --name lone --network none host sleep 1000", check=True)
    assert lab["lone"].interfaces == {}
    docker("rm -f lone", check=True)


def test_a_container_in_anothers_namespace_is_no_second_node(lab, docker):
    said = docker(
        "run --rm --name beside --network container:web host curl -s -o /dev/null -w %{http_code} http://127.0.0.1/"
    )
    assert said.output == "200"
    assert "beside" not in lab.nodes


def test_names_are_answered_on_a_network_that_a_user_made(lab, docker):
    docker("network create named", check=True)
    docker("run -d --name one --network named host python3 -m http.server 80", check=True)
    docker("run -d --name two --network named host sleep 1000", check=True)
    lab["one"].wait_port(80)
    with lab.trace() as trace:
        assert docker("exec two curl -s -o /dev/null -w %{http_code} http://one/").output == "200"
    request = next(j for j in trace.journeys if j.packet.kind == "SYN")
    assert [hop.node for hop in request.hops] == ["two", "dock", "dock", "one"]
    assert not trace.unexplained
    docker("rm -f one two", check=True)


def test_a_container_for_one_request_is_traced_from_its_start_to_its_end(lab, docker):
    with lab.trace() as trace:
        docker("run --rm --name ask host sh -c 'sleep 0.5; curl -sf -o /dev/null http://172.17.0.2/'", check=True)
    assert "ask" not in lab.nodes
    packets = [j for j in trace.journeys if j.packet.protocol == "tcp"]
    assert packets[0].packet.kind == "SYN"
    for journey in packets:
        ends = journey.hops[0].node, journey.hops[-1].node
        assert ends in (("ask", "web"), ("web", "ask"))
        assert journey.outcome.kind in ("delivered", "arrived")
    assert not trace.unexplained


def test_a_port_that_is_taken_is_the_engines_own_message(docker):
    clash = docker("run -d --name clash -p 8080:80 host sleep 5")
    assert not clash.ok
    assert "port is already allocated" in clash.errors
    docker("rm -f clash")


def test_a_compose_file_is_built_and_traced(lab, docker):
    lab["dock"].run("mkdir -p /srv/shop && cat > /srv/shop/compose.yaml", input=COMPOSE, check=True)
    docker("compose -f /srv/shop/compose.yaml up -d", check=True)
    assert {"shop-desk-1", "shop-store-1"} < set(lab.nodes)
    lab["shop-store-1"].wait_port(80)
    with lab.trace() as trace:
        assert docker("exec shop-desk-1 curl -s -o /dev/null -w %{http_code} http://store/").output == "200"
    request = next(journey for journey in trace.journeys if journey.packet.kind == "SYN")
    assert (request.hops[0].node, request.outcome.where) == ("shop-desk-1", "shop-store-1/eth0")
    docker("compose -f /srv/shop/compose.yaml down -t 0", check=True)
    assert not {"shop-desk-1", "shop-store-1"} & set(lab.nodes)


def test_a_second_call_gives_the_same_engine(lab, docker):
    assert lab["dock"].docker() is docker


def test_options_come_too_late_for_an_engine_that_runs(lab, docker):
    with pytest.raises(CnetkitError, match="runs already, without options: give options when it is started"):
        lab["dock"].docker(options="--bip 10.1.0.1/24")


def test_an_engine_of_another_version_is_refused_with_the_way_to_get_it(lab):
    with pytest.raises(CnetkitError, match=r"has Docker 28\.5.*programs='docker-20\.10'"):
        lab["dock"].docker("20.10")


def test_a_host_without_an_engine_says_what_to_do():
    with Lab("without") as lab:
        host = lab.host("dock", programs=fetched("etcd-3.5"))
        with pytest.raises(CnetkitError, match="cnetkit get docker"):
            host.docker()


def test_an_engine_that_cannot_start_is_quoted():
    with Lab("broken") as lab:
        host = lab.host("dock", programs=fetched("docker-28.5"))
        with pytest.raises(CnetkitError, match="no-such-option"):
            host.docker(options="--no-such-option")
        assert host.docker().version  # and it can be started then


VICTIM = """
import sys
from cnetkit import Lab
lab = Lab("victim")
dock = lab.host("dock", programs="docker-28.5")
print("begun", flush=True)
docker = dock.docker()
while True:
    docker("run --rm -p 8080:80 host true")
    print("ran", flush=True)
"""


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("delay", [0.05, 0.3, 0.6, 1.0, 1.7])
def test_nothing_is_left_of_an_engine_whose_lab_is_killed(delay):
    fetched("docker-28.5")
    groups, home = control_groups(), at_home()
    victim = client(VICTIM)
    assert victim.stdout.readline() == b"begun\n"
    time.sleep(delay)
    victim.kill()
    victim.wait()
    assert control_groups() == groups
    assert at_home() == home


def control_groups() -> set[str]:
    return {path for path, _, _ in os.walk("/sys/fs/cgroup")}


def at_home() -> set[Path]:
    return {*Path.home().glob("*"), *Path.home().glob("*/*")}
