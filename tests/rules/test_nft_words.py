"""Old recordings kept nft's text: what it does is found in it, and nothing that stands in quotation marks."""

from __future__ import annotations

import pytest

from cnetkit.model import Action, Rule
from cnetkit.rules import completed
from cnetkit.rules.nft_words import facts


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("meta l4proto tcp dnat to 10.244.0.2:80", (Action("dnat", "10.244.0.2", 80),)),
        ("dnat ip to 10.244.0.2", (Action("dnat", "10.244.0.2"),)),
        ("dnat to 10.0.0.1-10.0.0.9", (Action("dnat"),)),
        ("ct status dnat accept", (Action("accept"),)),
        ("masquerade fully-random", (Action("masquerade"),)),
        ("numgen random mod 2 vmap { 0 : goto endpoint-A, 1 : goto endpoint-B }",
         (Action("goto", "endpoint-A"), Action("goto", "endpoint-B"))),
        ("ct state vmap { invalid : drop, established : accept }", (Action("drop"), Action("accept"))),
        ('log prefix "drop it" accept', (Action("accept"),)),
        ('ip daddr 10.96.0.1 drop comment "do not accept"', (Action("drop"),)),
    ],
)  # fmt: skip
def test_actions_are_the_statements_of_the_text(text, actions):
    assert facts(text)["actions"] == actions


def test_words_that_look_at_more_than_a_flow_stand_in_matches():
    assert facts("tcp dport 80 ct state new accept")["matches"] == ()
    assert set(facts("limit rate 5/second meta length > 100 drop")["matches"]) >= {"limit", "length"}


def test_a_rule_that_has_its_facts_is_left_as_it_is():
    rule = Rule("a", "ip", "t", "c", 1, "tcp dport 80 drop", actions=(Action("accept"),))
    assert completed(rule) is rule


def test_a_rule_of_an_old_recording_is_completed_by_the_tool_that_laid_it():
    assert completed(Rule("a", "ip", "t", "c", 1, "drop")).actions == (Action("drop"),)
    assert completed(Rule("a", "ip", "t", "c", 1, "-A c -j DROP", "iptables")).actions == (Action("drop"),)
