"""The subnets, tunnels and routes of one address family."""

from __future__ import annotations

import pytest

from cnetkit import operations as op
from cnetkit.model import CnetkitError
from cnetkit.systems.flannel.family import Family
from tests.lab.fake import host, site


@pytest.fixture
def hosts():
    here = site(ipv6=True)
    return [host(here, "n1"), host(here, "n2")]


@pytest.mark.parametrize(
    ("cidr", "gateways", "tunnel", "address"),
    [
        ("10.244.0.0/16", ["10.244.0.1/24", "10.244.1.1/24"], "flannel.1", "10.244.1.0/32"),
        ("fd00:10:244::/48", ["fd00:10:244::1/64", "fd00:10:244:1::1/64"], "flannel-v6.1", "fd00:10:244:1::/128"),
    ],
)
def test_each_host_gets_a_subnet_and_its_tunnel_the_subnets_own_address(hosts, cidr, gateways, tunnel, address):
    family = Family(cidr, hosts)
    assert [family.gateway(node.name) for node in hosts] == gateways
    assert (family.tunnel, family.tunnel_address("n2")) == (tunnel, address)


def test_a_gateway_is_an_address_of_the_same_family_on_a_shared_network(hosts):
    hosts[0].interfaces["eth0"] = ("192.0.2.1/24", "2001:db8::1/64")
    hosts[1].interfaces["eth0"] = ("192.0.2.2/24", "2001:db8::2/64")
    family = Family("fd00:10:244::/48", hosts)
    assert family.by_gateway(*hosts) == [op.AddRoute("n1", "fd00:10:244:1::/64", "2001:db8::2")]
    hosts[1].interfaces["eth0"] = ("192.0.2.2/24",)
    with pytest.raises(CnetkitError, match="n1 and n2 are not on one wire by IPv6"):
        family.by_gateway(*hosts)


@pytest.mark.parametrize("cidr", ["10.244.0.0/24", "10.244.0.0/25", "fd00::/64", "fd00::/80"])
def test_a_network_too_small_for_all_hosts_is_refused(hosts, cidr):
    with pytest.raises(CnetkitError, match="for each of 2 hosts: take a shorter prefix"):
        Family(cidr, hosts)
