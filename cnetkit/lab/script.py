"""What the library has built, as the commands that do the same by hand: ip(8), bridge(8), sysctl(8), iptables and nft.

Run by plain bash in an empty namespace, they build the same network; each node is then a named namespace of ip-netns(8).
It words commands and runs none. What programs in nodes have changed is not in it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from typing import Any

from cnetkit import protocol as p

_HEAD = """#!/bin/bash
# The network of the lab {name}, by hand. Run it in an empty namespace:
#   unshare --user --map-root-user --net --mount bash -c '. FILE; exec bash'
# and look around in it with `ip netns list` and `ip netns exec NODE ...`; all of it is gone when that shell ends.
set -e
if [ -n "$(ip -o link | grep -v ' lo:')" ]; then
    echo "This is no empty namespace: run it by unshare --user --map-root-user --net --mount bash FILE" >&2
    exit 1
fi
mount -t tmpfs tmpfs /run    # where ip keeps the names of namespaces; a private one, so that the host's stays as it is
"""


def script(name: str, operations: Iterable[p.Operation]) -> str:
    """The commands for all operations of the lab `name`, with a comment before each step."""
    return _HEAD.format(name=name) + "".join(
        f"\n# {_said(one)}\n" + "\n".join(_lines(one)) + "\n" for one in operations
    )


def _lines(operation: p.Operation) -> list[str]:
    return _COMMANDS[type(operation)][1](operation)


def _said(operation: p.Operation) -> str:
    said = _COMMANDS[type(operation)][0](operation)
    return " ".join(said.split())


def _words(*words: object) -> str:
    return shlex.join([str(word) for word in words if word not in ("", None)])


def _ip(node: str, *words: object) -> str:
    return _words("ip", "-n", node, *words)


def _inside(node: str, *words: object) -> str:
    return _words("ip", "netns", "exec", node, *words)


def _software(node: str, name: str) -> str:
    return _inside(node, "ethtool", "-K", name, "tx", "off") + " >/dev/null"


def _master(node: str, name: str, master: str) -> list[str]:
    return [_ip(node, "link", "set", name, "master", master)] if master else []


def _node(one: p.AddNode) -> list[str]:
    lines = [_words("ip", "netns", "add", one.name)]
    if not one.ipv6:
        setting = "net.ipv6.conf.default.disable_ipv6"
        lines.append(_inside(one.name, "sysctl", "-qw", f"{setting}=1") + " 2>/dev/null || true")
    return [*lines, _ip(one.name, "link", "set", "lo", "up")]


def _remove(one: p.RemoveNode) -> list[str]:
    return [] if "/" in one.name else [_words("ip", "netns", "delete", one.name)]


def _bridge(one: p.AddBridge) -> list[str]:
    make = _ip(one.node, "link", "add", one.name, "address", one.mac, "type", "bridge")
    return [make, _ip(one.node, "link", "set", one.name, "up"), _software(one.node, one.name)]


def _veth(one: p.AddVeth) -> list[str]:
    mtu = ("mtu", one.mtu) if one.mtu else ()
    ends = (
        _ip(one.node, "link", "add", one.name, "address", one.mac, *mtu, "type", "veth"),
        _words("peer", "name", one.peer_name, "address", one.peer_mac, *mtu, "netns", one.peer_node),
    )
    lines = [" ".join(ends), *_master(one.node, one.name, one.master)]
    if one.hairpin:
        lines.append(_words("bridge", "-n", one.node, "link", "set", "dev", one.name, "hairpin", "on"))
    if not one.offload:
        lines += [_software(one.node, one.name), _software(one.peer_node, one.peer_name)]
    ups = ((one.node, one.name), (one.peer_node, one.peer_name))
    return [*lines, *(_ip(node, "link", "set", name, "up") for node, name in ups)]


def _vxlan(one: p.AddVxlan) -> list[str]:
    mtu = ("mtu", one.mtu) if one.mtu else ()
    options = ["" if one.learning else "nolearning", "proxy" if one.proxy else ""]
    kind = ("type", "vxlan", "id", one.id, "local", one.local, "dev", one.underlay, "dstport", one.port, *options)
    make = _ip(one.node, "link", "add", one.name, "address", one.mac, *mtu, *kind)
    master = _master(one.node, one.name, one.master)
    return [make, *master, _ip(one.node, "link", "set", one.name, "up"), _software(one.node, one.name)]


def _address(one: p.AddAddress) -> list[str]:
    options = ("nodad",) if ":" in one.address else ("broadcast", "+") if _has_broadcast(one.address) else ()
    return [_ip(one.node, "address", "add", one.address, *options, "dev", one.interface)]


def _has_broadcast(cidr: str) -> bool:
    return int(cidr.rpartition("/")[2]) < 31


def _route(one: p.AddRoute) -> list[str]:
    via = ("via", one.via) if one.via else ()
    dev = ("dev", one.interface) if one.interface else ()
    return [_ip(one.node, "route", "add", one.destination, *via, *dev, "onlink" if one.onlink else "")]


def _forwarding(one: p.AddForwarding) -> list[str]:
    verb = "delete" if one.remove else "append"
    entry = (one.mac, "dev", one.interface, "dst", one.remote, "self", "permanent")
    return [_words("bridge", "-n", one.node, "fdb", verb, *entry)]


def _neighbour(one: p.AddNeighbour) -> list[str]:
    if one.remove:
        return [_ip(one.node, "neighbour", "delete", one.address, "dev", one.interface)]
    entry = (one.address, "lladdr", one.mac, "dev", one.interface, "nud", "permanent")
    return [_ip(one.node, "neighbour", "replace", *entry)]


def _sysctl(one: p.SetSysctl) -> list[str]:
    line = _inside(one.node, "sysctl", "-qw", f"{one.name}={one.value}")
    return [line + " 2>/dev/null || true" if one.optional else line]


def _fed(command: str, text: str) -> list[str]:
    """A command that reads `text`, as a here-document in which the shell changes nothing."""
    mark = next(f"END{'_' * number}" for number in range(99) if f"END{'_' * number}" not in text.splitlines())
    return [f"{command} <<'{mark}'", text.rstrip("\n"), mark]


def _rules(one: p.Rules) -> list[str]:
    program = "ip6tables-nft-restore" if one.ipv6 else "iptables-nft-restore"
    return _fed(_inside(one.node, program, "--noflush", "--wait"), one.text)


def _table(one: p.NftTable) -> list[str]:
    return _fed(_inside(one.node, "nft", "-f", "-"), one.text)


def _forgotten(one: p.ForgetConnections) -> list[str]:
    """A network that is built anew has no connections yet: the command is shown, not run."""
    address = ("--orig-dst", one.address) if one.address else ()
    return [f"# {_inside(one.node, 'conntrack', '-D', '-p', one.protocol, *address, '--orig-port-dst', one.port)}"]


_SETTINGS = {
    "net.ipv4.ip_forward": "it forwards packets between its interfaces",
    "net.ipv6.conf.all.forwarding": "it forwards IPv6 packets too",
    "net.bridge.bridge-nf-call-iptables": "what its bridges pass on goes through iptables too, where this kernel can do it",
    "route_localnet": "127.0.0.0/8 may be translated there",
}
"""What the settings that the library makes are for."""
_Wording = tuple[Callable[[Any], str], Callable[[Any], list[str]]]
_COMMANDS: dict[type, _Wording] = {
    p.AddNode: (lambda one: f"{one.name}: a network stack of its own ({one.kind})", _node),
    p.RemoveNode: (lambda one: f"{one.name} goes", _remove),
    p.AddBridge: (lambda one: f"{one.node}: the bridge {one.name}", _bridge),
    p.AddVeth: (
        lambda one: (
            f"{one.node}/{one.name} to {one.peer_node}/{one.peer_name}: a cable"
            + (f", plugged into {one.master}" if one.master else "")
        ),
        _veth,
    ),
    p.AddVxlan: (lambda one: f"{one.node}: the tunnel {one.name}, VXLAN {one.id} from {one.local}", _vxlan),
    p.AddAddress: (lambda one: f"{one.node}/{one.interface} is {one.address}", _address),
    p.AddRoute: (lambda one: f"{one.node}: the way to {one.destination}", _route),
    p.AddForwarding: (
        lambda one: f"{one.node}: {one.mac} is {'no longer ' if one.remove else ''}behind {one.remote}",
        _forwarding,
    ),
    p.AddNeighbour: (
        lambda one: f"{one.node}: {one.address} {'no longer has' if one.remove else 'has'} {one.mac}",
        _neighbour,
    ),
    p.SetSysctl: (
        lambda one: f"{one.node}: {_SETTINGS.get(one.name.rpartition('/')[2], 'a setting of its stack')}",
        _sysctl,
    ),
    p.Rules: (lambda one: f"{one.node}: netfilter rules, by iptables", _rules),
    p.NftTable: (lambda one: f"{one.node}: the netfilter table {one.family} {one.table}, by nft", _table),
    p.ForgetConnections: (
        lambda one: (
            f"{one.node}: {one.protocol} connections to port {one.port} are found out anew, but for those to "
            + ", ".join(one.keep)
        ),
        _forgotten,
    ),
}
"""Each kind of operation: what is said of it, and its commands."""
