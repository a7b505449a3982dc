"""A LAN joins any machines, by real frames through its switch."""

from __future__ import annotations

import pytest

from cnetkit import Lab
from cnetkit.model import CnetkitError


def test_hosts_and_containers_on_a_lan_reach_each_other_through_its_switch(lab):
    office = lab.lan("office", "10.50.0.0/24")
    a, b = lab.host("a"), lab.host("b")
    web = a.container("web")
    assert office.attach(a, "10.50.0.7/24").addresses == ("10.50.0.7/24",)
    assert office.attach(b).addresses == ("10.50.0.1/24",)
    office.attach(web, "10.50.0.9", interface="lan0")
    with lab.trace() as trace:
        b.run("ping -c 1 -W 2 10.50.0.7", check=True)
        web.run("ping -c 1 -W 2 10.50.0.1", check=True)
    echoes = [one for one in trace.journeys if one.packet.kind == "echo request"]
    assert [[hop.node for hop in one.hops] for one in echoes] == [
        ["b", "office", "office", "a"], ["web", "office", "office", "b"]]  # fmt: skip
    assert [one.outcome.where for one in echoes] == ["a/eth0", "b/eth0"]
    assert not trace.unexplained
    assert repr(office) == "<LAN office: 10.50.0.0/24, 3 machines>"


def test_a_machine_that_leaves_gives_its_port_and_address_back(lab):
    office = lab.lan("office", "10.50.0.0/30")
    a, b = lab.host("a"), lab.host("b")
    office.attach(a), office.attach(b)
    with pytest.raises(CnetkitError, match="no free address"):
        office.attach(lab.host("c"))
    office.detach(a)
    assert office.attach(lab["c"]).addresses == ("10.50.0.1/30",)
    lab.remove(b)
    assert office.attach(a).addresses == ("10.50.0.2/30",)
    assert lab["c"].run("ping -c 1 -W 2 10.50.0.2").ok


def test_two_lans_and_a_router_between_them(lab):
    left, right, router = lab.lan("left", "10.1.0.0/24"), lab.lan("right", "10.2.0.0/24"), lab.router("router")
    a, b = lab.host("a"), lab.host("b")
    left.attach(router, "10.1.0.1"), right.attach(router, "10.2.0.1")
    left.attach(a, "10.1.0.9"), right.attach(b, "10.2.0.9")
    a.route("default", via="10.1.0.1"), b.route("default", via="10.2.0.1")
    assert a.run("ping -c 1 -W 2 10.2.0.9").ok
    left.attach(b)
    assert b.run("ping -c 1 -W 2 10.1.0.9").ok


def test_a_lan_may_have_an_ipv6_network_too():
    with Lab("net", ipv6=True) as lab:
        office = lab.lan("office", "10.50.0.0/24", "fd50::/64")
        a, b = lab.host("a"), lab.host("b")
        office.attach(a), office.attach(b)
        assert a.run("ping -c 1 -W 2 fd50::2").ok


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        (("10.50.0.7/24",), "write the network as '10.50.0.0/24'"),
        ((), "needs a network"),
        (("fd50::/64",), r"ipv6=True"),
        (("office",), "is not an address with a prefix length"),
    ],
)
def test_what_cannot_be_a_lan_is_refused_and_leaves_nothing(lab, networks, message):
    with pytest.raises(CnetkitError, match=message):
        lab.lan("office", *networks)
    assert lab.nodes == {}
    lab.lan("office", "10.50.0.0/24")


def test_an_address_that_is_taken_or_from_elsewhere_is_refused(lab):
    office = lab.lan("office", "10.50.0.0/24")
    a, b = lab.host("a"), lab.host("b")
    office.attach(a, "10.50.0.7/24")
    with pytest.raises(CnetkitError, match=r"10\.50\.0\.7 is already used"):
        office.attach(b, "10.50.0.7")
    with pytest.raises(CnetkitError, match="not in"):
        office.attach(b, "10.60.0.7/24")
    with pytest.raises(CnetkitError, match="already attached"):
        office.attach(a)


def test_a_switch_that_is_removed_takes_the_interfaces_of_its_machines_along(lab):
    office = lab.lan("office", "10.50.0.0/24")
    desk, host = lab.host("desk"), lab.host("dock")
    office.attach(desk)
    office.node.remove()
    assert desk.run("ls /sys/class/net", check=True).output.split() == ["lo"]
    assert not desk.interfaces
    assert not desk.attachments
    lab.connect(desk, host, "192.0.2.0/24")
    desk.run("ping -c1 -W2 192.0.2.1", check=True)


def test_a_switch_is_not_plugged_into_itself_nor_used_once_it_is_gone(lab):
    office, a = lab.lan("office", "10.50.0.0/24"), lab.host("a")
    with pytest.raises(CnetkitError, match="office is the switch itself"):
        office.attach(office.node)
    with pytest.raises(CnetkitError, match="is not a node: give what"):
        lab.connect(a, office, "10.1.0.0/24")
    office.attach(a)
    office.node.remove()
    assert not a.interfaces
    with pytest.raises(CnetkitError, match="office is not a node of the lab"):
        office.attach(a)


@pytest.mark.parametrize("networks", [("10.1.0.0/24", "10.2.0.0/24"), ("127.0.0.0/24",), ("fd00::/64",), (5,)])
def test_a_lan_that_cannot_be_leaves_nothing(lab, networks):
    with pytest.raises(CnetkitError):
        lab.lan("office", *networks)
    assert not lab.nodes
    assert not lab.site.built
