"""The table of program sets that `cnetkit get` offers: which packages of which Debian suite, and what they are for. It fetches
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnetkit.model import CnetkitError

BASE = (
    "bash coreutils findutils grep iproute2 iputils-ping libc-bin mawk mount netbase procps sed systemd-standalone-sysusers "
    "util-linux"
)
"""Packages in every set, because a set becomes a node's whole root. The last but one spares sets all of systemd."""

FOLDERS = ("usr/bin", "usr/sbin", "usr/lib/cni", "usr/lib/frr", "usr/lib/podman")
"""Where a set's programs are, inside its root."""


@dataclass(frozen=True, slots=True)
class ProgramSet:
    """Packages of one Debian suite that are fetched together. The first package gives the version."""

    family: str
    version: str
    """How the version of the first package begins; empty if it does not matter."""
    suite: str
    packages: str
    """Besides BASE, separated by spaces."""
    programs: str
    """Programs that must be there afterwards, separated by spaces."""
    purpose: str
    download: int
    """Megabytes to fetch, about; known exactly when the suite's package list has been read."""
    room: int
    """Megabytes when unpacked, about."""

    @property
    def name(self) -> str:
        """FAMILY-VERSION, or FAMILY if there is only one version."""
        return f"{self.family}-{self.version}" if self.version else self.family


_HOST = "curl iptables nftables python3"
_DOCKER = "dockerd docker containerd runc iptables nft python3 curl"
_PODMAN, _SWITCH = "podman conmon crun netavark", "ovs-vsctl ovs-vswitchd ovsdb-server"
_ENGINE, _STORE = "Docker's engine and command line", "etcd, a key-value store"
_CNI = "containernetworking-plugins golang-github-containernetworking-plugin-dnsname"
_WIREGUARD = "WireGuard, without the kernel's"

SETS = (
    ProgramSet("docker", "28.5", "forky", f"docker.io docker-cli docker-compose {_HOST}", _DOCKER, _ENGINE, 114, 428),
    ProgramSet("docker", "26.1", "trixie", f"docker.io docker-cli {_HOST}", _DOCKER, _ENGINE, 107, 365),
    ProgramSet("docker", "20.10", "bookworm", f"docker.io {_HOST}", _DOCKER, _ENGINE, 112, 421),
    ProgramSet("etcd", "3.5", "trixie", "etcd-server etcd-client", "etcd etcdctl", _STORE, 43, 127),
    ProgramSet("etcd", "3.4", "bookworm", "etcd-server etcd-client", "etcd etcdctl", _STORE, 48, 162),
    ProgramSet("podman", "5", "trixie", f"podman netavark aardvark-dns catatonit {_HOST}", _PODMAN, "Podman", 77, 226),
    ProgramSet(
        "podman",
        "4.3",
        "bookworm",
        f"podman netavark aardvark-dns catatonit {_CNI} {_HOST}",
        f"{_PODMAN} portmap",
        "Podman, over CNI too",
        79,
        266,
    ),
    ProgramSet("cni", "1.9", "forky", "containernetworking-plugins", "host-local portmap", "CNI plugins", 34, 129),
    ProgramSet("bird", "2", "trixie", "bird2", "bird birdc", "BIRD, a routing daemon", 29, 76),
    ProgramSet("frr", "10", "trixie", "frr", "vtysh zebra bgpd", "FRR, routing daemons", 35, 110),
    ProgramSet("haproxy", "3", "trixie", "haproxy", "haproxy", "HAProxy, a load balancer", 30, 73),
    ProgramSet("nginx", "1", "trixie", "nginx-light", "nginx", "nginx, a web server and proxy", 25, 62),
    ProgramSet("openvswitch", "3", "trixie", "openvswitch-switch", _SWITCH, "Open vSwitch", 32, 89),
    ProgramSet("wireguard-go", "", "trixie", "wireguard-go wireguard-tools", "wireguard-go wg", _WIREGUARD, 25, 63),
)
"""All sets, the newest of each family first. A set stands here only after it has been fetched and its programs have run."""


def find(name: str) -> ProgramSet:
    """The set of this name, or the newest of this family. CnetkitError if there is none."""
    for entry in SETS:
        if name in (entry.name, entry.family):
            return entry
    raise CnetkitError(f"there are no programs {name!r}: `cnetkit get --list` shows what can be had")


def names() -> list[str]:
    """What can be asked for: each family and each set, in the order of the table."""
    return list(dict.fromkeys(name for entry in SETS for name in (entry.family, entry.name)))
