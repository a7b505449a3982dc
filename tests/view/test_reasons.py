import pytest

from cnetkit.model import Evidence
from cnetkit.view.reasons import reasons


def rule(text, effect=""):
    return Evidence("nft-rule", text, "ip nat X handle 1", "kernel", effect)


ENTRY = Evidence("conntrack", "tcp src=a dst=b", "dock conntrack", "kernel")
ROUTE = Evidence("route", "default via 172.17.0.1", "web table main", "table")


def test_a_rule_that_only_passes_a_packet_on_is_listed_separately():
    jump = rule("-A FORWARD -j DOCKER-USER")
    assert reasons([jump]).decisive == ()
    assert reasons([jump]).passed == (jump,)


@pytest.mark.parametrize("effect", ["translates", "stops", "accepts"])
def test_a_rule_that_translates_stops_or_accepts_is_decisive(effect):
    assert reasons([rule("any words", effect)]).decisive == (rule("any words", effect),)


def test_the_words_of_a_rule_do_not_decide():
    marks = rule('-A KUBE-EXT-X -m comment --comment "masquerade traffic, then drop" -j KUBE-MARK-MASQ')
    assert reasons([marks]).decisive == ()


def test_translation_comes_before_the_entry_and_the_entry_before_the_accepting_rule():
    accepted, translated = rule("-A FORWARD -j ACCEPT", "accepts"), rule("-A DOCKER -j DNAT", "translates")
    assert reasons([ROUTE, accepted, ENTRY, translated]).decisive == (translated, ENTRY, accepted, ROUTE)


def test_duplicate_evidence_is_listed_once():
    jump = rule("-A FORWARD -j DOCKER-USER")
    result = reasons([ROUTE, jump, ROUTE, jump])
    assert (result.decisive, result.passed) == ((ROUTE,), (jump,))


def test_evidence_of_an_unknown_kind_is_kept():
    strange = Evidence("tea-leaves", "so it is", "cup", "inferred")
    assert reasons([strange, ROUTE]).decisive == (ROUTE, strange)
