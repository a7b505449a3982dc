"""`cnetkit ps` and `cnetkit shell`: the labs that are running now, on this machine, for this user."""

from __future__ import annotations

import argparse
import pwd
import time


def show_running(_: argparse.Namespace) -> None:
    """Prints one line for each running lab, under a heading; only the heading if there are none."""
    from cnetkit.sandbox import running

    print(f"{'LAB':<20} {'PID':>7} {'USER':<12} {'SINCE':<8} NODES")
    for lab in running():
        since = time.strftime("%H:%M:%S", time.localtime(lab.started_ns / 1e9))
        print(f"{lab.name:<20} {lab.pid:>7} {_name(lab.user):<12} {since:<8} {' '.join(lab.nodes)}")


def open_shell(arguments: argparse.Namespace) -> int:
    """Runs the command, or a shell, in a node; its exit status."""
    from cnetkit.sandbox import shell

    command = [word for index, word in enumerate(arguments.command) if index or word != "--"]
    return shell(arguments.lab, arguments.node, command)


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
