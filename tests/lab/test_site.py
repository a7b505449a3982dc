"""The register of a lab: names, membership, and what is removed together with a node."""

from __future__ import annotations

import pytest

from cnetkit import operations as op
from cnetkit.lab.networks.bridge import Bridge
from cnetkit.model import CnetkitError
from tests.lab.fake import host, site


def test_operations_are_remembered_only_if_they_were_carried_out():
    here = site()
    here.build(op.SetSysctl("a", "net.x", "1"))
    here.sandbox.refuses = True
    with pytest.raises(CnetkitError):
        here.build(op.SetSysctl("b", "net.x", "1"))
    assert [operation.node for operation in here.built] == ["a"]


def test_a_name_is_given_once_and_has_a_form():
    here = site()
    host(here, "dock")
    for name, words in (("dock", "already a node"), ("a b", "cannot be a node's name"), ("", "cannot be")):
        with pytest.raises(CnetkitError, match=words):
            here.check_name(name)
    here.check_name("other")


def test_a_host_is_removed_with_its_containers_and_observers_hear_of_each():
    here = site()
    dock = host(here)
    net = Bridge(dock, "docker0", ["172.17.0.1/16"])
    net.containers("c{}", 2)
    events = []
    here.before_removal.append(lambda node: events.append(("before", node.name)))
    here.after_removal.append(lambda name: events.append(("after", name)))
    dock.remove()
    assert here.sandbox.built[-1] == [op.RemoveNode("c0"), op.RemoveNode("c1"), op.RemoveNode("dock")]
    assert events == [("before", "dock"), ("after", "c0"), ("after", "c1"), ("after", "dock")]
    assert not here.members
    with pytest.raises(CnetkitError, match="not a node of the lab"):
        dock.remove()
