"""A routed packet left the same node with the same header and payload and a TTL one less; judged by comparing each with each."""

import pytest
from hypothesis import given, settings, strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from cnetkit.trace import explain
from cnetkit.trace.steps import STEPS
from tests.trace.loading import frames_of, recording_of

ROUTER, NEAR, FAR = "02:00:00:00:00:01", "02:00:00:00:00:0a", "02:00:00:00:00:0b"


def packet(ttl, target, number, payload, six):
    ip = IPv6(src="fd00::1", dst=f"fd01::{target}", hlim=ttl) if six else None
    ip = ip or IP(src="10.0.0.1", dst=f"10.1.0.{target}", ttl=ttl, id=number)
    return ip / UDP(sport=5, dport=53) / bytes([payload] * 4)


def routed(came, went, node="r"):
    """Whether the step to the second frame, which left `node`, is that r routed the first."""
    frames = [("r/eth0", 1, 1000, bytes(Ether(src=NEAR, dst=ROUTER) / came))]
    frames += [(f"{node}/eth1", 2, 2000, bytes(Ether(src=ROUTER, dst=FAR) / went))]
    joined = explain(recording_of(frames_of(frames))).analysis.joined
    return joined.parent.tolist() == [-1, 0] and STEPS[joined.step[1]].name == "route"


FIELDS = st.tuples(st.integers(61, 64), st.integers(1, 2), st.integers(7, 8), st.integers(0, 1))


@given(FIELDS, FIELDS, st.booleans())
@settings(max_examples=60)
def test_only_the_time_to_live_changes_and_by_one(came, went, six):
    if six:  # it has no identification
        came, went = ((ttl, target, 0, payload) for ttl, target, _, payload in (came, went))
    expected = went == (came[0] - 1, *came[1:])
    assert routed(packet(*came, six), packet(*went, six)) == expected


@pytest.mark.parametrize("six", [False, True])
def test_another_node_does_not_route_what_this_one_received(six):
    assert routed(packet(64, 1, 7, 0, six), packet(63, 1, 7, 0, six))
    assert not routed(packet(64, 1, 7, 0, six), packet(63, 1, 7, 0, six), node="s")
