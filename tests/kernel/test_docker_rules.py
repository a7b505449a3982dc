"""A lab's rules are those that a real Docker engine laid for the same commands (tests/data/docker)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnetkit.lab import Lab

ENGINE = Path(__file__).parents[1] / "data" / "docker"


def _tables(text: str) -> dict[str, list[str]]:
    """Policies and rules by table, in order; without counters and comments."""
    tables: dict[str, list[str]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line
        elif line.startswith((":", "-")):
            tables.setdefault(table, []).append(line.partition(" [")[0])
    return {name: sorted(lines[:k]) + lines[k:] for name, lines in tables.items() for k in [_chains(lines)]}


def _chains(lines: list[str]) -> int:
    return sum(line.startswith(":") for line in lines)


def _laid(lab: Lab) -> dict[str, list[str]]:
    return _tables(lab["dock"].run("iptables-nft-save", check=True).output)


def test_one_bridge_and_one_published_port(lab):
    net = lab.host("dock").bridge("docker0", "172.17.0.1/16", docker="20.10", proxy=False)
    web, _ = net.container("web"), net.container("client")
    lab["dock"].publish(8080, to=web, port=80)
    assert _laid(lab) == _tables((ENGINE / "one-bridge.rules").read_text(encoding="utf-8"))


def test_a_second_bridge_with_a_udp_port(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16", docker="20.10", proxy=False)
    web, _ = net.container("web"), net.container("client")
    host.publish(8080, to=web, port=80)
    host.publish(5353, to=host.bridge("br-two", "10.5.0.1/24").container("udp"), port=53, protocol="udp")
    assert _laid(lab) == _tables((ENGINE / "two-bridges.rules").read_text(encoding="utf-8"))


# --- Each version, with its proxy and without, in both families ----------------------------------------------------------


def _listings(text: str) -> dict[str, list[str]]:
    """The lines of each `iptables -S` in a file of the engine, by the command's name and options."""
    found: dict[str, list[str]] = {}
    command = ""
    for line in text.splitlines():
        if line.startswith("## "):
            command = line[3:]
        elif line.startswith("-"):
            found.setdefault(command, []).append(line)
    return found


def _two_networks(lab: Lab, second: str, **options: object) -> dict[str, list[str]]:
    """What a lab lays for the commands of the files: web, cli on docker0, web6 on another network; and its listings."""
    host = lab.host("dock")
    old, ipv6 = options["docker"] != "28.5", lab.ipv6
    net = host.bridge("docker0", "172.17.0.1/16", *(["fd00:d0c::1/64"] if ipv6 else []), **options)
    inside = "fd00:d0c::242:ac11:2" if old else "fd00:d0c::2"
    host.publish(8080, to=net.container("web", ("172.17.0.2", inside) if ipv6 else "172.17.0.2"), port=80)
    two = host.bridge(second, "172.20.0.1/16", *(["fd00:5::1/64"] if ipv6 else []))
    host.publish(8081, to=two.container("web6"), port=80)
    net.container("cli")
    tables = [f"{program} {table}-S" for program in ("iptables", "ip6tables") for table in ("", "-t nat ", "-t raw ")]
    return {table: host.run(table, check=True).output.splitlines() for table in tables}


def _recorded(name: str) -> tuple[dict[str, list[str]], str]:
    listings = _listings((ENGINE / f"{name}.txt").read_text(encoding="utf-8"))
    bridges = {word for line in listings["iptables -t nat -S"] for word in line.split() if word.startswith("br-")}
    return listings, bridges.pop()


def _without_policy(listings: dict[str, list[str]]) -> dict[str, list[str]]:
    """The recorded hosts forwarded before Docker came, so that Docker left IPv4's policy as it was."""
    return {name: [line for line in lines if not line.startswith("-P FORWARD")] for name, lines in listings.items()}


@pytest.mark.parametrize("docker", ["20.10", "26.1", "28.5"])
@pytest.mark.parametrize("proxy", [True, False])
def test_each_version_lays_its_rules_in_both_families_with_its_proxy_and_without(docker, proxy):
    engine, second = _recorded(f"{docker}-{'proxy' if proxy else 'noproxy'}-ipv6")
    with Lab("test", ipv6=True) as lab:
        laid = _two_networks(lab, second, docker=docker, proxy=proxy)
    assert _without_policy(laid) == _without_policy(engine)


@pytest.mark.parametrize("docker", ["20.10", "26.1", "28.5"])
def test_the_policy_of_forward_is_drop_on_a_host_that_did_not_forward_before(lab, docker):
    engine, second = _recorded(f"{docker}-proxy-forward0")
    laid = _two_networks(lab, second, docker=docker, proxy=True)
    for table in ("iptables -S", "iptables -t nat -S", "iptables -t raw -S"):
        assert laid[table] == engine[table]


def test_a_container_that_leaves_takes_its_rule_against_direct_routing_with_it(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16", docker="28.5")
    web, _ = net.containers("c{}", 2)
    net.detach(web)
    rules = host.run("iptables -t raw -S PREROUTING", check=True).output.splitlines()
    assert rules == ["-P PREROUTING ACCEPT", "-A PREROUTING -d 172.17.0.3/32 ! -i docker0 -j DROP"]
