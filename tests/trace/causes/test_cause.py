"""A value counts as known at a frame's time if the snapshots right before and after it agree."""

from types import SimpleNamespace

import pytest

from cnetkit.model import Topology
from cnetkit.trace.causes.cause import around, steady

TIMES = (0, 10, 20, 30)


def case(time):
    topologies = tuple(Topology(time_ns=at) for at in TIMES)
    return SimpleNamespace(time=lambda frame: time, recording=SimpleNamespace(topologies=topologies))


@pytest.mark.parametrize(
    ("time", "snapshots"),
    [(-1, [0]), (0, [0, 10]), (9, [0, 10]), (10, [10, 20]), (15, [10, 20]), (30, [30]), (99, [30])],
)
def test_the_last_snapshot_before_a_frame_and_the_first_after_it(time, snapshots):
    assert [topology.time_ns for topology in around(case(time), 0)] == snapshots


def test_only_a_value_that_both_show_is_steady():
    values = {0: "other", 10: "up", 20: "up", 30: "other"}
    assert steady(case(15), 0, lambda topology: values[topology.time_ns]) == "up"
    assert steady(case(25), 0, lambda topology: values[topology.time_ns]) is None
    assert steady(case(99), 0, lambda topology: values[topology.time_ns]) == "other"
    nowhere = SimpleNamespace(time=lambda frame: 0, recording=SimpleNamespace(topologies=()))
    assert steady(nowhere, 0, lambda topology: "up") is None
