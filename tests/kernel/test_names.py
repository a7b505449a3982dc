"""ip-netns(8) finds the lab's nodes by their names, in every node, as nodes come and go."""

from __future__ import annotations

import pytest

from cnetkit import CnetkitError
from cnetkit.lab import Lab


@pytest.fixture
def lab():
    with Lab("names") as lab:
        host = lab.host("dock")
        host.bridge("br0", "10.5.0.1/16").containers("c{}", 2)
        yield lab


def names(node):
    return {line.split()[0] for line in node.run("ip netns list", check=True).output.splitlines()}


def namespace(node):
    return node.run("stat -Lc %i /proc/self/ns/net", check=True).output


@pytest.mark.parametrize("node", ["dock", "c0"])
def test_each_node_reaches_each_other_by_its_name(lab, node):
    assert names(lab[node]) == {"dock", "c0", "c1"}
    for name in lab.nodes:
        inside = lab[node].run(f"ip netns exec {name} stat -Lc %i /proc/self/ns/net", check=True).output
        assert inside == namespace(lab[name])


def test_a_link_is_moved_to_a_node_by_its_name(lab):
    lab["dock"].run("ip link add m0 type veth peer name m1 && ip link set m0 netns c0", check=True)
    assert "m0" in lab["c0"].run("ip -br link", check=True).output


def test_names_come_and_go_with_the_nodes(lab):
    dock = lab["dock"]
    assert names(dock) == {"dock", "c0", "c1"}
    lab.host("later")
    assert names(dock) == names(lab["c0"]) == {"dock", "c0", "c1", "later"}
    lab.remove(lab["c1"])
    assert names(dock) == names(lab["c0"]) == names(lab["later"]) == {"dock", "c0", "later"}
    lab.host("c1")
    assert dock.run("ip netns exec c1 stat -Lc %i /proc/self/ns/net", check=True).output == namespace(lab["c1"])


def test_a_removed_node_is_not_kept_by_its_name(lab):
    dock = lab["dock"]
    near = lab["c0"].host_interface
    lab.remove(lab["c0"])
    assert near not in dock.run("ip -br link", check=True).output
    assert dock.run("grep -c /run/netns/c0 /proc/self/mountinfo").output.strip() == "0"


def test_a_name_that_a_learner_has_given_is_refused_and_nothing_of_the_node_stays(lab):
    lab["dock"].run("ip netns add mine", check=True)
    with pytest.raises(CnetkitError, match="'ip netns delete mine'"):
        lab.host("mine")
    lab["dock"].run("ip netns delete mine", check=True)
    assert lab.host("mine").run("hostname").output == "mine\n"


def test_the_machine_itself_gets_no_names(lab):
    with open("/proc/self/mountinfo", encoding="ascii") as file:
        assert "/run/netns/c0" not in file.read()
