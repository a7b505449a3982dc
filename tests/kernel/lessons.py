"""Lessons for tests: a lab built as its lesson builds it, with its tasks, and traces of commands in it."""

from __future__ import annotations

from cnetkit import catalog
from cnetkit.course import LESSONS
from cnetkit.lab import Lab
from cnetkit.learn import Lesson
from tests.kernel.engines import fetch

BOOK = {one.lab: one.number for one in LESSONS if one.lab}


def opened(name: str) -> tuple[Lab, Lesson]:
    fetch(catalog.find(name).needs)
    lab = Lab(name)
    catalog.find(name).network(lab)
    return lab, Lesson(BOOK[name], catalog.tasks(name))


def traced(lab: Lab, node: str, *commands: str):
    with lab.trace() as trace:
        for command in commands:
            lab[node].run(command)
    return trace


def ping(lab: Lab, node: str, address: str):
    lab[node].run("ip neighbour flush dev eth0")
    return traced(lab, node, f"ping -c 1 -W 0.5 {address}")
