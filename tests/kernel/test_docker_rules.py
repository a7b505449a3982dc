"""A lab's rules are those that a real Docker engine laid for the same commands (tests/data/docker)."""

from __future__ import annotations

from pathlib import Path

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
    net = lab.host("dock").bridge("docker0", "172.17.0.1/16")
    web, _ = net.container("web"), net.container("client")
    lab["dock"].publish(8080, to=web, port=80)
    assert _laid(lab) == _tables((ENGINE / "one-bridge.rules").read_text(encoding="utf-8"))


def test_a_second_bridge_with_a_udp_port(lab):
    host = lab.host("dock")
    net = host.bridge("docker0", "172.17.0.1/16")
    web, _ = net.container("web"), net.container("client")
    host.publish(8080, to=web, port=80)
    host.publish(5353, to=host.bridge("br-two", "10.5.0.1/24").container("udp"), port=53, protocol="udp")
    assert _laid(lab) == _tables((ENGINE / "two-bridges.rules").read_text(encoding="utf-8"))
