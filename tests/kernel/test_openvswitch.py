"""A program that switches frames itself, a real Open vSwitch: what it takes is not called dropped."""

from __future__ import annotations

import pytest

from cnetkit.lab import Lab
from tests.kernel.engines import fetched

START = """
export OVS_RUNDIR=/run/ovs OVS_LOGDIR=/run/ovs OVS_DBDIR=/run/ovs OVS_SYSCONFDIR=/run/ovs
mkdir -p /run/ovs && cd /run/ovs
ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server conf.db --remote=punix:/run/ovs/db.sock --detach --no-chdir --pidfile --log-file
ovs-vsctl --db=unix:/run/ovs/db.sock --no-wait init
exec ovs-vswitchd unix:/run/ovs/db.sock --pidfile
"""
JOIN = """
export OVS_RUNDIR=/run/ovs
until [ -S /run/ovs/db.sock ]; do sleep 0.05; done
ovs-vsctl --timeout=20 add-br br0 -- set bridge br0 datapath_type=netdev -- add-port br0 eth0 -- add-port br0 eth1
"""


@pytest.fixture(scope="module")
def lab():
    with Lab("switch") as lab:
        switch = lab.host("switch", programs=fetched("openvswitch-3"))
        for number, name in enumerate("ab", 1):
            node = lab.host(name)
            lab.connect(node, switch, f"198.18.{number}.0/24")
            node.run(f"ip addr flush dev eth0 && ip addr add 10.0.0.{number}/24 dev eth0", check=True)
            switch.run(f"ip addr flush dev eth{number - 1}", check=True)
        switch.start(["sh", "-c", START])
        switch.run(["sh", "-c", JOIN], timeout=60, check=True)
        yield lab


def test_packets_go_through_the_switch_and_none_of_them_is_called_dropped(lab):
    with lab.trace() as trace:
        assert lab["a"].run("ping -c 3 -i 0.2 -W 5 10.0.0.2").ok
    echoes = [[hop.node for hop in trip.hops] for trip in trace.journeys if trip.packet.protocol == "icmp"]
    assert echoes == [["a", "switch", "switch", "b"], ["b", "switch", "switch", "a"]] * 3
    assert [str(trip.outcome) for trip in trace.journeys if trip.outcome.kind == "dropped"] == []
    assert not trace.unexplained


def test_the_switchs_ports_are_told_from_others(lab):
    ports = {(i.node, i.name) for i in lab.topology.interfaces if i.details.get("promiscuous") and i.up}
    assert ports == {("switch", "eth0"), ("switch", "eth1")}


def test_a_frame_that_no_program_takes_is_still_dropped_for_its_address(lab):
    lab["b"].run("ip neigh replace 10.0.0.1 lladdr 02:00:00:00:00:77 dev eth0 nud permanent", check=True)
    lab["switch"].run(
        "export OVS_RUNDIR=/run/ovs; ovs-ofctl add-flow br0 'dl_dst=02:00:00:00:00:77,actions=flood'", check=True
    )
    with lab.trace() as trace:
        assert not lab["b"].run("ping -c 1 -W 1 10.0.0.1").ok
    (request,) = [trip for trip in trace.journeys if trip.packet.kind == "echo request"]
    assert (request.outcome.kind, request.outcome.where) == ("dropped", "a/eth0")
    assert "02:00:00:00:00:77, which a does not have" in request.outcome.reason
