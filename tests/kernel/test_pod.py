"""Pods: what their containers share and do not share, and how pods of two hosts reach each other."""

from __future__ import annotations

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError

SHARED, OWN = ("net", "ipc", "uts"), ("mnt", "pid")


def hosts(lab: Lab):
    """Two hosts on either side of a router, with an outside machine."""
    router, made = lab.router("r"), [lab.host("n1"), lab.host("n2")]
    for n, host in enumerate(made, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    lab.connect(lab.host("outside"), router, "198.51.100.0/24")
    return made


@pytest.fixture
def pods(lab):
    """A pod on each of two hosts, joined by VXLAN."""
    net = lab.pod_network(hosts(lab))
    return net.pod("web", lab["n1"]), net.pod("client", lab["n2"])


def namespaces(place) -> dict[str, str]:
    lines = place.run("readlink /proc/self/ns/*", check=True).output.split()
    return dict(line.split(":") for line in lines)


def test_containers_of_a_pod_share_network_ipc_and_uts_but_not_mounts_and_processes(pods):
    first, second = (namespaces(pods[0].container(name)) for name in ("app", "sidecar"))
    assert [first[kind] == second[kind] for kind in SHARED] == [True] * 3
    assert [first[kind] == second[kind] for kind in OWN] == [False] * 2
    held = namespaces(pods[0])
    assert all(held[kind] == first[kind] for kind in SHARED)


def test_a_container_reaches_its_neighbour_on_localhost_and_does_not_see_its_files(pods):
    app, sidecar = pods[0].container("app"), pods[0].container("sidecar")
    app.http_server(80)
    assert "This is web at 127.0.0.1" in sidecar.run("curl -s http://127.0.0.1/", check=True).output
    app.run("echo mine > /tmp/note", check=True)
    assert not sidecar.run("cat /tmp/note").ok
    with pytest.raises(CnetkitError, match=r"port 80/tcp of web/sidecar is taken by its http server"):
        sidecar.http_server(80)


def test_shared_memory_of_system_v_is_seen_by_both_containers(pods):
    app, sidecar = pods[0].container("app"), pods[0].container("sidecar")
    app.run("ipcmk -M 4096", check=True)
    assert sidecar.run("ipcs -m").output.count("0x") == 1
    assert pods[1].run("ipcs -m").output.count("0x") == 0


def test_the_pause_process_holds_the_pod_and_the_host_sees_all_its_processes(pods):
    app = pods[0].container("app")
    app.http_server(80)
    assert "1 pause" in pods[0].run("ps -o pid,args ax").output
    processes = pods[0].host.run("ps -o args ax").output
    assert "pause" in processes
    assert "http-server 80" in processes
    assert "http-server" not in pods[0].run("ps -o args ax").output


def test_a_restarted_container_keeps_the_address_of_its_pod(pods):
    app = pods[0].container("app")
    app.http_server(80)
    app.restart()
    assert not pods[1].run("curl -s -m 2 http://10.244.0.2/").ok
    app.http_server(80)
    assert "This is web at 10.244.0.2" in pods[1].run("curl -s -m 2 http://10.244.0.2/", check=True).output


def test_pods_of_two_hosts_see_each_others_own_addresses(pods, lab):
    pods[0].container("app").http_server(80)
    with lab.trace() as trace:
        answer = pods[1].run("curl -s -m 5 http://10.244.0.2/", check=True).output
    assert "you are 10.244.1.2 " in answer
    flow = next(flow for flow in trace.flows if flow.protocol == "tcp")
    changed = {change.field for journey in flow.journeys for hop in journey.hops for change in hop.changes}
    assert "ip.ttl" in changed
    assert not changed & {"ip.src", "ip.dst", "tcp.srcport", "tcp.dstport"}
    assert all(journey.outcome.kind == "delivered" for journey in flow.journeys)
    assert ("n2", "flannel.1") in {(hop.node, hop.interface) for hop in flow.journeys[0].hops}


def test_packets_that_leave_the_network_have_the_hosts_address(pods, lab):
    lab["outside"].http_server(80)
    answer = pods[1].run("curl -s -m 5 http://198.51.100.2/", check=True).output
    assert f"you are {lab['n2'].address} " in answer


def test_hosts_on_one_wire_are_gateways_for_each_other(lab):
    first, second = lab.host("n1"), lab.host("n2")
    lab.connect(second, first, "192.0.2.0/24")
    net = lab.pod_network([first, second], backend="host-gw")
    web, client = net.pod("web", first), net.pod("client", second)
    web.http_server(80)
    assert "you are 10.244.1.2 " in client.run("curl -s -m 5 http://10.244.0.2/", check=True).output
    assert "10.244.0.0/24 via 192.0.2.1 dev eth0" in second.run("ip route").output
    assert " mtu 1500 " in web.run("ip link show eth0").output


def test_hosts_behind_a_router_cannot_be_gateways(lab):
    with pytest.raises(CnetkitError, match="not on one wire"):
        lab.pod_network(hosts(lab), backend="host-gw")
    assert "cni0" not in {interface.name for interface in lab.topology.interfaces}


def test_a_pod_is_removed_together_with_its_containers(pods, lab):
    app = pods[0].container("app")
    program = app.start("sleep 100")
    pods[0].remove()
    assert not program.wait(5).ok
    assert "sleep" not in lab["n1"].run("ps -o args ax").output
    assert [node.name for node in lab.topology.nodes if node.kind == "pod"] == ["client"]
