"""The topology agrees with ip(8) and bridge(8) in the same namespaces."""

from __future__ import annotations

import json


def _ip(node, what):
    return json.loads(node.run(f"ip -j {what}", check=True).output)


def test_interfaces_addresses_and_masters_are_those_that_ip_lists(dock):
    topology = dock.lab.topology
    for node in dock.lab.nodes.values():
        mine = {one.name: one for one in topology.interfaces if one.node == node.name}
        theirs = {one["ifname"]: one for one in _ip(node, "-4 -d addr")}
        theirs |= {one["ifname"]: theirs.get(one["ifname"], {}) | one for one in _ip(node, "-d link")}
        assert set(mine) == set(theirs)
        for name, row in theirs.items():
            interface = mine[name]
            assert (interface.mac, interface.mtu, interface.index) == (row["address"], row["mtu"], row["ifindex"])
            assert interface.up == ("UP" in row["flags"])
            assert interface.master == row.get("master", "")
            addresses = {f"{a['local']}/{a['prefixlen']}" for a in row.get("addr_info", ())}
            assert addresses <= set(interface.addresses)


def test_routes_have_the_text_of_ip_route(dock):
    topology = dock.lab.topology
    for node in dock.lab.nodes.values():
        printed = {" ".join(line.split()) for line in node.run("ip -4 route show table main").output.splitlines()}
        mine = {
            one.text for one in topology.routes if one.node == node.name and one.table == 254 and ":" not in one.text
        }
        assert mine == printed


def test_a_routes_own_mtu_has_the_text_of_ip_route(lab):
    a, b = lab.host("a"), lab.host("b")
    lab.connect(a, b, "10.0.0.0/24")
    a.run("ip route add 10.1.0.0/24 via 10.0.0.2 mtu 1300", check=True)
    a.run("ip route add 10.2.0.0/24 via 10.0.0.2 metric 7 mtu lock 1200", check=True)
    printed = {" ".join(line.split()) for line in a.run("ip route").output.splitlines()}
    routes = {one.text: one.mtu for one in lab.topology.routes if one.node == "a" and one.table == 254}
    assert set(routes) == printed
    assert sorted(routes.values()) == [0, 1200, 1300]


def test_both_ends_of_each_veth_pair_refer_to_each_other(dock):
    topology = dock.lab.topology
    ends = {(one.node, one.name): one.peer for one in topology.interfaces if one.kind == "veth"}
    assert len(ends) == 6
    assert all(ends[peer] == end for end, peer in ends.items())
    assert {tuple(sorted((link.a, link.b))) for link in topology.links if link.kind == "veth"} == {
        tuple(sorted(pair)) for pair in ends.items()
    }


def test_a_veth_pair_made_by_a_learner_is_read_with_its_peers(dock):
    dock.client.run("ip link add here type veth peer name there && ip link set here up", check=True)
    made = {one.name: one for one in dock.lab.topology.interfaces if one.node == "client"}
    assert made["here"].peer == ("client", "there")
    assert made["there"].peer == ("client", "here")


def test_forwarding_entries_name_the_port_of_an_address(dock):
    dock.client.run("ping -c1 172.17.0.2", check=True)
    entries = {one.mac: one for one in dock.lab.topology.forwarding if not one.permanent and one.bridge == "docker0"}
    assert entries["02:42:ac:11:00:02"].interface == dock.web.host_interface
