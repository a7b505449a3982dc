"""A lab's script, run by bash in an empty namespace, builds the same network as the lab, compared with ip, bridge and nft."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from cnetkit import catalog
from cnetkit.lab import Lab

LOOK = r"""
for i in $(seq 50); do ip -6 address | grep -q tentative || break; sleep 0.1; done
ip -j -d address; echo
ip -j route show table all; echo
ip -j neighbour show nud permanent; echo
bridge -j fdb show; echo
sysctl -n net.ipv4.ip_forward
nft -s list ruleset 2>/dev/null
iptables-nft-save 2>/dev/null | grep ^-A
ip6tables-nft-save 2>/dev/null | grep ^-A
true
"""
PASSING = {"ifindex", "link_index", "link", "link_netnsid", "stats", "stats64", "operstate", "ifalias", "qdisc",
           "group", "txqlen", "state", "flags"}  # fmt: skip
"""Fields that depend on when an interface was made, not on how."""


def state(output: str):
    """The output of LOOK, without numbers that the kernel assigns by chance."""
    *tables, rest = output.split("\n\n", 4)
    links, routes, neighbours, entries = ([clean(row) for row in json.loads(table or "[]")] for table in tables)
    entries = [entry for entry in entries if entry.get("state") == "permanent"]
    return {
        "links": sorted(links, key=lambda link: link["ifname"]),
        "routes": sorted(map(json.dumps, routes)),
        "neighbours": sorted(map(json.dumps, neighbours)),
        "forwarding": sorted(json.dumps(entry, sort_keys=True) for entry in entries),
        "settings and rules": rest.split("\n"),
    }


def clean(value):
    if isinstance(value, dict):
        stable = {k: v for k, v in value.items() if k not in PASSING and "timer" not in k and "root" not in k}
        return {k: clean(v) for k, v in stable.items() if (k, v) != ("protocol", "kernel_ll")}
    return [clean(item) for item in value] if isinstance(value, list) else value


def by_hand(text: str, tmp_path) -> dict[str, str]:
    path = tmp_path / "network.sh"
    look = f"for node in $(ip netns list | cut -d' ' -f1); do ip netns exec $node sh -c '{LOOK}' > {tmp_path}/$node.state; done"
    path.write_text(f"{text}\n{look}\n")
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", str(path)]
    short = os.environ | {"PATH": "/usr/local/bin:/usr/bin:/bin"}  # as in an ordinary user's shell
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=short)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return {file.stem: file.read_text() for file in tmp_path.glob("*.state")}


ENGINES = ("addresses-and-names", "docker-ipvlan", "docker-networks", "docker-port-mapping", "key-value-store")
"""Labs whose networks a real engine makes: a script has no engine."""


@pytest.mark.parametrize("name", [name for name in catalog.names() if name not in ENGINES])
def test_a_labs_script_builds_the_same_network(name, tmp_path):
    with Lab(name) as lab:
        catalog.find(name).network(lab)
        for cluster in lab.clusters:
            cluster.use("nftables")
        made = by_hand(lab.script(), tmp_path)
        assert made.keys() == lab.nodes.keys()
        for node in lab.nodes.values():
            assert state(made[node.name]) == state(node.run(LOOK, check=True).output), node.name


def test_the_script_covers_controlled_overlays_addresses_and_removals(tmp_path):
    with Lab("mixed", ipv6=True) as lab:
        first, second = lab.host("one"), lab.host("two")
        lab.connect(first, second, "192.0.2.0/24", "2001:db8::/64")
        overlay = lab.overlay("ov", [first, second], "10.0.9.0/24", id=7, control=True)
        for name, host in (("a", first), ("b", second), ("c", second)):
            overlay.container(name, host)
        lab["c"].remove()
        net = first.bridge("docker0", "172.17.0.1/16", "fd00:17::1/64")
        first.publish(8080, to=net.container("web"), port=80)
        first.route("198.51.100.0/24", "192.0.2.1")
        back = first.bridge("back", "10.5.0.1/24", rules=False)
        back.attach(lab["web"])
        net.detach(lab["web"])
        made = by_hand(lab.script(), tmp_path)
        for node in lab.nodes.values():
            assert state(made[node.name]) == state(node.run(LOOK, check=True).output), node.name


@pytest.mark.parametrize("name", ["a", "address", "mtu", "up"])
def test_a_switchs_port_may_be_called_like_a_word_of_ip(name, tmp_path):
    """A LAN's ports have the names of what is plugged in, and ip(8) takes `a` for `address` unless `name` stands before it."""
    with Lab("words") as lab:
        office, node = lab.lan("office", "10.50.0.0/24"), lab.host(name)
        office.attach(node)
        office.attach(lab.host("other"))
        office.detach(lab["other"])
        made = by_hand(lab.script(), tmp_path)
        for each in lab.nodes.values():
            assert state(made[each.name]) == state(each.run(LOOK, check=True).output), each.name


def test_deleting_conntrack_entries_is_a_comment_in_the_script(tmp_path):
    with Lab("echo") as lab:
        host, second = lab.host("n1"), lab.host("n2")
        lab.connect(second, host, "192.0.2.0/24")
        pods = lab.pod_network([host])
        behind = [pods.pod(name, host) for name in ("a", "b")]
        echo = lab.cluster(pods).service("echo", *behind, port=7, protocol="udp")
        echo.remove(behind[0])
        assert f"\n# ip netns exec n1 conntrack -D -p udp --orig-dst {echo.address} --orig-port-dst 7\n" in lab.script()
        assert by_hand(lab.script(), tmp_path).keys() == lab.nodes.keys()


def test_each_step_has_a_comment_and_the_script_refuses_a_namespace_that_is_not_empty(dock):
    text = dock.lab.script()
    assert "# dock: the bridge docker0\nip -n dock link add name docker0 " in text
    assert "# web/eth0: the address 172.17.0.2/16\n" in text
    done = subprocess.run(
        ["unshare", "-Urnm", "bash", "-c", f"ip link add x type veth peer name y\n{text}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "namespace is not empty" in done.stderr
