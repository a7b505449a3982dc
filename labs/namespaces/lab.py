"""Namespaces: what a process sees changes, one kind at a time.

Two machines on a wire. A process on the first one leaves one namespace after the other, from mount to network, and each time
requests a page from the second one, named after the kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnetkit import Lab

QUESTION = (
    "A process leaves its namespaces, one kind at a time. After which of them can it no longer reach its neighbour?"
)
ANSWER = "Only after leaving the network namespace: the others hide files, names and processes, but no interface and no route."
NEEDS = ("mount-proc", "mount-tmpfs", "curl")
KINDS = ("mount", "uts", "ipc", "pid", "user", "cgroup", "time", "net")


def network(lab: Lab) -> None:
    """Builds two machines. The second one serves pages."""
    left, right = lab.host("left"), lab.host("right")
    lab.connect(left, right, "10.0.0.0/24")
    right.http_server(80)


def traffic(lab: Lab) -> None:
    """Sends a request from a new namespace of each kind, with unshare(1)."""
    for kind in KINDS:
        fork = "--fork " if kind == "pid" else ""
        lab["left"].run(f"unshare --{kind} {fork}curl -s -m 2 http://10.0.0.1/{kind}")
