"""Needs: requirements of a system, a lab or a lesson on the kernel, programs and Python packages, and how to meet
them.

A need is data. `cnetkit.equipment` and the kernel's probe find out whether it is met; `cnetkit.doctor` reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cnetkit import programs as fetched

Kind = Literal["kernel", "program", "programs", "library", "package"]


@dataclass(frozen=True, slots=True)
class Need:
    """`name` as labs write it in NEEDS."""

    name: str
    kind: Kind
    fix: Mapping[str, str]
    """What to do if it is missing, by the container engine that this process runs under; `""` for everywhere else."""
    package: str = ""
    """The Debian package that contains it."""
    program: str = ""
    """The program through which the kernel is asked for it: without that program it counts as missing."""
    core: bool = False
    """Whether every lab needs it."""

    def fix_under(self, container: str) -> str:
        """What to do if it is missing, under a container engine, or under none (empty)."""
        return self.fix.get(container, self.fix[""])


def feature(
    name: str, *, module: str = "", fix: str | Mapping[str, str] = "", program: str = "", core: bool = False
) -> Need:
    """A feature of the kernel, tried by `cnetkit.kernel.probe`. `module`: its kernel module, if that has another name."""
    load = f"run `sudo modprobe {module or name}` (if that fails, this kernel is built without it)"
    return Need(name, "kernel", {"": fix or load} if isinstance(fix, str) else fix, program=program, core=core)


def program(name: str, package: str, *, core: bool = False) -> Need:
    """A program of a Debian package."""
    return Need(name, "program", {"": f"run `sudo apt-get install {package}`"}, package, core=core)


def programs(name: str) -> Need:
    """Programs that `cnetkit get` fetches, by the name of a set or of a family such as docker. Those on PATH do too."""
    listed = fetched.find(name).programs.replace(" ", ", ")
    return Need(name, "programs", {"": f"run `cnetkit get {name}`, or put {listed} on PATH"})


def library(name: str, package: str, *, core: bool = False) -> Need:
    """A shared library of a Debian package, by its file name without version."""
    return Need(name, "library", {"": f"run `sudo apt-get install {package}`"}, package, core=core)


IPTABLES = program("iptables-nft-restore", "iptables", core=True)
NAT = feature("iptables-nat", module="xt_MASQUERADE", program=IPTABLES.name)
VERDICTS = feature("nft-trace", module="nf_tables", program="nft")
CONNTRACK = feature("conntrack", module="nf_conntrack_netlink")
BRIDGE_NETFILTER = feature("br_netfilter")
VETH, BRIDGE = feature("veth", core=True), feature("bridge", core=True)
VXLAN, MACVLAN = feature("vxlan"), feature("macvlan")
