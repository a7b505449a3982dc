"""Words that are stated and words that are denied are told apart, by rule."""

import pytest

from cnetkit.learn import saying


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
def test_a_word_is_stated(text):
    assert saying.stated(r"\bknows?\b", saying.read(text))


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
def test_a_word_is_denied(text, denial):
    read = saying.read(text)
    assert not saying.stated(r"\bknow\b", read)
    assert saying.denied(r"\bknow\b", read) == denial


def test_a_word_that_is_not_there_is_neither():
    assert not saying.stated("know", "it is unlike")
    assert not saying.denied("know", "it is not")
