"""macvlan: real interfaces on a real parent, read back, traced, worded as commands, and undone where a build fails."""

from __future__ import annotations

import subprocess

import pytest

from cnetkit import operations as op
from cnetkit.model import CnetkitError


def two_on_a_wire(lab):
    """A wire between two hosts, and a macvlan of a container on its end at `dock`."""
    outside, dock = lab.host("outside"), lab.host("dock")
    lab.connect(outside, dock, "203.0.113.0/24")
    for number, name in enumerate(("web", "client"), 10):
        dock.container(name)
        lab.build(
            op.AddMacvlan("dock", "eth0", name, "eth0", f"02:00:00:00:00:{number}"),
            op.AddAddress(name, "eth0", f"203.0.113.{number}/24"),
        )
    return outside, dock


def test_a_macvlan_is_read_back_with_its_parent(lab):
    two_on_a_wire(lab)
    topology = lab.topology
    made = next(one for one in topology.interfaces if (one.node, one.name) == ("web", "eth0"))
    assert (made.kind, made.mac, made.up, made.peer) == ("macvlan", "02:00:00:00:00:10", True, ("dock", "eth0"))
    assert {(one.kind, one.a, one.b) for one in topology.links if one.a[0] in ("web", "client")} == {
        ("macvlan", ("web", "eth0"), ("dock", "eth0")), ("macvlan", ("client", "eth0"), ("dock", "eth0")),
    }  # fmt: skip


def test_packets_reach_the_wire_and_the_other_macvlan_but_not_the_parents_own_node(lab):
    outside, dock = two_on_a_wire(lab)
    with lab.trace() as trace:
        assert outside.run("ping -c 1 -W 2 203.0.113.10").ok
        assert lab["client"].run("ping -c 1 -W 2 203.0.113.10").ok
        assert not dock.run("ping -c 1 -W 1 203.0.113.10").ok
    echoes = [one for one in trace.journeys if one.packet.kind == "echo request"]
    assert [(one.hops[0].node, one.outcome.where) for one in echoes[:2]] == [
        ("outside", "web/eth0"), ("client", "web/eth0")]  # fmt: skip
    assert not trace.unexplained


def test_the_commands_of_the_script_build_the_same(lab, tmp_path):
    two_on_a_wire(lab)
    (tmp_path / "lab.sh").write_text(lab.script())
    ask = f". {tmp_path}/lab.sh; ip -n web -d link show eth0; ip netns exec outside ping -c 1 -W 2 203.0.113.10"
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", "-c", ask]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "macvlan mode bridge" in done.stdout
    assert "02:00:00:00:00:10" in done.stdout


def test_a_macvlan_is_taken_away_again_where_the_build_fails(lab):
    two_on_a_wire(lab)
    lab["dock"].container("late")
    with pytest.raises(CnetkitError, match="nowhere"):
        lab.build(
            op.AddMacvlan("dock", "eth0", "late", "eth0", "02:00:00:00:00:99"),
            op.AddAddress("late", "nowhere", "203.0.113.99/24"),
        )
    assert [one.name for one in lab.topology.interfaces if one.node == "late"] == ["lo"]
    with pytest.raises(CnetkitError, match="nothing"):
        lab.build(op.AddMacvlan("dock", "nothing", "late", "eth0", "02:00:00:00:00:99"))


def test_containers_of_a_macvlan_network_stand_beside_the_machines_of_the_parents_link(lab):
    office, dock, printer, router = (
        lab.lan("office", "10.50.0.0/24"),
        lab.host("dock"),
        lab.host("printer"),
        lab.router("gw"),
    )
    for node, address in ((dock, "10.50.0.5"), (printer, "10.50.0.9"), (router, "10.50.0.1")):
        office.attach(node, address)
    far = lab.host("far")
    lab.connect(far, router, "198.51.100.0/24")
    net = dock.macvlan("mv", "10.50.0.0/24", gateway="10.50.0.1")
    web, client = net.containers("c{}", 2)
    assert (web.address, client.address) == ("10.50.0.2", "10.50.0.3")
    web.http_server(80)
    with lab.trace() as trace:
        assert "you are 10.50.0.9 " in printer.run("curl -s -m 5 http://10.50.0.2/", check=True).output
        assert "you are 10.50.0.3 " in client.run("curl -s -m 5 http://10.50.0.2/", check=True).output
        assert "you are 198.51.100.2 " in far.run("curl -s -m 5 http://10.50.0.2/", check=True).output  # no NAT
        assert not dock.run("ping -c 1 -W 1 10.50.0.2").ok
    assert not trace.unexplained
    asked = [one for one in trace.journeys if one.packet.kind == "SYN"]
    assert [(one.hops[0].node, one.outcome.where, one.outcome.kind) for one in asked] == [
        ("printer", "c0/eth0", "delivered"), ("c1", "c0/eth0", "delivered"), ("far", "c0/eth0", "delivered")]  # fmt: skip
    net.detach(client)
    assert net.container("again").address == "10.50.0.3"


def test_a_macvlan_network_needs_a_link_and_a_gateway_of_its_own(lab):
    dock = lab.host("dock")
    with pytest.raises(CnetkitError, match="has no interface 'eth0'"):
        dock.macvlan("mv", "10.50.0.0/24")
    lab.connect(lab.host("x"), dock, "10.50.0.0/24")
    with pytest.raises(CnetkitError, match="is not in"):
        dock.macvlan("mv", "10.50.0.0/24", gateway="10.60.0.1")
    with pytest.raises(CnetkitError, match="write the network as"):
        dock.macvlan("mv", "10.50.0.7/24")


def test_no_address_is_given_out_twice_on_a_link(lab):
    office, rack, desk = lab.lan("office", "10.50.0.0/24"), lab.host("rack"), lab.host("desk")
    office.attach(desk), office.attach(rack)
    other = lab.host("other")
    office.attach(other)
    nets = [host.macvlan("mac", "10.50.0.0/24", gateway="10.50.0.4") for host in (rack, other)]
    containers = [net.container(f"c{number}") for number, net in enumerate(nets)]
    gateway = office.attach(lab.router("gateway"), "10.50.0.4")
    addresses = [node.address for node in (desk, rack, other, *containers)]
    assert addresses == ["10.50.0.1", "10.50.0.2", "10.50.0.3", "10.50.0.5", "10.50.0.6"]
    assert gateway.addresses == ("10.50.0.4/24",)
    assert containers[0].run("ping -c 1 -W 2 10.50.0.4").ok
    with pytest.raises(CnetkitError, match="it is the gateway"):
        nets[0].container("late", "10.50.0.4")


def test_the_other_end_of_a_wire_keeps_its_address(lab):
    dock, router = lab.host("dock"), lab.router("router")
    lab.connect(dock, router, "10.1.0.0/24")
    nets = [dock.macvlan(name, "10.1.0.0/24") for name in ("mac0", "mac1")]
    assert [net.container(f"c{number}").address for number, net in enumerate(nets)] == ["10.1.0.3", "10.1.0.4"]


def test_a_macvlan_joins_containers_of_its_host_only(lab):
    rack, desk = lab.host("rack"), lab.host("desk")
    lab.connect(rack, desk, "10.1.0.0/24")
    net = rack.macvlan("mac", "10.1.0.0/24")
    with pytest.raises(CnetkitError, match="desk is not a container of rack"):
        net.attach(desk)
    with pytest.raises(CnetkitError, match="which macvlan containers cannot reach"):
        rack.macvlan("mac1", "10.1.0.0/24", gateway=rack.address)
