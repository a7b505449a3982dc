"""Statements and denials in free text are distinguished by rules about words."""

import pytest

from cnetkit.learn import negation


@pytest.mark.parametrize(
    "text",
    [
        "it knows the port",
        "It does not ask, it knows the port",
        "it doesn't flood because the bridge knows",
        "no need to ask: it knows",
        "it need not ask it knows",
        "not only that it knows",
        "nothing but what it knows",
        "It did not know, and now it knows",
        "nobody asks any more since the bridge knows",
    ],
)
def test_a_word_without_a_negation_is_stated(text):
    assert negation.stated(r"\bknows?\b", negation.read(text))


@pytest.mark.parametrize(
    ("text", "denial"),
    [
        ("the bridge does not know", "not know"),
        ("It DOESN\u2019T   know.", "doesn't know"),
        ("it doesnt really know", "doesnt really know"),
        ("nobody can know", "nobody can know"),
        ("without what others know", "without what others know"),
        ("no bridge could ever know", "no bridge could ever know"),
    ],
)
def test_a_word_with_a_negation_before_it_is_denied(text, denial):
    read = negation.read(text)
    assert not negation.stated(r"\bknow\b", read)
    assert negation.denied(r"\bknow\b", read) == denial


def test_a_pattern_that_begins_with_a_negation_is_stated_by_it():
    assert negation.stated("not flood|never asks", "the bridge does not flood")
    assert not negation.stated("not flood", "it cannot be said to not flood")


def test_a_missing_word_is_neither_stated_nor_denied():
    assert not negation.stated("know", "it is unlike")
    assert not negation.denied("know", "it is not")


@pytest.mark.parametrize(
    "text",
    ["left has no entry for right in the table that it keeps", "it knows nothing", "there is no reason to ask a table"],
)
def test_a_word_that_is_said_to_be_lacking_is_denied_wherever_it_stands_after_that(text):
    assert negation.denied(r"table|knows", negation.read(text))
    assert not negation.stated(r"table|knows", negation.read(text))


def test_what_a_clause_only_supposes_is_not_stated():
    assert not negation.stated("same port", "if both use the same port, one is renumbered")
    assert negation.stated("renumbered", "if both use the same port, one is renumbered")
    assert negation.mentioned("same port", "if both use the same port, one is renumbered") == "same port"


def test_a_clause_with_another_subject_does_not_count():
    assert not negation.stated("knows", "since the router knows the way", "router|c2")
    assert negation.stated("knows", "the router asks, and dock knows the way", "router|c2")
    assert negation.stated("kept", "c2's address is kept", "router|c2")


def test_a_word_is_mentioned_also_if_something_after_it_is_denied():
    assert negation.mentioned("firewall", "the firewall does not let it pass") == "firewall"
    assert negation.mentioned("firewall", "no firewall lets it pass") == ""
