"""What iptables-save(8) prints is read by its options, never by the words inside of them."""

from __future__ import annotations

import pytest

from cnetkit.model import Action
from cnetkit.rules.iptables_words import facts


@pytest.mark.parametrize(
    ("text", "action"),
    [
        (
            "-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
            Action("dnat", "172.17.0.2", 80),
        ),
        ("-A DOCKER -p tcp -j DNAT --to-destination [fd00::2]:80", Action("dnat", "fd00::2", 80)),
        ("-A X -j DNAT --to-destination fd00::2", Action("dnat", "fd00::2")),
        ("-A X -j DNAT --to-destination 10.0.0.1-10.0.0.9:80", Action("dnat", "", 80)),
        ("-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE", Action("masquerade")),
        ("-A PREROUTING -p tcp -j REDIRECT --to-ports 15001", Action("redirect", "", 15001)),
        ("-A INPUT -j REJECT --reject-with tcp-reset", Action("reject")),
        ("-A INPUT -j NFQUEUE --queue-num 3", Action("queue")),
        ("-A FORWARD -j DOCKER-USER", Action("jump", "DOCKER-USER")),
        ("-A FORWARD -g ELSEWHERE", Action("goto", "ELSEWHERE")),
        ("-A X -m mark --mark 0x4000/0x4000 -j RETURN", Action("return")),
    ],
)
def test_the_action_is_the_target_with_the_endpoint_it_leads_to(text, action):
    assert facts(text)["actions"] == (action,)


def test_a_comment_is_a_comment_whatever_words_it_holds():
    read = facts('-A KUBE-EXT -m comment --comment "masquerade \\"x\\" -j DROP" -j KUBE-MARK-MASQ')
    assert read["actions"] == (Action("jump", "KUBE-MARK-MASQ"),)
    assert read["comment"] == 'masquerade "x" -j DROP'
    assert read["matches"] == ()


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("-A X -s 10.0.0.0/8 ! -d 10.1.0.0/16 -i eth0 -o eth1 -j ACCEPT",
         {"ip saddr", "ip daddr", "meta iifname", "meta oifname"}),
        ("-A X -p tcp -m tcp --dport 80 -j ACCEPT", {"meta l4proto", "th dport"}),
        ("-A X -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", {"ct state"}),
        ("-A X -m conntrack --ctstate INVALID -j DROP", {"ct state invalid"}),
        ("-A X -m limit --limit 5/min -j ACCEPT", {"xt limit", "xt --limit"}),
        ("-A X -p tcp -m tcp --tcp-flags SYN,ACK SYN -j DROP", {"meta l4proto", "xt --tcp-flags"}),
    ],
)  # fmt: skip
def test_matches_name_what_a_rule_looks_at(text, matches):
    assert set(facts(text)["matches"]) == matches


def test_a_rule_without_a_target_only_counts():
    assert facts("-A INPUT -p tcp") == {"actions": (), "matches": ("meta l4proto",), "comment": ""}


def test_an_open_quotation_mark_takes_the_rest_and_raises_nothing():
    assert facts('-A X -m comment --comment "open -j DROP')["actions"] == ()
