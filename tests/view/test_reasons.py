import pytest

from cnetkit.model import Evidence
from cnetkit.view.reasons import reasons


def rule(text, handle=1):
    return Evidence("nft-rule", text, f"ip nat X handle {handle}", "kernel")


ENTRY = Evidence("conntrack", "tcp src=a dst=b", "dock conntrack", "kernel")
ROUTE = Evidence("route", "default via 172.17.0.1", "web table main", "table")


@pytest.mark.parametrize(
    "text",
    [
        "-A FORWARD -j DOCKER-USER",
        "-A DOCKER-USER -j RETURN",
        "-A POSTROUTING -g DROPS",
        "tcp dport 80 jump services",
        "counter",
        '-A LOGGED -j LOG --log-prefix "accept this"',
    ],
)
def test_rules_that_only_pass_a_packet_on_stand_apart(text):
    found = reasons([rule(text)])
    assert not found.decisive
    assert [one.quote for one in found.passed] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "-A DOCKER -p tcp -j DNAT --to-destination 172.17.0.2:80",
        "-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
        "tcp dport 8080 dnat to 172.17.0.2:80",
        "ct state invalid drop",
        "-A INPUT -j REJECT --reject-with icmp-port-unreachable",
        "-A FORWARD -j ACCEPT",
    ],
)
def test_rules_that_translate_drop_or_accept_are_decisive(text):
    assert [one.quote for one in reasons([rule(text)]).decisive] == [text]


def test_what_translated_comes_before_the_entry_and_the_entry_before_what_accepted():
    accepted, translated = rule("-A FORWARD -j ACCEPT"), rule("-A DOCKER -j DNAT --to-destination 172.17.0.2:80")
    assert reasons([ROUTE, accepted, ENTRY, translated]).decisive == (translated, ENTRY, accepted, ROUTE)


def test_what_is_said_twice_stands_once():
    jump = rule("-A FORWARD -j DOCKER-USER")
    found = reasons([ROUTE, jump, ROUTE, jump])
    assert (found.decisive, found.passed) == ((ROUTE,), (jump,))


def test_evidence_of_a_kind_that_is_not_known_here_is_kept():
    strange = Evidence("tea-leaves", "so it is", "cup", "inferred")
    assert reasons([strange, ROUTE]).decisive == (ROUTE, strange)
