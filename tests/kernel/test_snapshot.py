"""The topology is what ip(8) of the same namespace says."""

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
        for name, one in theirs.items():
            seen = mine[name]
            assert (seen.mac, seen.mtu, seen.index) == (one["address"], one["mtu"], one["ifindex"])
            assert seen.up == ("UP" in one["flags"])
            assert seen.master == one.get("master", "")
            addresses = {f"{a['local']}/{a['prefixlen']}" for a in one.get("addr_info", ())}
            assert addresses <= set(seen.addresses)


def test_routes_are_worded_as_ip_words_them(dock):
    topology = dock.lab.topology
    for node in dock.lab.nodes.values():
        said = {" ".join(line.split()) for line in node.run("ip -4 route show table main").output.splitlines()}
        mine = {
            one.text for one in topology.routes if one.node == node.name and one.table == 254 and ":" not in one.text
        }
        assert mine == said


def test_both_ends_of_each_pair_know_each_other(dock):
    topology = dock.lab.topology
    ends = {(one.node, one.name): one.peer for one in topology.interfaces if one.kind == "veth"}
    assert len(ends) == 6
    assert all(ends[peer] == end for end, peer in ends.items())
    assert {tuple(sorted((link.a, link.b))) for link in topology.links if link.kind == "veth"} == {
        tuple(sorted(pair)) for pair in ends.items()
    }


def test_a_link_that_a_learner_makes_is_seen_with_its_peer(dock):
    dock.client.run("ip link add here type veth peer name there && ip link set here up", check=True)
    found = {one.name: one for one in dock.lab.topology.interfaces if one.node == "client"}
    assert found["here"].peer == ("client", "there")
    assert found["there"].peer == ("client", "here")


def test_forwarding_entries_name_the_port_behind_which_an_address_was_seen(dock):
    dock.client.run("ping -c1 172.17.0.2", check=True)
    entries = {one.mac: one for one in dock.lab.topology.forwarding if not one.permanent and one.bridge == "docker0"}
    assert entries["02:42:ac:11:00:02"].interface == dock.web.host_interface
