"""Overlays as ip(8) and bridge(8) show them, and journeys that join a packet's inner and outer form."""

from __future__ import annotations

import json

import pytest

from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from cnetkit.systems.overlay.network import Overlay

ENDS = {"n1": "192.0.2.18", "n2": "192.0.2.34", "n3": "192.0.2.50"}


def overlay(lab: Lab, **options) -> Overlay:
    """Three hosts around a router, and a container on each of the first two."""
    router = lab.router("r")
    hosts = [lab.host(name) for name in ENDS]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    made = lab.overlay("ov", hosts, "10.0.9.0/24", id=42, **options)
    made.container("a", hosts[0])
    made.container("b", hosts[1])
    return made


def fdb(node, interface="vxlan0"):
    entries = json.loads(node.run(f"bridge -j fdb show dev {interface}", check=True).output)
    return {(entry["mac"], entry["dst"]) for entry in entries if entry.get("flags") == ["self"] and "dst" in entry}


@pytest.mark.parametrize("control", [False, True])
def test_containers_on_two_hosts_reach_each_other(lab, control):
    overlay(lab, control=control)
    lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)


def test_ip_shows_the_tunnel_as_it_was_requested(lab):
    overlay(lab)
    (link,) = json.loads(lab["n1"].run("ip -j -d link show vxlan0", check=True).output)
    data = link["linkinfo"]["info_data"]
    assert (data["id"], data["local"], data["port"], data["link"]) == (42, "192.0.2.18", 4789, "eth0")
    assert data["learning"]
    assert (link["master"], link["mtu"], "UP" in link["flags"]) == ("br0", 1450, True)
    assert json.loads(lab["a"].run("ip -j link show eth0").output)[0]["mtu"] == 1450


def test_the_mtu_is_derived_from_the_underlay(lab):
    router, hosts = lab.router("r"), [lab.host(name) for name in ("n1", "n2")]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
        host.run("ip link set eth0 mtu 1400", check=True)
    made = lab.overlay("ov", hosts, "10.0.9.0/24", id=42)
    a = made.container("a", hosts[0])
    assert json.loads(a.run("ip -j link show eth0").output)[0]["mtu"] == 1350


def test_frames_are_flooded_to_all_other_hosts_and_answers_are_learned(lab):
    overlay(lab)
    nobody = "00:00:00:00:00:00"
    assert {dst for mac, dst in fdb(lab["n1"]) if mac == nobody} == {ENDS["n2"], ENDS["n3"]}
    lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)
    assert ("02:42:0a:00:09:02", ENDS["n2"]) in fdb(lab["n1"])


def test_a_frame_that_is_flooded_to_several_hosts_is_one_journey_with_a_branch_to_each(lab):
    overlay(lab)
    with lab.trace() as trace:
        lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)
    (request,) = (
        journey
        for journey in trace.journeys
        if journey.packet.ends.source == "10.0.9.1" and journey.packet.protocol == "arp"
    )
    wrapped = {hop.parent for hop in request.hops if (hop.node, hop.interface) == ("n1", "eth0")}
    assert len(wrapped) == 1
    assert {hop.node for hop in request.hops} >= {"a", "n2", "b", "n3"}


def test_with_control_each_host_has_entries_for_all_containers_and_floods_nothing(lab):
    made = overlay(lab, control=True)
    assert fdb(lab["n3"]) == {("02:42:0a:00:09:01", ENDS["n1"]), ("02:42:0a:00:09:02", ENDS["n2"])}
    neighbours = json.loads(lab["n3"].run("ip -j neigh show dev vxlan0").output)
    assert {(entry["dst"], entry["lladdr"], *entry["state"]) for entry in neighbours} == {
        ("10.0.9.1", "02:42:0a:00:09:01", "PERMANENT"),
        ("10.0.9.2", "02:42:0a:00:09:02", "PERMANENT"),
    }
    with lab.trace() as trace:
        lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)
    asked = [j for j in trace.journeys if j.packet.protocol == "arp" and j.packet.source.startswith("10.0.9.")]
    assert asked
    assert not any(hop.node in ("r", "n3") for journey in asked for hop in journey.hops)
    lab["b"].remove()
    assert fdb(made.bridges["n3"].host) == {("02:42:0a:00:09:01", ENDS["n1"])}


