"""flannel's rules for IPv6 are those for IPv4 with other networks: the list in its iptables.go differs in nothing else."""

from __future__ import annotations

from cnetkit.systems.flannel.rules import rules


def test_the_rules_of_both_families_differ_in_their_networks_only():
    ipv4, ipv6 = rules(4, "CLUSTER", "PODS"), rules(6, "CLUSTER", "PODS")
    assert ipv4.replace("224.0.0.0/4", "ff00::/8") == ipv6


def test_traffic_between_pods_returns_before_anything_is_masqueraded():
    nat = rules(4, "10.244.0.0/16", "10.244.1.0/24").partition("COMMIT")[0].splitlines()
    targets = [line.partition(" -j ")[2].split()[0] for line in nat if line.startswith("-A FLANNEL-POSTRTG")]
    assert targets == ["RETURN"] * 4 + ["MASQUERADE"] * 2
