"""Reads netfilter and policy rules as data, from each of their formats.

    nft_json        libnftables' JSON, which the kernel's room reads
    iptables_words  the options that iptables-save(8) prints, for rules added by iptables
    nft_words       nft's text, for recordings made before version 0.2, which have nothing else
    policy_words    ip-rule(8)'s text, for such recordings

It does no I/O, and evaluates no rule.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from cnetkit.model import PolicyRule, Rule
from cnetkit.rules import iptables_words, nft_words, policy_words


@lru_cache(maxsize=65536)
def completed(rule: Rule) -> Rule:
    """The rule with actions and matches; for an old recording they are read from its text."""
    if rule.actions or rule.matches:
        return rule
    return replace(rule, **(iptables_words if rule.tool == "iptables" else nft_words).facts(rule.text))


@lru_cache(maxsize=4096)
def completed_policy(rule: PolicyRule) -> PolicyRule:
    """The policy rule with its action and selectors; for an old recording they are read from its text."""
    return rule if rule.action else replace(rule, **policy_words.facts(rule.text))


__all__ = ["completed", "completed_policy"]
