"""Addresses and names follow from the lab alone, and no address is given out twice."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from cnetkit.lab.addresses import Pool, docker_mac, interface, mac, network, veth_name
from cnetkit.model import CnetkitError


@given(st.lists(st.booleans(), max_size=60))
def test_no_address_is_held_twice_whatever_is_taken_and_given_back(steps):
    pool, held = Pool("10.0.0.0/28", "10.0.0.1"), []
    for take in steps:
        if take and len(held) < 13:
            held.append(pool.take())
        elif held:
            pool.give_back(held.pop(0))
    assert len(set(held)) == len(held)
    assert not {"10.0.0.0/28", "10.0.0.1/28", "10.0.0.15/28"} & set(held)


def test_the_lowest_free_address_comes_first():
    pool = Pool("172.17.0.1/16", "172.17.0.1")
    first = [pool.take() for _ in range(3)]
    pool.give_back(first[1])
    assert [*first, pool.take()] == ["172.17.0.2/16", "172.17.0.3/16", "172.17.0.4/16", "172.17.0.3/16"]


def test_an_ipv6_network_gives_addresses_too():
    assert Pool("fd00::1/64", "fd00::1").take() == "fd00::2/64"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("10.0.0.1", "already used"),
        ("10.9.9.9", "is not in"),
        ("ten", "is not an IP address"),
        ("10.0.0.7/16", "write '10.0.0.7/24'"),
        ("10.0.0.0", "names the network"),
        ("10.0.0.255", "broadcast address"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(wanted, reason):
    with pytest.raises(CnetkitError, match=reason):
        Pool("10.0.0.0/24", "10.0.0.1").take(wanted)


def test_an_address_may_be_asked_for_with_the_networks_prefix_length():
    assert Pool("10.0.0.0/24").take("10.0.0.7/24") == "10.0.0.7/24"


def test_a_network_with_host_bits_is_refused_with_the_right_spelling():
    assert str(network("10.1.0.0/24")) == "10.1.0.0/24"
    for text, right in (("10.1.0.7/24", "10.1.0.0/24"), ("fd00::1/64", "fd00::/64")):
        with pytest.raises(CnetkitError, match=f"write the network as '{right}'"):
            network(text)


@pytest.mark.parametrize("text", ["", "10.0.0.1", "10.0.0.256/24", "10.0.0.0/33", "web"])
def test_what_is_no_address_with_a_prefix_length_is_refused(text):
    with pytest.raises(CnetkitError):
        interface(text)


def test_a_point_to_point_network_has_two_addresses():
    for prefix, both in (
        ("10.0.0.0/31", ["10.0.0.0/31", "10.0.0.1/31"]),
        ("fd00::/127", ["fd00::/127", "fd00::1/127"]),
    ):
        pool = Pool(prefix)
        assert [pool.take(), pool.take()] == both


@pytest.mark.parametrize(("prefix", "given"), [("10.0.0.0/30", ["10.0.0.1/30", "10.0.0.2/30"]),
                                               ("fd00::/126", ["fd00::1/126", "fd00::2/126", "fd00::3/126"])])  # fmt: skip
def test_the_last_address_is_given_unless_it_is_ipv4s_broadcast_address(prefix, given):
    pool = Pool(prefix)
    assert [pool.take() for _ in given] == given
    with pytest.raises(CnetkitError, match="no free address left"):
        pool.take()


@pytest.mark.parametrize("text", ["0.0.0.0/0", "127.0.0.0/8", "224.0.0.0/24", "ff02::/64", "::1/128"])
def test_a_reserved_network_is_refused(text):
    with pytest.raises(CnetkitError, match="reserved"):
        network(text)


def test_macs_and_names_follow_from_the_place_and_fit_the_kernels_limits():
    assert docker_mac("172.17.0.2/16") == "02:42:ac:11:00:02"
    assert mac("web", "eth0") == mac("web", "eth0") != mac("web", "eth1")
    assert mac("a", "b").startswith("02:")
    assert len(veth_name("a" * 63, "eth0")) == 11
