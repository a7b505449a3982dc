"""Real engines for tests: fetched once into the user's cache, as any user would, and started in labs."""

from __future__ import annotations

import subprocess
import sys

from cnetkit import programs
from cnetkit.lab import Lab
from cnetkit.model import CnetkitError
from cnetkit.systems.docker.engine import Docker

VERSIONS = ("28.5", "26.1", "20.10")


def fetched(name: str) -> str:
    """The name of a set of programs, which is fetched if it is not here."""
    try:
        programs.root(name)
    except CnetkitError:
        subprocess.run([sys.executable, "-m", "cnetkit", "get", name], check=True, timeout=600)
    return name


def engine(lab: Lab, version: str = "28.5", options: str = "") -> Docker:
    """A Docker engine on a host `dock` that is wired to a host `outside`, at 203.0.113.1 and .2."""
    dock, outside = lab.host("dock", programs=fetched(f"docker-{version}")), lab.host("outside")
    lab.connect(outside, dock, "203.0.113.0/24", *(["2001:db8::/64"] if lab.ipv6 else []))
    return dock.docker(version, options=options)


def fetch(needs: tuple[str, ...]) -> None:
    """Fetches what a lab or lesson needs of programs."""
    for name in needs:
        if name in programs.names():
            fetched(name)
