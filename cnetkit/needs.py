"""Needs: what a system, a lab or a lesson needs of the kernel, of programs and of Python packages, and how to get it.

A need is data. Whether it is met, `cnetkit.equipment` and the kernel's probe find out; `cnetkit.doctor` reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["kernel", "program", "library", "package"]


@dataclass(frozen=True, slots=True)
class Need:
    """`name` as labs write it in NEEDS."""

    name: str
    kind: Kind
    fix: Mapping[str, str]
    """What to do where it is missing, by the container engine that this process runs under; `""`: everywhere else."""
    package: str = ""
    """Debian's package that has it."""
    program: str = ""
    """The program through which the kernel is asked for it: without that program it is missing too."""
    core: bool = False
    """No lab runs without it."""

    def fix_under(self, container: str) -> str:
        """What to do where it is missing, under a container engine, or under none (empty)."""
        return self.fix.get(container, self.fix[""])


def feature(
    name: str, *, module: str = "", fix: str | Mapping[str, str] = "", program: str = "", core: bool = False
) -> Need:
    """Something that the kernel has or lacks, tried by `cnetkit.kernel.probe`. `module`: its kernel module, if that has
    another name."""
    load = f"run `sudo modprobe {module or name}` (if that fails, this kernel is built without it)"
    return Need(name, "kernel", {"": fix or load} if isinstance(fix, str) else fix, program=program, core=core)


def program(name: str, package: str, *, core: bool = False) -> Need:
    """A program of one of Debian's packages."""
    return Need(name, "program", {"": f"run `sudo apt-get install {package}`"}, package, core=core)


def library(name: str, package: str, *, core: bool = False) -> Need:
    """A shared library, by its file name without version, of one of Debian's packages."""
    return Need(name, "library", {"": f"run `sudo apt-get install {package}`"}, package, core=core)


IPTABLES = program("iptables-nft-restore", "iptables", core=True)
NAT = feature("iptables-nat", module="xt_MASQUERADE", program=IPTABLES.name)
VERDICTS = feature("nft-trace", module="nf_tables", program="nft")
CONNTRACK = feature("conntrack", module="nf_conntrack_netlink")
BRIDGE_NETFILTER = feature("br_netfilter")
VETH, BRIDGE = feature("veth", core=True), feature("bridge", core=True)
VXLAN, MACVLAN = feature("vxlan"), feature("macvlan")
