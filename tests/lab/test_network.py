"""Attaching nodes to networks: which addresses, interfaces and default routes they get, and what they give back."""

from __future__ import annotations

import pytest

from cnetkit import operations as op
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.model import CnetkitError
from tests.lab.fake import host, site


@pytest.fixture
def dock():
    return host(site())


def kinds(operations):
    return [type(operation).__name__ for operation in operations]


def test_a_batch_of_containers_is_one_request_in_a_fixed_order(dock):
    """Recorded sessions match requests byte by byte, so this order must stay."""
    Bridge(dock, "docker0", ["172.17.0.1/16"]).containers("c{}", 2)
    (operations,) = dock.site.sandbox.built
    assert kinds(operations) == ["AddNode"] * 2 + ["AddVeth"] * 2 + ["AddAddress"] * 2 + ["AddRoute"] * 2
    assert [operation.address for operation in operations if isinstance(operation, op.AddAddress)] == [
        "172.17.0.2/16",
        "172.17.0.3/16",
    ]


def test_a_container_can_be_on_no_network_one_or_several(dock):
    web = dock.container("web")
    assert not web.attachments
    with pytest.raises(CnetkitError, match="attached to no network"):
        web.host_interface  # noqa: B018
    front, back = Bridge(dock, "front", ["10.1.0.1/24"]), Bridge(dock, "back", ["10.2.0.1/24"])
    front.attach(web)
    second = back.attach(web, address="10.2.0.9", interface="inside")
    assert web.interfaces == {"eth0": ("10.1.0.2/24",), "inside": ("10.2.0.9/24",)}
    assert web.network is front
    assert second.mac == "02:42:0a:02:00:09"
    assert web.address == "10.1.0.2"


def test_only_the_first_network_gives_a_default_route(dock):
    web = Bridge(dock, "front", ["10.1.0.1/24"]).container("web")
    Bridge(dock, "back", ["10.2.0.1/24"]).attach(web)
    assert "AddRoute" in kinds(dock.site.sandbox.built[0])
    assert "AddRoute" not in kinds(dock.site.sandbox.built[1])


def test_a_node_cannot_be_attached_twice_or_by_an_interface_that_it_has(dock):
    front, back = Bridge(dock, "front", ["10.1.0.1/24"]), Bridge(dock, "back", ["10.2.0.1/24"])
    web = front.container("web")
    with pytest.raises(CnetkitError, match="web is already attached to front, by eth0"):
        front.attach(web)
    with pytest.raises(CnetkitError, match="already has an interface 'eth0'"):
        back.attach(web, interface="eth0")
    assert len(dock.site.sandbox.built) == 1


def test_an_address_that_could_not_be_built_is_free_again(dock):
    front = Bridge(dock, "front", ["10.1.0.1/24"])
    dock.site.sandbox.refuses = True
    with pytest.raises(CnetkitError, match="the kernel refused"):
        front.container("web")
    dock.site.sandbox.refuses = False
    assert front.container("web").address == "10.1.0.2"
    assert list(dock.site.members) == ["dock", "web"]


def test_a_container_that_is_removed_leaves_all_its_networks(dock):
    front, back = Bridge(dock, "front", ["10.1.0.1/24"]), Bridge(dock, "back", ["10.2.0.1/24"])
    web = front.container("web")
    back.attach(web)
    web.remove()
    assert not front.members
    assert not back.members
    assert back.container("again").address == "10.2.0.2"


def test_a_detached_container_gives_its_address_back_and_its_default_route_leads_to_the_next_network(dock):
    front, back = Bridge(dock, "front", ["10.1.0.1/24"]), Bridge(dock, "back", ["10.2.0.1/24"])
    web = front.container("web")
    back.attach(web)
    front.detach(web)
    assert dock.site.sandbox.built[-1] == [
        op.RemoveInterface("web", "eth0"),
        op.AddRoute("web", "0.0.0.0/0", "10.2.0.1"),
    ]
    assert web.interfaces == {"eth1": ("10.2.0.2/24",)}
    assert front.container("other").address == "10.1.0.2"
    back.detach(web)
    assert not web.attachments
    with pytest.raises(CnetkitError, match="web is not attached to back"):
        back.detach(web)


