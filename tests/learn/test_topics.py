"""What a free text speaks of."""

from cnetkit.learn.topics import strange


def test_what_an_answer_explains_by_is_strange_unless_it_is_denied_or_belongs_there():
    assert strange("a firewall dropped it", ()) == "firewall"
    assert strange("there is no firewall", ()) == ""
    assert strange("it is masqueraded", ("translation",)) == ""
