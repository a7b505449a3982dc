"""Wires: which addresses their ends get."""

from __future__ import annotations

import pytest

from cnetkit.lab.networks.wire import connect
from cnetkit.model import CnetkitError
from tests.lab.fake import host, site


@pytest.fixture
def pair():
    here = site(ipv6=True)
    return host(here, "a"), host(here, "b")


def test_without_a_wish_the_second_node_gets_the_first_address(pair):
    connect(*pair, ["10.1.0.0/24", "fd00::/64"])
    assert [node.interfaces["eth0"] for node in pair] == [("10.1.0.2/24", "fd00::2/64"), ("10.1.0.1/24", "fd00::1/64")]


def test_each_end_can_have_an_address_of_ones_choice(pair):
    connect(*pair, ["10.1.0.0/24"], ("10.1.0.7", "10.1.0.8/24"))
    assert [node.address for node in pair] == ["10.1.0.7", "10.1.0.8"]


def test_one_address_for_each_network_or_for_some_of_them(pair):
    connect(*pair, ["10.1.0.0/24", "fd00::/64"], (["fd00::7", "10.1.0.7"], "10.1.0.1"))
    assert [node.interfaces["eth0"] for node in pair] == [("10.1.0.7/24", "fd00::7/64"), ("10.1.0.1/24", "fd00::1/64")]


@pytest.mark.parametrize(
    ("networks", "wanted", "words"),
    [
        (["10.1.0.7/24"], (), "write the network as '10.1.0.0/24'"),
        (["10.1.0.0/24"], ("10.2.0.7", "10.1.0.8"), "10.2.0.7 is not in 10.1.0.0/24"),
        (["10.1.0.0/24"], ("10.1.0.7",), "one address for each end"),
        (["10.1.0.0/24"], ("10.1.0.7", "10.1.0.7"), "already used"),
        (["10.1.0.0/24"], ("10.1.0.0", "10.1.0.7"), "names the network"),
        (["10.1.0.0/24"], (["10.1.0.3", "10.1.0.4"], "10.1.0.7"), "give one address of 10.1.0.0/24"),
        (["10.1.0.0/24"], "ab", "one address for each end"),
        (["10.1.0.0/24"], None, "one address for each end"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_built(pair, networks, wanted, words):
    with pytest.raises(CnetkitError, match=words):
        connect(*pair, networks, wanted)
    assert not pair[0].site.sandbox.built


def test_a_machine_has_an_address_once_over_all_its_wires(pair):
    connect(*pair, ["10.1.0.0/24"])
    with pytest.raises(CnetkitError, match="a already has the address"):
        connect(*pair, ["10.1.0.0/24"])
    connect(*pair, ["10.1.0.0/24"], ("10.1.0.7", "10.1.0.8"))
