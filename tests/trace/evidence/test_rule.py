"""The rules that a hop quotes: what decided comes before what led there, and a rule says what it did."""

from types import SimpleNamespace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from cnetkit.model import Action, Chain, Event, Evidence, Interface, Node, Rule, Topology, Verdict
from cnetkit.trace import explain
from cnetkit.trace.evidence.rule import _concerns
from cnetkit.trace.steps.nat import BRIDGE_NAT, BRIDGE_NAT_UP
from tests.trace.loading import frames_of, recording_of

IN_MAC, OUT_MAC = "02:00:00:00:00:02", "02:00:00:00:00:03"
RULES = (
    Rule("r", "ip", "filter", "FORWARD", 1, "-A FORWARD -j FIRST", actions=(Action("jump", "FIRST"),)),
    Rule("r", "ip", "filter", "FIRST", 2, "-A FIRST -j LOG", actions=(Action("log"),)),
    Rule("r", "ip", "filter", "FIRST", 3, "-A FIRST -j ACCEPT", actions=(Action("accept"),)),
    Rule("r", "ip", "filter", "FIRST", 4, "-A FIRST -j DROP", actions=(Action("drop"),)),
    Rule("r", "ip", "filter", "FIRST", 5, "-A FIRST -j DNAT", actions=(Action("dnat"),)),
)


def quoted(*steps):
    """(quote, effect) of each rule that the hop out of r quotes. `steps`: (chain, handle, type, verdict)."""
    sent = IP(src="10.0.1.2", dst="10.0.2.2", ttl=64, id=7) / UDP(sport=5, dport=6)
    left = IP(src="10.0.1.2", dst="10.0.2.2", ttl=63, id=7) / UDP(sport=5, dport=6)
    frames = frames_of([
        ("r/eth0", 1, 10, bytes(Ether(dst=IN_MAC) / sent)), ("r/eth1", 2, 20, bytes(Ether(src=OUT_MAC) / left)),
    ])  # fmt: skip
    interfaces = (
        Interface("r", "eth0", 2, "veth", IN_MAC, up=True),
        Interface("r", "eth1", 3, "veth", OUT_MAC, up=True),
    )
    topology = Topology(
        nodes=(Node("r"),),
        interfaces=interfaces,
        rules=RULES,
        chains=(Chain("r", "ip", "filter", "FORWARD", "forward"),),
    )
    events = []
    for at, (chain, handle, kind, verdict) in enumerate(steps):
        head = {"network_header": bytes(sent)[:20], "transport_header": bytes(sent)[20:28]} if not at else {}
        step = Verdict(1, "ip", "filter", chain, handle, kind, verdict, incoming="eth0", **head)
        events.append(Event(11 + at, "r", "verdict", "verdict", step))
    (journey,) = explain(recording_of(frames, (topology,), tuple(events))).journeys
    return [(e.quote, e.effect) for e in journey.hops[1].evidence if e.kind == "nft-rule"]


def test_the_deciding_rule_comes_before_those_that_led_to_it():
    assert quoted(
        ("FORWARD", 1, "rule", "jump FIRST"), ("FIRST", 2, "rule", "continue"), ("FIRST", 3, "rule", "accept")
    ) == [("-A FIRST -j ACCEPT", "accepts"), ("-A FORWARD -j FIRST", ""), ("-A FIRST -j LOG", "")]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (("FIRST", 4, "rule", "drop"), [("-A FIRST -j DROP", "stops")]),
        (("FIRST", 9, "rule", "accept"), []),  # a rule that nobody read
        (("FORWARD", 0, "policy", "accept"), []),
        (("FORWARD", 0, "policy", "drop"), [("policy drop", "stops")]),
        (("FIRST", 0, "return", "return"), []),
    ],
)
def test_a_step_is_quoted_if_a_rule_or_a_policy_that_drops_made_it(step, found):
    assert quoted(step) == found


@pytest.mark.parametrize(("action", "handle"), [("accept", 3), ("dnat", 5)])
def test_a_rule_of_iptables_legacy_is_quoted_unless_a_rule_of_nft_translated_the_packet(monkeypatch, action, handle):
    monkeypatch.setattr(
        "cnetkit.trace.evidence.rule.legacy.quoted", lambda *_: (Evidence("nft-rule", "legacy", "r", "table"),)
    )
    legacy = [] if action == "dnat" else [("legacy", "")]
    effect = "translates" if action == "dnat" else "accepts"
    assert quoted(("FIRST", handle, "rule", "accept")) == [(RULES[handle - 1].text, effect), *legacy]


@pytest.mark.parametrize("step", [BRIDGE_NAT, BRIDGE_NAT_UP])
@pytest.mark.parametrize(
    ("came", "at_bridge", "hooks"),
    [("in", True, {"prerouting"}), ("in", False, {"prerouting", "forward", "postrouting", ""}),
     ("out", True, {"forward", "postrouting", ""}), ("out", False, {"forward", "postrouting", ""})],
)  # fmt: skip
def test_of_what_a_bridge_translates_each_capture_is_after_the_hooks_it_passed(step, came, at_bridge, hooks):
    """Received at a port, it has passed prerouting when it appears at the bridge itself, and all when it leaves. Sent
    by the bridge itself, it has passed prerouting before."""
    case = SimpleNamespace(step=lambda _: step, direction=lambda _: came, at_bridge=lambda _: at_bridge)
    every = ("prerouting", "forward", "postrouting", "")
    assert {hook for hook in every if _concerns(case, 2, 1, SimpleNamespace(hook=hook))} == hooks
    assert all(_concerns(case, 2, None, SimpleNamespace(hook=hook)) for hook in every)