def test_detaching_from_a_network_that_did_not_lead_out_leaves_the_routes_alone(dock):
    front, back = Bridge(dock, "front", ["10.1.0.1/24"]), Bridge(dock, "back", ["10.2.0.1/24"])
    web = front.container("web")
    back.attach(web)
    back.detach(web)
    assert dock.site.sandbox.built[-1] == [op.RemoveInterface("web", "eth1")]


def test_what_is_no_node_is_refused_in_one_sentence(dock):
    net = Bridge(dock, "docker0", ["172.17.0.1/16"])
    for attempt in (net.attach, net.detach, dock.site.remove):
        with pytest.raises(CnetkitError, match="'web' is not a node: give what"):
            attempt("web")


@pytest.mark.parametrize(("pattern", "count"), [("c{", 2), ("c{name}", 2), ("c{}", "2"), (None, 2)])
def test_a_pattern_that_gives_no_names_is_refused(dock, pattern, count):
    with pytest.raises(CnetkitError, match="gives no names"):
        Bridge(dock, "docker0", ["172.17.0.1/16"]).containers(pattern, count)


def test_a_network_has_at_most_one_pool_of_each_family(dock):
    with pytest.raises(CnetkitError, match="are of one family"):
        Bridge(dock, "br0", ["10.1.0.1/24", "10.2.0.1/24"])


def test_a_bridge_joins_its_hosts_containers_and_other_machines_only(dock):
    net, other = Bridge(dock, "docker0", ["172.17.0.1/16"]), host(dock.site, "other")
    foreign = other.container("foreign")
    with pytest.raises(CnetkitError, match="dock has docker0 itself"):
        net.attach(dock)
    with pytest.raises(CnetkitError, match="foreign stands in other, and docker0 in dock"):
        net.attach(foreign)
    assert net.attach(other).addresses == ("172.17.0.2/16",)


def test_a_node_has_an_address_once(dock):
    first, second = Bridge(dock, "br0", ["10.1.0.1/24"]), Bridge(dock, "br1", ["10.1.0.2/24"])
    web = first.container("web", "10.1.0.9")
    with pytest.raises(CnetkitError, match="web already has the address"):
        second.attach(web, "10.1.0.9")
    assert second.attach(web, "10.1.0.8").addresses == ("10.1.0.8/24",)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "a%d", ".", "..", "lo", "all", "default", "x" * 16, None])
def test_a_name_that_the_kernel_does_not_take_is_refused_for_an_interface(dock, name):
    with pytest.raises(CnetkitError, match="cannot be the name of an interface"):
        dock.check_interface(name)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"destination": "default"}, "leads nowhere"),
        ({"destination": "default", "via": "web"}, "'web' is not an IP address"),
        ({"destination": "fd00::/64", "via": "10.1.0.1"}, "both are IPv4, or both IPv6"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(dock, route, words):
    with pytest.raises(CnetkitError, match=words):
        dock.route(**route)


def test_both_addresses_of_a_dual_stack_network_can_be_chosen():
    net = Bridge(host(site(ipv6=True)), "br0", ["10.1.0.1/24", "fd00::1/64"])
    assert net.container("web", ("fd00::7", "10.1.0.7")).interfaces["eth0"] == ("10.1.0.7/24", "fd00::7/64")
    for chosen, words in (
        (("10.1.0.8", "10.1.0.9"), "of one family"),
        ("fd00::7", "already used"),
        ("x", "not an IP address"),
        (5, "5 is not an address"),
    ):
        with pytest.raises(CnetkitError, match=words):
            net.container("late", chosen)


def test_an_address_of_a_family_that_the_network_does_not_have_is_refused(dock):
    with pytest.raises(CnetkitError, match="is not in"):
        Bridge(dock, "br0", ["10.1.0.1/24"]).container("web", "fd00::7")
