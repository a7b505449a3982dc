"""A policy rule of an old recording is completed from ip-rule(8)'s text."""

from __future__ import annotations

import pytest

from cnetkit.model import PolicyRule
from cnetkit.rules import completed_policy


@pytest.mark.parametrize(
    ("text", "action", "source", "destination", "selectors"),
    [
        ("0: from all lookup local", "lookup", "", "", ()),
        ("100: from 10.0.0.0/8 to 10.1.0.0/16 lookup 100", "lookup", "10.0.0.0/8", "10.1.0.0/16", ()),
        ("100: from all fwmark 0x1 lookup 100", "lookup", "", "", ("fwmark",)),
        ("100: from all iif eth0 blackhole", "blackhole", "", "", ("iif",)),
        ("100: not from all lookup 100", "lookup", "", "", None),
    ],
)
def test_prefixes_action_and_other_selectors_are_read(text, action, source, destination, selectors):
    rule = completed_policy(PolicyRule("a", 100, 100, text=text))
    assert (rule.action, rule.source, rule.destination) == (action, source, destination)
    assert rule.selectors if selectors is None else rule.selectors == selectors


def test_a_rule_with_an_action_is_left_as_it_is():
    rule = PolicyRule("a", 100, 100, text="100: from all blackhole", action="lookup")
    assert completed_policy(rule) is rule
