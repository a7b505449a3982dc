"""Docker on a host: which rules are laid when, and which ports are free."""

from __future__ import annotations

import pytest

from cnetkit import operations as op
from cnetkit.model import CnetkitError
from tests.lab.fake import host, site


@pytest.fixture
def dock():
    return host(site())


def texts(operations):
    return [operation.text for operation in operations if isinstance(operation, op.Rules)]


def test_only_the_first_bridge_lays_the_chains_that_all_share(dock):
    dock.bridge("docker0", "172.17.0.1/16")
    dock.bridge("br1", "172.18.0.1/16")
    first, second = (texts(operations)[0] for operations in dock.site.sandbox.built)
    assert ":DOCKER-USER" in first
    assert ":DOCKER-USER" not in second


def test_a_bridge_without_rules_counts_for_nothing(dock):
    web = dock.bridge("br0", "10.5.0.1/24", rules=False).container("web")
    assert not any(texts(operations) for operations in dock.site.sandbox.built)
    with pytest.raises(CnetkitError, match="on no bridge with Docker's rules"):
        dock.publish(80, to=web, port=80)
    dock.bridge("docker0", "172.17.0.1/16")
    assert ":DOCKER-USER" in texts(dock.site.sandbox.built[-1])[0]


def test_a_port_is_taken_until_its_container_is_removed(dock):
    net = dock.bridge("docker0", "172.17.0.1/16")
    web, second = net.containers("c{}", 2)
    dock.publish(8080, to=web, port=80)
    with pytest.raises(CnetkitError, match="taken by the container c0, whose port 80 is published there"):
        dock.publish(8080, to=second, port=80)
    assert dock.holder("tcp", 8080)
    web.remove()
    assert not dock.published
    dock.publish(8080, to=second, port=80)


def test_what_is_laid_for_a_port_is_removed_rule_by_rule(dock):
    web = dock.bridge("docker0", "172.17.0.1/16").container("web")
    published = dock.publish(8080, to=web, port=80)
    published.remove()
    laid, removed = (texts(operations)[0] for operations in dock.site.sandbox.built[-2:])
    assert removed == laid.replace("-A ", "-D ").replace("-I ", "-D ")


def test_a_version_whose_rules_are_not_known_is_refused_with_those_that_are(dock):
    for version in ("29", 28.5, ""):
        with pytest.raises(CnetkitError, match=r"choose from 20\.10, 26\.1 and 28\.5"):
            dock.bridge("docker0", "172.17.0.1/16", docker=version)


def test_a_later_bridge_has_the_rules_of_the_first(dock):
    dock.bridge("docker0", "172.17.0.1/16", docker="28.5", proxy=False)
    dock.bridge("br1", "172.18.0.1/16")
    first, second = (texts(operations)[0] for operations in dock.site.sandbox.built)
    assert "-A DOCKER-BRIDGE -o docker0 -j DOCKER" in first
    assert "-A DOCKER-BRIDGE -o br1 -j DOCKER" in second


def test_the_proxy_of_20_10_for_datagrams_is_refused_and_not_built_in_part(dock):
    web = dock.bridge("docker0", "172.17.0.1/16", docker="20.10", proxy=True).container("web")
    built = len(dock.site.sandbox.built)
    with pytest.raises(CnetkitError, match="proxy=False"):
        dock.publish(5353, to=web, port=53, protocol="udp")
    assert (len(dock.site.sandbox.built), dock.published) == (built, [])


def test_only_20_10_makes_mac_addresses_from_ip_addresses(dock):
    web = dock.bridge("docker0", "172.17.0.1/16", docker="28.5").container("web")
    assert not web.mac.startswith("02:42:ac:11")
    made = [step.mac for built in dock.site.sandbox.built for step in built if isinstance(step, op.AddBridge)]
    assert not made[0].startswith("02:42:ac:11")
