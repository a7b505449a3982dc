"""Interfaces that go with others: kept from what was built, as the kernel does it."""

from __future__ import annotations

from cnetkit import operations as op
from cnetkit.lab.dependents import Dependents


def test_a_wire_takes_its_other_end_and_what_stands_on_that():
    links = Dependents()
    links.built([
        op.AddVeth("a", "eth0", "", "b", "eth0", ""),
        op.AddVxlan("b", "vxlan0", "", 42, "10.0.0.1", "eth0"),
        op.AddMacvlan("b", "eth0", "c", "eth0", ""),
        op.AddVeth("b", "veth1", "", "d", "eth0", ""),
    ])  # fmt: skip
    assert links.remove([("a", "eth0")]) == {("a", "eth0"), ("b", "eth0"), ("b", "vxlan0"), ("c", "eth0")}
    assert links.remove([("b", "eth0")]) == {("b", "eth0")}
    assert links.remove(links.of_nodes({"d"})) == {("d", "eth0"), ("b", "veth1")}


def test_what_stands_on_an_interface_goes_without_it():
    links = Dependents()
    links.built([op.AddMacvlan("b", "eth0", "c", "eth0", "")])
    assert links.remove([("c", "eth0")]) == {("c", "eth0")}
    assert links.remove([("b", "eth0")]) == {("b", "eth0")}