def test_inner_and_outer_are_one_journey(lab):
    overlay(lab)
    with lab.trace() as trace:
        lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)
    request = next(j for j in trace.journeys if j.packet.kind == "echo request")
    assert request.outcome.where == "b/eth0"
    names = [(hop.node, hop.interface) for hop in request.hops]
    assert names[2:] == [
        ("n1", "vxlan0"), ("n1", "eth0"), ("r", "eth0"), ("r", "eth1"), ("n2", "eth0"), ("n2", "vxlan0"),
        ("n2", lab["b"].host_interface), ("b", "eth0"),
    ]  # fmt: skip
    assert not trace.unexplained


def test_a_routed_tunnel_can_be_built_by_hand(lab):
    router = lab.router("r")
    hosts = [lab.host(name) for name in ("n1", "n2")]
    for n, host in enumerate(hosts, 1):
        lab.connect(host, router, f"192.0.2.{16 * n}/28")
    tunnels = [h.vxlan("vx", 7, port=8472, learning=False, address=f"10.9.0.{n}/24") for n, h in enumerate(hosts, 1)]
    for near, far in (tunnels, tunnels[::-1]):
        near.neighbour(far.host.interfaces["vx"][0].split("/")[0], far.mac)
        near.forward(far.mac, far.host.address)
    hosts[0].run("ping -c1 -W2 10.9.0.2", check=True)


def test_a_failed_overlay_leaves_nothing_behind(lab):
    hosts = [lab.host(name) for name in ("n1", "n2")]
    with pytest.raises(CnetkitError, match="n1 has no network to tunnel through"):
        lab.overlay("ov", hosts, "10.0.9.0/24")
    lab.connect(*hosts, "192.0.2.0/24")
    with pytest.raises(CnetkitError, match="24 bits"):
        lab.overlay("ov", hosts, "10.0.9.0/24", id=1 << 24)
    hosts[1].run("ip link add other type vxlan id 42 dstport 4789 && ip link set other up", check=True)
    with pytest.raises(CnetkitError, match="refused a VXLAN 'vxlan0' in n2"):
        lab.overlay("ov", hosts, "10.0.9.0/24", id=42)
    assert {interface.name for interface in lab.topology.interfaces if interface.node == "n1"} == {"lo", "eth0"}


def test_a_session_of_an_overlay_is_replayed(tmp_path):
    path = tmp_path / "ov.cnetkit"
    kinds = []
    for options in ({"record": path}, {"replay": path}):
        with Lab("ov", **options) as lab:
            overlay(lab, control=True)
            with lab.trace() as trace:
                lab["a"].run("ping -c1 -W2 10.0.9.2", check=True)
            kinds.append(trace.to_json())
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize(
    "attempt",
    [
        lambda host: host.vxlan("vx", "5"),
        lambda host: host.vxlan("vx", 5, port=0),
        lambda host: host.vxlan("vx", 5, address="10.77.0.1"),
        lambda host: host.vxlan("vx", 5).flood("x"),
        lambda host: host.vxlan("vx", 5).forward("zz", "192.0.2.1"),
        lambda host: host.vxlan("vx", 5).neighbour("x", "02:00:00:00:00:01"),
    ],
)
def test_a_tunnel_that_cannot_be_is_refused_in_one_sentence(lab, attempt):
    host = lab.host("n1")
    lab.connect(host, lab.host("n2"), "192.0.2.0/24")
    with pytest.raises(CnetkitError) as caught:
        attempt(host)
    assert "bug in cnetkit" not in str(caught.value)
    assert "\n" not in str(caught.value)
